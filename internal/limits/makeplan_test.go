package limits

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"msklt/scenario"
)

func planOf(t *testing.T, text string, set ...string) (Plan, *scenario.Scenario) {
	t.Helper()
	s, err := scenario.Parse("test.yaml", []byte(text), scenario.Options{Profiles: Profiles(), Set: set})
	if err != nil {
		t.Fatal(err)
	}
	l, err := Resolve(s.Limits)
	if err != nil {
		t.Fatal(err)
	}
	return MakePlan(s, l, 3), s
}

func (p Plan) limit(n Name) PlannedLimit {
	for _, l := range p.Limits {
		if l.Limit == n {
			return l
		}
	}
	return PlannedLimit{}
}

func within(got, want, share float64) bool { return math.Abs(got/want-1) <= share }

const celebrity = `
version: 1
name: celebrity
limits: {partition: {ingress: 5MB/s}, cluster: {ingress: 20MB/s}}
topics:
  orders: {partitions: 12}
producers:
  checkout:
    topic: orders
    clients: 4
    rate: 40MB/s
    key: {hot: {keys: 1, share: 30%}, keys: 10000}
    value: {size: 1KiB}
    settings: {buffer: 4MiB}
phases:
  - {name: steady, duration: 40s}
`

// TestPlanOfHotKey is the example of issue 4, worked out by hand: of 12 partitions
// the hot one gets its key's 30 % and a twelfth of the rest, give or take how the
// keys hash: 35.8 %; so 5 MB/s there are 14 MB/s in all.
func TestPlanOfHotKey(t *testing.T) {
	p, _ := planOf(t, celebrity)
	hot := slices.MaxFunc(mustPredict(t, celebrity), func(a, b Load) int { return cmp.Compare(a.Ingress, b.Ingress) })
	total := p.Totals.BytesInPerSecond
	// Of the 9,999 other keys not quite a twelfth hash to the hot one's partition.
	partition, others := Partitioner("orders", 12), 0.0
	for key := 1; key < 10_000; key++ {
		if partition([]byte(strconv.Itoa(key))) == int(hot.Partition) {
			others++
		}
	}
	// Its batches are fuller, so its share of the bytes is a little smaller.
	want := 0.30 + 0.70*others/9_999
	if share := hot.Ingress / total; !within(want, 0.358, 0.001) || share > want || !within(share, want, 0.02) {
		t.Errorf("the hot partition gets %.2f %% of the bytes and %.2f %% of the records, want 35.8 %%", 100*share, 100*want)
	}
	f := p.First
	if f == nil || f.Limit != PartitionIngress || *f.Partition != hot.Partition || f.Because != "0" {
		t.Fatalf("first %+v", f)
	}
	if !within(f.LoadFactor, 5e6/hot.Ingress, 0.01) {
		t.Errorf("binds at %.4f times the load, want %.4f", f.LoadFactor, 5e6/hot.Ingress)
	}
	// 40 MB/s of keys and values are more on the wire; full batches a little less.
	if b := p.Beyond; b == nil || !within(b.SharedBytesPerSecond, 5e6/want, 0.02) {
		t.Fatalf("beyond it %+v, want 14 MB/s", b)
	}
	// On its own the key gets what the others leave of the partition's 5 MB/s: they
	// ask for some 5.5 % of all there, and for 70 % of all in every partition. Records
	// that wait fill their batches, so they are a little less than total says.
	roomy, _ := planOf(t, celebrity, "limits.cluster.ingress=200MB/s")
	if own := *roomy.Beyond.OwnClientBytesPerSecond; !within(own, 0.70*total+5e6-(want-0.30)*total, 0.02) {
		t.Errorf("with a client of its own %.0f", own)
	}
	if !strings.Contains(p.Beyond.Text, "35.8 % of the records") {
		t.Errorf("text %q", p.Beyond.Text)
	}
	// With 20 MB/s for the whole cluster that is what would bind next.
	if own := *p.Beyond.OwnClientBytesPerSecond; !within(own, 20e6, 0.01) {
		t.Errorf("with a client of its own and a cluster of 20 MB/s %.0f", own)
	}
	// The fleet never gets to the cluster's 20 MB/s, though it asks for twice that.
	if c := p.limit(ClusterIngress); c.Met || c.Use < 2 {
		t.Errorf("cluster.ingress: %+v", c)
	}
	split := fmt.Sprintf("split it into at least %d keys", int(math.Ceil(0.3*total/5e6)))
	if len(p.Advice) == 0 || !strings.Contains(p.Advice[0].Text, split) {
		t.Errorf("advice %+v, want %q", p.Advice, split)
	}
}

func mustPredict(t *testing.T, text string) []Load {
	t.Helper()
	s, err := scenario.Parse("test.yaml", []byte(text), scenario.Options{Profiles: Profiles()})
	if err != nil {
		t.Fatal(err)
	}
	return Predict(s, 3)
}

// TestPlanWhen works out by hand when a steady load first throttles. Until 10 s the
// window is as wide as 10 s and the part of a second that has begun, so it is the
// first t with x·t > 10 + (t mod 1), x being how much the load is above the limit.
func TestPlanWhen(t *testing.T) {
	const text = `
version: 1
name: steady
topics: {t: {partitions: 1}}
producers: {p: {topic: t, rate: 1000/s, value: {size: 1000B}, settings: {linger: 0ms}}}
phases: [{name: steady, duration: 30s}]
`
	free, _ := planOf(t, text)
	rate := free.Partitions[0].Predicted
	for _, c := range []struct{ over, seconds float64 }{
		{1.5, 7},       // 10.5 > 10; just before it is 10.5 < 11
		{2, 5},         // 2·5 = 10, and then 2·t outruns 10 + t - 5
		{3, 3.5},       // 3·3.5 = 10.5
		{1.05, 10},     // 10.5 > 10; at 9.99 it is 10.49 < 10.99
		{1.2, 9},       // 10.8 > 10; at 8.99 it is 10.79 < 10.99
		{0.98, -1},     // never
		{20, 10. / 19}, // 20 t > 10 + t
	} {
		limited, _ := planOf(t, text, fmt.Sprintf("limits={partition: {ingress: %.0fB/s}}", rate/c.over))
		got := limited.limit(PartitionIngress).BindsAfterSeconds
		switch {
		case c.seconds < 0 && got != nil:
			t.Errorf("%.2f times the limit: after %.2f s, want never", c.over, *got)
		case c.seconds >= 0 && (got == nil || math.Abs(*got-c.seconds) > 0.045): // two steps of 20 ms
			t.Errorf("%.2f times the limit: after %v s, want %.2f", c.over, got, c.seconds)
		}
		if load := limited.limit(PartitionIngress).BindsAtLoad; load == nil || !within(*load, 1/c.over, 0.01) {
			t.Errorf("%.2f times the limit: binds at load %v", c.over, load)
		}
	}
}

// TestPlanOfPartitions adds up bytes by hand. A record of 100 bytes without a key
// has 1 + 1 + 1 bytes of attributes and deltas, 1 for the key's length, 2 + 100 for
// the value, 1 for the headers, and 2 for its own length: 109; alone in its batch 61
// more. A key of one byte is one more.
func TestPlanOfPartitions(t *testing.T) {
	p, _ := planOf(t, `
version: 1
name: sums
topics:
  orders: {partitions: 2}
  sensor: {partitions: 2, count: 3}
producers:
  fixed:  {topic: orders, partition: 1, rate: 10/s, value: {size: 100B}, settings: {linger: 0ms}}
  turns:  {topic: orders, partition: round-robin, rate: 20/s, key: {keys: 9}, value: {size: 100B}, settings: {linger: 0ms}}
  meters: {topic: sensor, rate: 60/s, value: {size: 100B}, settings: {linger: 0ms}}
  gone:   {topic: orders, partition: 0, rate: 10/s, value: {size: 100B, tombstones: 100%}, headers: {a: b}, settings: {linger: 0ms}}
  flood:  {topic: orders, rate: max, value: {size: 100B}}
consumers:
  a: {topics: [orders]}
  b: {topics: [orders, sensor]}
phases: [{name: steady, duration: 10s}]
`)
	// A tombstone with a header a=b: 3, 1, 1 for the null value, 1 + 1 + 1 + 1 + 1
	// for the headers, 1 for its length: 11.
	want := []PlannedPartition{
		{Topic: "orders", Partition: 0, Predicted: 10*171 + 10*(11+61)},
		{Topic: "orders", Partition: 1, Predicted: 10*170 + 10*171},
	}
	for i := range 3 {
		for q := range int32(2) {
			want = append(want, PlannedPartition{Topic: fmt.Sprintf("sensor-%d", i), Partition: q, Predicted: 10 * 170})
		}
	}
	if len(p.Partitions) != len(want) {
		t.Fatalf("%d partitions, want %d", len(p.Partitions), len(want))
	}
	for i, w := range want {
		groups := 1.0
		if w.Topic == "orders" {
			groups = 2
		}
		g := p.Partitions[i]
		if g.Topic != w.Topic || g.Partition != w.Partition || !within(g.Predicted, w.Predicted, 1e-6) || !within(g.Consumed, groups*w.Predicted, 1e-6) {
			t.Errorf("%+v, want %.1f in and %.1f out of %s/%d", g, w.Predicted, groups*w.Predicted, w.Topic, w.Partition)
		}
	}
	if all := strings.Join(p.Assumptions, "\n"); !strings.Contains(all, "flood sends as fast as its clients can") {
		t.Errorf("nothing is said of the fleet whose rate nobody knows: %s", all)
	}
	if p.Creation.Topics != 4 || p.Creation.Partitions != 8 {
		t.Errorf("creation %+v", p.Creation)
	}
}

// TestLoadOfKeys: three keys on the one partition bring all of its load between them,
// the hot one 70 % of it: at the highest load, and at the mean of a half and a whole.
func TestLoadOfKeys(t *testing.T) {
	l := mustPredict(t, `
version: 1
name: keys
topics: {t: {partitions: 1}}
producers: {p: {topic: t, rate: 1000/s, key: {keys: 3, hot: {keys: 1, share: 70%}}, value: {size: 1000B}}}
phases: [{name: half, duration: 10s, load: 50%}, {name: whole, duration: 10s}]
`)[0]
	if !within(l.MeanIngress, 0.75*l.Ingress, 1e-9) || len(l.TopKeys) != 3 {
		t.Fatalf("mean %.0f of %.0f, keys %+v", l.MeanIngress, l.Ingress, l.TopKeys)
	}
	for i, share := range []float64{0.7, 0.15, 0.15} {
		if k := l.TopKeys[i]; !within(k.Ingress, share*l.Ingress, 1e-9) || !within(k.MeanIngress, share*l.MeanIngress, 1e-9) || !within(k.Share, share, 1e-9) {
			t.Errorf("key %+v, want %.2f of %.0f and %.0f", k, share, l.Ingress, l.MeanIngress)
		}
	}
}

// TestPlanOfMovingKeys: ten keys on five partitions, one hot at a time, half of the
// records: in 40 s keys 0 to 3 are hot for 10 s each.
func TestPlanOfMovingKeys(t *testing.T) {
	const text = `
version: 1
name: moving
limits: {partition: {ingress: 1MB/s}}
topics: {t: {partitions: 5}}
producers: {p: {topic: t, rate: 1000/s, key: {keys: 10, hot: {keys: 1, share: 50%, moves: 10s}}, value: {size: 1000B}, settings: {linger: 0ms}}}
phases: [{name: steady, duration: 40s}]
`
	p, _ := planOf(t, text)
	share, worst := make([]float64, 5), make([]float64, 5)
	partition := Partitioner("t", 5)
	for key := range 10 {
		at := partition([]byte{'0' + byte(key)})
		share[at] += 0.5 / 9
		worst[at] += 0.5 / 9
		if key < 4 {
			share[at] += (0.5 - 0.5/9) / 4
		}
	}
	most := 0.0
	for key := range 4 {
		most = max(most, worst[partition([]byte{'0' + byte(key)})]+0.5-0.5/9)
	}
	for i, g := range p.Partitions {
		if w := share[i] * p.Totals.BytesInPerSecond; !within(g.Predicted, w, 2e-3) {
			t.Errorf("partition %d: %.0f, want %.0f", i, g.Predicted, w)
		}
	}
	if got := p.limit(PartitionIngress).Predicted; !within(got, most*p.Totals.BytesInPerSecond, 2e-3) {
		t.Errorf("at worst %.0f, want %.0f", got, most*p.Totals.BytesInPerSecond)
	}
}

// TestPlanAdvisesPartitions: the number that is advised fits and the next smaller
// one does not.
func TestPlanAdvisesPartitions(t *testing.T) {
	const text = `
version: 1
name: few
limits: {partition: {ingress: 1MB/s}}
topics: {t: {partitions: 3}}
producers: {p: {topic: t, clients: 2, rate: 6MB/s, key: {keys: 1000}, value: {size: 1000B}}}
phases: [{name: steady, duration: 30s}]
`
	p, _ := planOf(t, text)
	var n int
	if len(p.Advice) == 0 {
		t.Fatal("no advice")
	}
	if _, err := fmt.Sscanf(p.Advice[0].Text, "With %d partitions", &n); err != nil {
		t.Fatalf("advice %q: %v", p.Advice[0].Text, err)
	}
	with, _ := planOf(t, text, fmt.Sprintf("topics.t.partitions=%d", n))
	less, _ := planOf(t, text, fmt.Sprintf("topics.t.partitions=%d", n-1))
	if with.First.LoadFactor < 1 || less.First.LoadFactor >= 1 {
		t.Errorf("%d partitions fit up to %.3f times the load, %d up to %.3f", n, with.First.LoadFactor, n-1, less.First.LoadFactor)
	}
}

// TestPlanAdvisesBatches: with the advised batch or linger requests are within the
// limit.
func TestPlanAdvisesBatches(t *testing.T) {
	const text = `
version: 1
name: eager
limits: {cluster: {requests: 800/s}}
topics: {t: {partitions: 6}}
producers: {p: {topic: t, clients: 4, rate: 8000/s, key: {keys: 1000}, value: {size: 200B}}}
phases: [{name: steady, duration: 30s}]
`
	p, _ := planOf(t, text)
	if l := p.limit(ClusterRequests); !l.Met || l.BindsAtLoad == nil || *l.BindsAtLoad > 1 {
		t.Fatalf("requests: %+v", l)
	}
	var ms int
	if _, err := fmt.Sscanf(p.Advice[0].Text, "With a linger of %d ms", &ms); err != nil {
		t.Fatalf("advice %q: %v", p.Advice[0].Text, err)
	}
	with, _ := planOf(t, text, fmt.Sprintf("producers.p.settings={linger: %dms}", ms))
	if with.limit(ClusterRequests).Met {
		t.Errorf("with a linger of %d ms: %+v", ms, with.limit(ClusterRequests))
	}
}

// TestPlanOfCounts: limits that do not grow with the load bind from the start or
// never.
func TestPlanOfCounts(t *testing.T) {
	p, _ := planOf(t, `
version: 1
name: counts
limits:
  cluster: {connections: 500, connection_attempts: 100/s, partitions: 30, groups: 2, partition_changes: 10/s}
topics: {t: {partitions: 20, count: 2}}
producers: {p: {topic: t, clients: 10, rate: 10/s, value: {size: 200B}}}
idle: {dashboards: {connections: 600}}
consumers: {g: {topics: [t], clients: 2}}
phases: [{name: steady, duration: 10s}]
`)
	for n, bound := range map[Name]bool{ClusterConnections: true, ClusterAttempts: false, ClusterPartitions: true, ClusterGroups: false} {
		if l := p.limit(n); l.Met != bound || (l.BindsAfterSeconds != nil) != bound {
			t.Errorf("%s: %+v", n, l)
		}
	}
	// 600 idle; 10 producers to 3 brokers, each with 2 more; 2 members with 4 more;
	// the run's own 6. Under 100/s a run opens 80/s.
	if c := p.Connections; c.Open != 600+10*5+2*7+6 || c.AttemptsPerSecond != 80 || c.RampSeconds != c.Open/80 {
		t.Errorf("connections %+v", c)
	}
	// 10/s are 3,000 in 5 minutes, which is room for both.
	if p.Creation.Partitions != 40 || p.Creation.Seconds != 0 || p.Creation.RemovalSeconds != 0 {
		t.Errorf("creation %+v", p.Creation)
	}
}

// TestPlanIsDeterministic: nothing in it is drawn anew.
func TestPlanIsDeterministic(t *testing.T) {
	a, _ := planOf(t, celebrity)
	b, _ := planOf(t, celebrity)
	if !reflect.DeepEqual(a, b) {
		t.Error("two plans of one scenario differ")
	}
}
