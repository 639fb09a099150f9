package limits

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"

	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/scenario"
)

// sampleBatches is how many batches are compressed for an estimate.
const sampleBatches = 4

// compressionRatio returns the function from a number of records in a batch to the
// size of the compressed records ÷ their size before, estimated by compressing
// batches of the fleet's own keys and values as the client does; nil without
// compression. Batches of 1, 2, 4, … records are compressed; between them what a
// batch costs beyond its records is spread over them.
func compressionRatio(f scenario.Producer, seed uint64) func(perBatch float64) float64 {
	codec, ok := codecOf(f.Settings)
	if !ok {
		return nil
	}
	compressor, err := kgo.DefaultCompressor(codec)
	if err != nil || compressor == nil {
		return nil // a level that the codec does not have: the scenario's checks say so
	}
	known := map[int]float64{}
	of := func(records int) float64 {
		ratio, done := known[records]
		if !done {
			ratio = newSampler(f, seed).ratio(compressor, records)
			known[records] = ratio
		}
		return ratio
	}
	return func(perBatch float64) float64 {
		n := max(1, perBatch)
		below := 1 << (bits.Len(uint(n)) - 1)
		a, b := of(below), of(2*below)
		return a + (b-a)*(1/float64(below)-1/n)/(1/float64(below)-1/float64(2*below))
	}
}

// ratio compresses batches of so many records.
func (s *sampler) ratio(compressor kgo.Compressor, records int) float64 {
	before, after := 0, 0
	for range sampleBatches {
		plain := s.records(records)
		compressed, _ := compressor.Compress(new(bytes.Buffer), plain)
		before += len(plain)
		after += min(len(plain), len(compressed)) // what does not shrink is sent as it is
	}
	return float64(after) / float64(before)
}

func codecOf(s scenario.ProducerSettings) (kgo.CompressionCodec, bool) {
	var codec kgo.CompressionCodec
	switch s.Compression {
	case "gzip":
		codec = kgo.GzipCompression()
	case "snappy":
		codec = kgo.SnappyCompression()
	case "lz4":
		codec = kgo.Lz4Compression()
	case "zstd":
		codec = kgo.ZstdCompression()
	default:
		return codec, false
	}
	if s.CompressionLevel != scenario.DefaultLevel {
		codec = codec.WithLevel(s.CompressionLevel)
	}
	return codec, true
}

// sampler makes records as the generator does.
type sampler struct {
	fleet  scenario.Producer
	keys   *scenario.Keys
	values *scenario.Values
	random *rand.ChaCha8
	slot   int64
}

func newSampler(f scenario.Producer, seed uint64) *sampler {
	var s [32]byte
	binary.BigEndian.PutUint64(s[:], seed)
	return &sampler{f, scenario.NewKeys(f.Key, seed, f.Name), scenario.NewValues(f.Value, seed, f.Name), rand.NewChaCha8(s), 0}
}

// records encodes the next n records in Kafka's format, version 2.
func (s *sampler) records(n int) []byte {
	var all, body []byte
	for i := range n {
		slot := s.slot
		s.slot++
		body = append(body[:0], 0, byte(i/8)) // attributes, milliseconds
		body = binary.AppendVarint(body, int64(i))
		if s.fleet.Key.Keys == 0 {
			body = binary.AppendVarint(body, -1)
		} else {
			key := s.keys.Draw(slot, 0)
			body = s.keys.Append(binary.AppendVarint(body, int64(s.keys.Length(key))), key)
		}
		body = s.value(body, slot)
		body = binary.AppendVarint(body, int64(len(s.fleet.Headers)))
		for _, h := range s.fleet.Headers {
			body = append(binary.AppendVarint(body, int64(len(h.Name))), h.Name...)
			body = append(binary.AppendVarint(body, int64(len(h.Value))), h.Value...)
		}
		all = append(binary.AppendVarint(all, int64(len(body))), body...)
	}
	return all
}

// value appends a slot's value: of every 256 bytes the share that is the entropy is
// random, and the first 16 bytes are the run's stamp.
func (s *sampler) value(body []byte, slot int64) []byte {
	const block, stamp = 256, 16
	size, tombstone, sample := s.values.Draw(slot)
	switch {
	case tombstone:
		return binary.AppendVarint(body, -1)
	case sample != scenario.NoSample:
		return append(binary.AppendVarint(body, int64(size)), s.fleet.Value.Samples[sample]...)
	}
	body = binary.AppendVarint(body, int64(size))
	value := make([]byte, size)
	for from := 0; from < size; from += block {
		length := min(block, size-from)
		_, _ = s.random.Read(value[from : from+int(math.Round(float64(length)*s.fleet.Value.Entropy))]) // never fails
	}
	if size >= stamp {
		binary.BigEndian.PutUint64(value[8:], uint64(1.7e18)+uint64(slot)*1e5) // the time it leaves
	}
	return append(body, value...)
}
