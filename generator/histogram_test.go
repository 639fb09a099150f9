package generator

import (
	"math"
	"reflect"
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

// TestLowerBoundsHold: what is called a lower bound is none that is too high, and no more
// than the histogram's resolution too low; so a percentile of one partition, at two
// digits, does not exceed the greatest of all, at three.
func TestLowerBoundsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		age := time.Duration(rapid.Int64Range(lowest, highest).Draw(t, "age") >> rapid.IntRange(0, 25).Draw(t, "shift"))
		var bounds []time.Duration
		for _, significant := range []int{secondDigits, digits} {
			d := newDistribution(significant)
			d.censor(age)
			bound, lower := d.quantile(d.all(), 0.99)
			// A bucket is 10^-digits of its values, and of those below 1 µs 512 ns, wide.
			least := age - age/time.Duration(pow10(significant)) - 1<<unitBits
			if !lower || bound > max(age, 1<<unitBits-1) || bound < least {
				t.Fatalf("%d digits: at least %v (%v), of an age of %d ns", significant, bound, lower, age)
			}
			bounds = append(bounds, bound)
		}
		if bounds[0] > bounds[1] {
			t.Fatalf("of %d ns: at least %v with fewer digits, %v with more", age, bounds[0], bounds[1])
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

// TestMergedEqualsOne splits values over any number of recorders in any way: merged
// they are what one would have recorded, exact ones, censored ones, and those out of
// range.
func TestMergedEqualsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "recorders")
		whole, merged := newDistribution(digits), newDistribution(digits)
		parts := make([]distribution, n)
		for i := range parts {
			parts[i] = newDistribution(digits)
		}
		for range rapid.IntRange(0, 300).Draw(t, "values") {
			v := time.Duration(rapid.Int64Range(-int64(time.Second), int64(12*time.Minute)).Draw(t, "value"))
			if small := rapid.IntRange(0, 40).Draw(t, "shift"); v > 0 {
				v >>= small // as many of each size
			}
			part := &parts[rapid.IntRange(0, n-1).Draw(t, "recorder")]
			if rapid.Bool().Draw(t, "censored") && v >= 0 {
				whole.censor(v)
				part.censor(v)
				continue
			}
			whole.exact.record(v)
			part.exact.record(v)
		}
		for _, p := range parts {
			merged.merge(p)
		}
		if got, want := merged.summary(), whole.summary(); !reflect.DeepEqual(got, want) {
			t.Fatalf("merged %+v\nwant   %+v", got, want)
		}
	})
}
