package embedded

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/limits"
)

// filled is a cluster whose topic has n batches of a size in each partition.
func filled(t *testing.T, values map[limits.Name]float64, partitions int32, n, size int) (*Cluster, *topic) {
	t.Helper()
	c := start(t, Config{Brokers: 1, Topics: map[string]int32{"orders": partitions}, Limits: declared(values)})
	return c, fill(c, dialRaw(t, c.Bootstrap()[0], "writer"), partitions, n, size)
}

func fill(c *Cluster, r *raw, partitions int32, n, size int) *topic {
	topic := c.directory.named("orders")
	for p := range partitions {
		for range n {
			r.produce(produceRequest(9, -1, topic, map[int32][]byte{p: batch(10, size, -1, 0)}))
		}
	}
	return topic
}

func TestEveryFetchVersionIsThrottled(t *testing.T) {
	records := len(batch(10, overSize, -1, 0))
	for version := int16(4); version <= 18; version++ {
		c, topic := filled(t, map[limits.Name]float64{limits.ClientEgress: overLimit}, 1, 1, overSize)
		r := dialRaw(t, c.Bootstrap()[0], "reader")
		req := fetchRequest(version, topic, 1<<20, 1<<20, 0)
		req.SessionEpoch = 0 // would open a session
		resp := r.fetch(req)
		within(t, "throttle", float64(resp.ThrottleMillis), float64(overPause(records+60)), 2) // some 60 bytes around the records
		if len(resp.Topics) > 0 || resp.SessionID != 0 || resp.ErrorCode != 0 {
			t.Errorf("v%d: a refused fetch brought %+v", version, resp)
		}
		rows := c.Truth().Rows()
		if n := sum(only(rows, "client", nil), bytesOut) + sum(only(rows, "partition", nil), bytesOut); n != 0 {
			t.Errorf("v%d: %d bytes charged for a refused fetch", version, n)
		}
		given := only(rows, "throttle", nil)
		if len(given) != 1 || given[0].Limit != limits.ClientEgress || given[0].API != "fetch" || given[0].Client != "reader" {
			t.Errorf("v%d: truth %+v", version, given)
		}
	}
}

// Within a session, a refused fetch keeps it, and the next one goes on.
func TestRefusedFetchKeepsItsSession(t *testing.T) {
	const size = 30_000
	records := len(batch(10, size, -1, 0))
	for _, version := range []int16{7, 12, 13, 18} {
		inVirtualTime(t, Config{
			Brokers: 1, Topics: map[string]int32{"orders": 1},
			// One batch is within the window's ten seconds, two are 2 s over.
			Limits: declared(map[limits.Name]float64{limits.ClientEgress: float64(2*records) / 12}),
		}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
			topic := fill(c, dialVirtual(t, network, c.Bootstrap()[0], "writer"), 1, 2, size)
			r := dialVirtual(t, network, c.Bootstrap()[0], "reader")
			first := fetchRequest(version, topic, int32(records), 1<<20, 0)
			first.SessionEpoch = 0
			opened := r.fetch(first)
			if opened.SessionID == 0 || received(opened)[0] != records || opened.ThrottleMillis != 0 {
				t.Fatalf("v%d: session %d, %v", version, opened.SessionID, received(opened))
			}
			// Refused until the window, never taken for shorter than ten seconds, is
			// as long as the 12 s that two batches are worth. From the second request
			// on, it names nothing: all is as before.
			begin := time.Now()
			for epoch := int32(1); ; epoch++ {
				next := fetchRequest(version, topic, int32(records), 1<<20, 10)
				next.SessionID, next.SessionEpoch = opened.SessionID, epoch
				if epoch > 1 {
					next.Topics = nil
				}
				resp := r.fetch(next)
				if resp.SessionID != opened.SessionID || resp.ErrorCode != 0 {
					t.Fatalf("v%d: epoch %d: %+v", version, epoch, resp)
				}
				if resp.ThrottleMillis == 0 {
					if received(resp)[0] != records {
						t.Errorf("v%d: received %v", version, received(resp))
					}
					break
				}
				if len(resp.Topics) > 0 {
					t.Errorf("v%d: a refused fetch brought %v", version, received(resp))
				}
			}
			if took := time.Since(begin).Seconds(); took < 11.9 || took > 14.1 {
				t.Errorf("v%d: answered after %.3f s, want 12 s and less than one throttle more", version, took)
			}
		})
	}
}

// Apache Kafka cuts at the sizes asked for, in the middle of a batch; the first
// batch comes whole; a partition whose first batch does not fit gets nothing.
func TestFetchIsCutWhereApacheKafkaCuts(t *testing.T) {
	c, topic := filled(t, nil, 3, 4, 10_000)
	b := len(batch(10, 10_000, -1, 0))
	for _, tc := range []struct {
		name                string
		partitionMax, total int
		want                map[int32]int
	}{
		{"all there is", 1 << 20, 1 << 20, map[int32]int{0: 4 * b, 1: 4 * b, 2: 4 * b}},
		{"in the middle of a batch", 2*b + 7, 1 << 20, map[int32]int{0: 2*b + 7, 1: 2*b + 7, 2: 2*b + 7}},
		{"at a batch's end", 2 * b, 1 << 20, map[int32]int{0: 2 * b, 1: 2 * b, 2: 2 * b}},
		{"first batch does not fit", b - 1, 1 << 20, map[int32]int{0: b}},
		{"total in the second partition", 1 << 20, 5*b + 9, map[int32]int{0: 4 * b, 1: b + 9}},
		{"rest of the total below a batch", 1 << 20, 4*b + 9, map[int32]int{0: 4 * b}},
		{"total below the first batch", 1 << 20, 1, map[int32]int{0: b}},
		{"nothing asked for", 0, 0, map[int32]int{0: b}},
	} {
		for _, version := range []int16{4, 11, 12, 13, 18} {
			before := sum(only(c.Truth().Rows(), "partition", nil), bytesOut)
			r := dialRaw(t, c.Bootstrap()[0], "reader")
			got := received(r.fetch(fetchRequest(version, topic, int32(tc.partitionMax), int32(tc.total), 0, 0, 0)))
			if !maps.Equal(got, tc.want) {
				t.Errorf("%s, v%d: %v, want %v", tc.name, version, got, tc.want)
			}
			sent := 0
			for _, n := range got {
				sent += n
			}
			if charged := sum(only(c.Truth().Rows(), "partition", nil), bytesOut) - before; charged != int64(sent) {
				t.Errorf("%s, v%d: %d bytes charged, %d sent", tc.name, version, charged, sent)
			}
		}
	}
}

// A fetch within a session names only what changed: the sizes are remembered.
func TestFetchIsCutWithinASession(t *testing.T) {
	c, topic := filled(t, nil, 2, 3, 10_000)
	b := len(batch(10, 10_000, -1, 0))
	r := dialRaw(t, c.Bootstrap()[0], "reader")
	first := fetchRequest(13, topic, int32(b+5), 1<<20, 0, 0)
	first.SessionEpoch = 0
	opened := r.fetch(first)
	for epoch, conn := range []*raw{r, dialRaw(t, c.Bootstrap()[0], "reader")} { // also from a new connection
		next := fetchRequest(13, topic, 0, 1<<20)
		next.SessionID, next.SessionEpoch, next.Topics = opened.SessionID, int32(epoch+1), nil
		if got, want := received(conn.fetch(next)), (map[int32]int{0: b + 5, 1: b + 5}); !maps.Equal(got, want) {
			t.Errorf("epoch %d: %v, want %v", epoch+1, got, want)
		}
	}
}

// A partition over its limit keeps its records; the others' pass, and the response
// throttles.
func TestPartitionEgressIsWithheldAlone(t *testing.T) {
	size := 30_000
	c, topic := filled(t, map[limits.Name]float64{limits.PartitionEgress: overLimit}, 2, 2, size)
	b := len(batch(10, size, -1, 0))
	r := dialRaw(t, c.Bootstrap()[0], "reader")
	// Partition 0 has two batches, 12 s worth: over. Partition 1 is asked for its second only.
	resp := r.fetch(fetchRequest(11, topic, 1<<20, 1<<20, 0, 10))
	if got, want := received(resp), (map[int32]int{1: b}); !maps.Equal(got, want) {
		t.Fatalf("received %v, want %v", got, want)
	}
	if resp.ThrottleMillis != overPause(2*b) {
		t.Errorf("throttle %d ms, want %d", resp.ThrottleMillis, overPause(2*b))
	}
	rows := c.Truth().Rows()
	for p, want := range map[int32]int64{0: 0, 1: int64(b)} {
		if n := sum(only(rows, "partition", func(r Row) bool { return r.Partition == p }), bytesOut); n != want {
			t.Errorf("partition %d charged %d bytes, want %d", p, n, want)
		}
	}
	given := only(rows, "throttle", nil)
	if len(given) != 1 || given[0].Limit != limits.PartitionEgress || given[0].Partition != 0 || given[0].Topic != "orders" {
		t.Errorf("truth %+v", given)
	}
	// Un-recorded: from another connection, one batch of partition 0 passes.
	other := dialRaw(t, c.Bootstrap()[0], "reader")
	if got := received(other.fetch(fetchRequest(11, topic, int32(b), 1<<20, 0))); got[0] != b {
		t.Errorf("a batch within the limit: %v", got)
	}
}

// A consumer that is behind reads at its quota, and the bytes charged are those
// that it receives.
func TestConsumerReadsAtItsQuota(t *testing.T) {
	inVirtualTime(t, Config{
		Brokers: 1, Topics: map[string]int32{"orders": 2},
		Limits: declared(map[limits.Name]float64{limits.ClientEgress: 1e6}),
	}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		writer := client(t, c, kgo.Dialer(network.DialContext), kgo.ClientID("writer"), kgo.ProducerBatchMaxBytes(16<<10))
		for i := range 30_000 {
			writer.Produce(t.Context(), &kgo.Record{Topic: "orders", Partition: int32(i % 2), Value: make([]byte, 2000)}, nil)
		}
		if err := writer.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		hook := newThrottles()
		reader := client(t, c, kgo.Dialer(network.DialContext), kgo.ClientID("reader"), kgo.ConsumeTopics("orders"), kgo.WithHooks(hook),
			kgo.FetchMaxPartitionBytes(100_000), kgo.MaxConcurrentFetches(1))
		ctx, cancel := context.WithTimeout(t.Context(), 44*time.Second)
		defer cancel()
		var records int64
		for ctx.Err() == nil {
			records += int64(reader.PollFetches(ctx).NumRecords())
		}
		if records == 30_000 {
			t.Fatal("the reader came to the end: nothing held it back")
		}
		if len(hook.seen()) == 0 {
			t.Error("no throttle seen")
		}
		rows := c.Truth().Rows()
		read := only(rows, "client", func(r Row) bool { return r.Client == "reader" })
		// After the first window, whose credit is free, three whole ones at the limit;
		// a request is a fifth of a second of it.
		within(t, "bytes per second over windows 2 to 4", float64(sum(seconds(read, 11, 44), bytesOut))/33, 1e6, 5)
		charged := sum(read, bytesOut)
		ofPartitions := sum(only(rows, "partition", nil), bytesOut)
		if over := charged - ofPartitions; over < 0 || over > charged/100 {
			t.Errorf("client charged %d, its partitions %d", charged, ofPartitions)
		}
		for _, limit := range []limits.Name{limits.PartitionEgress, limits.ClusterEgress} {
			if slices.ContainsFunc(rows, func(r Row) bool { return r.Limit == limit }) {
				t.Errorf("throttled by %s, which is not declared", limit)
			}
		}
	})
}

func TestCut(t *testing.T) {
	records := slices.Concat(batch(1, 200, -1, 0), batch(1, 200, -1, 0))
	b := len(records) / 2
	for _, tc := range []struct {
		want  int
		first bool
		keep  int
	}{
		{1000, true, 2 * b}, {2 * b, false, 2 * b}, {2*b - 1, false, 2*b - 1}, {b, false, b},
		{b - 1, true, b}, {b - 1, false, 0}, {0, false, 0}, {-5, true, b}, {-5, false, 0},
	} {
		if got := cut(records, tc.want, tc.first); got != tc.keep {
			t.Errorf("cut to %d, first %v: %d, want %d", tc.want, tc.first, got, tc.keep)
		}
	}
	if got := cut([]byte{1, 2, 3}, 1, false); got != 3 {
		t.Errorf("what is no batch was cut to %d bytes", got)
	}
}

// A consumer that lags far behind asks for more than a small quota's whole window
// holds. It gets what the window holds, as on Apache Kafka, and not nothing for ever.
func TestFetchFitsIntoTheWindow(t *testing.T) {
	const quota = 30e3
	inVirtualTime(t, Config{
		Brokers: 1, Topics: map[string]int32{"orders": 1},
		Limits: declared(map[limits.Name]float64{limits.ClientEgress: quota}),
	}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		fill(c, dialVirtual(t, network, c.Bootstrap()[0], "writer"), 1, 100, 10_000)
		cl := client(t, c, kgo.Dialer(network.DialContext), kgo.ConsumeTopics("orders"))
		begin := time.Now()
		for got := 0; got < 1000; {
			got += cl.PollFetches(t.Context()).NumRecords()
		}
		// 300 kB at a time, the first at once; then refused with a pause of 10 s, and as
		// the last ones leave the window only after 11 s, once more. Less than the quota
		// gets through, but never more.
		if took := time.Since(begin).Seconds(); took < 1e6/quota-10 || took > 3*22 {
			t.Errorf("reading 1 MB at 30 kB/s took %.1f s", took)
		}
	})
}
