package limits

import "slices"

// use is what one instance of a limit gets from the fleets: the part of it that a
// fleet brings is its records per second times a number of bytes.
type use struct {
	Instance
	parts []part
}

// part is one fleet's part of a use.
type part struct {
	fleet   int
	bytes   float64 // per record of the fleet
	clients float64 // connections that bring it
}

// at is the use at given records per second of each fleet.
func (u use) at(records []float64) (sum float64) {
	for _, p := range u.parts {
		sum += p.bytes * records[p.fleet]
	}
	return sum
}

func (u *use) add(fleet int, bytes, clients float64) {
	for i := range u.parts {
		if u.parts[i].fleet == fleet {
			u.parts[i].bytes += bytes
			return
		}
	}
	u.parts = append(u.parts, part{fleet, bytes, clients})
}

// uses are all instances of one limit on bytes that the scenario touches.
func (d *demand) uses(n Name) []use {
	switch n {
	case PartitionIngress, PartitionEgress:
		return d.partitionUses(n)
	case BrokerIngress, ClusterIngress, ClientIngress:
		return d.ingressUses(n)
	case BrokerEgress, ClusterEgress, ClientEgress:
		return d.egressUses(n)
	}
	return nil
}

// partitionUses count record batches.
func (d *demand) partitionUses(n Name) []use {
	all := make([]use, len(d.places))
	for i, p := range d.places {
		all[i].Instance = Instance{Limit: n, Topic: p.topic, Partition: p.partition}
	}
	for i, f := range d.fleets {
		for k, fl := range f.flows {
			times := 1.0
			if n == PartitionEgress {
				times = float64(d.readers(f.Topic))
			}
			if bytes := times * fl.share * f.recordBytes(k); bytes > 0 {
				all[fl.place].add(i, bytes, float64(f.Clients))
			}
		}
	}
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
		for broker, bytes := range f.requestBytes(d.brokers) {
			switch {
			case bytes == 0:
			case n == ClusterIngress:
				g.of(Instance{Limit: n}).add(i, bytes, float64(f.Clients))
			case n == BrokerIngress:
				g.of(Instance{Limit: n, Broker: int32(broker)}).add(i, bytes, float64(f.Clients))
			case f.Settings.ClientID != "":
				g.of(Instance{Limit: n, Broker: int32(broker), Client: f.Settings.ClientID}).add(i, bytes, float64(f.Clients))
			default: // clients of a fleet are alike: the first stands for all
				g.of(Instance{Limit: n, Broker: int32(broker), Client: f.Name + "-0"}).add(i, bytes/float64(f.Clients), 1)
			}
		}
	}
	return g.all
}

// requestBytes are what one record of a fleet adds, on average, to the requests to
// each broker: its batch, and its part of the request around the batches.
func (f *fleetDemand) requestBytes(brokers int) []float64 {
	bytes := make([]float64, brokers)
	batches := 0.0
	for i, fl := range f.flows {
		bytes[f.leader(fl, brokers)] += fl.share * (f.recordBytes(i) + partitionFraming/f.batching.perBatch[i])
		batches += fl.share / f.batching.perBatch[i]
	}
	if f.peak > 0 {
		perRecord := f.batching.requests / f.peak * (requestFraming + float64(clientIDLength(f.Producer)))
		for b := range bytes {
			bytes[b] += perRecord / float64(brokers)
		}
	}
	return bytes
}

// egressUses count whole fetch responses.
func (d *demand) egressUses(n Name) []use {
	var g gathering
	for _, group := range d.groups {
		for i, f := range d.fleets {
			if !slices.Contains(group.Topics, f.Topic) {
				continue
			}
			for k, fl := range f.flows {
				bytes := fl.share * (f.recordBytes(k) + fetchFraming/f.batching.perBatch[k])
				broker := int32(f.leader(fl, d.brokers))
				switch n {
				case ClusterEgress:
					g.of(Instance{Limit: n}).add(i, bytes, float64(group.Clients))
				case BrokerEgress:
					g.of(Instance{Limit: n, Broker: broker}).add(i, bytes, float64(group.Clients))
				default:
					id, clients := group.member(k)
					g.of(Instance{Limit: n, Broker: broker, Client: id}).add(i, bytes, clients)
				}
			}
		}
	}
	return g.all
}

// member is the client id that reads a flow, and how many connections have it.
func (g *groupDemand) member(flow int) (id string, clients float64) {
	if g.Settings.ClientID != "" {
		return g.Settings.ClientID, float64(g.Clients)
	}
	return memberName(g.Name, flow%g.Clients), 1
}
