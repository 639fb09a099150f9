package limits

import (
	"fmt"
	"slices"

	"msklt/scenario"
)

// MakePlan works out what a scenario will do to a cluster of so many brokers
// (0 for what the limits say, or else 3; leaders round robin) with these limits. It
// asks nobody: the same scenario gives the same plan.
func MakePlan(s *scenario.Scenario, l Limits, brokers int) Plan {
	if brokers < 1 {
		brokers = l.Brokers
	}
	if brokers < 1 {
		brokers = 3
	}
	d := newDemand(s, brokers)
	p := Plan{
		Schema: PlanSchema, Scenario: PlannedScenario{Name: s.Name, Hash: s.Hash()}, LimitsProfile: l.Profile, Brokers: brokers,
		Partitions: d.plannedPartitions(), Clients: d.plannedClients(), Totals: d.totals(),
		Connections: d.connections(l), Creation: d.creation(l), Limits: d.plannedLimits(l),
	}
	p.First = d.first(p.Limits)
	d.markMet(l, p.Limits, p.First)
	p.Beyond = d.beyond(l, p.First, p.Limits)
	p.Advice = d.advice(l, p)
	p.Assumptions = d.assumptions(l)
	return p
}

func (d *demand) plannedPartitions() []PlannedPartition {
	out := make([]PlannedPartition, 0, d.counted)
	for _, l := range d.partitionLoads() {
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
		p := PlannedFleet{Fleet: f.Name, Clients: f.Clients, RequestsPerSecond: f.batching.requests, BatchFill: f.batching.fill, LowerBound: f.Rate.Max}
		if f.batching.batches > 0 {
			p.RecordsPerBatch = f.meanPerBatch()
		}
		out = append(out, p)
	}
	for _, g := range d.groups {
		p := PlannedFleet{Fleet: g.Name, Clients: g.Clients, RequestsPerSecond: d.resting(g)}
		for _, f := range d.fleets {
			if slices.Contains(g.Topics, f.Topic) {
				p.RequestsPerSecond += f.batching.requests * d.fetchesFor(f, g)
				p.LowerBound = p.LowerBound || f.Rate.Max
			}
		}
		p.UpperBound = !p.LowerBound
		out = append(out, p)
	}
	return out
}

func (d *demand) totals() PlannedTotals {
	t := PlannedTotals{Partitions: d.counted, RunSeconds: d.end.Seconds()}
	for _, topic := range d.topics {
		if topic.assumed {
			t.Uncounted += topic.topics
		}
	}
	for _, f := range d.fleets {
		if f.Rate.Max && t.LowerBound == "" {
			t.LowerBound = f.Name
		}
		groups, perRecord := d.timesRead(f.Topic), f.meanRecordBytes()
		run := float64(f.schedule.Count()) * perRecord
		t.RecordsPerSecond += f.mean
		t.BytesInPerSecond += f.mean * perRecord
		if f.assumed {
			t.UncountedBytesInPerSecond += f.mean * perRecord
		}
		t.BytesOutPerSecond += f.mean * perRecord * groups
		t.RunBytesIn += run
		t.RunBytesOut += run * groups
	}
	return t
}

func (d *demand) peaks() []float64 {
	out := make([]float64, len(d.fleets))
	for i, f := range d.fleets {
		out[i] = f.peak
	}
	return out
}

// assumptions are what the plan takes for granted, and what it does not know.
func (d *demand) assumptions(l Limits) []string {
	out := []string{
		fmt.Sprintf("Leaders go round robin over %d brokers, and clients are franz-go's, as a run's are; fetch requests are an upper bound.", d.brokers),
	}
	if len(l.Values) > 0 {
		out = append(out, "Limits on rates are enforced as Apache Kafka enforces quotas: over a window of ten to eleven seconds, which lets ten seconds' worth through first.")
	}
	for _, f := range d.fleets {
		switch {
		case f.Rate.Max:
			out = append(out, fmt.Sprintf("Fleet %s sends as fast as its clients can; how much that is nobody knows beforehand, so no number here holds it.", f.Name))
		case f.assumed:
			out = append(out, fmt.Sprintf("Topic %s exists, and how many partitions it has is not known before a run: what fleet %s sends counts in all sums, and in no number of a single partition, broker or client. It is gathered as for %d partitions.", f.Topic, f.Name, assumedPartitions))
		case f.sticky:
			out = append(out, fmt.Sprintf("Records of fleet %s have no key: each batch goes to a partition at random, in the long run to all alike.", f.Name))
		}
		if f.ratio != nil {
			out = append(out, fmt.Sprintf("Batches of fleet %s are compressed with %s to an estimated %.0f %% of their size, as sample batches are.", f.Name, f.Settings.Compression, 100*f.ratio(f.meanPerBatch())))
		}
		if f.Key.HotMoves > 0 {
			out = append(out, fmt.Sprintf("The hot keys of fleet %s move: partitions show the mean over the measured phases, limits the worst time.", f.Name))
		}
	}
	if len(d.fleets) == 0 {
		out = append(out, "Nobody writes in this scenario; how much there is to read nobody knows beforehand, so no number here holds it.")
	}
	for _, g := range d.groups {
		if len(g.Pauses) > 0 {
			out = append(out, fmt.Sprintf("Group %s catches up after a pause as fast as the limits let it.", g.Name))
		}
		if keeps := d.reading(g).keeps; keeps < 1 {
			out = append(out, fmt.Sprintf("Group %s keeps up with at most %.0f %% of the load; it is taken to read that evenly, though it fetches in bursts.", g.Name, 100*keeps))
		}
	}
	return out
}
