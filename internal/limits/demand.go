package limits

import (
	"math"
	"time"

	"msklt/scenario"
)

// demand is what a scenario asks of a cluster, made once from its key sets; every
// part of a plan is read from it.
type demand struct {
	scenario *scenario.Scenario
	brokers  int
	places   []place
	counted  int // of places; those after it are assumed, see assumedPartitions
	topics   map[string]topicPlaces
	fleets   []*fleetDemand
	groups   []*groupDemand
	end      time.Duration   // of the last phase
	spans    []span          // the measured phases
	loads    map[int]*demand // the same at other loads, by steps of the load
}

// span is a stretch of the scenario's time.
type span struct{ from, to time.Duration }

// topicPlaces is a topic, or all topics of a template: equal numbers of
// partitions, one topic after the other.
type topicPlaces struct {
	first      int // place of the first partition
	topics     int
	partitions int // of each
	assumed    bool
}

// fleetDemand is one producer fleet.
type fleetDemand struct {
	scenario.Producer
	flows    []flow    // by partition; the same for every topic of a template
	upTo     []float64 // shares of the flows, added up
	hashes   []uint32  // of every key, when keys decide the partition
	shares   []float64 // of every key in the fleet's records, at first
	spread   []float64 // how far sizes of records are from their mean
	first    int       // place of the first topic's partition 0
	topics   int
	assumed  bool // the partitions are
	sticky   bool
	schedule scenario.Schedule              // as expected: evenly spaced
	peak     float64                        // records per second, the highest of the measured phases
	mean     float64                        // records per second over the measured phases
	batching batching                       // at the peak
	ratio    func(perBatch float64) float64 // of compression; nil without
}

// groupDemand is one consumer group.
type groupDemand struct {
	scenario.Consumer
	places []int
}

// assumedPartitions is how many an existing topic is taken to have while nobody has
// counted them. What all of them get together hardly depends on it; nothing is said of
// what one of them gets, or a broker.
const assumedPartitions = 12

// newDemand hashes every fleet's key set.
func newDemand(s *scenario.Scenario, brokers int) *demand {
	d := &demand{scenario: s, brokers: max(1, brokers), topics: map[string]topicPlaces{}, loads: map[int]*demand{}}
	for _, p := range s.Phases {
		if p.Measure && p.Duration > 0 {
			d.spans = append(d.spans, span{d.end, d.end + p.Duration})
		}
		d.end += max(0, p.Duration)
	}
	d.place(false)
	d.counted = len(d.places)
	d.place(true)
	for _, p := range s.Producers {
		d.fleets = append(d.fleets, d.newFleet(p))
	}
	for _, c := range s.Consumers {
		g := &groupDemand{Consumer: c}
		for _, name := range c.Topics {
			t := d.topics[name]
			for p := range t.topics * t.partitions {
				g.places = append(g.places, t.first+p)
			}
		}
		d.groups = append(d.groups, g)
	}
	return d
}

// place gives the topics whose partitions are counted their places, or the others.
func (d *demand) place(assumed bool) {
	for _, t := range d.scenario.Topics {
		if (t.Partitions == 0) != assumed {
			continue
		}
		partitions, instances := t.Partitions, t.Instances()
		if assumed {
			partitions = assumedPartitions
			for _, p := range d.scenario.Producers {
				if p.Topic == t.Name && p.Partition.Fixed {
					partitions = max(partitions, p.Partition.Number+1)
				}
			}
		}
		d.topics[t.Name] = topicPlaces{len(d.places), len(instances), int(partitions), assumed}
		for _, i := range instances {
			for p := range partitions {
				d.places = append(d.places, place{i.Name, p})
			}
		}
	}
}

func (d *demand) newFleet(p scenario.Producer) *fleetDemand {
	t := d.topics[p.Topic]
	f := &fleetDemand{Producer: p, first: t.first, topics: t.topics, assumed: t.assumed}
	if p.Rate.Max {
		return f
	}
	f.sticky = p.Key.Keys == 0 && !p.Partition.Fixed && !p.Partition.RoundRobin
	sizes := newRecordSizes(p, d.scenario.Seed)
	f.flows, f.spread = d.flows(f, t.partitions, sizes), sizes.spread()
	sum := 0.0
	for _, fl := range f.flows {
		sum += fl.share
		f.upTo = append(f.upTo, sum)
	}
	even := p
	even.Poisson = false
	f.schedule = scenario.NewSchedule(even, d.scenario.Phases, d.scenario.Seed)
	f.peak, f.mean = d.rates(f)
	f.batching = f.gather(f.peak, d.brokers)
	f.ratio = compressionRatio(p, d.scenario.Seed)
	return f
}

// rates are a fleet's highest and mean records per second in the measured phases.
func (d *demand) rates(f *fleetDemand) (peak, mean float64) {
	records := int64(0)
	for _, s := range d.spans {
		records += f.schedule.Due(s.to-1) - f.schedule.Due(s.from-1)
		const looks = 4096
		for i := range time.Duration(looks) {
			peak = max(peak, f.schedule.Rate(s.from+(s.to-s.from)*i/looks))
		}
		peak = max(peak, f.schedule.Rate(s.to-1))
	}
	if measured := d.measured(); measured > 0 {
		mean = float64(records) / measured.Seconds()
	}
	return peak, mean
}

// measured is how long all measured phases last.
func (d *demand) measured() (sum time.Duration) {
	for _, s := range d.spans {
		sum += s.to - s.from
	}
	return sum
}

// overlap is how much of from to to lies in spans.
func overlap(spans []span, from, to time.Duration) (sum time.Duration) {
	for _, s := range spans {
		sum += max(0, min(to, s.to)-max(from, s.from))
	}
	return sum
}

// each calls do for every partition that the fleet writes to, with its place, its
// flow, and its share of the fleet's records.
func (f *fleetDemand) each(do func(place, flow int, share float64)) {
	for t := range f.topics {
		for i, fl := range f.flows {
			if fl.share > 0 {
				do(f.first+t*len(f.flows)+i, i, fl.share/float64(f.topics))
			}
		}
	}
}

// recordBytes is what a record of a flow puts into its partition, its part of the
// batch header included.
func (f *fleetDemand) recordBytes(i int) float64 {
	n := f.batching.perBatch[i]
	body := f.flows[i].body + deltaBytes(n)
	if f.ratio != nil {
		body *= f.ratio(n)
	}
	return body + batchHeader/n
}

// at is the demand with records gathered as they are at a load: batches are fuller at
// a higher one, so that a record brings fewer bytes. Loads are told apart by 2 %.
func (d *demand) at(load float64) *demand {
	const steps = 50
	step := int(math.Round(math.Log(load) * steps))
	if step == 0 {
		return d
	}
	if known, ok := d.loads[step]; ok {
		return known
	}
	with := d.with(func(f *fleetDemand) batching { return f.gather(f.peak*math.Exp(float64(step)/steps), d.brokers) })
	d.loads[step] = with
	return with
}

// with is the demand with records gathered in another way.
func (d *demand) with(gather func(*fleetDemand) batching) *demand {
	with := *d
	with.fleets = nil
	for _, f := range d.fleets {
		changed := *f
		if f.peak > 0 {
			changed.batching = gather(f)
		}
		with.fleets = append(with.fleets, &changed)
	}
	return &with
}

// meanPerBatch is how many records a batch of the fleet holds.
func (f *fleetDemand) meanPerBatch() float64 {
	if f.batching.batches == 0 {
		return 1
	}
	return f.batching.rate / f.batching.batches
}

// meanRecordBytes is what a record of the fleet puts into partitions; 0 for a fleet
// of which nothing is known.
func (f *fleetDemand) meanRecordBytes() (sum float64) {
	for i, fl := range f.flows {
		sum += fl.share * f.recordBytes(i)
	}
	return sum
}

// keyText is the text of a fleet's key.
func (d *demand) keyText(fleet, key int) string {
	f := d.fleets[fleet]
	return string(scenario.NewKeys(f.Key, d.scenario.Seed, f.Name).Append(nil, key))
}

// readByPlace is how many times each partition's records are read at the highest
// load.
func (d *demand) readByPlace() []float64 {
	times := make([]float64, len(d.places))
	for _, g := range d.groups {
		keeps := d.reading(g).keeps
		for _, place := range g.places {
			times[place] += keeps
		}
	}
	return times
}
