package generator

import (
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/limits"
	"msklt/internal/wire"
)

// exchange is one request and what is known of its response.
type exchange struct {
	at           time.Time // when it was sent
	key, version int16
	acks         int16
	bytes        int64 // of the request, without its length prefix
	sent         []carried
	received     []carried
	responded    int64 // bytes of the response, without its length prefix
	throttle     time.Duration

	// Of a produce request, for its client's waits.
	batches     []batch
	began       time.Duration // when it began to leave
	left, ended bool
	refused     []int // partitions, by their number over all topics
}

// answered records an exchange whose response has come (or, for a produce
// request with acks 0, whose request has gone).
func (o *observer) answered(c *tapConn, x *exchange) {
	if !o.enter() {
		return
	}
	defer o.mu.Unlock()
	at := o.now()
	c.door.heard = at
	broker := o.broker(c.addr)
	l := o.link(linkKey{client: c.tap.client, broker: broker, api: x.key}, c.tap.clientID)
	from := limits.Source{API: apiName(x.key), Client: c.tap.client, Broker: broker}
	charges := c.charges[:0]
	switch x.key {
	case wire.Produce:
		for _, p := range x.sent {
			charges = append(charges, limits.Charge{Scope: p.in, N: p.bytes})
			l.carry(p.number)
			if x.acks != 0 && !slices.Contains(x.refused, p.number) {
				o.led(p.number, broker, at)
			}
		}
		charges = append(charges,
			limits.Charge{Scope: l.in, N: x.bytes}, limits.Charge{Scope: l.brokerIn, N: x.bytes},
			limits.Charge{Scope: o.clusterIn, N: x.bytes}, limits.Charge{Scope: o.requests, N: 1})
		o.replay.Add(at, charges, x.throttle, from)
	case wire.Fetch:
		for _, p := range x.received {
			if p.bytes > 0 {
				l.carry(p.number)
			}
			charges = append(charges, limits.Charge{Scope: p.out, N: p.bytes})
		}
		parts := len(charges)
		n := x.responded
		charges = append(charges,
			limits.Charge{Scope: l.out, N: n}, limits.Charge{Scope: l.brokerOut, N: n},
			limits.Charge{Scope: o.clusterOut, N: n}, limits.Charge{Scope: o.requests, N: 1})
		c.refusals.Answer(o.replay, at, charges[:parts], charges[parts:len(charges)-1], charges[len(charges)-1:], x.throttle, from)
	default:
		charges = append(charges, limits.Charge{Scope: o.requests, N: 1})
		o.replay.Add(at, charges, x.throttle, from)
	}
	c.charges = charges
	if x.throttle > 0 {
		l.throttles.add(at, x.throttle)
	}
	if x.key != wire.Produce || x.acks != 0 {
		o.reached(broker, c.opened, at)
	}
}

// apiName is the name under which a result lists a kind of request.
func apiName(key int16) string {
	switch key {
	case wire.Produce:
		return "produce"
	case wire.Fetch:
		return "fetch"
	}
	return snake(kmsg.NameForKey(key))
}

// snake turns a Kafka request's name into lower case: FindCoordinator →
// find_coordinator.
func snake(name string) string {
	out := make([]byte, 0, len(name)+4)
	for i := range len(name) {
		ch := name[i]
		if ch >= 'A' && ch <= 'Z' {
			if i > 0 {
				out = append(out, '_')
			}
			ch += 'a' - 'A'
		}
		out = append(out, ch)
	}
	return string(out)
}
