package limits_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/kafkatest"
	"msklt/internal/kafkatest/need"
	"msklt/internal/limits"
)

// Apache Kafka throttles a client that offers 150 % of its quota; what Window
// reads out of the throttle responses is the quota.
func TestKafkaWindowInvertsProducerQuota(t *testing.T) {
	b := kafkatest.Start(t, kafkatest.Options{})
	overload{quota: 5e6, offered: 7.5e6, clients: 1, partitions: 1, duration: 20 * time.Second}.check(t, b)
}

func TestKafkaWindowInvertsProducerQuotaLong(t *testing.T) {
	need.Require(t, need.Long())
	b := kafkatest.Start(t, kafkatest.Options{})
	for _, o := range []overload{
		{quota: 3_141_592, offered: 9e6, clients: 1, partitions: 1, duration: 30 * time.Second},
		{quota: 1e6, offered: 1.5e6, clients: 1, partitions: 1, duration: 60 * time.Second},
		{quota: 5e6, offered: 7.5e6, clients: 1, partitions: 1, duration: 60 * time.Second},
		{quota: 5e6, offered: 7.5e6, clients: 4, partitions: 12, duration: 30 * time.Second},
		{quota: 5e6, offered: 12e6, clients: 16, partitions: 12, duration: 30 * time.Second},
	} {
		name := fmt.Sprintf("quota %.0f, offered %.0f, %d clients, %d partitions", o.quota, o.offered, o.clients, o.partitions)
		t.Run(name, func(t *testing.T) { o.check(t, b) })
	}
}

// overload is a load above the quota of one client id, in bytes per second.
type overload struct {
	quota, offered      float64
	clients, partitions int
	duration            time.Duration
}

func (o overload) check(t *testing.T, b *kafkatest.Broker) {
	topic := fmt.Sprintf("orders-%.0f-%.0f-%d-%d", o.quota, o.offered, o.clients, o.partitions)
	b.CreateTopic(t, topic, o.partitions)
	b.ClientQuota(t, topic, o.quota, 0) // the client id is the topic's name
	log := &wireLog{origin: time.Now()}
	o.run(t, b.Bootstrap(), topic, log)

	inverted := log.invert()
	t.Logf("%d produce requests, %d throttled", len(log.events)-len(inverted), len(inverted))
	// After the credit (10 s × quota) is spent, each second brings several throttles.
	if len(inverted) < 10 {
		t.Fatalf("%d throttle responses in %v, want at least 10", len(inverted), o.duration)
	}
	slices.Sort(inverted)
	at := func(q float64) float64 { return inverted[int(q*float64(len(inverted)-1))] }
	t.Logf("inverted: p5 %.0f, p25 %.0f, median %.0f, p75 %.0f, p95 %.0f", at(.05), at(.25), at(.5), at(.75), at(.95))
	// One request of up to 1 MiB more or less in a sample is 2 % of the 50 MB in
	// the window; most estimates are far closer.
	if got := at(.5); got < 0.98*o.quota || got > 1.02*o.quota {
		t.Errorf("the median of the inverted throttles is %.0f B/s, want %.0f ± 2 %%", got, o.quota)
	}
}

// run offers 1000-byte records that do not compress, each at its time.
func (o overload) run(t *testing.T, bootstrap, topic string, log *wireLog) {
	const size = 1000
	var all sync.WaitGroup
	for i := range o.clients {
		client, err := kgo.NewClient(
			kgo.SeedBrokers(bootstrap), kgo.ClientID(topic), kgo.DefaultProduceTopic(topic),
			kgo.RequiredAcks(kgo.AllISRAcks()), kgo.ProducerLinger(5*time.Millisecond),
			kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.WithHooks(log),
		)
		if err != nil {
			t.Fatalf("creating a client: %v", err)
		}
		t.Cleanup(client.Close)
		all.Go(func() {
			random := rand.NewChaCha8([32]byte{byte(i)})
			ctx, cancel := context.WithTimeout(t.Context(), o.duration)
			defer cancel()
			start := time.Now()
			for sent := 0; ctx.Err() == nil; {
				due := int(time.Since(start).Seconds() * o.offered / float64(o.clients) / size)
				for ; sent < due; sent++ {
					value := make([]byte, size)
					random.Read(value)
					client.Produce(ctx, &kgo.Record{Value: value}, nil)
				}
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
	all.Wait()
}

// wireLog notes, in order, the bytes of each produce request at its response,
// and the throttle that the response carried.
type wireLog struct {
	origin time.Time
	mu     sync.Mutex
	events []wireEvent
}

type wireEvent struct {
	at       time.Duration
	bytes    int64         // as the quota counts them; 0 for a throttle
	throttle time.Duration // 0 for a request
}

func (l *wireLog) OnBrokerE2E(_ kgo.BrokerMetadata, key int16, e kgo.BrokerE2E) {
	const lengthPrefix = 4 // which the quota does not count
	if key == int16(kmsg.Produce) && e.Err() == nil {
		l.add(wireEvent{bytes: int64(e.BytesWritten - lengthPrefix)})
	}
}

func (l *wireLog) OnBrokerThrottle(_ kgo.BrokerMetadata, interval time.Duration, _ bool) {
	l.add(wireEvent{throttle: interval})
}

func (l *wireLog) add(e wireEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.at = time.Since(l.origin)
	l.events = append(l.events, e)
}

// invert replays what was noted and returns the quota that each throttle states.
func (l *wireLog) invert() []float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	var (
		w        limits.Window
		inverted []float64
	)
	for _, e := range l.events {
		if e.throttle > 0 {
			inverted = append(inverted, w.Invert(e.at, e.throttle))
		} else {
			w.Record(e.at, e.bytes)
		}
	}
	return inverted
}
