package scenario

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func sizeLaws() map[string]Size {
	return map[string]Size{
		"fixed":              Fixed(1000),
		"uniform":            {Shape: UniformSize, Min: 100, Max: 1100},
		"uniform of one":     {Shape: UniformSize, Min: 7, Max: 7},
		"normal":             {Shape: NormalSize, Mean: 1024, StdDev: 200, Min: 1, Max: 2224},
		"normal cut":         {Shape: NormalSize, Mean: 1024, StdDev: 200, Min: 1200, Max: 1500},
		"normal narrow":      {Shape: NormalSize, Mean: 3000, StdDev: 1, Min: 1, Max: 3006},
		"normal at the edge": {Shape: NormalSize, Mean: 3, StdDev: 2, Min: 1, Max: 15},
		"normal wide":        {Shape: NormalSize, Mean: 1000, StdDev: 30000, Min: 1, Max: 2000},
		"lognormal":          {Shape: LognormalSize, Median: 800, P99: 20480, Min: 1, Max: 327680},
		"lognormal cut":      {Shape: LognormalSize, Median: 800, P99: 20480, Min: 500, Max: 4000},
		"lognormal low":      {Shape: LognormalSize, Median: 1, P99: 3, Min: 1, Max: 48},
		"lognormal narrow":   {Shape: LognormalSize, Median: 1000, P99: 1100, Min: 1, Max: 17600},
		"buckets":            {Shape: BucketSizes, Min: 100, Max: 5000, Buckets: []SizeBucket{{5000, 0.05}, {100, 0.7}, {900, 0.25}}},
	}
}

// sizeShares works out the probability of every size from Min on. The laws with a
// density are integrated over each size's byte by Simpson's rule, which shares
// nothing with the distribution functions that are drawn from.
func sizeShares(s Size) []float64 {
	shares := make([]float64, s.Max-s.Min+1)
	density := func(float64) float64 { return 1 }
	sigma := math.Log(s.P99/s.Median) / 2.3263478740408408
	switch s.Shape {
	case NormalSize:
		density = func(x float64) float64 { return math.Exp(-(x - s.Mean) * (x - s.Mean) / (2 * s.StdDev * s.StdDev)) }
	case LognormalSize:
		density = func(x float64) float64 {
			z := math.Log(x/s.Median) / sigma
			return math.Exp(-z*z/2) / x
		}
	case BucketSizes:
		for _, b := range s.Buckets {
			shares[b.Size-s.Min] = b.Share
		}
		return shares
	}
	const steps = 6
	sum := 0.0
	for i := range shares {
		low := float64(s.Min+i) - 0.5
		for n := range steps {
			a, h := low+float64(n)/steps, 1.0/steps
			shares[i] += h / 6 * (density(a) + 4*density(a+h/2) + density(a+h))
		}
		sum += shares[i]
	}
	for i := range shares {
		shares[i] /= sum
	}
	return shares
}

// modeFirst puts the likeliest size first, because fit holds the first count
// against the normal law, which fits only what is frequent.
func modeFirst(counts []int, shares []float64) {
	mode := 0
	for i := range shares {
		if shares[i] > shares[mode] {
			mode = i
		}
	}
	shares[0], shares[mode] = shares[mode], shares[0]
	counts[0], counts[mode] = counts[mode], counts[0]
}

// sizeFit draws sizes from one law and holds them against another.
func sizeFit(drawn, claimed Size, step int64) error {
	const draws = 200_000
	v := NewValues(Value{Size: drawn}, 42, "checkout")
	counts := make([]int, claimed.Max-claimed.Min+1)
	for i := range int64(draws) {
		size, tombstone, sample := v.Draw(5 + i*step)
		if tombstone || sample != NoSample || size < claimed.Min || size > claimed.Max {
			return fmt.Errorf("slot %d: size %d, tombstone %v, sample %d", 5+i*step, size, tombstone, sample)
		}
		counts[size-claimed.Min]++
	}
	shares := sizeShares(claimed)
	if len(shares) == 1 || shares[0] == 1 {
		return nil // all draws are in bounds, and there is but one size
	}
	modeFirst(counts, shares)
	return fit(counts, shares, draws)
}

// TestSizesFollowTheirLaw holds every law against its probabilities: over all
// slots, and over the slots of one shard of 12.
func TestSizesFollowTheirLaw(t *testing.T) {
	for name, s := range sizeLaws() {
		for _, step := range []int64{1, 12} {
			if err := sizeFit(s, s, step); err != nil {
				t.Errorf("%s, slots 5, %d, …: %v", name, 5+step, err)
			}
		}
	}
}

// TestSizeFitSees holds that the test above would see a law that is a little off:
// the mean by 1 %, the spread of the logarithm by 4 %, a share by one percentage
// point.
func TestSizeFitSees(t *testing.T) {
	laws := sizeLaws()
	for name, change := range map[string]func(*Size){
		"normal":    func(s *Size) { s.Mean += 10 },
		"lognormal": func(s *Size) { s.P99 *= 1.15 },
		"uniform":   func(s *Size) { s.Max += 20 },
		"buckets":   func(s *Size) { s.Buckets = []SizeBucket{{5000, 0.05}, {100, 0.71}, {900, 0.24}} },
	} {
		claimed := laws[name]
		change(&claimed)
		if err := sizeFit(laws[name], claimed, 1); err == nil {
			t.Errorf("%+v passes for %+v", laws[name], claimed)
		}
	}
}

// TestExpectedSize holds the mean against the sum over all sizes. What Expected
// leaves out, rounding above the first 1,024 sizes, is 0.05 % at most.
func TestExpectedSize(t *testing.T) {
	for name, s := range sizeLaws() {
		want := 0.0
		for i, share := range sizeShares(s) {
			want += share * float64(s.Min+i)
		}
		if got := s.Expected(); math.Abs(got/want-1) > 0.0005 {
			t.Errorf("%s: expected size %.3f, want %.3f", name, got, want)
		}
	}
	// By hand: a lognormal law that is hardly cut has the mean
	// median × e^(σ²/2), with σ = ln 25.6 ÷ 2.3263 = 1.394.
	whole := Size{Shape: LognormalSize, Median: 800, P99: 20480, Min: 1, Max: largestSize}
	if got := whole.Expected(); math.Abs(got/2113.8-1) > 0.0005 {
		t.Errorf("expected size %.1f, want 2113.8", got)
	}
	v := Value{Samples: [][]byte{make([]byte, 10), make([]byte, 40)}, Tombstones: 0.2}
	if got := v.MeanBytes(); got != 20 || v.MaxBytes() != 40 {
		t.Errorf("samples have %v bytes on average and %d at most, want 20 and 40", got, v.MaxBytes())
	}
}

// TestMeanOfAnyBell holds that for any parameters draws lie within the bounds,
// and that their mean is Expected: within 5.5 standard errors, which a correct
// generator leaves once in 2.6e7 tries, and the 0.05 % of Expected.
func TestMeanOfAnyBell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Size{Shape: NormalSize, Min: 1, Mean: rapid.Float64Range(1, 1e6).Draw(t, "mean"), StdDev: rapid.Float64Range(1, 1e6).Draw(t, "stddev"), Median: 1, P99: 2}
		if rapid.Bool().Draw(t, "log") {
			s = Size{Shape: LognormalSize, Min: 1, Median: rapid.Float64Range(1, 1e5).Draw(t, "median")}
			s.P99 = s.Median * rapid.Float64Range(1.01, 1000).Draw(t, "spread")
		}
		s.Max = rapid.IntRange(1, 10_000_000).Draw(t, "max")
		if newBell(s).all < 0.01 {
			t.Skip("the decoder refuses it")
		}
		v := NewValues(Value{Size: s}, rapid.Uint64().Draw(t, "seed"), "f")
		const draws = 20_000
		sum, squares := 0.0, 0.0
		for i := range int64(draws) {
			size, _, _ := v.Draw(i)
			if size < s.Min || size > s.Max {
				t.Fatalf("slot %d has %d bytes", i, size)
			}
			sum += float64(size)
			squares += float64(size) * float64(size)
		}
		mean := sum / draws
		deviation := math.Sqrt(max(0, squares/draws-mean*mean) / draws)
		// Laws with a heavy tail are not normal enough in 20,000 draws.
		if s.Shape == LognormalSize && s.P99/s.Median > 10 {
			return
		}
		if got := s.Expected(); math.Abs(got-mean) > 5.5*deviation+0.0005*mean {
			t.Errorf("%+v: mean of the draws %.2f ± %.2f, expected %.2f", s, mean, deviation, got)
		}
	})
}

// TestTombstonesAndSamples holds their shares, and that what a record is does not
// depend on its key.
func TestTombstonesAndSamples(t *testing.T) {
	const draws, keys = 200_000, 5
	samples := [][]byte{[]byte("a"), []byte("bb"), []byte("ccc")}
	v := NewValues(Value{Samples: samples, Tombstones: 0.1}, 42, "checkout")
	k := NewKeys(Key{Keys: keys}, 42, "checkout")
	counts, shares := make([]int, 4*keys), make([]float64, 4*keys)
	for i := range shares {
		shares[i] = 0.3 / keys
		if i < keys {
			shares[i] = 0.1 / keys
		}
	}
	for i := range int64(draws) {
		size, tombstone, sample := v.Draw(i)
		want := 0
		if sample != NoSample {
			want = len(samples[sample])
		}
		if tombstone != (sample == NoSample) || size != want {
			t.Fatalf("slot %d: size %d, tombstone %v, sample %d", i, size, tombstone, sample)
		}
		counts[(sample+1)*keys+k.Draw(i, 0)]++
	}
	if err := fit(counts, shares, draws); err != nil {
		t.Error(err)
	}
}

// TestSizesStayTheSame pins the streams: a change of them makes results of
// different versions incomparable.
func TestSizesStayTheSame(t *testing.T) {
	for name, want := range map[string]string{
		"uniform":   "[474 0 404 621 101 1093 1000 333 0 1065 137 959]",
		"normal":    "[960 0 922 1035 437 1507 1280 878 0 1386 667 1239]",
		"lognormal": "[511 0 392 861 13 23107 4769 290 0 9993 66 3572]",
		"buckets":   "[100 0 100 100 100 900 100 100 0 900 100 900]",
	} {
		v := NewValues(Value{Size: sizeLaws()[name], Tombstones: 0.1}, 42, "checkout")
		var got []int
		for i := range int64(12) {
			size, _, _ := v.Draw(i)
			got = append(got, size)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", name, got, want)
		}
	}
}

func TestValueDrawAllocatesNothing(t *testing.T) {
	for name, s := range sizeLaws() {
		v, i := NewValues(Value{Size: s, Tombstones: 0.1}, 1, "a"), int64(0)
		if n := testing.AllocsPerRun(1000, func() { v.Draw(i); i++ }); n != 0 {
			t.Errorf("%s: %v allocations per value", name, n)
		}
	}
}

func BenchmarkValueDraw(b *testing.B) {
	for name, s := range sizeLaws() {
		b.Run(name, func(b *testing.B) {
			v := NewValues(Value{Size: s}, 42, "checkout")
			for i := range b.N {
				v.Draw(int64(i))
			}
		})
	}
}

func BenchmarkExpected(b *testing.B) {
	s := sizeLaws()["lognormal"]
	for range b.N {
		s.Expected()
	}
}
