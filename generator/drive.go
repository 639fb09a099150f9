package generator

import (
	"context"
	"fmt"
	"sync"
	"time"

	"msklt/internal/cluster"
)

// latencySecond is the response times of the records acked in one second, and what
// was outstanding at its end.
type latencySecond struct {
	p50, p99, max time.Duration
	waiting       int64
	backlog       int64 // of all groups
}

// Progress is how far a run is.
type Progress struct {
	Stage   string // set before and after the traffic: what is being waited for
	Elapsed time.Duration
	Total   time.Duration
	Phase   string
	// Rates of the last second, keys and values.
	OfferedBytes, AckedBytes float64
	P99                      time.Duration
	// Throttled is the part of the client-broker connections that are paused
	// right now.
	Throttled float64
	Waiting   int64
}

func (r *run) say(stage string) {
	if r.Progress != nil {
		r.Progress(Progress{Stage: stage, Total: r.end})
	}
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
	watched := make(chan struct{})
	watching := make(chan struct{})
	go func() { defer close(watched); r.watch(watching) }()

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
	r.drain(context.WithoutCancel(ctx))
	for _, f := range r.idle {
		f.close() // so that the reconciliation finds a connection
	}
	r.finished = time.Since(r.start)
	r.awaitBatches()
	close(watching)
	<-watched
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
	var all sync.WaitGroup
	for _, p := range r.producer {
		all.Go(func() {
			ended := p.txn.last()
			soft, cancel := context.WithTimeout(ctx, drainTimeout)
			defer cancel()
			if p.client.Flush(soft) == nil && await(soft, ended) {
				return
			}
			hard, cancel := context.WithTimeout(ctx, abortTimeout)
			defer cancel()
			if err := p.client.AbortBufferedRecords(hard); err != nil {
				r.errors.add("drain", fmt.Errorf("requests in flight were never answered: %w", err), time.Since(r.start))
				p.client.UnsafeAbortBufferedRecords()
				told, cancel := context.WithTimeout(ctx, abortTimeout)
				defer cancel()
				_ = p.client.Flush(told) // the client tells of what it gave up in its own time
			}
			if !await(hard, ended) {
				p.txn.abandon()
			}
		})
	}
	all.Wait()
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
	for range 100 {
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
	merged := newLatencies(secondDigits)
	stopping := false
	for n := 1; ; n++ {
		select {
		case <-done:
			r.closeSecond(merged)
			return
		case <-time.After(time.Until(r.start.Add(time.Duration(n) * time.Second))):
		}
		r.closeSecond(merged)
		if !stopping {
			var b abort
			if b, stopping = r.firstBroken(time.Duration(n) * time.Second); stopping {
				r.broken <- b
			}
		}
		if r.Progress != nil {
			r.Progress(r.progress(n))
		}
	}
}

func (r *run) closeSecond(merged *latencies) {
	merged.Reset()
	var s latencySecond
	for _, p := range r.producer {
		l := p.recorder.swap()
		merged.merge(l)
		p.recorder.giveBack(l)
		s.waiting += p.recorder.waiting()
	}
	s.p50 = time.Duration(merged.ValueAtQuantile(50))
	s.p99 = time.Duration(merged.ValueAtQuantile(99))
	s.max = time.Duration(merged.Max())
	for _, g := range r.groups {
		n := g.backlog()
		g.backlogs = append(g.backlogs, n)
		s.backlog += n
	}
	r.seconds = append(r.seconds, s)
}

// progress describes the second before the nth second's end.
func (r *run) progress(n int) Progress {
	last := r.seconds[len(r.seconds)-1]
	p := Progress{Elapsed: time.Duration(n) * time.Second, Total: r.end, P99: last.p99, Waiting: last.waiting}
	p.Phase = r.phaseAt(p.Elapsed - time.Second)
	for _, c := range r.producer {
		c.recorder.mu.Lock()
		s := *c.recorder.at(p.Elapsed - time.Second)
		c.recorder.mu.Unlock()
		p.OfferedBytes += float64(s.offered) * c.recordBytes
		p.AckedBytes += float64(s.ackedBytes)
	}
	p.Throttled = r.observer.throttledNow()
	return p
}

// throttledNow is the part of the links with load that are paused right now.
func (o *observer) throttledNow() float64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	at, paused, loaded := o.now(), 0, 0
	for _, l := range o.order {
		if !l.loaded() {
			continue
		}
		loaded++
		if n := len(l.throttles.union); n > 0 && l.throttles.union[n-1].to > at {
			paused++
		}
	}
	if loaded == 0 {
		return 0
	}
	return float64(paused) / float64(loaded)
}

// settle reads the log's ends, lets the groups read up to them, and closes the
// clients.
//
// A cluster that is gone by now costs the reconciliation, not the result.
func (r *run) settle(ctx context.Context) {
	r.ends = r.logEnds(ctx)
	for deadline := time.Now().Add(markerTimeout); r.ends && r.missesMarkers() && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
		r.ends = r.logEnds(ctx)
	}
	if r.ends {
		r.awaitReaders()
	}
	r.close()
	r.reading.Wait()
	if r.ends && r.shared() {
		r.ends = r.logEnds(ctx) // others may have written since, and groups read it
	}
	r.ends = r.ends && r.offsets(ctx, r.cluster.LogStarts, func(t *cluster.Topic, first []int64) { t.First = first })
}

func (r *run) logEnds(ctx context.Context) bool {
	return r.offsets(ctx, r.cluster.LogEnds, func(t *cluster.Topic, end []int64) { t.End = end })
}

// offsets reads offsets of every topic and tells whether it could.
func (r *run) offsets(ctx context.Context, read func(context.Context, []*cluster.Topic) ([][]int64, error), keep func(*cluster.Topic, []int64)) bool {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	all := r.sortedTopics()
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
	for _, t := range r.topics {
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
		for !g.caughtUp() {
			if n := g.seen(); n != seen {
				seen, moved = n, time.Now()
			}
			limit := stallTimeout
			if r.stopped < r.end {
				limit = stallTimeout / 10
			}
			if time.Since(moved) > limit || time.Since(begin) > readTimeout {
				r.errors.add("fetch", fmt.Errorf("group %s stopped before the end of the log", g.Name), r.clock.now())
				break
			}
			r.say("waiting for group " + g.Name + " to read to the end of the log")
			time.Sleep(50 * time.Millisecond)
		}
	}
}
