package generator

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/scenario"
)

// hotProducer is a producing client that is ready to send to two partitions.
func hotProducer(p scenario.Producer) *producer {
	p.Name, p.Clients = "f", 1
	p.Value = scenario.Value{Size: scenario.Fixed(1000), Entropy: 1}
	p.Settings.BufferBytes = 32 << 20
	out := payloadProducer(p)
	out.start, out.end = time.Now(), time.Hour
	out.spans, out.measured = []interval{{0, time.Hour}}, []bool{true}
	out.schedule = scenario.NewSchedule(p, []scenario.Phase{{Duration: time.Hour, Load: scenario.Always(1), Measure: true}}, 1)
	out.topics[0].partitions = []*partitionLoad{newPartitionLoad(), newPartitionLoad()}
	out.recorder = newRecorder()
	out.heard = new(atomic.Int64)
	return out
}

// BenchmarkHotPath is what the generator does with each record besides the client
// library's own work: find it due, draw it, make it, and note its acknowledgement.
// Wake-ups are of 20 records, responses bring 200 of one partition.
func BenchmarkHotPath(b *testing.B) {
	for name, p := range map[string]scenario.Producer{
		"max":     {Rate: scenario.Rate{Max: true}},
		"paced":   {Rate: scenario.Rate{Records: 100_000}},
		"poisson": {Rate: scenario.Rate{Records: 100_000}, Poisson: true},
		"keys":    {Rate: scenario.Rate{Records: 100_000}, Key: scenario.Key{Keys: 10_000}},
	} {
		b.Run(name, func(b *testing.B) {
			h := hotProducer(p)
			var out []*flight
			b.ReportAllocs()
			for b.Loop() {
				now := h.clock.now(h.start)
				t, measured := now, true
				if !p.Rate.Max {
					t, measured = h.intended(0, h.next)
				}
				h.find(t, measured, t)
				c := h.content(h.slot(0, h.next), t)
				if h.full(c) {
					b.Fatal("full")
				}
				f := h.leave(c, t, measured, t, max(now, t))
				f.record.Partition = int32(h.next / 200 % 2)
				h.next++
				if h.next%20 == 0 {
					h.due(0, t)
					h.tell()
				}
				if out = append(out, f); len(out) == 200 {
					h.heard.Add(1)
					for _, f := range out {
						f.done(nil, nil)
					}
					out = out[:0]
				}
			}
		})
	}
}

// BenchmarkReadPath is what the generator does with each record that a member
// reads, besides the client library's own work. Polls bring 500.
func BenchmarkReadPath(b *testing.B) {
	const records = 500
	start := time.Now()
	mark := newStamp()
	progress := &readProgress{by: onlyUs}
	g := &group{progress: map[string][]*readProgress{"t": {progress}}, spans: []interval{{0, time.Hour}}, stamp: mark, clock: new(clock)}
	g.clock.begin(start)
	m := &member{group: g, endToEnd: newDistribution(digits)}
	part := kgo.FetchPartition{Records: make([]*kgo.Record, records)}
	for i := range part.Records {
		part.Records[i] = &kgo.Record{Value: make([]byte, 1000)}
		mark.put(part.Records[i].Value, start)
	}
	fetches := kgo.Fetches{{Topics: []kgo.FetchTopic{{Topic: "t", Partitions: []kgo.FetchPartition{part}}}}}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%records > 0 {
			continue // an operation is a record
		}
		for i, r := range part.Records {
			r.Offset = int64(n + i)
		}
		m.take(fetches)
		batch, _ := m.collector.next(0, true)
		m.hand(batch)
	}
	if progress.duplicates+progress.skipped > 0 {
		b.Fatalf("%+v", progress)
	}
}
