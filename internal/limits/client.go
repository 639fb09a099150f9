package limits

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"time"
)

// How franz-go gathers records (kgo v1.22.2, sink.go). A partition's first record
// starts its linger. When the linger of any partition ends, when a record finds its
// batch full and begins the next, or at once without a linger, the broker's drain
// runs: it sends one request with the oldest batch of every partition that has one,
// however long that has lingered. A second trigger while it runs makes it run once
// more, and so send the batches that were just begun.
const (
	// wakeUp is how often, at most, a client hands over what is due (the
	// generator's shortest sleep). All of it is buffered before the drain runs.
	wakeUp = 200 * time.Microsecond
	// batchPrefix is what franz-go counts of a batch beside its records: the
	// header, and the length in front of it.
	batchPrefix = batchHeader + 3

	// A simulated client stops after so many requests or records.
	enoughRequests = 2000
	enoughRecords  = 40_000
)

// client is one producing client, simulated as if the cluster answered at once.
type client struct {
	fleet   *fleetDemand
	brokers int
	random  *rand.Rand

	linger   time.Duration
	capacity float64 // bytes of a batch
	buffers  []buffer
	active   [][]int // by broker: buffers that have a batch
	triggers []int   // by broker: since its drain last ran
	timers   []timer // in order of time: the linger is the same for all
	number   int     // of the last timer
	sticky   []int   // by topic: the partition that keyless records fill, -1 for none

	records, commits  int
	requests, batches []int // by broker
}

// buffer is the unsent batches of one partition.
type buffer struct {
	broker    int
	batches   int
	bytes     float64 // of the newest batch
	lingering int     // number of the timer that runs; 0 for none
}

type timer struct {
	at     time.Duration
	buffer int
	number int
}

func newClient(f *fleetDemand, brokers int) *client {
	c := &client{
		fleet: f, brokers: brokers, random: rand.New(rand.NewPCG(1, 2)),
		linger: f.Settings.Linger, capacity: f.batchBytes(),
		buffers: make([]buffer, f.topics*len(f.flows)), active: make([][]int, brokers),
		triggers: make([]int, brokers), sticky: make([]int, f.topics), requests: make([]int, brokers), batches: make([]int, brokers),
	}
	for i := range c.buffers {
		c.buffers[i].broker = i % len(f.flows) % brokers
	}
	for t := range c.sticky {
		c.sticky[t] = -1
	}
	return c
}

// run sends perSecond records a second and returns how long it did.
func (c *client) run(perSecond float64) time.Duration {
	arrivals := arrivals{gap: float64(time.Second) / perSecond, poisson: c.fleet.Poisson, random: c.random}
	sent := 0
	var now time.Duration
	for at := arrivals.next(); c.records < enoughRecords && sent < enoughRequests; {
		now = max(at, now+wakeUp)
		for len(c.timers) > 0 && c.before(c.timers[0].at, now) {
			c.expire(now)
		}
		for ; at <= now; at = arrivals.next() {
			c.hand(now)
			c.records++
			if n := c.fleet.Settings.Transactions.Records; n > 0 && c.records%n == 0 {
				c.commit(now)
			}
		}
		c.drainAll(now)
		sent = 0
		for _, n := range c.requests {
			sent += n
		}
	}
	return now
}

// before tells whether a timer comes before a wake-up; at the same moment either may.
func (c *client) before(timer, wake time.Duration) bool {
	return timer < wake || timer == wake && c.random.IntN(2) == 0
}

// expire ends the first linger that runs, and all that end with it, before a wake-up.
func (c *client) expire(wake time.Duration) {
	at := c.timers[0].at
	for len(c.timers) > 0 && c.timers[0].at == at {
		t := c.timers[0]
		c.timers = c.timers[1:]
		if b := &c.buffers[t.buffer]; b.lingering == t.number {
			b.lingering = 0
			c.triggers[b.broker]++
		}
	}
	again := slices.Clone(c.triggers)
	c.drainAll(at)
	for broker, triggers := range again {
		if at == wake && triggers > 1 { // its second run finds what the wake-up brings
			c.triggers[broker] = 1
		}
	}
}

// hand buffers the next record.
func (c *client) hand(now time.Duration) {
	f := c.fleet
	topic := c.records * f.Clients % f.topics
	first := topic * len(f.flows)
	var i int
	size := f.spread[c.random.IntN(len(f.spread))] // against the mean
	switch {
	case f.sticky:
		i = first + c.stick(topic, first, size)
	case f.Partition.RoundRobin:
		i = first + c.records/f.topics%len(f.flows)
	default:
		i = first + f.draw(c.random.Float64())
	}
	size += f.flows[i-first].body
	b := &c.buffers[i]
	if b.batches > 0 && b.bytes+size <= c.capacity {
		b.bytes += size
	} else {
		if b.batches == 0 {
			c.active[b.broker] = append(c.active[b.broker], i)
		}
		b.batches++
		b.bytes = batchPrefix + size
	}
	if c.linger == 0 || b.batches > 1 {
		b.lingering = 0
		c.triggers[b.broker]++
	} else {
		c.startLinger(i, now)
	}
}

// stick is the partition for a record without a key: the last one while its batch
// takes the record, then any other.
func (c *client) stick(topic, first int, size float64) int {
	n := len(c.fleet.flows)
	last := c.sticky[topic]
	if last >= 0 {
		if b := c.buffers[first+last]; b.batches > 0 && b.bytes+c.fleet.flows[last].body+size <= c.capacity {
			return last
		}
	}
	next := c.random.IntN(n)
	if next == last {
		next = (next + 1) % n
	}
	c.sticky[topic] = next
	return next
}

func (c *client) startLinger(i int, now time.Duration) {
	b := &c.buffers[i]
	if b.lingering == 0 {
		c.number++
		b.lingering = c.number
		c.timers = append(c.timers, timer{now + c.linger, i, c.number})
	}
}

// drainAll runs the drains that were triggered.
func (c *client) drainAll(now time.Duration) {
	for broker, triggers := range c.triggers {
		if triggers == 0 {
			continue
		}
		c.triggers[broker] = 0
		for again := triggers > 1; c.drain(broker, now) || again; {
			again = false
		}
	}
}

// commit ends a transaction: all that is buffered is sent first.
func (c *client) commit(now time.Duration) {
	c.commits++
	for broker := range c.active {
		c.triggers[broker] = 0
		for c.drain(broker, now) || len(c.active[broker]) > 0 {
		}
	}
}

// drain sends one request and tells whether there is more to send at once.
func (c *client) drain(broker int, now time.Duration) (more bool) {
	active := c.active[broker]
	if len(active) == 0 {
		return false
	}
	c.requests[broker]++
	kept := active[:0]
	for _, i := range active {
		b := &c.buffers[i]
		b.batches--
		b.lingering = 0
		c.batches[broker]++
		if b.batches == 0 {
			continue
		}
		kept = append(kept, i)
		if c.linger == 0 || b.batches > 1 {
			more = true
		} else {
			c.startLinger(i, now)
		}
	}
	c.active[broker] = kept
	return more
}

// arrivals are the times at which a client's records are due.
type arrivals struct {
	gap     float64 // nanoseconds
	poisson bool
	random  *rand.Rand
	at      float64
}

func (a *arrivals) next() time.Duration {
	at := a.at
	if a.poisson {
		a.at += a.gap * a.random.ExpFloat64()
	} else {
		a.at += a.gap
	}
	return time.Duration(math.Round(at))
}

// draw maps a number from 0 to 1 to the partition whose share it falls into.
func (f *fleetDemand) draw(u float64) int {
	return min(sort.SearchFloat64s(f.upTo, u), len(f.flows)-1)
}
