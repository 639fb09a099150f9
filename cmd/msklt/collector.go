package main

import "runtime/debug"

const (
	// embeddedGC is the garbage collector's target where the cluster's log is part
	// of the heap: a quarter less memory for 3 % more CPU (DESIGN.md).
	embeddedGC = 50
	// ballastBytes is how much more garbage may gather before it is collected where
	// the heap is small.
	ballastBytes = 64 << 20
)

// setCollector suits the garbage collector to a run, unless GOGC is set. The ballast
// counts as heap for as long as the caller keeps it, but is never touched, so that
// it takes no memory itself: a client's buffers are reused and its heap is small, so
// that a collection every few megabytes would be a tenth of its work.
func (p *process) setCollector(embedded bool) (ballast []byte) {
	if _, set := p.getenv("GOGC"); set {
		return nil
	}
	if embedded {
		debug.SetGCPercent(embeddedGC)
		return nil
	}
	return make([]byte, ballastBytes)
}
