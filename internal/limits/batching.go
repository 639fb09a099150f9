package limits

import (
	"math"
	"slices"
)

// batching is what becomes of a fleet's records at one rate.
type batching struct {
	rate     float64   // records per second of the fleet
	requests float64   // per second of the fleet: produce, and those that end transactions
	batches  float64   // per second
	perBatch []float64 // records, for each flow
	fill     float64   // mean batch ÷ batch size, in bytes
	onBroker []float64 // produce requests per second to each broker
	topics   []float64 // topics that such a request names
}

// gather works out how the clients of a fleet gather a rate of records: one of them
// is simulated, for the others are like it.
func (f *fleetDemand) gather(rate float64, brokers int) batching {
	b := batching{rate: rate, perBatch: make([]float64, len(f.flows)), onBroker: make([]float64, brokers), topics: make([]float64, brokers)}
	for i := range b.perBatch {
		b.perBatch[i] = 1
	}
	if rate <= 0 {
		return b
	}
	perClient := rate / float64(f.Clients)
	c := newClient(f, brokers)
	lasted := c.run(perClient).Seconds()
	clients := float64(f.Clients)
	batches := 0
	for _, n := range c.batches {
		batches += n
	}
	b.batches = clients * float64(batches) / lasted
	body := 0.0
	for i, fl := range f.flows {
		body += fl.share * fl.body
		if f.sticky {
			b.perBatch[i] = float64(c.records) / float64(batches)
		}
	}
	b.fill = min(1, (batchHeader+body*rate/b.batches)/float64(f.Settings.BatchBytes))
	b.requests = clients * float64(c.commits) / lasted
	for broker, n := range c.requests {
		if n == 0 {
			continue
		}
		b.onBroker[broker] = clients * float64(n) / lasted
		b.requests += b.onBroker[broker]
		carried, topics := float64(c.batches[broker])/float64(n), float64(f.topics)
		b.topics[broker] = topics * (1 - math.Pow(1-1/topics, carried)) // each batch is of any of them
		if !f.sticky {
			f.fillKeyed(b.perBatch, perClient, lasted/float64(n), carried, broker, brokers)
		}
	}
	return b
}

// fillKeyed sets how many records a batch of each flow of a broker holds, when
// requests follow each other after a cycle of so many seconds and carry so many
// batches. The simulation is too short to tell it of partitions that seldom get a
// record, so it is worked out: of the records of a cycle, each falls to a flow by
// its share. That cycles differ in length is put right by what was simulated.
func (f *fleetDemand) fillKeyed(perBatch []float64, perClient, cycle, carried float64, broker, brokers int) {
	drawn, worked := 0.0, 0.0
	for i, fl := range f.flows {
		if i%brokers == broker {
			drawn += perClient * fl.share * cycle
		}
	}
	for i, fl := range f.flows {
		if i%brokers != broker || fl.share == 0 {
			continue
		}
		records := perClient * fl.share / float64(f.topics) * cycle
		some := 1 - math.Pow(1-min(records/drawn, 1-1e-12), max(1, drawn)) // the cycle brings it a record
		perBatch[i] = max(1, min(f.capacity(fl), records/some))
		worked += float64(f.topics) * records / perBatch[i]
	}
	for i, fl := range f.flows {
		if i%brokers == broker && fl.share > 0 {
			perBatch[i] = max(1, min(f.capacity(fl), perBatch[i]*worked/carried))
		}
	}
}

// backlogged is what becomes of the records once those for one broker wait there:
// whenever it takes a request, each batch is full. A negative broker is all.
func (f *fleetDemand) backlogged(broker, brokers int) batching {
	b := f.batching
	b.perBatch, b.onBroker = slices.Clone(b.perBatch), slices.Clone(b.onBroker)
	for i, fl := range f.flows {
		if i%brokers == broker || broker < 0 {
			b.perBatch[i] = f.capacity(fl)
		}
	}
	for i, n := range b.onBroker {
		if i == broker || broker < 0 {
			most := 0.0 // a request carries one batch of each partition
			for k, fl := range f.flows {
				if k%brokers == i {
					most = max(most, b.rate*fl.share/float64(f.topics)/b.perBatch[k])
				}
			}
			b.onBroker[i] = min(n, most)
		}
	}
	return b
}

// between lies between two batchings at one rate, in what a record brings.
func (b batching) between(other batching, part float64) batching {
	out := b
	out.perBatch, out.onBroker = slices.Clone(b.perBatch), slices.Clone(b.onBroker)
	for i, n := range b.perBatch {
		out.perBatch[i] = 1 / ((1-part)/n + part/other.perBatch[i])
	}
	for i, n := range b.onBroker {
		out.onBroker[i] = (1-part)*n + part*other.onBroker[i]
	}
	return out
}

// capacity is how many of a flow's records a batch holds.
func (f *fleetDemand) capacity(fl flow) float64 {
	return max(1, math.Floor((f.batchBytes()-batchPrefix)/fl.body))
}

// batchBytes is how large a batch of the fleet can become before compression. The
// generator lets franz-go's batches hold the largest record that there can be.
func (f *fleetDemand) batchBytes() float64 {
	const framing, headerFraming = 1024, 10
	return float64(max(f.Settings.BatchBytes, f.MaxBytes()+framing+len(f.Headers)*headerFraming))
}

// deltaBytes are the second and third byte of the offset deltas in large batches,
// for each record.
func deltaBytes(perBatch float64) (bytes float64) {
	for _, from := range []float64{oneByteDelta, oneByteDelta * 128} {
		bytes += max(0, perBatch-from) / perBatch
	}
	return bytes
}
