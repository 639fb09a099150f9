package compare

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/aclements/go-moremath/stats"
	"golang.org/x/perf/benchmath"
)

const overRuns = "Mann–Whitney over runs"

// Runs compares two groups of runs by one value of each run. The test is Mann and
// Whitney's; the interval is Hodges and Lehmann's, of the ratio, which assumes that one
// group is the other one multiplied.
func Runs(before, after []float64, better Better, o Options) Finding {
	before, after = finite(before), finite(after)
	slices.Sort(before)
	slices.Sort(after)
	f := finding(Side{len(before), median(before)}, Side{len(after), median(after)}, overRuns)
	if len(before) == 0 || len(after) == 0 {
		f.Word, f.MoreRuns = TooFewRuns, moreRuns(len(before), len(after), o.alpha())
		return f
	}
	var higher int
	f.P, higher = mannWhitney(before, after)
	if f.MoreRuns = moreRuns(len(before), len(after), o.alpha()); f.MoreRuns > 0 {
		f.Word = TooFewRuns
		return f
	}
	if before[0] >= 0 && after[0] >= 0 { // a ratio of values below zero says nothing
		f.bound(ratio(before, after, o.alpha()))
	}
	f.claim(higher, better, o)
	return f
}

// mannWhitney returns the chance of ranks that are at least so unequal where nothing
// differs, and which side's are higher: 1 for after's, -1 for before's.
func mannWhitney(before, after []float64) (p float64, higher int) {
	for _, a := range after {
		for _, b := range before {
			higher += cmp.Compare(a, b)
		}
	}
	// benchmath doubles the lower tail of its first sample's ranks. With ties and
	// sides of different sizes that is the right tail only of the side that is lower.
	lower, upper := before, after
	if higher < 0 {
		lower, upper = after, before
	}
	thresholds := benchmath.DefaultThresholds
	c := benchmath.AssumeNothing.Compare(benchmath.NewSample(lower, &thresholds), benchmath.NewSample(upper, &thresholds))
	return min(1, c.P), cmp.Compare(higher, 0)
}

// moreRuns returns how many more runs a side it takes until the most unequal ranks are
// significant: from then on the interval is bounded, too.
func moreRuns(before, after int, alpha float64) int {
	more := 0
	for 2*(sides{before + more, after + more}).atMost(0) > alpha {
		more++
	}
	return more
}

// sides are the numbers of runs of two groups that do not differ.
type sides struct{ before, after int }

// atMost returns the chance that, of all pairs of one run a side, no more than so many
// have the higher value on a given side.
func (s sides) atMost(pairs int) float64 {
	if max(s.before, s.after) <= stats.MannWhitneyExactLimit {
		return stats.UDist{N1: s.before, N2: s.after}.CDF(float64(pairs))
	}
	all := float64(s.before * s.after)
	deviation := math.Sqrt(all * float64(s.before+s.after+1) / 12)
	return stats.StdNormal.CDF((float64(pairs) + 0.5 - all/2) / deviation)
}

// ratio returns the logarithms of an interval of after's values relative to before's:
// the ratios of all pairs, without as many at either end as a test at this level
// leaves out. It leaves out whole pairs; between the two numbers of them that are
// nearest to the level the interval is interpolated, else it would cover 97 % instead
// of 95 with four runs a side.
func ratio(before, after []float64, alpha float64) (low, high float64) {
	s := sides{len(before), len(after)}
	pairs := len(before) * len(after)
	cut := sort.Search(pairs, func(n int) bool { return 2*s.atMost(n) > alpha })
	if cut == 0 {
		return math.Inf(-1), math.Inf(1)
	}
	within, beyond := s.atMost(cut-1), s.atMost(cut)
	part := (alpha/2 - within) / (beyond - within)
	logs := logRatios(before, after)
	end := len(logs) - 1
	return between(logs[cut-1], logs[cut], part), between(logs[end-cut+1], logs[end-cut], part)
}

// logRatios returns the logarithms of all pairs' ratios in ascending order. Two zeros
// have any ratio: half of such pairs count at either end.
func logRatios(before, after []float64) []float64 {
	logs := make([]float64, 0, len(before)*len(after))
	zeros := 0
	for _, a := range after {
		for _, b := range before {
			if a == 0 && b == 0 {
				zeros++
				continue
			}
			logs = append(logs, math.Log(a)-math.Log(b))
		}
	}
	for range (zeros + 1) / 2 {
		logs = append(logs, math.Inf(-1), math.Inf(1))
	}
	slices.Sort(logs)
	return logs
}

// between returns the value at a part of the way from one to the other, and the first
// when there is no such way.
func between(from, to, part float64) float64 {
	if math.IsInf(from, 0) || math.IsInf(to, 0) {
		return from
	}
	return from + part*(to-from)
}
