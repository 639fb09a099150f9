package limits

import (
	"fmt"
	"math"
	"slices"
)

// Which connections franz-go's clients hold to a cluster (kgo v1.22.2 has one of its
// own for produce, fetch, group and other requests on each broker), counted on the
// embedded cluster (DESIGN.md).
const (
	seedConnections  = 1 // through which a client finds the cluster
	otherConnections = 1 // for a producer id, or for offsets
	groupConnections = 1 // to the group's coordinator
	// offsetConnections is for offsets of partitions that other brokers lead.
	offsetConnections = 1
	// transactionConnections is to the transactions' coordinator.
	transactionConnections = 1
)

// paceShare is the part of a declared limit on connection attempts that a run uses.
const paceShare = 0.8

// PacedAttempts is how many connections per second a run opens at most: what the
// target says, else a part of a declared limit on attempts. All clients connect when
// traffic starts, and a cluster that refuses some makes them try again, which is what
// the limit is against. 0 when none is declared.
func PacedAttempts(l Limits) float64 {
	if l.ConnectRate > 0 {
		return l.ConnectRate
	}
	return safeAttempts(l)
}

// iamLogins is how many logins with IAM per second a broker of Amazon MSK takes (AWS,
// "Amazon MSK quota", read 2026-11-21); one of type t3 takes iamLoginsT3.
const (
	iamLogins   = 100
	iamLoginsT3 = 4
)

// PacedForIAM are the limits with connection attempts paced as if one broker's limit on
// logins with IAM held for all of them, where neither limits nor target say otherwise:
// Amazon MSK has one, whether or not it is declared, and beyond it nobody gets in.
func (l Limits) PacedForIAM() Limits {
	if PacedAttempts(l) == 0 {
		l.ConnectRate, l.pacedForIAM = paceShare*iamLogins, true
		l.Notes = append(slices.Clone(l.Notes), "No limit on connection attempts is declared"+l.IAMPace()+".")
	}
	return l
}

// IAMPace says what [Limits.PacedForIAM] has set; "" when nothing.
func (l Limits) IAMPace() string {
	if !l.pacedForIAM {
		return ""
	}
	return fmt.Sprintf("; connections are opened at %.0f/s, for MSK's %d logins with IAM per second and broker (brokers of type t3: %d, for which connect_rate of the target is to be %.0f/s)",
		l.ConnectRate, iamLogins, iamLoginsT3, math.Floor(paceShare*iamLoginsT3))
}

// safeAttempts is a part of the least limit on attempts. A broker's counts for all of
// them together: which broker answers at a bootstrap address is not known beforehand.
func safeAttempts(l Limits) float64 {
	least := l.Of(ClusterAttempts)
	if broker := l.Of(BrokerAttempts); broker > 0 && (least == 0 || broker < least) {
		least = broker
	}
	return paceShare * least
}

// links are the connections that a scenario's clients open, by broker.
type links struct {
	all      float64
	byBroker []float64
}

func (c *links) add(broker int, n float64) {
	c.all += n
	c.byBroker[broker%len(c.byBroker)] += n
}

// spread adds connections to any broker.
func (c *links) spread(n float64) {
	for b := range c.byBroker {
		c.add(b, n/float64(len(c.byBroker)))
	}
}

// links counts the connections of every client while traffic runs.
func (d *demand) links() links {
	c := links{byBroker: make([]float64, d.brokers)}
	c.spread(seedConnections + otherConnections + offsetConnections) // of the run's own administration
	for b := range d.brokers {
		c.add(b, 1)
	}
	for _, f := range d.fleets {
		clients := float64(f.Clients)
		c.spread(clients * (seedConnections + otherConnections))
		if f.Settings.Transactions.Records > 0 {
			c.spread(clients * transactionConnections)
		}
		t := d.topics[f.Topic]
		for b := range min(d.brokers, t.partitions) {
			if f.Partition.Fixed {
				b = int(f.Partition.Number) % d.brokers
			}
			c.add(b, clients)
			if f.Partition.Fixed {
				break
			}
		}
	}
	for _, g := range d.groups {
		c.spread(float64(g.Clients) * (seedConnections + otherConnections + groupConnections + offsetConnections))
		for _, brokers := range d.reads(g) {
			for b := range brokers {
				c.add(b, 1)
			}
		}
	}
	for _, i := range d.scenario.Idle {
		c.spread(float64(i.Connections))
	}
	return c
}

// member is the number of the member of a group that reads a place: members get
// neighbouring partitions in equal parts.
func (d *demand) member(g *groupDemand, place int) int {
	at := 0
	for _, name := range g.Topics {
		t := d.topics[name]
		n := t.topics * t.partitions
		if place >= t.first && place < t.first+n {
			at += place - t.first
			break
		}
		at += n
	}
	return at * g.Clients / max(1, len(g.places))
}

// reads are the brokers that each member of a group reads from.
func (d *demand) reads(g *groupDemand) []map[int]bool {
	out := make([]map[int]bool, g.Clients)
	for i, place := range g.places {
		m := i * g.Clients / len(g.places)
		if out[m] == nil {
			out[m] = map[int]bool{}
		}
		out[m][int(d.places[place].partition)%d.brokers] = true
	}
	return out
}

func (d *demand) connections(l Limits) PlannedConnections {
	c := d.links()
	p := PlannedConnections{Open: math.Round(c.all)}
	p.AttemptsPerSecond = d.attempts(c, l)
	if p.AttemptsPerSecond > 0 {
		p.RampSeconds = c.all / p.AttemptsPerSecond
	}
	return p
}

// attempts is how many connections per second the clients try to open at most.
// Without a limit all clients connect within the first second, those of a fleet
// with a connect rate at that rate.
func (d *demand) attempts(c links, l Limits) float64 {
	if paced := PacedAttempts(l); paced > 0 {
		return min(paced, c.all)
	}
	attempts := c.all
	for _, f := range d.fleets {
		if rate := f.Settings.ConnectRate; rate > 0 {
			opened := float64(f.Clients * (seedConnections + otherConnections + min(d.brokers, d.topics[f.Topic].partitions)))
			attempts -= max(0, opened-rate)
		}
	}
	for _, i := range d.scenario.Idle {
		if i.ConnectRate > 0 {
			attempts -= max(0, float64(i.Connections)-i.ConnectRate)
		}
	}
	return attempts
}
