package main

import (
	"fmt"
	"math"
)

// unknown is a figure that a measure does not have.
var unknown = math.NaN()

// target is what the first peer of a case should achieve.
type target struct {
	text string
	// of is what was measured, and whether the median is good enough.
	of func(rows []row) (observed string, met bool)
}

func atLeast(than string, figure func(measure) float64, bound float64) target {
	return ratio(fmt.Sprintf("records/s at least %.4g of the %s's", bound, than), than, figure,
		func(median float64) bool { return median >= bound })
}

func atMost(than string, figure func(measure) float64, bound float64) target {
	return ratio(fmt.Sprintf("CPU per record at most %.4g of the %s's", bound, than), than, figure,
		func(median float64) bool { return median <= bound })
}

func ratio(text, than string, figure func(measure) float64, good func(float64) bool) target {
	return target{text, func(rows []row) (string, bool) {
		for _, r := range rows[1:] {
			if r.peer == than {
				s := ratios(rows[0].measures, r.measures, figure)
				return s.String(), good(s.median)
			}
		}
		return "not measured", false
	}}
}

func lagAtMost(ms float64) target {
	return target{fmt.Sprintf("lag p99 at most %g ms where cores are idle", ms), func(rows []row) (string, bool) {
		s := figures(rows[0].measures, func(m measure) float64 { return m.lag })
		return fmt.Sprintf("%.2f ms (%.2f–%.2f)", s.median, s.least, s.most), s.median <= ms
	}}
}

func exact() target {
	return target{"number sent exact, in every round", func(rows []row) (string, bool) {
		n := 0
		for _, m := range rows[0].measures {
			if m.exact {
				n++
			}
		}
		return fmt.Sprintf("%d of %d rounds", n, len(rows[0].measures)), n == len(rows[0].measures)
	}}
}
