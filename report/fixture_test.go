package report

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"msklt/internal/cost"
	"msklt/internal/limits"
)

// The fixtures are results as a run would leave them. Their totals follow from
// their seconds, so that counts add up as they must in a real one.

const (
	recordBytes = 1024
	batchFactor = 1.05 // wire bytes ÷ keys and values
	hotLimit    = 5e6
)

// hotKey is the blueprint's example: 12 partitions, 40 MB/s, of which 35.8 % on
// partition 7, whose limit is 5 MB/s with 10 s of credit. The clients' buffers
// fill with its records, so everything slows down.
func hotKey() (*Result, []PartitionSecond) {
	r := base("hot-key", "One celebrity customer overloads one partition while the cluster idles.")
	r.Verdict = limits.Verdict{
		Status: limits.Limited,
		Summary: "partition.ingress bound on orders/7 at 5.01 MB/s (declared 5.00 MB/s), from 7.4 s on. " +
			"Every other limit has room.",
		Binding: []Binding{{
			Limit: limits.PartitionIngress, Scope: "orders/7", Topic: "orders", Partition: ref(int32(7)), Broker: ref(int32(1)),
			Declared: ref(hotLimit), Observed: 5012345, ObservedBy: "inversion",
			Inverted: &limits.Inverted{Value: 5012345, SpreadPercent: 0.42, Responses: 312},
			Plateau:  ref(4.93e6), Unit: "bytes/s", SinceSeconds: 7.4, ThrottledShare: 0.874,
			Evidence: []string{
				"312 throttle responses, all to requests that carried orders/7, invert to 5.01 MB/s with a spread of 0.42 %.",
				"The same replay over broker 1, the client and the cluster scatters by more than 18 %.",
			},
		}},
		Headroom: []Headroom{
			room(limits.PartitionEgress, "orders/7", 10e6, 4.95e6, "bytes/s"),
			room(limits.ClusterIngress, "cluster", 200e6, 24.3e6, "bytes/s"),
			room(limits.ClusterEgress, "cluster", 400e6, 24.1e6, "bytes/s"),
			room(limits.ClusterRequests, "cluster", 15000, 812, "requests/s"),
			room(limits.ClusterConnections, "cluster", 3000, 35, "connections"),
		},
		Advice: []Advice{
			{Limit: limits.PartitionIngress, Text: "One key is 30 % of the load: more partitions do not help. Split the key 3 ways to bring its partition to 5.00 MB/s."},
		},
	}
	r.Plan = planned()
	r.Cost = &cost.Bill{Currency: "USD", Region: "us-east-1", Total: 0.2104, Items: []cost.Item{
		{Name: "cluster", Quantity: 0.012667, Unit: "cluster-hour", UnitPrice: 0.75, Amount: 0.0095},
		{Name: "data in", Quantity: 2.009, Unit: "GiB", UnitPrice: 0.1, Amount: 0.2009},
	}, Assumptions: []string{"As measured."}}
	series := simulate(r, 40e6, 0.3583)
	r.Throttle = Throttle{
		Responses: 344, Share: 0.291, SumSeconds: 412.7, UnionSeconds: 139.8,
		ByAPI: map[string]APIShare{
			"produce": {Responses: 312, Share: 0.291, P50: 412, P99: 1630, Max: 2044},
			"fetch":   {Responses: 32, Share: 0.012, P50: 18.4, P99: 88, Max: 91.5},
		},
		ByBroker:  []BrokerThrottle{{0, 0, 0}, {1, 344, 0.874}, {2, 0, 0}},
		Intervals: []ThrottleInterval{{7.4, 8.1}, {8.4, 12.2}, {12.21, 19.0}, {19.5, 31.4}, {31.9, 44.9}},
	}
	for i := range 4 {
		r.Throttle.ByClient = append(r.Throttle.ByClient,
			ClientThrottle{fmt.Sprintf("msklt-k3f9-checkout-%d", i), "checkout", 1, "produce", 78, 0.874 + 0.002*float64(i), 4})
	}
	r.Latency.Response = latency(14200, 24700, 31200, r.Totals.Scheduled, r.Totals.Unsent)
	r.Latency.ClientWait = latency(8100, 16100, 18800, r.Totals.Scheduled, r.Totals.Unsent)
	r.Latency.Lag = latency(0.31, 1.2, 3.4, r.Totals.Scheduled, 0)
	r.Latency.Service = latency(6.4, 812, 2044, r.Totals.Acked, 0)
	r.Latency.EndToEnd = latency(14.1, 22100, 30900, r.Totals.Consumed, 0)
	r.Groups[0].EndToEnd = r.Latency.EndToEnd
	return r, series
}

// steady fits: 8 MB/s over even keys.
func steady() (*Result, []PartitionSecond) {
	r := base("steady", "An even load that fits.")
	r.CostUnknown = "only profiles of Amazon MSK have prices, and the limits are mine.yaml"
	r.Verdict = limits.Verdict{
		Status:  limits.WithinLimits,
		Summary: "8.00 MB/s fits. The nearest limit is partition.ingress on orders/3, of which 14.3 % is used.",
		Headroom: []Headroom{
			room(limits.PartitionIngress, "orders/3", 5e6, 0.714e6, "bytes/s"),
			room(limits.ClusterIngress, "cluster", 200e6, 8.4e6, "bytes/s"),
		},
	}
	series := simulate(r, 8e6, 1.0/12)
	r.Latency.Response = latency(7.1, 14.2, 31, r.Totals.Acked, 0)
	r.Latency.Service = latency(6.2, 13.1, 30, r.Totals.Acked, 0)
	r.Latency.EndToEnd = latency(8.9, 17, 44, r.Totals.Consumed, 0)
	r.Groups[0].EndToEnd = r.Latency.EndToEnd
	r.Thresholds = []Threshold{
		{Expression: "response.p99 < 500ms", Observed: ref(14.2), Bound: 500, Unit: "ms", Passed: true, Known: true},
		{Expression: "throttled.share < 5%", Of: "topic orders", Observed: ref(0.0), Bound: 0.05, Unit: "share", Passed: true, Known: true},
	}
	return r, series
}

// gated is a run that a threshold stopped, with every outcome that there is.
func gated() (*Result, []PartitionSecond) {
	r, series := hotKey()
	r.Scenario.Name = "gated"
	r.Verdict.Binding[0].Evidence, r.Verdict.Headroom, r.Verdict.Advice = nil, nil, nil
	r.Aborted = &Aborted{Expression: "throttled.share < 5%", Of: "partition orders/7", At: 12}
	r.Thresholds = []Threshold{
		{Expression: "response.p99 < 500ms", Observed: ref(24700.0), Censored: true, Bound: 500, Unit: "ms", Known: true},
		{Expression: "throttled.share < 5%", Of: "partition orders/7", Observed: ref(0.0504), Bound: 0.05, Unit: "share", Known: true, Abort: true,
			Message: "broken 12.0 s after the start of traffic, when the run was stopped"},
		{Expression: "response.max < 60s", Of: "fleet checkout", Observed: ref(31200.0), Censored: true, Bound: 60000, Unit: "ms",
			Message: "it falls among records whose time is a lower bound, so that it may be higher"},
		{Expression: "end_to_end.p99 < 1s", Bound: 1000, Unit: "ms", Message: "nothing was measured"},
		{Expression: "backlog < 10000", Of: "group billing", Observed: ref(4210.0), Bound: 10000, Unit: "records", Passed: true, Known: true},
		{Expression: "acked.rate > 10MB/s", Observed: ref(15.2e6), Bound: 10e6, Unit: "bytes/s", Passed: true, Known: true},
	}
	return r, series
}

// stopped is a run that was interrupted, and whose generator was too slow.
func stopped() (*Result, []PartitionSecond) {
	r, series := steady()
	r.Scenario.Name = "stopped"
	r.Interrupted, r.InterruptedAt, r.DurationSeconds = true, 23.4, 23.9
	r.Timeline = r.Timeline[:24]
	r.Phases[1].To = 23.4
	series = slices.DeleteFunc(series, func(s PartitionSecond) bool { return s.Second > 23 })
	bad := Reason{Check: "schedule lag", Observed: 88.2, Bound: 20, Unit: "ms", Message: "The generator woke up 88.2 ms late at p99: the machine was too slow for this load."}
	r.Validity = Validity{Valid: false, Reasons: []Reason{bad}, Checks: []Reason{bad, r.Validity.Checks[1]}}
	r.Verdict = limits.Verdict{Status: limits.Invalid, Summary: "The generator, not the cluster, was the bottleneck."}
	r.Totals.Unsent++ // does not add up
	r.Events = []Event{
		{At: 9.25, Kind: "error", Text: "produce: NOT_LEADER_OR_FOLLOWER: for requests that need the leader"},
		{At: 9.25, Until: 12.1, Kind: "disconnected", Broker: ref(int32(1)), Text: "broker 1: 5 connections lost, closed by the other side"},
		{At: 9.31, Kind: "leader_moved", Broker: ref(int32(2)), Text: "orders/1, orders/4, orders/7 and 1 more: broker 1 → 2"},
		{At: 12.1, Kind: "reconnected", Broker: ref(int32(1)), Text: "broker 1: answers again after 2.9 s"},
	}
	r.Errors = []ErrorCount{{"produce", "NOT_LEADER_OR_FOLLOWER: for requests that need the leader", 12, 9.25}}
	return r, series
}

func base(name, description string) *Result {
	r := &Result{
		Schema: Schema,
		Scenario: Scenario{
			Name: name, Description: description, Hash: "sha256:5f1d7a84b1c0", Limits: "msk-serverless",
			Resolved: "version: 1\nname: " + name + "\nseed: 42\nlimits: msk-serverless\ntopics:\n  orders: {partitions: 12}\n",
		},
		Seed:     42,
		Again:    &Again{Arguments: []string{"run", "results/" + name + "/scenario.yaml"}},
		Target:   Target{Name: "embedded", Kind: "embedded", Bootstrap: []string{"127.0.0.1:40001"}, Brokers: 3, APILevel: "Kafka 4.3"},
		Versions: Versions{"0.1.0", "go1.26.8", "v1.22.2"}, Environment: Environment{"linux", "amd64", 2, "6.12.0"},
		StartedAt: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), DurationSeconds: 45.6,
		Validity: Validity{Valid: true, Checks: []Reason{
			{Check: "schedule lag", Observed: 1.21, Bound: 20, Unit: "ms", Message: "p99 of how late the generator found a record due."},
			{Check: "offered", Observed: 0.9998, Bound: 0.99, Message: "Share of the scheduled records that were attempted."},
			{Check: "cgroup_throttled", Bound: 0.005, Unit: "of the time", Unknown: true, Message: "this system does not tell"},
		}},
		Phases:   []Phase{{"warm-up", 0, 5, 0.25, false}, {"steady", 5, 45, 1, true}},
		Throttle: Throttle{ByAPI: map[string]APIShare{}},
	}
	for i := range 12 {
		r.Partitions = append(r.Partitions, Partition{Topic: "orders", Partition: int32(i), Leader: int32(i % 3)})
	}
	return r
}

// simulate fills timeline, series, partitions and totals: partition 7 gets a
// share of the rate and is held at hotLimit once its credit of 10 s is used up;
// then everything else is held back in proportion.
func simulate(r *Result, rate, hot float64) []PartitionSecond {
	var series []PartitionSecond
	credit, backlog := 10*hotLimit, 0.0
	for second := range 46 {
		load, phase := 0.0, "drain"
		for _, p := range r.Phases {
			if float64(second) >= p.From && float64(second) < p.To {
				load, phase = p.Load, p.Name
			}
		}
		offered := rate * load
		wobble := 1 + 0.35*math.Sin(float64(second)*1.7)
		acked := offered
		if wire := offered * hot * batchFactor; wire > hotLimit && credit <= 0 {
			acked = hotLimit * wobble / batchFactor / hot
		} else {
			credit -= max(0, wire-hotLimit*0.1)
		}
		backlog += offered - acked
		if phase == "drain" {
			acked = min(backlog, 3e6)
		}
		s := Second{
			Second: second, Phase: phase, OfferedBytes: int64(offered), OfferedRecords: int64(offered / recordBytes),
			P50: 6.5 + backlog/50e3, P99: 12*wobble + backlog/32e3, Max: 31*wobble + backlog/26e3, Waiting: int64(backlog / recordBytes), LagMax: 1.4,
		}
		s.EndToEndP50, s.EndToEndP99, s.EndToEndMax = s.P50+1.8, s.P99+2.8, s.Max+13
		waiting := backlog / recordBytes
		s.Spent = Spent{Broker: acked / recordBytes * 0.002, Client: acked / recordBytes * 0.005}
		if offered > acked {
			s.ThrottledShare = 0.29
			s.Spent.Throttle, s.Spent.Network = 0.97*waiting, 0.03*waiting
		}
		for i := range r.Partitions {
			share := (1 - hot) / 11
			if i == 7 {
				share = hot
			}
			n := int64(acked * share / recordBytes)
			row := PartitionSecond{Second: second, Topic: "orders", Partition: int32(i), AckedRecords: n,
				AckedBytes: int64(float64(n) * recordBytes * batchFactor)}
			row.ConsumedBytes = row.AckedBytes
			if i == 7 && offered > acked {
				row.Throttled = 0.87
			}
			s.AckedRecords += n
			s.AckedBytes += n * recordBytes
			s.ConsumedBytes += row.ConsumedBytes
			series = append(series, row)
			credited(&r.Partitions[i], row, rate*share*batchFactor)
		}
		r.Timeline = append(r.Timeline, s)
	}
	finish(r)
	return series
}

func credited(p *Partition, row PartitionSecond, predicted float64) {
	p.Predicted = predicted
	p.PredictedConsumed = p.Predicted
	p.AckedRecords += row.AckedRecords
	p.LogEndDelta += row.AckedRecords
	if row.Second >= 5 && row.Second < 45 {
		p.Acked += float64(row.AckedBytes) / 40
		p.Consumed += float64(row.ConsumedBytes) / 40
	}
	p.ThrottledShare += row.Throttled / 46
	p.ResponseP99 = 14
	if p.Partition == 7 {
		p.ResponseP99, p.P99Censored = 24100, true
		p.TopKeys = []KeyShare{{"0", 0.3, 12.6e6}, {"8812", 0.0001, 0}}
	}
}

func finish(r *Result) {
	for _, s := range r.Timeline {
		r.Totals.Scheduled += s.OfferedRecords
		r.Totals.Acked += s.AckedRecords
		if s.Phase == "steady" {
			r.Spent.Throttle += s.Spent.Throttle
			r.Spent.Broker += s.Spent.Broker
			r.Spent.Network += s.Spent.Network
			r.Spent.Client += s.Spent.Client
			r.Rates.OfferedBytesPerSecond += float64(s.OfferedBytes) / 40
			r.Rates.OfferedRecordsPerSecond += float64(s.OfferedRecords) / 40
			r.Rates.AckedBytesPerSecond += float64(s.AckedBytes) / 40
			r.Rates.AckedRecordsPerSecond += float64(s.AckedRecords) / 40
			r.Rates.ConsumedBytesPerSecond += float64(s.ConsumedBytes) / 40
		}
	}
	t := &r.Totals
	t.Sent, t.LogEndDelta, t.Consumed = t.Acked, t.Acked, t.Acked
	t.Unsent = t.Scheduled - t.Sent
	t.BytesAcked = int64(float64(t.Acked) * recordBytes * batchFactor)
	t.BytesConsumed = t.BytesAcked
	r.Rates.WireBytesPerSecond = r.Rates.AckedBytesPerSecond * batchFactor
	r.Rates.WireOverhead = batchFactor - 1
	r.Fleets = []Fleet{{Name: "checkout", Topic: "orders", Clients: 4, Scheduled: t.Scheduled, Unsent: t.Unsent, Sent: t.Sent, Acked: t.Acked}}
	r.Groups = []Group{{Name: "billing", Clients: 3, LogEndDelta: t.Acked, Consumed: t.Acked, BacklogMax: 12345}}
	for s := range r.Timeline {
		r.Groups[0].Backlog = append(r.Groups[0].Backlog, int64(12345*(s%12)/11))
	}
}

// latency makes a summary and a curve that rises from p50 through p99 to max,
// with the slowest censored records at its end.
func latency(p50, p99, highest float64, records, censored int64) Latency {
	l := Latency{
		P50: p50, P90: math.Sqrt(p50 * p99), P99: p99, P999: (p99 + highest) / 2, Max: highest, Mean: p50 * 1.3,
		Count: records, Censored: censored,
	}
	limit := 1.0
	if records > 0 {
		limit = 1 - float64(censored)/float64(records)
	}
	l.P50Censored, l.P90Censored, l.P99Censored = 0.5 > limit, 0.9 > limit, 0.99 > limit
	l.P999Censored, l.MaxCensored = 0.999 > limit, censored > 0
	for i := range 60 {
		q := 1 - math.Pow(2, -float64(i)/4)
		v := p50 * math.Pow(p99/p50, (q-0.5)/0.49)
		if q < 0.5 {
			v = 3 + (p50-3)*math.Pow(q/0.5, 3)
		}
		l.Curve = append(l.Curve, CurvePoint{Quantile: q, Millis: min(v, highest), Censored: q > limit})
	}
	return l
}

func histogram(t *testing.T, values ...int64) *hdrhistogram.Histogram {
	t.Helper()
	h := hdrhistogram.New(1000, int64(10*time.Minute), 3)
	for _, v := range values {
		if err := h.RecordValue(v); err != nil {
			t.Fatalf("record %d: %v", v, err)
		}
	}
	return h
}

func room(limit limits.Name, scope string, declared, used float64, unit string) Headroom {
	return Headroom{Limit: limit, Scope: scope, Declared: declared, Used: used, Headroom: 1 - used/declared, Unit: unit}
}

func ref[T any](v T) *T { return &v }
