package generator

import (
	"math"
	"testing"
	"time"

	"msklt/scenario"
)

// TestJudge holds every operator against values on both sides of its bound and on
// it, known exactly and known from below only.
func TestJudge(t *testing.T) {
	const (
		passed  = "passed"
		failed  = "failed"
		unknown = "not known"
	)
	for _, c := range []struct {
		operator string
		value    float64
		exactly  string // outcome
		atLeast  string // the same when the value is a lower bound
	}{
		{"<", 499, passed, unknown},
		{"<", 500, failed, failed},
		{"<", 501, failed, failed},
		{"<=", 500, passed, unknown},
		{"<=", 501, failed, failed},
		{">", 499, failed, unknown},
		{">", 500, failed, unknown},
		{">", 501, passed, passed},
		{">=", 499, failed, unknown},
		{">=", 500, passed, passed},
		{"==", 500, passed, ""},
		{"==", 499, failed, ""},
	} {
		threshold := scenario.Threshold{Metric: "response.p99", Operator: c.operator, Bound: 500, Partition: -1}
		for _, atLeast := range []bool{false, true} {
			want := c.exactly
			if atLeast {
				want = c.atLeast
			}
			if want == "" {
				continue
			}
			got := judge(threshold, observation{value: c.value, atLeast: atLeast})
			if got.Passed != (want == passed) || got.Known != (want != unknown) || *got.Observed != c.value || got.Censored != atLeast {
				t.Errorf("%g %s 500, lower bound %v: %+v, want %s", c.value, c.operator, atLeast, got, want)
			}
			if (got.Message == "") == (want == unknown) {
				t.Errorf("%g %s 500, %s: the message is %q", c.value, c.operator, want, got.Message)
			}
		}
	}
	none := judge(scenario.Threshold{Metric: "response.p99", Operator: "<", Bound: 500, Fleet: "f", Partition: -1}, observation{missing: nothingMeasured})
	if none.Passed || none.Known || none.Observed != nil || none.Message != nothingMeasured || none.Of != "fleet f" || none.Unit != "ms" {
		t.Errorf("without data: %+v", none)
	}
}

// TestNamedPoints reads the points of 1,000 latencies of 1 to 1,000 ms, of which the
// last ones may be censored.
func TestNamedPoints(t *testing.T) {
	for _, c := range []struct {
		censored int
		point    string
		value    float64 // within 0.1 %, the histogram's digits
		atLeast  bool
	}{
		{0, "p50", 500, false},
		{0, "p90", 900, false},
		{0, "p99", 990, false},
		{0, "p999", 999, false},
		{0, "max", 1000, false},
		{5, "p99", 990, false}, // the 990th of 1,000 stays the 990th, however long the last five take
		{5, "p999", 999, true}, // the 999th is one of those
		{5, "max", 1000, true},
		{600, "p50", 500, true},
	} {
		d := newDistribution(digits)
		for i := 1; i <= 1000; i++ {
			if v := time.Duration(i) * time.Millisecond; i > 1000-c.censored {
				d.censor(v)
			} else {
				d.exact.record(v)
			}
		}
		got := d.named(c.point)
		if math.Abs(got.value/c.value-1) > 0.001 || got.atLeast != c.atLeast || got.missing != "" {
			t.Errorf("%s with %d censored: %+v, want %g, lower bound %v", c.point, c.censored, got, c.value, c.atLeast)
		}
	}
	if got := newDistribution(digits).named("p99"); got.missing == "" {
		t.Errorf("of no record: %+v", got)
	}
}

// TestWaitingRecordsCount holds that records without an answer count with their
// age while traffic flows: a cluster that went silent 5 s ago is seen.
func TestWaitingRecordsCount(t *testing.T) {
	r := newRecorder()
	at := func(n int) time.Duration { return time.Duration(n) * 10 * time.Millisecond }
	var found []attempt
	for n := range 1000 { // 100 a second for 10 s
		found = append(found, attempt{intended: at(n), at: 10 * time.Second, measured: true, records: 1})
	}
	r.attempted(found)
	for n := range 500 { // the first 5 s are answered after 10 ms
		intended := at(n)
		r.acked(intended+10*time.Millisecond, &flight{intended: intended, handed: intended, measured: true})
	}
	live := r.soFar("response", moment{end: 10 * time.Second, live: true})
	// 500 of 1,000 took 10 ms; 100 each have waited for 4, 3, 2, 1 and 0 s. Those of 0 s
	// come first, so that half of all is 400 of the answered ones.
	for _, c := range []struct {
		point   string
		value   float64
		atLeast bool
	}{{"p50", 10, false}, {"p90", 3000, true}, {"p99", 4000, true}} {
		if got := live.named(c.point); math.Abs(got.value/c.value-1) > 0.001 || got.atLeast != c.atLeast {
			t.Errorf("%s: %+v, want %g ms, lower bound %v", c.point, got, c.value, c.atLeast)
		}
	}
	if after := r.soFar("response", moment{end: 10 * time.Second}); after.exact.TotalCount() != 500 || after.censored != nil {
		t.Errorf("after the run: %d records, censored %v; what was lost is added by censor", after.exact.TotalCount(), after.censored)
	}
	if n := r.soFar("service", moment{end: 10 * time.Second, live: true}).all().TotalCount(); n != 500 {
		t.Errorf("%d service times, want the 500 of what was answered", n)
	}
}

// TestRecorderCopyIsApart holds that what was copied does not change with the run.
func TestRecorderCopyIsApart(t *testing.T) {
	r := newRecorder()
	r.acked(time.Second, &flight{measured: true})
	before := r.soFar("response", moment{})
	r.acked(2*time.Second, &flight{measured: true})
	if n := before.exact.TotalCount(); n != 1 {
		t.Errorf("the copy has %d records, want the one of its time", n)
	}
	if got := before.named("max"); math.Abs(got.value/1000-1) > 0.001 {
		t.Errorf("max %+v, want 1 s", got)
	}
}
