package limits

import "msklt/scenario"

// MakePlan works out what a scenario will do to a cluster of so many brokers
// (0 for 3, leaders round robin) with these limits. It draws nothing and asks
// nobody: the same scenario gives the same plan.
func MakePlan(s *scenario.Scenario, l Limits, brokers int) Plan {
	if brokers < 1 {
		brokers = 3
	}
	d := newDemand(s, brokers)
	p := Plan{
		Schema: PlanSchema, Scenario: PlannedScenario{Name: s.Name, Hash: s.Hash()}, LimitsProfile: l.Profile, Brokers: brokers,
		Partitions: d.plannedPartitions(), Clients: d.plannedClients(), Totals: d.totals(),
		Advice: []Advice{}, Assumptions: d.assumptions(),
	}
	p.Limits = d.plannedLimits(l)
	p.First = first(p.Limits)
	return p
}

func (d *demand) plannedPartitions() []PlannedPartition {
	out := make([]PlannedPartition, 0, len(d.places))
	for _, l := range d.loads() {
		p := PlannedPartition{Topic: l.Topic, Partition: l.Partition, Predicted: l.Ingress, Consumed: l.Egress, TopKeys: []KeyShare{}}
		for _, k := range l.TopKeys {
			p.TopKeys = append(p.TopKeys, KeyShare{k.Key, k.Share})
		}
		out = append(out, p)
	}
	return out
}

func (d *demand) plannedClients() []PlannedFleet {
	out := []PlannedFleet{}
	for _, f := range d.fleets {
		p := PlannedFleet{Fleet: f.Name, Clients: f.Clients, RequestsPerSecond: f.batching.requests, BatchFill: f.batching.fill}
		if f.batching.batches > 0 {
			p.RecordsPerBatch = f.peak / f.batching.batches
		}
		out = append(out, p)
	}
	return out
}

func (d *demand) totals() PlannedTotals {
	t := PlannedTotals{Partitions: len(d.places), RunSeconds: d.end.Seconds()}
	for _, f := range d.fleets {
		groups, perRecord := float64(d.readers(f.Topic)), 0.0
		for i, fl := range f.flows {
			perRecord += fl.share * f.recordBytes(i)
		}
		run := float64(f.schedule.Count()) * perRecord
		t.RecordsPerSecond += f.mean
		t.BytesInPerSecond += f.mean * perRecord
		t.BytesOutPerSecond += f.mean * perRecord * groups
		t.RunBytesIn += run
		t.RunBytesOut += run * groups
	}
	return t
}

// plannedLimits are the declared limits, each at its hottest instance.
func (d *demand) plannedLimits(l Limits) []PlannedLimit {
	out := []PlannedLimit{}
	t := d.timeline()
	for _, n := range l.Names() {
		p := PlannedLimit{Limit: n, Scope: "–", Declared: l.Of(n), Unit: n.Unit()}
		u, most, first := t.hottestUse(d.uses(n), p.Declared)
		if most > 0 {
			p.place(u.Instance)
			p.Predicted = u.at(d.peaks())
			factor := p.Declared / most
			p.BindsAtLoad = &factor
			if first >= 0 {
				seconds := first.Seconds()
				p.BindsAfterSeconds, p.Met = &seconds, true
			}
		}
		p.Use = p.Predicted / p.Declared
		out = append(out, p)
	}
	return out
}

func (p *PlannedLimit) place(i Instance) {
	p.Scope, p.Topic = i.Where(), i.Topic
	if i.Limit.scope() == "partition" {
		p.Partition = &i.Partition
	}
}

func (d *demand) peaks() []float64 {
	out := make([]float64, len(d.fleets))
	for i, f := range d.fleets {
		out[i] = f.peak
	}
	return out
}

// first is the limit that binds at the smallest load.
func first(all []PlannedLimit) *FirstLimit {
	var out *FirstLimit
	for _, p := range all {
		if p.BindsAtLoad != nil && (out == nil || *p.BindsAtLoad < out.LoadFactor) {
			out = &FirstLimit{Limit: p.Limit, Scope: p.Scope, Topic: p.Topic, Partition: p.Partition, LoadFactor: *p.BindsAtLoad}
		}
	}
	return out
}

func (d *demand) assumptions() []string {
	out := []string{}
	for _, f := range d.fleets {
		if f.Rate.Max {
			out = append(out, "Fleet "+f.Name+" sends as fast as its clients can: how much that is, nobody knows beforehand, so it is in no number here.")
		}
	}
	return out
}
