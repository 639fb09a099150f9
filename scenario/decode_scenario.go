package scenario

import (
	"fmt"
	"math"
	"slices"
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
	s.Consumers = consumers(o, s)
	s.Phases = phases(o)
	if n := o.get("thresholds"); n != nil {
		d.report(o.key("thresholds"), "remove them: a gate that is not evaluated would always be open",
			"this version does not evaluate thresholds yet")
	}
	o.done()
	return s
}

func topics(o *object) []Topic {
	o.require("topics", "{orders: {partitions: 12}}")
	all := o.child("topics")
	if all == nil {
		return nil
	}
	if len(all.keys) == 0 {
		o.fail("topics", "", "there is no topic")
	}
	var list []Topic
	all.entries(maxExistingName, func(name string, e *object) {
		if e == nil {
			list = append(list, Topic{Name: name})
			return
		}
		list = append(list, topic(name, e))
	})
	return list
}

func topic(name string, o *object) Topic {
	const mostPartitions = 100_000
	t := Topic{Name: name, ReplicationFactor: -1}
	t.Existing = o.flag("existing", false)
	t.Partitions = int32(o.integer("partitions", 0, 1, mostPartitions))
	t.ReplicationFactor = int16(o.integer("replication_factor", -1, -1, math.MaxInt16))
	if o.sound("replication_factor") && t.ReplicationFactor == 0 {
		o.fail("replication_factor", "", "must be at least 1, or -1 for the cluster's default, is 0")
	}
	t.Config = config(o.child("config"))
	if !t.Existing {
		if o.sound("existing") {
			o.require("partitions", "12")
		}
		if len(name) > maxName {
			o.report(o.anchor, "", "the name is %d characters long, at most %d are allowed for a topic that the run creates", len(name), maxName)
		}
		return t
	}
	for _, field := range []string{"partitions", "replication_factor", "config"} {
		if o.has(field) {
			o.fail(field, "remove it, or existing: true", "cannot be given for an existing topic, which is used as it is")
		}
	}
	return t
}

// config reads topic configs, whose names and values the broker judges.
func config(o *object) map[string]string {
	if o == nil || len(o.keys) == 0 {
		return nil
	}
	values := map[string]string{}
	for _, key := range o.keys {
		values[key.Value] = o.string(key.Value, "text or a number")
	}
	return values
}

func phases(o *object) []Phase {
	o.require("phases", "[{name: steady, duration: 30s}]")
	var list []Phase
	measured := false
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
		measured = measured || p.Measure || !e.sound("measure")
		list = append(list, p)
	}
	if len(list) > 0 && !measured {
		o.report(o.key("phases"), "leave out measure: false in one of them", "no phase is measured")
	}
	return list
}

func phase(o *object) Phase {
	const (
		longest  = 30 * 24 * time.Hour
		mostLoad = 10
	)
	o.require("name", "steady")
	o.require("duration", "30s")
	p := Phase{
		Name:     o.name("name", "a name"),
		Duration: o.duration("duration", 0, time.Millisecond, longest),
		Load:     Always(o.share("load", 1, 0, mostLoad)),
		Measure:  o.flag("measure", true),
	}
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
	flag := source{"--duration", []string{formatDuration(total)}}
	if total < time.Duration(len(phases))*time.Millisecond || total > 30*24*time.Hour {
		d.problems = append(d.problems, flag.problem(1, 1, "",
			fmt.Sprintf("must be between 1ms for each phase and 30 days, is %s", formatDuration(total))))
		return
	}
	for i := range phases {
		if !phases[i].Measure {
			continue
		}
		before += phases[i].Duration
		scaled := time.Duration(math.Round(float64(total) * (float64(before) / float64(sum))))
		phases[i].Duration = scaled - scaledBefore
		scaledBefore = scaled
		if phases[i].Duration < time.Millisecond {
			d.problems = append(d.problems, flag.problem(1, 1, "",
				fmt.Sprintf("leaves phase %s less than 1ms", phases[i].Name)))
		}
	}
}

// topicNames are the names of all topics, for hints.
func topicNames(topics []Topic) []string {
	names := make([]string, len(topics))
	for i, t := range topics {
		names[i] = t.Name
	}
	return names
}

// knows tells whether a topic is declared.
func knows(topics []Topic, name string) bool {
	return slices.ContainsFunc(topics, func(t Topic) bool { return t.Name == name })
}
