package scenario

import (
	"math/bits"
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
// The curve is the integral of rate × load, the work. Records that leave evenly
// do so where the work reaches 0, 1, 2, …; those of a Poisson process where it
// reaches that process's points. The records of a run are those below the
// curve's end. Work is counted in integers, so that At and Due are exact
// inverses.
type Schedule struct {
	segments []segment
	phases   []time.Duration // ends of the phases
	points   *points         // nil: evenly
}

const (
	nano       = 1_000_000_000
	workUnits  = nano * nano // one record
	maxRecords = nano        // records per second; keeps counts inside an int64
)

// NewSchedule returns the schedule of a fleet through the phases. Its rate is the
// fleet's curve, from the start of traffic, times each phase's load, from the
// start of the phase, between 0 and 1e9 records per second; durations below 0
// count as 0. A fleet whose rate is max has no records on its schedule.
//
// The random times of a Poisson fleet depend on the seed, the fleet's name and
// the expected number of records.
func NewSchedule(p Producer, phases []Phase, seed uint64) Schedule {
	curve, unit := p.Rate.Curve, 1.0
	if p.Rate.Bytes > 0 {
		unit = p.MeanBytes()
	}
	if curve.Shape == Constant {
		curve = Always(p.Rate.Records + p.Rate.Bytes) // one of them is 0
	}
	s := Schedule{segments: segmentsOf(curve, unit, phases)}
	var end time.Duration
	for _, p := range phases {
		end += max(0, p.Duration)
		s.phases = append(s.phases, end)
	}
	if n := len(s.segments); n > 0 && p.Poisson {
		s.points = newPoints(seed, p.Name, s.segments[n-1].endWork)
	}
	return s
}

// Count is the number of records in the whole run.
func (s Schedule) Count() int64 {
	switch {
	case len(s.segments) == 0:
		return 0
	case s.points != nil:
		return s.points.count()
	}
	return s.segments[len(s.segments)-1].endWork.recordsBelow()
}

// End is when the last phase ends.
func (s Schedule) End() time.Duration {
	if len(s.phases) == 0 {
		return 0
	}
	return s.phases[len(s.phases)-1]
}

// At is the intended time of record i since the start of traffic, rounded down
// to a nanosecond. For i below 0 it is 0, from Count on it is End.
func (s Schedule) At(i int64) time.Duration {
	if i < 0 {
		return 0
	}
	work := workOf(i)
	if s.points != nil {
		if i >= s.points.count() {
			return s.End()
		}
		work = s.points.at(i)
	}
	if i := len(s.segments); i == 0 || !work.less(s.segments[i-1].endWork) {
		return s.End()
	}
	seg := segmentOf(s.segments, work)
	ahead := work.minus(seg.startWork)
	// The quotient is less than the segment's duration, so it fits.
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
	work := segmentAt(s.segments, t).workAt(t + 1)
	if s.points != nil {
		return s.points.below(work)
	}
	return work.recordsBelow()
}

// Rate is the records per second at a time since the start of traffic, the
// expected ones of a Poisson fleet; 0 before and after the run. Where a curve is
// smooth, Rate is its mean over some milliseconds; in runs longer than 10 minutes
// over a 65,536th of the run, or a 24th of the ramp or period if that is shorter.
func (s Schedule) Rate(t time.Duration) float64 {
	if t < 0 || t >= s.End() {
		return 0
	}
	return float64(segmentAt(s.segments, t).rate) / nano
}

// PhaseAt is the index of the phase at a time from 0 on, counting every phase,
// and the number of phases from End on. A boundary belongs to the phase that
// starts there.
func (s Schedule) PhaseAt(t time.Duration) int {
	for i, end := range s.phases {
		if t < end {
			return i
		}
	}
	return len(s.phases)
}

// ShardSlots is how many of the first total slots belong to a shard, which takes
// slots shard, shard+shards, shard+2·shards, …
func ShardSlots(total int64, shard, shards int) int64 {
	if total <= int64(shard) {
		return 0
	}
	return (total-int64(shard)-1)/int64(shards) + 1
}
