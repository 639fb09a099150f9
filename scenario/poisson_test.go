package scenario

import (
	"math"
	"slices"
	"testing"
	"time"
)

// The bounds below reject a correct process with probability 1e-6, or less where
// several numbers are held to one bound; seeds are fixed, so a test passes always
// or never. normalBound is the normal quantile of 1 - 1e-6/2.
const normalBound = 4.8916

func poissonFleet(name string, recordsPerSecond float64) Producer {
	return Producer{Name: name, Poisson: true, Rate: Rate{Records: recordsPerSecond}}
}

func arrivals(s Schedule) []time.Duration {
	out := make([]time.Duration, s.Count())
	for i := range out {
		out[i] = s.At(int64(i))
	}
	return out
}

// TestPoissonGaps holds the gaps between a million records against the
// exponential law, by Kolmogorov and Smirnov: √n·D passes 2.6936 with probability
// 2·exp(-2·2.6936²) = 1e-6. Neighbouring gaps must not be correlated.
func TestPoissonGaps(t *testing.T) {
	const rate = 1000.0
	times := arrivals(NewSchedule(poissonFleet("p", rate), []Phase{phaseOf(1000, Always(1))}, 42))
	n := float64(len(times) - 1)
	gaps := make([]float64, len(times)-1)
	product := 0.0
	for i := range gaps {
		gaps[i] = (times[i+1] - times[i]).Seconds() * rate
		if i > 0 {
			product += (gaps[i-1] - 1) * (gaps[i] - 1)
		}
	}
	if r := product / math.Sqrt(n); math.Abs(r) > normalBound {
		t.Errorf("neighbouring gaps are correlated: %.2f standard deviations", r)
	}
	slices.Sort(gaps)
	d := 0.0
	for i, g := range gaps {
		law := 1 - math.Exp(-g)
		d = max(d, law-float64(i)/n, float64(i+1)/n-law)
	}
	if d*math.Sqrt(n) > 2.6936 {
		t.Errorf("gaps are not exponential: √n·D = %.3f", d*math.Sqrt(n))
	}
}

// TestPoissonCounts holds how many records fall into equal stretches, within a
// block of points and across blocks, against the Poisson law: the index of
// dispersion, the law itself where the mean is small, and no correlation between
// neighbours.
func TestPoissonCounts(t *testing.T) {
	const rate, length = 1000.0, 2000.0 // a block has 1,024 records
	times := arrivals(NewSchedule(poissonFleet("p", rate), []Phase{phaseOf(length, Always(1))}, 7))
	for _, stretch := range []float64{0.005, 0.1, 1, 1.024, 20} {
		counts := make([]int, int(length/stretch))
		for _, at := range times {
			if i := int(at.Seconds() / stretch); i < len(counts) {
				counts[i]++
			}
		}
		n, mean := float64(len(counts)), rate*stretch
		dispersion, product := 0.0, 0.0
		for i, c := range counts {
			off := float64(c) - mean
			dispersion += off * off / mean
			if i > 0 {
				product += off * (float64(counts[i-1]) - mean) / mean
			}
		}
		// The sum of squares has the mean n and the variance n·(2 + 1/mean).
		if z := (dispersion - n) / math.Sqrt(n*(2+1/mean)); math.Abs(z) > normalBound {
			t.Errorf("counts in %v s scatter by %.4f of what they should: %.1f standard deviations", stretch, dispersion/n, z)
		}
		if z := product / math.Sqrt(n-1); math.Abs(z) > normalBound {
			t.Errorf("counts in neighbouring %v s are correlated: %.1f standard deviations", stretch, z)
		}
		if mean < 10 {
			holdAgainstPoisson(t, counts, mean)
		}
	}
}

// holdAgainstPoisson compares counts with the law, see fit.
func holdAgainstPoisson(t *testing.T, counts []int, mean float64) {
	t.Helper()
	most := slices.Max(counts)
	seen, shares := make([]int, most+2), make([]float64, most+2)
	rest := 1.0
	for k := range most + 1 {
		shares[k] = poissonProbability(k, mean)
		rest -= shares[k]
	}
	shares[most+1] = max(rest, 0)
	for _, c := range counts {
		seen[c]++
	}
	// fit looks at its first cell closely: the mode is the most telling.
	mode := int(mean)
	seen[0], seen[mode] = seen[mode], seen[0]
	shares[0], shares[mode] = shares[mode], shares[0]
	if err := fit(seen, shares, len(counts)); err != nil {
		t.Errorf("counts with the mean %v: %v", mean, err)
	}
}

func poissonProbability(k int, mean float64) float64 {
	factorial, _ := math.Lgamma(float64(k + 1))
	return math.Exp(float64(k)*math.Log(mean) - mean - factorial)
}

// TestPoissonTotals holds the number of records of whole runs, over seeds: below
// one block, and over a few with a short last one.
func TestPoissonTotals(t *testing.T) {
	for _, mean := range []float64{0.5, 4.2} {
		counts := make([]int, 20_000)
		for seed := range counts {
			counts[seed] = int(NewSchedule(poissonFleet("p", mean), []Phase{phaseOf(1, Always(1))}, uint64(seed)).Count())
		}
		holdAgainstPoisson(t, counts, mean)
	}
	const mean, runs = 2500.0, 5000
	sum, squares := 0.0, 0.0
	for seed := range runs {
		off := float64(NewSchedule(poissonFleet("p", mean), []Phase{phaseOf(1, Always(1))}, uint64(seed)).Count()) - mean
		sum += off
		squares += off * off / mean
	}
	if z := sum / math.Sqrt(mean*runs); math.Abs(z) > normalBound {
		t.Errorf("totals are off by %.1f standard deviations", z)
	}
	if z := (squares - runs) / math.Sqrt(runs*(2+1/mean)); math.Abs(z) > normalBound {
		t.Errorf("totals scatter by %.4f of what they should: %.1f standard deviations", squares/runs, z)
	}
}

// TestPoissonLaw holds the table against the law's own formula.
func TestPoissonLaw(t *testing.T) {
	for _, mean := range []float64{1e-6, 0.3, 1, 17.5, 1024, 65536.25} {
		law := newPoissonLaw(mean)
		before := 0.0
		for i, c := range law.cumulative {
			want := poissonProbability(int(law.first)+i, mean)
			if math.Abs(c-before-want) > 1e-12*want*math.Sqrt(mean)+1e-12 {
				t.Fatalf("mean %v: probability of %d is %v, want %v", mean, law.first+int64(i), c-before, want)
			}
			before = c
		}
		// The two ends of what 53 bits can say.
		least, most := law.draw(0), law.draw(math.MaxUint64)
		if least > int64(mean) || most < int64(mean) || float64(most) > mean+9*math.Sqrt(mean)+25 {
			t.Errorf("mean %v: draws from %d to %d", mean, least, most)
		}
	}
}

// TestCoins holds the number of heads against the binomial law with ½.
func TestCoins(t *testing.T) {
	const draws = 200_000
	for _, n := range []int64{1, 5, 63, 64, 65, 128, 130} {
		counts, shares := make([]int, n+1), make([]float64, n+1)
		for i := range draws {
			counts[coins(mix64(uint64(i)), 3, n)]++
		}
		for k := range shares {
			all, _ := math.Lgamma(float64(n + 1))
			heads, _ := math.Lgamma(float64(k + 1))
			tails, _ := math.Lgamma(float64(int(n) - k + 1))
			shares[k] = math.Exp(all - heads - tails - float64(n)*math.Ln2)
		}
		counts[0], counts[n/2] = counts[n/2], counts[0]
		shares[0], shares[n/2] = shares[n/2], shares[0]
		if err := fit(counts, shares, draws); err != nil {
			t.Errorf("%d tosses: %v", n, err)
		}
	}
}

// TestPoissonFollowsTheCurve holds a fleet with bursts, through phases, against
// its expected number of records in each stretch, and that the even schedule's
// clock turns its times into a process of rate 1.
func TestPoissonFollowsTheCurve(t *testing.T) {
	p := inRecords(Curve{Shape: Burst, From: 500, To: 8000, Over: seconds(60), Lasts: seconds(5)})
	phases := []Phase{phaseOf(90, Always(0.25)), phaseOf(10, Always(0)), phaseOf(500, Curve{Shape: Ramp, From: 0.5, To: 1, Over: seconds(500)})}
	even := NewSchedule(p, phases, 3)
	p.Poisson = true
	random := NewSchedule(p, phases, 3)
	squares, n := 0.0, 0.0
	for second := range 600 {
		from, to := time.Duration(second)*time.Second, time.Duration(second+1)*time.Second
		want := float64(even.Due(to-1) - even.Due(from-1)) // a Poisson mean, to one record
		got := float64(random.Due(to-1) - random.Due(from-1))
		if want == 0 {
			if got != 0 {
				t.Errorf("%v records in second %d, which has no rate", got, second)
			}
			continue
		}
		off := got - want
		squares += off * off / want
		n++
	}
	// Rounding the mean to a record adds at most 1/want, 1/125 here.
	if z := (squares - n) / math.Sqrt(2*n); math.Abs(z) > normalBound+n/125/math.Sqrt(2*n) {
		t.Errorf("counts scatter by %.3f of what they should", squares/n)
	}
}

// TestPoissonIsAFunction holds that seed and name decide, and nothing else: twice
// the same gives the same, and other names and seeds give records that know
// nothing of each other.
func TestPoissonIsAFunction(t *testing.T) {
	phases := []Phase{phaseOf(1000, Always(1))}
	count := func(p Producer, seed uint64) []float64 {
		out := make([]float64, 10_000)
		for _, at := range arrivals(NewSchedule(p, phases, seed)) {
			out[at/seconds(0.1)]++
		}
		return out
	}
	first := count(poissonFleet("a", 100), 1)
	if !slices.Equal(first, count(poissonFleet("a", 100), 1)) {
		t.Error("the same fleet leaves at other times")
	}
	for name, other := range map[string][]float64{
		"fleet":     count(poissonFleet("b", 100), 1),
		"seed":      count(poissonFleet("a", 100), 2),
		"next seed": count(poissonFleet("a", 100), 1<<32+1),
	} {
		product := 0.0
		for i := range first {
			product += (first[i] - 10) * (other[i] - 10) / 10
		}
		if z := product / math.Sqrt(float64(len(first))); math.Abs(z) > normalBound {
			t.Errorf("another %s is correlated: %.1f standard deviations", name, z)
		}
	}
}

// TestPoissonStays pins a few times, so that a change of the process, which would
// make other runs of old scenarios, does not go unseen.
func TestPoissonStays(t *testing.T) {
	s := NewSchedule(poissonFleet("checkout", 1000), []Phase{phaseOf(10, Always(1))}, 42)
	got := []time.Duration{s.At(0), s.At(1), s.At(5000), s.At(s.Count() - 1)}
	want := []time.Duration{1290060, 3955169, 5106914859, 9999277397}
	if s.Count() != 9772 || !slices.Equal(got, want) {
		t.Errorf("%d records at %d, want %d", s.Count(), got, want)
	}
}

// TestPoissonAtLength holds At and Due of a schedule whose blocks have grown.
func TestPoissonAtLength(t *testing.T) {
	s := NewSchedule(poissonFleet("p", 1e6), []Phase{{Duration: 30 * 24 * time.Hour, Load: Always(1)}}, 5)
	const want = 1e6 * 30 * 86400
	if n := float64(s.Count()); math.Abs(n-want) > normalBound*math.Sqrt(want) {
		t.Errorf("%.0f records, want %.0f ± %.0f", n, want, math.Sqrt(want))
	}
	if n := len(s.points.before); n > mostBlocks+1 {
		t.Errorf("%d blocks", n)
	}
	last := time.Duration(-1)
	for k := range int64(50) {
		i := k * (s.Count() / 50)
		at := s.At(i)
		if s.Due(at) <= i || s.Due(at-1) > i || at <= last {
			t.Errorf("record %d leaves at %d, when %d are due, after %d", i, at, s.Due(at), last)
		}
		last = at
		if off := at.Seconds()*1e6 - float64(i); math.Abs(off) > 6*math.Sqrt(want) {
			t.Errorf("record %d leaves at %v", i, at)
		}
	}
}
