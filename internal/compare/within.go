package compare

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/aclements/go-moremath/stats"
)

const withinRuns = "block bootstrap within one run a side"

const (
	blockTimes   = 4 // a block's length in autocorrelation times
	fewestBlocks = 4 // of a run; how far fewer of them differ by chance cannot be told
)

// Within compares two runs by a statistic of their seconds. It knows nothing of how far
// two runs of the same thing differ, so that what it finds is weaker evidence than what
// Runs finds: it holds for these two runs, not for what was changed between them.
//
// Seconds depend on those before them. Blocks of successive seconds are drawn with
// replacement, and how the statistic varies over 1,000 series of such blocks (fewer if
// they are long) gives the interval by Student's t, whose degrees of freedom come from
// the number of blocks. Runs of fewer than four blocks are not compared.
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
	difference, reach := a.value-b.value, 0.0
	va, vb := a.variance(), b.variance()
	switch deviation := math.Sqrt(va + vb); {
	case math.IsInf(deviation, 1): // squares too large to be computed; P stays unknown
	case deviation > 0:
		// Degrees of freedom as Welch and Satterthwaite have them.
		part := va / (va + vb)
		freedom := 1 / (part*part/(a.blocks-1) + (1-part)*(1-part)/(b.blocks-1))
		t := stats.TDist{V: min(1000, freedom)} // beyond that as good as normal, and no longer computed
		f.P = 2 * (1 - t.CDF(math.Abs(difference)/deviation))
		reach = deviation * stats.InvCDF(t)(1-o.alpha()/2)
	case difference == 0:
		f.P = 1
	default: // nothing varies within the runs, so that no difference is chance
		f.P = 0
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
	value  float64   // of the run
	draws  []float64 // of series made of its blocks; none when it has too few
	blocks float64
}

// resample draws the series. Its seed comes from the numbers of seconds and blocks, so
// that the same run gives the same draws, in whatever unit.
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
	for range max(200, min(1000, 2_000_000/n)) { // so that a day is done in seconds
		for at := 0; at < n; at += length {
			start := random.IntN(n)
			for i := range min(length, n-at) {
				drawn[at+i] = seconds[(start+i)%n] // after the run's end comes its beginning
			}
		}
		s.draws = append(s.draws, statistic(drawn))
	}
	return s
}

// blockLength returns how many seconds are drawn together: four autocorrelation times,
// but at least the cube root of all. The time is the sum of the autocorrelations over
// Sokal's window, the shortest that is five such times long, corrected as Wolff does for
// what the sum lacks because the mean is the sample's. A run of too few blocks is one.
func blockLength(seconds []float64) int {
	n := float64(len(seconds))
	d, variance := deviations(seconds)
	time, window := 1.0, 0.0
	for longest := n / (blockTimes * fewestBlocks); variance > 0 && window < 5*max(1, time) && time <= longest; {
		window++
		covariance := 0.0
		for i, later := range d[int(window):] {
			covariance += d[i] * later / n
		}
		time += 2 * covariance / variance
	}
	time *= 1 + (2*window+1)/n
	length := math.Ceil(max(math.Cbrt(n), blockTimes*max(1, time)))
	if !(length <= n) { // NaN when the values are too large to be squared
		return len(seconds)
	}
	return int(length)
}

func (s series) known() bool {
	unknown := func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }
	return len(s.draws) > 0 && !unknown(s.value) && !slices.ContainsFunc(s.draws, unknown)
}

func (s series) positive() bool { return s.value > 0 && slices.Min(s.draws) > 0 }

func (s *series) logarithms() {
	s.value = math.Log(s.value)
	for i, d := range s.draws {
		s.draws[i] = math.Log(d)
	}
}

// variance returns how much the statistic varies from run to run as far as seconds
// tell: more than the draws, whose blocks come from one run.
func (s series) variance() float64 {
	_, v := deviations(s.draws)
	return v * s.blocks / (s.blocks - 1)
}

// deviations returns how far values are from their mean, and the mean of the squares.
// Those of equal values are zero, not what rounding leaves.
func deviations(values []float64) (d []float64, variance float64) {
	n := float64(len(values))
	d = slices.Clone(values)
	mean := 0.0
	for i := range d {
		d[i] -= values[0]
		mean += d[i] / n
	}
	for i := range d {
		d[i] -= mean
		variance += d[i] * d[i] / n
	}
	return d, variance
}
