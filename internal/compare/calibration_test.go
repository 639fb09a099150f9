package compare_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"msklt/internal/compare"
	"msklt/internal/kafkatest/need"
)

// Noise of several shapes, each around 1 and of the given coefficient of variation.
var noises = map[string]func(r *rand.Rand, cv float64) float64{
	"normal": func(r *rand.Rand, cv float64) float64 { return 1 + cv*r.NormFloat64() },
	"lognormal": func(r *rand.Rand, cv float64) float64 {
		return math.Exp(math.Sqrt(math.Log1p(cv*cv)) * r.NormFloat64())
	},
	// Student's with 3 degrees of freedom, whose variance is 3.
	"heavy tail": func(r *rand.Rand, cv float64) float64 {
		chi := 0.0
		for range 3 {
			x := r.NormFloat64()
			chi += x * x / 3
		}
		return math.Exp(cv * r.NormFloat64() / math.Sqrt(3*chi))
	},
	"uniform":     func(r *rand.Rand, cv float64) float64 { return 1 + cv*math.Sqrt(12)*(r.Float64()-0.5) },
	"exponential": func(r *rand.Rand, cv float64) float64 { return 1 + cv*r.ExpFloat64() },
}

// tally is what came of pairs whose true difference is known.
type tally struct{ pairs, few, better, worse, covered float64 }

func (c *tally) add(f compare.Finding, truth float64) {
	c.pairs++
	switch f.Word {
	case compare.TooFewRuns:
		c.few++
	case compare.Improved:
		c.better++
	case compare.Worsened:
		c.worse++
	}
	if f.Bounded && f.Low <= truth && truth <= f.High {
		c.covered++
	}
}

func (c tally) String() string {
	return fmt.Sprintf("better or worse %.1f %%, interval covers %.1f %%, too few %.1f %%",
		100*(c.better+c.worse)/c.pairs, 100*c.covered/(c.pairs-c.few), 100*c.few/c.pairs)
}

// runPairs compares pairs of groups of n runs, the second multiplied by 1 + truth.
func runPairs(pairs, n int, noise func(*rand.Rand, float64) float64, cv, truth float64) tally {
	r := rand.New(rand.NewPCG(uint64(n), 6))
	group := func(level float64) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = level * noise(r, cv)
		}
		return out
	}
	var c tally
	for range pairs {
		c.add(compare.Runs(group(100), group(100*(1+truth)), compare.Lower, options), truth)
	}
	return c
}

// Noise of 20 % leaves claims to chance alone: with less, most differences of no cause
// are below the smallest effect; with more, normal noise falls below zero. 4 runs a side
// are the fewest that can show anything.
func TestRunsWithoutDifference(t *testing.T) {
	for name, noise := range noises {
		for _, n := range []int{4, 5, 10} {
			t.Run(fmt.Sprintf("%s, %d a side", name, n), func(t *testing.T) {
				t.Parallel()
				c := runPairs(1000, n, noise, 0.2, 0)
				if c.better+c.worse > 65 || c.better+c.worse < 10 || c.covered < 930 || c.covered > 970 {
					t.Error(c) // the ranks' steps allow for 2.9, 3.2 and 4.3 %
				}
			})
		}
	}
}

func TestRunsFindTenPercent(t *testing.T) {
	for name, noise := range noises {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			worse, better := runPairs(1000, 10, noise, 0.05, 0.1), runPairs(1000, 10, noise, 0.05, -0.1)
			if worse.worse < 900 || worse.better > 0 || worse.covered < 930 || worse.covered > 970 {
				t.Errorf("10 %% more: %v", worse)
			}
			if better.better < 900 || better.worse > 0 || better.covered < 930 || better.covered > 970 {
				t.Errorf("10 %% less: %v", better)
			}
		})
	}
}

// secondPairs compares pairs of runs of n seconds.
func secondPairs(pairs, n int, correlation, truth float64, statistic func([]float64) float64) tally {
	r := rand.New(rand.NewPCG(uint64(n), uint64(100*correlation)))
	var c tally
	for range pairs {
		before, after := seconds(n, correlation, 100, r), seconds(n, correlation, 100*(1+truth), r)
		c.add(compare.Within(before, after, statistic, compare.Lower, compare.Options{Confidence: 0.95}), truth)
	}
	return c
}

// Of 300 pairs 93 % are 279, and by three deviations of chance (of 3.8) no fewer than
// 267. Were the seconds drawn one by one, the interval would cover 74 % where the
// correlation is 0.5, for the mean then has three times the variance.
func TestWithinCovers(t *testing.T) {
	for _, correlation := range []float64{0, 0.5} {
		t.Run(fmt.Sprint(correlation), func(t *testing.T) {
			t.Parallel()
			c := secondPairs(300, 120, correlation, 0.1, mean)
			if c.covered < 0.89*(300-c.few) || c.few > 60 || c.better > 0 {
				t.Error(c)
			}
		})
	}
}

// The figures of DESIGN.md. The interval must cover 95 ± 2 %, with three deviations
// of what 10,000 pairs (0.22 points) or 2,000 (0.5) say.
func TestIntervalsCoverLong(t *testing.T) {
	need.Require(t, need.Long())
	within := func(t *testing.T, c tally, chance float64) {
		t.Helper()
		t.Log(c)
		if share := c.covered / (c.pairs - c.few); math.Abs(share-0.95) > 0.02+chance || (c.better+c.worse)/c.pairs > 0.065+chance {
			t.Error(c)
		}
	}
	for name, noise := range noises {
		for _, n := range []int{4, 5, 6, 10, 20} {
			t.Run(fmt.Sprintf("%s, %d runs a side", name, n), func(t *testing.T) {
				t.Parallel()
				within(t, runPairs(10_000, n, noise, 0.2, 0), 0.0066)
			})
		}
	}
	for _, s := range []struct {
		name        string
		statistic   func([]float64) float64
		n           int
		correlation float64
	}{
		{"mean", mean, 60, 0}, {"mean", mean, 60, 0.3}, {"mean", mean, 120, 0.3}, {"mean", mean, 120, 0.6},
		{"mean", mean, 300, 0.6}, {"mean", mean, 300, 0.8}, {"mean", mean, 600, 0.9},
		{"median", middle, 60, 0}, {"median", middle, 120, 0.3}, {"median", middle, 120, 0.6},
	} {
		t.Run(fmt.Sprintf("%s of %d seconds, correlation %g", s.name, s.n, s.correlation), func(t *testing.T) {
			t.Parallel()
			within(t, secondPairs(2000, s.n, s.correlation, 0, s.statistic), 0.015)
		})
	}
}
