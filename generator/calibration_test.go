package generator_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/kafkatest/need"
	"msklt/internal/limits"
	"msklt/report"
)

// The cluster adds delays that are known, and the service time must be those and
// nothing else. A connection of the embedded cluster has one request under way at a
// time, so that a record must not come before the last one of its client is
// answered, or it would wait for two delays: records of a client are further apart
// than the longest delay, and without linger each is a request of its own. On paper,
// then, record n takes the nth delay, and the response time is the service time.
const oneByOne = `
version: 1
name: delays
topics: {t: {partitions: 4}}
producers:
  p: {topic: t, clients: 20, rate: %s, value: {size: 100B}, key: {keys: 1000}, settings: {linger: 0s}}
phases: [{name: steady, duration: %s}]
`

// resolution is how far a percentile may be off because histograms have three
// digits, in milliseconds.
func resolution(ms float64) float64 { return ms / 1000 }

// sameDistribution holds a latency against the durations that are known, rank by
// rank, within a number of milliseconds.
func sameDistribution(t *testing.T, what string, got report.Latency, want []time.Duration, within float64) {
	t.Helper()
	if got.Count != int64(len(want)) || got.Censored != 0 {
		t.Fatalf("%s: %d values, %d of them censored, want %d", what, got.Count, got.Censored, len(want))
	}
	want = slices.Sorted(slices.Values(want))
	rank := func(q float64) float64 {
		return want[max(0, int(math.Ceil(q*float64(len(want))-1e-9))-1)].Seconds() * 1000
	}
	for _, p := range []struct{ quantile, got float64 }{{0.5, got.P50}, {0.9, got.P90}, {0.99, got.P99}, {0.999, got.P999}, {1, got.Max}} {
		if w := rank(p.quantile); math.Abs(p.got-w) > within+resolution(w) {
			t.Errorf("%s: quantile %g is %.3f ms, want %.3f ± %.3f", what, p.quantile, p.got, w, within+resolution(w))
		}
	}
	for _, p := range got.Curve {
		if w := rank(p.Quantile); math.Abs(p.Millis-w) > within+resolution(w) {
			t.Errorf("%s: quantile %g of the curve is %.3f ms, want %.3f", what, p.Quantile, p.Millis, w)
		}
	}
	mean := 0.0
	for _, d := range want {
		mean += d.Seconds() * 1000 / float64(len(want))
	}
	if math.Abs(got.Mean-mean) > within+resolution(mean) {
		t.Errorf("%s: mean %.3f ms, want %.3f", what, got.Mean, mean)
	}
}

// TestVirtualKnownDelay adds 50 ms, a distribution with two points, and one with a
// long tail.
func TestVirtualKnownDelay(t *testing.T) {
	t.Parallel()
	text := fmt.Sprintf(oneByOne, "20/s", "250s")
	var base float64
	inVirtualTime(t, text, nil, 0, func(t *testing.T, out *generator.Output, _ []embedded.Row) {
		base = out.Result.Latency.Service.Max
	})
	if base > 0.001 { // nothing takes time there, and the histograms begin at 1 µs
		t.Errorf("without a delay the service time is up to %.3f ms", base)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for name, law := range map[string]func() time.Duration{
		"50 ms": func() time.Duration { return 50 * time.Millisecond },
		"two points": func() time.Duration {
			if random.Float64() < 0.1 {
				return 400 * time.Millisecond
			}
			return 5 * time.Millisecond
		},
		// A tenth are above 56 ms, one in a thousand above 237 ms; a client's records
		// are 1 s apart.
		"lognormal": func() time.Duration {
			return min(time.Duration(20e6*math.Exp(0.8*random.NormFloat64())), 900*time.Millisecond)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var drawn []time.Duration
			inject := func(c *embedded.Cluster) {
				c.Delay(func() time.Duration { drawn = append(drawn, law()); return drawn[len(drawn)-1] })
			}
			inVirtualTimeWith(t, inject, text, nil, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
				r := out.Result
				checkCounts(t, r, truth)
				if r.Totals.Acked != 5000 {
					t.Errorf("%d records acked, want 5,000", r.Totals.Acked)
				}
				sameDistribution(t, "service", r.Latency.Service, drawn, 1+base)
				// A wake-up comes up to 0.2 ms after the record is due.
				sameDistribution(t, "response", r.Latency.Response, drawn, 1+base+0.2)
			})
		})
	}
}

// TestRealTimeKnownDelay does the same on sockets. What the machine adds to all runs
// is in the base, which is measured before and after, as others may use the machine more
// at one time than at another; what it adds to a pause of 50 ms, because timers are late, is
// measured beside. A busy machine adds much to some records, so that the medians are
// held against each other. Their own error is 1.25 × deviation ÷ √200 for 200
// records: 0.2 ms where what the machine adds scatters by 2 ms.
func TestRealTimeKnownDelay(t *testing.T) {
	need.Require(t, need.RealTime())
	run := func(delay time.Duration) report.Latency {
		c, err := embedded.Start(t.Context(), embedded.Config{Brokers: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if delay > 0 {
			c.Delay(func() time.Duration { return delay })
		}
		out, err := generator.Run(t.Context(), generator.Config{
			Scenario: parse(t, fmt.Sprintf(oneByOne, "40/s", "5s")),
			Target:   report.Target{Kind: string(limits.EmbeddedCluster), Bootstrap: c.Bootstrap()},
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := out.Result.Totals; n.Scheduled != 200 || n.Acked != 200 || n.LogEndDelta != 200 {
			t.Errorf("counts %+v, want 200 everywhere", n)
		}
		return out.Result.Latency.Service
	}
	base := run(0)
	late := make(chan []time.Duration)
	go func() {
		var all []time.Duration
		for range 80 {
			begin := time.Now()
			time.Sleep(50 * time.Millisecond)
			all = append(all, time.Since(begin)-50*time.Millisecond)
		}
		late <- slices.Sorted(slices.Values(all))
	}()
	delayed := run(50 * time.Millisecond)
	timer := (<-late)[40].Seconds() * 1000
	after := run(0)
	t.Logf("service time without a delay: %.3f and %.3f ms at the median, with 50 ms: %.3f; timers are %.3f ms late", base.P50, after.P50, delayed.P50, timer)
	least, most := min(base.P50, after.P50), max(base.P50, after.P50)
	if machine := delayed.P50 - 50 - timer; machine < least-1 || machine > most+1 {
		t.Errorf("median of %.3f ms, want 50, the base of %.3f to %.3f and the timers' %.3f ± 1", delayed.P50, least, most, timer)
	}
}

// TestVirtualKnownStall stops the cluster for 2 s once in 20 s. On paper a record that
// was due t after the stall began is answered 2 s − t after it was due, and all
// others at once: a tenth of the records, uniformly up to 2 s. The q-quantile is 0
// below 0.9 and 2 s × (1 − 10 (1 − q)) above.
//
// The client's buffer holds what is due in a twelfth of the stall. The records behind
// it wait on the schedule and are handed over after the stall, one buffer per
// millisecond (the client is tried again that often), 12 ms in all: on p92, 400 ms
// on paper, that is 1.6/2 of 12 ms = 2.4 %, and less beyond; hence 3 %. The
// histogram's 0.1 % and half a record's distance (0.5 ms of 400) are within the rest.
func TestVirtualKnownStall(t *testing.T) {
	t.Parallel()
	const rate, duration, stall = 1000.0, 20.0, 2.0
	paper := func(q float64) float64 { return 1000 * stall * (1 - (1-q)*duration/stall) }
	for name, c := range map[string]struct {
		buffer string
		held   float64 // records of the stall that the clients' buffers hold
	}{
		"small buffer": {"8300B", 2 * 83},
		"large buffer": {"4MiB", rate * stall},
	} {
		t.Run(name, func(t *testing.T) {
			text := fmt.Sprintf(`
version: 1
name: stall
topics: {t: {partitions: 4}}
producers:
  p: {topic: t, clients: 2, rate: 1000/s, value: {size: 100B}, partition: round-robin, settings: {linger: 0s, batch: 4KiB, buffer: %s}}
phases: [{name: steady, duration: 20s}]
`, c.buffer)
			inject := func(c *embedded.Cluster) { time.AfterFunc(10*time.Second, func() { c.Stall(2 * time.Second) }) }
			inVirtualTimeWith(t, inject, text, nil, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
				l := out.Result.Latency
				n := out.Result.Totals
				if n.Scheduled != rate*duration || n.Acked != n.Scheduled || n.LogEndDelta != n.Acked || l.Response.Censored != 0 {
					t.Errorf("counts %+v, %d censored", n, l.Response.Censored)
				}
				seen := 0
				for _, p := range l.Response.Curve {
					want := paper(p.Quantile)
					switch {
					case p.Quantile < 0.899 && p.Millis > 1:
						t.Errorf("quantile %.4f is %.1f ms, want none below 0.9", p.Quantile, p.Millis)
					case p.Quantile >= 0.92 && p.Quantile <= 0.999:
						seen++
						if math.Abs(p.Millis/want-1) > 0.03 {
							t.Errorf("quantile %.4f is %.1f ms, want %.1f ± 3 %%", p.Quantile, p.Millis, want)
						}
					}
				}
				if seen < 45 { // 8 for each of the 6.3 halvings from 0.08 to 0.001
					t.Errorf("%d points of the curve between p92 and p99.9", seen)
				}
				for _, p := range []struct{ q, got float64 }{{0.99, l.Response.P99}, {0.999, l.Response.P999}, {1, l.Response.Max}} {
					if want := paper(p.q); math.Abs(p.got/want-1) > 0.03 {
						t.Errorf("quantile %g is %.1f ms, want %.1f ± 3 %%", p.q, p.got, want)
					}
				}
				// The service time sees the records that the clients held, and nothing of
				// those that waited outside.
				slow := 0.0 // share of the records with a service time above 100 ms
				for _, p := range l.Service.Curve {
					if p.Millis > 100 {
						slow = 1 - p.Quantile
						break
					}
				}
				// They came in the first c.held ÷ rate of the stall, those of the last 100 ms
				// of it not being slow; the curve has eight points per halving (9 %).
				want := min(c.held, rate*(stall-0.1)) / (rate * duration)
				if math.Abs(slow/want-1) > 0.1 {
					t.Errorf("%.2f %% of the service times are above 100 ms, want %.2f %%", 100*slow, 100*want)
				}
				if hidden := l.Service.P99 < 1; hidden != (c.held < 0.01*rate*duration) {
					t.Errorf("service p99 is %.1f ms, response p99 %.1f", l.Service.P99, l.Response.P99)
				}
			})
		})
	}
}
