package scenario

import (
	"math"
	"strconv"
	"time"
)

// NoKey is the key number of records without a key.
const NoKey = -1

// Keys draws the keys of one fleet. The key of a slot depends on seed, fleet,
// slot and, with a hot set that moves, on the slot's intended time alone, so that
// any split of the slots over clients or shards gives the same keys. Drawing
// allocates nothing and takes no lock.
type Keys struct {
	key   Key
	base  uint64
	zipf  zipf  // when key.Zipf > 0
	alias alias // when key.Weighted is set
}

// NewKeys returns the keys of a fleet. Fleets of different names draw
// independently under the same seed.
func NewKeys(k Key, seed uint64, fleet string) *Keys {
	keys := &Keys{key: k}
	keys.base, _ = bases(seed, fleet)
	if k.Zipf > 0 {
		keys.zipf = newZipf(k.Zipf, k.Keys)
	}
	if len(k.Weighted) > 0 {
		keys.alias = newAlias(len(k.Weighted), func(i int) float64 { return k.Weighted[i].Weight })
	}
	return keys
}

// Draw returns the key number of a slot, from 0 to Keys-1, or [NoKey]. The
// slot's intended time, since the start of traffic, matters only to a hot set
// that moves.
func (k *Keys) Draw(slot int64, at time.Duration) int {
	r := newStream(k.base, uint64(slot))
	switch {
	case k.key.Keys == 0:
		return NoKey
	case k.key.InTurn:
		return int(uint64(slot) % uint64(k.key.Keys))
	case k.alias != nil:
		return k.alias.draw(&r)
	case k.key.Zipf > 0:
		return k.zipf.draw(&r) - 1
	case k.key.HotKeys == 0:
		return r.below(k.key.Keys)
	}
	key := 0
	if r.float() < k.key.HotShare {
		key = r.below(k.key.HotKeys)
	} else {
		key = k.key.HotKeys + r.below(k.key.Keys-k.key.HotKeys)
	}
	if k.key.HotMoves == 0 {
		return key
	}
	return (key + k.key.firstHot(at)) % k.key.Keys
}

// firstHot is the first of the hot keys at a time; the others follow it, key 0
// after the last one.
func (k Key) firstHot(at time.Duration) int {
	if k.HotMoves == 0 {
		return 0
	}
	moves := uint64(max(0, at) / k.HotMoves)
	return int(moves % uint64(k.Keys) * uint64(k.HotKeys) % uint64(k.Keys))
}

// Append appends the key with the given number to dst: its text, for numbered
// keys in decimal. It appends nothing for [NoKey].
func (k *Keys) Append(dst []byte, key int) []byte {
	switch {
	case key == NoKey:
		return dst
	case k.alias != nil:
		return append(dst, k.key.Weighted[key].Key...)
	}
	if k.key.Size > 0 {
		for range k.key.Size - digits(key) {
			dst = append(dst, '0')
		}
	}
	return strconv.AppendInt(dst, int64(key), 10)
}

// Length is the number of bytes that Append appends.
func (k *Keys) Length(key int) int {
	switch {
	case key == NoKey:
		return 0
	case k.alias != nil:
		return len(k.key.Weighted[key].Key)
	}
	return max(k.key.Size, digits(key))
}

// digits is the length of a number's decimal text.
func digits(n int) int {
	length := 1
	for next := 10; n >= next; next *= 10 {
		length++
	}
	return length
}

// Shares returns the probability of every key in the long run, by key number;
// nil without keys. A hot set that moves comes past every key equally often.
func (k *Keys) Shares() []float64 { return k.key.shares() }

// SharesAt returns the probability of every key at a time since the start of
// traffic. It differs from Shares only for a hot set that moves, and stays the
// same from one move to the next.
func (k *Keys) SharesAt(at time.Duration) []float64 {
	still := k.key
	still.HotMoves = 0
	shares := still.shares()
	first := k.key.firstHot(at)
	if first == 0 {
		return shares
	}
	n := len(shares)
	return append(shares[n-first:n:n], shares[:n-first]...)
}

func (k Key) shares() []float64 {
	if k.Keys == 0 {
		return nil
	}
	shares := make([]float64, k.Keys)
	share := k.share()
	for i := range shares {
		shares[i] = share(i)
	}
	return shares
}

// share returns the function from a key's number to its probability in the long
// run.
func (k Key) share() func(i int) float64 {
	switch {
	case len(k.Weighted) > 0:
		total := 0.0
		for _, w := range k.Weighted {
			total += w.Weight
		}
		return func(i int) float64 { return k.Weighted[i].Weight / total }
	case k.Zipf > 0:
		total := 0.0
		for i := k.Keys; i > 0; i-- { // small ones first: they would drown in the sum
			total += math.Pow(float64(i), -k.Zipf)
		}
		return func(i int) float64 { return math.Pow(float64(i+1), -k.Zipf) / total }
	case k.HotKeys > 0 && k.HotMoves == 0:
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
	if k.Keys == 0 || k.Size > 0 {
		return float64(k.Size)
	}
	share, mean := k.share(), 0.0
	for i, w := range k.Weighted {
		mean += share(i) * float64(len(w.Key))
	}
	if len(k.Weighted) > 0 {
		return mean
	}
	for i, digits, next := 0, 1.0, 10; i < k.Keys; i++ {
		if i == next {
			digits++
			next *= 10
		}
		mean += share(i) * digits
	}
	return mean
}

// maxLength is the length of the longest key in bytes.
func (k Key) maxLength() int {
	longest := k.Size
	if k.Keys > 0 && len(k.Weighted) == 0 {
		longest = max(longest, digits(k.Keys-1))
	}
	for _, w := range k.Weighted {
		longest = max(longest, len(w.Key))
	}
	return longest
}
