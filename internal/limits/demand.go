package limits

import (
	"slices"
	"time"

	"msklt/scenario"
)

// demand is what a scenario asks of a cluster, made once from its key sets; every
// part of a plan is read from it.
type demand struct {
	scenario *scenario.Scenario
	brokers  int
	places   []place
	topics   map[string]topicPlaces
	fleets   []*fleetDemand
	groups   []*groupDemand
	end      time.Duration // of the last phase
}

type topicPlaces struct {
	scenario.Topic
	first int // place of partition 0
}

// fleetDemand is one producer fleet.
type fleetDemand struct {
	scenario.Producer
	flows    []flow
	sticky   bool
	schedule scenario.Schedule // as expected: evenly spaced
	peak     float64           // records per second, the highest of the measured phases
	mean     float64           // records per second over the measured phases
	batching batching          // at the peak
	places   []place
}

// groupDemand is one consumer group.
type groupDemand struct {
	scenario.Consumer
	places []int
}

// newDemand hashes every fleet's key set.
func newDemand(s *scenario.Scenario, brokers int) *demand {
	d := &demand{scenario: s, brokers: max(1, brokers), topics: map[string]topicPlaces{}}
	for _, p := range s.Phases {
		d.end += p.Duration
	}
	for _, t := range s.Topics {
		d.topics[t.Name] = topicPlaces{t, len(d.places)}
		for p := range t.Partitions {
			d.places = append(d.places, place{t.Name, p})
		}
	}
	for _, p := range s.Producers {
		d.fleets = append(d.fleets, d.newFleet(p))
	}
	for _, c := range s.Consumers {
		g := &groupDemand{Consumer: c}
		for _, name := range c.Topics {
			t := d.topics[name]
			for p := range int(t.Partitions) {
				g.places = append(g.places, t.first+p)
			}
		}
		d.groups = append(d.groups, g)
	}
	return d
}

func (d *demand) newFleet(p scenario.Producer) *fleetDemand {
	f := &fleetDemand{Producer: p, places: d.places, sticky: p.Key.Keys == 0}
	t := d.topics[p.Topic]
	if p.Rate.Max || t.Partitions == 0 {
		return f
	}
	f.flows = flows(p, t.Topic, t.first, d.scenario.Seed)
	f.schedule = scenario.NewSchedule(p.RecordsPerSecond(), d.scenario.Phases)
	f.peak, f.mean = d.rates(f)
	f.batching = f.gather(f.peak, d.brokers)
	return f
}

// rates are a fleet's highest and mean records per second in the measured phases.
func (d *demand) rates(f *fleetDemand) (peak, mean float64) {
	var at, measured time.Duration
	records := 0.0
	for _, p := range d.scenario.Phases {
		if p.Measure && p.Duration > 0 {
			records += float64(f.schedule.Due(at+p.Duration-1) - f.schedule.Due(at-1))
			measured += p.Duration
			peak = max(peak, f.RecordsPerSecond()*p.Load.Peak())
		}
		at += p.Duration
	}
	if measured == 0 {
		return 0, 0
	}
	return peak, records / measured.Seconds()
}

// leader is the broker that leads a flow's partition: leaders go round robin.
func (f *fleetDemand) leader(fl flow, brokers int) int {
	return int(f.places[fl.place].partition) % brokers
}

// recordBytes is what a record of a flow puts into its partition, its part of the
// batch header included.
func (f *fleetDemand) recordBytes(i int) float64 {
	return f.flows[i].body + headerPart(f.batching.perBatch[i])
}

// readers is how many groups read a topic.
func (d *demand) readers(topic string) int {
	n := 0
	for _, g := range d.groups {
		if slices.Contains(g.Topics, topic) {
			n++
		}
	}
	return n
}
