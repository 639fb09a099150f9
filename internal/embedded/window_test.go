package embedded

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/limits"
)

// What Apache Kafka 4.3 did with one client that offered 7.5 MB/s against a quota
// of 5 MB/s (1,000-byte records, acks all, linger 5 ms): megabytes acked by the end
// of these seconds, and the throttle responses of 60 s.
var kafkaAcked = map[int]float64{5: 37.5, 10: 56.8, 20: 111.2, 30: 164.6, 60: 302.1}

const (
	kafkaThrottles     = 207
	kafkaThrottleSum   = 51.6 // seconds
	kafkaFirstThrottle = 7.0  // second
)

func TestPartitionIngressFollowsApacheKafka(t *testing.T) {
	inVirtualTime(t, Config{
		Brokers: 1, Topics: map[string]int32{"orders": 1},
		Limits: declared(map[limits.Name]float64{limits.PartitionIngress: 5e6}),
	}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		hook := newThrottles()
		cl := client(t, c, kgo.Dialer(network.DialContext), kgo.ProducerLinger(5*time.Millisecond), kgo.WithHooks(hook))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		time.AfterFunc(60*time.Second, cancel) // no draining: what is buffered then is not acked
		acked, bySecond := offer(ctx, cl, stream{"orders", []int32{0}, 1000, 7500, 60*time.Second + 10*time.Millisecond})

		for second, want := range kafkaAcked {
			within(t, "MB acked", float64(bySecond[second-1])/1e6, want, 5)
		}
		seen := hook.seen()
		within(t, "throttle responses", float64(len(seen)), kafkaThrottles, 5)
		var total time.Duration
		for _, s := range seen {
			total += s.pause
		}
		within(t, "seconds of throttle", total.Seconds(), kafkaThrottleSum, 5)
		within(t, "first throttle at", seen[0].at.Seconds(), kafkaFirstThrottle, 1)

		synctest.Wait()
		rows := c.Truth().Rows()
		given := only(rows, "throttle", nil)
		if n := sum(given, count); n != int64(len(seen)) {
			t.Errorf("truth has %d throttles, the client saw %d", n, len(seen))
		}
		for _, r := range given {
			if r.Limit != limits.PartitionIngress || r.Topic != "orders" || r.Partition != 0 || r.API != "produce" {
				t.Errorf("throttle attributed to %+v", r)
			}
		}
		log := only(rows, "log", nil)
		if len(log) != 1 || log[0].LogEnd < acked[0] || log[0].RecordsIn != log[0].LogEnd {
			t.Errorf("acked %d, truth %+v", acked[0], log)
		}
		if n := sum(only(rows, "partition", nil), recordsIn); n != log[0].LogEnd {
			t.Errorf("seconds sum up to %d records, the log ends at %d", n, log[0].LogEnd)
		}
	})
}
