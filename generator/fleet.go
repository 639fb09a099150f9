package generator

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/scenario"
)

// fleet is what the clients of one producer fleet share: all of it fixed before
// the run.
type fleet struct {
	scenario.Producer
	topics   []target // which its records go to in turn, by slot
	schedule scenario.Schedule
	keys     *scenario.Keys // nil without keys
	values   *scenario.Values
	pool     []byte // that values are pieces of; nil where each has bytes of its own
	headers  []kgo.RecordHeader
	measured []bool // by phase
	spans    []interval
	start    time.Time
	stamp    stamp
	skew     time.Duration // of the clock that stamps are of
	errors   *errorLog
	pace     *dialPace
	end      time.Duration // of the last phase

	recordBytes float64 // of key and value, expected
}

// target is a topic that a fleet writes to.
type target struct {
	topic      string // on the cluster
	partitions []*partitionLoad
}

// target is the topic of a slot.
func (f *fleet) target(slot int64) *target {
	if len(f.topics) == 1 {
		return &f.topics[0] // a division for each record is worth sparing
	}
	return &f.topics[slot%int64(len(f.topics))]
}

// slot is the index, in the fleet's schedule, of record n of one of its clients.
func (f *fleet) slot(client int, n int64) int64 {
	return int64(client) + n*int64(f.Clients)
}

// due is how many of a client's records are due at a time.
func (f *fleet) due(client int, t time.Duration) int64 {
	return scenario.ShardSlots(f.schedule.Due(t), client, f.Clients)
}

// intended is when record n of a client leaves, and whether it is measured.
func (f *fleet) intended(client int, n int64) (time.Duration, bool) {
	t := f.schedule.At(f.slot(client, n))
	p := f.schedule.PhaseAt(t)
	return t, p < len(f.measured) && f.measured[p]
}

// inMeasured tells whether a time lies in a measured phase.
func inMeasured(spans []interval, t time.Duration) bool {
	for _, s := range spans {
		if t >= s.from && t < s.to {
			return true
		}
	}
	return false
}

// wakes remembers at which wake-up records were found due that could not be
// handed yet. It is bounded: when full, neighbours are merged into the later one,
// which moves an attempt by less than a hundredth of the backlog's age.
type wakes struct {
	head int
	log  []wake
}

type wake struct {
	upTo int64 // records below were found due by then
	at   time.Duration
}

const maxWakes = 4096

func (w *wakes) add(upTo int64, at time.Duration) {
	if len(w.log) == maxWakes {
		kept := w.log[:0]
		for i := w.head; i < len(w.log); i += 2 {
			kept = append(kept, w.log[min(i+1, len(w.log)-1)])
		}
		w.log, w.head = kept, 0
	}
	w.log = append(w.log, wake{upTo, at})
}

// attempted is when record n was found due; n must not go backwards.
func (w *wakes) attempted(n int64) time.Duration {
	for w.log[w.head].upTo <= n {
		w.head++
	}
	at := w.log[w.head].at
	if w.head == len(w.log)-1 {
		w.log, w.head = append(w.log[:0], w.log[w.head]), 0
	}
	return at
}
