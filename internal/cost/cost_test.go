package cost

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"msklt/internal/limits"
	"msklt/scenario"
)

func prices(t *testing.T) Prices {
	t.Helper()
	p, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func estimate(t *testing.T, u Usage) *Bill {
	t.Helper()
	b, err := Estimate(u, prices(t))
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, i := range b.Items {
		if math.Abs(i.Quantity*i.UnitPrice-i.Amount) > 1e-9 {
			t.Errorf("%s: %v × %v is not %v", i.Name, i.Quantity, i.UnitPrice, i.Amount)
		}
		sum += i.Amount
	}
	if math.Abs(sum-b.Total) > 1e-9 {
		t.Errorf("the items add up to %v, the total is %v", sum, b.Total)
	}
	return b
}

// TestPublishedExample is AWS's own: 5 topics of 20 partitions, 100 GB in and
// 200 GB out a day, kept for 24 hours, in a month of 31 days.
func TestPublishedExample(t *testing.T) {
	const day = 100 * gib
	b := estimate(t, Usage{
		Profile: "msk-serverless", Partitions: 5 * 20, Hours: 744, MonthHours: 744,
		BytesIn: 31 * day, BytesOut: 31 * 2 * day, StoredByteHours: day * 744,
	})
	want := map[string]float64{"cluster": 558.00, "partitions": 111.60, "data in": 310.00, "data out": 310.00, "storage": 10.00}
	for _, i := range b.Items {
		if math.Abs(i.Amount-want[i.Name]) > 1e-9 {
			t.Errorf("%s costs %v, AWS says %v", i.Name, i.Amount, want[i.Name])
		}
		delete(want, i.Name)
	}
	if math.Abs(b.Total-1299.60) > 1e-9 || len(want) > 0 {
		t.Errorf("total %v, AWS says 1299.60; without %v", b.Total, want)
	}
}

// TestArithmetic holds worked examples, to the cent that they are given to.
func TestArithmetic(t *testing.T) {
	const week = 168
	for name, c := range map[string]struct {
		usage Usage
		item  string // "" for the total
		want  float64
		cent  float64
	}{
		"idle for 730 hours":       {Usage{Profile: "msk-serverless", Hours: 730}, "", 547.50, 0.005},
		"idle for 744 hours":       {Usage{Profile: "msk-serverless", Hours: 744}, "", 558.00, 0.005},
		"40 partitions an hour":    {Usage{Profile: "msk-serverless", Hours: 1, Partitions: 40}, "partitions", 0.06, 0.0005},
		"2,400 partitions an hour": {Usage{Profile: "msk-serverless", Hours: 1, Partitions: 2400}, "partitions", 3.60, 0.005},
		"10 minutes in":            {Usage{Profile: "msk-serverless", Hours: 1.0 / 6, BytesIn: 600 * 200e6}, "data in", 11.18, 0.005},
		"10 minutes out":           {Usage{Profile: "msk-serverless", Hours: 1.0 / 6, BytesOut: 600 * 400e6}, "data out", 11.18, 0.005},
		"what is left for a week":  {Usage{Profile: "msk-serverless", StoredByteHours: 600 * 200e6 * week}, "storage", 2.57, 0.005},
		"Express, 3 large":         {Usage{Profile: "msk-express-m7g.large:3", Brokers: 3, Hours: 730}, "brokers", 3 * 730 * 0.408, 1e-9},
		"Express, data written":    {Usage{Profile: "msk-express-m7g.large:3", BytesIn: 50 * gib, BytesOut: 1e15}, "", 0.50, 1e-9},
		"Standard, 6 xlarge":       {Usage{Profile: "msk-standard-m5.xlarge:6", Brokers: 6, Hours: 10}, "", 25.20, 1e-9},
		"Standard, EBS":            {Usage{Profile: "msk-standard-m7g.large:3", ReplicaByteHours: 300 * gib * 730}, "storage", 30.00, 1e-9},
		"Standard pays no data":    {Usage{Profile: "msk-standard-m7g.large:3", BytesIn: 1e15, BytesOut: 1e15}, "", 0, 1e-9},
	} {
		c.usage.MonthHours = 730
		b := estimate(t, c.usage)
		got := b.Total
		if c.item != "" {
			got = b.Items[slices.IndexFunc(b.Items, func(i Item) bool { return i.Name == c.item })].Amount
		}
		if math.Abs(got-c.want) > c.cent {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestNoPrice holds that a bill with a hole is no bill.
func TestNoPrice(t *testing.T) {
	for profile, want := range map[string]string{
		"none":                              "limits name none",
		"kafka-client-quota:5MB/s:10MB/s:3": "limits are kafka-client-quota:5MB/s:10MB/s:3",
		"kinesis:12":                        "limits are kinesis:12",
		"mine.yaml":                         "limits are mine.yaml",
		"msk-standard-t3.small:3":           "no price of us-east-1 is known for standard.t3.small",
	} {
		b, err := Estimate(Usage{Profile: profile, Hours: 1, MonthHours: 730}, prices(t))
		if b != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want %q", profile, b, err, want)
		}
	}
}

// TestEveryProfileOfMSKHasPrices holds that the built-in prices cover the
// built-in profiles, but for the one whose price no source defends.
func TestEveryProfileOfMSKHasPrices(t *testing.T) {
	for _, profile := range limits.Profiles() {
		kind, _ := priced(profile)
		_, err := Estimate(Usage{Profile: profile, Hours: 1, MonthHours: 730}, prices(t))
		if want := kind != "" && profile != "msk-standard-t3.small"; want != (err == nil) {
			t.Errorf("%s: %v", profile, err)
		}
	}
}

// TestPricesSayWhereFrom holds that every built-in price has a unit, a source
// with a page, and the day it was read.
func TestPricesSayWhereFrom(t *testing.T) {
	p := prices(t)
	if len(p.Prices) != 5+9+16 || p.Region != "us-east-1" || p.Currency != "USD" {
		t.Errorf("%d prices of %s in %s", len(p.Prices), p.Region, p.Currency)
	}
	for name, price := range p.Prices {
		s := p.Sources[price.Source]
		if _, err := time.Parse(time.DateOnly, s.Read); err != nil || s.Title == "" || s.Page == "" || price.Value <= 0 || price.Unit != units()[name] {
			t.Errorf("%s: %+v from %+v", name, price, s)
		}
	}
}

const sources = `sources: {ours: {title: contract, page: drawer, read: 2026-12-01}}
`

// TestPriceFile holds what a file replaces: single prices of the same region and
// currency, everything otherwise.
func TestPriceFile(t *testing.T) {
	usage := Usage{Profile: "msk-serverless", Partitions: 10, Hours: 100, MonthHours: 730}
	same, err := Over(prices(t), "ours.yaml", []byte("currency: USD\nregion: us-east-1\n"+sources+
		"prices:\n  serverless.cluster: {value: 0.5, unit: cluster-hour, source: ours}\n"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Estimate(usage, same)
	if err != nil || math.Abs(b.Total-(50+1.5)) > 1e-9 || !strings.Contains(b.Assumptions[0], "ours.yaml") {
		t.Errorf("%+v, %v; want 51.50 and the file named", b, err)
	}
	tokyo, err := Over(prices(t), "tokyo.yaml", []byte("currency: USD\nregion: ap-northeast-1\n"+sources+
		"prices:\n  serverless.cluster: {value: 1, unit: cluster-hour, source: ours}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := Estimate(usage, tokyo); err == nil || !strings.Contains(err.Error(), "no price of ap-northeast-1 is known for serverless.partitions, serverless.in") {
		t.Errorf("another region took prices of us-east-1: %+v, %v", b, err)
	}
}

// TestBrokenPriceFile holds that every mistake is reported, each at its place.
func TestBrokenPriceFile(t *testing.T) {
	_, err := Over(prices(t), "bad.yaml", []byte(`currency: USD
regon: us-east-1
sources:
  ours: {title: contract, page: drawer, read: yesterday}
prices:
  serverless.cluster: {value: -1, unit: cluster-hour, source: ours}
  serverless.in: {value: 0.1, unit: GB, source: ours}
  serverless.ot: {value: 0.1, unit: GiB, source: ours}
  express.m7g.large: {value: 0.1, unit: broker-hour, source: theirs}
  serverless.out: {unit: GiB, source: ours, per: day}
  serverless.out: {value: 1, unit: GiB, source: ours}
`))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		`bad.yaml:2:1: unknown field "regon"`, `did you mean "region"?`,
		`bad.yaml:4:47: sources.ours.read: want a day`,
		`bad.yaml:6:31: prices.serverless.cluster.value: must be between 0 and`,
		`bad.yaml:7:37: prices.serverless.in.unit: want GiB, got "GB"`,
		`bad.yaml:8:3: no price is called "serverless.ot"`, `did you mean "serverless.out"?`,
		`bad.yaml:9:62: prices.express.m7g.large.source: no source is called "theirs"`,
		`bad.yaml:10:3: prices.serverless.out.value is missing`,
		`bad.yaml:10:45: prices.serverless.out: unknown field "per"`,
		`bad.yaml:11:3: prices.serverless.out is given twice`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
	for _, text := range []string{"", "[]", "currency: USD", "prices: {}", "\tx", "currency: [USD]\nprices: 3"} {
		if _, err := Over(prices(t), "x.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), "x.yaml:1:") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// planned is a plan of n partitions, each with so many bytes per second, read
// twice, of topics with the given configs in turn.
func planned(profile string, rate float64, configs ...map[string]string) (limits.Plan, *scenario.Scenario) {
	p := limits.Plan{LimitsProfile: profile, Brokers: 3}
	s := &scenario.Scenario{}
	for i, c := range configs {
		name := fmt.Sprintf("t%d", i)
		s.Topics = append(s.Topics, scenario.Topic{Name: name, Partitions: 1, ReplicationFactor: -1, Config: c})
		p.Partitions = append(p.Partitions, limits.PlannedPartition{Topic: name, Predicted: 2 * rate}) // at the peak
		p.Totals.BytesInPerSecond += rate
	}
	p.Totals.Partitions = len(configs)
	p.Totals.BytesOutPerSecond = 2 * p.Totals.BytesInPerSecond
	p.Totals.RunSeconds = 3600
	p.Totals.RunBytesIn = 3600 * p.Totals.BytesInPerSecond
	p.Totals.RunBytesOut = 2 * p.Totals.RunBytesIn
	return p, s
}

// TestStorage holds how much topics keep, by their retention.
func TestStorage(t *testing.T) {
	const rate, week = 1000, 7 * 86400
	for name, c := range map[string]struct {
		config map[string]string
		want   float64 // bytes of one copy; 0: grows
	}{
		"default":     {nil, rate * week},
		"hour":        {map[string]string{"retention.ms": "3600000"}, rate * 3600},
		"none":        {map[string]string{"retention.ms": "0"}, 0},
		"bytes":       {map[string]string{"retention.bytes": "1000000"}, 1e6},
		"both":        {map[string]string{"retention.ms": "3600000", "retention.bytes": "1000000000"}, rate * 3600},
		"only bytes":  {map[string]string{"retention.ms": "-1", "retention.bytes": "5"}, 5},
		"no bytes":    {map[string]string{"retention.bytes": "-1"}, rate * week},
		"not numbers": {map[string]string{"retention.ms": "soon"}, rate * week},
	} {
		p, s := planned("msk-serverless", rate, c.config)
		got, known := Stored(p, s)
		if !known || math.Abs(got-c.want) > 1e-6*c.want {
			t.Errorf("%s: %v, %v; want %v", name, got, known, c.want)
		}
	}
	p, s := planned("msk-serverless", rate, map[string]string{"retention.ms": "-1"}, nil)
	if got, known := Stored(p, s); known || math.Abs(got-rate*week) > 1 {
		t.Errorf("without an end: %v, %v", got, known)
	}
	// Half of a month's bytes are there on the mean, beside a full week of the other.
	projected, err := Project(p, s, 730, prices(t))
	if want := (rate*week + rate*730*3600/2.0) / gib; err != nil || math.Abs(projected.Items[4].Quantity-want) > 1e-9*want {
		t.Errorf("%+v, %v; want %v GiB-months", projected, err, want)
	}
}

// TestProject holds a plan's three sums against arithmetic by hand.
func TestProject(t *testing.T) {
	const rate = gib / 3600.0 // 1 GiB an hour
	p, s := planned("msk-serverless", rate, map[string]string{"retention.ms": "7200000"})
	got, err := Project(p, s, 100, prices(t))
	if err != nil {
		t.Fatal(err)
	}
	run := 0.75 + 0.0015 + 0.10 + 2*0.05 + 0.5*0.10/100 // 1 hour; half a GiB on the mean
	month := 75 + 0.15 + 100*0.10 + 200*0.05 + 2*0.10   // 2 GiB all the time
	if math.Abs(got.PerRun-run) > 1e-9 || math.Abs(got.PerMonth-month) > 1e-9 || math.Abs(got.PerHour-month/100) > 1e-9 {
		t.Errorf("%v a run, %v an hour, %v a month; want %v, %v, %v", got.PerRun, got.PerHour, got.PerMonth, run, month/100, month)
	}
	p, s = planned("msk-standard-m5.large:3", rate, nil, nil)
	s.Topics[0].ReplicationFactor = 2
	if got, err = Project(p, s, 730, prices(t)); err != nil {
		t.Fatal(err)
	}
	if want := 2.5 * 2 * 168; math.Abs(got.Items[1].Quantity-want) > 1e-9*want {
		t.Errorf("%v GiB-months of EBS, want %v: two and three replicas of a week of 1 GiB an hour each", got.Items[1].Quantity, want)
	}
}

// TestOf holds what a run has cost.
func TestOf(t *testing.T) {
	b, err := Of(Usage{Profile: "msk-serverless", Partitions: 12, Hours: 0.5, BytesIn: 4 * gib, BytesOut: 8 * gib}, prices(t))
	if want := 0.375 + 12*0.5*0.0015 + 0.4 + 0.4 + 2*0.5/730*0.1; err != nil || math.Abs(b.Total-want) > 1e-9 {
		t.Errorf("%+v, %v; want %v", b, err, want)
	}
}

// TestTemplates holds that topics of a template have its retention.
func TestTemplates(t *testing.T) {
	p, s := planned("msk-serverless", 1000, nil, nil)
	s.Topics = []scenario.Topic{{Name: "sensor", Count: 2, Partitions: 1, Config: map[string]string{"retention.ms": "60000"}}}
	p.Partitions[0].Topic, p.Partitions[1].Topic = "sensor-0", "sensor-1"
	if got, known := Stored(p, s); !known || math.Abs(got-2*60*1000) > 1e-6 {
		t.Errorf("%v bytes, want a minute of both topics", got)
	}
}
