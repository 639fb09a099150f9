package wire

import "encoding/binary"

// Batch is what the head of a record batch tells of its records.
type Batch struct {
	Records     int
	First, Last int64 // earliest and latest timestamp of its records, in milliseconds since 1970
}

// Where a batch (magic 2) has what.
const (
	lengthAt     = 8 // after the base offset; counts what follows it
	magicAt      = 16
	firstTimeAt  = 27
	lastTimeAt   = 35
	producerIDAt = 43
	recordsAt    = 57
	batchHead    = 61 // without records
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

// UnsafeRecords is how many records the batches of one partition of a produce
// request hold that a broker appends again when it is sent them again: those of a
// producer that is not idempotent.
func UnsafeRecords(batches []byte) (n int64) {
	for len(batches) >= batchHead && batches[magicAt] == 2 {
		if int64(binary.BigEndian.Uint64(batches[producerIDAt:])) < 0 {
			n += int64(binary.BigEndian.Uint32(batches[recordsAt:]))
		}
		end := lengthAt + 4 + int64(binary.BigEndian.Uint32(batches[lengthAt:]))
		batches = batches[min(end, int64(len(batches))):]
	}
	return n
}
