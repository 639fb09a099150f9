package embedded

import (
	"context"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/kafkatest"
	"msklt/internal/limits"
)

// fetchedBytes counts the bytes of fetch responses, as a franz-go hook.
type fetchedBytes struct{ atomic.Int64 }

func (f *fetchedBytes) OnBrokerRead(_ kgo.BrokerMetadata, key int16, n int, _, _ time.Duration, _ error) {
	if key == 1 {
		f.Add(int64(n))
	}
}

// A consumer that is behind receives the same number of bytes under the same quota
// from Apache Kafka and from the embedded cluster, useless parts of batches
// included: 228,608,273 and 228,608,021 in 40 s when it was tried.
func TestKafkaFetchQuotaAlike(t *testing.T) {
	kafkatest.Need(t)
	const limit, duration = 5e6, 25 * time.Second
	kafka := kafkatest.Start(t, kafkatest.Options{})
	kafka.CreateTopic(t, "orders", 1)
	kafka.ClientQuota(t, "reader", 0, limit)
	c := start(t, Config{
		Brokers: 1, Topics: map[string]int32{"orders": 1},
		Limits: declared(map[limits.Name]float64{limits.ClientEgress: limit}),
	})
	c.retention.budget = 1 << 30
	c.retention.configure(c.directory.named("orders"), -1)

	var all sync.WaitGroup
	var bytes [2]fetchedBytes
	var records [2]int
	for i, bootstrap := range [2]string{kafka.Bootstrap(), c.Bootstrap()[0]} {
		writer := client(t, c, kgo.SeedBrokers(bootstrap), kgo.ProducerLinger(time.Second))
		for range 300 { // batches of 700 KB, of which one and a half fit the consumer's 1 MiB
			for range 700 {
				writer.Produce(t.Context(), &kgo.Record{Topic: "orders", Value: make([]byte, 1000)}, nil)
			}
			if err := writer.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		reader := client(t, c, kgo.SeedBrokers(bootstrap), kgo.ClientID("reader"), kgo.ConsumeTopics("orders"),
			kgo.MaxConcurrentFetches(1), kgo.FetchMaxPartitionBytes(1<<20), kgo.WithHooks(&bytes[i]))
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), duration)
			defer cancel()
			for ctx.Err() == nil {
				records[i] += reader.PollFetches(ctx).NumRecords()
			}
		})
	}
	all.Wait()
	t.Logf("Apache Kafka sent %d bytes, %d records; the embedded cluster %d and %d", bytes[0].Load(), records[0], bytes[1].Load(), records[1])
	// At the end, one may be in a pause that the other has not begun or has just
	// left: a second or so of the limit, 3 % of the whole.
	within(t, "bytes received", float64(bytes[1].Load()), float64(bytes[0].Load()), 5)
	within(t, "records received", float64(records[1]), float64(records[0]), 5)
}

// Java's admin client, producer and consumer, under all limits that refuse.
func TestKafkaJavaClients(t *testing.T) {
	kafkatest.Need(t)
	c := start(t, Config{
		Brokers: 2, Limits: declared(map[limits.Name]float64{
			limits.PartitionIngress: 5e6, limits.ClusterPartitions: 2400, limits.ClusterPartitionChanges: 250.0 / 300,
			limits.ClusterTopicRequests: 2, limits.ClusterGroups: 500, limits.ClusterMessage: 8 << 20, limits.ClusterFetch: 55 << 20,
		}),
	})
	bootstrap := strings.Join(c.Bootstrap(), ",")
	java := func(class string, args ...string) string {
		t.Helper()
		out, err := kafkatest.Java(t, t.Context(), "org.apache.kafka.tools."+class, append([]string{"--bootstrap-server", bootstrap}, args...)...)
		if err != nil {
			t.Fatalf("%s: %v\n%s", class, err, out)
		}
		return out
	}
	java("TopicCommand", "--create", "--topic", "orders", "--partitions", "1", "--replication-factor", "1", "--config", "retention.bytes=67108864")
	if out := java("TopicCommand", "--describe", "--topic", "orders"); !strings.Contains(out, "Leader: 0") {
		t.Errorf("describe: %s", out)
	}
	out, err := kafkatest.Java(t, t.Context(), "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", bootstrap, "--create", "--topic", "many", "--partitions", "2400")
	if err == nil || !strings.Contains(out, "2400 partitions more would exceed the cluster's limit, which leaves 2399.") {
		t.Errorf("%v: %s", err, out)
	}
	const produced = 100_000 // 13 s at 7.5 MB/s: over the limit from second 7 on
	perf := kafkatest.ProducerPerf(t, bootstrap, "orders", kafkatest.PerfOptions{Records: produced, RecordBytes: 1000, RecordsPerSecond: 7500})
	if perf.Records != produced || perf.ThrottleMax < 500*time.Millisecond {
		t.Errorf("producer: %+v", perf)
	}
	if out := java("GetOffsetShell", "--topic", "orders"); !strings.Contains(out, "orders:0:100000") {
		t.Errorf("offsets: %s", out)
	}
	if out := java("ConsumerPerformance", "--topic", "orders", "--num-records", "20000"); !strings.Contains(out, ", 2") {
		t.Errorf("consumer: %s", out)
	}
	rows := c.Truth().Rows()
	if n := sum(only(rows, "partition", nil), recordsIn); n != produced {
		t.Errorf("truth has %d records, want %d", n, produced)
	}
	java("TopicCommand", "--delete", "--topic", "orders")
}

func TestKcatReadsWhatItWrote(t *testing.T) {
	kcat := kafkatest.NeedKcat(t)
	c := start(t, Config{Brokers: 2, Topics: map[string]int32{"orders": 1}})
	bootstrap := strings.Join(c.Bootstrap(), ",")
	write := exec.CommandContext(t.Context(), kcat, "-P", "-b", bootstrap, "-t", "orders")
	write.Stdin = strings.NewReader("a\nb\nc\n")
	if out, err := write.CombinedOutput(); err != nil {
		t.Fatalf("kcat: %v\n%s", err, out)
	}
	read, err := exec.CommandContext(t.Context(), kcat, "-C", "-b", bootstrap, "-t", "orders", "-e", "-q").Output()
	if err != nil || string(read) != "a\nb\nc\n" {
		t.Errorf("kcat read %q: %v", read, err)
	}
	if log := only(c.Truth().Rows(), "log", nil); len(log) != 1 || log[0].RecordsIn != 3 {
		t.Errorf("truth %+v", log)
	}
}
