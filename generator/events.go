package generator

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"msklt/report"
)

// eventLog keeps what happened to the run from outside. Beyond a bound events of a
// kind are left out, so that a cluster that fails all the time costs no memory.
type eventLog struct {
	mu    sync.Mutex
	seen  []report.Event
	kinds map[string]int
}

// maxEvents of one kind are kept.
const maxEvents = 200

func newEventLog() *eventLog { return &eventLog{kinds: map[string]int{}} }

// add notes an event that begins at a time; until is 0 where it has no end. Broker
// is -1 where it concerns none.
func (l *eventLog) add(kind string, at, until time.Duration, broker int32, text string) {
	e := report.Event{At: at.Seconds(), Until: until.Seconds(), Kind: kind, Text: text}
	if broker >= 0 {
		e.Broker = &broker
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kinds[kind]++
	if l.kinds[kind] <= maxEvents {
		l.seen = append(l.seen, e)
	}
}

// list is all events in the order of their times.
func (l *eventLog) list() []report.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := append([]report.Event{}, l.seen...)
	slices.SortStableFunc(out, func(a, b report.Event) int { return cmp.Compare(a.At, b.At) })
	return out
}
