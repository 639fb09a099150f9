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
	of   func(rows []row) achieved
}

// achieved is what was measured of a target, and whether that is enough.
type achieved struct {
	measured string
	met      bool
	unknown  bool // nothing was measured
}

// String is two cells of a table.
func (a achieved) String() string {
	switch {
	case a.unknown:
		return "not measured |"
	case a.met:
		return a.measured + " | met"
	}
	return a.measured + " | missed"
}

func atLeast(than string, figure func(measure) float64, bound float64) target {
	return ratio(fmt.Sprintf("records/s at least %.4g × those of %s", bound, than), than, figure,
		func(median float64) bool { return median >= bound })
}

func atMost(than string, figure func(measure) float64, bound float64) target {
	return ratio(fmt.Sprintf("CPU per record at most %.4g × that of %s", bound, than), than, figure,
		func(median float64) bool { return median <= bound })
}

func ratio(text, than string, figure func(measure) float64, good func(float64) bool) target {
	return target{text, func(rows []row) achieved {
		for _, r := range rows[1:] {
			if r.peer == than {
				s := ratios(rows[0].measures, r.measures, figure)
				return achieved{measured: s.String(), met: good(s.median)}
			}
		}
		return achieved{unknown: true}
	}}
}

func lagAtMost(ms float64) target {
	return target{fmt.Sprintf("lag p99 at most %g ms where cores are idle", ms), func(rows []row) achieved {
		s := figures(rows[0].measures, func(m measure) float64 { return m.lag })
		return achieved{measured: s.String() + " ms", met: s.median <= ms}
	}}
}

func exact() target {
	return target{"number sent exact, in every round", func(rows []row) achieved {
		n := 0
		for _, m := range rows[0].measures {
			if m.exact {
				n++
			}
		}
		all := len(rows[0].measures)
		return achieved{measured: fmt.Sprintf("%d of %d rounds", n, all), met: n == all}
	}}
}
