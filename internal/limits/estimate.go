package limits

import (
	"math"
	"slices"
)

// estimate reads one value out of many noisy ones: the median of the shortest
// interval that holds half of them. Estimates of a quota scatter mostly upwards
// (a request more or less in a sample, the order between clients), so their dense
// part lies nearer to the quota than their median does.
//
// spread is half the width of that shortest interval, relative to the value.
func estimate(values []float64) (value, spread float64) {
	if len(values) == 0 {
		return math.NaN(), math.Inf(1)
	}
	v := slices.Clone(values)
	slices.Sort(v)
	half := (len(v) + 1) / 2
	best := 0
	for i := 0; i+half <= len(v); i++ {
		if v[i+half-1]-v[i] < v[best+half-1]-v[best] {
			best = i
		}
	}
	in := v[best : best+half]
	value = (in[(half-1)/2] + in[half/2]) / 2
	return value, (in[half-1] - in[0]) / 2 / value
}

// windowSeconds is the number of seconds over which used and plateau are means:
// the whole window of a Kafka quota.
const windowSeconds = 11

// Used returns the highest mean over 11 consecutive seconds of a run that lasted so
// many; seconds may end early, when nothing came any more. Of a shorter run it is
// the mean.
func Used(seconds []int64, lasted int) float64 {
	n := min(windowSeconds, max(lasted, len(seconds)))
	if n == 0 {
		return 0
	}
	var sum, best int64
	for i, s := range seconds {
		sum += s
		if i >= n {
			sum -= seconds[i-n]
		}
		best = max(best, sum) // a sum of fewer seconds is one of more, some of them idle
	}
	return float64(best) / float64(n)
}

// Plateau returns the mean over as many whole windows of 11 seconds as fit
// between from and to, the latest ones; ok is false when none fits.
func Plateau(seconds []int64, from, to int) (rate float64, ok bool) {
	to = min(to, len(seconds))
	n := (to - from) / windowSeconds * windowSeconds
	if n <= 0 {
		return 0, false
	}
	var sum int64
	for _, s := range seconds[to-n : to] {
		sum += s
	}
	return float64(sum) / float64(n), true
}
