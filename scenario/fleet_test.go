package scenario

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func drawTopic(t *rapid.T, name string) Topic {
	topic := Topic{Name: name, ReplicationFactor: -1, Existing: rapid.Bool().Draw(t, "existing")}
	if !topic.Existing {
		topic.Count = rapid.OneOf(rapid.Just(0), rapid.IntRange(2, 10)).Draw(t, "count")
		topic.Partitions = rapid.Int32Range(1, 3_000).Draw(t, "partitions")
		topic.ReplicationFactor = rapid.SampledFrom([]int16{-1, 1, 3}).Draw(t, "replication factor")
		topic.Config = rapid.MapOfN(drawText(), drawText(), 1, 3).Draw(t, "config")
	}
	return topic
}

// withoutCollisions makes a plain topic of every template one of whose topics has
// the name of another.
func withoutCollisions(topics []Topic) {
	for i := range topics {
		for _, instance := range topics[i].Instances() {
			if topics[i].Count > 0 && slices.ContainsFunc(topics, func(t Topic) bool { return t.Name == instance.Name }) {
				topics[i].Count = 0
			}
		}
	}
}

// drawFleetSettings draws what a fleet's size, rate and other settings allow.
func drawFleetSettings(t *rapid.T, p *Producer) {
	s := &p.Settings
	if highest := map[string]int{"gzip": 9, "lz4": 9, "zstd": 22}[s.Compression]; highest > 0 && rapid.Bool().Draw(t, "level?") {
		s.CompressionLevel = rapid.IntRange(1, highest).Draw(t, "level")
	}
	if !s.Idempotent {
		s.InFlight = rapid.IntRange(1, 5).Draw(t, "in flight")
		return
	}
	n := rapid.IntRange(1, 1_000_000).Draw(t, "in a transaction")
	if rate := p.RecordsPerSecond() / float64(p.Clients); p.Rate.Max || float64(n)/rate <= 60 {
		s.Transactions = Transactions{n, rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(1e-6, 1)).Draw(t, "aborted")}
	}
}

// drawConnectRates draws rates at which all clients connect before the run ends.
func drawConnectRates(t *rapid.T, s *Scenario) {
	var lasts time.Duration
	for _, p := range s.Phases {
		lasts += p.Duration
	}
	draw := func(count int) float64 {
		slowest := math.Max(0.001, 1.001*float64(count)/lasts.Seconds())
		if slowest > 1e6 {
			return 0
		}
		return rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(slowest, 1e6)).Draw(t, "connect rate")
	}
	for i := range s.Producers {
		s.Producers[i].Settings.ConnectRate = draw(s.Producers[i].Clients)
	}
	for i := range s.Idle {
		s.Idle[i].ConnectRate = draw(s.Idle[i].Connections)
	}
}

// TestInstances holds the names of a template's topics and that they are as
// declared.
func TestInstances(t *testing.T) {
	const text = `
version: 1
name: fleets
topics: {sensor: {partitions: 2, count: 200, config: {retention.ms: 1000}}, orders: {partitions: 12}}
producers: {p: {topic: sensor, rate: 1/s, value: {size: 1}}}
consumers: {g: {topics: [sensor, orders]}}
phases: [{name: a, duration: 1s}]
`
	if _, err := Parse("f.yaml", []byte(text), Options{}); err == nil {
		t.Error("a group may read orders, which nobody fills")
	}
	s, err := Parse("f.yaml", []byte(text), Options{Set: []string{"consumers.g.topics=[sensor]"}})
	if err != nil {
		t.Fatal(err)
	}
	all := s.Instances()
	if len(all) != 201 || all[200].Name != "orders" || all[200].Partitions != 12 {
		t.Fatalf("%d topics, the last is %+v", len(all), all[len(all)-1])
	}
	for i, topic := range all[:200] {
		if topic.Name != fmt.Sprintf("sensor-%d", i) || topic.Count != 0 || topic.Partitions != 2 || topic.Config["retention.ms"] != "1000" {
			t.Fatalf("topic %d is %+v", i, topic)
		}
	}
	if n := s.TopicsNamed("sensor"); len(n) != 200 || n[7].Name != "sensor-7" {
		t.Errorf("%d topics named sensor", len(n))
	}
	if n := s.TopicsNamed("orders"); len(n) != 1 || n[0].Name != "orders" {
		t.Errorf("%+v named orders", n)
	}
	if n := s.TopicsNamed("sensor-7"); n != nil {
		t.Errorf("%+v named sensor-7, which is not declared", n)
	}
}

// TestTransactionTimeout lets a client take up to a minute to fill a transaction.
func TestTransactionTimeout(t *testing.T) {
	for records, ok := range map[int]bool{300: true, 301: false} {
		text := fmt.Sprintf(`
version: 1
name: fleets
topics: {orders: {partitions: 12}}
producers: {p: {topic: orders, clients: 4, rate: 20/s, value: {size: 1}, settings: {transactions: {records: %d}}}}
phases: [{name: a, duration: 1s}]
`, records)
		if _, err := Parse("f.yaml", []byte(text), Options{}); (err == nil) != ok {
			t.Errorf("%d records at 5/s: %v", records, err)
		}
	}
}
