package generator

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
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

// read returns a record's intended time. A record without the stamp counts only in
// a topic that the run created, where there are no others' (ours), and only if
// the broker left its timestamp alone; ok is false for the rest.
func (s stamp) read(r *kgo.Record, ours bool) (intended time.Time, ok bool) {
	if len(r.Value) >= stampSize && binary.BigEndian.Uint64(r.Value) == s.run {
		return time.Unix(0, int64(binary.BigEndian.Uint64(r.Value[8:]))), true
	}
	const logAppendTime = 1
	return r.Timestamp, ours && r.Attrs.TimestampType() != logAppendTime
}
