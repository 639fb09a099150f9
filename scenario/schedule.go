package scenario

import (
	"math"
	"math/bits"
	"sort"
	"time"
)

// Schedule says when every record of one fleet leaves: a pure function from the
// record's index to its intended time. Nothing is accumulated, so nothing
// drifts, and a backlog costs no memory.
//
//	records
//	  due  ┤                  ╱ load 100 %
//	       │                ╱
//	       │              ╱
//	       │      ____──╱  ← phase boundary: the curve bends, it never jumps
//	       │ __──¯ load 25 %
//	       └────────────────────── time
//
// The curve is the integral of rate × load. Record i leaves where the curve
// reaches i, so record 0 leaves at 0, and the records of a run are those with
// i < the curve's end.
type Schedule struct {
	segments []segment
}

// segment is one phase. Work is counted in 1e-18 records: a rate in whole
// 1e-9 records per second times a time in whole nanoseconds. With integers, At
// and Due are exact inverses.
type segment struct {
	start, end         time.Duration
	rate               uint64 // 1e-9 records per second
	startWork, endWork uint128
}

const (
	nano       = 1_000_000_000
	workUnits  = nano * nano // one record
	maxRecords = nano        // records per second; keeps counts inside an int64
)

// NewSchedule returns the schedule of a fleet: recordsPerSecond at load 1,
// through the phases. A phase's rate, recordsPerSecond × load, is taken to the
// nearest 1e-9 records per second and kept between 0 and 1e9; durations below 0
// count as 0.
func NewSchedule(recordsPerSecond float64, phases []Phase) Schedule {
	var s Schedule
	var at segment // where the previous phase ended
	for _, p := range phases {
		rate := recordsPerSecond * p.Load.Peak()
		if !(rate > 0) { // NaN too
			rate = 0
		}
		next := segment{
			start:     at.end,
			end:       at.end + max(0, p.Duration),
			rate:      uint64(math.Round(min(rate, maxRecords) * nano)),
			startWork: at.endWork,
		}
		next.endWork = next.workAt(next.end)
		s.segments = append(s.segments, next)
		at = next
	}
	return s
}

// Count is the number of records in the whole run.
func (s Schedule) Count() int64 {
	if len(s.segments) == 0 {
		return 0
	}
	return s.segments[len(s.segments)-1].endWork.recordsBelow()
}

// End is when the last phase ends.
func (s Schedule) End() time.Duration {
	if len(s.segments) == 0 {
		return 0
	}
	return s.segments[len(s.segments)-1].end
}

// At is the intended time of record i since the start of traffic, rounded down
// to a nanosecond. For i below 0 it is 0, from Count on it is End.
func (s Schedule) At(i int64) time.Duration {
	if i < 0 {
		return 0
	}
	p := s.Phase(i)
	if p == len(s.segments) {
		return s.End()
	}
	seg := &s.segments[p]
	ahead := workOf(i).minus(seg.startWork)
	// The quotient is less than the phase's duration, so it fits.
	ns, _ := bits.Div64(ahead.hi, ahead.lo, seg.rate)
	return seg.start + time.Duration(ns)
}

// Due is how many records are due at or before t: the smallest n with
// At(n) > t, and Count once all are.
func (s Schedule) Due(t time.Duration) int64 {
	if t < 0 || len(s.segments) == 0 {
		return 0
	}
	// At rounds down, so it is at or before t exactly when the record's true
	// time is before t+1 ns.
	if t >= s.End()-1 {
		return s.Count()
	}
	t++
	p := sort.Search(len(s.segments)-1, func(i int) bool { return t <= s.segments[i].end })
	return s.segments[p].workAt(t).recordsBelow()
}

// Phase is the index of the phase of record i, counting every phase, and the
// number of phases for i from Count on. A record that falls on a boundary
// belongs to the phase that starts there.
func (s Schedule) Phase(i int64) int {
	work := workOf(max(i, 0))
	for p := range s.segments {
		if work.less(s.segments[p].endWork) {
			return p
		}
	}
	return len(s.segments)
}

// ShardSlots is how many of the first total slots belong to a shard, which takes
// slots shard, shard+shards, shard+2·shards, …
func ShardSlots(total int64, shard, shards int) int64 {
	if total <= int64(shard) {
		return 0
	}
	return (total-int64(shard)-1)/int64(shards) + 1
}

// workAt is the work done by time t, which must lie within the segment.
func (seg *segment) workAt(t time.Duration) uint128 {
	hi, lo := bits.Mul64(seg.rate, uint64(t-seg.start))
	return seg.startWork.plus(uint128{hi, lo})
}

// uint128 is an amount of work. The largest rate for the longest time.Duration
// is 9.2e36, well below 2^128 = 3.4e38.
type uint128 struct{ hi, lo uint64 }

// workOf is the work after which record i leaves.
func workOf(i int64) uint128 {
	hi, lo := bits.Mul64(uint64(i), workUnits)
	return uint128{hi, lo}
}

// recordsBelow is the number of records i ≥ 0 with workOf(i) < a.
func (a uint128) recordsBelow() int64 {
	n, rest := bits.Div64(a.hi, a.lo, workUnits)
	if rest > 0 {
		n++
	}
	return int64(n)
}

func (a uint128) plus(b uint128) uint128 {
	lo, carry := bits.Add64(a.lo, b.lo, 0)
	hi, _ := bits.Add64(a.hi, b.hi, carry)
	return uint128{hi, lo}
}

func (a uint128) minus(b uint128) uint128 {
	lo, borrow := bits.Sub64(a.lo, b.lo, 0)
	hi, _ := bits.Sub64(a.hi, b.hi, borrow)
	return uint128{hi, lo}
}

func (a uint128) less(b uint128) bool {
	return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo
}
