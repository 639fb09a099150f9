package generator

import (
	"math/bits"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// latencies is a histogram of durations with the buckets of HdrHistogram: to 1 µs
// each value has one of its own or shares it with those within 10^-digits of it. A
// duration above the top is recorded at the top and counted as clamped.
//
// Only the pages that durations fall into are there: 1 KB for each 128 buckets. A
// client whose latencies lie between 1 and 100 ms takes 60 KB for three digits,
// where HdrHistogram's own takes 172 KB; recording takes as long, 5 ns.
type latencies struct {
	pages    []*[pageSize]int64
	total    int64
	clamped  int64
	negative int64
	least    time.Duration // of the negative ones
	digits   int
	half     uint // log2 of the buckets of one halving of the range
}

const (
	pageBits = 7
	pageSize = 1 << pageBits
	unitBits = 9 // log2 of the smallest bucket's width: at most lowest
)

func newLatencies(significant int) *latencies {
	half := uint(bits.Len(uint(2*pow10(significant)-1)) - 1)
	l := &latencies{digits: significant, half: half}
	l.pages = make([]*[pageSize]int64, l.index(highest)>>pageBits+1)
	return l
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}

// index is the bucket of a value from 0 to highest. The first two rows of 1<<half
// buckets have the smallest width, each further row twice that of the one before.
func (l *latencies) index(v int64) int {
	units := uint64(v) >> unitBits
	row := max(0, bits.Len64(units)-int(l.half)-1)
	return row<<l.half + int(units>>uint(row))
}

// value is the lowest value of a bucket, width how many share it.
func (l *latencies) value(index int) (v, width int64) {
	row := max(0, index>>l.half-1)
	return int64(index-row<<l.half) << (row + unitBits), 1 << (row + unitBits)
}

// highestOf is the highest value of a bucket, which stands for all of it.
func (l *latencies) highestOf(index int) int64 {
	v, width := l.value(index)
	return v + width - 1
}

func (l *latencies) record(d time.Duration) { l.recordN(d, 1) }

func (l *latencies) recordN(d time.Duration, n int64) {
	if d < 0 || int64(d) > highest {
		d = l.clamp(d, n)
	}
	l.add(l.index(int64(d)), n)
}

// recordBelow records a duration in the highest bucket that ends below it: what stands
// for the bucket, its highest value, is then no more than the duration, as a lower
// bound has to be. Only the lowest bucket has none below.
func (l *latencies) recordBelow(d time.Duration, n int64) {
	if d < 0 || int64(d) > highest {
		d = l.clamp(d, n)
	}
	// One that is the highest of its bucket itself may stay there.
	l.add(max(0, l.index(int64(d)+1)-1), n)
}

func (l *latencies) add(index int, n int64) {
	page := l.pages[index>>pageBits]
	if page == nil {
		page = new([pageSize]int64)
		l.pages[index>>pageBits] = page
	}
	page[index&(pageSize-1)] += n
	l.total += n
}

// clamp counts a duration that is out of range and returns the one to record.
func (l *latencies) clamp(d time.Duration, n int64) time.Duration {
	if d < 0 {
		l.negative += n
		l.least = min(l.least, d)
		return 0
	}
	l.clamped += n
	return time.Duration(highest)
}

// each calls f with every bucket that holds something, in order, until it returns
// false.
func (l *latencies) each(f func(index int, n int64) bool) {
	for p, page := range l.pages {
		if page == nil {
			continue
		}
		for i, n := range page {
			if n != 0 && !f(p<<pageBits+i, n) {
				return
			}
		}
	}
}

// merge adds what another histogram of the same precision holds.
func (l *latencies) merge(o *latencies) {
	for i, from := range o.pages {
		if from == nil {
			continue
		}
		if l.pages[i] == nil {
			l.pages[i] = new([pageSize]int64)
		}
		to := l.pages[i]
		for b, n := range from {
			to[b] += n
		}
	}
	l.total += o.total
	l.clamped += o.clamped
	l.negative += o.negative
	l.least = min(l.least, o.least)
}

func (l *latencies) clone() *latencies {
	out := *l
	out.pages = make([]*[pageSize]int64, len(l.pages))
	for i, page := range l.pages {
		if page != nil {
			copied := *page
			out.pages[i] = &copied
		}
	}
	return &out
}

// Reset empties the histogram and keeps its memory.
func (l *latencies) Reset() {
	for _, page := range l.pages {
		if page != nil {
			clear(page[:])
		}
	}
	l.total, l.clamped, l.negative, l.least = 0, 0, 0, 0
}

// TotalCount is how many durations were recorded.
func (l *latencies) TotalCount() int64 { return l.total }

// bucketAt is the bucket of the value with a rank, counted from 1 for the least.
func (l *latencies) bucketAt(rank int64) (index int) {
	l.each(func(i int, n int64) bool {
		index = i
		rank -= n
		return rank > 0
	})
	return index
}

// at is the value with a rank, 0 when nothing was recorded.
func (l *latencies) at(rank int64) int64 {
	if l.total == 0 {
		return 0
	}
	return l.highestOf(l.bucketAt(rank))
}

// ValueAtQuantile is the smallest recorded value that so many percent of all do not
// exceed, 0 when nothing was recorded.
func (l *latencies) ValueAtQuantile(percent float64) int64 {
	return l.at(rankOf(percent/100, l.total))
}

// Max is the largest value, 0 when nothing was recorded.
func (l *latencies) Max() int64 { return l.at(l.total) }

// Mean takes every value for the middle of its bucket; 0 when nothing was recorded.
func (l *latencies) Mean() float64 {
	if l.total == 0 {
		return 0
	}
	sum := 0.0
	l.each(func(i int, n int64) bool {
		v, width := l.value(i)
		sum += float64(n) * float64(v+width/2)
		return true
	})
	return sum / float64(l.total)
}

// hdr is the histogram as HdrHistogram has it.
func (l *latencies) hdr() *hdrhistogram.Histogram {
	h := hdrhistogram.New(lowest, highest, l.digits)
	l.each(func(i int, n int64) bool {
		v, _ := l.value(i)
		_ = h.RecordValues(min(v, highest), n) // in range
		return true
	})
	return h
}
