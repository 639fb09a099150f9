package generator

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/limits"
	"msklt/scenario"
)

const (
	// shortestSleep keeps a fast schedule from waking for every record: everything
	// due is sent at each wake-up anyway, and the runtime's timers are coarser.
	shortestSleep = 200 * time.Microsecond
	// fullSleep is how soon a client that was full is tried again.
	fullSleep = time.Millisecond
)

// producer is one producing client of a fleet.
type producer struct {
	*fleet
	number   int // in the fleet
	client   *kgo.Client
	recorder *recorder
	random   *rand.ChaCha8
	txn      *transactions // nil without transactions
	waits    *waits
	unsent   int64        // due but never handed, known after the run
	gaveUp   atomic.Value // error: why records fail that the drain aborts

	// Of the goroutine that sends.
	next  int64 // first record not yet handed
	found int64 // first record not yet found due
	wakes wakes
	// backlogged is whether the last wake-up left records that were due.
	backlogged bool
	clock      stopwatch
	notes      notes
	ready      [sizeClasses][]*flight
	piecesTo   int   // of the fleet's pool, where the last value ended
	given      int64 // bytes of keys and values handed so far
	room       int64 // given may grow to this much, as far as is known

	fullness fullness // why it is full

	_ [64]byte // what the two goroutines write does not share a cache line

	// Of the goroutine that acknowledges.
	heard   *atomic.Int64 // what has come over the client's connections; nil: unknown
	lastly  int64         // heard when ackedAt was read
	ackedAt time.Duration
	back    []*flight
	freed   atomic.Int64 // bytes of keys and values that the client holds no more
	mu      sync.Mutex
	idle    [sizeClasses][]*flight
}

// flight is one record on its way.
type flight struct {
	from    *producer
	promise func(*kgo.Record, error) // f.done, bound once
	buffer  []byte                   // for values that are made up
	class   int                      // of the buffer's size
	shaped  int                      // value size that the buffer's entropy is right for

	to       *target
	intended time.Duration
	handed   time.Duration
	size     int // of key and value
	measured bool
	record   kgo.Record
}

// content is what a record will hold.
type content struct {
	to        *target
	key       int
	value     int // size
	tombstone bool
	sample    int
	size      int // of key and value
}

// send follows the schedule until it ends or stop is closed; stopped then says
// when. Everything that is due at a wake-up is handed over, as long as the
// client's buffer has room; what has none stays on the schedule and ages.
func (p *producer) send(stop <-chan struct{}, stopped func() time.Duration) {
	timer := time.NewTimer(time.Until(p.start))
	defer timer.Stop()
	for {
		select {
		case <-stop:
			if !p.Rate.Max {
				p.wake(stopped())
			}
			return
		case <-timer.C:
		}
		now := time.Since(p.start)
		handed, found := p.next, p.found
		full := p.wake(now)
		p.judge(now, full, p.next-handed, p.found-found)
		if now >= p.end {
			return
		}
		timer.Reset(p.pause(now, full))
	}
}

// wake hands over what is due at a time and tells whether the client was full.
func (p *producer) wake(now time.Duration) (full bool) {
	defer p.tell()
	p.clock = stopwatch{}
	if p.Rate.Max {
		return p.flood()
	}
	now = min(now, p.end)
	due := p.due(p.number, now)
	if due > p.found {
		p.wakes.add(due, now)
	}
	for p.next < due {
		t, measured := p.intended(p.number, p.next)
		if p.next == p.found {
			p.find(t, measured, now)
		}
		c := p.content(p.slot(p.number, p.next), t)
		if full = p.full(c); full {
			p.wait(now, t, due-p.next)
			break
		}
		p.hand(c, t, measured, p.wakes.attempted(p.next), p.clock.now(p.start))
		p.next++
	}
	if p.backlogged && !full {
		p.wait(now, now, 0)
	}
	for p.found < due {
		t, measured := p.intended(p.number, p.found)
		p.find(t, measured, now)
	}
	return full
}

// wait tells at a wake-up that so many records wait because the client is full, the
// first of them since its intended time; with none that it has room again.
func (p *producer) wait(now, intended time.Duration, records int64) {
	p.backlogged = records > 0
	shift := p.start.Sub(p.waits.origin)
	p.waits.full(now+shift, intended+shift)
	if records > 0 && p.txn.full() {
		p.waits.transactionEnds(now+shift, records)
	}
}

// find notes that the next record was found due.
func (p *producer) find(t time.Duration, measured bool, now time.Duration) {
	p.found++
	p.notes.found(t, now, measured)
	if p.notes.records >= mostNotes {
		p.tell()
	}
}

// flood hands over records as long as the client takes them, up to one wake-up's
// worth: there is no schedule, so that response and service time are the same.
func (p *producer) flood() (full bool) {
	for range 10_000 {
		now := p.clock.now(p.start)
		if now >= p.end {
			return false
		}
		c := p.content(p.slot(p.number, p.next), now)
		if p.full(c) {
			return true
		}
		measured := inMeasured(p.spans, now)
		p.find(now, measured, now)
		p.hand(c, now, measured, now, now)
		p.next++
	}
	return false
}

// pause is how long to sleep until the next record is due.
func (p *producer) pause(now time.Duration, full bool) time.Duration {
	switch {
	case full:
		return fullSleep
	case p.Rate.Max:
		return 0
	}
	t, _ := p.intended(p.number, p.found)
	return max(min(t, p.end)-now, shortestSleep)
}

// content draws what the record of a slot holds.
func (p *producer) content(slot int64, intended time.Duration) content {
	c := content{key: scenario.NoKey, to: p.target(slot)}
	if p.keys != nil {
		c.key = p.keys.Draw(slot, intended)
		c.size = p.keys.Length(c.key)
	}
	c.value, c.tombstone, c.sample = p.values.Draw(slot)
	c.size += c.value
	return c
}

// full tells whether the client's buffer has no room for a record, or a
// transaction ends. Only this goroutine adds to it, so that what is handed is
// always taken; an empty buffer takes any record.
func (p *producer) full(c content) bool {
	if p.txn.full() {
		return true
	}
	after := p.given + int64(c.size)
	if after <= p.room {
		return false
	}
	freed := p.freed.Load()
	p.room = freed + int64(p.Settings.BufferBytes)
	return after > p.room && p.given > freed
}

// hand gives a record to the client.
func (p *producer) hand(c content, intended time.Duration, measured bool, attempted, now time.Duration) {
	f := p.leave(c, intended, measured, attempted, now)
	p.client.Produce(context.Background(), &f.record, f.promise)
	p.txn.took()
}

// leave makes a record that is handed now, and notes it.
func (p *producer) leave(c content, intended time.Duration, measured bool, attempted, now time.Duration) *flight {
	f := p.make(c, intended)
	f.measured, f.handed = measured, now
	p.given += int64(f.size)
	p.notes.handed(now-attempted, measured)
	if p.notes.records >= mostNotes {
		p.tell()
	}
	return f
}

// make returns a flight with its record.
func (p *producer) make(c content, intended time.Duration) *flight {
	own := c.value // bytes to make up
	if c.sample != scenario.NoSample || p.pool != nil {
		own = 0
	}
	f := p.take(own)
	f.intended, f.size, f.to = intended, c.size, c.to
	r := &f.record // whatever else it has, the client sets anew
	r.Topic, r.Partition, r.Timestamp = c.to.topic, p.Partition.Number, p.start.Add(intended+p.skew)
	if p.keys != nil {
		r.Key = p.keys.Append(r.Key[:0], c.key)
	}
	switch {
	case c.tombstone:
		r.Value = nil
	case c.sample != scenario.NoSample:
		r.Value = p.Value.Samples[c.sample]
	case p.pool != nil:
		r.Value = p.piece(c.value)
	default:
		r.Value = f.buffer[:c.value]
		p.stamp.put(r.Value, r.Timestamp)
	}
	return f
}

// done is called by the client, in one goroutine, when a record is acknowledged
// or given up.
func (f *flight) done(_ *kgo.Record, err error) {
	p := f.from
	now := p.seen(err)
	if err != nil {
		if why, ok := p.gaveUp.Load().(error); ok && errors.Is(err, kgo.ErrAborting) {
			err = why
		}
		p.recorder.failed(now, f)
		p.errors.add("produce", err, now)
		if load := f.partition(); load != nil {
			load.lost()
		}
	} else {
		p.recorder.acked(now, f)
	}
	p.txn.acked(f.partition(), err == nil)
	size := int64(f.size)
	p.give(f)
	p.freed.Add(size)
}

// seen is when a record's fate was seen. What one response acknowledges was seen
// with the first record of it: until more comes from the cluster, the time that was
// read then holds for all.
func (p *producer) seen(err error) time.Duration {
	if p.heard == nil || err != nil {
		return time.Since(p.start)
	}
	if n := p.heard.Load(); n != p.lastly || p.ackedAt == 0 {
		p.lastly, p.ackedAt = n, time.Since(p.start)
	}
	return p.ackedAt
}

// partition is where the record went; nil when it never came so far.
func (f *flight) partition() *partitionLoad {
	if p := f.record.Partition; f.to != nil && p >= 0 && int(p) < len(f.to.partitions) {
		return f.to.partitions[p]
	}
	return nil
}

// censor adds what was never acknowledged to the response times, as lower bounds:
// records that failed, which are in the service times too, and records that were due but
// never handed, which still wait for their client. Without them an overloaded cluster
// would look better the less of the load it takes.
func (p *producer) censor(end time.Duration) {
	for _, l := range p.recorder.lost {
		p.recorder.response.censor(end - l.intended)
		p.recorder.service.censor(end - l.handed)
		if l.partition != nil {
			l.partition.response.censor(end - l.intended)
		}
	}
	where := p.partitionOf()
	for n := p.next; n < p.found; n++ {
		t, measured := p.intended(p.number, n)
		if !measured {
			continue
		}
		p.recorder.response.censor(end - t)
		p.recorder.wait.censor(end - p.wakes.attempted(n))
		if load := where(n, t); load != nil {
			load.response.censor(end - t)
		}
	}
	p.unsent = p.found - p.next
}

// partitionOf returns the function from record n and its intended time to the
// partition that it would have gone to; nil where that is not decided yet, as
// without a key.
func (p *producer) partitionOf() func(n int64, t time.Duration) *partitionLoad {
	partitions := len(p.topics[0].partitions) // alike in all of a template
	hashed := limits.Partitioner(p.topics[0].topic, partitions)
	every := int64(len(p.topics) / gcd(p.Clients, len(p.topics))) // records until the client is at the same topic again
	var key []byte
	return func(n int64, t time.Duration) *partitionLoad {
		slot := p.slot(p.number, n)
		to := p.target(slot).partitions
		switch {
		case p.Partition.Fixed:
			return to[p.Partition.Number]
		case p.Partition.RoundRobin:
			return to[n/every%int64(partitions)]
		case p.keys == nil:
			return nil
		}
		key = p.keys.Append(key[:0], p.keys.Draw(slot, t))
		return to[hashed(key)]
	}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
