package generator

import (
	"time"

	"msklt/internal/limits"
)

// door is where connections come in: at one address, or at any of the cluster's.
type door struct {
	tried    int64 // attempts while nobody knew whose address it is
	open     int64
	welcomed int64         // of those, the ones that have had an answer
	heard    time.Duration // when the last answer came

	// Since a new connection was let in: those that got no answer and may have been left
	// waiting, and whether it shows that they are.
	passed []passedOver
	full   bool

	attempts, connections *limits.Scope // of the broker, or the cluster; nil at an address that is no broker's
}

// doorOf is the door at an address.
func (o *observer) doorOf(addr string) *door {
	d, ok := o.doors[addr]
	if !ok {
		d = &door{}
		o.doors[addr] = d
		o.nameDoor(d, addr)
	}
	return d
}

// nameDoor has a broker's limits count what came in at its address, also before it was
// known to be the broker's.
func (o *observer) nameDoor(d *door, addr string) {
	broker := o.broker(addr)
	if broker == limits.UnknownBroker || d.attempts != nil {
		return
	}
	d.attempts = o.replay.Scope(limits.Instance{Limit: limits.BrokerAttempts, Broker: broker})
	d.connections = o.replay.Scope(limits.Instance{Limit: limits.BrokerConnections, Broker: broker})
	at := o.now()
	o.replay.Add(at, []limits.Charge{{Scope: d.attempts, N: d.tried}}, 0, limits.Source{})
	o.replay.Gauge(at, d.connections, d.open)
}

// dialled counts a connection attempt, and the connection when it came about; it
// returns where.
func (o *observer) dialled(addr string, ok bool) *door {
	if !o.enter() {
		return &door{}
	}
	defer o.mu.Unlock()
	at, here := o.now(), o.doorOf(addr)
	o.gauge(at)
	for _, d := range []*door{&o.all, here} {
		if ok {
			d.open++
		}
		if d.attempts == nil {
			d.tried++
			continue
		}
		o.replay.Add(at, []limits.Charge{{Scope: d.attempts, N: 1}}, 0, limits.Source{})
		if ok {
			o.replay.Gauge(at, d.connections, d.open)
		}
	}
	return here
}

// hungUp counts the end of a connection.
func (o *observer) hungUp(c *tapConn) {
	if !o.enter() {
		return
	}
	defer o.mu.Unlock()
	o.gauge(o.now())
	c.ended = true
	for _, d := range []*door{&o.all, c.door} {
		if d.open--; c.welcome {
			d.welcomed--
		}
	}
}

// welcome counts a connection that has had its first answer.
func (o *observer) welcome(c *tapConn) {
	if !o.enter() {
		return
	}
	defer o.mu.Unlock()
	if !c.ended {
		c.welcome = true
		o.all.welcomed++
		c.door.welcomed++
		c.door.passed, c.door.full = nil, false
	}
}

// turnedAway counts a connection that a broker refused because there are too many, or
// come too fast.
func (o *observer) turnedAway(addr string) {
	if !o.enter() {
		return
	}
	defer o.mu.Unlock()
	at := o.now()
	o.replay.TurnAway(at, at, o.broker(addr), o.all.welcomed, o.doorOf(addr).welcomed)
	o.replay.Told(o.broker(addr))
}

// silent is for how long a new connection gets no answer before that counts.
const silent = 5 * time.Second

// unanswered counts a connection whose client has given it up without an answer, or an
// attempt at one since a time.
func (o *observer) unanswered(addr string, since time.Duration) {
	if !o.enter() {
		return
	}
	defer o.mu.Unlock()
	at, d := o.now(), o.doorOf(addr)
	for _, p := range d.leftWaiting(passedOver{since, at, o.all.welcomed, d.welcomed}) {
		o.replay.TurnAway(p.since, p.at, o.broker(addr), p.held, p.there)
	}
}

// leftWaiting are the connections that a further one without an answer shows to have been
// left waiting. It shows where others had answers meanwhile; those that went before it
// count then, too, back to the last that was let in.
func (d *door) leftWaiting(p passedOver) (shown []passedOver) {
	waited := p.at - p.since
	if waited < silent {
		return nil
	}
	d.passed = append(d.passed, p)
	if d.full = d.full || d.heard-p.since > waited/2; !d.full {
		return nil
	}
	shown, d.passed = d.passed, nil
	return shown
}

// passedOver is a connection that got no answer, while so many others stood, and so many
// of them at its broker.
type passedOver struct {
	since, at   time.Duration
	held, there int64
}

// stands tells whether a connection to an address stands that has had an answer.
func (o *observer) stands(addr string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.doorOf(addr).welcomed > 0
}

// gauge carries the numbers of open connections over to the present second.
func (o *observer) gauge(at time.Duration) {
	o.replay.Fill(at, o.all.connections, o.all.open)
	for _, d := range o.doors {
		if d.connections != nil {
			o.replay.Fill(at, d.connections, d.open)
		}
	}
}
