package generator_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/report"
)

// TestVirtualThresholds judges an overloaded run: every observed value is the one
// that the result shows elsewhere.
func TestVirtualThresholds(t *testing.T) {
	t.Parallel()
	hot := limits.Partitioner("t", 4)([]byte("0"))
	cold := (hot + 1) % 4
	gate := hotPartition + fmt.Sprintf(`
thresholds:
  - response.p99 < 500ms
  - {check: response.p999 < 9m, fleet: p}
  - {check: response.p50 > 1ms, topic: t}
  - {check: response.p99 < 500ms, partition: t/%[1]d}
  - {check: throttled.share < 5%%, partition: t/%[1]d}
  - {check: throttled.share >= 0.1%%, partition: t/%[2]d}
  - {check: throttled.share < 5%%, fleet: p}
  - {check: throttled.share <= 0%%, group: g}
  - {check: service.p99 < 9m, topic: t}
  - client_wait.max < 1ms
  - {check: end_to_end.p90 > 1ms, group: g}
  - failed == 0
  - {check: unsent == 0, fleet: p}
  - acked.rate > 2.9MB/s
  - {check: offered.rate > 2.9MB/s, topic: t}
`, hot, cold)
	inVirtualTime(t, gate, map[limits.Name]float64{limits.PartitionIngress: 1e6}, 0, func(t *testing.T, out *generator.Output, _ []embedded.Row) {
		r := out.Result
		shareOf := func(api string) (sum float64) {
			for _, c := range r.Throttle.ByClient {
				if c.API == api {
					sum += c.Share
				}
			}
			return sum
		}
		const passed, failed, unknown = "passed", "failed", "not known"
		// Two clients with two brokers each: four connections carry records. Those of
		// the other broker are never throttled, and so not among ByClient.
		produce := shareOf("produce") / 4
		l := r.Latency
		for i, want := range []struct {
			observed float64
			outcome  string
		}{
			{l.Response.P99, failed},
			{l.Response.P999, unknown},
			{l.Response.P50, passed},
			{r.Partitions[hot].ResponseP99, failed},
			{r.Partitions[hot].ThrottledShare, failed},
			{r.Partitions[cold].ThrottledShare, failed},
			{produce, failed},
			{0, passed},
			{l.Service.P99, passed},
			{l.ClientWait.Max, failed},
			{l.EndToEnd.P90, passed},
			{0, passed},
			{float64(r.Totals.Unsent), failed},
			{r.Rates.AckedBytesPerSecond, failed},
			{r.Rates.OfferedBytesPerSecond, passed},
		} {
			got := r.Thresholds[i]
			outcome := unknown
			if got.Known {
				outcome = failed
			}
			if got.Passed {
				outcome = passed
			}
			// Offered bytes are rounded to whole ones in each second of the timeline.
			if got.Observed == nil || math.Abs(*got.Observed-want.observed) > 1e-6*want.observed || outcome != want.outcome {
				t.Errorf("%s of %q: %+v, want %g, %s", got.Expression, got.Of, got, want.observed, want.outcome)
			}
		}
		if r.Aborted != nil {
			t.Errorf("aborted by %+v, though no threshold aborts", r.Aborted)
		}
		if l.Response.Censored == 0 || !r.Thresholds[1].Censored || r.Thresholds[10].Censored {
			t.Errorf("censored: response %v, end to end %v", r.Thresholds[1], r.Thresholds[10])
		}
	})
}

// TestVirtualAbort stops overloaded runs by a threshold. Each stops within 2 s of
// when its own seconds show that it broke, with every record accounted for.
func TestVirtualAbort(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		check  string
		broken func(report.Second) bool // by what was measured in a second of the run
	}{
		"latency":   {"response.max < 300ms", func(s report.Second) bool { return s.Max >= 300 }},
		"fleet":     {"response.p999 < 300ms, fleet: p", func(s report.Second) bool { return s.P99 >= 300 }},
		"partition": {fmt.Sprintf("response.max < 300ms, partition: t/%d", limits.Partitioner("t", 4)([]byte("0"))), func(s report.Second) bool { return s.Max >= 300 }},
		"wait":      {"client_wait.max < 300ms", func(s report.Second) bool { return s.Waiting > 2*1_000_000/1000+300 }},
		"share":     {"throttled.share < 0.0001%", func(s report.Second) bool { return s.ThrottledShare > 0 }},
		"reader":    {"end_to_end.max < 2s, group: g", func(s report.Second) bool { return s.Max >= 2000 }},
		"rate":      {"acked.rate > 2.99MB/s", func(s report.Second) bool { return s.AckedBytes < 2_900_000 }},
	} {
		t.Run(name, func(t *testing.T) {
			gate := hotPartition + "thresholds: [failed == 0, {check: " + c.check + ", abort: true}, response.p99 < 9m]\n"
			inVirtualTime(t, gate, map[limits.Name]float64{limits.PartitionIngress: 1e6}, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
				r := out.Result
				checkCounts(t, r, truth)
				expression, _, _ := strings.Cut(c.check, ",")
				if r.Aborted == nil || r.Aborted.Expression != expression || r.Interrupted {
					t.Fatalf("aborted by %+v, interrupted %v", r.Aborted, r.Interrupted)
				}
				broken := -1
				for _, s := range r.Timeline {
					if broken < 0 && s.Phase == "steady" && c.broken(s) {
						broken = s.Second
					}
				}
				// Second n is over at n+1; a threshold may stop the run after 2 measured
				// seconds, which begin at 5.
				t.Logf("stopped at %.3f s, broken in second %d, observed %g", r.Aborted.At, broken, *r.Thresholds[1].Observed)
				if at := r.Aborted.At; broken < 0 || at > max(7, float64(broken)+1)+1 || at < 7 {
					t.Errorf("aborted at %.3f s, broken in second %d", at, broken)
				}
				gate := r.Thresholds[1]
				if gate.Passed || !gate.Known || !gate.Abort || gate.Observed == nil || !strings.Contains(gate.Message, "stopped") {
					t.Errorf("the threshold that aborted: %+v", gate)
				}
				if !r.Thresholds[0].Passed || len(r.Thresholds) != 3 {
					t.Errorf("the others: %+v", r.Thresholds)
				}
				// Nothing is scheduled after the stop: 5 s at a fifth, the rest whole.
				rate := 3e6 / (1000 + 1 + 0.5*90/99)
				if want := rate * (1 + r.Aborted.At - 5); math.Abs(float64(r.Totals.Scheduled)-want) > 2 {
					t.Errorf("%d records scheduled by %.3f s, want %.0f", r.Totals.Scheduled, r.Aborted.At, want)
				}
			})
		})
	}
}

// TestVirtualAbortHolds runs to the end when its aborting thresholds hold, although
// one of them would be broken in the warm-up.
func TestVirtualAbortHolds(t *testing.T) {
	t.Parallel()
	gate := strings.Replace(hotPartition, "25s", "15s", 1) + "thresholds: [{check: offered.rate > 2.9MB/s, abort: true}, {check: response.max < 300ms, abort: true}, {check: throttled.share == 0, abort: true}]\n"
	inVirtualTime(t, gate, nil, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		r := out.Result
		checkCounts(t, r, truth)
		if r.Aborted != nil || !r.ThresholdsHold() || r.DurationSeconds < 20 {
			t.Errorf("aborted %+v after %.1f s, thresholds %+v", r.Aborted, r.DurationSeconds, r.Thresholds)
		}
	})
}

// TestVirtualThresholdsOfTemplates judges a template as a whole and one of its
// topics.
func TestVirtualThresholdsOfTemplates(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, `
version: 1
name: templates
topics:
  sensor: {partitions: 1, count: 3}
  other: {partitions: 2}
producers:
  meters: {topic: sensor, rate: 300KB/s, value: {size: 1000B}}
  rest: {topic: other, rate: 100KB/s, value: {size: 1000B}}
phases:
  - {name: steady, duration: 20s}
thresholds:
  - {check: offered.rate > 290KB/s, topic: sensor}
  - {check: response.p99 > 1s, topic: sensor}
  - {check: response.p99 > 1s, partition: sensor-2/0}
  - {check: response.p99 < 100ms, topic: other}
  - {check: throttled.share > 1%, topic: sensor}
  - {check: throttled.share > 1%, partition: sensor-2/0}
  - {check: throttled.share == 0, topic: other}
`, map[limits.Name]float64{limits.PartitionIngress: 60e3}, 0, func(t *testing.T, out *generator.Output, _ []embedded.Row) {
		r := out.Result
		for i, th := range r.Thresholds {
			if th.Observed == nil || !th.Passed {
				t.Errorf("%d: %+v", i, th)
			}
		}
		if got := *r.Thresholds[0].Observed; math.Abs(got/300e3-1) > 0.001 {
			t.Errorf("%.0f bytes/s offered to the template, want 300,000", got)
		}
	})
}
