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
	// oneByteDelta is the first number that a varint takes a second byte for.
	oneByteDelta = 64
)

// recordSizes works out the expected size on the wire of one fleet's records, in
// bytes, before compression. Lengths are sampled from the fleet's own values, for
// how many bytes they take to write; the mean is the law's.
type recordSizes struct {
	headers int     // the header count and all headers
	mean    float64 // of a value
	sampled []int   // sizes of values; -1 for a tombstone
	known   map[int]float64
}

// sampledValues is how many values tell how long their lengths are. The error is at
// most one byte ÷ √4096.
const sampledValues = 4096

func newRecordSizes(f scenario.Producer, seed uint64) *recordSizes {
	s := &recordSizes{headers: varint(len(f.Headers)), mean: f.Value.MeanBytes(), known: map[int]float64{}}
	for _, h := range f.Headers {
		s.headers += varint(len(h.Name)) + len(h.Name) + varint(len(h.Value)) + len(h.Value)
	}
	v := f.Value
	if v.Size.Shape == scenario.FixedSize && v.Tombstones == 0 && len(v.Samples) == 0 {
		s.sampled = []int{v.Size.Max}
		return s
	}
	values := scenario.NewValues(v, seed, f.Name)
	for slot := range int64(sampledValues) {
		size, tombstone, _ := values.Draw(slot)
		if tombstone {
			size = -1
		}
		s.sampled = append(s.sampled, size)
	}
	return s
}

// of is the expected size of a record whose key has so many bytes.
func (s *recordSizes) of(key int) float64 {
	if size, ok := s.known[key]; ok {
		return size
	}
	fixed, lengths := recordFields+varint(key)+key+s.headers, 0
	for _, size := range s.sampled {
		length := 1 // of a null value
		if size >= 0 {
			length = varint(size)
		}
		lengths += length + varint(fixed+length+max(0, size))
	}
	size := float64(fixed) + s.mean + float64(lengths)/float64(len(s.sampled))
	s.known[key] = size
	return size
}

// spread is how far sampled values are from their mean size.
func (s *recordSizes) spread() []float64 {
	out := make([]float64, len(s.sampled))
	for i, size := range s.sampled {
		out[i] = float64(max(0, size)) - s.mean
	}
	return out
}

// varint is the length of a zigzag varint.
func varint(n int) int {
	length := 1
	for z := 2 * n; z >= 128; z >>= 7 {
		length++
	}
	return length
}
