package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"msklt/internal/limits"
)

// ceiling is the load of the whole run that gives one partition, one broker, one
// client on a broker or the cluster all that its limit allows, every part of the load
// growing alike. It is what the chart of the load draws as the limit.
type ceiling struct {
	limit    limits.Name
	scope    string
	value    float64 // of the limit, as declared or else as observed
	load     float64 // bytes per second of keys and values
	observed bool    // the scope's part of the load is what got through, not predicted
}

// text says which limit it is that fills at this load.
func (c ceiling) text() string {
	text := fmt.Sprintf("limit: the load that fills %s of %s, %s", c.limit, clip(c.scope, 60), bandwidth(c.value))
	if c.observed {
		text += ", the load spread as it got through"
	}
	return text
}

// loadCeiling is the ceiling of the limit that bound first, or else the lowest one.
// It is nil where none follows from the result.
func loadCeiling(r *Result) *ceiling {
	var all []ceiling
	for _, name := range []limits.Name{
		limits.PartitionIngress, limits.BrokerIngress, limits.ClientIngress, limits.ClusterIngress,
		limits.PartitionEgress, limits.BrokerEgress, limits.ClientEgress, limits.ClusterEgress,
	} {
		if c := ceilingOf(r, name); c != nil {
			all = append(all, *c)
		}
	}
	for _, b := range r.Verdict.Binding {
		if i := slices.IndexFunc(all, func(c ceiling) bool { return c.limit == b.Limit }); i >= 0 {
			return &all[i]
		}
	}
	if len(all) == 0 {
		return nil
	}
	lowest := slices.MinFunc(all, func(a, b ceiling) int { return cmp.Compare(a.load, b.load) })
	return &lowest
}

func ceilingOf(r *Result, name limits.Name) *ceiling {
	value, known := declaredValue(r, name)
	if b := bindingOf(r, name); b != nil && !known {
		value = b.Observed
	}
	p, observed := predictedPortion(r, name), false
	if !(p.most > 0) || !predicted(r) {
		p, observed = observedPortion(r, name), true
	}
	if name == limits.ClusterIngress { // all of the load, whatever that is
		p, observed = portion{"the cluster", 1, 1}, false
	}
	if !(value > 0 && p.most > 0 && p.total > 0) || r.Rates.WireBytesPerSecond <= 0 {
		return nil
	}
	// How many bytes of batches the keys and values take is measured.
	load := value * p.total / p.most / (1 + r.Rates.WireOverhead)
	return &ceiling{limit: name, scope: p.scope, value: value, load: load, observed: observed}
}

// bindingOf is how a limit bound; nil where it did not.
func bindingOf(r *Result, name limits.Name) *Binding {
	if i := slices.IndexFunc(r.Verdict.Binding, func(b Binding) bool { return b.Limit == name }); i >= 0 {
		return &r.Verdict.Binding[i]
	}
	return nil
}

// portion is what the most loaded instance of a limit gets of the load, written in total;
// of a limit on reading, what is read of it. Bytes per second of batches.
type portion struct {
	scope       string
	most, total float64
}

// predicted tells whether the prediction holds all of the load, which it does not where
// fleets send as fast as they can: more then got through than was predicted.
func predicted(r *Result) bool {
	total := 0.0
	for _, p := range r.Partitions {
		total += p.Predicted
	}
	return r.Rates.WireBytesPerSecond <= 1.1*total
}

// predictedPortion is what the keys bring; to a client, what the plan says of it.
func predictedPortion(r *Result, name limits.Name) (p portion) {
	if name != limits.ClientIngress && name != limits.ClientEgress {
		return portionOf(r, name, func(p Partition) float64 { return p.Predicted }, func(p Partition) float64 { return p.PredictedConsumed })
	}
	if r.Plan == nil {
		return portion{}
	}
	for _, l := range r.Plan.Limits {
		if l.Limit == name {
			p.scope, p.most = l.Scope, l.Predicted
		}
	}
	for _, of := range r.Plan.Partitions {
		p.total += of.Predicted
	}
	return p
}

// observedPortion is what got through; to a client, what did while its limit bound.
func observedPortion(r *Result, name limits.Name) portion {
	if name != limits.ClientIngress && name != limits.ClientEgress {
		return portionOf(r, name, func(p Partition) float64 { return p.Acked }, func(p Partition) float64 { return p.Consumed })
	}
	b := bindingOf(r, name)
	if b == nil || b.Plateau == nil {
		return portion{}
	}
	bound := slices.DeleteFunc(slices.Clone(r.Timeline), func(s Second) bool { return float64(s.Second) < b.SinceSeconds || !measured(r, s) })
	return portion{b.Scope, *b.Plateau, mean(bound, ackedBytes) * (1 + r.Rates.WireOverhead)}
}

// portionOf finds the most loaded partition, broker, or all of the cluster.
func portionOf(r *Result, name limits.Name, written, read func(Partition) float64) (out portion) {
	loaded := written
	if strings.HasSuffix(string(name), ".egress") {
		loaded = read
	}
	parts, order := map[string]float64{}, []string{}
	for _, p := range r.Partitions {
		out.total += written(p)
		instance := "the cluster"
		switch name {
		case limits.PartitionIngress, limits.PartitionEgress:
			instance = partitionName(p.Topic, p.Partition, 40)
		case limits.BrokerIngress, limits.BrokerEgress:
			instance = fmt.Sprintf("broker %d", p.Leader)
		}
		if _, seen := parts[instance]; !seen {
			order = append(order, instance)
		}
		parts[instance] += loaded(p)
	}
	for _, instance := range order {
		if parts[instance] > out.most {
			out.scope, out.most = instance, parts[instance]
		}
	}
	return out
}
