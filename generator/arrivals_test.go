package generator_test

import (
	"math"
	"testing"
	"time"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/scenario"
)

const changingLoad = `
version: 1
name: changing
topics:
  t: {partitions: 4}
producers:
  random:
    topic: t
    clients: 3
    arrival: poisson
    rate: {burst: {base: 200/s, peak: 2000/s, every: 10s, lasts: 3s}}
    value: {size: 200B}
  waves:
    topic: t
    clients: 2
    rate: {sine: {low: 50KB/s, high: 150KB/s, period: 20s}}
    value: {size: 500B}
phases:
  - {name: up, duration: 15s, load: {ramp: {from: 0%, to: 100%}}, measure: false}
  - {name: pause, duration: 3s, load: 0%}
  - {name: steady, duration: 30s}
`

// TestVirtualChangingLoad runs fleets whose rates change, one of them at random
// times, and holds what was sent against their schedules: the whole exactly, and
// at the end of each second between what was due then and what was due one
// longest sleep before.
func TestVirtualChangingLoad(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, changingLoad, map[limits.Name]float64{limits.PartitionIngress: 5e6}, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		r := out.Result
		checkCounts(t, r, truth)
		s := parse(t, changingLoad)
		var schedules []scenario.Schedule
		total := int64(0)
		for _, p := range s.Producers {
			schedules = append(schedules, scenario.NewSchedule(p, s.Phases, s.Seed))
			total += schedules[len(schedules)-1].Count()
		}
		due := func(at time.Duration) (n int64) {
			for _, s := range schedules {
				n += s.Due(at)
			}
			return n
		}
		if r.Totals.Scheduled != total || r.Totals.Acked != total {
			t.Errorf("%d records scheduled, %d acked, the schedules have %d", r.Totals.Scheduled, r.Totals.Acked, total)
		}
		// By hand, with t·load/15 in the first 15 s: 1,500 + 1,800/15·(100-49)/2 records
		// of the random fleet there, and 200·30 + 1,800·9 in the last 30 s. The waves are
		// 200 - 100·cos(πt/10): 1,500 + 385.8 and 6,000 - 374.2.
		const random, waves = 4560 + 22_200, 1885.8 + 5625.8
		if off := float64(total) - random - waves; math.Abs(off) > 4.9*math.Sqrt(random)+1 {
			t.Errorf("%d records, want %.0f ± %.0f", total, random+waves, math.Sqrt(random))
		}
		if len(r.Timeline) < 48 {
			t.Fatalf("%d seconds", len(r.Timeline))
		}
		offered := int64(0)
		for i, second := range r.Timeline[:48] {
			offered += second.OfferedRecords
			end := time.Duration(i+1)*time.Second - 1
			if low, high := due(end-201*time.Microsecond), due(end); offered < low || offered > high {
				t.Errorf("%d records offered by the end of second %d, between %d and %d were due", offered, i, low, high)
			}
		}
	})
}
