// Package longrun makes the result of a long run over many partitions, for the tests
// of what is made from it. It is as large as such a run's: nothing in it is even, so
// that nothing can be drawn or written shorter than in the worst case.
package longrun

import (
	"fmt"
	"iter"
	"math"
	"time"

	"msklt/internal/limits"
	"msklt/report"
)

// Run is a made-up run: the same values give the same result.
type Run struct {
	Seconds, Partitions int
	Spike               Spike
}

// Spike is one second of one partition that stands out from all others.
type Spike struct {
	Second    int
	Partition int32
	Bytes     int64
}

// Limit is what a partition may take, declared; the hottest meet it now and then.
const Limit = 5e6

const (
	groups  = 3
	clients = 200
	brokers = 12
)

// noise is between 0 and 1, and looks like chance.
func noise(a, b int) float64 {
	h := (uint64(a)*0x9e3779b97f4a7c15 ^ uint64(b)) * 0xbf58476d1ce4e5b9
	h ^= h >> 29
	h *= 0x94d049bb133111eb
	return float64(h>>40) / (1 << 24)
}

// share is a partition's part of the load: a few are hot, most alike.
func share(partition int) float64 { return 1 + 9/(1+float64(partition)/20) }

// bytes are a partition's in a second.
func (run Run) bytes(second, partition int) int64 {
	if second == run.Spike.Second && int32(partition) == run.Spike.Partition {
		return run.Spike.Bytes
	}
	wave := 1 + 0.3*math.Sin(float64(second)/240)
	return int64(4e5 * share(partition) * wave * (0.2 + 1.2*noise(second, partition)))
}

// Series is series.csv, row by row.
func (run Run) Series() iter.Seq[report.PartitionSecond] {
	return func(yield func(report.PartitionSecond) bool) {
		for second := range run.Seconds {
			for p := range run.Partitions {
				n := run.bytes(second, p)
				row := report.PartitionSecond{Second: second, Topic: "orders", Partition: int32(p), AckedRecords: n / 1024, AckedBytes: n, ConsumedBytes: groups * n}
				if n > Limit {
					row.Throttled = math.Round(1000*noise(p, second)) / 1000
				}
				if !yield(row) {
					return
				}
			}
		}
	}
}

// Result is result.json.
func (run Run) Result() *report.Result {
	r := &report.Result{
		Schema:   report.Schema,
		Scenario: report.Scenario{Name: "long", Description: "An hour over many partitions.", Hash: "sha256:0", Limits: "inline", Resolved: "version: 1\nname: long\n"},
		Target:   report.Target{Name: "kafka", Kind: "kafka", Bootstrap: []string{"127.0.0.1:9092"}, Brokers: brokers, APILevel: "Kafka 4.3"},
		Versions: report.Versions{Msklt: "0.1.0", Go: "go1.26.8", FranzGo: "v1.22.2"}, Environment: report.Environment{OS: "linux", Arch: "amd64", CPUs: 2},
		StartedAt: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), DurationSeconds: float64(run.Seconds),
		Validity: report.Validity{Valid: true},
		Verdict: limits.Verdict{
			Status: limits.Limited, Summary: "partition.ingress bound on orders/0.",
			Headroom: []limits.Headroom{{Limit: limits.ClusterIngress, Scope: "cluster", Declared: 1e10, Used: 1e9, Headroom: 0.9, Unit: "bytes/s"}},
		},
		Phases: []report.Phase{{Name: "warm-up", To: 60, Load: 0.5}, {Name: "steady", From: 60, To: float64(run.Seconds), Load: 1, Measured: true}},
	}
	run.fillPartitions(r)
	run.fillTimeline(r)
	run.fillThrottle(r)
	for i := range 1000 {
		at := float64(run.Seconds) * noise(i, 5)
		r.Events = append(r.Events, report.Event{At: at, Until: at + 1, Kind: "disconnected", Text: fmt.Sprintf("broker %d: 5 connections lost, closed by the other side", i%brokers)})
	}
	l := latency()
	r.Latency = report.Latencies{Response: l, Service: l, ClientWait: l, Lag: l, EndToEnd: l}
	return r
}

func (run Run) fillPartitions(r *report.Result) {
	bound := int32(0)
	declared := Limit
	r.Verdict.Binding = []limits.Binding{{Limit: limits.PartitionIngress, Scope: "orders/0", Topic: "orders", Partition: &bound, Declared: &declared, Observed: Limit, ObservedBy: "plateau", Unit: "bytes/s"}}
	r.Groups = make([]report.Group, groups)
	for p := range run.Partitions {
		load := 4e5 * share(p) * 0.8
		r.Partitions = append(r.Partitions, report.Partition{
			Topic: "orders", Partition: int32(p), Leader: int32(p % brokers), Predicted: load, PredictedConsumed: groups * load, Acked: load, Consumed: groups * load,
			ResponseP99: 20 * noise(p, 3), ThrottledShare: noise(p, 4) / 10, AckedRecords: int64(load), LogEndDelta: int64(load),
			TopKeys: []report.KeyShare{{Key: fmt.Sprint("customer-", p), Share: 0.001}, {Key: fmt.Sprint("customer-", 2*p+1), Share: 0.0005}},
		})
		r.Totals.Acked += int64(load)
		for g := range r.Groups {
			group := &r.Groups[g]
			group.Name, group.Clients = fmt.Sprint("group-", g), 12
			group.Partitions = append(group.Partitions, report.GroupPartition{Topic: "orders", Partition: int32(p), LogEndDelta: int64(load), Consumed: int64(load)})
			group.LogEndDelta += int64(load)
			group.Consumed += int64(load)
		}
	}
	t := &r.Totals
	t.Scheduled, t.Sent, t.LogEndDelta, t.LogEndKnown, t.Consumed = t.Acked, t.Acked, t.Acked, true, groups*t.Acked
	for i := range 8 {
		r.Fleets = append(r.Fleets, report.Fleet{Name: fmt.Sprint("fleet-", i), Topic: "orders", Clients: clients / 8, Scheduled: t.Acked / 8, Sent: t.Acked / 8, Acked: t.Acked / 8,
			Latency: report.Latencies{Response: latency(), Service: latency()}})
	}
}

func (run Run) fillTimeline(r *report.Result) {
	for s := range run.Seconds {
		load := int64(1e9 * (0.5 + noise(s, 0)))
		second := report.Second{
			Second: s, Phase: "steady", OfferedRecords: load / 1024, AckedRecords: load / 1024, OfferedBytes: load, AckedBytes: load - load/int64(3+s%7), ConsumedBytes: groups * load,
			P50: 5 + 10*noise(s, 1), P99: 20 + 400*noise(s, 2), Max: 500 + 4000*noise(s, 3),
			EndToEndP50: 7 + 10*noise(s, 15), EndToEndP99: 30 + 600*noise(s, 16), EndToEndMax: 700 + 9000*noise(s, 17), ThrottledShare: noise(s, 4), Waiting: int64(1e5 * noise(s, 5)), Backlog: int64(1e6 * noise(s, 6)), LagMax: 3 * noise(s, 7),
			Spent:      report.Spent{Throttle: 1e4 * noise(s, 8), Broker: 1e4 * noise(s, 9), Network: 1e3 * noise(s, 10), Client: 1e4 * noise(s, 11)},
			Instrument: report.Instrument{SchedulerP99: noise(s, 12), GCShare: noise(s, 13) / 50, CPUShare: noise(s, 14)},
		}
		if s < 60 {
			second.Phase = "warm-up"
		}
		r.Timeline = append(r.Timeline, second)
		for g := range r.Groups {
			r.Groups[g].Backlog = append(r.Groups[g].Backlog, int64(1e6*noise(s, 20+g)))
		}
		r.Spent.Throttle += second.Spent.Throttle
		r.Spent.Broker += second.Spent.Broker
		r.Rates.OfferedBytesPerSecond += float64(second.OfferedBytes) / float64(run.Seconds)
		r.Rates.AckedBytesPerSecond += float64(second.AckedBytes) / float64(run.Seconds)
	}
}

func (run Run) fillThrottle(r *report.Result) {
	r.Throttle = report.Throttle{Responses: 123456, Share: 0.2, ByAPI: map[string]report.APIShare{"produce": {Responses: 123456, Share: 0.2, P50: 100, P99: 900, Max: 1000}}}
	for i := range 4 * run.Seconds {
		from := float64(i) / 4
		r.Throttle.Intervals = append(r.Throttle.Intervals, report.ThrottleInterval{From: from, To: from + 0.2*noise(i, 9)})
	}
	for c := range clients {
		for b := range brokers {
			r.Throttle.ByClient = append(r.Throttle.ByClient, report.ClientThrottle{Client: fmt.Sprint("msklt-k3f9-fleet-", c), Fleet: fmt.Sprint("fleet-", c%8), Broker: int32(b), API: "produce", Responses: int64(50 * noise(c, b)), Share: noise(c, b), Partitions: run.Partitions / brokers})
		}
	}
	for b := range brokers {
		r.Throttle.ByBroker = append(r.Throttle.ByBroker, report.BrokerThrottle{Broker: int32(b), Responses: 10288, Share: 0.2})
	}
}

// latency is a summary with a curve of as many points as a run of 10^9 records has.
func latency() report.Latency {
	l := report.Latency{P50: 8, P90: 30, P99: 210, P999: 800, Max: 4321, Mean: 12, Count: 1e9}
	for i := range 120 {
		l.Curve = append(l.Curve, report.CurvePoint{Quantile: 1 - math.Pow(2, -float64(i)/4), Millis: 1 + 36.3*float64(i)})
	}
	return l
}
