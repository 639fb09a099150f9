package generator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// hurriedTimeout is how long each step after the drain may take once somebody has
	// interrupted the run: a cluster that answers takes a moment.
	hurriedTimeout = 5 * time.Second
	// leavingTimeout is how long the clients may take to tell of what they gave up, once
	// somebody wants to leave at once.
	leavingTimeout = 500 * time.Millisecond
)

// within is a context for what is still awaited after the traffic. It outlives the
// interrupt of ctx, and ends when somebody leaves at once.
func (r *run) within(ctx context.Context, long time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := context.WithTimeout(context.WithoutCancel(ctx), long)
	stop := context.AfterFunc(r.Leave, cancel)
	return out, func() { stop(); cancel() }
}

// hurried is within for a step that an interrupt of ctx, also one that comes meanwhile,
// leaves little time.
func (r *run) hurried(ctx context.Context, long time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := r.within(ctx, long)
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-out.Done():
		case <-time.After(hurriedTimeout):
			cancel()
		}
	})
	return out, func() { stop(); cancel() }
}

// leaves tells that somebody wants to leave at once: nothing is awaited any more.
func (r *run) leaves() bool { return r.Leave.Err() != nil }

// waited tells for how long answers were awaited, by a context that is done, and whether
// somebody cut that short. All clients that waited to the end, which is long after the
// traffic's, say the same, so that their records are counted together.
func (r *run) waited(ctx context.Context, long time.Duration) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Sprintf("%gs after the traffic ended", long.Seconds())
	}
	since := time.Since(r.start) - time.Duration(r.draining.Load())
	return fmt.Sprintf("%gs after the traffic ended, when an interrupt cut the wait short", since.Round(100*time.Millisecond).Seconds())
}

// closeTimeout is more than clients take to close: some wait for a commit.
const closeTimeout = 2 * time.Minute

// close ends all clients, at once: a cluster that is gone keeps each one waiting. After
// an interrupt those that take longer are left to themselves.
func (r *run) close(ctx context.Context) {
	quick, cancel := r.hurried(ctx, closeTimeout)
	defer cancel()
	for _, f := range r.idle {
		f.close()
	}
	if r.leaves() {
		r.stopReading() // a client that leaves its group may not return from reading
	}
	var all sync.WaitGroup
	for _, p := range r.producer {
		all.Go(p.client.Close)
	}
	for _, g := range r.groups {
		for _, m := range g.present {
			all.Go(func() {
				ctx, cancel := r.within(ctx, leaveTimeout)
				defer cancel()
				m.close(ctx)
			})
		}
	}
	closed := make(chan struct{})
	go func() {
		all.Wait()
		r.reading.Wait()
		close(closed)
	}()
	if !await(quick, closed) {
		r.stopReading()
	}
}

// stopReading has the members read no more, and waits a moment for those that do.
func (r *run) stopReading() {
	ctx, cancel := context.WithTimeout(context.Background(), leavingTimeout)
	defer cancel()
	for _, g := range r.groups {
		for _, m := range g.present {
			if m.stop != nil {
				m.stop()
				await(ctx, m.done)
			}
		}
	}
}
