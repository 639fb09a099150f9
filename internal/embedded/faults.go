package embedded

import (
	"fmt"
	"maps"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/wire"
)

// faults is what is made to go wrong on purpose. Every fault is a row of the truth.
// Connections look at the rules for each answer: one atomic load when there are none.
type faults struct {
	cluster *Cluster
	rules   atomic.Pointer[rules] // never changed, only replaced

	mu        sync.Mutex
	down      map[int32]bool
	displaced map[place]int32 // partitions whose leader is down: the broker they go back to
}

// place is a partition by name.
type place struct {
	topic     string
	partition int32
}

// rules are the faults that answers meet.
type rules struct {
	delays      map[int16]*delay
	losses      map[int16]*losses
	stalled     time.Time // nothing is answered before
	misdirected time.Time // metadata lies before
}

type delay struct {
	mu   sync.Mutex
	next func() time.Duration
	row  *fault
}

// losses counts down the answers that are still to be lost.
type losses struct {
	left atomic.Int64
	row  *fault
}

func newFaults(c *Cluster) *faults {
	return &faults{cluster: c, down: make(map[int32]bool), displaced: make(map[place]int32)}
}

// change replaces the rules by a copy that f has changed.
func (s *faults) change(f func(*rules)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := &rules{delays: make(map[int16]*delay), losses: make(map[int16]*losses)}
	if old := s.rules.Load(); old != nil {
		*next = *old
		next.delays, next.losses = maps.Clone(old.delays), maps.Clone(old.losses)
	}
	f(next)
	s.rules.Store(next)
}

// Delay holds every answer to these APIs (none: produce) back by d(), from now on,
// just before it is written; a d of nil ends all delays. What the request did is
// done, and charged, before. A connection has one request under way at a time, so
// that it gets through at most one request per delay; other connections do not
// notice. d is called by one goroutine at a time.
func (c *Cluster) Delay(d func() time.Duration, apis ...int16) {
	if d == nil {
		c.faults.change(func(r *rules) { clear(r.delays) })
		c.inject(&fault{kind: "delay_ended", broker: -1})
		return
	}
	if len(apis) == 0 {
		apis = []int16{wire.Produce}
	}
	c.faults.change(func(r *rules) {
		for _, api := range apis {
			row := &fault{kind: "delay", broker: -1, api: apiName(api)}
			c.inject(row)
			r.delays[api] = &delay{next: d, row: row}
		}
	})
}

// Stall has the cluster answer nothing, and begin nothing new, from now on for d.
// Answers that are ready meanwhile are written when it ends. Connections are
// accepted, and of each one request is read and then waits, as a socket's buffer
// would take it.
func (c *Cluster) Stall(d time.Duration) {
	c.inject(&fault{kind: "stall", broker: -1, lasts: d})
	until := time.Now().Add(d)
	c.faults.change(func(r *rules) { r.stalled = until })
}

// Misdirect has metadata name a wrong leader for every partition, from now on for
// d: the broker with the next id or, where there is only one, none at all.
func (c *Cluster) Misdirect(d time.Duration) {
	c.inject(&fault{kind: "misdirect", broker: -1, lasts: d})
	until := time.Now().Add(d)
	c.faults.change(func(r *rules) { r.misdirected = until })
}

// LoseAnswers has the next n requests of an API carried out and counted, and then
// their connection closed without an answer.
func (c *Cluster) LoseAnswers(api int16, n int) {
	lost := &losses{row: &fault{kind: "answers_lost", broker: -1, api: apiName(api)}}
	lost.left.Store(int64(n))
	c.inject(lost.row)
	c.faults.change(func(r *rules) { r.losses[api] = lost })
}

// Fail has the next n requests of an API answered with a Kafka error code, at every
// place where their response has one for what they asked; they are not carried out.
func (c *Cluster) Fail(api int16, code int16, n int) {
	if n <= 0 {
		return
	}
	// A copy: kfake carries out what it fails with its own error for a time-out.
	e := kerr.Error{Code: code, Message: fmt.Sprintf("ERROR_%d", code)}
	if known := kerr.TypedErrorForCode(code); known != nil && known.Code == code {
		e = *known
	}
	row := &fault{kind: "fail", broker: -1, api: apiName(api)}
	c.ask(func(k *kfake.Cluster) {
		row.failed = k.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Key(api)}, Err: &e, Count: n})
	})
	c.inject(row)
}

// HangUp closes all connections to a broker. Requests that were read are carried
// out and counted, but not answered. A broker that does not exist is ignored.
func (c *Cluster) HangUp(broker int32) {
	if !c.has(broker) {
		return
	}
	row := &fault{kind: "hang_up", broker: broker}
	row.hits.Store(c.listeners[broker].hangUp())
	c.inject(row)
}

func (c *Cluster) has(broker int32) bool { return broker >= 0 && int(broker) < len(c.listeners) }

// MoveLeader makes a broker the leader of a partition. It fails when one of them
// does not exist.
func (c *Cluster) MoveLeader(topic string, partition, broker int32) error {
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	if err := c.lead(place{topic, partition}, broker); err != nil {
		return err
	}
	delete(c.faults.displaced, place{topic, partition})
	c.inject(&fault{kind: "leader_moved", broker: broker, topic: topic, partition: partition})
	return nil
}

// lead has kafka make a broker a partition's leader.
func (c *Cluster) lead(p place, broker int32) error {
	err := net.ErrClosed
	c.ask(func(k *kfake.Cluster) { err = k.MoveTopicPartition(p.topic, p.partition, broker) })
	if err != nil {
		return fmt.Errorf("move leader of %s/%d to broker %d: %w", p.topic, p.partition, broker, err)
	}
	return nil
}

// inject makes a fault a row of the truth.
func (c *Cluster) inject(f *fault) {
	q := c.quotas
	q.mu.Lock()
	defer q.mu.Unlock()
	f.at = q.now()
	q.truth.roll(f.at)
	q.truth.faults = append(q.truth.faults, f)
}

// suffer lets an answer meet the faults that are set: it waits, and reports whether
// the answer is to be lost.
func (c *conn) suffer(r *rules) (lost bool, err error) {
	if d := r.delays[c.request.key]; d != nil {
		d.mu.Lock()
		pause := d.next()
		d.mu.Unlock()
		d.row.hits.Add(1)
		d.row.held.Add(int64(pause))
		if err := c.wait(pause); err != nil {
			return false, err
		}
	}
	if err := c.waitStall(); err != nil {
		return false, err
	}
	if l := r.losses[c.request.key]; l != nil && l.left.Add(-1) >= 0 {
		l.row.hits.Add(1)
		return true, nil
	}
	return false, nil
}

// waitStall waits until the cluster is not stalled.
func (c *conn) waitStall() error {
	for {
		r := c.listener.cluster.faults.rules.Load()
		if r == nil {
			return nil
		}
		rest := time.Until(r.stalled)
		if rest <= 0 {
			return nil
		}
		if err := c.wait(rest); err != nil {
			return err
		}
	}
}
