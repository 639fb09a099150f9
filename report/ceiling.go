package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"msklt/internal/limits"
)

// ceiling is the load of the whole run that gives one partition, one broker or the
// cluster all that its limit allows, every part of the load growing alike. It is what
// the chart of the load draws as the limit.
type ceiling struct {
	limit limits.Name
	scope string
	value float64 // of the limit, as declared or else as observed
	load  float64 // bytes per second of keys and values
}

// text says which limit it is that fills at this load.
func (c ceiling) text() string {
	return fmt.Sprintf("limit: the load that fills %s of %s, %s", c.limit, clip(c.scope, 40), bandwidth(c.value))
}

// loadCeiling is the ceiling of the limit that bound first, or else the lowest one.
// It is nil where none follows from the result: no such limit, or a load that was not
// predicted, as of fleets that send as fast as they can.
func loadCeiling(r *Result) *ceiling {
	var all []ceiling
	for _, name := range []limits.Name{
		limits.PartitionIngress, limits.BrokerIngress, limits.ClusterIngress,
		limits.PartitionEgress, limits.BrokerEgress, limits.ClusterEgress,
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
	if i := slices.IndexFunc(r.Verdict.Binding, func(b Binding) bool { return b.Limit == name }); i >= 0 && !known {
		value = r.Verdict.Binding[i].Observed
	}
	scope, most, total := predictedOn(r, name)
	if name == limits.ClusterIngress { // all of the load, whatever that is
		scope, most, total = "the cluster", 1, 1
	}
	if !(value > 0 && most > 0 && total > 0) || r.Rates.WireBytesPerSecond <= 0 {
		return nil
	}
	// The scope's part of the load is predicted; how many bytes of batches the keys
	// and values take is measured.
	load := value * total / most / (1 + r.Rates.WireOverhead)
	return &ceiling{limit: name, scope: scope, value: value, load: load}
}

// predictedOn is the load that the keys put on the most loaded instance of a limit,
// and on all partitions, written in both cases; of a limit on reading most is what is
// read of it.
func predictedOn(r *Result, name limits.Name) (scope string, most, total float64) {
	egress := strings.HasSuffix(string(name), ".egress")
	parts, order := map[string]float64{}, []string{}
	for _, p := range r.Partitions {
		total += p.Predicted
		load := p.Predicted
		if egress {
			load = p.PredictedConsumed
		}
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
		parts[instance] += load
	}
	for _, instance := range order {
		if parts[instance] > most {
			scope, most = instance, parts[instance]
		}
	}
	return scope, most, total
}
