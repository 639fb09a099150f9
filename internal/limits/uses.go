package limits

import (
	"cmp"
	"slices"
	"time"
)

// use is what one instance of a limit gets from the fleets: the part of it that a
// fleet brings is its records per second times a number of bytes.
type use struct {
	Instance
	parts []part
}

// part is one fleet's part of a use.
type part struct {
	fleet   int
	reading         // who reads it, for egress
	bytes   float64 // per record of the fleet
	clients float64 // connections that bring it
	// hot is what keys of a moving hot set bring on top of bytes, in order of time.
	hot []hotSpell
}

// most is the part while it is largest.
func (p part) most() float64 {
	bytes := 0.0
	for _, h := range p.hot {
		bytes = max(bytes, h.share)
	}
	return p.bytes + bytes
}

// at is the use at given records per second of each fleet, while hot keys bring
// most.
func (u use) at(records []float64) (sum float64) {
	for _, p := range u.parts {
		sum += p.keeps * p.most() * records[p.fleet]
	}
	return sum
}

// add adds what a flow brings: so many bytes for each record of the flow that is
// written, or read.
func (u *use) add(r reading, fleet int, fl flow, share, bytes, clients float64) {
	if bytes == 0 {
		return
	}
	i := slices.IndexFunc(u.parts, func(p part) bool { return p.fleet == fleet && p.reading == r })
	if i < 0 {
		i = len(u.parts)
		u.parts = append(u.parts, part{fleet: fleet, reading: r, clients: clients})
	}
	p := &u.parts[i]
	if fl.hot == nil {
		p.bytes += share * bytes
		return
	}
	times := share / fl.share // a template's topics share the fleet
	p.bytes += times * fl.still * bytes
	for _, h := range fl.hot {
		at, found := slices.BinarySearchFunc(p.hot, h.from, func(a hotSpell, from time.Duration) int { return cmp.Compare(a.from, from) })
		if !found {
			p.hot = slices.Insert(p.hot, at, hotSpell{h.from, h.to, 0})
		}
		p.hot[at].share += times * h.share * bytes
	}
}

// uses are all instances of one limit on bytes or records that the scenario
// touches.
func (d *demand) uses(n Name) []use {
	switch n {
	case PartitionIngress, PartitionEgress, PartitionRecords:
		return d.partitionUses(n)
	case BrokerIngress, ClusterIngress, ClientIngress:
		return d.ingressUses(n)
	case BrokerEgress, ClusterEgress, ClientEgress:
		return d.egressUses(n)
	}
	return nil
}

// partitionUses count record batches, or records.
func (d *demand) partitionUses(n Name) []use {
	all := make([]use, len(d.places))
	for i, p := range d.places {
		all[i].Instance = Instance{Limit: n, Topic: p.topic, Partition: p.partition}
	}
	for i, f := range d.fleets {
		readings := []reading{{keeps: 1}}
		if n == PartitionEgress {
			readings = d.readings(f.Topic)
		}
		f.each(func(place, flow int, share float64) {
			weight := f.recordBytes(flow)
			if n == PartitionRecords {
				weight = 1
			}
			for _, r := range readings {
				all[place].add(r, i, f.flows[flow], share, weight, float64(f.Clients))
			}
		})
	}
	all = all[:d.counted]
	return slices.DeleteFunc(all, func(u use) bool { return len(u.parts) == 0 })
}

// gathering collects uses by their instance, in the order in which they come.
type gathering struct {
	at  map[Instance]int
	all []use
}

func (g *gathering) of(i Instance) *use {
	if g.at == nil {
		g.at = map[Instance]int{}
	}
	k, ok := g.at[i]
	if !ok {
		k = len(g.all)
		g.at[i] = k
		g.all = append(g.all, use{Instance: i})
	}
	return &g.all[k]
}

// ingressUses count whole produce requests.
func (d *demand) ingressUses(n Name) []use {
	var g gathering
	for i, f := range d.fleets {
		if f.assumed && n != ClusterIngress {
			continue
		}
		around := f.requestBytes(d.brokers)
		f.each(func(_, flow int, share float64) {
			instance, clients := Instance{Limit: n}, float64(f.Clients)
			bytes := f.recordBytes(flow) + partitionFraming/f.batching.perBatch[flow] + around[flow%d.brokers]
			switch broker := int32(flow % d.brokers); n {
			case BrokerIngress:
				instance.Broker = broker
			case ClientIngress:
				instance.Broker, instance.Client = broker, f.Settings.ClientID
				if instance.Client == "" { // clients of a fleet are alike: the first stands for all
					instance.Client, bytes, clients = memberName(f.Name, 0), bytes/clients, 1
				}
			}
			g.of(instance).add(reading{keeps: 1}, i, f.flows[flow], share, bytes, clients)
		})
	}
	return g.all
}

// requestBytes are what the requests to each broker have around their batches, for
// each record that goes there.
func (f *fleetDemand) requestBytes(brokers int) []float64 {
	records := make([]float64, brokers) // per second
	for i, fl := range f.flows {
		records[i%brokers] += f.batching.rate * fl.share
	}
	around := make([]float64, brokers)
	for b, n := range records {
		if n > 0 {
			around[b] = f.batching.onBroker[b] / n * (requestFraming + float64(clientIDLength(f.Producer)) + topicFraming*f.batching.topics[b])
		}
	}
	return around
}

// egressUses count whole fetch responses.
func (d *demand) egressUses(n Name) []use {
	var g gathering
	for _, group := range d.groups {
		r := d.reading(group)
		for i, f := range d.fleets {
			if !slices.Contains(group.Topics, f.Topic) || f.assumed && n != ClusterEgress {
				continue
			}
			f.each(func(place, flow int, share float64) {
				bytes := f.recordBytes(flow) + fetchFraming/f.batching.perBatch[flow]
				broker := int32(flow % d.brokers)
				switch n {
				case ClusterEgress:
					g.of(Instance{Limit: n}).add(r, i, f.flows[flow], share, bytes, float64(group.Clients))
				case BrokerEgress:
					g.of(Instance{Limit: n, Broker: broker}).add(r, i, f.flows[flow], share, bytes, float64(group.Clients))
				default:
					id, clients := d.memberOf(group, place)
					g.of(Instance{Limit: n, Broker: broker, Client: id}).add(r, i, f.flows[flow], share, bytes, clients)
				}
			})
		}
	}
	return g.all
}

// memberOf is the client id that reads a place, and how many connections have it.
func (d *demand) memberOf(g *groupDemand, place int) (id string, clients float64) {
	if g.Settings.ClientID != "" {
		return g.Settings.ClientID, float64(g.Clients)
	}
	return memberName(g.Name, d.member(g, place)), 1
}
