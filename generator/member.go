package generator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// rebalanceTimeout is the Java client's max.poll.interval.ms: how long a
	// rebalance waits for a member that is processing.
	rebalanceTimeout = 5 * time.Minute
	// leaveTimeout bounds how long a group may take to let a member go.
	leaveTimeout = 15 * time.Second
	// commitTimeout bounds the commit before a member gives partitions up.
	commitTimeout = 10 * time.Second
)

// member is one consuming client of a group. It reads as the Java client does:
// partitions change hands only between two polls, when what was read before is
// committed.
type member struct {
	*group
	client *kgo.Client
	stop   context.CancelFunc // of reading
	done   chan struct{}      // closed when reading has ended
	read   atomic.Int64       // records

	ledger
	endToEnd distribution // measured phases
	second   *latencies   // of all records handed over in this second

	// Of the goroutine that reads.
	collector collector
	hurried   bool // a wait of the scenario's was cut short, so that records come early
}

// newMember makes the next client of a group.
func (r *run) newMember(g *group) (*member, error) {
	s := g.Settings
	number := len(g.everyMember())
	isolation := kgo.ReadUncommitted()
	if s.ReadCommitted {
		isolation = kgo.ReadCommitted()
	}
	m := &member{
		group: g, done: make(chan struct{}),
		endToEnd: newDistribution(digits), second: newLatencies(secondDigits), collector: collector{Batches: g.Batches},
	}
	opts := append(r.tapped(g.Name, r.clientID(s.ClientID, g.Name, number), r.pace),
		kgo.ConsumerGroup(g.id), kgo.ConsumeTopics(g.topicNames()...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxWait(s.FetchMaxWait), kgo.FetchMinBytes(int32(s.FetchMinBytes)),
		kgo.FetchMaxBytes(int32(s.FetchMaxBytes)), kgo.FetchMaxPartitionBytes(int32(s.FetchMaxPartitionBytes)),
		kgo.FetchIsolationLevel(isolation), kgo.AutoCommitInterval(s.CommitInterval),
		kgo.BlockRebalanceOnPoll(), kgo.RebalanceTimeout(rebalanceTimeout),
		// A transaction's markers take offsets: without them the end of the log
		// would never be seen to be reached.
		kgo.KeepControlRecords(),
		kgo.WithHooks(&batchHook{read: r.read}, g),
	)
	client, err := kgo.NewClient(slices.Concat(opts, persistent(), g.callbacks())...)
	if err != nil {
		return nil, fmt.Errorf("making member %d of group %s: %w", number, g.Name, err)
	}
	g.hush(client)
	m.client = client
	g.joining.Lock()
	g.members = append(g.members, m)
	g.joining.Unlock()
	g.present = append(g.present, m)
	return m, nil
}

// consume reads until the context ends, which is when the member leaves, or its
// client is closed. When the traffic has ended, nothing waits any more: batches
// are handed over as they are and processing takes no time, so that what is left
// in the log is read and counted.
func (m *member) consume(ctx, traffic context.Context) {
	defer close(m.done)
	for {
		fetches := m.poll(ctx, traffic)
		m.take(fetches)
		last := ctx.Err() != nil || fetches.IsClientClosed()
		for {
			over := traffic.Err() != nil
			batch, early := m.collector.next(m.clock.now(), last || over)
			if len(batch) == 0 {
				break
			}
			m.hurried = m.hurried || early && over || m.cut.Load()
			m.hand(batch)
			m.process(traffic, len(batch))
		}
		m.client.AllowRebalance()
		if last {
			return
		}
	}
}

// poll waits for records, no longer than the window of those that the member
// holds.
func (m *member) poll(ctx, traffic context.Context) kgo.Fetches {
	if due, holds := m.collector.due(); holds {
		window, cancel := context.WithTimeout(ctx, due-m.clock.now())
		defer cancel()
		defer context.AfterFunc(traffic, cancel)()
		ctx = window
	}
	return m.client.PollRecords(ctx, m.collector.room(m.Settings.MaxPollRecords))
}

// take counts what a poll brought and collects it.
func (m *member) take(fetches kgo.Fetches) {
	now := time.Now()
	received, origin := m.clock.at(now), m.clock.origin()
	fetches.EachError(func(_ string, _ int32, err error) {
		if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, kgo.ErrClientClosed) {
			m.errors.add("fetch", err, received)
		}
	})
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		progress := m.progress[p.Topic]
		if p.Partition < 0 || int(p.Partition) >= len(progress) {
			return
		}
		m.read.Add(int64(len(p.Records)))
		at := progress[p.Partition]
		fresh := at.receive(p.Records, p.LogStartOffset)
		for _, r := range p.Records {
			if r.Attrs.IsControl() {
				continue
			}
			h := heldRecord{received: received, size: len(r.Key) + len(r.Value)}
			if intended, ok := m.stamp.read(r, at.by); ok && origin != 0 {
				h.intended = time.Duration(intended - origin)
				of := h.intended
				if at.by == onlyOthers { // whose phases and clock are not ours
					of = h.received
				}
				h.timed = r.Offset >= fresh
				h.measured = h.timed && inMeasured(m.spans, of)
			}
			m.collector.add(h)
		}
	})
}

// hand gives a batch to the application: this is when its records have arrived.
func (m *member) hand(batch []heldRecord) {
	now := m.clock.now()
	if !m.enter() {
		return
	}
	defer m.mu.Unlock()
	for _, h := range batch {
		if !h.timed {
			continue
		}
		took := now - h.intended
		if !m.hurried { // else it would have arrived later
			m.second.record(took)
		}
		switch {
		case !h.measured:
		case m.hurried:
			m.endToEnd.censor(took)
		default:
			m.endToEnd.exact.record(took)
		}
	}
}

// closeSecond adds the end-to-end times of the second that ends to sum.
func (m *member) closeSecond(sum *latencies) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sum.merge(m.second)
	m.second.Reset()
}

// soFar is a copy of the end-to-end times.
func (m *member) soFar() distribution {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.endToEnd.clone()
}

// process is the application at work.
func (m *member) process(traffic context.Context, records int) {
	takes := m.Processing.Of(records)
	if takes == 0 {
		return
	}
	select {
	case <-traffic.Done():
		m.hurried = true
	case <-time.After(takes):
	}
}
