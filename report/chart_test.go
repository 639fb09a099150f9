package report

import (
	"math"
	"slices"
	"strings"
	"testing"

	"msklt/internal/limits"
)

func TestSpread(t *testing.T) {
	for _, test := range []struct{ at, want []float64 }{
		{nil, []float64{}},
		{[]float64{0.2, 0.8}, []float64{0.2, 0.8}},
		{[]float64{0.5, 0.5}, []float64{0.5, 0.6}},
		{[]float64{0.98, 0.2, 0.97}, []float64{1, 0.2, 0.9}}, // pushed back from the edge
	} {
		got := spread(test.at, 0.1)
		for i, want := range test.want {
			if math.Abs(got[i]-want) > 1e-9 {
				t.Errorf("spread(%v) = %v, want %v", test.at, got, test.want)
			}
		}
	}
}

func TestTicks(t *testing.T) {
	labels := func(ticks []tick) (out []string) {
		for _, tick := range ticks {
			out = append(out, tick.Label)
		}
		return out
	}
	rates, top := rateTicks(40e6, vertical)
	if got := labels(rates); !slices.Equal(got, []string{"0", "10", "20", "30", "40"}) || math.Abs(top-42.4e6) > 1 {
		t.Errorf("rates %v up to %v", got, top)
	}
	if rates[0].At != "100%" || rates[4].At != "5.66%" { // 1 − 40 ÷ 42.4
		t.Errorf("rates at %v", rates)
	}
	times, from, to := decades(6.5, 31200)
	if got := labels(times); !slices.Equal(got, []string{"1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s"}) || from != 1 || to != 1e5 {
		t.Errorf("times %v from %v to %v", got, from, to)
	}
	if got := labels(timeTicks(45.6)); !slices.Equal(got, []string{"0", "5", "10", "15", "20", "25", "30", "35", "40", "45"}) {
		t.Errorf("seconds %v", got)
	}
	if got := labels(timeTicks(1e9)); len(got) > 12 {
		t.Errorf("%d ticks", len(got))
	}
}

// A partition held exactly at its limit has the last colour below it; one byte
// more has the first above.
func TestShades(t *testing.T) {
	s := newShades(15e6, 5e6)
	for v, want := range map[float64]int{0: 0, 1: 1, 5e6 / 8: 1, 5e6/8 + 1: 2, 5e6: 8, 5e6 + 1: 9, 15e6: 11} {
		if got := s.level(v); got != want {
			t.Errorf("level of %v B/s is %d, want %d", v, got, want)
		}
	}
	if s := newShades(1e6, 5e6); s.level(1e6) != 8 || s.top != 1e6 {
		t.Errorf("a load far below the limit must use the whole scale: %+v", s)
	}
	if bands := newShades(15e6, 5e6).scaleBands(); len(bands) != 11 || bands[8].X != "33.33%" {
		t.Errorf("colour scale %v", bands)
	}
}

// Lines break where there is no value, and keep each step's extremes in order; what
// stands alone is a dot.
func TestTrace(t *testing.T) {
	r := &Result{DurationSeconds: 4}
	for s, p99 := range []float64{10, 0, 20, 30} {
		r.Timeline = append(r.Timeline, Second{Second: s, P99: p99})
	}
	line := newTimeline(r).trace(linear(0, 40), func(s Second) (float64, bool) { return s.P99, s.P99 > 0 })
	if got, want := path(line), "M250 750h0M1250 500L1750 250"; got != want {
		t.Errorf("path %q, want %q", got, want)
	}
}

// The censored part of the curve begins at the last point that is known.
func TestCurveCensored(t *testing.T) {
	l := Latency{Count: 100, Censored: 40, P99: 20, P99Censored: true, Curve: []CurvePoint{
		{Quantile: 0, Millis: 1}, {Quantile: 0.5, Millis: 10}, {Quantile: 0.9, Millis: 20, Censored: true}, {Quantile: 1, Millis: 99},
	}}
	r := &Result{Latency: Latencies{Response: l, Service: Latency{Count: 60, P99: 4}}}
	p := curveChart(r)
	// x is log 1/(1−q) up to 1,000, so p50 is at 0.10034 and p90 at 1/3 of 2,000; y is
	// log from 1 to 100 ms, so 10 ms is half way up and 20 ms at 0.6505.
	want := []line{{"M0 1000L200.7 500", "response"}, {"M200.7 500L666.7 349", "response censored"}}
	if !slices.Equal(p.Lines, want) {
		t.Errorf("lines %v, want %v", p.Lines, want)
	}
	few := l
	few.P99 = 5
	for _, c := range []struct {
		response, service Latency
		want              string
	}{
		{l, Latency{Count: 60, P99: 4}, "Response p99 is at least 5.00× the service time's: ≥ 20.0 ms against 4.00 ms"},
		{few, Latency{Count: 60, P99: 4}, "Response p99 is at least 1.25× the service time's: ≥ 5.00 ms against 4.00 ms"},
		{l, Latency{Count: 90, Censored: 30, P99: 4, P99Censored: true}, "Response p99 is ≥ 20.0 ms, the service time's ≥ 4.00 ms"},
		{l, Latency{Count: 30, Censored: 30, P99: 4, P99Censored: true}, "No record was acked in the measured phases"},
	} {
		if got := curveFinding(&Result{Latency: Latencies{Response: c.response, Service: c.service}}); got != c.want {
			t.Errorf("title %q, want %q", got, c.want)
		}
	}
}

func TestFindings(t *testing.T) {
	partitions := func(acked ...float64) *Result {
		r := &Result{}
		for i, v := range acked {
			r.Partitions = append(r.Partitions, Partition{Topic: "t", Partition: int32(i), Acked: v, Predicted: v, Consumed: 2 * v, PredictedConsumed: 3 * v})
		}
		return r
	}
	even, hot, egress := partitions(1e6, 1.1e6, 1.2e6), partitions(1e6, 6e6, 1e6), partitions(1e6, 2e6)
	egress.Verdict.Binding = []Binding{{Limit: limits.PartitionEgress, Declared: ref(4e6)}}
	for _, test := range []struct{ got, want string }{
		{heatFinding(even, directionOf(even)), "Load is even: the hottest partition acked 1.20 MB/s, the median 1.10 MB/s"},
		{heatFinding(hot, directionOf(hot)), "t/1 acked 6.00 MB/s, 6.00× the median partition"},
		{heatFinding(egress, directionOf(egress)), "t/1 consumed 4.00 MB/s, 2.00× the median partition"},
		{predictionFinding(hot, directionOf(hot)), "The keys put 6.00 MB/s on t/1; 6.00 MB/s was acked"},
		{predictionFinding(egress, directionOf(egress)), "The keys put 6.00 MB/s on t/1, 1.50× its limit; 4.00 MB/s was consumed"},
		{loadFinding(&Result{Rates: Rates{OfferedBytesPerSecond: 10e6, AckedBytesPerSecond: 9.89e6}}), "Acked fell 1.1 % short of offered: 9.89 MB/s of 10.0 MB/s"},
		{quantileName(0.5), "p50"},
		{quantileName(0.999), "p99.9"},
		{quantileName(0.96875), "p96.9"},
		{quantileName(0.999969482421875), "p99.9969"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

// TestSilentSeconds: seconds without percentiles are told where records were left waiting,
// for their p99 is not within what the others had; those with nothing to do are not.
func TestSilentSeconds(t *testing.T) {
	p99 := quantile{"p99", func(s Second) float64 { return s.P99 }}
	waiting := func(s Second) int64 { return s.Waiting }
	for _, c := range []struct {
		p99     []float64
		waiting int64
		want    string
	}{
		{[]float64{20, 30}, 5, "Response p99 stayed between 20.0 ms and 30.0 ms"},
		{[]float64{20, 0, 0, 30}, 0, "Response p99 stayed between 20.0 ms and 30.0 ms"},
		{[]float64{20, 30, 0, 0}, 5, "Response p99 stayed between 20.0 ms and 30.0 ms; in 2 s nothing was acked"},
		{[]float64{90, 20, 0, 30}, 5, "Response p99 swung between 20.0 ms and 90.0 ms; in 1 s nothing was acked"},
		{[]float64{20, 0, 90}, 5, "Response p99 rose from 20.0 ms to 90.0 ms at 2 s; in 1 s nothing was acked"},
		{[]float64{0, 0}, 5, "No record was acked in the measured phases"},
	} {
		r := &Result{Phases: []Phase{{To: float64(len(c.p99)), Measured: true}}}
		for i, v := range c.p99 {
			r.Timeline = append(r.Timeline, Second{Second: i, P99: v, Waiting: c.waiting})
		}
		r.Timeline = append(r.Timeline, Second{Second: len(c.p99), Waiting: 5}) // the drain
		if got := latencyFinding(r, "Response", "acked", p99, waiting); got != c.want {
			t.Errorf("p99 %v, %d waiting: %q, want %q", c.p99, c.waiting, got, c.want)
		}
	}
}

func TestBalances(t *testing.T) {
	r, _ := steady()
	for _, b := range balances(r) {
		if !b.Holds {
			t.Errorf("%s: %s", b.Name, b.Note)
		}
	}
	r.Partitions[3].LogEndDelta += 2
	r.Groups[0].Unread = 5
	got := balances(r)
	if !got[2].Holds || got[2].Note != "partitions whose log holds more than was acked: 1 (retries, failed records that arrived, or another writer)" {
		t.Errorf("a log that holds more: %+v", got[2])
	}
	if got[3].Holds || got[3].Note != "off by -5" {
		t.Errorf("a group that read too much: %+v", got[3])
	}
	r.Groups[0].Unread, r.Groups[0].Skipped = 0, 5
	r.Groups[0].LogEndDelta += 5
	if got := balances(r)[3]; !got.Holds || !strings.Contains(got.Equation, " consumed + 5 skipped + ") {
		t.Errorf("a group that skipped offsets: %+v", got)
	}
	r.Partitions[4].LogEndDelta--
	if got := balances(r)[2]; got.Holds {
		t.Errorf("a log that lacks a record: %+v", got)
	}
}
