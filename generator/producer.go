package generator

import (
	"context"
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
	buffered atomic.Int64 // bytes of keys and values that the client holds
	random   *rand.ChaCha8

	next   int64 // first record not yet handed
	found  int64 // first record not yet found due
	wakes  wakes
	unsent int64 // due but never handed, known after the run

	mu   sync.Mutex
	idle [sizeClasses][]*flight
}

// flight is one record on its way.
type flight struct {
	record   kgo.Record
	from     *producer
	intended time.Duration
	handed   time.Duration
	size     int // of key and value
	measured bool
	promise  func(*kgo.Record, error) // f.done, bound once

	class  int    // of the buffer's size
	buffer []byte // for values that are made up
	shaped int    // value size that the buffer's entropy is right for
}

// content is what a record will hold.
type content struct {
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
		t, measured := p.intended(p.number, p.next)
		c := p.content(p.slot(p.number, p.next), t)
		if p.full(c) {
			return true
		}
		p.hand(c, t, measured, p.wakes.attempted(p.next))
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
		c := p.content(p.slot(p.number, p.next), now)
		if p.full(c) {
			return true
		}
		measured := inMeasured(p.spans, now)
		p.recorder.attempted(now, func(int64) (time.Duration, bool) { return now, measured }, p.next, p.next+1)
		p.hand(c, now, measured, now)
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

// content draws what the record of a slot holds.
func (p *producer) content(slot int64, intended time.Duration) content {
	c := content{key: scenario.NoKey}
	if p.keys != nil {
		c.key = p.keys.Draw(slot, intended)
		c.size = p.keys.Length(c.key)
	}
	c.value, c.tombstone, c.sample = p.values.Draw(slot)
	c.size += c.value
	return c
}

// full tells whether the client's buffer has no room for a record. Only this
// goroutine adds to it, so that what is handed is always taken; an empty buffer
// takes any record.
func (p *producer) full(c content) bool {
	held := p.buffered.Load()
	return held > 0 && held+int64(c.size) > int64(p.Settings.BufferBytes)
}

// hand gives a record to the client.
func (p *producer) hand(c content, intended time.Duration, measured bool, attempted time.Duration) {
	ours := c.value // bytes to make up
	if c.sample != scenario.NoSample {
		ours = 0
	}
	f := p.take(ours)
	f.intended, f.measured, f.size = intended, measured, c.size
	key := f.record.Key[:0]
	f.record = kgo.Record{Topic: p.topic, Partition: p.Partition.Number, Headers: p.headers, Timestamp: p.start.Add(intended)}
	if p.keys != nil {
		f.record.Key = p.keys.Append(key, c.key)
	}
	switch {
	case c.tombstone: // its value is null
	case c.sample != scenario.NoSample:
		f.record.Value = p.Value.Samples[c.sample]
	default:
		f.record.Value = f.buffer[:c.value]
		p.stamp.put(f.record.Value, f.record.Timestamp)
	}
	p.buffered.Add(int64(f.size))
	f.handed = time.Since(p.start)
	p.recorder.handed(f, f.handed-attempted)
	p.client.Produce(context.Background(), &f.record, f.promise)
}

// done is called by the client, in one goroutine, when a record is acknowledged
// or given up.
func (f *flight) done(r *kgo.Record, err error) {
	p := f.from
	now := time.Since(p.start)
	if err != nil {
		p.recorder.failed(now, f)
		p.errors.add("produce", err, now)
	} else {
		p.recorder.acked(now, f)
		p.partitions[r.Partition].acked(now-f.intended, f.measured)
	}
	p.buffered.Add(-int64(f.size))
	p.give(f)
}

// censor adds what was never acknowledged to the response times, as lower bounds:
// records that failed, and records that were due but never handed.
func (p *producer) censor(end time.Duration) {
	for _, l := range p.recorder.lost {
		p.recorder.response.censor(end - l.intended)
		p.censorPartition(int(l.partition), end-l.intended)
	}
	partitionOf := p.partitionOf()
	for n := p.next; n < p.found; n++ {
		t, measured := p.intended(p.number, n)
		if !measured {
			continue
		}
		p.recorder.response.censor(end - t)
		p.censorPartition(partitionOf(n, t), end-t)
	}
	p.unsent = p.found - p.next
}

// partitionOf returns the function from record n and its intended time to the
// partition that it would have gone to; -1 where that is not decided yet, as
// without a key.
func (p *producer) partitionOf() func(n int64, t time.Duration) int {
	hashed := limits.Partitioner(p.topic, len(p.partitions))
	var key []byte
	return func(n int64, t time.Duration) int {
		switch {
		case p.Partition.Fixed:
			return int(p.Partition.Number)
		case p.Partition.RoundRobin:
			return int(n % int64(len(p.partitions)))
		case p.keys == nil:
			return -1
		}
		key = p.keys.Append(key[:0], p.keys.Draw(p.slot(p.number, n), t))
		return hashed(key)
	}
}

func (p *producer) censorPartition(partition int, age time.Duration) {
	if partition >= 0 && partition < len(p.partitions) {
		p.partitions[partition].response.censor(age)
	}
}
