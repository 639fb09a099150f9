package cluster

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"msklt/internal/limits"
)

// Progress is how far the creation or the removal of topics is.
type Progress struct {
	Done, Of int           // partitions
	Left     time.Duration // until the last request at best; 0 when nothing has to be waited for, or it is not known
	// Refused says that the cluster refuses changes for now: others use its allowance.
	Refused bool
}

const (
	// changeTimeout is for one request that creates or deletes topics.
	changeTimeout = 30 * time.Second
	// answerTimeout is how long its answer is awaited, also after an interrupt: what the
	// cluster makes meanwhile must be known, to be removed.
	answerTimeout = changeTimeout + 10*time.Second
	// refusedPause is the least pause after a refusal; what the cluster asks for counts
	// when it is longer.
	refusedPause = time.Second
	// refusedTimeout is how long a cluster may refuse everything: two of the windows
	// over which changes are counted.
	refusedTimeout = 10 * time.Minute
	// shortWait is not worth leaving something undone for.
	shortWait = time.Second
)

// KeepTo has topics created and deleted within declared limits.
func (c *Cluster) KeepTo(l limits.Limits) {
	c.pace, c.most = limits.NewChangePace(l), int(l.Of(limits.ClusterPartitions))
}

// step is a change of one topic that fits into one request.
type step struct {
	topic      *Topic
	partitions int // that it creates or deletes
	upTo       int // how many the topic has after its creation
}

// changes is a queue of steps under way.
type changes struct {
	todo []step
	tell func(Progress)
	// send asks for some steps. It returns those that were refused for now, and for
	// how long; an error ends the queue.
	send func(context.Context, []step) (again []step, pause time.Duration, err error)
	// begun is called once after the first step, where others follow; nil for never.
	begun func(context.Context, *Topic) error

	of, done int
}

// carryOut asks for all steps, as many at a time as the limits admit. When the
// context ends it does not wait any more; what is still to do is in the queue.
func (c *Cluster) carryOut(ctx context.Context, q *changes) error {
	for _, s := range q.todo {
		q.of += s.partitions
	}
	c.pace.ForgetRefusals()
	moved, refused := time.Now(), false
	for len(q.todo) > 0 {
		sizes := q.sizes()
		n, wait := c.pace.Next(c.now(), sizes)
		if q.begun != nil && n < len(q.todo) {
			n = 1
		}
		for i := 1; i < n; i++ { // creations and growth are requests of their own
			if q.todo[i].grows() != q.todo[0].grows() {
				n = i
			}
		}
		if err := c.awaitTurn(ctx, q, wait, refused); err != nil {
			return err
		}
		some := q.todo[:n]
		again, pause, err := q.send(ctx, some)
		sum := sumOf(some) - sumOf(again)
		c.pace.Made(c.now(), sum)
		if err != nil {
			return err
		}
		q.done += sum
		q.todo = append(again, q.todo[n:]...)
		if err := q.ask(ctx, some[0], again); err != nil {
			return err
		}
		if refused = len(again) > 0; refused {
			c.pace.Refused(c.now(), max(pause, refusedPause))
		}
		if sum > 0 {
			moved = time.Now()
		} else if time.Since(moved) > refusedTimeout {
			return Errorf("the cluster refuses every change of partitions since %s: %w", refusedTimeout, kerr.ThrottlingQuotaExceeded)
		}
		q.report(c.pace.Left(c.now(), q.sizes()), refused)
	}
	return nil
}

// ask calls begun where the first step is done and others follow.
func (q *changes) ask(ctx context.Context, first step, again []step) error {
	begun := q.begun
	if begun == nil || slices.Contains(again, first) {
		return nil
	}
	q.begun = nil
	if len(q.todo) == 0 {
		return nil
	}
	return begun(ctx, first.topic)
}

// awaitTurn waits, and tells once a second how long that takes.
func (c *Cluster) awaitTurn(ctx context.Context, q *changes, wait time.Duration, refused bool) error {
	interrupted := ctx.Done()
	if wait <= shortWait {
		interrupted = nil
	}
	for until := time.Now().Add(wait); ; {
		q.report(c.pace.Left(c.now(), q.sizes()), refused)
		left := time.Until(until)
		if left <= 0 {
			return nil
		}
		select {
		case <-interrupted:
			return ctx.Err()
		case <-time.After(min(left, time.Second)):
		}
	}
}

func (q *changes) report(left time.Duration, refused bool) {
	q.tell(Progress{Done: q.done, Of: q.of, Left: left, Refused: refused})
}

func (q *changes) sizes() []int {
	sizes := make([]int, len(q.todo))
	for i, s := range q.todo {
		sizes[i] = s.partitions
	}
	return sizes
}

func sumOf(steps []step) (sum int) {
	for _, s := range steps {
		sum += s.partitions
	}
	return sum
}

// grows tells a step that adds partitions to a topic made before.
func (s step) grows() bool { return s.upTo > s.partitions }

// now is the time of the pace.
func (c *Cluster) now() time.Duration { return time.Since(c.opened) }

// outcome is the cluster's answer about one topic.
type outcome struct {
	code    int16
	message *string
}

// err is nil where the cluster did what was asked.
func (o outcome) err() error {
	err := kerr.ErrorForCode(o.code)
	if err != nil && o.message != nil && *o.message != "" {
		return answered{err, *o.message}
	}
	return err
}

// answered is an error of the cluster with its own words.
type answered struct {
	error
	words string
}

func (a answered) Error() string { return a.error.Error() + " (" + a.words + ")" }
func (a answered) Unwrap() error { return a.error }

// deferred tells a refusal that holds for now only.
func deferred(err error) bool { return errors.Is(err, kerr.ThrottlingQuotaExceeded) }
