package generator

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/cluster"
	"msklt/scenario"
)

// stamp marks a run's records and carries their intended time, so that whoever
// receives one knows how old it is: four bytes that every run of msklt writes, four
// that name the run, eight of nanoseconds since 1970. What cannot carry it (short
// values, tombstones, samples) has its intended time as the record's timestamp
// only, in milliseconds.
type stamp struct{ run uint64 } // the first eight bytes

const (
	stampSize = 16
	// stampMark is the first half of every run's stamp.
	stampMark = 0x6d736b6c // "mskl"
)

// newStamp is the stamp of a new run.
func newStamp() stamp { return stamp{stampMark<<32 | uint64(rand.Uint32())} }

func (s stamp) put(value []byte, intended time.Time) {
	if len(value) >= stampSize {
		binary.BigEndian.PutUint64(value, s.run)
		binary.BigEndian.PutUint64(value[8:], uint64(intended.UnixNano()))
	}
}

// read returns a record's intended time in nanoseconds since 1970. In a topic that
// only others write to, any run's stamp counts. A record without one counts only in a
// topic that the run created, where there are no others', and only if the broker left
// its timestamp alone; ok is false for the rest.
func (s stamp) read(r *kgo.Record, by writers) (intended int64, ok bool) {
	if len(r.Value) >= stampSize && s.known(binary.BigEndian.Uint64(r.Value), by) {
		return int64(binary.BigEndian.Uint64(r.Value[8:])), true
	}
	const logAppendTime = 1
	return r.Timestamp.UnixNano(), by == onlyUs && r.Attrs.TimestampType() != logAppendTime
}

// known tells whether the first eight bytes of a value are a stamp that counts.
func (s stamp) known(first uint64, by writers) bool {
	return first == s.run || by == onlyOthers && first>>32 == stampMark
}

// writers are who writes to a topic.
type writers int

const (
	onlyUs      writers = iota // the run created it
	weAndOthers                // it was there, and a fleet of the run writes to it
	onlyOthers                 // it was there, and the run only reads it
)

// writersOf says who writes to a topic.
func (r *run) writersOf(t *cluster.Topic) writers {
	switch {
	case t.Created:
		return onlyUs
	case slices.ContainsFunc(r.Scenario.Producers, func(p scenario.Producer) bool { return p.Topic == t.Name }):
		return weAndOthers
	}
	return onlyOthers
}

// unread tells that no value of a fleet will ever be looked at: its topics go with the
// run, and no group reads them.
func (r *run) unread(p scenario.Producer) bool {
	reads := func(c scenario.Consumer) bool { return slices.Contains(c.Topics, p.Topic) }
	return !r.Keep && !slices.ContainsFunc(r.Scenario.Consumers, reads) &&
		!slices.ContainsFunc(r.topicsNamed(p.Topic), func(t *cluster.Topic) bool { return !t.Created })
}
