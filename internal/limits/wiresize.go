package limits

import (
	"msklt/scenario"
)

// The parts of Kafka's record format, version 2, that a record's size on the wire
// follows from (Apache Kafka documentation, "Message format").
const (
	batchHeader = 61
	// recordFields are a record's attributes, its time delta, and its offset
	// delta, while each delta fits one byte.
	recordFields = 3
	// oneByteDeltas is how many records of a batch have an offset delta of one
	// byte, and how many milliseconds a time delta of one byte spans.
	oneByteDeltas = 64
)

// recordSizes works out the expected size on the wire of one fleet's records, in
// bytes, before compression.
type recordSizes struct {
	headers int // the header count and all headers
	values  func(fixed int) float64
}

// newRecordSizes takes what does not depend on the key from a fleet.
func newRecordSizes(f scenario.Producer) recordSizes {
	s := recordSizes{headers: varint(len(f.Headers))}
	for _, h := range f.Headers {
		s.headers += varint(len(h.Name)) + len(h.Name) + varint(len(h.Value)) + len(h.Value)
	}
	s.values = func(fixed int) float64 {
		size := f.Value.Size.Max
		return float64(withLength(fixed+varint(size)+size))*(1-f.Value.Tombstones) + float64(withLength(fixed+1))*f.Value.Tombstones
	}
	return s
}

// of is the expected size of a record whose key has so many bytes, in a batch of
// at most oneByteDeltas records.
func (s recordSizes) of(key int) float64 {
	return s.values(recordFields + varint(key) + key + s.headers)
}

// withLength is the size of a record's body with its length in front.
func withLength(body int) int { return varint(body) + body }

// varint is the length of a zigzag varint.
func varint(n int) int {
	length := 1
	for z := 2 * n; z >= 128; z >>= 7 {
		length++
	}
	return length
}
