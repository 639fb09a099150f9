package generator

import "time"

// stopwatch reads the clock once for several records that are handed one after the
// other: a reading takes 25 to 50 ns, a tenth of what the client takes for a small
// record. A record's time is early by less than what recordsPerLook records take,
// some 3 µs, unless the goroutine loses its processor meanwhile: so the service
// time, and where there is no schedule the response time, is never shown shorter
// than it was.
type stopwatch struct {
	at   time.Duration
	left int // records until the next look
}

const recordsPerLook = 8

// now is the time since start, for one record.
func (w *stopwatch) now(start time.Time) time.Duration {
	if w.left == 0 {
		w.at, w.left = time.Since(start), recordsPerLook
	}
	w.left--
	return w.at
}

// notes are what the recorder is told of together, some records at a time.
type notes struct {
	attempts  []attempt
	handovers []handover
	records   int // counted once for each note
}

const mostNotes = 128 // of both kinds: 64 records

// found notes that a record was found due; records that are alike follow each other,
// when nothing paces them.
func (n *notes) found(intended, at time.Duration, measured bool) {
	if last := len(n.attempts) - 1; last >= 0 && n.attempts[last].like(intended, at, measured) {
		n.attempts[last].records++
	} else {
		n.attempts = append(n.attempts, attempt{intended: intended, at: at, measured: measured, records: 1})
	}
	n.records++
}

// handed notes that the client library took a record.
func (n *notes) handed(wait time.Duration, measured bool) {
	last := len(n.handovers) - 1
	if last >= 0 && n.handovers[last].wait == wait && n.handovers[last].measured == measured {
		n.handovers[last].records++
	} else {
		n.handovers = append(n.handovers, handover{wait: wait, measured: measured, records: 1})
	}
	n.records++
}

// tell tells the recorder what it has not been told yet.
func (p *producer) tell() {
	if len(p.notes.attempts) > 0 {
		p.recorder.attempted(p.notes.attempts)
		p.notes.attempts = p.notes.attempts[:0]
	}
	if len(p.notes.handovers) > 0 {
		p.recorder.handed(p.notes.handovers)
		p.notes.handovers = p.notes.handovers[:0]
	}
	p.notes.records = 0
}
