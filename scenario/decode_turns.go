package scenario

import (
	"fmt"
	"time"
)

// runTime is how long the phases last in all, 0 when that cannot be told.
func runTime(phases []Phase) (end time.Duration) {
	for _, p := range phases {
		if p.Duration <= 0 {
			return 0
		}
		end += p.Duration
	}
	return end
}

// list calls f for every mapping of a list and reports what is none.
func (o *object) list(name string, f func(e *object)) {
	for i, item := range o.items(name) {
		if e := o.decoder.object(item, item, fmt.Sprintf("%s[%d]", join(o.path, name), i)); e != nil {
			f(e)
			e.done()
		}
	}
}

// at reads when something happens, after what the list holds before it and
// before the run's end, which is 0 when it is not known.
func at(o *object, before, end time.Duration, what string) time.Duration {
	o.require("at", "20s")
	t := o.duration("at", 0, 0, longestPhase)
	switch {
	case !o.has("at") || !o.sound("at"):
	case end > 0 && t >= end:
		o.fail("at", "", "is %s, but the phases end at %s", formatDuration(t), formatDuration(end))
	case t < before:
		o.fail("at", "", "is %s, %s %s", formatDuration(t), what, formatDuration(before))
	}
	return t
}

// pauses reads when no member of a group reads.
func pauses(o *object, end time.Duration) (list []Pause) {
	var before time.Duration
	o.list("pauses", func(e *object) {
		e.require("for", "10s")
		p := Pause{
			At:  at(e, before, end, "but the pause before it lasts until"),
			For: e.duration("for", 0, time.Millisecond, longestPhase),
		}
		if e.has("for") && e.sound("at", "for") && end > 0 && p.At+p.For > end {
			e.fail("for", "", "lasts until %s, but the phases end at %s", formatDuration(p.At+p.For), formatDuration(end))
		}
		if e.sound("at", "for") {
			before = p.At + p.For
		}
		list = append(list, p)
	})
	return list
}

// memberChanges reads when members of a group, which begins with so many, join or
// leave.
func memberChanges(o *object, members int, end time.Duration) (list []MemberChange) {
	var before time.Duration
	o.list("members", func(e *object) {
		c := MemberChange{
			At:    at(e, before, end, "but the change before it is at"),
			Join:  e.integer("join", 0, 1, mostClients),
			Leave: e.integer("leave", 0, 1, mostClients),
		}
		if e.sound("at") {
			before = c.At
		}
		sound := e.sound("join", "leave")
		switch {
		case !e.has("join") && !e.has("leave") && len(e.keys) > 1: // a misspelt one is reported as such
		case e.has("join") == e.has("leave"):
			e.report(e.anchor, "write {at: 10s, join: 2} or {at: 10s, leave: 1}", "%s: want one of join and leave", e.path)
		case sound && members+c.Join > mostClients:
			e.fail("join", "", "makes %s members, at most %s are allowed", grouped(float64(members+c.Join)), grouped(mostClients))
		case sound && c.Leave >= members:
			e.fail("leave", "at least one has to stay; pauses are for a time in which nobody reads",
				"there are %s members then", grouped(float64(members)))
		case sound:
			members += c.Join - c.Leave
		}
		list = append(list, c)
	})
	return list
}

// scaleTurns moves pauses and changes of members along with phases that were
// scaled: each stays where it was within its phase.
func (d *decoder) scaleTurns(s *Scenario, before []Phase) {
	for i := range s.Consumers {
		c := &s.Consumers[i]
		for j, p := range c.Pauses {
			at := moved(p.At, before, s.Phases)
			c.Pauses[j] = Pause{At: at, For: moved(p.At+p.For, before, s.Phases) - at}
			if c.Pauses[j].For < time.Millisecond {
				d.problems = append(d.problems, d.durationFlag().problem(1, 1, "",
					fmt.Sprintf("leaves a pause of %s less than 1ms", c.Name)))
			}
		}
		for j, m := range c.Members {
			c.Members[j].At = moved(m.At, before, s.Phases)
		}
	}
}

// moved is where a time lies after its phase was scaled.
func moved(t time.Duration, before, after []Phase) time.Duration {
	var from, to time.Duration
	for i, p := range before {
		if t < from+p.Duration {
			return to + time.Duration(float64(t-from)*(float64(after[i].Duration)/float64(p.Duration)))
		}
		from += p.Duration
		to += after[i].Duration
	}
	return to
}

// durationFlag is the place of problems that --duration makes.
func (d *decoder) durationFlag() source {
	return source{"--duration", []string{formatDuration(d.options.Duration)}}
}
