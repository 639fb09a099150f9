package limits

import (
	"math"
	"slices"
	"time"
)

// requestModel says how many requests per second a scenario makes at any load.
// Produce requests are what to expect; fetch requests are at most those: a fetch is
// answered when data comes, so a member makes at most one for each produce request
// that brings one of its partitions some, and one for each wait that brings none.
type requestModel struct {
	demand  *demand
	known   []map[int]float64 // by fleet: requests per second that it causes, by step of its rate
	resting float64           // requests per second of groups that have nothing to read
}

// rateSteps is how many rates are worked out for each doubling; others lie between.
const rateSteps = 4

// heartbeat is how often a member shows its coordinator that it lives (franz-go's
// and the Java client's default).
const heartbeat = 3 * time.Second

func (d *demand) requestModel() *requestModel {
	m := &requestModel{demand: d}
	for range d.fleets {
		m.known = append(m.known, map[int]float64{})
	}
	for _, g := range d.groups {
		m.resting += d.resting(g)
	}
	return m
}

// resting is how many requests per second a group makes that has nothing to read:
// fetches that wait in vain, heartbeats, commits.
func (d *demand) resting(g *groupDemand) float64 {
	sum := float64(g.Clients) / heartbeat.Seconds()
	for _, brokers := range d.reads(g) {
		sum += d.idleFetches(g) * float64(len(brokers))
	}
	if every := g.Settings.CommitInterval; every > 0 {
		sum += float64(g.Clients) / every.Seconds()
	}
	return sum
}

// idleFetches is how many fetches per second wait in vain on one connection.
func (d *demand) idleFetches(g *groupDemand) float64 {
	return 1 / max(g.Settings.FetchMaxWait, time.Millisecond).Seconds()
}

// fetchesFor is how many fetches of a group each produce request of a fleet ends, at
// most, at the fleet's highest rate.
func (d *demand) fetchesFor(f *fleetDemand, g *groupDemand) float64 {
	if f.batching.requests == 0 {
		return 0
	}
	// By member and broker: the probability that what is sent brings the member
	// nothing, and the bytes per second that it gets.
	links := g.Clients * d.brokers
	nothing, bytes := make([]float64, links), make([]float64, links)
	empty := make([]float64, d.brokers) // the probability that it brings nobody anything
	// Batches that each request brings: to a member, and to all.
	toMember, toAll := make([]float64, links), make([]float64, d.brokers)
	for i := range nothing {
		nothing[i] = 1
	}
	for b := range empty {
		empty[b] = 1
	}
	f.each(func(place, flow int, share float64) {
		broker := flow % d.brokers
		link := d.member(g, place)*d.brokers + broker
		brought := min(1, f.batching.rate*share/f.batching.perBatch[flow]/f.batching.onBroker[broker]) // batches for each request
		toMember[link] += brought
		toAll[broker] += brought
		nothing[link] *= 1 - brought
		empty[broker] *= 1 - brought
		bytes[link] += f.batching.rate * share * f.recordBytes(flow)
	})
	sum := 0.0
	for link, p := range nothing {
		if p == 1 {
			continue
		}
		broker := link % d.brokers
		ends := min(1, (1-p)/(1-empty[broker])) // no request is empty
		// Partitions that take turns are in every request alike often, not each by chance.
		if k := toAll[broker]; k > 1 {
			ends = max(ends, 1-math.Pow(1-toMember[link]/k, k))
		}
		fetches := f.batching.onBroker[broker] * ends
		if least := float64(g.Settings.FetchMinBytes); least > 1 {
			fetches = min(fetches, bytes[link]/least+d.idleFetches(g))
		}
		sum += fetches
	}
	return sum / f.batching.requests
}

// caused is how many produce and fetch requests per second a fleet causes.
func (d *demand) caused(f *fleetDemand) float64 {
	sum := f.batching.requests
	for _, g := range d.groups {
		if slices.Contains(g.Topics, f.Topic) {
			sum += f.batching.requests * d.fetchesFor(f, g)
		}
	}
	return sum
}

// of is how many requests per second a fleet causes at a rate.
func (m *requestModel) of(fleet int, rate float64) float64 {
	if rate <= 0 {
		return 0
	}
	step := math.Log2(rate) * rateSteps
	below := math.Floor(step)
	a, b := m.at(fleet, int(below)), m.at(fleet, int(below)+1)
	return a * math.Pow(b/a, step-below)
}

func (m *requestModel) at(fleet, step int) float64 {
	n, ok := m.known[fleet][step]
	if !ok {
		f := *m.demand.fleets[fleet]
		f.batching = f.gather(math.Exp2(float64(step)/rateSteps), m.demand.brokers)
		n = m.demand.caused(&f)
		m.known[fleet][step] = n
	}
	return n
}

// all is every request per second at given rates of the fleets.
func (m *requestModel) all(rates []float64) float64 {
	sum := m.resting
	for i, rate := range rates {
		sum += m.of(i, rate)
	}
	return sum
}

// replay takes the requests of the scenario at a load through Kafka's window.
func (m *requestModel) replay(load, limit float64) (most float64, first time.Duration) {
	d := m.demand
	const step = 250 * time.Millisecond
	var w Window
	first = -1
	rates := make([]float64, len(d.fleets))
	for at := step; at <= d.end; at += step {
		for i, f := range d.fleets {
			rates[i] = load * f.schedule.Rate(at-step)
		}
		w.Record(at, int64(math.Round(scale*step.Seconds()*m.all(rates))))
		held, width := w.Measure(at)
		rate := float64(held) / scale / (width + step).Seconds() // a step's records come at its end
		most = max(most, rate)
		if rate > limit && first < 0 {
			first = at
		}
	}
	return most, first
}

// binds is the load at which requests first exceed a limit within the scenario's
// time; nil when none up to a thousandfold does.
func (m *requestModel) binds(limit float64) *float64 {
	low, high := 1e-3, 1e3
	if most, _ := m.replay(high, limit); most <= limit {
		return nil
	}
	for high/low > 1.002 {
		middle := math.Sqrt(low * high)
		if most, _ := m.replay(middle, limit); most > limit {
			high = middle
		} else {
			low = middle
		}
	}
	return &high
}
