package generator

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/limits"
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
	buffered atomic.Int64 // bytes of keys and values that the client holds
	random   *rand.ChaCha8
	txn      *transactions // nil without transactions

	next   int64 // first record not yet handed
	found  int64 // first record not yet found due
	wakes  wakes
	unsent int64 // due but never handed, known after the run

	mu   sync.Mutex
	idle []*flight
}

// flight is one record on its way.
type flight struct {
	record   kgo.Record
	from     *producer
	to       *target
	intended time.Duration
	handed   time.Duration
	size     int // of key and value
	measured bool
	promise  func(*kgo.Record, error) // f.done, bound once
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
		full := p.wake(now)
		if now >= p.end {
			return
		}
		timer.Reset(p.pause(now, full))
	}
}

// wake hands over what is due at a time and tells whether the client was full.
func (p *producer) wake(now time.Duration) (full bool) {
	if p.Rate.Max {
		return p.flood()
	}
	now = min(now, p.end)
	due := p.due(p.number, now)
	if due > p.found {
		p.recorder.attempted(now, func(n int64) (time.Duration, bool) { return p.intended(p.number, n) }, p.found, due)
		p.wakes.add(due, now)
		p.found = due
	}
	for p.next < due {
		if p.full() {
			return true
		}
		t, measured := p.intended(p.number, p.next)
		p.hand(p.slot(p.number, p.next), t, measured, p.wakes.attempted(p.next))
		p.next++
	}
	return false
}

// flood hands over records as long as the client takes them, up to one wake-up's
// worth: there is no schedule, so that response and service time are the same.
func (p *producer) flood() (full bool) {
	for range 10_000 {
		now := time.Since(p.start)
		if now >= p.end {
			return false
		}
		if p.full() {
			return true
		}
		measured := inMeasured(p.spans, now)
		p.recorder.attempted(now, func(int64) (time.Duration, bool) { return now, measured }, p.next, p.next+1)
		p.hand(p.slot(p.number, p.next), now, measured, now)
		p.next++
		p.found = p.next
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

// full tells whether the client's buffer has no room for one more record, or a
// transaction ends. Only this goroutine adds to it, so that what is handed is
// always taken.
func (p *producer) full() bool {
	return p.txn.full() || p.buffered.Load()+int64(p.Value.Size.Max) > int64(p.Settings.BufferBytes)
}

// hand gives the record of a slot to the client.
func (p *producer) hand(slot int64, intended time.Duration, measured bool, attempted time.Duration) {
	f := p.take()
	f.intended, f.measured, f.to = intended, measured, p.target(slot)
	key := f.record.Key[:0]
	value := f.record.Value
	f.record = kgo.Record{Topic: f.to.topic, Value: value, Timestamp: p.start.Add(intended)}
	if p.Key.Keys > 0 {
		f.record.Key = p.keys.Append(key, p.keys.Draw(slot))
	}
	p.stamp.put(value, f.record.Timestamp)
	f.size = len(f.record.Key) + len(value)
	p.buffered.Add(int64(f.size))
	f.handed = time.Since(p.start)
	p.recorder.handed(f, f.handed-attempted)
	p.client.Produce(context.Background(), &f.record, f.promise)
	p.txn.took()
}

// done is called by the client, in one goroutine, when a record is acknowledged
// or given up.
func (f *flight) done(_ *kgo.Record, err error) {
	p := f.from
	now := time.Since(p.start)
	if err != nil {
		p.recorder.failed(now, f)
		p.errors.add("produce", err, now)
	} else {
		p.recorder.acked(now, f)
		f.partition().acked(now-f.intended, f.measured)
	}
	p.txn.acked(f.partition(), err == nil)
	p.buffered.Add(-int64(f.size))
	p.mu.Lock()
	p.idle = append(p.idle, f)
	p.mu.Unlock()
}

// partition is where the record went; nil when it never came so far.
func (f *flight) partition() *partitionLoad {
	if p := f.record.Partition; p >= 0 && int(p) < len(f.to.partitions) {
		return f.to.partitions[p]
	}
	return nil
}

// take returns a flight whose value is filled with incompressible bytes. The
// bytes are made once and differ between all records that are out at one time.
func (p *producer) take() *flight {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		f := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return f
	}
	p.mu.Unlock()
	f := &flight{from: p}
	f.promise = f.done
	f.record.Value = make([]byte, p.Value.Size.Max)
	_, _ = p.random.Read(f.record.Value) // never fails
	return f
}

// censor adds what was never acknowledged to the response times, as lower bounds:
// records that failed, and records that were due but never handed.
func (p *producer) censor(end time.Duration) {
	for _, l := range p.recorder.lost {
		p.recorder.response.censor(end - l.intended)
		if l.partition != nil {
			l.partition.response.censor(end - l.intended)
		}
	}
	partitionOf := limits.Partitioner(p.topics[0].topic, len(p.topics[0].partitions)) // alike in all of a template
	var key []byte
	for n := p.next; n < p.found; n++ {
		t, measured := p.intended(p.number, n)
		if !measured {
			continue
		}
		p.recorder.response.censor(end - t)
		if p.Key.Keys > 0 { // without a key, the partition is not decided yet
			slot := p.slot(p.number, n)
			key = p.keys.Append(key[:0], p.keys.Draw(slot))
			p.target(slot).partitions[partitionOf(key)].response.censor(end - t)
		}
	}
	p.unsent = p.found - p.next
}
