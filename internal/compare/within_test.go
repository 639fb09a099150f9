package compare_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"msklt/internal/compare"
)

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// middle sorts what it is given, as statistics may.
func middle(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// seconds returns a run's, of which each depends on the last one.
func seconds(n int, correlation, level float64, r *rand.Rand) []float64 {
	out := make([]float64, n)
	x := r.NormFloat64()
	for i := range out {
		out[i] = level * math.Exp(0.2*x)
		x = correlation*x + math.Sqrt(1-correlation*correlation)*r.NormFloat64()
	}
	return out
}

func TestWithin(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	steady, busier := seconds(120, 0.3, 100, r), seconds(120, 0.3, 130, r)
	constant := func(n int, v float64) []float64 { return slices.Repeat([]float64{v}, n) }
	drift := make([]float64, 300)
	for i := range drift {
		drift[i] = float64(100 + i)
	}
	some := slices.Concat(constant(60, 0), []float64{1})
	cases := []struct {
		name          string
		before, after []float64
		statistic     func([]float64) float64
		word          compare.Word
		more          int
		difference    float64
		bounded       bool
	}{
		{"30 % more", steady, busier, mean, compare.Worsened, 0, mean(busier)/mean(steady) - 1, true},
		{"30 % less", busier, steady, mean, compare.Improved, 0, mean(steady)/mean(busier) - 1, true},
		{"itself", steady, steady, middle, compare.NoDifference, 0, 0, true},
		{"unknown seconds", slices.Concat([]float64{nan, inf}, steady), busier, mean, compare.Worsened, 0, mean(busier)/mean(steady) - 1, true},
		{"a constant and the same", constant(60, 0.1), constant(60, 0.1), mean, compare.NoDifference, 0, 0, true},
		{"a constant and more", constant(60, 0.1), constant(60, 0.2), mean, compare.Worsened, 0, 1, true},
		{"nothing and something", constant(60, 0), constant(60, 0.3), mean, compare.Worsened, 0, nan, false},
		{"nothing and next to nothing", constant(60, 0), some, mean, compare.NoDifference, 0, nan, false},
		{"nothing and nothing", constant(60, 0), constant(60, 0), mean, compare.NoDifference, 0, 0, false},
		{"few seconds", constant(16, 1), constant(60, 2), mean, compare.TooFewRuns, 3, 1, false},
		{"no seconds", nil, steady, mean, compare.TooFewRuns, 3, nan, false},
		{"all drift", drift, steady, mean, compare.TooFewRuns, 3, mean(steady)/249.5 - 1, false},
		{"too large to square", slices.Repeat([]float64{1e300, 2e300}, 50), steady, mean, compare.TooFewRuns, 3, -1, false},
		{"a statistic that is not known", steady, busier, func([]float64) float64 { return nan }, compare.TooFewRuns, 3, nan, false},
		{"a statistic too large to square", steady, busier, func(v []float64) float64 { return (v[0] - 1000) * 1e200 }, compare.NoDifference, 0, (busier[0]-1000)/(1000-steady[0]) + 1, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before, after := slices.Clone(c.before), slices.Clone(c.after)
			f := compare.Within(before, after, c.statistic, compare.Lower, options)
			if f.Word != c.word || f.MoreRuns != c.more || f.Bounded != c.bounded || !same(f.Difference, c.difference) {
				t.Errorf("%+v\nwant %q, %d more runs, %v, bounded %v", f, c.word, c.more, c.difference, c.bounded)
			}
			if !slices.EqualFunc(before, c.before, same) || !slices.EqualFunc(after, c.after, same) {
				t.Error("the caller's values were altered")
			}
			if again := compare.Within(c.before, c.after, c.statistic, compare.Lower, options); !same(f.P, again.P) || !same(f.Low, again.Low) || f.Method != again.Method {
				t.Errorf("%+v\nand again %+v", f, again)
			}
		})
	}
}

func TestWithinMirroredAndScaled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Float64Range(0.5, 2)
		if rapid.Bool().Draw(t, "zeros") {
			value = rapid.SampledFrom([]float64{0, 0, 1, 2})
		}
		before := rapid.SliceOfN(value, 17, 60).Draw(t, "before")
		after := rapid.SliceOfN(value, 17, 60).Draw(t, "after")
		unit := math.Ldexp(1, rapid.IntRange(-40, 40).Draw(t, "unit"))
		o := compare.Options{Confidence: 0.95}
		f := compare.Within(before, after, mean, compare.Lower, o)
		mirrored(t, f, compare.Within(after, before, mean, compare.Lower, o))
		for i := range before {
			before[i] *= unit
		}
		for i := range after {
			after[i] *= unit
		}
		unchanged(t, f, compare.Within(before, after, mean, compare.Lower, o))
	})
}

// A thousand series of a long run would take minutes.
func TestWithinOfHours(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	before, after := seconds(20_000, 0.9, 100, r), seconds(20_000, 0.9, 110, r)
	series := 0
	f := compare.Within(before, after, func(v []float64) float64 { series++; return mean(v) }, compare.Lower, options)
	if series != 2*(1+200) {
		t.Errorf("%d series, want the run and 200 drawn of it a side", series)
	}
	// 20,000 ÷ 19 independent seconds of 20 % a side: ± 1.7 %.
	if f.Word != compare.Worsened || f.Low > 0.1 || f.High < 0.1 || math.Abs(f.High-f.Low-0.037) > 0.01 {
		t.Errorf("%+v", f)
	}
}
