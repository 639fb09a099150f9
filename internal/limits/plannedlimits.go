package limits

import (
	"math"
	"slices"
	"time"
)

// plannedLimits are the declared limits, each at its hottest instance.
func (d *demand) plannedLimits(l Limits) []PlannedLimit {
	out := []PlannedLimit{}
	t := d.timeline()
	for _, n := range l.Names() {
		p := PlannedLimit{Limit: n, Scope: "–", Declared: l.Of(n), Unit: n.Unit()}
		switch n {
		case ClusterRequests:
			d.planRequests(&p)
		case PartitionIngress, PartitionEgress, PartitionRecords, BrokerIngress, BrokerEgress, ClientIngress, ClientEgress, ClusterIngress, ClusterEgress:
			d.planBytes(&p, t)
		default:
			d.planCount(&p, l)
		}
		p.LowerBound = d.leavesOut(n)
		if p.Declared > 0 {
			p.Use = p.Predicted / p.Declared
		}
		out = append(out, p)
	}
	return out
}

// leavesOut tells a limit to which the scenario brings more than is known: what fleets
// send that send as fast as they can, or how it spreads over partitions that nobody has
// counted.
func (d *demand) leavesOut(n Name) bool {
	spread := n.scope() != "cluster"
	switch n {
	case BrokerConnections, BrokerAttempts, ClusterConnections, ClusterAttempts, ClusterMessage, ClusterFetch, ClusterGroups, ClusterPartitionChanges, ClusterTopicRequests:
		return false // does not follow the load
	case ClusterPartitions, BrokerPartitions:
		return d.counted < len(d.places)
	}
	return slices.ContainsFunc(d.fleets, func(f *fleetDemand) bool { return f.Rate.Max || spread && f.assumed })
}

// planBytes plans a limit on bytes or records per second.
func (d *demand) planBytes(p *PlannedLimit, t *timeline) {
	u, most, first := t.hottestUse(d.uses(p.Limit), p.Declared)
	if most == 0 {
		return
	}
	p.Scope, p.Topic = u.Where(), u.Topic
	if u.Limit.scope() == "partition" {
		p.Partition = &u.Partition
	}
	p.Predicted = u.at(d.peaks())
	p.bind(d.bindsAt(p, u.Instance, most, t), first)
}

// bindsAt is the load at which the window of an instance is full: declared ÷ what it
// holds at load 1, put right for the bytes that records bring at that load.
func (d *demand) bindsAt(p *PlannedLimit, i Instance, most float64, t *timeline) float64 {
	load := p.Declared / most
	for range 4 {
		if load < smallestLoad || load > largestLoad {
			break
		}
		for _, u := range d.at(load).uses(p.Limit) {
			if u.Instance == i {
				most, _ = t.replay(t.weights(u), p.Declared)
			}
		}
		before := load
		load = p.Declared / most
		if math.Abs(load/before-1) < 0.005 {
			break
		}
	}
	return load
}

// Loads beyond these are given as if batches were those of load 1.
const (
	smallestLoad = 1e-3
	largestLoad  = 1e3
)

// bind notes at which load a limit binds, and when it does at load 1; first is
// negative for never.
func (p *PlannedLimit) bind(load float64, first time.Duration) {
	p.BindsAtLoad = &load
	if first >= 0 {
		seconds := first.Seconds()
		p.BindsAfterSeconds, p.Met = &seconds, true
	}
}

func (d *demand) planRequests(p *PlannedLimit) {
	m := d.requestModel()
	p.Scope, p.UpperBound = "cluster", len(d.groups) > 0
	p.Predicted = m.all(d.peaks())
	if load := m.binds(p.Declared); load != nil {
		_, first := m.replay(1, p.Declared)
		p.bind(*load, first)
	}
}

// planCount plans a limit that does not grow with the load: it is exceeded from the
// start, or never.
func (d *demand) planCount(p *PlannedLimit, l Limits) {
	c := d.links()
	p.Scope = "cluster"
	switch p.Limit {
	case ClusterConnections:
		p.Predicted = math.Round(c.all)
	case ClusterAttempts:
		p.Predicted = d.attempts(c, l)
	case BrokerConnections, BrokerAttempts:
		d.planBroker(p, c, l)
	case BrokerPartitions:
		d.planReplicas(p)
	case ClusterMessage:
		for _, f := range d.fleets {
			p.Predicted = max(p.Predicted, float64(f.MaxBytes()))
		}
	case ClusterFetch:
		for _, g := range d.groups {
			p.Predicted = max(p.Predicted, float64(g.Settings.FetchMaxBytes))
		}
	case ClusterPartitions:
		p.Predicted = float64(d.counted)
	case ClusterPartitionChanges, ClusterTopicRequests:
		// A run makes its topics before any traffic and waits for them as long as
		// the rate says, see PlannedCreation.
		return
	case ClusterGroups:
		p.Predicted = float64(len(d.groups))
	}
	if p.Predicted > p.Declared {
		start := 0.0
		p.BindsAfterSeconds, p.Met = &start, true
	}
}

// planBroker plans a limit on one broker's connections, or attempts at them.
func (d *demand) planBroker(p *PlannedLimit, c links, l Limits) {
	for b, n := range c.byBroker {
		if p.Limit == BrokerAttempts && c.all > 0 {
			n *= d.attempts(c, l) / c.all
		}
		if n > p.Predicted {
			p.Predicted, p.Scope = n, Instance{Limit: p.Limit, Broker: int32(b)}.Where()
		}
	}
	p.Predicted = math.Round(p.Predicted)
}

// planReplicas counts the replicas that a broker holds: three of each partition, as
// far as there are brokers, unless its topic says otherwise.
func (d *demand) planReplicas(p *PlannedLimit) {
	const usual = 3
	held := make([]float64, d.brokers)
	for _, t := range d.scenario.Topics {
		replicas := int(t.ReplicationFactor)
		if replicas < 1 {
			replicas = usual
		}
		tp := d.topics[t.Name]
		if tp.assumed {
			continue
		}
		for i := range tp.topics * tp.partitions {
			for r := range min(replicas, d.brokers) {
				held[(i%max(1, tp.partitions)+r)%d.brokers]++
			}
		}
	}
	for b, n := range held {
		if n > p.Predicted {
			p.Predicted, p.Scope = n, Instance{Limit: p.Limit, Broker: int32(b)}.Where()
		}
	}
}

// first is the limit that binds at the smallest load; one that binds at any load
// comes before all others.
func (d *demand) first(all []PlannedLimit) *FirstLimit {
	var out *FirstLimit
	for _, p := range all {
		load := math.Inf(1)
		switch {
		case p.BindsAtLoad != nil:
			load = *p.BindsAtLoad
		case p.BindsAfterSeconds != nil:
			load = 0
		}
		if math.IsInf(load, 1) || out != nil && load >= out.LoadFactor {
			continue
		}
		out = &FirstLimit{Limit: p.Limit, Scope: p.Scope, Topic: p.Topic, Partition: p.Partition, LoadFactor: load}
	}
	if out != nil && out.Partition != nil {
		out.Because = d.because(*out)
	}
	return out
}

// because names the key that makes a partition the hottest: without it the
// partition would be like the others.
func (d *demand) because(f FirstLimit) string {
	for _, l := range d.partitionLoads() {
		if l.Topic == f.Topic && l.Partition == *f.Partition && len(l.TopKeys) > 0 && l.TopKeys[0].Ingress > decisive*l.Ingress {
			return l.TopKeys[0].Key
		}
	}
	return ""
}

// decisive is the part of its partition's load from which on a key is named as the
// reason.
const decisive = 0.25
