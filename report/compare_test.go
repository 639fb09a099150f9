package report

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"msklt/internal/compare"
)

// runs are results of the steady fixture, one for each given factor by which its
// times are longer, a minute apart.
func runs(begin time.Time, factors ...float64) (list []*Result) {
	for i, f := range factors {
		r, _ := steady()
		r.StartedAt = begin.Add(time.Duration(i) * time.Minute)
		for _, l := range []*Latency{&r.Latency.Response, &r.Latency.Service, &r.Latency.EndToEnd} {
			l.P50, l.P99, l.P999 = l.P50*f, l.P99*f, l.P999*f
		}
		for s := range r.Timeline {
			r.Timeline[s].P50 *= f
			r.Timeline[s].P99 *= f
		}
		list = append(list, r)
	}
	return list
}

func day(n int) time.Time { return time.Date(2026, 11, n, 9, 0, 0, 0, time.UTC) }

func usual() compare.Options { return compare.Options{Confidence: 0.95, MinEffect: 0.05} }

func find(t *testing.T, c *Comparison, name string) MetricFinding {
	t.Helper()
	for _, m := range c.Metrics {
		if m.Name == name {
			return m
		}
	}
	t.Fatalf("no metric %s", name)
	return MetricFinding{}
}

func TestMetricsOfARun(t *testing.T) {
	fits, _ := steady()
	hot, _ := hotKey()
	cut, _ := stopped()
	nobodys := &Result{}
	apart, _ := steady()
	apart.Latency.EndToEnd.ClockOffset = ref(3.5)
	const bound = "a lower bound only, as records were never acknowledged or were read early"
	for _, test := range []struct {
		run     *Result
		metric  string
		value   float64
		unknown string
	}{
		// 8 MB/s are cut to whole records of 1,024 bytes on each of 12 partitions.
		{fits, "acked.rate", 12 * 651 * 1024, ""},
		{fits, "consumed.rate", 12 * 699955, ""}, // 651 records with their batch's 5 %, as whole bytes
		{fits, "response.p50", 7.1, ""},
		{fits, "response.p99", 14.2, ""},
		{fits, "response.p999", (14.2 + 31) / 2, ""},
		{fits, "service.p99", 13.1, ""},
		{fits, "end_to_end.p99", 17, ""},
		{fits, "throttled.share", 0, ""},
		{fits, "cost.per_hour", 0, "only profiles of Amazon MSK have prices, and the limits are mine.yaml"},
		{hot, "response.p50", 0, bound},
		{hot, "response.p99", 0, bound},
		{hot, "service.p99", 812, ""}, // no record failed that a client had taken
		{hot, "throttled.share", 0.291, ""},
		{hot, "unacked.share", float64(hot.Totals.Unsent) / float64(hot.Totals.Scheduled), ""},
		{hot, "cost.per_hour", 0.2104 / 45.6 * 3600, ""},
		{cut, "acked.rate", 12 * 651 * 1024, ""},
		{nobodys, "acked.rate", 0, "nobody wrote"},
		{nobodys, "consumed.rate", 0, "nobody read"},
		{nobodys, "response.p99", 0, "nothing was measured"},
		{nobodys, "throttled.share", 0, "no whole second was measured"},
		{nobodys, "unacked.share", 0, "nobody wrote"},
		{nobodys, "cost.per_hour", 0, "it has no bill"},
		{apart, "end_to_end.p99", 0, "the writers' clock was ahead of the readers'"},
		{apart, "response.p99", 14.2, ""},
	} {
		all := comparedMetrics()
		i := slices.IndexFunc(all, func(m comparedMetric) bool { return m.name == test.metric })
		v, why := all[i].of(test.run)
		// Sums of 40 numbers in floating point: to 1e-12 of them.
		if why != test.unknown || math.Abs(v-test.value) > 1e-12*test.value {
			t.Errorf("%s of %s is %v %q, want %v %q", test.metric, test.run.Scenario.Name, v, why, test.value, test.unknown)
		}
	}
}

// The seconds that are compared are those that the rates are means of.
func TestMeasuredSeconds(t *testing.T) {
	r, _ := steady()
	all := measuredSeconds(r)
	if len(all) != 40 || all[0].Second != 5 || all[39].Second != 44 {
		t.Fatalf("%d seconds from %d, want the 40 of the steady phase from 5", len(all), all[0].Second)
	}
	sum := 0.0
	for _, s := range all {
		sum += float64(s.AckedBytes)
	}
	if got := sum / 40; math.Abs(got-r.Rates.AckedBytesPerSecond) > 1e-6 {
		t.Errorf("their mean is %v, the run's rate %v", got, r.Rates.AckedBytesPerSecond)
	}
	r.Phases[1].From, r.Phases[1].To = 5.5, 44.5
	if all := measuredSeconds(r); len(all) != 38 {
		t.Errorf("%d seconds lie wholly in 5.5 to 44.5, want 38", len(all))
	}
	r.Aborted = &Aborted{At: 12}
	if all := measuredSeconds(r); len(all) != 6 || all[5].Second != 11 {
		t.Errorf("%d seconds before 12 s, want 6", len(all))
	}
	r.Interrupted = true
	if all := measuredSeconds(r); len(all) != 0 {
		t.Errorf("%d seconds of an interrupted run: it does not say when it was", len(all))
	}
}

func TestCompareWords(t *testing.T) {
	same := []float64{0.98, 1.02, 1, 0.99, 1.01}
	slower := []float64{1.18, 1.22, 1.2, 1.19, 1.21}
	little := []float64{1.009, 1.051, 1.03, 1.019, 1.041}
	for name, test := range map[string]struct {
		before, after []float64
		word          compare.Word
		more          int
	}{
		"longer":           {same, slower, compare.Worsened, 0},
		"shorter":          {slower, same, compare.Improved, 0},
		"the same":         {same, same, compare.NoDifference, 0},
		"a little":         {same, little, compare.NoDifference, 0},
		"two runs a side":  {same[:2], slower[:2], compare.TooFewRuns, 2}, // 4 a side: 2 ÷ 70 < 5 %
		"one against five": {same[:1], slower, compare.TooFewRuns, 2},     // 3 and 7: 2 ÷ 120 < 5 %
	} {
		t.Run(name, func(t *testing.T) {
			c := Compare(runs(day(1), test.before...), runs(day(2), test.after...), usual())
			if len(c.Unlike) > 0 || len(c.Beware) > 0 {
				t.Errorf("they are alike: %q %q", c.Unlike, c.Beware)
			}
			for _, metric := range []string{"response.p50", "response.p99", "response.p999", "service.p99", "end_to_end.p99"} {
				if m := find(t, c, metric); m.Word != test.word || m.MoreRuns != test.more {
					t.Errorf("%s: %s, %d more runs, want %s, %d", metric, m.Word, m.MoreRuns, test.word, test.more)
				}
			}
			if c.Worse() != (test.word == compare.Worsened) || c.MoreRuns() != test.more {
				t.Errorf("worse %v, %d more runs", c.Worse(), c.MoreRuns())
			}
			if m := find(t, c, "cost.per_hour"); m.Unknown == "" || m.Word != "" {
				t.Errorf("a cost that nobody knows is %+v", m)
			}
		})
	}
}

func TestCompareFinding(t *testing.T) {
	c := Compare(runs(day(1), 0.98, 1.02, 1, 0.99, 1.01), runs(day(2), 1.18, 1.22, 1.2, 1.19, 1.21), usual())
	m := find(t, c, "response.p99")
	// The medians are the fixture's 14.2 ms and 1.2 times as much.
	if m.Before.N != 5 || m.After.N != 5 || math.Abs(m.Before.Median-14.2) > 1e-9 || math.Abs(m.Difference-0.2) > 1e-9 {
		t.Errorf("%+v", m)
	}
	if !m.Bounded || m.Low < 0.15 || m.High > 0.25 || m.P > 0.01 { // 2 ÷ 252 where the sides do not overlap
		t.Errorf("%+v", m)
	}
	if m.Unit != "ms" || m.Better != compare.Lower {
		t.Errorf("%+v", m)
	}
	if r := find(t, c, "acked.rate"); r.Better != compare.Higher || r.Word != compare.NoDifference || r.Difference != 0 {
		t.Errorf("the same rate on both sides is %+v", r)
	}
}

// Shares of zero on both sides do not differ; from zero there is no relative
// difference, and it is worse all the same.
func TestCompareFromNothing(t *testing.T) {
	before, after := runs(day(1), 1, 1, 1, 1, 1), runs(day(2), 1, 1, 1, 1, 1)
	c := Compare(before, after, usual())
	if m := find(t, c, "throttled.share"); m.Word != compare.NoDifference || m.Difference != 0 || m.Unknown != "" {
		t.Errorf("0 and 0: %+v", m)
	}
	for i, r := range after {
		r.Throttle.Share = 0.1 + float64(i)/100
	}
	c = Compare(before, after, usual())
	if m := find(t, c, "throttled.share"); m.Word != compare.Worsened || !math.IsNaN(m.Difference) || difference(m.Finding) != "from nothing" {
		t.Errorf("0 and 0.1 to 0.14: %+v", m)
	}
}

// A metric that one run lacks is not compared, and it is said which run.
func TestCompareLacking(t *testing.T) {
	before, after := runs(day(1), 1, 1, 1), runs(day(2), 1, 1, 1)
	after[1].Latency.Response.P99Censored = true
	c := Compare(before, after, usual())
	m := find(t, c, "response.p99")
	if !strings.HasPrefix(m.Unknown, "1 of 3 after: a lower bound only") || m.Word != "" || m.After.N != 0 {
		t.Errorf("%+v", m)
	}
	if m := find(t, c, "response.p50"); m.Unknown != "" {
		t.Errorf("p50 is known: %+v", m)
	}
}

// With one run a side, seconds are compared, where there are any.
func TestCompareWithin(t *testing.T) {
	slow := runs(day(2), 1.5)
	slow[0].Timeline[10].AckedRecords = 0 // has no response time
	c := Compare(runs(day(1), 1), slow, usual())
	if !c.Within {
		t.Fatal("one run a side")
	}
	m := find(t, c, "response.p99")
	if m.Before.N != 40 || m.After.N != 39 || m.Word != compare.Worsened || !strings.Contains(m.Method, "bootstrap") {
		t.Errorf("%+v", m)
	}
	// The median of 12·(1 + 0.35·sin(1.7·second)) ms over a whole number of its
	// 39.9 s ≈ 40 s periods is 12; half as much again after it, without one second.
	if math.Abs(m.Before.Median-12) > 0.5 || math.Abs(m.Difference-0.5) > 0.05 {
		t.Errorf("%+v", m)
	}
	for _, whole := range []string{"response.p999", "service.p99", "unacked.share"} {
		if m := find(t, c, whole); m.Word != compare.TooFewRuns || m.Before.N != 1 || m.MoreRuns != 3 { // 4 a side: 2 ÷ 70 < 5 %
			t.Errorf("%s: %+v", whole, m)
		}
	}
}
