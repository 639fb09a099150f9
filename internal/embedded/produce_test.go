package embedded

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"msklt/internal/limits"
)

// A batch of 60,000 bytes against 5,000 bytes/s: S/T − W = 12 s − 10 s.
const (
	overSize  = 60_000
	overLimit = 5_000
)

// overPause is the throttle that n bytes in an empty window must get.
func overPause(n int) int32 {
	return int32((time.Duration(float64(n)/overLimit*float64(time.Second)) - 10*time.Second).Round(time.Millisecond).Milliseconds())
}

func TestEveryProduceVersionIsThrottled(t *testing.T) {
	for version := int16(3); version <= 13; version++ {
		c := start(t, Config{
			Brokers: 1, Topics: map[string]int32{"orders": 2},
			Limits: declared(map[limits.Name]float64{limits.PartitionIngress: overLimit}),
		})
		topic := c.directory.named("orders")
		r := dialRaw(t, c.Bootstrap()[0], "producer")
		records := batch(10, overSize, -1, 0)
		resp := r.produce(produceRequest(version, -1, topic, map[int32][]byte{0: records, 1: batch(1, 200, -1, 0)}))
		if resp.ThrottleMillis != overPause(len(records)) {
			t.Errorf("v%d: throttle %d ms, want %d", version, resp.ThrottleMillis, overPause(len(records)))
		}
		for _, p := range resp.Topics[0].Partitions {
			if p.ErrorCode != 0 {
				t.Errorf("v%d: partition %d: error %d", version, p.Partition, p.ErrorCode)
			}
		}
		given := only(c.Truth().Rows(), "throttle", nil)
		if len(given) != 1 || given[0].Partition != 0 || given[0].MaxMillis != int64(resp.ThrottleMillis) || given[0].Client != "producer" {
			t.Errorf("v%d: truth %+v", version, given)
		}
	}
}

// The longest throttle wins, and the truth names the limit that gave it.
func TestThrottleIsTheLongestOfAllScopes(t *testing.T) {
	records := batch(10, overSize, -1, 0)
	for _, tc := range []struct {
		name   string
		values map[limits.Name]float64
		want   limits.Name
		bytes  int64 // that the binding scope counts; 0: the whole request
	}{
		{"partition", map[limits.Name]float64{limits.PartitionIngress: overLimit, limits.ClusterIngress: 2 * overLimit}, limits.PartitionIngress, int64(len(records))},
		{"client", map[limits.Name]float64{limits.PartitionIngress: overLimit + 100, limits.ClientIngress: overLimit}, limits.ClientIngress, 0},
		{"broker", map[limits.Name]float64{limits.BrokerIngress: overLimit, limits.ClusterIngress: overLimit + 1}, limits.BrokerIngress, 0},
		{"cluster", map[limits.Name]float64{limits.ClientIngress: overLimit + 2, limits.ClusterIngress: overLimit}, limits.ClusterIngress, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := start(t, Config{Brokers: 1, Topics: map[string]int32{"orders": 1}, Limits: declared(tc.values)})
			req := produceRequest(9, -1, c.directory.named("orders"), map[int32][]byte{0: records})
			bytes := tc.bytes
			if bytes == 0 {
				bytes = int64(len(kmsg.NewRequestFormatter(kmsg.FormatterClientID("me")).AppendRequest(nil, req, 0)) - 4)
			}
			resp := dialRaw(t, c.Bootstrap()[0], "me").produce(req)
			if want := overPause(int(bytes)); resp.ThrottleMillis != want {
				t.Errorf("throttle %d ms, want %d", resp.ThrottleMillis, want)
			}
			given := only(c.Truth().Rows(), "throttle", nil)
			if len(given) != 1 || given[0].Limit != tc.want || given[0].TotalMillis != int64(resp.ThrottleMillis) {
				t.Errorf("truth %+v, want %s", given, tc.want)
			}
		})
	}
}

func TestUnacknowledgedProduceIsMutedAndCounted(t *testing.T) {
	inVirtualTime(t, Config{
		Brokers: 1, Topics: map[string]int32{"orders": 1},
		Limits: declared(map[limits.Name]float64{limits.PartitionIngress: overLimit}),
	}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		r := dialVirtual(t, network, c.Bootstrap()[0], "")
		records := batch(10, overSize, -1, 0)
		begin := time.Now()
		r.send(produceRequest(9, 0, c.directory.named("orders"), map[int32][]byte{0: records}))
		meta := kmsg.NewPtrMetadataRequest()
		meta.Version = 9
		r.ask(meta) // the next answer on the connection is this one's, after the mute
		if took, want := time.Since(begin), time.Duration(overPause(len(records)))*time.Millisecond; took != want {
			t.Errorf("the next request took %v, want %v", took, want)
		}
		rows := c.Truth().Rows()
		if n := sum(only(rows, "partition", nil), recordsIn); n != 10 {
			t.Errorf("%d records in, want 10", n)
		}
		if n := sum(only(rows, "throttle", nil), count); n != 1 {
			t.Errorf("%d throttles in the truth, want 1", n)
		}
		if log := only(rows, "log", nil); len(log) != 1 || log[0].LogEnd != 10 {
			t.Errorf("log %+v", log)
		}
	})
}

// Apache Kafka closes the connection where acks=0 leaves no other way to tell.
func TestUnacknowledgedProduceThatFailsClosesTheConnection(t *testing.T) {
	c := start(t, Config{Brokers: 1, Topics: map[string]int32{"orders": 1}})
	r := dialRaw(t, c.Bootstrap()[0], "")
	r.send(produceRequest(9, 0, c.directory.named("orders"), map[int32][]byte{5: batch(1, 100, -1, 0)}))
	if frame, err := r.frame(); err == nil {
		t.Errorf("%d bytes instead of a closed connection", len(frame))
	}
}

func TestRepeatedBatchCountsOnce(t *testing.T) {
	c := start(t, Config{Brokers: 1, Topics: map[string]int32{"orders": 1}})
	topic := c.directory.named("orders")
	r := dialRaw(t, c.Bootstrap()[0], "")
	for range 3 { // the same batch of the same producer
		resp := r.produce(produceRequest(9, -1, topic, map[int32][]byte{0: batch(10, 1000, 42, 0)}))
		if p := resp.Topics[0].Partitions[0]; p.ErrorCode != 0 || p.BaseOffset != 0 {
			t.Fatalf("%+v", p)
		}
	}
	r.produce(produceRequest(9, -1, topic, map[int32][]byte{0: batch(7, 1000, 42, 10)}))
	log := only(c.Truth().Rows(), "log", nil)
	if len(log) != 1 || log[0].RecordsIn != 17 || log[0].LogEnd != 17 {
		t.Errorf("truth %+v, want 17 records", log)
	}
}

// Whatever the order in which responses are seen, and whatever is repeated, each
// append counts once.
func TestAppendsCountOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.Int64Range(1, 5), 1, 100).Draw(t, "sizes")
		var all []span
		var total int64
		for _, n := range sizes {
			all = append(all, span{total, total + n})
			total += n
		}
		order := rapid.Permutation(append(all, rapid.SliceOf(rapid.SampledFrom(all)).Draw(t, "repeats")...)).Draw(t, "order")
		var a appends
		var counted int64
		for _, s := range order {
			if a.first(s.base, s.end) {
				counted += s.end - s.base
			}
		}
		if counted != total || a.next != total || len(a.ahead) != 0 {
			t.Fatalf("counted %d of %d, next %d, %d ahead", counted, total, a.next, len(a.ahead))
		}
	})
}

// A gap that never closes (the marker that ends a transaction) costs no memory.
func TestAppendsForgetGaps(t *testing.T) {
	var a appends
	for i := range int64(2 * maxAhead) {
		base := i * 11 // ten records, one marker
		if !a.first(base, base+10) {
			t.Fatalf("append %d taken for a repeat", i)
		}
		if len(a.ahead) > maxAhead {
			t.Fatalf("%d spans remembered", len(a.ahead))
		}
	}
	if a.first((2*maxAhead-1)*11, 2*maxAhead*11-1) {
		t.Error("a repeat taken for an append")
	}
}

// Four clients of one id share its quota on a broker; another id is not touched.
func TestClientQuotaIsSharedByConnections(t *testing.T) {
	inVirtualTime(t, Config{
		Brokers: 1, Topics: map[string]int32{"orders": 12},
		Limits: declared(map[limits.Name]float64{limits.ClientIngress: 5e6}),
	}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		partitions := []int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
		other, shared := newThrottles(), &inverter{start: time.Now()}
		streams := make([]*kgo.Client, 5)
		for i := range streams {
			opts := []kgo.Opt{kgo.Dialer(network.DialContext), kgo.ProducerLinger(5 * time.Millisecond)}
			if i < 4 {
				opts = append(opts, kgo.ClientID("shared"), kgo.WithHooks(shared))
			} else {
				opts = append(opts, kgo.ClientID("other"), kgo.WithHooks(other))
			}
			streams[i] = client(t, c, opts...)
		}
		offerAll(t, streams, stream{"orders", partitions, 10_000, 188, 30 * time.Second})
		within(t, "quota read out of the throttles", shared.median(), 5e6, 1)
		rows := c.Truth().Rows()
		unthrottled := only(rows, "client", func(r Row) bool { return r.Client == "other" })
		within(t, "bytes of the other id", float64(sum(seconds(unthrottled, 1, 29), bytesIn))/28, 188*10_000, 5) // headers and all
		if n := len(other.seen()); n != 0 {
			t.Errorf("%d throttles of another client id", n)
		}
		for _, r := range only(rows, "throttle", nil) {
			if r.Limit != limits.ClientIngress || r.Client != "shared" {
				t.Errorf("throttle attributed to %+v", r)
			}
		}
	})
}
