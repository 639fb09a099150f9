package generator

import (
	"sync"
	"sync/atomic"
	"time"

	"msklt/internal/wire"
)

const (
	// slowAnswer is the age at which a request without an answer shows that the
	// cluster is slow.
	slowAnswer = 100 * time.Millisecond
	// fullLong is how long a client may be full for no reason of the cluster's.
	fullLong = 100 * time.Millisecond
)

// pushBack is what of one client's requests the cluster holds back.
type pushBack struct {
	mu    sync.Mutex
	until time.Time // a connection is throttled
	conns map[*tapConn]struct{}
}

func (b *pushBack) opened(c *tapConn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conns == nil {
		b.conns = map[*tapConn]struct{}{}
	}
	b.conns[c] = struct{}{}
}

func (b *pushBack) closed(c *tapConn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.conns, c)
}

// throttled notes a response that throttles its connection for d from now on.
func (b *pushBack) throttled(d time.Duration) {
	if d == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := time.Now().Add(d); t.After(b.until) {
		b.until = t
	}
}

// state tells whether any connection is throttled, and whether on any the cluster
// is slow to answer.
func (b *pushBack) state(now time.Time) (throttled, slow bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.conns {
		slow = slow || c.slow(now)
	}
	return now.Before(b.until), slow
}

// slow tells whether the oldest request on the connection waits for its answer too
// long. Only producing is meant: a fetch may wait for data.
func (c *tapConn) slow(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting) > 0 && c.waiting[0].key == wire.Produce && now.Sub(c.waiting[0].at) >= slowAnswer
}

// fullness judges, at each wake-up that leaves a client full, whose doing it is. It is
// the cluster's while a connection is throttled, while a request waits long for its
// answer, and while nothing comes through at all: no connection, no leader, errors.
// It still is while the client makes up for that, for as long as it lasted. Then a
// client that stays full could not keep up: it is too small, or too slow.
type fullness struct {
	tap      *tap
	busy     *atomic.Bool  // the processors are used up: slow answers prove nothing of the cluster
	patience time.Duration // without any record handed, until nothing comes through

	seen   time.Duration // the last wake-up
	handed time.Duration // the last at which a record was handed
	debt   time.Duration // held back by the cluster, and not made up for
	own    time.Duration // full since, for no reason of the cluster's
	behind int64         // measured records that came due when own was long
}

// judge notes a wake-up: whether it left the client full, how many records it
// handed, and how many more it found due.
func (p *producer) judge(now time.Duration, full bool, handed, due int64) {
	if p.Rate.Max {
		return // always full: there is no schedule to keep up with
	}
	f := &p.fullness
	if handed > 0 {
		f.handed = now
	}
	f.wake(now, full, full && (p.txn.full() || f.heldBack(now)))
	if f.own >= fullLong && inMeasured(p.spans, now) {
		f.behind += due
	}
}

// heldBack tells whether the cluster holds the client back right now.
func (f *fullness) heldBack(now time.Duration) bool {
	throttled, slow := f.tap.push.state(time.Now())
	silent := now-f.handed >= f.patience
	return throttled || (slow || silent) && !f.busy.Load()
}

// wake notes whether the client was full at a wake-up, and held back.
func (f *fullness) wake(now time.Duration, full, heldBack bool) {
	since := now - f.seen
	f.seen = now
	switch {
	case !full:
		f.debt, f.own = 0, 0
	case heldBack:
		f.debt, f.own = f.debt+since, 0
	case f.debt >= since:
		f.debt -= since
	default:
		f.debt = 0
		f.own += since
	}
}
