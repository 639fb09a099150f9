package scenario

import "time"

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
