package scenario

import (
	"math"
	"math/bits"
	"time"
)

// segment is a stretch of constant rate.
type segment struct {
	start, end         time.Duration
	rate               uint64 // 1e-9 records per second
	startWork, endWork uint128
}

// workAt is the work done by time t, which must lie within the segment.
func (seg *segment) workAt(t time.Duration) uint128 {
	hi, lo := bits.Mul64(seg.rate, uint64(t-seg.start))
	return seg.startWork.plus(uint128{hi, lo})
}

// segmentAt is the segment of a time, which must be before the last one's end.
func segmentAt(segments []segment, t time.Duration) *segment {
	low, high := 0, len(segments)-1
	for low < high {
		if middle := int(uint(low+high) / 2); t < segments[middle].end {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return &segments[low]
}

// segmentOf is the segment in which some work is reached, which must be less than
// the last one's end.
func segmentOf(segments []segment, work uint128) *segment {
	low, high := 0, len(segments)-1
	for low < high {
		if middle := int(uint(low+high) / 2); work.less(segments[middle].endWork) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return &segments[low]
}

// segmentsOf multiplies a fleet's curve, which runs in the time of the run, with
// the loads of the phases, which run in the time of their phase. unit is what one
// record takes of the fleet's curve: 1, or its bytes.
func segmentsOf(fleet Curve, unit float64, phases []Phase) []segment {
	var run time.Duration
	for _, p := range phases {
		run += max(0, p.Duration)
	}
	var c cutter
	rates := fleet.pieces(run, run)
	var start time.Duration // of the phase
	for _, p := range phases {
		for _, load := range p.Load.pieces(max(0, p.Duration), run) {
			for end := start + load.end; c.at < end; {
				for rates[0].end <= c.at {
					rates = rates[1:]
				}
				c.product(min(end, rates[0].end),
					factor{fleet, rates[0], 0, 1 / unit}, factor{p.Load, load, start, 1})
			}
		}
		start += max(0, p.Duration)
	}
	return c.segments
}

// factor is a piece of a curve in the time of the run.
type factor struct {
	curve Curve
	piece
	start time.Duration // of the curve
	scale float64
}

// at is the factor's value ns nanoseconds after the run began.
func (f *factor) at(ns float64) float64 {
	if f.cell == 0 {
		return f.value * f.scale
	}
	return f.curve.smooth(ns-float64(f.start)) * f.scale
}

// cutter lines segments up.
type cutter struct {
	at       time.Duration // end of the last segment
	segments []segment
}

// product adds the product of two pieces, from where the cutter is to end.
func (c *cutter) product(end time.Duration, a, b factor) {
	cell := a.cell
	if cell == 0 || b.cell > 0 && b.cell < cell {
		cell = b.cell
	}
	if cell == 0 {
		c.add(end, a.at(0)*b.at(0))
		return
	}
	// The mean by the Gauss-Legendre rule with two points, which is exact for
	// polynomials of the third degree: ramp × ramp is of the second.
	const offset = 0.28867513459481288 // 1 / (2·√3)
	for c.at < end {
		to := c.at + min(cell, end-c.at)
		length := float64(to - c.at)
		middle := float64(c.at) + length/2
		left, right := middle-offset*length, middle+offset*length
		c.add(to, (a.at(left)*b.at(left)+a.at(right)*b.at(right))/2)
	}
}

// add adds a segment. Rates are taken to the nearest 1e-9 records per second and
// kept between 0 and 1e9.
func (c *cutter) add(end time.Duration, rate float64) {
	if !(rate > 0) { // NaN too
		rate = 0
	}
	next := segment{start: c.at, end: end, rate: uint64(math.Round(min(rate, maxRecords) * nano))}
	if n := len(c.segments); n > 0 {
		last := &c.segments[n-1]
		if last.rate == next.rate {
			next.start, next.startWork = last.start, last.startWork
			c.segments = c.segments[:n-1]
		} else {
			next.startWork = last.endWork
		}
	}
	next.endWork = next.workAt(end)
	c.segments = append(c.segments, next)
	c.at = end
}
