package generator

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// turn is what happens to a group at a time since the start of traffic.
type turn struct {
	at time.Duration
	do func()
}

// follow does what a group's scenario says at given times until the traffic has
// ended; a pause that lasts longer ends then. It returns when the members that
// left have done so.
func (r *run) follow(reading, traffic context.Context, g *group) {
	var leaving sync.WaitGroup
	defer leaving.Wait()
	var turns []turn
	if g.paused {
		turns = append(turns, turn{0, g.resume})
	}
	for _, p := range g.Pauses {
		turns = append(turns, turn{p.At, g.pause}, turn{p.At + p.For, g.resume})
	}
	for _, c := range g.Consumer.Members {
		turns = append(turns, turn{c.At, func() {
			for range c.Join {
				r.join(reading, traffic, g)
			}
			for range min(c.Leave, len(g.present)) {
				m := g.youngest()
				leaving.Go(func() { r.part(reading, m) })
			}
		}})
	}
	slices.SortStableFunc(turns, func(a, b turn) int { return cmp.Compare(a.at, b.at) })
	for _, t := range turns {
		select {
		case <-traffic.Done():
		case <-time.After(time.Until(r.start.Add(t.at))):
			t.do()
		}
	}
	if g.paused {
		g.cut.Store(true)
		g.resume()
	}
}

// join makes one more member of a group and lets it read.
func (r *run) join(reading, traffic context.Context, g *group) {
	m, err := r.newMember(g)
	if err != nil {
		r.errors.add("join", err, r.clock.now())
		return
	}
	r.reads(reading, traffic, m)
}

// reads lets a member read until its client is closed.
func (r *run) reads(reading, traffic context.Context, m *member) {
	reading, m.stop = context.WithCancel(reading)
	r.reading.Go(func() { m.consume(reading, traffic) })
}

// pause makes all members stop fetching. A fetch that is under way may still
// bring records, which the client drops and fetches again later.
func (g *group) pause() {
	g.turning.Lock()
	defer g.turning.Unlock()
	g.paused = true
	for _, m := range g.present {
		m.client.PauseFetchTopics(g.topicNames()...)
	}
}

// hush makes a client of a paused group fetch nothing.
func (g *group) hush(client *kgo.Client) {
	g.turning.Lock()
	defer g.turning.Unlock()
	if g.paused {
		client.PauseFetchTopics(g.topicNames()...)
	}
}

func (g *group) resume() {
	g.turning.Lock()
	defer g.turning.Unlock()
	g.paused = false
	for _, m := range g.present {
		m.client.ResumeFetchTopics(g.topicNames()...)
	}
}

// youngest takes the member that joined last out of those that are present.
func (g *group) youngest() *member {
	last := len(g.present) - 1
	m := g.present[last]
	g.present = g.present[:last]
	return m
}

// part ends a member as an application ends in good order: what it has read is
// handed over and processed, its offsets are committed, and the group is told.
func (r *run) part(ctx context.Context, m *member) {
	m.stop()
	<-m.done
	ctx, cancel := r.within(ctx, leaveTimeout)
	defer cancel()
	m.close(ctx)
}

// close tells the group and ends the client. A cluster that does not answer is left
// untold.
func (m *member) close(ctx context.Context) {
	if err := m.client.LeaveGroupContext(ctx); err != nil {
		m.errors.add("leave", err, m.clock.now())
	}
	m.client.Close()
	// Close polls for what is left, after which a goroutine of its own that leaves the
	// group once more would wait for ever.
	m.client.AllowRebalance()
}
