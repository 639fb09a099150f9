package scenario

import (
	"math"
	"slices"
	"time"
)

// Shape is how a [Curve] changes with time.
type Shape string

const (
	Constant Shape = ""       // To
	Ramp     Shape = "ramp"   // linear From → To within Over, then To
	Steps    Shape = "steps"  // each step's Value for its time; the last one lasts on
	Sine     Shape = "sine"   // between From and To with the period Over, From first: night, then day
	Burst    Shape = "burst"  // From, and To in the last Lasts of every Over
	Replay   Shape = "replay" // as Steps, from a file
)

// Curve is a value that changes with the time since the curve began. The zero
// value is 0 for ever.
type Curve struct {
	Shape    Shape
	From, To float64
	Over     time.Duration
	Lasts    time.Duration
	Steps    []Step
	File     File
}

// Step is a value that holds for a time.
type Step struct {
	Value float64
	For   time.Duration // 0 in the last step: it lasts on
}

// Always is the curve of one value.
func Always(value float64) Curve { return Curve{To: value} }

// Peak is the highest value of the curve.
func (c Curve) Peak() float64 {
	peak := c.To
	switch c.Shape {
	case Ramp, Sine, Burst:
		peak = max(peak, c.From)
	case Steps, Replay:
		for _, s := range c.Steps {
			peak = max(peak, s.Value)
		}
	}
	return peak
}

// A schedule is made of stretches of constant rate. Where a curve is smooth, it
// is cut into cells that each take the curve's mean, so that what the schedule
// has sent at the end of a cell is what the curve asks for.
const (
	// finestCell is short beside what a linger time gathers.
	finestCell = 10 * time.Millisecond
	// mostCells of one length bound the memory of a long run.
	mostCells = 1 << 16
	// leastCells make up a ramp or a period, however long the run: the rate then
	// steps by at most 2π/24 of a sine's amplitude.
	leastCells = 24
	// mostPieces is the bound of [Curve.changes] that scenario files are held to.
	// A month of one sine period a minute stays below it.
	mostPieces = 1 << 20
)

// piece is a stretch of a curve, from the end of the piece before it.
type piece struct {
	end   time.Duration // since the curve began
	value float64       // all through, where cell is 0
	cell  time.Duration // the longest cell; 0 where the curve is constant
}

// pieces cuts the first part of a curve, in a run that lasts run, at every point
// where it jumps or bends.
func (c Curve) pieces(length, run time.Duration) []piece {
	cell := max(1, min(c.Over/leastCells, max(finestCell, run/mostCells)))
	switch {
	case c.Shape == Steps || c.Shape == Replay:
		return c.stepPieces(length)
	case c.Over <= 0 || c.From == c.To:
		return []piece{{end: length, value: c.To}}
	case c.Shape == Sine:
		return []piece{{end: length, cell: cell}}
	case c.Shape == Ramp && c.Over < length:
		return []piece{{end: c.Over, cell: cell}, {end: length, value: c.To}}
	case c.Shape == Ramp:
		return []piece{{end: length, cell: cell}}
	case c.Shape == Burst:
		return c.burstPieces(length)
	}
	return []piece{{end: length, value: c.To}}
}

func (c Curve) stepPieces(length time.Duration) []piece {
	var out []piece
	var end time.Duration
	for i, s := range c.Steps {
		end += s.For
		if i == len(c.Steps)-1 || end >= length {
			return append(out, piece{end: length, value: s.Value})
		}
		out = append(out, piece{end: end, value: s.Value})
	}
	return []piece{{end: length}}
}

func (c Curve) burstPieces(length time.Duration) []piece {
	var out []piece
	for begin := time.Duration(0); begin < length; begin += min(c.Over, length-begin) {
		rest := length - begin // so that no sum goes over the end of time
		out = append(out,
			piece{end: begin + min(rest, c.Over-min(c.Lasts, c.Over)), value: c.From},
			piece{end: begin + min(rest, c.Over), value: c.To})
	}
	return out
}

// smooth is the value of a ramp before its end, or of a sine, ns nanoseconds
// after it began.
func (c Curve) smooth(ns float64) float64 {
	part := ns / float64(c.Over)
	if c.Shape == Sine {
		half := math.Sin(math.Pi * part)
		part = half * half // = (1 - cos 2πt/period) / 2
	}
	return c.From + (c.To-c.From)*part
}

// changes is about how many pieces and cells the first part of a curve has,
// without making them. The cells of which a schedule has at most mostCells are
// left out.
func (c Curve) changes(length time.Duration) float64 {
	periods := float64(length) / float64(max(1, c.Over))
	switch c.Shape {
	case Steps, Replay:
		return float64(len(c.Steps))
	case Sine:
		return leastCells * periods
	case Burst:
		return 2 * periods
	}
	return leastCells
}

// stretched is the curve of a phase whose duration changes: a ramp and steps go
// with it, what repeats keeps its period. No step gets shorter than a file could
// say.
func (c Curve) stretched(from, to time.Duration) Curve {
	stretch := func(d time.Duration) time.Duration {
		return max(shortestStep, time.Duration(math.Round(float64(d)*float64(to)/float64(from))))
	}
	switch c.Shape {
	case Ramp:
		c.Over = stretch(c.Over)
	case Steps:
		c.Steps = slices.Clone(c.Steps)
		for i := range c.Steps[:len(c.Steps)-1] { // the last one has no end
			c.Steps[i].For = stretch(c.Steps[i].For)
		}
	}
	return c
}
