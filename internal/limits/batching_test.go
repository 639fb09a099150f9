package limits_test

import (
	"fmt"
	"math"
	"testing"

	"msklt/internal/kafkatest/need"
	"msklt/internal/limits"
	"msklt/scenario"
)

// gathered is a load whose requests are compared with what a plan says of them.
type gathered struct {
	brokers, partitions, clients, rate, linger, batch, size int
	key                                                     string
}

func (g gathered) String() string {
	return fmt.Sprintf("%d brokers, %d partitions, %d clients, %d/s of %d B, linger %d ms, batch %d B, key %s",
		g.brokers, g.partitions, g.clients, g.rate, g.size, g.linger, g.batch, g.key)
}

// TestPlannedRequestsLong runs a grid of loads. 25 % are asked for; the client that
// is simulated is within 10 %.
func TestPlannedRequestsLong(t *testing.T) {
	need.Require(t, need.Long())
	var all []gathered
	for _, brokers := range []int{1, 3} {
		for _, partitions := range []int{1, 12, 60} {
			for _, clients := range []int{1, 4} {
				for _, linger := range []int{0, 5, 50} {
					for _, rate := range []int{100, 2000, 20000} {
						for _, key := range []string{"", "{keys: 10000}"} {
							all = append(all, gathered{brokers, partitions, clients, rate, linger, 16384, 1024, key})
						}
					}
				}
			}
		}
	}
	all = append(all,
		gathered{3, 12, 1, 20000, 5, 16384, 100, "{keys: 10000}"},
		gathered{3, 12, 1, 20000, 5, 131072, 1024, "{keys: 10000}"},
		gathered{3, 12, 1, 20000, 5, 16384, 1024, "{keys: 10000, hot: {keys: 1, share: 30%}}"},
		gathered{3, 12, 1, 40000, 5, 16384, 1024, "{keys: 10000, hot: {keys: 1, share: 50%}}"},
	)
	worst := 0.0
	for _, g := range all {
		off := g.off(t)
		if worst = max(worst, math.Abs(off)); !(math.Abs(off) <= 0.10) {
			t.Errorf("%v: planned %+.1f %%", g, 100*off)
		}
	}
	t.Logf("%d loads, at worst %.1f %% off", len(all), 100*worst)
}

// TestPlannedRequests is three loads of the grid: one for each thing that ends a
// batch (no linger, the linger, the batch's size).
func TestPlannedRequests(t *testing.T) {
	for _, g := range []gathered{
		{3, 12, 1, 2000, 0, 16384, 100, "{keys: 10000}"},
		{3, 12, 4, 2000, 50, 16384, 1024, "{keys: 10000}"},
		{1, 12, 1, 4000, 50, 16384, 1024, ""},
	} {
		if off := g.off(t); !(math.Abs(off) <= 0.10) {
			t.Errorf("%v: planned %+.1f %%", g, 100*off)
		}
	}
}

// off is how much more requests are planned than were made.
func (g gathered) off(t *testing.T) float64 {
	t.Helper()
	key := ""
	if g.key != "" {
		key = "key: " + g.key
	}
	s, err := scenario.Parse("grid.yaml", fmt.Appendf(nil, `
version: 1
name: grid
topics:
  t: {partitions: %d}
producers:
  p:
    topic: t
    clients: %d
    rate: %d/s
    value: {size: %d}
    settings: {linger: %dms, batch: %d}
    %s
phases:
  - {name: warm-up, duration: 1s, measure: false}
  - {name: steady, duration: 5s}
`, g.partitions, g.clients, g.rate, g.size, g.linger, g.batch, key), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	made := play(t, s, limits.Limits{}, g.brokers).requests("p", "")
	return limits.MakePlan(s, limits.Limits{}, g.brokers).Clients[0].RequestsPerSecond/made - 1
}
