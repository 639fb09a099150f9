package generator

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/cluster"
	"msklt/scenario"
)

// group is one consumer group: its members, and how far it has read each
// partition.
type group struct {
	scenario.Consumer
	id       string // on the cluster
	topics   []*cluster.Topic
	progress map[string][]*readProgress // by topic on the cluster
	members  []*member
	assigned atomic.Int64 // partitions that members hold
	expected int64        // partitions that there are
	clock    *clock
	spans    []interval
	stamp    stamp
	errors   *errorLog
}

// readProgress is how far a group has read one partition.
type readProgress struct {
	ours       bool // whether the run created the topic, so that nobody else writes to it
	mu         sync.Mutex
	next       int64 // offset expected next
	consumed   int64
	expired    int64
	skipped    int64 // offsets that are no record to read: markers, aborted records
	duplicates int64
	gapEnd     int64 // highest offset that a gap ended at
	unread     int64 // left in the log, known after the run
}

// member is one consuming client of a group.
type member struct {
	*group
	client   *kgo.Client
	mu       sync.Mutex
	endToEnd *latencies
	read     atomic.Int64 // records
}

// callbacks keep count of the partitions that members hold.
func (g *group) callbacks() []kgo.Opt {
	count := func(sign int64) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, parts map[string][]int32) {
			for _, p := range parts {
				g.assigned.Add(sign * int64(len(p)))
			}
		}
	}
	return []kgo.Opt{
		kgo.OnPartitionsAssigned(count(1)), kgo.OnPartitionsRevoked(count(-1)), kgo.OnPartitionsLost(count(-1)),
	}
}

// ready tells whether members hold all partitions.
func (g *group) ready() bool { return g.assigned.Load() == g.expected }

// consume reads until the context ends.
func (m *member) consume(ctx context.Context) {
	for {
		fetches := m.client.PollFetches(ctx)
		now := time.Now()
		if ctx.Err() != nil || fetches.IsClientClosed() {
			return
		}
		fetches.EachError(func(_ string, _ int32, err error) {
			if !errors.Is(err, context.Canceled) {
				m.errors.add("fetch", err, m.clock.at(now))
			}
		})
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			if progress := m.progress[p.Topic]; int(p.Partition) < len(progress) {
				m.partition(now, progress[p.Partition], p.Records)
			}
		})
	}
}

// partition takes in the records that a poll brought of one partition.
func (m *member) partition(now time.Time, p *readProgress, records []*kgo.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range records {
		if r.Offset < p.next {
			p.duplicates++
			continue
		}
		if r.Offset > p.next { // removed by retention before the group came to it
			p.expired += r.Offset - p.next
			p.gapEnd = r.Offset
		}
		p.next = r.Offset + 1
		if r.Attrs.IsControl() {
			p.skipped++
			continue
		}
		p.consumed++
		intended, ours := m.stamp.read(r, p.ours)
		if ours && inMeasured(m.spans, m.clock.at(intended)) {
			m.endToEnd.record(now.Sub(intended))
		}
	}
	m.read.Add(int64(len(records)))
}

// soFar is a copy of the end-to-end times.
func (m *member) soFar() *latencies {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.endToEnd.clone()
}

// caughtUp tells whether the group has read every partition to its end.
func (g *group) caughtUp() bool {
	for _, t := range g.topics {
		for i, p := range g.progress[t.Actual] {
			p.mu.Lock()
			behind := p.next < t.End[i]
			p.mu.Unlock()
			if behind {
				return false
			}
		}
	}
	return true
}

// seen is how many records the group has received in all.
func (g *group) seen() (n int64) {
	for _, m := range g.members {
		n += m.read.Load()
	}
	return n
}

// hidden is how many records of a partition the group is not to see, at most.
func (g *group) hidden(p *partitionLoad) int64 {
	if !g.Settings.ReadCommitted {
		return 0
	}
	return p.aborted
}

// finish settles what the group did not read: below the log start it has
// expired. Of the gaps that it met, up to hidden offsets are aborted records that it
// was not to see. It returns what is left unread in the log.
func (p *readProgress) finish(first, end, hidden int64) (unread int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := min(p.expired, hidden)
	p.expired -= n
	p.skipped += n
	if p.expired == 0 {
		p.gapEnd = 0
	}
	if first > p.next {
		p.expired += first - p.next
		p.next = first
	}
	return max(0, end-p.next)
}
