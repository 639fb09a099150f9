package generator

import (
	"fmt"
	"math"
	"time"

	"msklt/internal/cluster"
	"msklt/internal/limits"
	"msklt/report"
)

// progressSeconds is over how many seconds progress tells of the traffic: a line
// every so often misses nothing.
const progressSeconds = 5

// Progress is how far a run is, and how its last seconds went: Span, 5 s unless the
// run is younger.
type Progress struct {
	Stage   string // set before and after the traffic: what is being waited for
	Elapsed time.Duration
	Awaits  time.Duration // for so long at most the waiting records, once sending has ended
	Total   time.Duration
	Phase   string // "drain" after the last one

	Span             time.Duration
	Writers, Readers bool // whether there are any; what follows of others means nothing
	// Means a second: of offered and acked keys and values, of consumed record batches
	// with their headers.
	OfferedBytes, AckedBytes, ConsumedBytes float64
	// P99 is of the response times of the records acked in the span; 0 with none.
	// Records that still wait are not among them.
	P99 time.Duration
	// Throttled is the share of the time of the client-broker connections with load;
	// NaN while there are none.
	Throttled float64
	Lag       time.Duration // the generator's longest; -1 where no record was due
	Waiting   int64         // records attempted and not yet acked, now
	Backlog   int64         // of all groups, now
	Hottest   HotPartition
}

// HotPartition is the partition with the most bytes acked, or consumed where nobody
// writes: record batches with their headers.
type HotPartition struct {
	Topic          string // "" when no partition had any
	Partition      int32
	BytesPerSecond float64
	Declared       float64 // what the limits allow each partition; 0 when they do not say
}

func (r *run) say(stage string) {
	if r.Progress != nil {
		r.Progress(Progress{Stage: stage, Total: r.end})
	}
}

// Creating is the stage of creating topics.
func Creating(p cluster.Progress) string { return changing("creating topics", p, "") }

// Removing is the stage of removing topics.
func Removing(p cluster.Progress) string {
	return changing("removing topics", p, "; Ctrl-C leaves the rest")
}

func changing(doing string, p cluster.Progress, waiting string) string {
	text := fmt.Sprintf("%s: %s of %s", doing, report.Count(int64(p.Done)), report.Counted(p.Of, "partition"))
	if p.Left >= time.Second {
		text += ", about " + report.Wait(p.Left.Seconds()) + " left"
	}
	if p.Refused {
		text += "; the cluster refuses more for now"
	}
	if p.Left >= time.Second || p.Refused {
		text += waiting
	}
	return text
}

// lately is the response times of the last seconds, a histogram for each.
type lately struct {
	seconds [progressSeconds]*latencies
	next    int
	sum     *latencies
}

func newLately() *lately {
	l := &lately{sum: newLatencies(secondDigits)}
	for i := range l.seconds {
		l.seconds[i] = newLatencies(secondDigits)
	}
	return l
}

// begin forgets the oldest second and returns an empty histogram for the next.
func (l *lately) begin() *latencies {
	s := l.seconds[l.next%progressSeconds]
	l.next++
	s.Reset()
	return s
}

func (l *lately) p99() time.Duration {
	l.sum.Reset()
	for _, s := range l.seconds {
		l.sum.merge(s)
	}
	return time.Duration(l.sum.ValueAtQuantile(99))
}

// progress describes the seconds before the nth second's end.
func (r *run) progress(n int, responses *lately) Progress {
	first := max(0, n-progressSeconds)
	last := r.seconds[len(r.seconds)-1]
	p := Progress{
		Elapsed: time.Duration(n) * time.Second, Total: r.end, Span: time.Duration(n-first) * time.Second,
		Writers: len(r.producer) > 0, Readers: len(r.groups) > 0,
		P99: responses.p99(), Waiting: last.waiting, Backlog: last.backlog,
	}
	if since := time.Duration(r.draining.Load()); since > 0 {
		p.Awaits = max(time.Second, since+drainTimeout-p.Elapsed)
	}
	p.Phase = r.phaseAt(p.Elapsed - time.Second)
	r.progressOfClients(&p, first, n)
	r.progressOfPartitions(&p, first, n)
	p.Throttled = r.throttledIn(time.Duration(first)*time.Second, p.Elapsed)
	return p
}

// progressOfClients fills in what the producing clients counted.
func (r *run) progressOfClients(p *Progress, first, n int) {
	offered := int64(0)
	for _, c := range r.producer {
		c.recorder.mu.Lock()
		for s := first; s < min(n, len(c.recorder.seconds)); s++ {
			second := &c.recorder.seconds[s]
			offered += second.offered
			p.OfferedBytes += float64(second.offered) * c.recordBytes
			p.AckedBytes += float64(second.ackedBytes)
			p.Lag = max(p.Lag, second.lagMax)
		}
		c.recorder.mu.Unlock()
	}
	p.OfferedBytes /= p.Span.Seconds()
	p.AckedBytes /= p.Span.Seconds()
	if offered == 0 {
		p.Lag = -1
	}
}

// progressOfPartitions fills in what was read, and which partition is hottest: of
// several the first.
func (r *run) progressOfPartitions(p *Progress, first, n int) {
	var consumed, most int64
	var hot *cluster.Topic
	for _, t := range r.sortedTopics() {
		for i, l := range r.loads[t.Actual] {
			in, out := l.bytesIn(first, n)
			consumed += out
			load := in
			if !p.Writers {
				load = out
			}
			if load > most {
				most, hot, p.Hottest.Partition = load, t, int32(i)
			}
		}
	}
	p.ConsumedBytes = float64(consumed) / p.Span.Seconds()
	if hot == nil {
		return
	}
	limit := limits.PartitionIngress
	if !p.Writers {
		limit = limits.PartitionEgress
	}
	p.Hottest.Topic, p.Hottest.Declared = hot.Name, r.Limits.Values[limit]
	p.Hottest.BytesPerSecond = float64(most) / p.Span.Seconds()
}

// throttledIn is the throttled share of the connections with load between two times
// since the start of traffic.
func (r *run) throttledIn(from, to time.Duration) float64 {
	span := []interval{{from + r.shift(), to + r.shift()}}
	r.observer.mu.Lock()
	defer r.observer.mu.Unlock()
	share, known := r.observer.shareIfAny(span, to-from, func(*link) bool { return true })
	if !known {
		return math.NaN()
	}
	return share
}
