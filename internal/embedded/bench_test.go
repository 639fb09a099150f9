//go:build unix

package embedded

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/limits"
)

// BenchmarkAgainstBare compares the embedded cluster, without limits and with limits
// that are never reached, with bare kfake: one client that writes to 12 partitions
// flat out, 1,000-byte records in whatever batches come about, and 100-byte records
// one to a request. Each iteration is a round in which all three have their turn, so
// that what else the machine does meets all alike; the medians of the rounds' ratios
// are reported: of records per second (1 is as fast as bare kfake), and of the CPU time
// per record, the client's included. On a busy machine the second is the steadier one.
func BenchmarkAgainstBare(b *testing.B) {
	for _, w := range []struct {
		name    string
		discard bool
		load    load
	}{
		{"discarded", true, load{records: 200_000, size: 1000}},
		{"kept", false, load{records: 100_000, size: 1000}},
		{"single", true, load{records: 10_000, size: 100, single: true}},
	} {
		b.Run(w.name, func(b *testing.B) {
			kinds := []func(*testing.B) (bootstrap []string, stop func()){
				func(b *testing.B) ([]string, func()) { return bare(b, w.discard) },
				func(b *testing.B) ([]string, func()) { return wrapped(b, w.discard, limits.Limits{}) },
				func(b *testing.B) ([]string, func()) { return wrapped(b, w.discard, highLimits()) },
			}
			var ratios [2]struct{ speed, cpu []float64 }
			var bareCPU []float64
			for round := range b.N {
				var took, used [3]float64
				for i := range kinds {
					kind := (i + round) % len(kinds)
					bootstrap, stop := kinds[kind](b)
					took[kind], used[kind] = w.load.run(b, bootstrap)
					stop()
				}
				bareCPU = append(bareCPU, used[0])
				for i := range ratios {
					ratios[i].speed = append(ratios[i].speed, took[0]/took[1+i])
					ratios[i].cpu = append(ratios[i].cpu, used[1+i]/used[0])
				}
			}
			b.ReportMetric(0, "ns/op") // a round's length says nothing
			b.ReportMetric(median(bareCPU)*1e9/float64(w.load.records), "bare-cpu-ns/record")
			for i, kind := range []string{"unlimited", "limited"} {
				b.ReportMetric(median(ratios[i].speed), kind+"-speed")
				b.ReportMetric(median(ratios[i].cpu), kind+"-cpu")
			}
		})
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func bare(b *testing.B, discard bool) (bootstrap []string, stop func()) {
	opts := []kfake.Opt{
		kfake.NumBrokers(1), kfake.SeedTopics(12, "orders"),
		kfake.BrokerConfigs(map[string]string{"log.segment.bytes": fmt.Sprint(segmentBytes)}),
	}
	if discard {
		opts = append(opts, kfake.BlackholeProduce())
	}
	k, err := kfake.NewCluster(opts...)
	if err != nil {
		b.Fatal(err)
	}
	return k.ListenAddrs(), k.Close
}

func wrapped(b *testing.B, discard bool, l limits.Limits) (bootstrap []string, stop func()) {
	c, err := Start(b.Context(), Config{Brokers: 1, Topics: map[string]int32{"orders": 12}, Discard: discard, Limits: l})
	if err != nil {
		b.Fatal(err)
	}
	return c.Bootstrap(), func() {
		if err := c.Close(); err != nil {
			b.Error(err)
		}
	}
}

// highLimits declares every limit on traffic, each far above what can be reached.
func highLimits() limits.Limits {
	l := limits.Limits{Profile: "high", Values: make(map[limits.Name]float64)}
	for _, name := range []limits.Name{
		limits.PartitionIngress, limits.PartitionEgress, limits.BrokerIngress, limits.BrokerEgress,
		limits.ClusterIngress, limits.ClusterEgress, limits.ClusterRequests, limits.ClientIngress, limits.ClientEgress,
	} {
		l.Values[name] = 1e12
	}
	return l
}

// load is what a client writes as fast as it is taken.
type load struct {
	records, size int
	single        bool // one record to a request, one request at a time
}

// run writes the load and returns the seconds that it took and the CPU seconds that
// the process used.
func (l load) run(b *testing.B, bootstrap []string) (took, used float64) {
	cl, err := kgo.NewClient(
		kgo.SeedBrokers(bootstrap...), kgo.DefaultProduceTopic("orders"),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.DisableClientMetrics(), kgo.ProducerLinger(0),
	)
	if err != nil {
		b.Fatal(err)
	}
	defer cl.Close()
	value := make([]byte, l.size)
	if err := cl.ProduceSync(context.Background(), &kgo.Record{Value: value}).FirstErr(); err != nil {
		b.Fatal(err) // connected
	}
	runtime.GC()
	begin, cpu := time.Now(), cpuTime(b)
	var failed atomic.Int64
	for range l.records {
		record := &kgo.Record{Value: value}
		if l.single {
			err := cl.ProduceSync(context.Background(), record).FirstErr()
			if err != nil {
				failed.Add(1)
			}
			continue
		}
		cl.Produce(context.Background(), record, func(_ *kgo.Record, err error) {
			if err != nil {
				failed.Add(1)
			}
		})
	}
	if err := cl.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
	took, used = time.Since(begin).Seconds(), (cpuTime(b) - cpu).Seconds()
	if n := failed.Load(); n > 0 {
		b.Fatalf("%d records failed", n)
	}
	return took, used
}

// cpuTime is what the process has used, client included.
func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
