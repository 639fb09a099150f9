package scenario

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	yaml "go.yaml.in/yaml/v4"
)

// The range of the times within curves.
const (
	shortestStep = time.Millisecond
	longestPhase = 30 * 24 * time.Hour
)

// curveReader reads a curve, whose values are rates or loads.
type curveReader struct {
	field   string // that holds the value of a step
	want    string
	example string
	parse   func(string) (float64, *fault)
	replay  func(o *object) Curve // nil: a curve cannot come from a file
	over    time.Duration         // of a ramp that does not say; 0: it must
}

// curve reads a field that names one shape.
func (r curveReader) curve(parent *object, field string) Curve {
	shapes := []string{"ramp", "steps", "sine", "burst"}
	if r.replay != nil {
		shapes = append(shapes, "replay")
	}
	before := len(parent.problems)
	o := parent.child(field)
	var found []string
	for _, s := range shapes {
		o.get(s)
	}
	for _, key := range o.keys {
		if slices.Contains(shapes, key.Value) {
			found = append(found, key.Value)
		}
	}
	var c Curve
	switch {
	case len(found) == 0 && len(o.keys) == 0:
		parent.fail(field, "such as "+r.example, "want one of %s", strings.Join(shapes, ", "))
	case len(found) > 1:
		o.fail(found[1], "keep one of them", "a %s has one shape, not both %s and %s", r.field, found[0], found[1])
	case len(found) == 1 && found[0] == "steps":
		c = r.steps(o)
	case len(found) == 1:
		if e := o.child(found[0]); e != nil {
			c = r.shape(e, Shape(found[0]))
			e.done()
		}
	}
	o.done()
	if len(parent.problems) > before {
		parent.bad[field] = true
	}
	return c
}

// shape reads what a shape is made of.
func (r curveReader) shape(o *object, s Shape) Curve {
	switch s {
	case Ramp:
		c := Curve{Shape: s, From: r.value(o, "from"), To: r.value(o, "to")}
		if r.over == 0 {
			o.require("over", "30s")
		}
		c.Over = o.duration("over", r.over, shortestStep, longestPhase)
		return c
	case Sine:
		c := Curve{Shape: s, From: r.value(o, "low"), To: r.value(o, "high"), Over: r.time(o, "period", "60s")}
		if o.sound("low", "high") && c.From > c.To {
			o.fail("low", "swap them", "must not be above high")
		}
		return c
	case Burst:
		c := Curve{Shape: s, From: r.value(o, "base"), To: r.value(o, "peak"), Over: r.time(o, "every", "60s"), Lasts: r.time(o, "lasts", "10s")}
		if o.sound("base", "peak") && c.From > c.To {
			o.fail("base", "swap them", "must not be above peak")
		}
		if o.sound("every", "lasts") && c.Lasts >= c.Over {
			o.fail("lasts", "", "must be shorter than every, %s, is %s", formatDuration(c.Over), formatDuration(c.Lasts))
		}
		return c
	}
	return r.replay(o)
}

// steps reads a list of values, each with the time that it holds.
func (r curveReader) steps(o *object) Curve {
	c := Curve{Shape: Steps}
	items := o.items("steps")
	for i, item := range items {
		e := o.object(item, item, fmt.Sprintf("%s[%d]", join(o.path, "steps"), i))
		if e == nil {
			continue
		}
		step := Step{Value: r.value(e, r.field)}
		if i < len(items)-1 {
			step.For = r.time(e, "for", "20s")
		} else if e.get("for") != nil {
			e.fail("for", "remove it, or add a step after it", "the last step lasts on")
		}
		c.Steps = append(c.Steps, step)
		e.done()
	}
	return c
}

// value reads a value that must be there.
func (r curveReader) value(o *object, name string) float64 {
	_, example, _ := strings.Cut(r.want, "such as ")
	example, _, _ = strings.Cut(example, " or ")
	example, _, _ = strings.Cut(example, ",")
	o.require(name, example)
	return read(o, name, r.want, 0, r.parse)
}

// time reads a time that must be there.
func (r curveReader) time(o *object, name, example string) time.Duration {
	o.require(name, example)
	return o.duration(name, 0, shortestStep, longestPhase)
}

// phaseLoad reads a phase's load: a share, or a curve of shares.
func phaseLoad(o *object, phase time.Duration) Curve {
	const most = 10
	parse := func(text string) (float64, *fault) {
		share, f := parseShare(text)
		if f == nil && (share < 0 || share > most) {
			f = &fault{fmt.Sprintf("must be between %s and %s, is %s", formatShare(0), formatShare(most), formatShare(share)), ""}
		}
		return share, f
	}
	if n := o.get("load"); n == nil || resolve(n).Kind != yaml.MappingNode {
		return Always(read(o, "load", wantShare, 1, parse))
	}
	r := curveReader{field: "load", want: wantShare, parse: parse, over: max(phase, shortestStep), example: "{ramp: {from: 0%, to: 100%}}"}
	return r.curve(o, "load")
}

// checkChanges reports fleets whose curves change too often for a schedule to
// hold. It comes last, when the run's length is known.
func (d *decoder) checkChanges(s *Scenario) {
	var run time.Duration
	for _, p := range s.Phases {
		run += p.Duration
	}
	for _, p := range s.Producers {
		if n := p.Rate.Curve.changes(run); n > mostPieces {
			d.reportAt(p.Pos, fmt.Sprintf("producers.%s.rate: %s", p.Name, tooManyChanges(n)))
		}
	}
}

func tooManyChanges(n float64) string {
	return fmt.Sprintf("would change about %s times during the run, at most %s are possible", grouped(math.Round(n)), grouped(mostPieces))
}
