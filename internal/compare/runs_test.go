package compare_test

import (
	"math"
	"math/bits"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"msklt/internal/compare"
)

var (
	options = compare.Options{Confidence: 0.95, MinEffect: 0.05}
	nan     = math.NaN()
	inf     = math.Inf(1)
)

func TestRuns(t *testing.T) {
	cases := []struct {
		name          string
		before, after []float64
		better        compare.Better
		word          compare.Word
		more          int
		difference    float64
		bounded       bool
	}{
		{"clearly more", []float64{100, 101, 102, 103}, []float64{120, 121, 122, 123}, compare.Lower, compare.Worsened, 0, 20 / 101.5, true},
		{"more is better", []float64{100, 101, 102, 103}, []float64{120, 121, 122, 123}, compare.Higher, compare.Improved, 0, 20 / 101.5, true},
		{"clearly less", []float64{120, 121, 122, 123}, []float64{100, 101, 102, 103}, compare.Lower, compare.Improved, 0, -20 / 121.5, true},
		{"less is worse", []float64{120, 121, 122, 123}, []float64{100, 101, 102, 103}, compare.Higher, compare.Worsened, 0, -20 / 121.5, true},
		{"certain, but small", []float64{100, 101, 102, 103}, []float64{104, 105, 106, 107}, compare.Lower, compare.NoDifference, 0, 4 / 101.5, true},
		{"exactly the smallest effect", []float64{100, 100, 100, 100}, []float64{105, 105, 105, 105}, compare.Lower, compare.Worsened, 0, 0.05, true},
		{"large, but not certain", []float64{100, 200, 300, 400}, []float64{150, 250, 350, 500}, compare.Lower, compare.NoDifference, 0, 0.2, true},
		{"all equal", []float64{7, 7, 7, 7}, []float64{7, 7, 7, 7}, compare.Lower, compare.NoDifference, 0, 0, true},
		{"zeros", make([]float64, 5), make([]float64, 5), compare.Lower, compare.NoDifference, 0, 0, false},
		{"from nothing", make([]float64, 4), []float64{1, 2, 3, 4}, compare.Lower, compare.Worsened, 0, nan, false},
		{"to nothing", []float64{1, 2, 3, 4}, make([]float64, 4), compare.Lower, compare.Improved, 0, -1, true},
		{"below zero", []float64{-4, -3, -2, -1}, []float64{-9, -8, -7, -6}, compare.Lower, compare.Improved, 0, -2, false},
		{"across zero", []float64{-2, -1, 1, 1}, []float64{6, 7, 8, 9}, compare.Lower, compare.Worsened, 0, nan, false},
		{"median down, ranks up", // P = 0.03
			slices.Concat(slices.Repeat([]float64{1}, 9), slices.Repeat([]float64{10}, 11)),
			slices.Concat(slices.Repeat([]float64{9}, 11), slices.Repeat([]float64{100}, 9)),
			compare.Lower, compare.NoDifference, 0, -0.1, true},
		{"one run a side", []float64{100}, []float64{200}, compare.Lower, compare.TooFewRuns, 3, 1, false},
		{"three runs a side", []float64{1, 2, 3}, []float64{4, 5, 6}, compare.Lower, compare.TooFewRuns, 1, 1.5, false},
		{"three and four", []float64{1, 2, 3}, []float64{4, 5, 6, 7}, compare.Lower, compare.TooFewRuns, 1, 1.75, false},      // 2 of 35 orders
		{"three and five", []float64{1, 2, 3}, []float64{4, 5, 6, 7, 8}, compare.Lower, compare.Worsened, 0, 2, true},         // 2 of 56
		{"one and 38", []float64{1}, slices.Repeat([]float64{2}, 38), compare.Lower, compare.TooFewRuns, 1, 1, false},         // 2 of 39
		{"one and 39", []float64{1}, slices.Repeat([]float64{2}, 39), compare.Lower, compare.Worsened, 0, 1, true},            // 2 of 40
		{"nothing before", nil, []float64{1, 2, 3, 4, 5}, compare.Lower, compare.TooFewRuns, 3, nan, false},                   // 2 and 7: 2 of 36
		{"nothing after", []float64{1, 2, 3, 4, 5}, nil, compare.Lower, compare.TooFewRuns, 3, nan, false},                    //
		{"nothing at all", nil, nil, compare.Lower, compare.TooFewRuns, 4, nan, false},                                        //
		{"no numbers", []float64{nan, inf, -inf, 1}, []float64{2, 3, 4, 5}, compare.Lower, compare.TooFewRuns, 2, 2.5, false}, // 2 and 5: 2 of 21
		{"beyond all numbers", []float64{1e308, 1e308, 1e308, 1e308}, []float64{-1e308, -1e308, -1e308, -1e308}, compare.Lower, compare.Improved, 0, nan, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := compare.Runs(c.before, c.after, c.better, options)
			if f.Word != c.word || f.MoreRuns != c.more || f.Bounded != c.bounded {
				t.Errorf("%q, %d more runs, bounded %v; want %q, %d, %v", f.Word, f.MoreRuns, f.Bounded, c.word, c.more, c.bounded)
			}
			if !same(f.Difference, c.difference) {
				t.Errorf("difference %v, want %v", f.Difference, c.difference)
			}
			if f.Bounded != (f.Low <= f.Difference && f.Difference <= f.High) || f.Bounded == math.IsNaN(f.Low) || f.Bounded == math.IsNaN(f.High) {
				t.Errorf("bounded %v, with %v in %v … %v", f.Bounded, f.Difference, f.Low, f.High)
			}
		})
	}
}

// same is equality up to rounding, in which NaN equals NaN.
func same(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-9*max(1, math.Abs(b))
}

// The chance is counted: over all ways to deal these values to two sides.
func TestRunsChanceIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Float64Range(0, 1000)
		if rapid.Bool().Draw(t, "ties") {
			value = rapid.Map(rapid.IntRange(0, 4), func(n int) float64 { return float64(n) })
		}
		before := rapid.SliceOfN(value, 1, 7).Draw(t, "before")
		after := rapid.SliceOfN(value, 1, 7).Draw(t, "after")
		all := slices.Concat(before, after)
		dealt := func(set uint) (wins int) { // pairs that the set's values win, less those that they lose
			for i, a := range all {
				for j, b := range all {
					if set>>i&1 == 1 && set>>j&1 == 0 && a != b {
						wins += int(math.Copysign(1, a-b))
					}
				}
			}
			return wins
		}
		seen := dealt(1<<len(before) - 1)
		ways, extreme := 0, 0
		for set := range uint(1) << len(all) {
			if bits.OnesCount(set) == len(before) {
				ways++
				if wins := dealt(set); seen < 0 && wins <= seen || seen > 0 && wins >= seen {
					extreme++
				}
			}
		}
		want := min(1, 2*float64(extreme)/float64(ways))
		if seen == 0 {
			want = 1
		}
		if f := compare.Runs(before, after, compare.Lower, options); !same(f.P, want) {
			t.Fatalf("P = %v, want %v", f.P, want)
		}
	})
}

var sample = rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(0.001, 1000), rapid.SampledFrom([]float64{0, 1, 2, 3})), 0, 12)

func TestRunsMirrored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := sample.Draw(t, "before"), sample.Draw(t, "after")
		o := compare.Options{Confidence: rapid.Float64Range(0.5, 0.999).Draw(t, "confidence")}
		mirrored(t, compare.Runs(before, after, compare.Lower, o), compare.Runs(after, before, compare.Lower, o))
	})
}

// mirrored holds the findings against each other when the sides change places. The
// effect asked for must be none: 5 % more is 4.8 % less the other way round.
func mirrored(t *rapid.T, f, g compare.Finding) {
	t.Helper()
	opposite := map[compare.Word]compare.Word{
		compare.Improved: compare.Worsened, compare.Worsened: compare.Improved,
		compare.NoDifference: compare.NoDifference, compare.TooFewRuns: compare.TooFewRuns,
	}
	if g.Word != opposite[f.Word] || g.MoreRuns != f.MoreRuns || !same(g.P, f.P) {
		t.Fatalf("%+v\nmirrored: %+v", f, g)
	}
	inverse := func(d float64) float64 { return 1/(1+d) - 1 }
	if f.Before.Median > 0 && f.After.Median > 0 && !same(g.Difference, inverse(f.Difference)) {
		t.Fatalf("difference %v, mirrored %v", f.Difference, g.Difference)
	}
	if f.Bounded && g.Bounded && (!same(g.Low, inverse(f.High)) || !same(g.High, inverse(f.Low))) {
		t.Fatalf("%v … %v, mirrored %v … %v", f.Low, f.High, g.Low, g.High)
	}
	if f.Before.Median > 0 && f.After.Median > 0 && f.Bounded != g.Bounded && f.Low != -1 && g.Low != -1 {
		t.Fatalf("bounded %v, mirrored %v", f.Bounded, g.Bounded)
	}
}

func TestRunsScaled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := sample.Draw(t, "before"), sample.Draw(t, "after")
		unit := math.Ldexp(1, rapid.IntRange(-40, 40).Draw(t, "unit")) // exact, so that ties stay ties
		scale := func(values []float64) []float64 {
			out := slices.Clone(values)
			for i := range out {
				out[i] *= unit
			}
			return out
		}
		unchanged(t, compare.Runs(before, after, compare.Higher, options), compare.Runs(scale(before), scale(after), compare.Higher, options))
	})
}

// unchanged holds two findings to be the same but for the unit of their medians.
func unchanged(t *rapid.T, f, g compare.Finding) {
	t.Helper()
	if f.Word != g.Word || f.MoreRuns != g.MoreRuns || f.Bounded != g.Bounded || !same(f.P, g.P) ||
		!same(f.Difference, g.Difference) || !same(f.Low, g.Low) || !same(f.High, g.High) {
		t.Fatalf("%+v\nin another unit: %+v", f, g)
	}
}

// Values in any order, and callers keep theirs.
func TestRunsLeavesValuesAlone(t *testing.T) {
	before, after := []float64{3, 1, 2, 4}, []float64{9, 7, 8, 6}
	f := compare.Runs(before, after, compare.Lower, options)
	if !slices.Equal(before, []float64{3, 1, 2, 4}) || !slices.Equal(after, []float64{9, 7, 8, 6}) {
		t.Errorf("values became %v and %v", before, after)
	}
	if f.Before != (compare.Side{N: 4, Median: 2.5}) || f.After != (compare.Side{N: 4, Median: 7.5}) || !same(f.P, 2.0/70) || f.Method != "Mann–Whitney over runs" {
		t.Errorf("%+v", f)
	}
}
