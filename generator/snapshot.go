package generator

import (
	"time"

	"msklt/internal/cluster"
	"msklt/internal/limits"
	"msklt/report"
	"msklt/scenario"
)

// Snapshot is where a run stands: counts since the start of traffic, as in the result,
// and what waits at the moment. Nothing changes it once it is delivered.
type Snapshot struct {
	Scenario *scenario.Scenario
	Limits   limits.Limits
	Target   report.Target
	Start    time.Time     // of traffic
	Elapsed  time.Duration // since then
	Phase    string        // as in the timeline; "" when the run is over
	Measured bool          // what is written now counts in the latencies
	// Over is set in the last snapshot: the fate of all records is known, and counts
	// and histograms are those of the result.
	Over bool

	Fleets      []FleetSnapshot
	Groups      []GroupSnapshot
	Partitions  []PartitionSnapshot
	Throttles   []ThrottleSnapshot
	Errors      map[string]int64 // by place: "produce", "fetch", …
	Connections int64            // open ones
	Instrument  *InstrumentSnapshot
	Stalled     time.Duration // in which this process did not run
}

// FleetSnapshot is a producer fleet's. Bytes are of keys and values.
type FleetSnapshot struct {
	Name                         string
	Offered, Sent, Acked, Failed int64
	Unsent                       int64   // offered and not handed to the client library
	Waiting                      int64   // offered, neither acknowledged nor given up
	OfferedBytes                 float64 // as expected of so many records
	AckedBytes                   int64
	// Of the measured phases. Records that are never acknowledged count in Response
	// when the run is over, with their age, and so in Service or ClientWait.
	Response, Service, ClientWait, Lag Durations
}

// GroupSnapshot is a consumer group's.
type GroupSnapshot struct {
	Name              string
	Consumed, Expired int64
	Backlog           int64
	EndToEnd          Durations
}

// PartitionSnapshot is a partition's, in bytes of record batches with their headers.
type PartitionSnapshot struct {
	Declared                  string // the topic in the scenario: Topic, or its template
	Topic                     string
	Partition                 int32
	AckedBytes, ConsumedBytes int64
}

// ThrottleSnapshot is what one broker throttled of one kind of request.
type ThrottleSnapshot struct {
	API       string
	Broker    int32 // -1 when not known
	Responses int64
	Throttled time.Duration // over client-broker pairs, the union of each one's intervals
	Pairs     int64         // that carried records
}

// InstrumentSnapshot is how this process fared in the last second; shares are of the
// time of all processors that it may use. In virtual time there is none.
type InstrumentSnapshot struct {
	Scheduler      time.Duration // p99 of the waits for a processor
	GC             float64
	CPU            float64
	CPUKnown       bool
	Throttled      float64 // withheld by a control group's quota
	ThrottledKnown bool
}

// Durations is a histogram.
type Durations struct {
	Buckets  []Bucket // that hold something, from the shortest
	Count    int64
	Censored int64   // of them lower bounds
	Seconds  float64 // the sum, each duration taken for the middle of its bucket
}

// Bucket is how many durations have, to three digits, one value.
type Bucket struct {
	Value time.Duration // as in the result: the highest that shares the bucket
	Count int64
}

// tell delivers a snapshot. What watch writes is read here, so that only watch may
// call it, and others when that has ended.
func (r *run) tell(elapsed time.Duration, over bool) {
	if r.Snapshot == nil {
		return
	}
	s := &Snapshot{
		Scenario: r.Scenario, Limits: r.Limits, Target: r.target(), Start: r.start, Elapsed: elapsed, Over: over,
		Partitions: r.partitionSnapshots(), Errors: r.errors.counts(),
		Instrument: r.health.latest.Load(), Stalled: time.Duration(r.health.lost.Load()),
	}
	if !over {
		second := max(0, elapsed-time.Second) // that has just ended
		s.Phase, s.Measured = r.phaseAt(second), inMeasured(r.spans, second)
	}
	sum := newLatencies(digits)
	for _, f := range r.fleets {
		s.Fleets = append(s.Fleets, r.fleetSnapshot(f, sum))
	}
	for _, g := range r.groups {
		s.Groups = append(s.Groups, g.snapshot(sum))
	}
	s.Throttles, s.Connections = r.observer.snapshot(over)
	r.Snapshot(s)
}

// fleetSnapshot adds up a fleet's clients. Each one's lock is held for the time that
// one histogram takes, some 25 µs.
func (r *run) fleetSnapshot(f *fleet, sum *latencies) FleetSnapshot {
	out := FleetSnapshot{Name: f.Name}
	var clients []*recorder
	for _, p := range r.producer {
		if p.fleet == f {
			clients = append(clients, p.recorder)
		}
	}
	for _, c := range clients {
		c.addTo(&out)
	}
	out.OfferedBytes = float64(out.Offered) * f.recordBytes
	of := func(latency func(*recorder) *distribution) Durations {
		sum.Reset()
		var censored int64
		for _, c := range clients {
			c.mu.Lock()
			censored += sum.gather(latency(c))
			c.mu.Unlock()
		}
		return sum.durations(censored)
	}
	out.Response = of(func(c *recorder) *distribution { return &c.response })
	out.Service = of(func(c *recorder) *distribution { return &c.service })
	out.ClientWait = of(func(c *recorder) *distribution { return &c.wait })
	out.Lag = of(func(c *recorder) *distribution { return &c.lag })
	return out
}

// addTo adds a client's counts.
func (r *recorder) addTo(out *FleetSnapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	out.Offered += r.found
	out.Sent += r.sent
	out.Acked += r.ackedRecords
	out.Failed += r.failedRecords
	out.AckedBytes += r.ackedBytes
	// A wake-up tells of its records when it ends: acknowledgements may be first.
	out.Unsent += max(0, r.found-r.sent)
	out.Waiting += r.due()
}

func (g *group) snapshot(sum *latencies) GroupSnapshot {
	out := GroupSnapshot{Name: g.Name}
	if n := len(g.backlogs); n > 0 {
		out.Backlog = g.backlogs[n-1]
	} else {
		out.Backlog = g.backlog()
	}
	for _, partitions := range g.progress {
		for _, p := range partitions {
			p.mu.Lock()
			out.Consumed += p.consumed
			out.Expired += p.expired
			p.mu.Unlock()
		}
	}
	sum.Reset()
	var censored int64
	for _, m := range g.everyMember() {
		m.mu.Lock()
		censored += sum.gather(&m.endToEnd)
		m.mu.Unlock()
	}
	out.EndToEnd = sum.durations(censored)
	return out
}

func (r *run) partitionSnapshots() []PartitionSnapshot {
	var out []PartitionSnapshot
	for _, declared := range r.Scenario.Topics {
		for _, t := range r.topicsNamed(declared.Name) {
			out = append(out, r.snapshotsOf(declared.Name, t)...)
		}
	}
	return out
}

func (r *run) snapshotsOf(declared string, t *cluster.Topic) []PartitionSnapshot {
	var out []PartitionSnapshot
	for i, l := range r.loads[t.Actual] {
		l.mu.Lock()
		out = append(out, PartitionSnapshot{
			Declared: declared, Topic: t.Name, Partition: int32(i), AckedBytes: l.bytes, ConsumedBytes: l.consumed,
		})
		l.mu.Unlock()
	}
	return out
}

// snapshot sums up the throttles up to now, or when the run is over all of them, and
// counts the open connections.
func (o *observer) snapshot(over bool) (throttles []ThrottleSnapshot, open int64) {
	type key struct {
		api    int16
		broker int32
	}
	at := map[key]int{}
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	for _, l := range o.order {
		k := key{l.api, l.broker}
		i, known := at[k]
		if !known {
			i = len(throttles)
			at[k] = i
			throttles = append(throttles, ThrottleSnapshot{API: apiName(l.api), Broker: l.broker})
		}
		t := &throttles[i]
		t.Responses += l.throttles.responses()
		if over {
			t.Throttled += l.throttles.lasted
		} else {
			t.Throttled += l.throttles.until(now)
		}
		if l.loaded() {
			t.Pairs++
		}
	}
	return throttles, o.all.open
}

// gather adds a distribution and returns how many of it are censored.
func (l *latencies) gather(d *distribution) (censored int64) {
	l.merge(d.exact)
	if d.censored == nil {
		return 0
	}
	l.merge(d.censored)
	return d.censored.total
}

// durations is what others may see of a histogram.
func (l *latencies) durations(censored int64) Durations {
	out := Durations{Count: l.total, Censored: censored, Seconds: l.Mean() * float64(l.total) / 1e9}
	buckets := 0
	l.each(func(int, int64) bool { buckets++; return true })
	out.Buckets = make([]Bucket, 0, buckets)
	l.each(func(i int, n int64) bool {
		out.Buckets = append(out.Buckets, Bucket{time.Duration(l.highestOf(i)), n})
		return true
	})
	return out
}
