//go:build unix

package embedded

import (
	"context"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// BenchmarkProduce compares the embedded cluster with bare kfake: MB/s of 1 KB
// records over 12 partitions from one client, discarded and kept.
func BenchmarkProduce(b *testing.B) {
	for _, discard := range []bool{true, false} {
		name := map[bool]string{true: "discarded", false: "kept"}[discard]
		b.Run(name+"/bare", func(b *testing.B) {
			opts := []kfake.Opt{
				kfake.NumBrokers(1), kfake.SeedTopics(12, "orders"),
				kfake.BrokerConfigs(map[string]string{"log.segment.bytes": "1048576"}),
			}
			if discard {
				opts = append(opts, kfake.BlackholeProduce())
			}
			k, err := kfake.NewCluster(opts...)
			if err != nil {
				b.Fatal(err)
			}
			defer k.Close()
			flatOut(b, k.ListenAddrs())
		})
		b.Run(name+"/embedded", func(b *testing.B) {
			c, err := Start(b.Context(), Config{Brokers: 1, Topics: map[string]int32{"orders": 12}, Discard: discard})
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			flatOut(b, c.Bootstrap())
		})
	}
}

// flatOut produces b.N records of 1 KB as fast as they are taken.
func flatOut(b *testing.B, bootstrap []string) {
	cl, err := kgo.NewClient(
		kgo.SeedBrokers(bootstrap...), kgo.DefaultProduceTopic("orders"),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.DisableClientMetrics(),
	)
	if err != nil {
		b.Fatal(err)
	}
	defer cl.Close()
	value := make([]byte, 1000)
	var failed atomic.Int64
	b.SetBytes(int64(len(value)))
	b.ResetTimer()
	begin, cpu := time.Now(), cpuTime(b)
	for range b.N {
		cl.Produce(context.Background(), &kgo.Record{Value: value}, func(_ *kgo.Record, err error) {
			if err != nil {
				failed.Add(1)
			}
		})
	}
	if err := cl.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/time.Since(begin).Seconds()/1e3, "krecords/s")
	b.ReportMetric(float64((cpuTime(b)-cpu).Nanoseconds())/float64(b.N), "cpu-ns/op")
	if n := failed.Load(); n > 0 {
		b.Fatalf("%d records failed", n)
	}
}

// cpuTime is what the process has used, client included: on a busy machine a
// steadier measure than the throughput.
func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
