package generator

import (
	"encoding/binary"
	"time"
)

// stamp marks a run's records and carries their intended time, so that whoever
// receives one knows how old it is: eight bytes that name the run, eight of
// nanoseconds since 1970. Values too short for it carry their intended time as
// the record's timestamp only, in milliseconds.
type stamp struct{ run uint64 }

const stampSize = 16

func (s stamp) put(value []byte, intended time.Time) {
	if len(value) >= stampSize {
		binary.BigEndian.PutUint64(value, s.run)
		binary.BigEndian.PutUint64(value[8:], uint64(intended.UnixNano()))
	}
}

// read returns a record's intended time; ok is false for a record of another run.
func (s stamp) read(value []byte, timestamp time.Time) (intended time.Time, ok bool) {
	if len(value) < stampSize {
		return timestamp, true
	}
	if binary.BigEndian.Uint64(value) != s.run {
		return time.Time{}, false
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(value[8:]))), true
}
