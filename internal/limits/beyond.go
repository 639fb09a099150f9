package limits

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// steady is what gets through once limits hold the fleets back. Clients send in
// order and share one buffer among all partitions, so a fleet goes at the pace of
// its slowest part: held back there to a share, it is held back everywhere.
type steady struct {
	pace []float64 // by fleet: what gets through ÷ what is offered
	met  []use     // what holds them, the tightest first
	// demand has the batches that there are then.
	demand *demand
}

// settle finds the pace of every fleet: the limit that is exceeded most is brought
// within its value, then the one that still is exceeded most, and so on. Where a
// limit is met records wait, so that their batches are full.
func (d *demand) settle(l Limits) steady {
	s := steady{pace: d.still(), demand: d}
	full := map[int]bool{} // brokers whose records wait
	for range 2 * (len(d.fleets) + d.brokers) {
		worst, over := use{}, 1+1e-9
		rates := d.paced(s.pace)
		for _, n := range []Name{PartitionIngress, ClientIngress, BrokerIngress, ClusterIngress} {
			for _, u := range s.demand.uses(n) {
				if x := u.at(rates) / l.Of(n); l.Of(n) > 0 && x > over {
					worst, over = u, x
				}
			}
		}
		if worst.parts == nil {
			break
		}
		s.met = append(s.met, worst)
		limit, broker := l.Of(worst.Limit), d.brokerOf(worst.Instance)
		if full[broker] || full[-1] {
			hold(worst, limit, rates, s.pace)
			continue
		}
		full[broker] = true
		s.demand = s.demand.fill(worst, limit, rates, broker)
	}
	return s
}

// fill is the demand with the batches for one broker (-1 for all) as full as a use
// needs to fit its limit, or entirely full if it does not fit even then.
func (d *demand) fill(u use, limit float64, rates []float64, broker int) *demand {
	full := d.with(func(f *fleetDemand) batching { return f.backlogged(broker, d.brokers) })
	least := 0.0
	for _, other := range full.uses(u.Limit) {
		if other.Instance == u.Instance {
			least = other.at(rates)
		}
	}
	if least >= limit {
		return full
	}
	most := u.at(rates)
	part := (most - limit) / (most - least) // what a record brings lies between, in that proportion
	out := *d
	out.fleets = slices.Clone(d.fleets)
	for i, f := range d.fleets {
		between := *f
		between.batching = f.batching.between(full.fleets[i].batching, part)
		out.fleets[i] = &between
	}
	return &out
}

// brokerOf is the broker at which an instance makes records wait; -1 for all.
func (d *demand) brokerOf(i Instance) int {
	switch i.Limit.scope() {
	case "partition":
		return int(i.Partition) % d.brokers
	case "cluster":
		return -1
	}
	return int(i.Broker)
}

// paced are the records per second of every fleet at a pace.
func (d *demand) paced(pace []float64) []float64 {
	rates := d.peaks()
	for i := range rates {
		rates[i] *= pace[i]
	}
	return rates
}

// hold slows the fleets of a use so that it fits a limit. Every connection gets the
// same: those that ask for less get what they ask for, and the rest is divided.
func hold(u use, limit float64, rates, pace []float64) {
	type claim struct {
		part
		asked float64
	}
	var claims []claim
	for _, p := range u.parts {
		if asked := p.most() * rates[p.fleet]; asked > 0 {
			claims = append(claims, claim{p, asked})
		}
	}
	slices.SortFunc(claims, func(a, b claim) int {
		if a.asked/a.clients < b.asked/b.clients {
			return -1
		}
		return 1
	})
	connections := 0.0
	for _, c := range claims {
		connections += c.clients
	}
	for _, c := range claims {
		given := min(c.asked, limit*c.clients/connections)
		pace[c.fleet] *= given / c.asked
		limit, connections = limit-given, connections-c.clients
	}
}

// through is the bytes per second of record batches that fleets put into partitions
// at a pace.
func (d *demand) through(pace []float64) (sum float64) {
	for i, f := range d.fleets {
		sum += f.peak * pace[i] * f.meanRecordBytes()
	}
	return sum
}

// beyond says what load 1 comes to once the first limit binds; nil when none does.
func (d *demand) beyond(l Limits, first *FirstLimit, planned []PlannedLimit) *Beyond {
	i := slices.IndexFunc(planned, func(p PlannedLimit) bool { return first != nil && p.Limit == first.Limit })
	if i < 0 || planned[i].BindsAfterSeconds == nil {
		return nil
	}
	p := planned[i]
	switch p.Limit {
	case PartitionIngress, ClientIngress, BrokerIngress, ClusterIngress:
		return d.beyondIngress(l, p)
	case PartitionEgress, ClientEgress, BrokerEgress, ClusterEgress:
		return d.beyondEgress(p)
	case ClusterRequests:
		offered := d.through(d.still())
		b := &Beyond{OfferedBytesPerSecond: offered, SharedBytesPerSecond: offered}
		b.Text = "Each connection waits up to a second at a time. The clients gather larger batches meanwhile and need fewer requests, so all records get through, later."
		return b
	}
	return nil
}

// still is a pace at which nothing holds.
func (d *demand) still() []float64 {
	pace := make([]float64, len(d.fleets))
	for i := range pace {
		pace[i] = 1
	}
	return pace
}

func (d *demand) beyondIngress(l Limits, p PlannedLimit) *Beyond {
	s := d.settle(l)
	b := &Beyond{OfferedBytesPerSecond: d.through(d.still()), SharedBytesPerSecond: s.demand.through(s.pace)}
	text := fmt.Sprintf("Clients send in order, so %s, held to %s,", p.Scope, Amount(p.Declared, p.Limit))
	switch {
	case p.Limit == PartitionIngress && len(d.fleets) == 1:
		text += fmt.Sprintf(" which gets %.1f %% of the records, pulls the whole fleet down to %s of %s.",
			100*d.fleets[0].shareOf(p, d.places), Amount(b.SharedBytesPerSecond, p.Limit), Amount(b.OfferedBytesPerSecond, p.Limit))
	default:
		text += fmt.Sprintf(" leaves the fleets %s of %s", Amount(b.SharedBytesPerSecond, p.Limit), Amount(b.OfferedBytesPerSecond, p.Limit))
		text += d.slowed(s.pace) + "."
	}
	if own, key := d.ownClient(l, p); own != nil {
		b.OwnClientBytesPerSecond = own
		text += fmt.Sprintf(" With a client of its own for key %s it is %s: only that key waits.", key, Amount(*own, p.Limit))
	}
	b.Text = text
	return b
}

// shareOf is the share of the fleet's records that go to a partition.
func (f *fleetDemand) shareOf(p PlannedLimit, places []place) (share float64) {
	f.each(func(at, _ int, part float64) {
		if places[at] == (place{p.Topic, *p.Partition}) {
			share += part
		}
	})
	return share
}

// slowed names the fleets that a pace holds back.
func (d *demand) slowed(pace []float64) string {
	text := ""
	for i, f := range d.fleets {
		if pace[i] < 0.995 {
			text += fmt.Sprintf(", %s %.0f %% of its rate", f.Name, 100*pace[i])
		}
	}
	return text
}

// ownClient is what gets through when the hottest key of the partition that binds
// has a client of its own; nil when no key of it stands out.
func (d *demand) ownClient(l Limits, p PlannedLimit) (*float64, string) {
	if p.Limit != PartitionIngress {
		return nil, ""
	}
	var most float64
	var fleet, at int
	for i, f := range d.fleets {
		f.each(func(place, k int, _ float64) {
			where := d.places[place]
			if where.topic != p.Topic || where.partition != *p.Partition || len(f.flows[k].keys) == 0 {
				return
			}
			if bytes := f.peak * f.flows[k].keys[0].share / float64(f.topics) * f.recordBytes(k); bytes > most {
				most, fleet, at = bytes, i, k
			}
		})
	}
	if most < topShare*p.Predicted {
		return nil, ""
	}
	with := *d
	with.fleets = slices.Clone(d.fleets)
	rest, own := *d.fleets[fleet], *d.fleets[fleet]
	key := rest.flows[at].keys[0]
	rest.flows = slices.Clone(rest.flows)
	rest.flows[at].share -= key.share
	own.flows = slices.Clone(rest.flows)
	for i := range own.flows {
		own.flows[i].share = 0
	}
	own.flows[at].share = key.share
	own.Clients = 1
	with.fleets[fleet] = &rest
	with.fleets = append(with.fleets, &own)
	s := with.settle(l)
	through := s.demand.through(s.pace)
	return &through, d.keyText(fleet, key.key)
}

// beyondEgress is for limits on reading: producers do not notice, and the groups
// fall behind.
func (d *demand) beyondEgress(p PlannedLimit) *Beyond {
	wanted, got := 0.0, 0.0
	for _, u := range d.uses(p.Limit) {
		n := u.at(d.peaks())
		wanted, got = wanted+n, got+min(n, p.Declared)
	}
	return &Beyond{OfferedBytesPerSecond: wanted, SharedBytesPerSecond: got, Text: fmt.Sprintf(
		"Producers do not notice. Of %s that the groups ask for they get %s at most, and fall behind by the rest: %s every second.",
		Amount(wanted, p.Limit), Amount(got, p.Limit), sized(wanted-got))}
}

// markMet says of every limit whether load 1 reaches it although others hold the
// fleets back: it binds in the steady state, or while the first limit's backlog
// still fits the clients' buffers.
func (d *demand) markMet(l Limits, planned []PlannedLimit, first *FirstLimit) {
	if first == nil {
		return
	}
	s := d.settle(l)
	pulled := d.pulledDown(planned, first, s)
	for i := range planned {
		p := &planned[i]
		if p.BindsAfterSeconds == nil {
			continue
		}
		bound := slices.ContainsFunc(s.met, func(u use) bool { return u.Limit == p.Limit })
		p.Met = p.Limit == first.Limit || bound || *p.BindsAfterSeconds <= pulled || !d.heldBack(p.Limit, p.Declared, s)
	}
}

// heldBack tells whether the fleets' pace keeps a limit from being met.
func (d *demand) heldBack(n Name, declared float64, s steady) bool {
	uses := s.demand.uses(n)
	if uses == nil {
		return false // does not follow the bytes
	}
	rates := d.paced(s.pace)
	return !slices.ContainsFunc(uses, func(u use) bool { return u.at(rates) > declared })
}

// pulledDown is when the backlog of the first limit has filled the clients' buffers
// and so holds back what they send elsewhere, in seconds.
func (d *demand) pulledDown(planned []PlannedLimit, first *FirstLimit, s steady) float64 {
	i := slices.IndexFunc(planned, func(p PlannedLimit) bool { return p.Limit == first.Limit })
	if planned[i].BindsAfterSeconds == nil || len(s.met) == 0 {
		return math.Inf(1)
	}
	// A connection that pauses holds back all that goes to its broker.
	broker, longest := d.brokerOf(s.met[0].Instance), 0.0
	for _, part := range s.met[0].parts {
		f := d.fleets[part.fleet]
		growth := 0.0
		for k, fl := range f.flows {
			if broker < 0 || k%d.brokers == broker {
				growth += f.peak * fl.share * f.recordBytes(k) * (1 - s.pace[part.fleet])
			}
		}
		if growth > 0 {
			longest = max(longest, float64(f.Clients)*float64(f.Settings.BufferBytes)/growth)
		}
	}
	return *planned[i].BindsAfterSeconds + min(longest, time.Hour.Seconds())
}
