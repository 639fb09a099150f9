package scenario

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// bases are the starts of a fleet's streams, one for its keys and one for its
// values, so that neither moves when the other draws more or less.
func bases(seed uint64, fleet string) (keys, values uint64) {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, seed), fleet...))
	return binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])
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

// below returns a number from 0 to n-1. Its bias is at most n ÷ 2^64, 1e-10 for
// the largest size.
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
