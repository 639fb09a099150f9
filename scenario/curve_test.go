package scenario

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func seconds(s float64) time.Duration { return time.Duration(math.Round(s * 1e9)) }

// phase is a phase of a load, in seconds.
func phaseOf(s float64, load Curve) Phase { return Phase{Duration: seconds(s), Load: load} }

func inRecords(c Curve) Producer { return Producer{Rate: Rate{Records: c.Peak(), Curve: c}} }

// TestCurvesByHand holds times worked out by hand. Where the rate is constant
// they are exact; where it is smooth the work at whole seconds, which end cells,
// is right to half a unit of the rate in each cell, so that the times at the
// rates here are right to a nanosecond.
func TestCurvesByHand(t *testing.T) {
	full := Always(1)
	for name, c := range map[string]struct {
		p      Producer
		phases []Phase
		count  int64
		at     map[int64]float64 // seconds, by record
	}{
		// 5t² records after t seconds, from 10 s on 500 + 100·(t-10).
		"ramp": {inRecords(Curve{Shape: Ramp, From: 0, To: 100, Over: seconds(10)}), []Phase{phaseOf(20, full)}, 1500,
			map[int64]float64{5: 1, 20: 2, 125: 5, 320: 8, 550: 10.5, 600: 11, 1499: 19.99}},
		// 100t - 4.5t² records.
		"ramp down": {inRecords(Curve{Shape: Ramp, From: 100, To: 10, Over: seconds(10)}), []Phase{phaseOf(12, full)}, 570,
			map[int64]float64{0: 0, 182: 2, 328: 4, 438: 6, 512: 8, 560: 11}},
		"steps": {inRecords(Curve{Shape: Steps, Steps: []Step{{10, seconds(2)}, {40, seconds(1)}, {0, seconds(1)}, {20, 0}}}), []Phase{phaseOf(5, full)}, 80,
			map[int64]float64{0: 0, 19: 1.9, 20: 2, 21: 2.025, 59: 2.975, 60: 4, 61: 4.05}},
		"steps beyond the end": {inRecords(Curve{Shape: Steps, Steps: []Step{{10, seconds(2)}, {40, seconds(1)}, {5, 0}}}), []Phase{phaseOf(2.5, full)}, 40,
			map[int64]float64{20: 2, 39: 2.475}},
		// 10t - (50/π)·sin(πt/5) records.
		"sine": {inRecords(Curve{Shape: Sine, From: 0, To: 20, Over: seconds(10)}), []Phase{phaseOf(30, full)}, 300,
			map[int64]float64{50: 5, 150: 15, 250: 25}},
		// 80 and 200 records in each 10 s.
		"burst": {inRecords(Curve{Shape: Burst, From: 10, To: 100, Over: seconds(10), Lasts: seconds(2)}), []Phase{phaseOf(29, full)}, 740,
			map[int64]float64{79: 7.9, 80: 8, 81: 8.01, 279: 9.99, 280: 10, 281: 10.1, 640: 28, 641: 28.01}},
		// The fleet's burst goes on in the second phase: 15, 25, 5 records at half
		// load, then 20, 50, 30, 50, 30 records.
		"burst across phases": {inRecords(Curve{Shape: Burst, From: 10, To: 50, Over: seconds(4), Lasts: seconds(1)}), []Phase{phaseOf(5, Always(0.5)), phaseOf(10, full)}, 225,
			map[int64]float64{14: 2.8, 15: 3, 16: 3.04, 40: 4, 41: 4.2, 45: 5, 46: 5.1, 65: 7, 115: 8, 145: 11, 195: 12}},
		// The load's burst begins anew in each phase.
		"burst of the load": {inRecords(Always(100)), []Phase{
			phaseOf(3, Curve{Shape: Burst, From: 0.1, To: 1, Over: seconds(2), Lasts: seconds(1)}),
			phaseOf(3, Curve{Shape: Burst, From: 0.1, To: 1, Over: seconds(2), Lasts: seconds(1)})}, 240,
			map[int64]float64{9: 0.9, 10: 1, 110: 2, 119: 2.9, 120: 3, 130: 4, 230: 5}},
		"ramps of the load": {inRecords(Always(100)), []Phase{
			phaseOf(10, Curve{Shape: Ramp, From: 0, To: 1, Over: seconds(10)}), phaseOf(10, Curve{Shape: Ramp, From: 0, To: 1, Over: seconds(10)})}, 1000,
			map[int64]float64{5: 1, 320: 8, 505: 11, 820: 18}},
		// t² records per second.
		"ramp of the rate and the load": {inRecords(Curve{Shape: Ramp, From: 0, To: 100, Over: seconds(10)}),
			[]Phase{phaseOf(10, Curve{Shape: Ramp, From: 0, To: 1, Over: seconds(10)})}, 334,
			map[int64]float64{9: 3, 72: 6, 243: 9}},
		"bytes": {Producer{Rate: Rate{Bytes: 2000, Curve: Curve{Shape: Steps, Steps: []Step{{1000, seconds(1)}, {2000, 0}}}}, Value: Value{Size: Fixed(100)}}, []Phase{phaseOf(2, full)}, 30,
			map[int64]float64{9: 0.9, 10: 1, 11: 1.05}},
	} {
		s := NewSchedule(c.p, c.phases, 1)
		if s.Count() != c.count {
			t.Errorf("%s: %d records, want %d", name, s.Count(), c.count)
		}
		for i, at := range c.at {
			if got := s.At(i); got < seconds(at)-1 || got > seconds(at)+1 {
				t.Errorf("%s: record %d at %d ns, want %.3f s", name, i, got, at)
			}
		}
	}
}

// TestRate holds the rate against the definition of the shapes: exactly where it
// is constant, within the slope times half a cell of 10 ms where it is smooth.
func TestRate(t *testing.T) {
	s := NewSchedule(inRecords(Curve{Shape: Burst, From: 10, To: 100, Over: seconds(10), Lasts: seconds(2)}),
		[]Phase{phaseOf(20, Always(0.5)), phaseOf(10, Curve{Shape: Ramp, From: 1, To: 3, Over: seconds(10)})}, 1)
	for _, c := range []struct{ at, want, within float64 }{
		{-1e-9, 0, 0}, {0, 5, 0}, {8 - 1e-9, 5, 0}, {8, 50, 0}, {10 - 1e-9, 50, 0}, {10, 5, 0}, {20 - 1e-9, 50, 0},
		{20, 10, 0.01}, {25, 20, 0.01}, {27.9999, 26, 0.01}, {28, 260, 0.1}, {30 - 1e-9, 300, 0.1}, {30, 0, 0},
	} {
		if got := s.Rate(seconds(c.at)); math.Abs(got-c.want) > c.within+1e-9 {
			t.Errorf("%v records/s at %v s, want %v", got, c.at, c.want)
		}
	}
}

// drawCurve draws a curve with values from 0 to most, the highest above 0.
func drawCurve(t *rapid.T, most float64) Curve {
	value := func(label string) float64 {
		return rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(most/1e6, most)).Draw(t, label)
	}
	low, high := value("low"), rapid.Float64Range(most/1e3, most).Draw(t, "high")
	over := time.Duration(rapid.Int64Range(int64(2*time.Millisecond), int64(100*time.Second)).Draw(t, "over"))
	switch shape := rapid.SampledFrom([]Shape{Constant, Ramp, Steps, Sine, Burst}).Draw(t, "shape"); shape {
	case Ramp:
		if rapid.Bool().Draw(t, "down") {
			low, high = high, low
		}
		return Curve{Shape: shape, From: low, To: high, Over: over}
	case Sine:
		return Curve{Shape: shape, From: min(low, high), To: high, Over: over}
	case Burst:
		lasts := time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(over)-1).Draw(t, "lasts"))
		return Curve{Shape: shape, From: min(low, high), To: high, Over: over, Lasts: lasts}
	case Steps:
		c := Curve{Shape: shape}
		for range rapid.IntRange(0, 4).Draw(t, "steps") {
			c.Steps = append(c.Steps, Step{value("step"), time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(30*time.Second)).Draw(t, "for"))})
		}
		c.Steps = append(c.Steps, Step{high, 0})
		return c
	}
	return Always(high)
}

// drawSlowCurve draws a curve that does not change too often in a month and a
// half.
func drawSlowCurve(t *rapid.T, most float64) Curve {
	c := drawCurve(t, most)
	if c.Over > 0 {
		c.Over += 5 * time.Minute
	}
	return c
}

// valueAt is a curve once more, from the definition of its shape; t in seconds.
func valueAt(c Curve, t float64) float64 {
	over := c.Over.Seconds()
	switch c.Shape {
	case Ramp:
		return c.From + (c.To-c.From)*min(1, t/over)
	case Sine:
		return (c.From+c.To)/2 - (c.To-c.From)/2*math.Cos(2*math.Pi*t/over)
	case Burst:
		if math.Mod(t, over) < over-c.Lasts.Seconds() {
			return c.From
		}
	case Steps:
		for _, s := range c.Steps[:len(c.Steps)-1] {
			if t -= s.For.Seconds(); t < 0 {
				return s.Value
			}
		}
		return c.Steps[len(c.Steps)-1].Value
	}
	return c.To
}

// bends are the times in seconds, below length, at which a curve is not smooth.
func bends(c Curve, length float64) (at []float64) {
	switch c.Shape {
	case Ramp:
		at = append(at, c.Over.Seconds())
	case Burst:
		for t := 0.0; t < length; t += c.Over.Seconds() {
			at = append(at, t, t+c.Over.Seconds()-c.Lasts.Seconds())
		}
	case Steps:
		t := 0.0
		for _, s := range c.Steps {
			t += s.For.Seconds()
			at = append(at, t)
		}
	}
	return slices.DeleteFunc(at, func(t float64) bool { return t >= length })
}

// slope is the steepest that a curve gets in a second where it is smooth.
func slope(c Curve) float64 {
	switch c.Shape {
	case Ramp:
		return math.Abs(c.To-c.From) / c.Over.Seconds()
	case Sine:
		return math.Pi * (c.To - c.From) / c.Over.Seconds()
	}
	return 0
}

// TestDueIsTheIntegral holds the number of records due at any time against the
// integral of rate × load, worked out by Simpson's rule between the curves'
// bends. A count is rounded up; within a cell of length h it may be off by
// another slope·h²/8.
func TestDueIsTheIntegral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fleet := drawCurve(t, 1000)
		var phases []Phase
		end := 0.0
		for range rapid.IntRange(1, 3).Draw(t, "phases") {
			p := Phase{Duration: time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(60*time.Second)).Draw(t, "duration")), Load: drawCurve(t, 2)}
			phases = append(phases, p)
			end += p.Duration.Seconds()
		}
		s := NewSchedule(inRecords(fleet), phases, 1)
		instant := rapid.Float64Range(0, end).Draw(t, "t")
		want, steepest, start := 0.0, 0.0, 0.0
		for _, p := range phases {
			steepest = max(steepest, slope(fleet)*p.Load.Peak()+slope(p.Load)*fleet.Peak())
			stop := min(instant, start+p.Duration.Seconds())
			cuts := append(bends(fleet, stop), start, stop)
			for _, b := range bends(p.Load, p.Duration.Seconds()) {
				cuts = append(cuts, start+b)
			}
			slices.Sort(cuts)
			for i, from := range cuts[1:] {
				from, to := max(start, cuts[i]), min(from, stop)
				if to-from > 1e-9 {
					want += simpson(from, to, func(t float64) float64 { return valueAt(fleet, t) * valueAt(p.Load, t-start) })
				}
			}
			start += p.Duration.Seconds()
		}
		const cell = 0.01
		if got := float64(s.Due(seconds(instant) - 1)); got < want-1e-4-steepest*cell*cell/8 || got > want+1+1e-4+steepest*cell*cell/8 {
			t.Errorf("%v records due at %v s, the integral is %v", got, instant, want)
		}
	})
}

// simpson integrates a function that is smooth strictly between two points.
func simpson(from, to float64, f func(float64) float64) (sum float64) {
	n := 2 * int(1+(to-from)/0.0005)
	if to-from < 0.001 {
		n = 8
	}
	step := (to - from) / float64(n)
	inside := min(1e-10, step/4) // away from the jumps at both ends
	for i := range n + 1 {
		weight := float64(2 + 2*(i%2))
		if i == 0 || i == n {
			weight = 1
		}
		sum += weight * f(min(max(from+float64(i)*step, from+inside), to-inside))
	}
	return sum * step / 3
}

// TestClosedForms holds whole runs against integrals in closed form, to one
// record. Long runs have coarse cells; their sums stay right.
func TestClosedForms(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		curve  Curve
		length time.Duration
		want   float64
	}{
		"sine, whole periods":     {Curve{Shape: Sine, From: 1e4, To: 3e4, Over: time.Minute}, 10 * time.Minute, 2e4 * 600},
		"sine, a quarter":         {Curve{Shape: Sine, From: 1e4, To: 3e4, Over: time.Minute}, 15 * time.Second, 2e4*15 - 1e4*60/(2*math.Pi)},
		"sine, a month of days":   {Curve{Shape: Sine, From: 0, To: 1e4, Over: day}, 30 * day, 5e3 * 30 * 86400},
		"sine, a month of hours":  {Curve{Shape: Sine, From: 0, To: 1e4, Over: time.Hour}, 30 * day, 5e3 * 30 * 86400},
		"burst, a month":          {Curve{Shape: Burst, From: 100, To: 5000, Over: time.Minute, Lasts: 10 * time.Second}, 30 * day, (100*50 + 5000*10) * 30 * 1440},
		"ramp, a day":             {Curve{Shape: Ramp, From: 0, To: 1e5, Over: day}, day, 5e4 * 86400},
		"ramp, short in the day":  {Curve{Shape: Ramp, From: 0, To: 1e5, Over: time.Second}, day, 1e5 * (86400 - 0.5)},
		"sine of a millisecond":   {Curve{Shape: Sine, From: 0, To: 1e4, Over: time.Millisecond}, time.Second, 5e3},
		"ramp beyond the run":     {Curve{Shape: Ramp, From: 0, To: 1e4, Over: time.Hour}, 30 * time.Minute, 2.5e3 * 1800},
		"lasting as long as ever": {Curve{Shape: Burst, From: 1, To: 100, Over: time.Second, Lasts: time.Second}, 10 * time.Second, 1000},
	} {
		s := NewSchedule(inRecords(c.curve), []Phase{{Duration: c.length, Load: Always(1)}}, 1)
		if got := float64(s.Count()); math.Abs(got-c.want) > 1 {
			t.Errorf("%s: %.0f records, want %.1f", name, got, c.want)
		}
		if n := float64(len(s.segments)); n > c.curve.changes(c.length)+mostCells+2 {
			t.Errorf("%s: %v segments, promised were %.0f", name, n, c.curve.changes(c.length)+mostCells+2)
		}
	}
}
