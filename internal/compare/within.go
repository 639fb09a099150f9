package compare

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/aclements/go-moremath/stats"
)

const withinRuns = "block bootstrap within one run a side"

// A run is compared only when it has at least so many blocks: from fewer, how far they
// differ cannot be told.
const fewestBlocks = 4

// Within compares two runs by their seconds, and by a statistic of those. It knows
// nothing of how far two runs of the same thing differ, so that what it finds is weaker
// evidence than Runs': true of these two runs, not yet of what was changed between them.
//
// Seconds depend on those before them. Blocks of successive seconds are drawn with
// replacement, and the statistic's spread over 1,000 such series (fewer of long ones)
// gives the interval by Student's t, with as many degrees of freedom as blocks allow.
func Within(before, after []float64, statistic func([]float64) float64, better Better, o Options) Finding {
	b, a := resample(finite(before), statistic), resample(finite(after), statistic)
	f := finding(Side{b.n, b.value}, Side{a.n, a.value}, withinRuns)
	if !b.known() || !a.known() {
		f.Word, f.MoreRuns = TooFewRuns, moreRuns(1, 1, o.alpha())
		return f
	}
	ratio := b.positive() && a.positive()
	if ratio {
		b.logarithms()
		a.logarithms()
	}
	difference := a.value - b.value
	va, vb := a.variance(), b.variance()
	deviation := math.Sqrt(va + vb)
	if deviation == 0 { // nothing varies within the runs
		f.P = 1
		if difference != 0 {
			f.P = 0
		}
	}
	reach := 0.0
	if deviation > 0 {
		// Welch and Satterthwaite's degrees of freedom.
		t := stats.TDist{V: min(1000, (va+vb)*(va+vb)/(va*va/(a.blocks-1)+vb*vb/(b.blocks-1)))}
		f.P = 2 * (1 - t.CDF(math.Abs(difference)/deviation))
		reach = deviation * stats.InvCDF(t)(1-o.alpha()/2)
	}
	if ratio {
		f.bound(difference-reach, difference+reach)
	}
	f.claim(cmp.Compare(difference, 0), better, o)
	return f
}

// series is a run's seconds, seen through a statistic.
type series struct {
	n      int
	value  float64   // of all seconds
	draws  []float64 // of series made of the run's blocks
	blocks float64
}

// resample draws series of the same length, always the same ones: starts depend on the
// numbers of seconds and blocks only, so that a change of unit changes nothing.
func resample(seconds []float64, statistic func([]float64) float64) series {
	n := len(seconds)
	s := series{n: n, value: math.NaN()}
	if n == 0 {
		return s
	}
	s.value = statistic(slices.Clone(seconds)) // it may sort them
	length := blockLength(seconds)
	if s.blocks = float64(n) / float64(length); s.blocks < fewestBlocks {
		return s
	}
	random := rand.New(rand.NewPCG(uint64(n), uint64(length)))
	drawn := make([]float64, n)
	for range max(200, min(1000, 2_000_000/n)) { // so that a day's run takes a second, too
		for at := 0; at < n; at += length {
			start := random.IntN(n)
			for i := at; i < min(n, at+length); i++ {
				drawn[i] = seconds[(start+i-at)%n] // the run's end goes on at its beginning
			}
		}
		s.draws = append(s.draws, statistic(drawn))
	}
	return s
}

// blockLength returns how many seconds belong together: four autocorrelation times, as
// far as the correlation of neighbours tells, and no fewer than the cube root of all.
func blockLength(seconds []float64) int {
	n := float64(len(seconds))
	mean := 0.0
	for _, v := range seconds {
		mean += v / n
	}
	var variance, neighbours float64
	for i, v := range seconds {
		variance += (v - mean) * (v - mean)
		if i > 0 {
			neighbours += (v - mean) * (seconds[i-1] - mean)
		}
	}
	r := 0.0
	if variance > 0 {
		r = neighbours / variance
	}
	if n > 3 {
		r = (n*r + 1) / (n - 3) // what is expected of r in a series that short is less than the correlation
	}
	r = min(0.99, max(0, r))
	return int(math.Ceil(max(math.Cbrt(n), 4*(1+r)/(1-r))))
}

func (s series) known() bool {
	for _, d := range append(s.draws, s.value) {
		if math.IsNaN(d) || math.IsInf(d, 0) {
			return false
		}
	}
	return len(s.draws) > 0
}

func (s series) positive() bool { return s.value > 0 && slices.Min(s.draws) > 0 }

func (s *series) logarithms() {
	s.value = math.Log(s.value)
	for i, d := range s.draws {
		s.draws[i] = math.Log(d)
	}
}

// variance returns the statistic's own, from that of its draws: series made of few
// blocks vary less than runs do.
func (s series) variance() float64 {
	n := float64(len(s.draws))
	mean, squares := 0.0, 0.0
	for _, d := range s.draws {
		mean += d / n
	}
	for _, d := range s.draws {
		squares += (d - mean) * (d - mean)
	}
	return squares / (n - 1) * s.blocks / (s.blocks - 1)
}
