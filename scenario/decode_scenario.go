package scenario

import (
	"fmt"
	"math"
	"time"

	yaml "go.yaml.in/yaml/v4"
)

// scenario reads the whole tree.
func (d *decoder) scenario(root *yaml.Node) *Scenario {
	o := d.object(root, root, "")
	if o == nil {
		return nil
	}
	s := &Scenario{}
	o.require("version", "1")
	s.Version = o.integer("version", Version, 0, math.MaxInt32)
	if o.sound("version") && s.Version != Version {
		o.fail("version", fmt.Sprintf("write version: %d", Version), "version %d of the format is not known", s.Version)
	}
	if o.string("extends", wantScenario) != "" && o.sound("extends") {
		o.fail("extends", "name the file in the scenario", "cannot be set: files are merged before "+setFlag+" is applied")
	}
	o.require("name", "my-scenario")
	s.Name = o.name("name", "a name")
	s.Description = o.string("description", "text")
	s.Seed = o.seed("seed", 1)
	s.Limits = d.limits(o)
	s.Topics = topics(o)
	s.Producers = producers(o, s.Topics)
	s.Idle = idle(o)
	s.Phases = phases(o)
	s.Consumers = consumers(o, s)
	s.Thresholds = thresholds(o, s)
	for _, check := range d.later {
		check(s)
	}
	o.done()
	return s
}

func phases(o *object) []Phase {
	o.require("phases", "[{name: steady, duration: 30s}]")
	var list []Phase
	measured := false
	changes := 0.0
	first := map[string]*yaml.Node{}
	for i, item := range o.items("phases") {
		e := o.decoder.object(item, item, fmt.Sprintf("phases[%d]", i))
		if e == nil {
			measured = true // perhaps: it cannot be told
			continue
		}
		p := phase(e)
		if same := first[p.Name]; same != nil && e.sound("name") {
			e.fail("name", "", "the phase at %s is called %s already", o.pos(same), p.Name)
		} else if e.sound("name") {
			first[p.Name] = item
		}
		if changes += p.Load.changes(p.Duration); changes > mostPieces && e.sound("load", "duration") {
			e.fail("load", "", "%s", tooManyChanges(changes))
			changes = 0
		}
		measured = measured || p.Measure || !e.sound("measure")
		list = append(list, p)
	}
	if len(list) > 0 && !measured {
		o.report(o.key("phases"), "leave out measure: false in one of them", "no phase is measured")
	}
	return list
}

func phase(o *object) Phase {
	o.require("name", "steady")
	o.require("duration", "30s")
	p := Phase{
		Name:     o.name("name", "a name"),
		Duration: o.duration("duration", 0, time.Millisecond, longestPhase),
		Measure:  o.flag("measure", true),
	}
	p.Load = phaseLoad(o, p.Duration)
	o.done()
	return p
}

// scale stretches the measured phases so that they last total in all. Each
// boundary is scaled and rounded on its own, so the sum is exact.
func (d *decoder) scale(phases []Phase, total time.Duration) {
	var sum, before, scaledBefore time.Duration
	for _, p := range phases {
		if p.Measure {
			sum += p.Duration
		}
	}
	flag := d.durationFlag()
	if total < time.Duration(len(phases))*time.Millisecond || total > longestPhase {
		d.problems = append(d.problems, flag.problem(1, 1, "",
			fmt.Sprintf("must be between 1ms for each phase and 30 days, is %s", formatDuration(total))))
		return
	}
	complain := func(format string, args ...any) {
		d.problems = append(d.problems, flag.problem(1, 1, "", fmt.Sprintf(format, args...)))
	}
	changes := 0.0
	for i := range phases {
		p := &phases[i]
		if p.Measure {
			before += p.Duration
			scaled := time.Duration(math.Round(float64(total) * (float64(before) / float64(sum))))
			p.Load = p.Load.stretched(p.Duration, scaled-scaledBefore)
			p.Duration = scaled - scaledBefore
			scaledBefore = scaled
		}
		if p.Duration < time.Millisecond {
			complain("leaves phase %s less than 1ms", p.Name)
		}
		changes += p.Load.changes(p.Duration)
	}
	if changes > mostPieces {
		complain("the load %s", tooManyChanges(changes))
	}
}
