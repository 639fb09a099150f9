package limits

import (
	"math"
	"time"
)

// How franz-go gathers records (kgo, sink.go, v1.22.2). A partition's first record
// starts the linger. When it ends, or when a batch of any partition is full and the
// next one begins, the broker's drain sends one request with the oldest batch of
// every partition that has one, however long it has lingered. So a client's
// requests to one broker come in cycles: wait for a record, then gather until the
// linger ends or a batch overflows.
const (
	// wakeUp is how often a client that has more records than that hands over
	// what is due (the generator's shortest sleep).
	wakeUp = 200 * time.Microsecond
	// batchPrefix is what franz-go counts of a batch beside its records: the
	// header, and the length in front of it.
	batchPrefix = batchHeader + 3
)

// batching is what becomes of a fleet's records at one rate.
type batching struct {
	requests float64   // produce requests per second of the fleet
	batches  float64   // per second
	perBatch []float64 // records, for each flow
	fill     float64   // mean batch ÷ batch size, in bytes
}

// gather works out how the clients of a fleet gather a rate of records.
func (f *fleetDemand) gather(rate float64, brokers int) batching {
	b := batching{perBatch: make([]float64, len(f.flows))}
	if rate <= 0 {
		for i := range b.perBatch {
			b.perBatch[i] = 1
		}
		return b
	}
	if f.sticky {
		f.gatherSticky(&b, rate, brokers)
	} else {
		f.gatherKeyed(&b, rate, brokers)
	}
	bytes := 0.0
	for i, fl := range f.flows {
		n := rate * fl.share / b.perBatch[i]
		b.batches += n
		bytes += n * (batchHeader + b.perBatch[i]*fl.body)
	}
	if b.batches > 0 {
		b.fill = min(1, bytes/b.batches/float64(f.Settings.BatchBytes))
	}
	return b
}

// capacity is how many of a flow's records a batch holds.
func (f *fleetDemand) capacity(fl flow) float64 {
	return max(1, math.Floor((float64(f.Settings.BatchBytes)-batchPrefix)/fl.body))
}

func (f *fleetDemand) gatherKeyed(b *batching, rate float64, brokers int) {
	client := rate / float64(f.Clients)
	onBroker := make([]float64, brokers)
	for _, fl := range f.flows {
		onBroker[f.leader(fl, brokers)] += client * fl.share
	}
	cycles := make([]float64, brokers) // seconds
	for broker, records := range onBroker {
		if records > 0 {
			cycles[broker] = f.cycle(client, records, broker, brokers)
			b.requests += float64(f.Clients) / cycles[broker]
		}
	}
	for i, fl := range f.flows {
		b.perBatch[i] = 1
		records := client * fl.share
		if records == 0 {
			continue
		}
		broker := f.leader(fl, brokers)
		cycle := cycles[broker]
		part, drawn := records/onBroker[broker], max(1, onBroker[broker]*cycle)
		some := 1 - math.Pow(1-min(part, 1-1e-12), drawn) // a cycle brings this flow a record
		b.perBatch[i] = max(1, min(f.capacity(fl), records*cycle/some))
	}
}

// cycle is the expected time between two requests of one client to one broker to
// which it sends so many records per second.
func (f *fleetDemand) cycle(client, records float64, broker, brokers int) float64 {
	// The next record of this broker comes after the residual of an even spacing,
	// and records are handed over at wake-ups.
	gap := max(1/records-1/(2*client), wakeUp.Seconds()/2)
	linger := f.Settings.Linger.Seconds()
	if linger == 0 {
		return max(1/records, wakeUp.Seconds())
	}
	const steps = 64
	gathered := 0.0
	alone := 0.0 // probability that no batch has overflowed
	for step := range steps {
		at := (float64(step) + 0.5) / steps * linger
		alone = 1
		for _, fl := range f.flows {
			if f.leader(fl, brokers) == broker && alone > 1e-6 {
				alone *= poissonAtMost(client*fl.share*at, f.capacity(fl)-1)
			}
		}
		gathered += alone * linger / steps
	}
	return gathered + alone*gap
}

// poissonAtMost is the probability that a Poisson variable of a mean is at most n,
// by the normal approximation with the skew taken out (Wilson and Hilferty).
func poissonAtMost(mean, n float64) float64 {
	if mean <= 0 {
		return 1
	}
	k := n + 1
	z := 3 * math.Sqrt(k) * (1 - 1/(9*k) - math.Cbrt(mean/k))
	return 0.5 * math.Erfc(-z/math.Sqrt2)
}

// gatherSticky is for records without a key: they fill one batch at a time, each
// on another partition; a full batch waits for its linger all the same.
func (f *fleetDemand) gatherSticky(b *batching, rate float64, brokers int) {
	client := rate / float64(f.Clients)
	fl := f.flows[0]
	linger := max(f.Settings.Linger.Seconds(), wakeUp.Seconds())
	n := min(f.capacity(fl), max(1, client*linger+0.5))
	for i := range b.perBatch {
		b.perBatch[i] = n
	}
	batches := client / n
	if n < f.capacity(fl) {
		b.requests = float64(f.Clients) * batches
		return
	}
	leading := float64(min(brokers, len(f.flows)))
	b.requests = float64(f.Clients) * leading * min(batches/leading, 1/(linger+leading/batches))
}

// header is a flow's part of a batch's header in each record, and the second and
// third byte of offset deltas in large batches.
func headerPart(perBatch float64) float64 {
	part := batchHeader / perBatch
	for _, from := range []float64{oneByteDeltas, oneByteDeltas * 128} {
		part += max(0, perBatch-from) / perBatch
	}
	return part
}
