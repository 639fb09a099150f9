package scenario

import (
	"slices"

	yaml "go.yaml.in/yaml/v4"
)

// semantics reports what only the whole scenario shows. Fleets, groups and topics
// with a mistake of their own are left out: what they mean is not known.
func (d *decoder) semantics(s *Scenario) {
	if s == nil {
		return
	}
	d.sameNames()
	l := s.Limits
	if d.options.Over != nil {
		l = *d.options.Over
	}
	values := d.limitValues(l)
	for _, p := range s.Producers {
		if !d.whole("producers", p.Name) {
			continue
		}
		d.checkMessages(p, values, l)
		if d.whole("topics", p.Topic) {
			d.checkReach(p, s)
		}
	}
	for _, c := range s.Consumers {
		if d.whole("consumers", c.Name) {
			d.checkFetches(c, values, l)
		}
	}
}

// find returns the nodes of a field's name and value below a mapping; nil when
// there is none.
func find(n *yaml.Node, path ...string) (key, value *yaml.Node) {
	value = n
	for _, name := range path {
		value = resolve(value)
		at := fieldIndex(value, name)
		if at < 0 {
			return nil, nil
		}
		key, value = resolve(value.Content[at]), resolve(value.Content[at+1])
	}
	return key, value
}

// given tells that the scenario has a section, be it full of mistakes.
func (d *decoder) given(section string) bool {
	key, _ := find(d.root, section)
	return key != nil
}

// whole tells that no mistake was found in an entry of a section.
func (d *decoder) whole(section, name string) bool {
	key, value := find(d.root, section, name)
	return key != nil && !slices.Contains(d.faulty, key) && !d.anyFaulty(value, map[*yaml.Node]bool{})
}

func (d *decoder) anyFaulty(n *yaml.Node, seen map[*yaml.Node]bool) bool {
	if n = resolve(n); seen[n] {
		return false
	}
	seen[n] = true
	return slices.Contains(d.faulty, n) || slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return d.anyFaulty(c, seen) })
}

// at is the node where a field of an entry is reported: its value, or what is
// there of the way to it, the entry's name at least.
func (d *decoder) at(section, name string, field ...string) *yaml.Node {
	for n := len(field); n > 0; n-- {
		if _, value := find(d.root, append([]string{section, name}, field[:n]...)...); value != nil {
			return value
		}
	}
	key, _ := find(d.root, section, name)
	return key
}

// sameNames reports a name that two sections give to fleets or groups: results and
// thresholds could not tell them apart, and their clients would have one id.
func (d *decoder) sameNames() {
	kinds := map[string]string{"producers": "producer fleet", "idle": "fleet of idle connections", "consumers": "consumer group"}
	type first struct {
		node    *yaml.Node
		section string
	}
	known := map[string]first{}
	for i := 0; i+1 < len(d.root.Content); i += 2 {
		section := resolve(d.root.Content[i]).Value
		entries := resolve(d.root.Content[i+1])
		if kinds[section] == "" || entries.Kind != yaml.MappingNode {
			continue
		}
		for j := 0; j+1 < len(entries.Content); j += 2 {
			key := resolve(entries.Content[j])
			same, taken := known[key.Value]
			switch {
			case !taken:
				known[key.Value] = first{key, section}
			case same.section != section:
				d.report(key, "rename one of them", "%s.%s: the %s at %s has this name already",
					section, key.Value, kinds[same.section], d.pos(same.node))
			}
		}
	}
}

// limitValues is what the scenario declares, over what its profile does.
func (d *decoder) limitValues(l Limits) map[string]float64 {
	values := map[string]float64{}
	if d.options.Limits != nil && l.Extends != "" {
		for name, value := range d.options.Limits(l.Extends) {
			values[name] = value
		}
	}
	for name, value := range l.Values {
		values[name] = value
	}
	return values
}

// declaredBy says where the value of a limit comes from.
func declaredBy(name string, l Limits) string {
	if _, own := l.Values[name]; own || l.Extends == "" {
		return "the scenario's limits"
	}
	return "the profile " + l.Extends
}

// recordOverhead is the least that a batch of one record has besides its key,
// value and headers: 61 bytes of the batch's header, and 7 of the record's.
const recordOverhead = 61 + 7

// checkMessages reports records that the cluster refuses for their size: Kafka
// holds the limit against the batch, as it is on the wire. What may become smaller
// by compression is let through.
func (d *decoder) checkMessages(p Producer, values map[string]float64, l Limits) {
	most, declared := values["cluster.message"]
	if !declared || p.Settings.Compression != "none" && (p.Value.Entropy < 1 || p.Value.Samples != nil) {
		return
	}
	largest := p.Value.MaxBytes() + p.Key.maxLength() + recordOverhead
	for _, h := range p.Headers {
		largest += len(h.Name) + len(h.Value)
	}
	if float64(largest) > most {
		d.report(d.at("producers", p.Name, "value", "size"), "",
			"producers.%s.value: a record travels in a batch of up to %s bytes, and cluster.message of %s allows %s",
			p.Name, grouped(float64(largest)), declaredBy("cluster.message", l), grouped(most))
	} else if float64(p.Settings.BatchBytes) > most {
		d.report(d.at("producers", p.Name, "settings", "batch"), "",
			"producers.%s.settings.batch: batches of up to %s bytes, and cluster.message of %s allows %s",
			p.Name, grouped(float64(p.Settings.BatchBytes)), declaredBy("cluster.message", l), grouped(most))
	}
}

func (d *decoder) checkFetches(c Consumer, values map[string]float64, l Limits) {
	most, declared := values["cluster.fetch"]
	if declared && float64(c.Settings.FetchMaxBytes) > most {
		d.report(d.at("consumers", c.Name, "settings", "fetch_max_bytes"), "set fetch_max_bytes to that or less",
			"consumers.%s.settings.fetch_max_bytes: fetches of up to %s bytes, and cluster.fetch of %s allows %s",
			c.Name, grouped(float64(c.Settings.FetchMaxBytes)), declaredBy("cluster.fetch", l), grouped(most))
	}
}
