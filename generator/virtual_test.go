package generator_test

import (
	"context"
	"math"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/report"
	"msklt/scenario"
)

// inVirtualTime runs a scenario against the embedded cluster on a network in
// memory: minutes pass in a moment, and nothing else on the machine matters.
func inVirtualTime(t *testing.T, text string, values map[limits.Name]float64, stop time.Duration, check func(*testing.T, *generator.Output, []embedded.Row)) {
	t.Helper()
	onVirtualNetwork(t, parse(t, text), values, stop, nil, check)
}

// inVirtualTimeAfter does the same on a cluster that is prepared first, by a client
// with the options that it is given.
func inVirtualTimeAfter(t *testing.T, prepare func(*testing.T, []kgo.Opt), text string, check func(*testing.T, *generator.Output, []embedded.Row)) {
	t.Helper()
	onPreparedNetwork(t, parse(t, text), nil, 0, func(t *testing.T, _ *embedded.Cluster, opts []kgo.Opt) { prepare(t, opts) }, nil, check)
}

// inVirtualTimeWith does the same on a cluster that inject has go wrong.
func inVirtualTimeWith(t *testing.T, inject func(*embedded.Cluster), text string, values map[limits.Name]float64, check func(*testing.T, *generator.Output, []embedded.Row)) {
	t.Helper()
	onPreparedNetwork(t, parse(t, text), values, 0, func(_ *testing.T, c *embedded.Cluster, _ []kgo.Opt) { inject(c) }, nil, check)
}

// onVirtualNetwork is inVirtualTime with something done to every connection.
func onVirtualNetwork(t *testing.T, s *scenario.Scenario, values map[limits.Name]float64, stop time.Duration, wrap func(net.Conn) net.Conn, check func(*testing.T, *generator.Output, []embedded.Row)) {
	t.Helper()
	onPreparedNetwork(t, s, values, stop, nil, wrap, check)
}

// startVirtual starts a cluster of two brokers on a network in memory.
func startVirtual(t *testing.T, values map[limits.Name]float64) (*kfake.VirtualNetwork, *embedded.Cluster, limits.Limits) {
	t.Helper()
	network := new(kfake.VirtualNetwork)
	l := limits.Limits{Profile: "test", Values: values}
	c, err := embedded.Start(t.Context(), embedded.Config{Brokers: 2, Listen: "127.0.0.1:9092", Limits: l, OnNetwork: network.Listen})
	if err != nil {
		t.Fatal(err)
	}
	return network, c, l
}

func onPreparedNetwork(t *testing.T, s *scenario.Scenario, values map[limits.Name]float64, stop time.Duration, prepare func(*testing.T, *embedded.Cluster, []kgo.Opt), wrap func(net.Conn) net.Conn, check func(*testing.T, *generator.Output, []embedded.Row)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network, c, l := startVirtual(t, values)
		defer c.Close()
		if prepare != nil {
			prepare(t, c, []kgo.Opt{kgo.SeedBrokers(c.Bootstrap()...), kgo.Dialer(network.DialContext)})
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if stop > 0 {
			time.AfterFunc(stop, cancel)
		}
		dial := func(ctx context.Context, name, addr string) (net.Conn, error) {
			conn, err := network.DialContext(ctx, name, addr)
			if err != nil { // as a real network refuses: clients try again only then
				return nil, &net.OpError{Op: "dial", Net: name, Err: err}
			}
			if wrap != nil {
				conn = wrap(conn)
			}
			return conn, nil
		}
		out, err := generator.Run(ctx, generator.Config{
			Scenario: s, Limits: l, Dial: dial,
			Target: report.Target{Kind: string(limits.EmbeddedCluster), Bootstrap: c.Bootstrap()},
		})
		if err != nil {
			t.Fatal(err)
		}
		if out.Left != nil {
			t.Errorf("left on the cluster: %v", out.Left)
		}
		check(t, out, c.Truth().Rows())
	})
}

const hotPartition = `
version: 1
name: virtual
topics:
  t: {partitions: 4}
producers:
  p:
    topic: t
    clients: 2
    rate: 3MB/s
    key: {hot: {keys: 1, share: 50%}, keys: 100}
    value: {size: 1000B}
    settings: {buffer: 1MiB}
consumers:
  g: {topics: [t], clients: 2}
phases:
  - {name: warm-up, duration: 5s, load: 20%, measure: false}
  - {name: steady, duration: 25s}
`

// TestVirtualOverload overloads one partition for half a minute and holds the result
// against the cluster's truth.
func TestVirtualOverload(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, hotPartition, map[limits.Name]float64{limits.PartitionIngress: 1e6}, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		r := out.Result
		checkCounts(t, r, truth)
		if r.Verdict.Status != limits.Limited || len(r.Verdict.Binding) != 1 {
			t.Fatalf("status %s, binding %+v", r.Verdict.Status, r.Verdict.Binding)
		}
		b := r.Verdict.Binding[0]
		hot := limits.Partitioner("t", 4)([]byte("0"))
		if b.Limit != limits.PartitionIngress || int(*b.Partition) != hot || math.Abs(b.Observed/1e6-1) > 0.005 {
			t.Errorf("named %s of %s at %.0f, want partition %d at 1,000,000 within 0.5 %%", b.Limit, b.Scope, b.Observed, hot)
		}
		if p := r.Plan; p == nil || p.Brokers != 2 || len(p.Limits) != 1 || p.First == nil || p.First.Limit != b.Limit || int(*p.First.Partition) != hot {
			t.Errorf("the result's plan is %+v, want what bound first", p)
		}
		// 5 s at a fifth and 25 s at all of 3 MB/s. A value has 1,000 bytes; a key has
		// one, but for the 90 of the 99 cold ones that have two, with half the records.
		if want := int64(math.Ceil(3e6 / (1000 + 1 + 0.5*90/99) * 26)); r.Totals.Scheduled != want {
			t.Errorf("%d records scheduled, want %d", r.Totals.Scheduled, want)
		}
		// Unsent records count as censored, and no percentile among them is bare.
		l := r.Latency.Response
		if l.Censored == 0 || l.Censored != r.Totals.Unsent+r.Totals.Failed || !l.P99Censored || !l.MaxCensored {
			t.Errorf("censored %d of %d unsent and %d failed; p99 censored %v", l.Censored, r.Totals.Unsent, r.Totals.Failed, l.P99Censored)
		}
		warmUp := int64(math.Ceil(3e6 / (1000 + 1 + 0.5*90/99)))
		if l.Count != r.Totals.Scheduled-warmUp {
			t.Errorf("%d response times for %d records, %d of them in the warm-up", l.Count, r.Totals.Scheduled, warmUp)
		}
		checkParts(t, r)
		checkThrottles(t, r, truth)
	})
}

// checkParts holds that the response time is lag, client wait and service, record by
// record, whatever became of it: in the sum, to half of what a bucket of three digits is wide.
func checkParts(t *testing.T, r *report.Result) {
	t.Helper()
	n, l := r.Totals, r.Latency
	if l.ClientWait.Count != l.Response.Count || l.Service.Count != l.Response.Count-n.Unsent ||
		l.ClientWait.Censored != n.Unsent || l.Service.Censored != n.Failed {
		t.Errorf("of %+v: response %d, client wait %d (%d censored), service %d (%d censored)",
			n, l.Response.Count, l.ClientWait.Count, l.ClientWait.Censored, l.Service.Count, l.Service.Censored)
	}
	sum := func(l report.Latency) float64 { return l.Mean * float64(l.Count) }
	if parts := sum(l.Lag) + sum(l.ClientWait) + sum(l.Service); math.Abs(sum(l.Response)/parts-1) > 0.001 {
		t.Errorf("response times add up to %.0f ms, their parts to %.0f", sum(l.Response), parts)
	}
}

// checkCounts holds every count against the truth, partition by partition.
func checkCounts(t *testing.T, r *report.Result, truth []embedded.Row) {
	t.Helper()
	if !r.Validity.Valid {
		t.Errorf("invalid: %+v", r.Validity.Reasons)
	}
	n := r.Totals
	if n.Scheduled != n.Sent+n.Unsent || n.Sent != n.Acked+n.Failed || n.Acked != n.LogEndDelta {
		t.Errorf("counts do not add up: %+v", n)
	}
	for _, g := range r.Groups {
		if g.Consumed+g.Expired != g.LogEndDelta || g.Unread != 0 || g.Duplicates != 0 {
			t.Errorf("group %s: %+v", g.Name, g)
		}
	}
	var bytes int64
	for _, row := range truth {
		if row.Scope != "log" {
			continue
		}
		bytes += row.BytesIn
		p := r.Partitions[row.Partition]
		if p.AckedRecords != row.RecordsIn || p.LogEndDelta != row.LogEnd {
			t.Errorf("partition %d: acked %d, log-end delta %d; the truth has %d records, log end %d", p.Partition, p.AckedRecords, p.LogEndDelta, row.RecordsIn, row.LogEnd)
		}
	}
	if bytes != n.BytesAcked {
		t.Errorf("%d bytes acked, the truth has %d", n.BytesAcked, bytes)
	}
}

// checkThrottles holds the number of throttle responses and their sum against
// those that the cluster gave, and the shares against their bounds.
func checkThrottles(t *testing.T, r *report.Result, truth []embedded.Row) {
	t.Helper()
	var given, millis int64
	for _, row := range truth {
		if row.Scope == "throttle" {
			given += row.Count
			millis += row.TotalMillis
		}
	}
	if r.Throttle.Responses != given || math.Abs(1000*r.Throttle.SumSeconds-float64(millis)) > 0.5 {
		t.Errorf("%d throttle responses of %.3f s in all, the cluster gave %d of %d ms", r.Throttle.Responses, r.Throttle.SumSeconds, given, millis)
	}
	if r.Throttle.UnionSeconds > r.Throttle.SumSeconds || r.Throttle.Share <= 0 || r.Throttle.Share > 1 {
		t.Errorf("throttle %+v", r.Throttle)
	}
	for _, c := range r.Throttle.ByClient {
		if c.Share <= 0 || c.Share > 1 {
			t.Errorf("share of %s is %v", c.Client, c.Share)
		}
	}
}

// TestVirtualInterrupt stops in the middle of an overload: what was scheduled until
// then is accounted for, and nothing after.
func TestVirtualInterrupt(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, hotPartition, map[limits.Name]float64{limits.PartitionIngress: 1e6}, 15*time.Second, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		r := out.Result
		checkCounts(t, r, truth)
		if !r.Interrupted {
			t.Error("not marked as interrupted")
		}
		// Traffic began within the first two seconds: 5 s at a fifth, the rest whole.
		rate := 3e6 / (1000 + 1 + 0.5*90/99)
		if n := float64(r.Totals.Scheduled); n < rate*(1+8) || n > rate*(1+10) {
			t.Errorf("%.0f records scheduled in 15 s", n)
		}
	})
}

// TestVirtualFits runs a load that fits: no throttle, nothing censored, and with
// no network and no CPU to wait for, no lag at all.
func TestVirtualFits(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, hotPartition, map[limits.Name]float64{limits.PartitionIngress: 5e6, limits.ClusterIngress: 20e6}, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		r := out.Result
		checkCounts(t, r, truth)
		if r.Verdict.Status != limits.WithinLimits || r.Throttle.Responses != 0 || r.Latency.Response.Censored != 0 {
			t.Errorf("status %s, %d throttle responses, %d censored", r.Verdict.Status, r.Throttle.Responses, r.Latency.Response.Censored)
		}
		// A wake-up comes at most shortestSleep after the first record that it finds.
		if r.Latency.Lag.Max > 0.201 {
			t.Errorf("lag of %.3f ms in virtual time", r.Latency.Lag.Max)
		}
		for _, p := range r.Partitions {
			// Keys are drawn, so a partition's records scatter by their square root.
			if off := 3 / math.Sqrt(float64(p.AckedRecords)); math.Abs(p.Acked/p.Predicted-1) > max(0.02, off) {
				t.Errorf("partition %d: predicted %.0f, acked %.0f bytes/s", p.Partition, p.Predicted, p.Acked)
			}
		}
		for _, h := range r.Verdict.Headroom {
			want := used(truth, h.Limit)
			if math.Abs(h.Used/want-1) > 0.001 {
				t.Errorf("%s: used %.0f, the truth says %.0f", h.Limit, h.Used, want)
			}
		}
	})
}

// used works out from the truth what headroom says: the highest mean over 11
// seconds of the most loaded instance.
func used(truth []embedded.Row, limit limits.Name) (best float64) {
	series := map[int32]map[int64]int64{}
	var first, last int64
	for _, row := range truth {
		if limit == limits.PartitionIngress && row.Scope == "partition" || limit == limits.ClusterIngress && row.Scope == "cluster" {
			if series[row.Partition] == nil {
				series[row.Partition] = map[int64]int64{}
			}
			series[row.Partition][row.Second] += row.BytesIn
			if first == 0 {
				first = row.Second
			}
			first, last = min(first, row.Second), max(last, row.Second)
		}
	}
	for _, s := range series {
		for from := first - 10; from <= last; from++ {
			sum := 0.0
			for i := range int64(11) {
				sum += float64(s[from+i])
			}
			best = max(best, sum/11)
		}
	}
	return best
}
