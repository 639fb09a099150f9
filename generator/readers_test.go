package generator_test

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/report"
)

// readers is a steady load of 1,000-byte records, so many a second, and a group.
func readers(rate int, group string) string {
	return fmt.Sprintf(`
version: 1
name: readers
topics:
  t: {partitions: 8}
producers:
  p: {topic: t, clients: 2, rate: %d/s, key: {keys: 1000}, value: {size: 1000B}}
consumers:
  g: {topics: [t], %s}
phases:
  - {name: steady, duration: 60s}
`, rate, group)
}

// sentIn is how many bytes of record batches the cluster sent in a second since the
// start of traffic.
func sentIn(r *report.Result, truth []embedded.Row, second int) (bytes int64) {
	for _, row := range truth {
		if row.Scope == "partition" && row.Second == r.StartedAt.Unix()+int64(second) {
			bytes += row.BytesOut
		}
	}
	return bytes
}

// near reports a count that is not the one wanted, give or take some.
func near(t *testing.T, what string, got, want, tolerance int) {
	t.Helper()
	if got < want-tolerance || got > want+tolerance {
		t.Errorf("%s: %d, want %d ± %d", what, got, want, tolerance)
	}
}

// arrivals reports a second whose end-to-end times are not those wanted, in ms: within
// the 1 % of a second's histogram and the 40 ms that a linger and a fetch take at most.
func arrivals(t *testing.T, s report.Second, p50, p99, longest float64) {
	t.Helper()
	for _, v := range [][2]float64{{s.EndToEndP50, p50}, {s.EndToEndP99, p99}, {s.EndToEndMax, longest}} {
		if got, want := v[0], v[1]; got < 0.99*want || got > 1.01*want+40 || want > 0 && got == 0 {
			t.Errorf("second %d: p50 %.1f, p99 %.1f, max %.1f ms end to end, want %.1f, %.1f, %.1f", s.Second, s.EndToEndP50, s.EndToEndP99, s.EndToEndMax, p50, p99, longest)
			return
		}
	}
}

// TestVirtualPause holds that a group that pauses fetches nothing, falls behind by
// what is written meanwhile, and then catches up.
func TestVirtualPause(t *testing.T) {
	t.Parallel()
	const rate = 500
	text := readers(rate, "clients: 2, pauses: [{at: 20s, for: 10s}, {at: 50s, for: 5s}]")
	inVirtualTime(t, text, nil, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		r := out.Result
		checkCounts(t, r, truth)
		// What is under way takes a linger of 5 ms and a fetch: 40 ms is plenty.
		const underWay = rate / 25
		for second := range 60 {
			// A fetch that waits when the pause begins still brings what comes next.
			paused := second >= 21 && second < 30 || second >= 51 && second < 55
			if bytes := sentIn(r, truth, second); (bytes == 0) != paused {
				t.Errorf("second %d: %d bytes sent, paused %v", second, bytes, paused)
			}
			want := 0
			if second >= 20 && second < 30 {
				want = (second + 1 - 20) * rate
			} else if second >= 50 && second < 55 {
				want = (second + 1 - 50) * rate
			}
			// The last second of a pause is sampled as it ends, before or after.
			if second != 29 && second != 54 {
				near(t, fmt.Sprintf("backlog in second %d", second), int(r.Timeline[second].Backlog), want, underWay)
			}
			if of, all := r.Groups[0].Backlog[second], r.Timeline[second].Backlog; of != all {
				t.Errorf("second %d: backlog of the only group %d, of all %d", second, of, all)
			}
			s := r.Timeline[second]
			switch {
			case paused:
				if s.EndToEndP50 != 0 || s.EndToEndP99 != 0 || s.EndToEndMax != 0 {
					t.Errorf("second %d of a pause: records arrive, p50 %.1f ms", second, s.EndToEndP50)
				}
			case second == 30: // 10 s of records, of all ages, and a second of fresh ones
				arrivals(t, s, 4_500, 9_890, 10_000)
			case second == 55:
				arrivals(t, s, 2_000, 4_940, 5_000)
			case second%10 != 0 && second != 29 && second != 54: // in which a pause may begin or end
				arrivals(t, s, 0.1, 0.1, 0.1)
			}
		}
		g := r.Groups[0]
		if g.BacklogMax < 9*rate-underWay || g.BacklogMax > 10*rate+underWay {
			t.Errorf("backlog of at most %d in a pause of 10 s", g.BacklogMax)
		}
		// A record of the pause's first instant waited for all of it.
		if l := g.EndToEnd; l.Max < 9_900 || l.Max > 10_100 || l.Censored != 0 || l.Count != 60*rate {
			t.Errorf("end to end %.0f ms at most, %d records, %d censored", l.Max, l.Count, l.Censored)
		}
	})
}

// TestVirtualPauseInterrupted stops a run within a pause: the pause ends, the group
// reads what is left, and says that those records came early.
func TestVirtualPauseInterrupted(t *testing.T) {
	t.Parallel()
	const rate = 500
	text := readers(rate, "clients: 2, pauses: [{at: 10s, for: 50s}], members: [{at: 59s, join: 1}]")
	inVirtualTime(t, text, nil, 30*time.Second, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		r := out.Result
		checkCounts(t, r, truth)
		l := r.Groups[0].EndToEnd
		if l.Count != r.Totals.Acked || !r.Interrupted {
			t.Errorf("%d of %d records have a latency", l.Count, r.Totals.Acked)
		}
		near(t, "records read early", int(l.Censored), int(r.Totals.Acked)-10*rate, rate/25)
		for _, s := range r.Timeline[11:] {
			if s.EndToEndMax != 0 {
				t.Errorf("second %d: records that came early count, %.1f ms", s.Second, s.EndToEndMax)
			}
		}
	})
}

// TestVirtualBacklogThreshold judges the backlog of a group that pauses, and stops a
// run whose backlog is too high: 500 a second from 20 s on reach 1,000 at 22 s.
func TestVirtualBacklogThreshold(t *testing.T) {
	t.Parallel()
	text := readers(500, "clients: 2, pauses: [{at: 20s, for: 10s}]") + "thresholds: [backlog < 6000, {check: backlog < %d, group: g, abort: true}]\n"
	inVirtualTime(t, fmt.Sprintf(text, 5500), nil, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		r := out.Result
		for _, th := range r.Thresholds {
			if !th.Passed || *th.Observed != float64(r.Groups[0].BacklogMax) || r.Aborted != nil {
				t.Errorf("%+v, backlog of at most %d", th, r.Groups[0].BacklogMax)
			}
		}
	})
	inVirtualTime(t, fmt.Sprintf(text, 990), nil, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		r := out.Result
		checkCounts(t, r, truth)
		if r.Aborted == nil || r.Aborted.At < 22 || r.Aborted.At > 22.1 || r.Thresholds[1].Passed || !r.Thresholds[0].Passed {
			t.Errorf("aborted %+v, thresholds %+v", r.Aborted, r.Thresholds)
		}
	})
}

// TestVirtualMembers lets members join and leave: every record is read once, by
// whoever is there.
func TestVirtualMembers(t *testing.T) {
	t.Parallel()
	const rate = 500
	text := readers(rate, "clients: 1, members: [{at: 10s, join: 3}, {at: 25s, leave: 2}, {at: 40s, join: 1}, {at: 50s, leave: 2}]")
	inVirtualTime(t, text, nil, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		r := out.Result
		checkCounts(t, r, truth)
		if len(r.Errors) > 0 {
			t.Errorf("errors %+v", r.Errors)
		}
		if g := r.Groups[0]; g.Consumed != 60*rate || g.Skipped != 0 || g.EndToEnd.Censored != 0 {
			t.Errorf("%+v", g)
		}
		type span struct{ from, to int }
		seen := map[string]span{} // in which seconds a client was sent records
		for _, row := range truth {
			if row.Scope != "client" || row.BytesOut < 10_000 {
				continue
			}
			second, name := int(row.Second-r.StartedAt.Unix()), row.Client[len("msklt-xxxxxxxxxxxx-"):]
			s, ok := seen[name]
			if !ok {
				s.from = second
			}
			s.to = second
			seen[name] = s
		}
		// Members learn of a rebalance from their next heartbeats, 3 s apart, and it
		// has two steps: partitions are given up, then handed out. The youngest leave.
		for name, want := range map[string]span{"g-0": {0, 59}, "g-1": {10, 50}, "g-2": {10, 25}, "g-3": {10, 25}, "g-4": {40, 50}} {
			got, ok := seen[name]
			if !ok || got.from < want.from || got.from > want.from+7 || got.to > want.to || got.to < want.to-1 {
				t.Errorf("%s read from %d s to %d s, want %d to %d", name, got.from, got.to, want.from, want.to)
			}
		}
	})
}

// TestVirtualProcessing holds that a member that takes 1 ms for each record reads
// 1,000 a second, that what it leaves is its backlog, and that what it is spared
// after the traffic counts as a lower bound.
func TestVirtualProcessing(t *testing.T) {
	t.Parallel()
	const rate, slow, poll = 2000, 1000, 100
	text := readers(rate, "clients: 1, processing: {per_record: 1ms}, settings: {max_poll_records: 100}")
	inVirtualTime(t, text, nil, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		r := out.Result
		checkCounts(t, r, truth)
		for _, second := range []int{9, 29, 59} {
			near(t, fmt.Sprintf("backlog in second %d", second), int(r.Timeline[second].Backlog), (second+1)*(rate-slow), 2*poll)
		}
		near(t, "backlog at most", int(r.Groups[0].BacklogMax), 60*(rate-slow), 2*poll)
		l := r.Groups[0].EndToEnd
		near(t, "records read early", int(l.Censored), 60*(rate-slow), 2*poll)
		// The first half came up to 30 s late, the second is known to be up to 30 s
		// late at least: 15 s at the median, as a lower bound.
		if math.Abs(l.P50-15_000) > 200 || !l.P50Censored || !l.P99Censored || l.Count != 60*rate {
			t.Errorf("p50 %.0f ms of %d, lower bounds %v and %v", l.P50, l.Count, l.P50Censored, l.P99Censored)
		}
		if r.DurationSeconds > 61 {
			t.Errorf("the run took %.1f s", r.DurationSeconds)
		}
	})
}

// TestVirtualBatches holds that full batches leave when they are full, others when
// their window ends, and that a batch costs what it says.
func TestVirtualBatches(t *testing.T) {
	t.Parallel()
	const rate = 200
	for name, c := range map[string]struct {
		group    string
		p50, max float64 // ms, end to end; 0 is any
		backlog  int     // after 60 s
	}{
		// 100 records come in 500 ms: the first of a batch waits for the last.
		"records": {"batches: {records: 100, window: 10s}", 250, 500, 0},
		// 50 kB are 50 records, with 1 to 3 bytes of key one less.
		"bytes":  {"batches: {records: 10000, window: 10s, bytes: 50KB}", 122, 245, 0},
		"window": {"batches: {records: 10000, window: 2s}", 1000, 2000, 0},
		// 100 records come in 500 ms and take 1 s: half of the load. Which partitions
		// fall behind most is up to the client.
		"per batch": {"batches: {records: 100, window: 10s}, processing: {per_batch: 1s}", 15_000, 0, 60 * rate / 2},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, readers(rate, c.group), nil, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
				r := out.Result
				checkCounts(t, r, truth)
				// A linger, a fetch and, with a window, the batch that was begun.
				l := r.Groups[0].EndToEnd
				if math.Abs(l.P50-c.p50) > 0.05*c.p50+20 || c.max > 0 && math.Abs(l.Max-c.max) > 0.05*c.max+20 {
					t.Errorf("p50 %.0f ms, max %.0f ms, want %.0f and %.0f", l.P50, l.Max, c.p50, c.max)
				}
				near(t, "backlog", int(r.Timeline[59].Backlog), c.backlog, 200)
			})
		})
	}
}

// TestVirtualClusterGone takes the cluster away while members come, go and pause:
// the run ends, with what is known, when its waits have run out.
func TestVirtualClusterGone(t *testing.T) {
	t.Parallel()
	s := parse(t, readers(100, "clients: 3, members: [{at: 10s, join: 1}, {at: 40s, leave: 1}], pauses: [{at: 20s, for: 30s}]"))
	synctest.Test(t, func(t *testing.T) {
		network := new(kfake.VirtualNetwork)
		c, err := embedded.Start(t.Context(), embedded.Config{Brokers: 2, Listen: "127.0.0.1:9092", OnNetwork: network.Listen})
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(30*time.Second, func() { c.Close() })
		begin := time.Now()
		out, err := generator.Run(t.Context(), generator.Config{Scenario: s, Dial: network.DialContext, Target: report.Target{Bootstrap: c.Bootstrap()}})
		if err != nil {
			t.Fatal(err)
		}
		if r := out.Result; r.Totals.LogEndKnown || r.Validity.Valid || r.Groups[0].Consumed < 19*100 || r.Groups[0].Consumed > 20*100 {
			t.Errorf("%+v, group %+v", r.Totals, r.Groups[0])
		}
		// A minute of traffic; then the drain, the abort, and offsets and removal wait
		// half a minute each at most, and the clients' last requests as long again.
		if took := time.Since(begin); took > 4*time.Minute {
			t.Errorf("the run took %s", took)
		}
	})
}
