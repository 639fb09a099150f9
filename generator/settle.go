package generator

import (
	"context"
	"fmt"
	"slices"
	"time"

	"msklt/internal/cluster"
)

// settle reads the log's ends, lets the groups read up to them, and closes the
// clients.
//
// A cluster that is gone by now costs the reconciliation, not the result; a topic
// that is gone costs that of its records.
func (r *run) settle(ctx context.Context) {
	r.ends = !r.leaves() && r.findGone(ctx) && r.logEnds(ctx)
	for deadline := time.Now().Add(markerTimeout); r.ends && r.missesMarkers() && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
		r.ends = r.logEnds(ctx)
	}
	if r.ends {
		r.awaitReaders()
	}
	r.close(ctx)
	if r.ends && r.shared() {
		r.ends = r.logEnds(ctx) // others may have written since, and groups read it
	}
	r.ends = r.ends && r.offsets(ctx, r.cluster.LogStarts, func(t *cluster.Topic, first []int64) { t.First = first })
}

// findGone looks for topics that somebody has deleted, and tells whether it could.
func (r *run) findGone(ctx context.Context) bool {
	ctx, cancel := r.hurried(ctx, adminTimeout)
	defer cancel()
	gone, err := r.cluster.Gone(ctx, r.sortedTopics())
	if err != nil {
		r.errors.add("offsets", err, r.clock.now())
		return false
	}
	r.gone = gone
	for t := range gone {
		at, missed := r.observer.missedAt(t.Name)
		if at -= r.shift(); !missed {
			at = r.clock.now()
		}
		r.events.add("topic_deleted", at, 0, -1, fmt.Sprintf("topic %s is not on the cluster any more", t.Name))
	}
	return true
}

// there are the topics that the cluster has.
func (r *run) there() []*cluster.Topic {
	return slices.DeleteFunc(r.sortedTopics(), func(t *cluster.Topic) bool { return r.gone[t] })
}

// known tells whether the offsets of a topic after the run are.
func (r *run) known(t *cluster.Topic) bool { return r.ends && !r.gone[t] }

func (r *run) logEnds(ctx context.Context) bool {
	return r.offsets(ctx, r.cluster.LogEnds, func(t *cluster.Topic, end []int64) { t.End = end })
}

// offsets reads offsets of every topic that is there and tells whether it could.
func (r *run) offsets(ctx context.Context, read func(context.Context, []*cluster.Topic) ([][]int64, error), keep func(*cluster.Topic, []int64)) bool {
	ctx, cancel := r.hurried(ctx, adminTimeout)
	defer cancel()
	all := r.there()
	found, err := read(ctx, all)
	if err != nil {
		r.errors.add("offsets", err, r.clock.now())
		return false
	}
	for i, t := range all {
		keep(t, found[i])
	}
	return true
}

// missesMarkers tells whether markers of transactions are not in the logs yet.
func (r *run) missesMarkers() bool {
	for _, t := range r.there() {
		for i, l := range r.loads[t.Actual] {
			if l.markers > 0 && t.End[i]-t.Start[i] < l.records+l.markers {
				return true
			}
		}
	}
	return false
}

// awaitReaders waits until the groups have read all that was written, as long as
// they make progress.
func (r *run) awaitReaders() {
	begin := time.Now()
	for _, g := range r.groups {
		seen, moved := int64(-1), time.Now()
		for !g.caughtUp(r.gone) {
			if n := g.seen(); n != seen {
				seen, moved = n, time.Now()
			}
			limit := stallTimeout
			if r.stopped < r.end {
				limit = stallTimeout / 10
			}
			if time.Since(moved) > limit || r.leaves() || time.Since(begin) > readTimeout {
				r.errors.add("fetch", fmt.Errorf("group %s stopped before the end of the log", g.Name), r.clock.now())
				break
			}
			r.say("waiting for group " + g.Name + " to read to the end of the log")
			time.Sleep(50 * time.Millisecond)
		}
	}
}
