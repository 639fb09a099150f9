package embedded

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/limits"
	"msklt/internal/wire"
)

// declared makes limits out of names and values.
func declared(values map[limits.Name]float64) limits.Limits {
	return limits.Limits{Profile: "test", Values: values}
}

// start starts a cluster that is closed when the test ends.
func start(t *testing.T, cfg Config) *Cluster {
	t.Helper()
	c, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// inVirtualTime runs f in a synctest bubble, with a cluster on a network of its own.
func inVirtualTime(t *testing.T, cfg Config, f func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := new(kfake.VirtualNetwork)
		cfg.Listen, cfg.OnNetwork = "127.0.0.1:9092", network.Listen
		f(t, start(t, cfg), network)
	})
}

// refusing dials as a real network does where nobody listens: clients try again only
// after an error of package net.
func refusing(network *kfake.VirtualNetwork) kgo.Opt {
	return kgo.Dialer(func(ctx context.Context, name, addr string) (net.Conn, error) {
		conn, err := network.DialContext(ctx, name, addr)
		if err != nil {
			return nil, &net.OpError{Op: "dial", Net: name, Err: err}
		}
		return conn, nil
	})
}

// client connects to a cluster; it is closed when the test ends.
func client(t *testing.T, c *Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(c.Bootstrap()...),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.DisableClientMetrics(),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// throttles collects what a client is told, as a franz-go hook.
type throttles struct {
	mu    sync.Mutex
	start time.Time
	all   []throttled
}

type throttled struct {
	at, pause time.Duration
	broker    int32
}

func newThrottles() *throttles { return &throttles{start: time.Now()} }

func (h *throttles) OnBrokerThrottle(meta kgo.BrokerMetadata, pause time.Duration, _ bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, throttled{time.Since(h.start), pause, meta.NodeID})
}

func (h *throttles) seen() []throttled {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

// inverter reads a quota's value out of what clients saw: it replays the window
// over the requests they sent and solves every throttle for the limit.
type inverter struct {
	start  time.Time
	broker int32 // whose quota it is

	mu     sync.Mutex
	window limits.Window
	values []float64
}

// OnBrokerE2E counts a produce request when its answer is there, as the broker
// counts it when it answers. franz-go's sizes hold the 4-byte length.
func (h *inverter) OnBrokerE2E(meta kgo.BrokerMetadata, key int16, e2e kgo.BrokerE2E) {
	if key != wire.Produce || meta.NodeID != h.broker {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.window.Record(time.Since(h.start), int64(e2e.BytesWritten-4))
}

func (h *inverter) OnBrokerThrottle(meta kgo.BrokerMetadata, pause time.Duration, _ bool) {
	if meta.NodeID != h.broker {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.values = append(h.values, h.window.Invert(time.Since(h.start), pause))
}

// median returns the middle estimate of the quota.
func (h *inverter) median() float64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	values := slices.Sorted(slices.Values(h.values))
	if len(values) == 0 {
		return 0
	}
	return values[len(values)/2]
}

// stream is what a client offers: records of size bytes, per second, in turn over
// the partitions.
type stream struct {
	topic      string
	partitions []int32
	size       int
	perSecond  int
	duration   time.Duration
}

// offer produces a stream on a schedule that does not wait, and returns how many
// records of each partition were acked, and the bytes acked by the end of each
// second. The caller's context ends what is still buffered.
func offer(ctx context.Context, cl *kgo.Client, s stream) (acked map[int32]int64, bySecond []int64) {
	var mu sync.Mutex
	acked = make(map[int32]int64)
	begin := time.Now()
	value := make([]byte, s.size)
	var bytes int64
	promise := func(r *kgo.Record, err error) {
		if err != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		acked[r.Partition]++
		bytes += int64(len(r.Value))
	}
	sent := 0
	for second := time.Second; time.Since(begin) < s.duration; {
		due := int(time.Since(begin).Seconds() * float64(s.perSecond))
		for ; sent < due; sent++ {
			cl.TryProduce(ctx, &kgo.Record{Topic: s.topic, Partition: s.partitions[sent%len(s.partitions)], Value: value}, promise)
		}
		time.Sleep(5 * time.Millisecond)
		for ; time.Since(begin) >= second; second += time.Second {
			mu.Lock()
			bySecond = append(bySecond, bytes)
			mu.Unlock()
		}
	}
	_ = cl.Flush(ctx)
	mu.Lock()
	defer mu.Unlock()
	return acked, bySecond
}

// offerAll runs one stream through each client at the same time.
func offerAll(t *testing.T, clients []*kgo.Client, s stream) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), s.duration)
	defer cancel()
	var all sync.WaitGroup
	for _, cl := range clients {
		all.Go(func() { offer(ctx, cl, s) })
	}
	all.Wait()
}

// seconds keeps the rows from one second to another, counted from the first row.
func seconds(rows []Row, from, to int64) []Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool {
		at := r.Second - rows[0].Second
		return at < from || at >= to
	})
}

// only keeps the rows of one scope that a test looks at.
func only(rows []Row, scope string, match func(Row) bool) []Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool {
		return r.Scope != scope || match != nil && !match(r)
	})
}

func sum(rows []Row, field func(Row) int64) (total int64) {
	for _, r := range rows {
		total += field(r)
	}
	return total
}

func recordsIn(r Row) int64 { return r.RecordsIn }
func bytesIn(r Row) int64   { return r.BytesIn }
func bytesOut(r Row) int64  { return r.BytesOut }
func requests(r Row) int64  { return r.Requests }
func count(r Row) int64     { return r.Count }

// within fails the test unless got is within percent of want.
func within(t *testing.T, what string, got, want, percent float64) {
	t.Helper()
	if diff := 100 * (got - want) / want; diff > percent || diff < -percent {
		t.Errorf("%s: %.4g, want %.4g ± %g %% (off by %.2f %%)", what, got, want, percent, diff)
	}
}

// produceSync appends n records of size bytes and fails the test unless all are
// acked.
func produceSync(t *testing.T, cl *kgo.Client, topic string, partition int32, n, size int) {
	t.Helper()
	for i := range n {
		r := &kgo.Record{Topic: topic, Partition: partition, Value: make([]byte, size)}
		if err := cl.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(fmt.Errorf("record %d: %w", i, err))
		}
	}
}
