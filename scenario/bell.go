package scenario

import "math"

// bell is a normal law, or one whose logarithm is normal, rounded to the nearest
// whole number and kept between two bounds: a number n has the probability of
// n-½ to n+½ under the law, over that of all numbers within the bounds.
type bell struct {
	log        bool
	mu, sigma  float64 // mean and standard deviation, of the logarithm if log
	min, max   int
	below, all float64 // probability of what lies below the bounds, and between them
}

// quantile99 is the 99th percentile of the standard normal law.
const quantile99 = 2.3263478740408408

func newBell(s Size) bell {
	b := bell{mu: s.Mean, sigma: s.StdDev, min: s.Min, max: s.Max}
	if s.Shape == LognormalSize {
		b.log, b.mu, b.sigma = true, math.Log(s.Median), math.Log(s.P99/s.Median)/quantile99
	}
	low, high := b.score(float64(b.min)-0.5), b.score(float64(b.max)+0.5)
	b.below, b.all = normalBelow(low), normalBetween(low, high)
	return b
}

// draw inverts the distribution function between the bounds, which is the law of
// drawing again until the result lies within them, without the loop.
func (b *bell) draw(r *stream) int {
	u := b.below + r.float()*b.all
	x := b.mu + b.sigma*math.Sqrt2*math.Erfinv(2*u-1)
	if b.log {
		x = math.Exp(x)
	}
	// At the very ends of u the inverse rounds beyond a bound, or to infinity.
	return int(max(float64(b.min), min(math.Round(x), float64(b.max))))
}

// mean is the expectation. The first numbers are summed one by one; for the
// others rounding is left out, which moves them by half of one in a thousand at
// most.
func (b *bell) mean() float64 {
	const single = 1024
	sum, from := 0.0, b.score(float64(b.min)-0.5)
	last := min(b.max, b.min+single-1)
	for n := b.min; n <= last; n++ {
		to := b.score(float64(n) + 0.5)
		sum += float64(n) * normalBetween(from, to)
		from = to
	}
	if last < b.max {
		sum += b.part(from, b.score(float64(b.max)+0.5))
	}
	return sum / b.all
}

// part is the integral of a number times its density, between two scores.
func (b *bell) part(from, to float64) float64 {
	if b.log {
		return math.Exp(b.mu+b.sigma*b.sigma/2) * normalBetween(from-b.sigma, to-b.sigma)
	}
	density := func(z float64) float64 { return math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) }
	return b.mu*normalBetween(from, to) + b.sigma*(density(from)-density(to))
}

// score is how many standard deviations a number lies above the mean.
func (b *bell) score(x float64) float64 {
	if b.log {
		x = math.Log(x)
	}
	return (x - b.mu) / b.sigma
}

// normalBelow is the probability that the standard normal law gives less than z.
func normalBelow(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// normalBetween is the probability between two scores. Above the mean it is taken
// from the mirror image, where small probabilities keep their digits.
func normalBetween(from, to float64) float64 {
	if from > 0 {
		from, to = -to, -from
	}
	return normalBelow(to) - normalBelow(from)
}
