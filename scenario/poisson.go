package scenario

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"sort"
)

// points are the points of a Poisson process of rate 1 per record of work, from 0
// to a total. Which they are is a pure function of a seed: any of them can be had
// without those before it, so that clients and shards share one process.
//
// The axis is cut into blocks. How many points a block holds is drawn from the
// Poisson law and kept as a sum over the blocks before it. Where they lie in the
// block is never kept: given their number they are spread evenly and
// independently, so the number in the left half is binomial with ½, and so on in
// each half, until a point is alone. A binomial number with ½ of n is the number
// of ones in n random bits; the bits are the hash of seed, block and half.
type points struct {
	base     uint64
	perBlock int64 // expected records of a block
	total    uint128
	before   []int64 // points before each block; the last entry is all of them
}

const (
	// leastPerBlock trades memory, 8 bytes for a block, against time: n bits are
	// n/64 hashes.
	leastPerBlock = 1024
	// mostBlocks take 32 MiB. From 4.3e9 records on blocks grow, and with them
	// the time of a draw: about 1 µs for each 30,000 records of a block.
	mostBlocks = 1 << 22
)

func newPoints(seed uint64, fleet string, total uint128) *points {
	// No fleet's name holds a slash, so that no fleet's keys have this base.
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, seed), fleet+"/arrivals"...))
	p := &points{base: binary.BigEndian.Uint64(sum[:8]), total: total}
	records := total.recordsBelow()
	p.perBlock = max(leastPerBlock, records/mostBlocks+1)
	blocks := int((records + p.perBlock - 1) / p.perBlock)
	p.before = make([]int64, blocks+1)
	var law poissonLaw
	for b := range blocks {
		if b == 0 || b == blocks-1 {
			law = newPoissonLaw(p.width(b).records())
		}
		p.before[b+1] = p.before[b] + law.draw(random(p.block(b), 0, 0))
	}
	return p
}

func (p *points) count() int64 { return p.before[len(p.before)-1] }

// block is the base of a block's hashes. Hash 0 is its number of points, from 1
// on they are its halves, see pick.
func (p *points) block(b int) uint64 { return mix64(p.base + uint64(b)*golden) }

// width is the work of a block; only the last one may be shorter.
func (p *points) width(b int) uint128 {
	if b < len(p.before)-2 {
		return workOf(p.perBlock)
	}
	return p.total.minus(workOf(int64(b) * p.perBlock))
}

// at is the work at point i, from 0 to count-1.
func (p *points) at(i int64) uint128 {
	low, high := 0, len(p.before)-2 // the last block that begins at or before i
	for low < high {
		middle := int(uint(low+high+1) / 2)
		if p.before[middle] <= i {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return p.in(low, i-p.before[low])
}

// in is the work at point k of a block.
func (p *points) in(b int, k int64) uint128 {
	f := pick(p.block(b), p.before[b+1]-p.before[b], k)
	return workOf(int64(b) * p.perBlock).plus(p.width(b).part(f))
}

// below is the number of points at less than some work.
func (p *points) below(work uint128) int64 {
	if !work.less(p.total) {
		return p.count()
	}
	whole, _ := bits.Div64(work.hi, work.lo, workUnits)
	b := int(int64(whole) / p.perBlock)
	n := p.before[b+1] - p.before[b]
	return p.before[b] + int64(sort.Search(int(n), func(k int) bool { return !p.in(b, int64(k)).less(work) }))
}

// pick is the kth smallest, from 0, of n numbers that are spread evenly over all
// 64-bit numbers. Half h of the range is followed by halves 2h and 2h+1 of it.
func pick(base uint64, n, k int64) uint64 {
	half, depth := uint64(1), 0
	for ; n > 1 && depth < 64; depth++ {
		left := coins(base, half, n)
		// Without a branch, which nothing could predict: right is all ones when
		// the number is in the right half.
		right := (left - 1 - k) >> 63
		n = left + right&(n-2*left)
		k -= right & left
		half = 2*half - uint64(right)
	}
	// The leading one of half and the bits behind it say where it lies.
	return half<<(64-depth) | random(base, half, 0)>>depth
}

// coins is the number of heads in n tosses.
func coins(base, half uint64, n int64) (heads int64) {
	word := uint64(0)
	for ; n >= 64; n -= 64 {
		heads += int64(bits.OnesCount64(random(base, half, word)))
		word++
	}
	return heads + int64(bits.OnesCount64(random(base, half, word)&(1<<(n&63)-1)))
}

// random is SplitMix64's output at a counter made of a half and the number of a
// word in it. Words from 2^16 on and halves from 2^48 on share counters with
// others, far apart from each other.
func random(base, half, word uint64) uint64 {
	return mix64(base + (half<<16+word)*golden)
}

// poissonLaw draws numbers from the Poisson law by the inverse of its
// distribution, exact to 2^-53.
type poissonLaw struct {
	first      int64
	cumulative []float64 // probability of first, of first or first+1, …
}

func newPoissonLaw(mean float64) poissonLaw {
	const negligible = 1e-20
	mode := int64(mean)
	// Probabilities as multiples of the mode's, from p(k+1) = p(k) · mean/(k+1).
	var down, up []float64
	for k, p := mode, 1.0; k > 0 && p > negligible; k-- {
		p *= float64(k) / mean
		down = append(down, p)
	}
	for k, p := mode+1, 1.0; p > negligible; k++ {
		up = append(up, p)
		p *= mean / float64(k)
	}
	law := poissonLaw{first: mode - int64(len(down))}
	sum := 0.0
	for i := len(down) - 1; i >= 0; i-- {
		sum += down[i]
		law.cumulative = append(law.cumulative, sum)
	}
	for _, p := range up {
		sum += p
		law.cumulative = append(law.cumulative, sum)
	}
	for i := range law.cumulative {
		law.cumulative[i] /= sum
	}
	return law
}

// draw turns random bits into a number.
func (l poissonLaw) draw(random uint64) int64 {
	u := float64(random>>11) * 0x1p-53
	return l.first + int64(sort.Search(len(l.cumulative)-1, func(i int) bool { return u < l.cumulative[i] }))
}
