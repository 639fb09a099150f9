package scenario

import (
	"fmt"
	"math"
	"strconv"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// fit compares counts with shares in two ways. Each of them rejects a correct
// generator with probability 1e-6; the seeds are fixed, so a test passes always
// or never, and the bound says how unlucky a seed would have to be.
//
// The hottest key's count is binomial, about normal with variance n·p·(1-p);
// 4.8916 is the normal quantile of 1 - 1e-6/2.
//
// Over all keys, Pearson's statistic X² is about chi-square. By Wilson and
// Hilferty (X²/df)^(1/3) is about normal with mean 1 - 2/(9·df) and variance
// 2/(9·df); 4.7534 is the normal quantile of 1 - 1e-6. Neighbouring keys are put
// together until 1/200 of the draws is expected, which makes the statistic both
// valid (at least 20 are needed) and sharp.
func fit(counts []int, shares []float64, draws int) error {
	n := float64(draws)
	deviation := math.Abs(float64(counts[0])-n*shares[0]) / math.Sqrt(n*shares[0]*(1-shares[0]))
	if deviation > 4.8916 {
		return fmt.Errorf("key 0 is drawn %d times, %.0f expected: %.1f standard deviations", counts[0], n*shares[0], deviation)
	}
	x2, observed, expected, cells := 0.0, 0.0, 0.0, 0
	for i := len(shares) - 1; i >= 0; i-- { // from the tail, so that no thin cell is left over
		observed += float64(counts[i])
		expected += n * shares[i]
		if expected >= n/200 || i == 0 {
			x2 += (observed - expected) * (observed - expected) / expected
			observed, expected = 0, 0
			cells++
		}
	}
	df := float64(cells - 1)
	bound := df * math.Pow(1-2/(9*df)+4.7534*math.Sqrt(2/(9*df)), 3)
	if x2 > bound {
		return fmt.Errorf("chi-square is %.1f with %.0f degrees of freedom, bound %.1f", x2, df, bound)
	}
	return nil
}

// count draws slots first, first+step, … and counts the keys.
func count(k *Keys, keys, draws int, first, step int64) []int {
	counts := make([]int, keys)
	for n := range draws {
		counts[k.Draw(first+int64(n)*step, 0)]++
	}
	return counts
}

func distributions() map[string]Key {
	return map[string]Key{
		"uniform 7":        {Keys: 7},
		"uniform 10000":    {Keys: 10000},
		"hot 1 of 10000":   {Keys: 10000, HotKeys: 1, HotShare: 0.3},
		"hot 5 of 20":      {Keys: 20, HotKeys: 5, HotShare: 0.9},
		"cold set":         {Keys: 20, HotKeys: 5, HotShare: 0.01},
		"zipf 0.2":         {Keys: 1000, Zipf: 0.2},
		"zipf 0.99":        {Keys: 10000, Zipf: 0.99},
		"zipf 1":           {Keys: 10000, Zipf: 1},
		"zipf 1 of 100000": {Keys: 100_000, Zipf: 1},
		"zipf just over 1": {Keys: 1000, Zipf: 1.000001},
		"zipf 1.5":         {Keys: 1000, Zipf: 1.5},
		"zipf 3 of 2":      {Keys: 2, Zipf: 3},
		"zipf 0.001":       {Keys: 50, Zipf: 0.001},
		"zipf 4":           {Keys: 100_000, Zipf: 4},
		"zipf 0.5":         {Keys: 10000, Zipf: 0.5},
		"zipf 1.1":         {Keys: 10000, Zipf: 1.1},
		"in turn":          {Keys: 7, InTurn: true},
		"padded":           {Keys: 30, Size: 24},
		"weighted":         weighted(5, 0.001, 300, 20, 20, 1e-6),
		"one weight":       weighted(3),
		"many weights":     manyWeights(10_000),
	}
}

// weighted are keys called "k0", "k1", … with these weights.
func weighted(weights ...float64) Key {
	k := Key{Keys: len(weights)}
	for i, w := range weights {
		k.Weighted = append(k.Weighted, WeightedKey{fmt.Sprintf("k%d", i), w})
	}
	return k
}

// manyWeights are keys with weights of all sizes, in no order.
func manyWeights(keys int) Key {
	weights := make([]float64, keys)
	for i := range weights {
		weights[i] = math.Pow(float64((i*7919)%keys)+1, -0.8)
	}
	return weighted(weights...)
}

// TestKeysFollowShares holds every distribution against its exact probabilities:
// over all slots, and over the slots of one shard of 12.
func TestKeysFollowShares(t *testing.T) {
	const draws = 300_000
	for name, key := range distributions() {
		t.Run(name, func(t *testing.T) {
			k := NewKeys(key, 42, "checkout")
			for _, step := range []int64{1, 12} {
				shares := k.Shares()
				counts := count(k, key.Keys, draws, 5, step)
				if len(key.Weighted) > 0 {
					modeFirst(counts, shares)
				}
				if err := fit(counts, shares, draws); err != nil {
					t.Errorf("slots 5, %d, …: %v", 5+step, err)
				}
			}
		})
	}
}

// TestFitSees holds that the test above would see a distribution that is a
// little off: the exponent by 0.02, the hot share by one percentage point, one
// key too many.
func TestFitSees(t *testing.T) {
	const draws = 300_000
	for _, c := range []struct{ drawn, claimed Key }{
		{Key{Keys: 10000, Zipf: 0.99}, Key{Keys: 10000, Zipf: 1.01}},
		{Key{Keys: 10000, HotKeys: 1, HotShare: 0.3}, Key{Keys: 10000, HotKeys: 1, HotShare: 0.31}},
		{Key{Keys: 100}, Key{Keys: 101}},
	} {
		k, claimed := NewKeys(c.drawn, 42, "checkout"), NewKeys(c.claimed, 42, "checkout")
		if err := fit(count(k, c.claimed.Keys, draws, 0, 1), claimed.Shares(), draws); err == nil {
			t.Errorf("%+v passes for %+v", c.drawn, c.claimed)
		}
	}
}

// TestSlotsAreIndependent holds that the keys of slots at a fixed distance make
// all pairs equally often, and so do the keys of two fleets in the same slot and
// of two seeds.
func TestSlotsAreIndependent(t *testing.T) {
	const keys, draws = 10, 300_000
	k := NewKeys(Key{Keys: keys}, 1, "a")
	pairs := map[string]func(i int64) (int, int){
		"next slot": func(i int64) (int, int) { return k.Draw(2*i, 0), k.Draw(2*i+1, 0) },
		"12 slots":  func(i int64) (int, int) { return k.Draw(i/12*24+i%12, 0), k.Draw(i/12*24+i%12+12, 0) },
	}
	for name, other := range map[string]*Keys{
		"fleets": NewKeys(Key{Keys: keys}, 1, "b"), "seeds": NewKeys(Key{Keys: keys}, 2, "a"),
	} {
		pairs[name] = func(i int64) (int, int) { return k.Draw(i, 0), other.Draw(i, 0) }
	}
	shares := make([]float64, keys*keys)
	for i := range shares {
		shares[i] = 1.0 / (keys * keys)
	}
	for name, pair := range pairs {
		counts := make([]int, keys*keys)
		for i := range int64(draws) {
			a, b := pair(i)
			counts[a*keys+b]++
		}
		if err := fit(counts, shares, draws); err != nil {
			t.Errorf("pairs over %s: %v", name, err)
		}
	}
}

// TestKeysWhateverTheSplit holds that any number of shards, drawing at once and in
// any order, draws the keys that one alone would.
func TestKeysWhateverTheSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SampledFrom([]Key{
			{Keys: 100}, {Keys: 100, HotKeys: 3, HotShare: 0.3}, {Keys: 100, Zipf: 0.99}, {},
		}).Draw(t, "key")
		seed := rapid.Uint64().Draw(t, "seed")
		fleet := rapid.String().Draw(t, "fleet")
		first := rapid.Int64Range(0, math.MaxInt64-1000).Draw(t, "first")
		shards := rapid.IntRange(1, 8).Draw(t, "shards")
		const slots = 64
		var whole, split [slots]int
		alone := NewKeys(key, seed, fleet)
		for i := range whole {
			whole[i] = alone.Draw(first+int64(i), 0)
		}
		var done sync.WaitGroup
		for shard := range shards {
			done.Go(func() {
				k := NewKeys(key, seed, fleet)
				for i := slots - 1; i >= 0; i-- {
					if i%shards == shard {
						split[i] = k.Draw(first+int64(i), 0)
					}
				}
			})
		}
		done.Wait()
		if whole != split {
			t.Errorf("%d shards draw %v, one draws %v", shards, split, whole)
		}
	})
}

// TestKeysStayTheSame pins the streams: a change of them makes results of
// different versions incomparable.
func TestKeysStayTheSame(t *testing.T) {
	for name, c := range map[string]struct {
		key  Key
		want string
	}{
		"uniform": {Key{Keys: 10000}, "[5199 6299 6901 3063 580 3035 6403 4423 7878 3871 7004 2827]"},
		"hot":     {Key{Keys: 10000, HotKeys: 1, HotShare: 0.3}, "[5734 9674 33 577 0 6291 5335 6585 158 2816 8578 0]"},
		"zipf":    {Key{Keys: 10000, Zipf: 0.99}, "[68 22 12 548 5806 562 20 146 4 250 11 687]"},
	} {
		k := NewKeys(c.key, 42, "checkout")
		var got []int
		for i := range int64(12) {
			got = append(got, k.Draw(i, 0))
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

// TestShares holds the probabilities against figures from elsewhere: the hottest
// of n zipf keys gets 1 ÷ Σ k^-s of the records.
func TestShares(t *testing.T) {
	for _, c := range []struct {
		key  Key
		i    int
		want float64
	}{
		{Key{Keys: 4}, 3, 0.25},
		{Key{Keys: 10000, HotKeys: 1, HotShare: 0.3}, 0, 0.3},
		{Key{Keys: 10000, HotKeys: 1, HotShare: 0.3}, 9999, 0.7 / 9999},
		{Key{Keys: 10, HotKeys: 4, HotShare: 1}, 3, 0.25},
		{Key{Keys: 10, HotKeys: 4, HotShare: 1}, 4, 0},
		{Key{Keys: 3, Zipf: 1}, 0, 6. / 11},
		{Key{Keys: 3, Zipf: 1}, 2, 2. / 11},
		{Key{Keys: 2, Zipf: 2}, 1, 0.2},
		{Key{Keys: 10000, Zipf: 1}, 0, 1 / 9.787606036044382}, // the 10,000th harmonic number
		{Key{Keys: 1, Zipf: 0.99}, 0, 1},
	} {
		// Each share is a handful of roundings of 2^-53 away from the truth;
		// the harmonic sum of 10,000 terms at most 10,000 of them.
		if got := NewKeys(c.key, 1, "a").Shares()[c.i]; math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%+v: key %d has %v, want %v", c.key, c.i, got, c.want)
		}
	}
	for name, key := range distributions() {
		sum := 0.0
		for _, s := range NewKeys(key, 1, "a").Shares() {
			sum += s
		}
		// n additions, each rounded to 2^-53 of at most 1.
		if math.Abs(sum-1) > float64(key.Keys)*0x1p-53+1e-15 {
			t.Errorf("%s: the shares sum to %v", name, sum)
		}
	}
	if shares := NewKeys(Key{}, 1, "a").Shares(); shares != nil {
		t.Errorf("shares without keys: %v", shares)
	}
}

func TestAppend(t *testing.T) {
	k := NewKeys(Key{Keys: 10}, 1, "a")
	if got := string(k.Append([]byte("x"), 907)); got != "x907" {
		t.Errorf("got %q, want x907", got)
	}
	none := NewKeys(Key{}, 1, "a")
	if key := none.Draw(3, 0); key != NoKey || none.Append(nil, key) != nil {
		t.Errorf("without keys slot 3 gets key %d, %q", key, none.Append(nil, key))
	}
}

func TestDrawAllocatesNothing(t *testing.T) {
	for name, key := range distributions() {
		k, i, buffer := NewKeys(key, 1, "a"), int64(0), make([]byte, 0, 20)
		if n := testing.AllocsPerRun(1000, func() {
			buffer = k.Append(buffer[:0], k.Draw(i, 0))
			i++
		}); n != 0 {
			t.Errorf("%s: %v allocations per key", name, n)
		}
	}
}

// TestRecordsPerSecond holds rates in bytes against key lengths worked out by
// hand and against the shares.
func TestRecordsPerSecond(t *testing.T) {
	for _, c := range []struct {
		p    Producer
		want float64
	}{
		{Producer{Rate: Rate{Max: true}, Value: Value{Size: Fixed(100), Entropy: 1}}, 0},
		{Producer{Rate: Rate{Records: 40000}, Value: Value{Size: Fixed(100), Entropy: 1}}, 40000},
		{Producer{Rate: Rate{Bytes: 1e6}, Value: Value{Size: Fixed(1000), Entropy: 1}}, 1000},
		{Producer{Rate: Rate{Bytes: 1e6}, Key: Key{Keys: 10}, Value: Value{Size: Fixed(999), Entropy: 1}}, 1000},
		// Keys 0-9, 10-99, 100-999, 1000-9999: (10 + 180 + 2700 + 36000) ÷ 10000.
		{Producer{Rate: Rate{Bytes: 1e6}, Key: Key{Keys: 10000}, Value: Value{Size: Fixed(1000), Entropy: 1}}, 1e6 / (1000 + 3.889)},
		// Key 0 has one digit; the 9,999 others 38,889 together.
		{Producer{Rate: Rate{Bytes: 40e6}, Key: Key{Keys: 10000, HotKeys: 1, HotShare: 0.3}, Value: Value{Size: Fixed(1024), Entropy: 1}},
			40e6 / (1024 + 0.3 + 0.7*38889/9999)},
	} {
		// The mean length sums up to 10,000 terms, each rounded to 2^-53.
		if got := c.p.RecordsPerSecond(); math.Abs(got-c.want) > 1e-12*c.want {
			t.Errorf("%+v: %v records/s, want %v", c.p, got, c.want)
		}
	}
	for name, key := range distributions() {
		mean := 0.0
		for i, share := range NewKeys(key, 1, "a").Shares() {
			length := len(strconv.Itoa(i))
			if key.Size > 0 {
				length = key.Size
			}
			if len(key.Weighted) > 0 {
				length = len(key.Weighted[i].Key)
			}
			mean += share * float64(length)
		}
		if got := key.meanLength(); math.Abs(got-mean) > 1e-9 {
			t.Errorf("%s: mean length %v, want %v", name, got, mean)
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	for name, key := range distributions() {
		b.Run(name, func(b *testing.B) {
			k := NewKeys(key, 42, "checkout")
			for i := range b.N {
				k.Draw(int64(i), 0)
			}
		})
	}
}
