package scenario

import "math"

// zipf draws from 1 … n with probability proportional to rank^-s, s > 0, in
// constant time and memory by rejection-inversion (Hörmann and Derflinger 1996,
// "Rejection-inversion to generate variates from monotone discrete
// distributions").
//
// The bars of height rank^-s are covered by the area under the curve x^-s: bar k
// lies under the curve from k-½ to k+½, because the curve is convex. A uniform
// point of that area is taken by inverting the integral; it is kept when it falls
// inside the bar. On average less than 1.2 points are needed.
type zipf struct {
	s          float64
	n          float64
	low, high  float64 // integral at both ends of the area
	sureWithin float64 // distance below a rank within which a point needs no check
}

func newZipf(s float64, n int) zipf {
	z := zipf{s: s, n: float64(n)}
	// The first bar needs no cover to its left: the area is cut so that it
	// holds exactly the bar's height there.
	z.low = z.integral(1.5) - 1
	z.high = z.integral(z.n + 0.5)
	z.sureWithin = 2 - z.inverse(z.integral(2.5)-math.Pow(2, -s))
	return z
}

// draw returns a rank from 1 to n.
func (z *zipf) draw(r *stream) int {
	for {
		u := z.high + r.float()*(z.low-z.high)
		x := z.inverse(u)
		rank := min(max(math.Floor(x+0.5), 1), z.n)
		if rank-x <= z.sureWithin || u >= z.integral(rank+0.5)-math.Pow(rank, -z.s) {
			return int(rank)
		}
	}
}

// integral is the integral of t^-s from 1 to x: (x^(1-s) - 1) / (1-s), or ln x
// for s = 1. Written with expm1 it is accurate on both sides of 1.
func (z *zipf) integral(x float64) float64 {
	l := math.Log(x)
	return l * ratioExpm1((1-z.s)*l)
}

// inverse returns the x at which integral is y.
func (z *zipf) inverse(y float64) float64 {
	t := max(y*(1-z.s), -1) // rounding must not leave the logarithm's domain
	return math.Exp(y * ratioLog1p(t))
}

// ratioExpm1 is (e^t - 1) / t, 1 at 0.
func ratioExpm1(t float64) float64 {
	if math.Abs(t) < 1e-8 {
		return 1 + t/2
	}
	return math.Expm1(t) / t
}

// ratioLog1p is ln(1+t) / t, 1 at 0.
func ratioLog1p(t float64) float64 {
	if math.Abs(t) < 1e-8 {
		return 1 - t/2
	}
	return math.Log1p(t) / t
}
