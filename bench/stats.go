package main

import (
	"fmt"
	"slices"
)

// spread is the median of some values, and how far they reach.
type spread struct{ median, least, most float64 }

func (s spread) String() string { return fmt.Sprintf("%.2f (%.2f–%.2f)", s.median, s.least, s.most) }

// spreadOf needs at least one value.
func spreadOf(values []float64) spread {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return spread{median: (sorted[(n-1)/2] + sorted[n/2]) / 2, least: sorted[0], most: sorted[n-1]}
}

// ratios compares two peers round by round, because what the machine does beside
// changes from round to round.
func ratios(of, to []measure, figure func(measure) float64) spread {
	var all []float64
	for i := range of {
		all = append(all, figure(of[i])/figure(to[i]))
	}
	return spreadOf(all)
}

func figures(of []measure, figure func(measure) float64) spread {
	var all []float64
	for _, m := range of {
		all = append(all, figure(m))
	}
	return spreadOf(all)
}
