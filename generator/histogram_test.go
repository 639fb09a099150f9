package generator

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestQuantileOfCensored works the bounds out by sorting: with every censored
// record at its age for the lower one, and at infinity for the upper one.
func TestQuantileOfCensored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.SliceOfN(rapid.IntRange(1, 500), 1, 60)
		exact, censored := ms.Draw(t, "exact"), rapid.SliceOfN(rapid.IntRange(1, 500), 0, 60).Draw(t, "censored")
		q := rapid.SampledFrom([]float64{0.5, 0.9, 0.99}).Draw(t, "q")
		d := newDistribution(digits)
		var lower, upper []float64
		for _, v := range exact {
			d.exact.record(time.Duration(v) * time.Millisecond)
			lower, upper = append(lower, float64(v)), append(upper, float64(v))
		}
		for _, v := range censored {
			d.censor(time.Duration(v) * time.Millisecond)
			lower, upper = append(lower, float64(v)), append(upper, math.Inf(1))
		}
		got, bound := d.quantile(d.all(), q)
		want, most := sorted(lower, q), sorted(upper, q)
		// Three digits: a value stands for those within 0.1 % of it.
		if math.Abs(millis(got)/want-1) > 0.001 {
			t.Fatalf("quantile %v is %v ms, want %v", q, millis(got), want)
		}
		if differs := most > want*1.002; bound != differs && (most < want*0.999 || most > want*1.001) {
			t.Fatalf("lower bound %v, but it lies between %v and %v ms", bound, want, most)
		}
	})
}

// sorted is the smallest value that a share q of all values does not exceed.
func sorted(v []float64, q float64) float64 {
	for _, candidate := range v {
		at, below := 0, 0
		for _, x := range v {
			if x <= candidate {
				at++
			}
			if x < candidate {
				below++
			}
		}
		rank := int(math.Ceil(q*float64(len(v)) - 1e-9))
		if below < rank && at >= rank {
			return candidate
		}
	}
	return math.NaN()
}

// TestRecordOutOfRange clamps and counts, so that nothing is dropped.
func TestRecordOutOfRange(t *testing.T) {
	l := newLatencies(digits)
	l.record(-time.Second)
	l.record(0)
	l.record(11 * time.Minute)
	if l.TotalCount() != 3 || l.negative != 1 || l.clamped != 1 {
		t.Errorf("count %d, negative %d, clamped %d", l.TotalCount(), l.negative, l.clamped)
	}
	if got := l.Max(); got < highest || float64(got) > 1.001*float64(highest) {
		t.Errorf("max %d ns", got)
	}
}
