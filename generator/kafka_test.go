package generator_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/kafkatest"
	"msklt/internal/kafkatest/need"
	"msklt/internal/limits"
	"msklt/report"
	"msklt/scenario"
)

// fidelityLoad is 150 % of a 5 MB/s quota on one partition: 1,000-byte records
// that do not compress. The credit of 10 s is used up after 7 s.
const fidelityLoad = `
version: 1
name: fidelity
topics:
  t: {partitions: 1%s}
producers:
  p: {topic: t, clients: 1, rate: 7500/s, value: {size: 1000B}, settings: {client_id: writer%s}}
%s
phases:
  - {name: steady, duration: %ds}
`

func parse(t *testing.T, text string) *scenario.Scenario {
	t.Helper()
	s, err := scenario.Parse("test.yaml", []byte(text), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// outcome is what a quota let through, second by second.
type outcome struct {
	bytes []float64 // cumulative record batch bytes after each second
	share float64   // throttled share of the API under quota
	out   *generator.Output
	// before is what earlier, invalid tries had acknowledged.
	before int64
}

// ofMachine are the checks that fail where others use the machine too much.
var ofMachine = []string{"offered", "lag", "stalled", "cgroup_throttled", "scheduler_latency", "gc", "cpu"}

// play runs a scenario. On a machine that is too busy to follow the schedule the
// run is invalid, which says nothing about quotas: it is tried again, twice at most, after
// the quota's window has emptied.
func play(t *testing.T, s *scenario.Scenario, target report.Target, l limits.Limits, api string) outcome {
	t.Helper()
	var before int64
	out, err := generator.Run(t.Context(), generator.Config{Scenario: s, Limits: l, Target: target})
	for try := 1; try < 3 && err == nil && !out.Result.Validity.Valid && slices.Contains(ofMachine, out.Result.Validity.Reasons[0].Check); try++ {
		t.Logf("busy machine, once more: %+v", out.Result.Validity.Reasons)
		before += out.Result.Totals.Acked
		time.Sleep(15 * time.Second)
		out, err = generator.Run(t.Context(), generator.Config{Scenario: s, Limits: l, Target: target, Again: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	if !out.Result.Validity.Valid {
		t.Fatalf("invalid: %+v", out.Result.Validity.Reasons)
	}
	o := outcome{out: out, before: before, share: out.Result.Throttle.ByAPI[api].Share}
	for row := range out.Series {
		for len(o.bytes) <= row.Second {
			o.bytes = append(o.bytes, 0)
		}
		if api == "fetch" {
			o.bytes[row.Second] += float64(row.ConsumedBytes)
		} else {
			o.bytes[row.Second] += float64(row.AckedBytes)
		}
	}
	for i := 1; i < len(o.bytes); i++ {
		o.bytes[i] += o.bytes[i-1]
	}
	return o
}

func playEmbedded(t *testing.T, s *scenario.Scenario, l limits.Limits, api string) outcome {
	c, err := embedded.Start(t.Context(), embedded.Config{Brokers: 1, Limits: l})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return play(t, s, report.Target{Kind: string(limits.EmbeddedCluster), Bootstrap: c.Bootstrap()}, l, api)
}

// playBoth runs a scenario against a broker of Apache Kafka, then against the embedded
// cluster: beside each other they would take processors from each other, and so time
// that is not throttled.
func playBoth(t *testing.T, b *kafkatest.Broker, s *scenario.Scenario, l limits.Limits, api string) {
	t.Helper()
	kafka := play(t, s, report.Target{Bootstrap: strings.Split(b.Bootstrap(), ",")}, l, api)
	alike(t, s.Phases[0].Duration, kafka, playEmbedded(t, s, l, api))
}

// alike holds two outcomes against each other: what had got through within 5 %,
// the throttled share within 5 points.
func alike(t *testing.T, phase time.Duration, kafka, own outcome) {
	t.Helper()
	for second := 10; second <= int(phase.Seconds()); second += 10 {
		k, e := kafka.bytes[second-1], own.bytes[second-1]
		t.Logf("after %d s: Kafka %.1f MB, embedded %.1f MB (%+.1f %%)", second, k/1e6, e/1e6, 100*(e/k-1))
		if math.Abs(e/k-1) > 0.05 {
			t.Errorf("after %d s the embedded cluster let %.0f bytes through, Apache Kafka %.0f", second, e, k)
		}
	}
	t.Logf("throttled share: Kafka %.1f %%, embedded %.1f %%", 100*kafka.share, 100*own.share)
	if math.Abs(kafka.share-own.share) > 0.05 {
		t.Errorf("throttled share %.3f on the embedded cluster, %.3f on Apache Kafka", own.share, kafka.share)
	}
	for name, o := range map[string]outcome{"Kafka": kafka, "embedded": own} {
		b := o.out.Result.Verdict.Binding
		if len(b) == 0 || math.Abs(b[0].Observed/5e6-1) > 0.03 {
			t.Errorf("%s: binding %+v, want 5,000,000 within 3 %%", name, b)
			continue
		}
		t.Logf("%s: %s of %s, observed %.0f by %s %+v", name, b[0].Limit, b[0].Scope, b[0].Observed, b[0].ObservedBy, *b[0].Inverted)
	}
}

// TestKafkaFidelity drives the same client load against Apache Kafka with a client
// quota and against the embedded cluster with a limit of the client id: writing with
// producer_byte_rate, and reading with consumer_byte_rate. 30 s are the credit and two
// windows after it.
func TestKafkaFidelity(t *testing.T) { fidelity(t, 30) }

func TestKafkaFidelityLong(t *testing.T) {
	need.Require(t, need.Long())
	fidelity(t, 60)
}

func fidelity(t *testing.T, seconds int) {
	b := kafkatest.Start(t, kafkatest.Options{})
	t.Run("produce", func(t *testing.T) {
		s := parse(t, fmt.Sprintf(fidelityLoad, "", "-limited", "", seconds))
		l := limits.Limits{Profile: "test", Values: map[limits.Name]float64{limits.ClientIngress: 5e6}}
		b.ClientQuota(t, "writer-limited", 5e6, 0)
		playBoth(t, b, s, l, "produce")
	})
	t.Run("fetch", func(t *testing.T) {
		group := "consumers:\n  g: {topics: [t], clients: 1, settings: {client_id: reader}}"
		s := parse(t, fmt.Sprintf(fidelityLoad, `, config: {retention.bytes: "2000000000"}`, "", group, seconds))
		l := limits.Limits{Profile: "test", Values: map[limits.Name]float64{limits.ClientEgress: 5e6}}
		b.ClientQuota(t, "reader", 0, 5e6)
		playBoth(t, b, s, l, "fetch")
	})
}

// TestKafkaClientQuota finds a client quota of Apache Kafka, declared and not,
// with one client and with four of one name, and counts what the Java tools
// count.
func TestKafkaClientQuota(t *testing.T) {
	b := kafkatest.Start(t, kafkatest.Options{})
	for _, clients := range []int{1, 4} {
		t.Run(fmt.Sprintf("%d clients", clients), func(t *testing.T) { // two runs at a time
			for name, declared := range map[string]bool{"declared": true, "undeclared": false} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					findClientQuota(t, b, clients, declared, fmt.Sprintf("%s-%d", name, clients))
				})
			}
		})
	}
}

// findClientQuota runs for 25 s: the credit lasts for 7 s, the plateau takes 11.
func findClientQuota(t *testing.T, b *kafkatest.Broker, clients int, declared bool, name string) {
	b.ClientQuota(t, name, 5e6, 0)
	b.CreateTopic(t, name, 6)
	s := parse(t, fmt.Sprintf(`
version: 1
name: quota
topics:
  %[1]s: {existing: true}
producers:
  p: {topic: %[1]s, clients: %[2]d, rate: 7.5MB/s, key: {keys: 1000}, value: {size: 1000B}, settings: {client_id: %[1]s}}
phases:
  - {name: steady, duration: 25s}
`, name, clients))
	l := limits.Limits{Profile: "none"}
	if declared {
		l.Values = map[limits.Name]float64{limits.ClientIngress: 5e6}
	}
	o := play(t, s, report.Target{Bootstrap: strings.Split(b.Bootstrap(), ",")}, l, "produce")
	checkClientQuota(t, o.out.Result, name, declared)
	var inLog int64
	for _, end := range b.LogEnd(t, name) {
		inLog += end
	}
	if acked := o.before + o.out.Result.Totals.Acked; acked != inLog {
		t.Errorf("%d acked, GetOffsetShell says %d", acked, inLog)
	}
}

func checkClientQuota(t *testing.T, r *report.Result, client string, declared bool) {
	t.Helper()
	want := limits.LimitedUnexplained
	if declared {
		want = limits.Limited
	}
	if r.Verdict.Status != want || len(r.Verdict.Binding) == 0 {
		t.Fatalf("status %s, binding %+v", r.Verdict.Status, r.Verdict.Binding)
	}
	b := r.Verdict.Binding[0]
	t.Logf("%s of %s: observed %.0f by %s, %+v, plateau %v; %s", b.Limit, b.Scope, b.Observed, b.ObservedBy, *b.Inverted, *b.Plateau, strings.Join(b.Evidence, " "))
	if b.Limit != limits.ClientIngress || b.Client != client || (b.Declared != nil) != declared {
		t.Errorf("named %s of %s, declared %v", b.Limit, b.Scope, b.Declared)
	}
	if b.ObservedBy != "inversion" || math.Abs(b.Observed/5e6-1) > 0.03 {
		t.Errorf("observed %.0f by %s, want 5,000,000 within 3 %% by inversion", b.Observed, b.ObservedBy)
	}
}

// TestKafkaScenarioUnchanged runs the shipped hot-key scenario, shortened, against
// Apache Kafka: no quota there, so nothing throttles, and every record is
// accounted for. What the run made is gone afterwards.
func TestKafkaScenarioUnchanged(t *testing.T) {
	kafkatest.Need(t)
	s, err := scenario.Load("../scenarios/hot-key.yaml", scenario.Options{
		Profiles: limits.Profiles(), Set: []string{"producers.checkout.rate=8MB/s"}, Duration: 8 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := limits.Resolve(s.Limits)
	if err != nil {
		t.Fatal(err)
	}
	b := kafkatest.Start(t, kafkatest.Options{})
	before := topics(t, b)
	o := play(t, s, report.Target{Bootstrap: strings.Split(b.Bootstrap(), ",")}, l, "produce")
	r := o.out.Result
	if r.Totals.Acked != r.Totals.Scheduled || r.Totals.LogEndDelta != r.Totals.Acked || r.Totals.Consumed != r.Totals.Acked {
		t.Errorf("totals %+v", r.Totals)
	}
	if r.Verdict.Status != limits.WithinLimits || o.out.Left != nil {
		t.Errorf("status %s, left %v", r.Verdict.Status, o.out.Left)
	}
	t.Logf("api level %s; %s", r.Target.APILevel, r.Verdict.Summary)
	if after := topics(t, b); after != before {
		t.Errorf("topics before: %s, after: %s", before, after)
	}
}

// topics asks the Java tool which topics there are, apart from Kafka's own.
func topics(t *testing.T, b *kafkatest.Broker) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := kafkatest.Java(t, ctx, "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", b.Bootstrap(), "--list", "--exclude-internal")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// TestKafkaTransactions commits and aborts on Apache Kafka: records and markers
// make up its log ends exactly, for a group that reads everything and for one that
// reads what was committed.
func TestKafkaTransactions(t *testing.T) {
	kafkatest.Need(t)
	t.Parallel()
	s := parse(t, `
version: 1
name: transactions
topics:
  t: {partitions: 3, count: 2}
producers:
  p:
    topic: t
    clients: 2
    rate: 500/s
    key: {keys: 100}
    value: {size: 100B}
    settings: {transactions: {records: 50, aborted: 25%}}
consumers:
  all: {topics: [t]}
  committed: {topics: [t], clients: 2}
idle:
  dashboards: {connections: 20, connect_rate: 100/s}
phases:
  - {name: steady, duration: 15s}
`)
	s.Consumers[1].Settings.ReadCommitted = true
	b := kafkatest.Start(t, kafkatest.Options{})
	out, err := generator.Run(t.Context(), generator.Config{
		Scenario: s, Keep: true, Target: report.Target{Bootstrap: strings.Split(b.Bootstrap(), ",")},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := out.Result
	for _, reason := range r.Validity.Reasons {
		if reason.Check != "lag" && reason.Check != "offered" { // a busy machine
			t.Errorf("%+v", reason)
		}
	}
	n := r.Fleets[0].Transactions
	t.Logf("%+v, %+v, response %+v, wait %+v, errors %+v", n, r.Totals, r.Latency.Response.P99, r.Latency.ClientWait.P99, r.Errors)
	if n.Unknown != 0 || n.Aborted == 0 || n.Committed+n.Aborted != 150 || r.Totals.Acked != 7500 {
		t.Errorf("%+v, %+v", n, r.Totals)
	}
	for _, p := range r.Partitions {
		if p.AckedRecords+p.Markers != p.LogEndDelta || p.Markers == 0 {
			t.Errorf("%+v", p)
		}
	}
	var end int64
	for _, topic := range strings.Fields(topics(t, b)) {
		for _, e := range b.LogEnd(t, topic) {
			end += e
		}
	}
	if end != r.Totals.Acked+r.Totals.Markers {
		t.Errorf("GetOffsetShell says %d, acked %d and %d markers", end, r.Totals.Acked, r.Totals.Markers)
	}
	aborted := 50 * n.Aborted
	all, committed := r.Groups[0], r.Groups[1]
	if all.Consumed != r.Totals.Acked || all.Skipped != r.Totals.Markers {
		t.Errorf("%+v", all)
	}
	if committed.Consumed != r.Totals.Acked-aborted || committed.Skipped != r.Totals.Markers+aborted {
		t.Errorf("%d records aborted: %+v", aborted, committed)
	}
	if i := r.Idle[0]; i.Held != 20 || i.Failed != 0 {
		t.Errorf("%+v", i)
	}
}
