package limits

import (
	"encoding/json"
	"runtime"
	"testing"
	"time"

	"msklt/scenario"
)

// large is what a plan must answer for at once: 2,400 partitions and a million keys
// with every limit of MSK Serverless.
func large(t testing.TB) (*scenario.Scenario, Limits) {
	t.Helper()
	s, err := scenario.Parse("large.yaml", []byte(`
version: 1
name: large
limits: msk-serverless
topics:
  orders: {partitions: 2000}
  sensor: {partitions: 2, count: 200}
producers:
  checkout: {topic: orders, clients: 40, rate: 150MB/s, key: {keys: 1000000, zipf: 0.8}, value: {size: {lognormal: {median: 800B, p99: 8KiB, max: 100KiB}}}}
  gateway: {topic: sensor, clients: 20, rate: {sine: {low: 1MB/s, high: 20MB/s, period: 10m}}, value: {size: 200B}}
consumers:
  billing: {topics: [orders], clients: 20}
  search: {topics: [orders, sensor], clients: 10}
phases:
  - {name: warm-up, duration: 1m, load: 25%, measure: false}
  - {name: day, duration: 20m}
`), scenario.Options{Profiles: Profiles()})
	if err != nil {
		t.Fatal(err)
	}
	l, err := Resolve(s.Limits)
	if err != nil {
		t.Fatal(err)
	}
	return s, l
}

// planJSON is all that `msklt plan --json` does but the cost.
func planJSON(t testing.TB, s *scenario.Scenario, l Limits) Plan {
	t.Helper()
	p := MakePlan(s, l, 3)
	if _, err := json.Marshal(p); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPlanOfLargeScenario: under 2 s and 300 MB are asked for. The time is shown only,
// because machines differ, and are shared.
func TestPlanOfLargeScenario(t *testing.T) {
	s, l := large(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	p := planJSON(t, s, l)
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	if len(p.Partitions) != 2400 || p.First == nil {
		t.Errorf("%d partitions, first limit %+v", len(p.Partitions), p.First)
	}
	// All that is ever allocated bounds what is held at one time.
	allocated := after.TotalAlloc - before.TotalAlloc
	t.Logf("took %v, %d MB allocated in all, first %+v", took, allocated>>20, *p.First)
	if allocated > 300e6 {
		t.Errorf("%d bytes allocated, want under 300 MB", allocated)
	}
}

func BenchmarkPlanOfLargeScenario(b *testing.B) {
	s, l := large(b)
	b.ReportAllocs()
	for b.Loop() {
		planJSON(b, s, l)
	}
}
