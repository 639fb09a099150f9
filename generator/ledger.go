package generator

import "sync"

// ledger guards what is recorded, until the result is made of it. Clients that were left
// behind after an interrupt may still hear something then: that comes too late.
type ledger struct {
	mu     sync.Mutex
	closed bool
}

// enter locks the ledger for something to be recorded; false where that comes too late.
func (l *ledger) enter() bool {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return false
	}
	return true
}

func (l *ledger) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

// closeLedgers ends all recording, so that the result is read by one goroutine alone.
func (r *run) closeLedgers() {
	r.observer.close()
	for _, p := range r.producer {
		p.waits.close()
		p.recorder.close()
		if p.txn != nil {
			p.txn.close()
		}
	}
	for _, g := range r.groups {
		for _, m := range g.everyMember() {
			m.ledger.close()
		}
		for _, partitions := range g.progress {
			for _, p := range partitions {
				p.close()
			}
		}
	}
	for _, partitions := range r.loads {
		for _, p := range partitions {
			p.close()
		}
	}
}
