package generator

import (
	"context"
	"errors"
	"sync"
	"time"
)

// latencySecond is the response times of the records acked in one second, the
// end-to-end times of those that arrived in it, and what was outstanding at its end.
type latencySecond struct {
	response, endToEnd percentiles
	waiting            int64
	backlog            int64 // of all groups
}

// percentiles are 0 where nothing was recorded.
type percentiles struct{ p50, p99, max time.Duration }

func percentilesOf(l *latencies) percentiles {
	return percentiles{time.Duration(l.ValueAtQuantile(50)), time.Duration(l.ValueAtQuantile(99)), time.Duration(l.Max())}
}

// drive runs the traffic, then waits until what was sent is acknowledged.
func (r *run) drive(ctx context.Context) {
	reading := context.WithoutCancel(ctx) // ends when the members' clients are closed
	traffic, over := context.WithCancel(reading)
	defer over()
	var turns sync.WaitGroup
	for _, g := range r.groups {
		for _, m := range g.members {
			r.reads(reading, traffic, m)
		}
		turns.Go(func() { r.follow(reading, traffic, g) })
	}
	var watched sync.WaitGroup
	watching := make(chan struct{})
	watched.Go(func() { r.probe(watching) })
	watched.Go(func() { r.watch(watching) })
	watched.Go(func() { r.health.watch(r.start, r.stalled, watching) })

	stop := make(chan struct{})
	var stoppedAt time.Duration
	var sending sync.WaitGroup
	for _, p := range r.producer {
		sending.Go(func() { p.send(stop, func() time.Duration { return stoppedAt }) })
	}
	if len(r.producer) == 0 {
		sending.Go(func() { r.pass(stop) })
	}
	sent := make(chan struct{})
	go func() { sending.Wait(); close(sent) }()
	r.stopped = r.end
	halt := func() {
		stoppedAt = min(max(0, time.Since(r.start)), r.end)
		r.stopped = stoppedAt
		close(stop)
		<-sent
	}
	select {
	case <-sent:
	case <-ctx.Done():
		halt()
		r.interrupted = r.stopped < r.end
	case b := <-r.broken:
		halt()
		b.at = r.stopped
		r.aborted = &b
	}
	for _, f := range r.idle {
		f.held = f.open.Load()
	}
	r.drain(ctx)
	for _, f := range r.idle {
		f.close() // so that the reconciliation finds a connection
	}
	r.finished = time.Since(r.start)
	r.awaitBatches()
	close(watching)
	watched.Wait()
	over()
	turns.Wait()
}

// pass lets the phases go by where nobody sends.
func (r *run) pass(stop <-chan struct{}) {
	select {
	case <-stop:
	case <-time.After(time.Until(r.start.Add(r.end))):
	}
}

// drain awaits what was handed, then aborts what the clients still hold and
// awaits the requests in flight, so that every record's fate is known.
func (r *run) drain(ctx context.Context) {
	r.draining.Store(int64(time.Since(r.start)))
	var all sync.WaitGroup
	for _, p := range r.producer {
		all.Go(func() { r.empty(ctx, p) })
	}
	all.Wait()
}

// empty is drain for one client.
func (r *run) empty(ctx context.Context, p *producer) {
	ended := p.txn.last()
	soft, cancel := r.within(ctx, drainTimeout)
	defer cancel()
	if p.client.Flush(soft) == nil && await(soft, ended) {
		return
	}
	p.gaveUp.Store(errors.New("not acknowledged " + r.waited(soft, drainTimeout)))
	hard, cancel := r.hurried(ctx, abortTimeout)
	defer cancel()
	if p.client.AbortBufferedRecords(hard) != nil {
		waited := r.waited(hard, drainTimeout+abortTimeout)
		p.gaveUp.Store(errors.New("not acknowledged " + waited))
		r.errors.add("drain", errors.New("requests in flight were not answered "+waited), time.Since(r.start))
		p.client.UnsafeAbortBufferedRecords()
		patience := abortTimeout
		if r.leaves() {
			patience = leavingTimeout
		}
		told, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		_ = p.client.Flush(told) // the client tells of what it gave up in its own time
	}
	if !await(hard, ended) {
		p.txn.abandon()
	}
}

// await waits for a channel that is closed when something is done; false when the
// context ends first.
func await(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// awaitBatches waits a moment for the batches of the last acknowledgements. What is
// still missing then shows: bytes acked fall short.
func (r *run) awaitBatches() {
	for _, p := range r.producer {
		p.recorder.settle()
	}
	for i := 0; i < 100 && !r.leaves(); i++ {
		settled := true
		for _, loads := range r.loads {
			for _, l := range loads {
				settled = settled && l.settled()
			}
		}
		if settled {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// watch closes each second of the response times, and looks for the threshold that
// stops the run, until done is closed.
func (r *run) watch(done <-chan struct{}) {
	responses := newLately()
	r.tell(0, false)
	stopping := false
	for n := 1; ; n++ {
		select {
		case <-done:
			r.closeSecond(responses.begin())
			return
		case <-time.After(time.Until(r.start.Add(time.Duration(n) * time.Second))):
		}
		r.closeSecond(responses.begin())
		if !stopping {
			var b abort
			if b, stopping = r.firstBroken(time.Duration(n) * time.Second); stopping {
				r.broken <- b
			}
		}
		if r.Progress != nil {
			r.Progress(r.progress(n, responses))
		}
		r.tell(time.Duration(n)*time.Second, false)
	}
}

// closeSecond sums up the second that ends, into a histogram that is empty.
func (r *run) closeSecond(merged *latencies) {
	var s latencySecond
	for _, p := range r.producer {
		l := p.recorder.swap()
		merged.merge(l)
		p.recorder.giveBack(l)
		s.waiting += p.recorder.waiting()
	}
	s.response = percentilesOf(merged)
	endToEnd := newLatencies(secondDigits)
	for _, g := range r.groups {
		for _, m := range g.everyMember() {
			m.closeSecond(endToEnd)
		}
		n := g.backlog()
		g.backlogs = append(g.backlogs, n)
		s.backlog += n
	}
	s.endToEnd = percentilesOf(endToEnd)
	r.seconds = append(r.seconds, s)
}
