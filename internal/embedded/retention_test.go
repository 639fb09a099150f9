package embedded

import (
	"runtime"
	"strconv"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"
)

// flood produces megabytes of 10 KB records to partitions in turn.
func flood(t *testing.T, cl *kgo.Client, topic string, partitions int32, megabytes int) {
	t.Helper()
	failed := make(chan error, 1)
	for i := range megabytes * 100 {
		r := &kgo.Record{Topic: topic, Partition: int32(i) % partitions, Value: make([]byte, 10_000)}
		cl.Produce(t.Context(), r, func(_ *kgo.Record, err error) {
			if err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	}
	if err := cl.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-failed:
		t.Fatal(err)
	default:
	}
}

// kept returns how many bytes kafka says each partition's log holds, by the
// records' offsets.
func kept(c *Cluster, topic string) (bytes []int64) {
	for _, log := range only(c.Truth().Rows(), "log", func(r Row) bool { return r.Topic == topic }) {
		bytes = append(bytes, (log.LogEnd-log.LogStart)*log.BytesIn/max(log.RecordsIn, 1))
	}
	return bytes
}

func TestRetentionPerPartition(t *testing.T) {
	c := start(t, Config{Brokers: 1, Topics: map[string]int32{"orders": 1}})
	cl := client(t, c)
	flood(t, cl, "orders", 1, 100)
	// A log is cut by whole segments: between the limit and one segment more, and
	// a batch is up to 1 MB.
	if got := kept(c, "orders")[0]; got < partitionRetention-1<<20 || got > partitionRetention+3<<20 {
		t.Errorf("%d MB kept, want %d", got>>20, partitionRetention>>20)
	}
	admin := kadm.NewClient(cl)
	small := strconv.Itoa(5 << 20)
	if _, err := admin.CreateTopic(t.Context(), 1, 1, map[string]*string{"retention.bytes": &small}, "small"); err != nil {
		t.Fatal(err)
	}
	flood(t, cl, "small", 1, 20)
	if got := kept(c, "small")[0]; got < 4<<20 || got > 8<<20 {
		t.Errorf("%d MB kept, want 5", got>>20)
	}
	smaller := strconv.Itoa(1 << 20)
	if _, err := admin.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Name: "retention.bytes", Value: &smaller}}, "small"); err != nil {
		t.Fatal(err)
	}
	flood(t, cl, "small", 1, 4)
	if got := kept(c, "small")[0]; got > 4<<20 {
		t.Errorf("%d MB kept after the setting was changed, want 1", got>>20)
	}
	// What is kept can be read, from where the log begins.
	reader := client(t, c, kgo.ConsumeTopics("small"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	log := only(c.Truth().Rows(), "log", func(r Row) bool { return r.Topic == "small" })[0]
	for n := int64(0); n < log.LogEnd-log.LogStart; {
		fetches := reader.PollFetches(t.Context())
		if errs := fetches.Errors(); len(errs) > 0 {
			t.Fatal(errs)
		}
		n += int64(fetches.NumRecords())
	}
}

// However much comes in, over however many partitions, memory is bounded.
func TestMemoryIsBounded(t *testing.T) {
	c := start(t, Config{Brokers: 3, Topics: map[string]int32{"orders": 12}})
	cl := client(t, c, kgo.ProducerBatchMaxBytes(64<<10))
	before := heap()
	flood(t, cl, "orders", 12, 300)
	c.retention.mu.Lock()
	counted := c.retention.memory
	c.retention.mu.Unlock()
	if counted > memoryBudget {
		t.Errorf("%d MB counted, the budget is %d", counted>>20, memoryBudget>>20)
	}
	if counted < memoryBudget/2 {
		t.Errorf("only %d MB counted of a budget of %d", counted>>20, memoryBudget>>20)
	}
	// Beside the logs there are only buffers of the client and of its connections.
	if grown := heap() - before; grown > memoryBudget+40<<20 {
		t.Errorf("the heap grew by %d MB, the budget is %d", grown>>20, memoryBudget>>20)
	}
	var least, most int64
	for i, n := range kept(c, "orders") {
		if i == 0 {
			least, most = n, n
		}
		least, most = min(least, n), max(most, n)
	}
	if most > 2*least { // the biggest goes first, and all get the same
		t.Errorf("partitions keep from %d to %d MB", least>>20, most>>20)
	}
}

// heap is what is reachable.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestDiscardKeepsNothing(t *testing.T) {
	c := start(t, Config{Brokers: 1, Topics: map[string]int32{"orders": 2}, Discard: true})
	cl := client(t, c)
	before := heap()
	flood(t, cl, "orders", 2, 100)
	if grown := heap() - before; grown > 40<<20 {
		t.Errorf("the heap grew by %d MB", grown>>20)
	}
	for _, log := range only(c.Truth().Rows(), "log", nil) {
		if log.LogEnd != 5_000 || log.RecordsIn != 5_000 {
			t.Errorf("truth %+v", log)
		}
	}
}

// A log's memory is the sum of its pieces', before and after cutting.
func TestLogSize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRetention(nil)
		p := &partition{}
		r.logs[p] = struct{}{}
		var end int64
		for range rapid.IntRange(1, 100).Draw(t, "steps") {
			if len(p.log.pieces) > 0 && rapid.Bool().Draw(t, "cut") {
				d := r.cut(p)
				if len(p.log.pieces) > 0 && d.upTo > p.log.pieces[0].end {
					t.Fatalf("cut up to %d, beyond the next piece's end", d.upTo)
				}
			} else {
				end += 10
				r.memory += p.log.grow(end-1, end, rapid.Int64Range(70, 1<<20).Draw(t, "bytes"))
			}
			var memory, bytes int64
			for _, piece := range p.log.pieces {
				memory += piece.memory()
				bytes += piece.bytes
				if piece.capacity < piece.bytes || piece.bytes > 2*segmentBytes {
					t.Fatalf("piece %+v", piece)
				}
			}
			if memory != p.log.memory || bytes != p.log.bytes || r.memory != memory {
				t.Fatalf("memory %d, %d, %d; bytes %d, %d", memory, p.log.memory, r.memory, bytes, p.log.bytes)
			}
		}
	})
}
