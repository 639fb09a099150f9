package generator

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// outage is a broker that lost connections. Those that it loses within a second, or
// before it is back, are one outage.
type outage struct {
	broker      int32
	at, back    time.Duration // back is 0 while no new connection has brought an answer
	connections int
	why         string
}

// move is partitions whose batches went to one broker and are now taken by another.
type move struct {
	at         time.Duration
	from, to   int32
	partitions int
	first      []int // numbers over all topics of the first few
}

const (
	// sameOutage is how close losses, or moves, are told as one.
	sameOutage = time.Second
	// namedMoves is how many of a move's partitions are named.
	namedMoves = 3
)

// lost notes a connection that ended without its client having closed it.
func (o *observer) lost(c *tapConn, err error) {
	if !o.enter() {
		return
	}
	defer o.mu.Unlock()
	at, broker := o.now(), o.broker(c.addr)
	if !c.welcome && !errors.Is(err, os.ErrDeadlineExceeded) {
		o.replay.TurnAway(at, at, broker, o.all.welcomed, c.door.welcomed)
	}
	if last := o.outage(broker); last != nil && (last.back == 0 || at-last.at < sameOutage) {
		last.connections++
		last.back = 0
		return
	}
	o.outages = append(o.outages, outage{broker: broker, at: at, connections: 1, why: reason(err)})
}

// outage is the last one of a broker; nil when there was none.
func (o *observer) outage(broker int32) *outage {
	for i := len(o.outages) - 1; i >= 0; i-- {
		if o.outages[i].broker == broker {
			return &o.outages[i]
		}
	}
	return nil
}

// reached notes an answer on a connection that was opened at a time.
func (o *observer) reached(broker int32, opened, at time.Duration) {
	if last := o.outage(broker); last != nil && last.back == 0 && opened > last.at {
		last.back = at
	}
}

// led notes that a broker took a batch of a partition.
func (o *observer) led(number int, broker int32, at time.Duration) {
	for len(o.leads) <= number {
		o.leads = append(o.leads, -1)
	}
	from := o.leads[number]
	o.leads[number] = broker
	if from < 0 || broker < 0 || from == broker {
		return
	}
	for i := len(o.moves) - 1; i >= 0 && at-o.moves[i].at < sameOutage; i-- {
		if m := &o.moves[i]; m.from == from && m.to == broker {
			m.add(number)
			return
		}
	}
	m := move{at: at, from: from, to: broker}
	m.add(number)
	o.moves = append(o.moves, m)
}

func (m *move) add(number int) {
	if m.partitions++; m.partitions <= namedMoves {
		m.first = append(m.first, number)
	}
}

// name is a partition's, as in "orders/3".
func (x *topicIndex) name(number int) string {
	for _, t := range x.byName {
		if p := number - t.first; p >= 0 && p < len(t.in) {
			return fmt.Sprintf("%s/%d", t.in[p].Topic, p)
		}
	}
	return "" // not of this run
}

// notice makes events of what happened to connections and leaders while traffic ran.
func (r *run) notice() {
	o := r.observer
	o.mu.Lock()
	defer o.mu.Unlock()
	during := func(at time.Duration) bool { return at >= r.shift() && at < r.shift()+r.finished }
	for _, x := range o.outages {
		if !during(x.at) {
			continue
		}
		at, where := x.at-r.shift(), "a bootstrap address"
		if x.broker >= 0 {
			where = fmt.Sprintf("broker %d", x.broker)
		}
		lost := fmt.Sprintf("%s: %d connections lost, %s", where, x.connections, x.why)
		if x.connections == 1 {
			lost = fmt.Sprintf("%s: connection lost, %s", where, x.why)
		}
		if !during(x.back) {
			r.events.add("disconnected", at, 0, x.broker, lost)
			continue
		}
		r.events.add("disconnected", at, x.back-r.shift(), x.broker, lost)
		r.events.add("reconnected", x.back-r.shift(), 0, x.broker,
			fmt.Sprintf("%s: answers again after %.1f s", where, (x.back-x.at).Seconds()))
	}
	for _, l := range o.relogins {
		if during(l.from) {
			r.events.add("login_again", l.from-r.shift(), l.to-r.shift(), -1, l.text())
		}
	}
	for _, m := range o.moves {
		if during(m.at) {
			r.events.add("leader_moved", m.at-r.shift(), 0, m.to, m.text(&o.topics))
		}
	}
}

func (m move) text(topics *topicIndex) string {
	var names []string
	for _, number := range slices.Sorted(slices.Values(m.first)) {
		names = append(names, topics.name(number))
	}
	which := strings.Join(names, ", ")
	if more := m.partitions - len(names); more > 0 {
		which += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("%s: broker %d → %d", which, m.from, m.to)
}

// reason says why a connection ended, without its addresses.
func reason(err error) string {
	var op *net.OpError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe):
		return "closed by the other side"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset by the other side"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &op):
		return op.Err.Error()
	}
	return err.Error()
}
