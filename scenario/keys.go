package scenario

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
)

// NoKey is the key number of records without a key.
const NoKey = -1

// Keys draws the keys of one fleet. The key of a slot depends on seed, fleet and
// slot alone, so that any split of the slots over clients or shards gives the
// same keys. Drawing allocates nothing and takes no lock.
type Keys struct {
	key  Key
	base uint64
	zipf zipf // when key.Zipf > 0
}

// NewKeys returns the keys of a fleet. Fleets of different names draw
// independently under the same seed.
func NewKeys(k Key, seed uint64, fleet string) Keys {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, seed), fleet...))
	keys := Keys{key: k, base: binary.BigEndian.Uint64(sum[:8])}
	if k.Zipf > 0 {
		keys.zipf = newZipf(k.Zipf, k.Keys)
	}
	return keys
}

// Draw returns the key number of slot i, from 0 to Keys-1, or [NoKey].
func (k Keys) Draw(i int64) int {
	r := newStream(k.base, uint64(i))
	switch {
	case k.key.Keys == 0:
		return NoKey
	case k.key.Zipf > 0:
		return k.zipf.draw(&r) - 1
	case k.key.HotKeys == 0:
		return r.below(k.key.Keys)
	case r.float() < k.key.HotShare:
		return r.below(k.key.HotKeys)
	}
	return k.key.HotKeys + r.below(k.key.Keys-k.key.HotKeys)
}

// Append appends the key with the given number, its decimal text, to dst. It
// appends nothing for [NoKey].
func (k Keys) Append(dst []byte, key int) []byte {
	if key == NoKey {
		return dst
	}
	return strconv.AppendInt(dst, int64(key), 10)
}

// Shares returns the probability of every key, by key number; nil without keys.
func (k Keys) Shares() []float64 {
	if k.key.Keys == 0 {
		return nil
	}
	shares := make([]float64, k.key.Keys)
	share := k.key.share()
	for i := range shares {
		shares[i] = share(i)
	}
	return shares
}

// share returns the function from a key's number to its probability.
func (k Key) share() func(i int) float64 {
	switch {
	case k.Zipf > 0:
		total := 0.0
		for i := k.Keys; i > 0; i-- { // small ones first: they would drown in the sum
			total += math.Pow(float64(i), -k.Zipf)
		}
		return func(i int) float64 { return math.Pow(float64(i+1), -k.Zipf) / total }
	case k.HotKeys > 0:
		hot := k.HotShare / float64(k.HotKeys)
		cold := (1 - k.HotShare) / float64(k.Keys-k.HotKeys)
		return func(i int) float64 {
			if i < k.HotKeys {
				return hot
			}
			return cold
		}
	}
	return func(int) float64 { return 1 / float64(k.Keys) }
}

// meanLength is the expected length of a key in bytes, 0 without keys.
func (k Key) meanLength() float64 {
	if k.Keys == 0 {
		return 0
	}
	share, mean := k.share(), 0.0
	for i, digits, next := 0, 1.0, 10; i < k.Keys; i++ {
		if i == next {
			digits++
			next *= 10
		}
		mean += share(i) * digits
	}
	return mean
}

// stream is a SplitMix64 generator (Steele, Lea, Flood 2014). One is made for
// every slot: a counter hashed into a start.
type stream struct{ state uint64 }

const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio, odd

func newStream(base, slot uint64) stream {
	return stream{mix64(base + slot*golden)}
}

func (r *stream) next() uint64 {
	r.state += golden
	return mix64(r.state)
}

// float returns a multiple of 2^-53 in [0, 1).
func (r *stream) float() float64 { return float64(r.next()>>11) * 0x1p-53 }

// below returns a number from 0 to n-1. Its bias is at most n ÷ 2^64, 1e-12 for
// the largest key set.
func (r *stream) below(n int) int {
	hi, _ := bits.Mul64(r.next(), uint64(n))
	return int(hi)
}

// mix64 is SplitMix64's finaliser: a bijection in which every bit of the input
// changes about half of the output.
func mix64(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
