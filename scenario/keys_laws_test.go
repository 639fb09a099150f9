package scenario

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestZipfTopShare holds the share of the first key, stated and drawn, against the
// closed form 1 ÷ H with the harmonic number by Euler and Maclaurin:
//
//	H(n,s) = ζ(s) + n^(1-s)/(1-s) + n^-s/2 - s·n^(-s-1)/12 + …
//
// The next term is below s³·n^(-s-3), 1e-14 for 10,000 keys. ζ is from tables.
func TestZipfTopShare(t *testing.T) {
	const keys, draws = 10_000, 300_000
	for exponent, zeta := range map[float64]float64{
		0.5: -1.4603545088095868, 0.99: -99.42351297772818, 1.1: 10.58444846495081, 1.5: 2.612375348685488,
	} {
		h := zeta + math.Pow(keys, 1-exponent)/(1-exponent) + math.Pow(keys, -exponent)/2 - exponent*math.Pow(keys, -exponent-1)/12
		k := NewKeys(Key{Keys: keys, Zipf: exponent}, 42, "checkout")
		if got := k.Shares()[0]; math.Abs(got*h-1) > 1e-10 {
			t.Errorf("exponent %v: key 0 has the share %v, want %v", exponent, got, 1/h)
		}
		top := 0
		for i := range int64(draws) {
			if k.Draw(i, 0) == 0 {
				top++
			}
		}
		// Binomial; 4.8916 standard deviations are exceeded once in a million.
		off := math.Abs(float64(top)-draws/h) / math.Sqrt(draws/h*(1-1/h))
		if off > 4.8916 {
			t.Errorf("exponent %v: key 0 is drawn %d times, %.0f expected: %.1f standard deviations", exponent, top, draws/h, off)
		}
	}
}

// TestHotSetMoves holds the shares at times before, at and after moves, also where
// the hot keys lie on both ends, against a hand count and against the draws.
func TestHotSetMoves(t *testing.T) {
	const draws = 200_000
	key := Key{Keys: 10, HotKeys: 4, HotShare: 0.8, HotMoves: time.Minute}
	k := NewKeys(key, 42, "checkout")
	for at, hot := range map[time.Duration][]int{
		0: {0, 1, 2, 3}, time.Minute - 1: {0, 1, 2, 3}, time.Minute: {4, 5, 6, 7},
		2 * time.Minute: {8, 9, 0, 1}, 5 * time.Minute: {0, 1, 2, 3}, 7*time.Minute + 1: {8, 9, 0, 1}, -1: {0, 1, 2, 3},
	} {
		counts, shares := make([]int, key.Keys), k.SharesAt(at)
		for i := range shares {
			want := 0.2 / 6
			if slices.Contains(hot, i) {
				want = 0.2
			}
			if math.Abs(shares[i]-want) > 1e-15 {
				t.Errorf("at %s key %d has the share %v, want %v", at, i, shares[i], want)
			}
		}
		for i := range int64(draws) {
			counts[k.Draw(i, at)]++
		}
		if err := fit(counts, shares, draws); err != nil {
			t.Errorf("at %s: %v", at, err)
		}
	}
}

// TestSharesInTheLongRun holds that Shares is the mean of SharesAt over a whole
// round of the hot set, for any sizes.
func TestSharesInTheLongRun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.IntRange(2, 60).Draw(t, "keys")
		k := NewKeys(Key{Keys: keys, HotKeys: rapid.IntRange(1, keys-1).Draw(t, "hot"), HotShare: 0.7, HotMoves: time.Second}, 1, "f")
		sums := make([]float64, keys)
		for move := range keys { // after as many moves it is where it was
			for i, share := range k.SharesAt(time.Duration(move) * time.Second) {
				sums[i] += share / float64(keys)
			}
		}
		for i, share := range k.Shares() {
			if math.Abs(sums[i]-share) > 1e-12 {
				t.Fatalf("key %d has %v on average, Shares says %v", i, sums[i], share)
			}
		}
	})
}

// TestInTurn holds that keys follow each other over all clients' slots.
func TestInTurn(t *testing.T) {
	k := NewKeys(Key{Keys: 3, InTurn: true}, 1, "f")
	var got []int
	for i := range int64(7) {
		got = append(got, k.Draw(i, time.Duration(i)*time.Hour))
	}
	if want := []int{0, 1, 2, 0, 1, 2, 0}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestKeyText holds what keys look like, and that Length tells how long they are.
func TestKeyText(t *testing.T) {
	for _, c := range []struct {
		key    Key
		number int
		want   string
	}{
		{Key{Keys: 10000}, 9999, "9999"},
		{Key{Keys: 10000}, 0, "0"},
		{Key{Keys: 10000, Size: 8}, 120, "00000120"},
		{Key{Keys: 10000, Size: 4}, 9999, "9999"},
		{weighted(1, 2), 1, "k1"},
		{Key{}, NoKey, ""},
	} {
		k := NewKeys(c.key, 1, "f")
		if got := string(k.Append(nil, c.number)); got != c.want || k.Length(c.number) != len(c.want) {
			t.Errorf("%+v: key %d is %q, %d bytes; want %q", c.key, c.number, got, k.Length(c.number), c.want)
		}
		if got := c.key.maxLength(); got < len(c.want) {
			t.Errorf("%+v: the longest key is said to have %d bytes", c.key, got)
		}
	}
}

// TestAliasIsExact adds up the columns: every index has its weight's share, but for
// the rounding of n additions.
func TestAliasIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(1e-9, 1), rapid.Float64Range(1, 1e6), rapid.Just(1.0)), 1, 200).Draw(t, "weights")
		a := newAlias(len(weights), func(i int) float64 { return weights[i] })
		total := 0.0
		got := make([]float64, len(weights))
		for i, w := range weights {
			total += w
			if a[i].own < 0 || a[i].own > 1 {
				t.Fatalf("column %d keeps its own with probability %v", i, a[i].own)
			}
			got[i] += a[i].own / float64(len(a))
			got[a[i].other] += (1 - a[i].own) / float64(len(a))
		}
		for i, w := range weights {
			if math.Abs(got[i]-w/total) > 1e-15*float64(len(a)) {
				t.Errorf("index %d has the probability %v, want %v", i, got[i], w/total)
			}
		}
	})
}

// manyKeys is a table of n keys.
func manyKeys(n int) []byte {
	var b bytes.Buffer
	b.WriteString("key,weight\n")
	for i := range n {
		fmt.Fprintf(&b, "customer-%d,%s\n", i, strconv.FormatFloat(1e6/float64(i+1), 'f', 3, 64))
	}
	return b.Bytes()
}

// loadMany parses a scenario whose keys are in a table.
func loadMany(data []byte) (*Scenario, error) {
	return Parse("s.yaml", []byte(`{version: 1, name: x, topics: {t: {partitions: 1}}, phases: [{name: a, duration: 1s}],
producers: {p: {topic: t, rate: 1/s, value: {size: 1KiB}, key: {file: keys.csv}}}}`),
		Options{ReadFile: func(string) ([]byte, error) { return data, nil }})
}

// TestManyKeys reads 100,000 keys from a table and draws them.
func TestManyKeys(t *testing.T) {
	const keys, draws = 100_000, 300_000
	s, err := loadMany(manyKeys(keys))
	if err != nil {
		t.Fatal(err)
	}
	key := s.Producers[0].Key
	if w := key.Weighted[99_999]; key.Keys != keys || w != (WeightedKey{"customer-99999", 10}) {
		t.Fatalf("%d keys, the last is %+v", key.Keys, w)
	}
	k := NewKeys(key, 42, "p")
	if err := fit(count(k, keys, draws, 0, 1), k.Shares(), draws); err != nil {
		t.Error(err)
	}
	if got := string(k.Append(nil, k.Draw(3, 0))); got[:9] != "customer-" {
		t.Errorf("slot 3 has the key %q", got)
	}
}

func BenchmarkLoadMillionKeys(b *testing.B) {
	data := manyKeys(1_000_000)
	for b.Loop() {
		s, err := loadMany(data)
		if err != nil {
			b.Fatal(err)
		}
		NewKeys(s.Producers[0].Key, 42, "p")
	}
}

func BenchmarkDrawMillionKeys(b *testing.B) {
	k := NewKeys(manyWeights(1_000_000), 42, "p")
	for i := range b.N {
		k.Draw(int64(i), 0)
	}
}
