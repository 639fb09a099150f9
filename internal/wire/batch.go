package wire

import "encoding/binary"

// Batch is what the head of a record batch tells of its records.
type Batch struct {
	Records     int
	First, Last int64 // earliest and latest timestamp of its records, in milliseconds since 1970
}

// Where a batch (magic 2) has what.
const (
	magicAt     = 16
	firstTimeAt = 27
	lastTimeAt  = 35
	recordsAt   = 57
	batchHead   = 61
)

// ReadBatch reads the head of the batch that records begin with; ok is false for
// anything but a batch of magic 2.
func ReadBatch(records []byte) (b Batch, ok bool) {
	if len(records) < batchHead || records[magicAt] != 2 {
		return Batch{}, false
	}
	return Batch{
		Records: int(binary.BigEndian.Uint32(records[recordsAt:])),
		First:   int64(binary.BigEndian.Uint64(records[firstTimeAt:])),
		Last:    int64(binary.BigEndian.Uint64(records[lastTimeAt:])),
	}, true
}
