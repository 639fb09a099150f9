// Package compare says whether two groups of runs differ, by how much, and how sure
// that is. It is pure: the same values give the same finding.
package compare

import (
	"cmp"
	"math"
	"slices"
)

// Better is the direction in which a metric is better.
type Better int

const (
	Lower Better = iota
	Higher
)

// Word is what became of a metric.
type Word string

const (
	Improved     Word = "better"
	Worsened     Word = "worse"
	NoDifference Word = "no difference shown"
	TooFewRuns   Word = "too few runs"
)

// Options say what is claimed.
type Options struct {
	Confidence float64 // between 0 and 1; anything else is 0.95
	MinEffect  float64 // smaller relative differences are not claimed
}

// Side is one of the groups. Values that are no finite numbers are not counted.
type Side struct {
	N      int     // runs; Within: seconds
	Median float64 // Within: the statistic of all seconds; NaN when not known
}

// Finding is what the values of one metric say.
type Finding struct {
	Before, After Side

	// Difference is that of After's median relative to Before's (0.1: 10 % more), and
	// NaN when that is not known, as beside a median of zero. Low and High are its
	// confidence interval; NaN unless Bounded.
	Difference, Low, High float64
	Bounded               bool

	P        float64 // chance of so much difference where there is none; NaN when not known
	Word     Word
	MoreRuns int // with TooFewRuns: how many more a side it takes at least
	Method   string
}

// finding begins a finding with what does not depend on the method.
func finding(before, after Side, method string) Finding {
	f := Finding{
		Before: before, After: after, Method: method,
		Low: math.NaN(), High: math.NaN(), P: math.NaN(), Word: NoDifference,
	}
	if f.Difference = (after.Median - before.Median) / math.Abs(before.Median); before.Median == after.Median {
		f.Difference = 0
	}
	if math.IsInf(f.Difference, 0) {
		f.Difference = math.NaN()
	}
	return f
}

// bound notes the interval from low to high, natural logarithms of a ratio. The
// difference shown is always within it.
func (f *Finding) bound(low, high float64) {
	low, high = math.Expm1(low), math.Expm1(high)
	if math.IsNaN(low) || math.IsNaN(high) || math.IsInf(high, 0) || math.IsNaN(f.Difference) {
		return
	}
	f.Low, f.High, f.Bounded = min(low, f.Difference), max(high, f.Difference), true
}

// claim names a difference that is not chance. higher is the side that the method
// found higher: 1 for After, -1 for Before. Medians that say otherwise are no claim.
func (f *Finding) claim(higher int, better Better, o Options) {
	shift := cmp.Compare(f.After.Median, f.Before.Median)
	small := math.Abs(f.Difference) < o.MinEffect // NaN, beside a median of zero, is not
	switch {
	case shift == 0, shift != higher, small, !(f.P <= o.alpha()):
	case (shift > 0) == (better == Higher):
		f.Word = Improved
	default:
		f.Word = Worsened
	}
}

// alpha is how often a difference may be claimed where there is none.
func (o Options) alpha() float64 {
	if o.Confidence > 0 && o.Confidence < 1 {
		return 1 - o.Confidence
	}
	return 0.05
}

// finite returns the values that are numbers, in their order.
func finite(values []float64) []float64 {
	return slices.DeleteFunc(slices.Clone(values), func(v float64) bool {
		return math.IsNaN(v) || math.IsInf(v, 0)
	})
}

// median returns the median of values in ascending order.
func median(sorted []float64) float64 {
	n := len(sorted)
	switch {
	case n == 0:
		return math.NaN()
	case n%2 == 1:
		return sorted[n/2]
	}
	return sorted[n/2-1]/2 + sorted[n/2]/2 // the sum could overflow
}
