package generator

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"msklt/report"
)

// eventLog keeps what happened to the run from outside. Beyond a bound events of a
// kind are only counted, so that a cluster that fails all the time costs no memory.
type eventLog struct {
	mu    sync.Mutex
	seen  []report.Event
	kinds map[string]*eventKind
}

// eventKind counts the events of a kind; those that are not kept happened from first
// to last.
type eventKind struct {
	kept, more  int
	first, last float64
}

// maxEvents of one kind are kept.
const maxEvents = 200

func newEventLog() *eventLog { return &eventLog{kinds: map[string]*eventKind{}} }

// add notes an event that begins at a time; until is 0 where it has no end. Broker
// is -1 where it concerns none.
func (l *eventLog) add(kind string, at, until time.Duration, broker int32, text string) {
	e := report.Event{At: at.Seconds(), Until: until.Seconds(), Kind: kind, Text: text}
	if broker >= 0 {
		e.Broker = &broker
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.kinds[kind]
	if k == nil {
		k = new(eventKind)
		l.kinds[kind] = k
	}
	if k.kept < maxEvents {
		k.kept++
		l.seen = append(l.seen, e)
		return
	}
	if k.more == 0 {
		k.first, k.last = e.At, e.At
	}
	k.more++
	k.first, k.last = min(k.first, e.At), max(k.last, e.At)
}

// list is all events in the order of their times. Those of a kind that are not kept
// are one event, which says how many they are.
func (l *eventLog) list() []report.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := append([]report.Event{}, l.seen...)
	for _, kind := range slices.Sorted(maps.Keys(l.kinds)) {
		if k := l.kinds[kind]; k.more > 0 {
			out = append(out, report.Event{At: k.first, Until: k.last, Kind: kind, Text: fmt.Sprintf("%d more of this kind, which are not listed", k.more)})
		}
	}
	slices.SortStableFunc(out, func(a, b report.Event) int { return cmp.Compare(a.At, b.At) })
	return out
}
