package generator

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/cluster"
	"msklt/scenario"
)

// payloadProducer is a producing client without a connection, whose records can be
// looked at.
func payloadProducer(p scenario.Producer) *producer {
	f := &fleet{Producer: p, topics: []target{{topic: "t"}}, start: time.Unix(1e9, 0), stamp: stamp{run: 0x0123456789abcdef},
		values: scenario.NewValues(p.Value, 1, "f")}
	if p.Key.Keys > 0 {
		f.keys = scenario.NewKeys(p.Key, 1, "f")
	}
	return &producer{fleet: f, random: rand.NewChaCha8([32]byte{1})}
}

// TestEntropy compresses values with every codec, many at once as in a batch: what
// is random stays, what is constant nearly goes.
//
// The bound from below is the random share, less a byte for each value whose
// random part is rounded. The bound from above allows for what a codec spends: it
// must say where the constant part of each block begins and ends (8 bytes for a
// block of 256). Snappy repeats at most 64 bytes at a time, for 3 bytes.
func TestEntropy(t *testing.T) {
	codecs := map[string]kgo.CompressionCodec{"gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()}
	sizes := map[string]scenario.Size{
		"1 KiB": scenario.Fixed(1024), "100 B": scenario.Fixed(100), "1000 B": scenario.Fixed(1000),
		"lognormal": {Shape: scenario.LognormalSize, Median: 800, P99: 8000, Min: 100, Max: 20000},
	}
	for name, size := range sizes {
		for _, entropy := range []float64{0, 0.1, 0.25, 0.6, 0.9, 1} {
			p := payloadProducer(scenario.Producer{Value: scenario.Value{Size: size, Entropy: entropy}})
			var batch []byte
			random, stamps, blocks := 0.0, 0.0, 0.0
			for round := range 3 { // later rounds use the buffers of the first again, for other sizes
				batch = batch[:0]
				random, stamps, blocks = 0, 0, 0
				var out []*flight
				for i := range 200 {
					f := p.make(p.content(int64(1000*round+i), 0), 0)
					batch = append(batch, f.record.Value[stampSize:]...)
					random += entropy * float64(len(f.record.Value))
					stamps += stampSize
					blocks += math.Ceil(float64(len(f.record.Value)) / blockBytes)
					out = append(out, f)
				}
				for _, f := range out {
					p.give(f)
				}
			}
			for codec, c := range codecs {
				compressor, err := kgo.DefaultCompressor(c)
				if err != nil {
					t.Fatal(err)
				}
				compressed, _ := compressor.Compress(new(bytes.Buffer), batch)
				got := float64(len(compressed))
				// Of the first 16 bytes, which the stamp takes, at most all are random.
				low, high := random-stamps-blocks, random+8*blocks+200
				if codec == "snappy" {
					high += (float64(len(batch)) - random + stamps) * 3 / 64
				}
				if got < low || got > high {
					t.Errorf("%s of %s, entropy %v: %d bytes become %.0f, want %.0f to %.0f", name, codec, entropy, len(batch), got, low, high)
				}
			}
		}
	}
}

// TestValuesDiffer holds that no two records that are out at one time have a block
// of random bytes in common.
func TestValuesDiffer(t *testing.T) {
	p := payloadProducer(scenario.Producer{Value: scenario.Value{Entropy: 0.5, Size: scenario.Size{Shape: scenario.UniformSize, Min: 300, Max: 3000}}})
	seen := map[string]string{}
	for round := range 5 {
		clear(seen)
		var out []*flight
		for i := range 500 {
			f := p.make(p.content(int64(500*round+i), 0), 0)
			v := f.record.Value
			for from := stampSize; from+blockBytes <= len(v); from += blockBytes {
				piece := string(v[from : from+8])
				if other := seen[piece]; other != "" {
					t.Fatalf("round %d: record %d has the bytes of record %s at %d", round, i, other, from)
				}
				seen[piece] = fmt.Sprint(i)
			}
			out = append(out, f)
		}
		for _, f := range out {
			p.give(f)
		}
	}
}

// TestPieces holds that the values of a pool have their sizes, and no byte of it in
// common before the whole of it was used.
func TestPieces(t *testing.T) {
	const largest = 3000
	p := payloadProducer(scenario.Producer{Value: scenario.Value{Entropy: 1, Size: scenario.Size{Shape: scenario.UniformSize, Min: 1, Max: largest}}})
	p.pool = newPool(largest, rand.NewChaCha8([32]byte{1}))
	want := bytes.Clone(p.pool)
	var sent []byte
	for slot, rounds := int64(0), 0; rounds < 2; slot++ {
		c := p.content(slot, 0)
		f := p.make(c, 0)
		v := f.record.Value
		if len(v) != c.value || cap(v) != c.value || len(f.buffer) != 0 {
			t.Fatalf("a value of %d bytes, room for %d, and a buffer of %d, want %d and no buffer", len(v), cap(v), len(f.buffer), c.value)
		}
		if &v[0] == &p.pool[0] && len(sent) > 0 {
			if len(sent) < poolBytes || !bytes.HasPrefix(p.pool, sent) {
				t.Errorf("the pool begins again after %d bytes, want at least %d, in order", len(sent), poolBytes)
			}
			sent, rounds = sent[:0], rounds+1
		}
		sent = append(sent, v...)
		p.give(f)
	}
	if !bytes.Equal(p.pool, want) {
		t.Error("the pool was written to")
	}
}

// TestPooled holds which fleets' values are pieces of a pool: those that nobody ever
// looks at, of bytes that are all random.
func TestPooled(t *testing.T) {
	const text = `
version: 1
name: pooled
topics:
  t: {partitions: 1}
  other: {partitions: 1}
producers:
  p: {topic: t, rate: 1/s, value: {size: 100B}}
  q: {topic: other, rate: 1/s, value: {size: 200B}}
consumers:
  g: {topics: [other]}
phases:
  - {name: steady, duration: 10s}
`
	for name, c := range map[string]struct {
		from, to       string
		keep, existing bool
		want           bool
	}{
		"nobody reads it":     {want: true},
		"a group reads it":    {from: "[other]", to: "[other, t]"},
		"it stays":            {keep: true},
		"it was there before": {existing: true},
		"it is compressed":    {from: "100B}}", to: "100B}, settings: {compression: zstd}}"},
		"it is part constant": {from: "100B}}", to: "100B, entropy: 60%}}"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := scenario.Parse("pooled.yaml", []byte(strings.Replace(text, c.from, c.to, 1)), scenario.Options{})
			if err != nil {
				t.Fatal(err)
			}
			r := &run{Config: Config{Scenario: s, Keep: c.keep}, topics: map[string]*cluster.Topic{"t": {Name: "t", Created: !c.existing}, "other": {Name: "other", Created: true}}}
			r.pace = newDialPace(r.Limits)
			if f := r.newFleet(s.Producers[0]); (f.pool != nil) != c.want {
				t.Errorf("a pool of %d bytes, want one: %v", len(f.pool), c.want)
			}
		})
	}
}

// TestBuffersFollowSizes holds that flights are used again, and that what they hold
// is at most twice what was drawn, though the largest value has 1 MiB.
func TestBuffersFollowSizes(t *testing.T) {
	p := payloadProducer(scenario.Producer{Value: scenario.Value{Entropy: 1, Size: scenario.Size{Shape: scenario.LognormalSize, Median: 800, P99: 20480, Min: 1, Max: 1 << 20}}})
	var most, drawn int
	for round := range 20 {
		var out []*flight
		for i := range 1000 {
			c := p.content(int64(1000*round+i), 0)
			f := p.make(c, 0)
			if len(f.record.Value) != c.value || len(f.buffer) < c.value || len(f.buffer) >= 2*c.value && c.value > 1 {
				t.Fatalf("a value of %d bytes in a buffer of %d", len(f.record.Value), len(f.buffer))
			}
			drawn += c.value
			out = append(out, f)
		}
		for _, f := range out {
			p.give(f)
		}
	}
	held := 0
	for _, class := range p.idle {
		for _, f := range class {
			held += len(f.buffer)
		}
		most += len(class)
	}
	// A class keeps as many flights as were ever out at once: its share of 1,000
	// and a few standard deviations, summed over some ten classes. 20 rounds
	// without reuse would hold 20,000.
	if mean := drawn / 20; most > 1500 || held > 4*mean {
		t.Errorf("%d flights hold %d bytes; 1,000 are out at once, with %d bytes on average", most, held, mean)
	}
}

// TestRecordContents holds what is sent for tombstones, samples and made-up values,
// with the bytes that count against the buffer.
func TestRecordContents(t *testing.T) {
	headers := []kgo.RecordHeader{{Key: "source", Value: []byte("web")}}
	value := scenario.Value{Samples: [][]byte{[]byte("one"), []byte("a message longer than a stamp")}, Tombstones: 0.5, Entropy: 1}
	p := payloadProducer(scenario.Producer{Key: scenario.Key{Keys: 10, Size: 6}, Value: value, Partition: scenario.Partition{Fixed: true, Number: 3}})
	p.headers = headers
	seen := map[string]int{}
	for i := range int64(1000) {
		f := p.make(p.content(i, 0), 5*time.Millisecond)
		r := f.record
		if len(r.Key) != 6 || r.Partition != 3 || len(r.Headers) != 1 || !r.Timestamp.Equal(p.start.Add(5*time.Millisecond)) || f.size != 6+len(r.Value) {
			t.Fatalf("slot %d: %+v, size %d", i, r, f.size)
		}
		if r.Value == nil {
			seen["null"]++
		} else {
			seen[string(r.Value)]++
		}
		p.give(f)
	}
	// Binomial: 500 ± 5.5 × √250.
	if n := seen["null"]; len(seen) != 3 || n < 413 || n > 587 || seen["one"] < 150 {
		t.Errorf("sent %v", seen)
	}
}

// TestFull holds that a client is full by what the next record needs, and that an
// empty one takes any.
func TestFull(t *testing.T) {
	p := payloadProducer(scenario.Producer{Settings: scenario.ProducerSettings{BufferBytes: 1000}})
	for _, c := range []struct {
		held int64
		size int
		full bool
	}{{0, 5000, false}, {900, 100, false}, {900, 101, true}, {1, 1000, true}} {
		p.given = p.freed.Load() + c.held
		if got := p.full(content{size: c.size}); got != c.full {
			t.Errorf("holding %d bytes, a record of %d finds it full: %v", c.held, c.size, got)
		}
	}
}

// TestStamp holds which records tell their age.
func TestStamp(t *testing.T) {
	s, at := newStamp(), time.Unix(1e9, 123456789)
	stamped, foreign, noStamp := make([]byte, 20), make([]byte, 20), make([]byte, 20)
	s.put(stamped, at)
	stamp{run: s.run ^ 1}.put(foreign, at)
	short := make([]byte, 15)
	s.put(short, at)
	millis := at.Truncate(time.Millisecond)
	for name, c := range map[string]struct {
		value []byte
		by    writers
		want  bool
		at    time.Time
	}{
		"stamped": {stamped, onlyUs, true, at}, "stamped, shared topic": {stamped, weAndOthers, true, at},
		"of another run, shared topic": {foreign, weAndOthers, false, at}, "sample": {foreign, onlyUs, true, millis},
		"of another run, its topic": {foreign, onlyOthers, true, at}, "no run's, others' topic": {noStamp, onlyOthers, false, at},
		"tombstone": {nil, onlyUs, true, millis}, "tombstone, shared topic": {nil, weAndOthers, false, at},
		"short": {short, onlyUs, true, millis}, "short, shared topic": {short, weAndOthers, false, at},
		"short, others' topic": {short, onlyOthers, false, at},
	} {
		got, ok := s.read(&kgo.Record{Value: c.value, Timestamp: millis}, c.by)
		if ok != c.want || ok && got != c.at.UnixNano() {
			t.Errorf("%s: %v, %v; want %v, %v", name, got, ok, c.at, c.want)
		}
	}
}

// BenchmarkRecord makes records and gives them back, which is all that the
// generator does per record besides counting it.
func BenchmarkRecord(b *testing.B) {
	for name, v := range map[string]scenario.Value{
		"constant":           {Size: scenario.Fixed(1024), Entropy: 1},
		"lognormal":          {Size: scenario.Size{Shape: scenario.LognormalSize, Median: 800, P99: 8000, Min: 1, Max: 64 << 10}, Entropy: 1},
		"lognormal, half":    {Size: scenario.Size{Shape: scenario.LognormalSize, Median: 800, P99: 8000, Min: 1, Max: 64 << 10}, Entropy: 0.5},
		"with 1% tombstones": {Size: scenario.Fixed(1024), Entropy: 1, Tombstones: 0.01},
	} {
		b.Run(name, func(b *testing.B) {
			p := payloadProducer(scenario.Producer{Key: scenario.Key{Keys: 10000, HotKeys: 1, HotShare: 0.3}, Value: v, Settings: scenario.ProducerSettings{BufferBytes: 1 << 20}})
			b.ReportAllocs()
			for i := range b.N {
				c := p.content(int64(i), 0)
				if p.full(c) {
					b.Fatal("full")
				}
				p.give(p.make(c, 0))
			}
		})
	}
}
