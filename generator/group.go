package generator

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kerr"
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
	progress map[string][]*readProgress  // by topic on the cluster
	loads    map[string][]*partitionLoad // the same
	joining  sync.Mutex                  // guards members
	members  []*member                   // all that there ever were, in order
	present  []*member                   // those that have not left
	assigned atomic.Int64                // partitions that members hold
	expected int64                       // partitions that there are
	turning  sync.Mutex                  // guards paused, together with its clients' state
	paused   bool
	cut      atomic.Bool           // the end of the traffic ended a pause
	ejected  atomic.Pointer[error] // what last ended a member's stay, or kept it from joining
	backlogs []int64               // at the end of each second
	clock    *clock
	spans    []interval
	stamp    stamp
	errors   *errorLog
}

// startGroup commits where a group begins and starts its members.
func (r *run) startGroup(ctx context.Context, c scenario.Consumer) error {
	g := &group{
		Consumer: c, id: r.prefix + c.Name, progress: map[string][]*readProgress{}, loads: r.loads,
		paused: c.From != scenario.FromEnd, // what is there already is not to be read before the traffic
		clock:  &r.clock, spans: r.spans, stamp: r.stamp, errors: r.errors,
	}
	r.groups = append(r.groups, g)
	for _, name := range c.Topics {
		g.topics = append(g.topics, r.topicsNamed(name)...)
	}
	begin, err := r.begin(ctx, c, g.topics)
	if err != nil {
		return err
	}
	for n, t := range g.topics {
		g.expected += int64(len(t.Leaders))
		for i, o := range begin[n] {
			g.progress[t.Actual] = append(g.progress[t.Actual], &readProgress{by: r.writersOf(t), begin: o, next: o, before: t.Start[i]})
		}
	}
	if err := r.cluster.StartGroup(ctx, g.id, g.topics, begin); err != nil {
		return err
	}
	for range c.Clients {
		if _, err := r.newMember(g); err != nil {
			return err
		}
	}
	return nil
}

// begin is where a group begins in each partition of its topics.
func (r *run) begin(ctx context.Context, c scenario.Consumer, topics []*cluster.Topic) ([][]int64, error) {
	switch c.From {
	case scenario.FromStart:
		return r.cluster.LogStarts(ctx, topics)
	case scenario.FromCommitted:
		offsets, err := r.cluster.Committed(ctx, c.CommittedBy, topics)
		if err != nil {
			return nil, err
		}
		for n, t := range topics {
			for i, o := range offsets[n] {
				if o > t.Start[i] {
					return nil, cluster.Errorf("group %s has committed offset %d for %s/%d, whose log ends at %d", c.CommittedBy, o, t.Actual, i, t.Start[i])
				}
			}
		}
		return offsets, nil
	}
	var ends [][]int64
	for _, t := range topics {
		ends = append(ends, t.Start)
	}
	return ends, nil
}

// callbacks keep count of the partitions that members hold, and commit what was
// read of those that they give up.
func (g *group) callbacks() []kgo.Opt {
	count := func(sign int64, parts map[string][]int32) {
		for _, p := range parts {
			g.assigned.Add(sign * int64(len(p)))
		}
	}
	return []kgo.Opt{
		kgo.OnPartitionsAssigned(func(_ context.Context, client *kgo.Client, parts map[string][]int32) {
			g.hush(client) // before it fetches for the first time
			count(1, parts)
		}),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, parts map[string][]int32) { count(-1, parts) }),
		kgo.OnPartitionsRevoked(func(ctx context.Context, client *kgo.Client, parts map[string][]int32) {
			count(-1, parts)
			ctx, cancel := context.WithTimeout(ctx, commitTimeout)
			defer cancel()
			if err := client.CommitUncommittedOffsets(ctx); err != nil {
				g.errors.add("commit", err, g.clock.now())
			}
		}),
	}
}

// OnGroupManageError notes why a member is none.
func (g *group) OnGroupManageError(err error) { g.ejected.Store(&err) }

// refusal is what a cluster says that will not have the group at all; nil while it may
// still come.
func (g *group) refusal() error {
	if err := g.ejected.Load(); err != nil && errors.Is(*err, kerr.InvalidRequest) {
		return *err
	}
	return nil
}

// ready tells whether members hold all partitions.
func (g *group) ready() bool { return g.assigned.Load() == g.expected }

// topicNames are the group's topics on the cluster.
func (g *group) topicNames() (names []string) {
	for _, t := range g.topics {
		names = append(names, t.Actual)
	}
	return names
}

// everyMember are the members that there ever were; more may join beside.
func (g *group) everyMember() []*member {
	g.joining.Lock()
	defer g.joining.Unlock()
	return slices.Clone(g.members)
}

// caughtUp tells whether the group has read every partition to its end, of topics
// that are not gone.
func (g *group) caughtUp(gone map[*cluster.Topic]bool) bool {
	for _, t := range g.topics {
		if gone[t] {
			continue
		}
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
	for _, m := range g.everyMember() {
		n += m.read.Load()
	}
	return n
}

// readProgress is how far a group has read one partition. What it passed is
// consumed, expired or skipped.
type readProgress struct {
	by     writers
	begin  int64 // where the group began
	before int64 // log end before the traffic

	ledger
	next       int64 // offset expected next
	consumed   int64
	expired    int64 // removed by retention before the group came to them
	skipped    int64 // offsets that hold no record for the group: markers, aborted or compacted records
	markers    int64 // of transactions, behind before
	duplicates int64
	unread     int64 // left in the log, known after the run
}

// receive counts the records that a poll brought of the partition, whose log then
// began at first. Records from the offset fresh on are new to the group.
func (p *readProgress) receive(records []*kgo.Record, first int64) (fresh int64) {
	if !p.enter() {
		return
	}
	defer p.mu.Unlock()
	fresh = p.next
	for _, r := range records {
		if r.Offset < p.next {
			p.duplicates++
			continue
		}
		p.expire(min(first, r.Offset))
		p.skipped += r.Offset - p.next
		p.next = r.Offset + 1
		if !r.Attrs.IsControl() {
			p.consumed++
			continue
		}
		p.skipped++
		if r.Offset >= p.before {
			p.markers++
		}
	}
	return fresh
}

// expire passes what lies below the log's start.
func (p *readProgress) expire(first int64) {
	if first > p.next {
		p.expired += first - p.next
		p.next = first
	}
}

// finish settles what the group did not read: below the log start it has
// expired, and the rest is left unread in the log.
func (p *readProgress) finish(first, end int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expire(first)
	p.unread = max(0, end-p.next)
}

// passed is the offset that the group reads next, without the markers that the
// run's transactions put into the log before it.
func (p *readProgress) passed() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next - p.markers
}
