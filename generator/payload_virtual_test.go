package generator_test

import (
	"context"
	"io/fs"
	"strings"
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

// inTheLog runs a scenario in virtual time, leaves its topic t, and reads every
// record from the log, by partition.
func inTheLog(t *testing.T, s *scenario.Scenario, check func(*testing.T, *report.Result, [][]*kgo.Record)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := new(kfake.VirtualNetwork)
		c, err := embedded.Start(t.Context(), embedded.Config{Brokers: 2, Listen: "127.0.0.1:9092", OnNetwork: network.Listen})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		out, err := generator.Run(t.Context(), generator.Config{
			Scenario: s, Keep: true, Dial: network.DialContext,
			Target: report.Target{Kind: string(limits.EmbeddedCluster), Bootstrap: c.Bootstrap()},
		})
		if err != nil {
			t.Fatal(err)
		}
		r := out.Result
		checkCounts(t, r, c.Truth().Rows())
		client, err := kgo.NewClient(kgo.SeedBrokers(c.Bootstrap()...), kgo.Dialer(network.DialContext),
			kgo.ConsumeRegex(), kgo.ConsumeTopics("^msklt-.*-t$"), kgo.DisableClientMetrics())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		records := make([][]*kgo.Record, len(r.Partitions))
		for n := int64(0); n < r.Totals.Acked; {
			fetches := client.PollFetches(ctx)
			if err := fetches.Err(); err != nil {
				t.Fatalf("after %d of %d records: %v", n, r.Totals.Acked, err)
			}
			fetches.EachRecord(func(record *kgo.Record) {
				records[record.Partition] = append(records[record.Partition], record)
				n++
			})
		}
		check(t, r, records)
	})
}

func parsePayload(t *testing.T, producer string) *scenario.Scenario {
	t.Helper()
	text := `
version: 1
name: payload
topics:
  t: {partitions: 4}
producers:
  p:
    topic: t
` + producer + `
consumers:
  g: {topics: [t], clients: 2}
phases:
  - {name: warm-up, duration: 5s, load: 20%, measure: false}
  - {name: steady, duration: 30s}
`
	s, err := scenario.Parse("test.yaml", []byte(text), scenario.Options{ReadFile: func(name string) ([]byte, error) {
		if name != "samples.txt" {
			return nil, fs.ErrNotExist
		}
		return []byte("{\"order\":1}\n{\"order\":2, \"of\": \"a customer with a long name\"}\n"), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestVirtualPayload sends drawn sizes, tombstones and headers to one partition and
// holds every record in the log against what its slot draws.
func TestVirtualPayload(t *testing.T) {
	t.Parallel()
	s := parsePayload(t, `
    partition: 2
    rate: 400/s
    key: {keys: 500, hot: {keys: 3, share: 60%, moves: 7s}, size: 24B}
    value: {size: {lognormal: {median: 500B, p99: 8KB, max: 100KB}}, tombstones: 5%, entropy: 50%}
    headers: {source: web, "": ""}
    settings: {buffer: 200KB}
`)
	inTheLog(t, s, func(t *testing.T, r *report.Result, records [][]*kgo.Record) {
		p := s.Producers[0]
		schedule := scenario.NewSchedule(p, s.Phases, s.Seed)
		if n := int64(len(records[2])); n != 400*(1+30) || n != schedule.Count() || r.Totals.Acked != n {
			t.Fatalf("partition 2 has %d records, of %d acked; want %d", n, r.Totals.Acked, schedule.Count())
		}
		keys, values := scenario.NewKeys(p.Key, s.Seed, "p"), scenario.NewValues(p.Value, s.Seed, "p")
		start := records[2][0].Timestamp
		bytes, tombstones := 0, 0
		for i, record := range records[2] {
			at := schedule.At(int64(i))
			key := string(keys.Append(nil, keys.Draw(int64(i), at)))
			size, tombstone, _ := values.Draw(int64(i))
			if string(record.Key) != key || len(key) != 24 || len(record.Value) != size || (record.Value == nil) != tombstone {
				t.Fatalf("record %d has key %s and %d bytes (none: %v), want key %s and %d (%v)", i, record.Key, len(record.Value), record.Value == nil, key, size, tombstone)
			}
			if want := start.Add(at).Truncate(time.Millisecond); !record.Timestamp.Equal(want) {
				t.Fatalf("record %d has the timestamp %s, want %s", i, record.Timestamp, want)
			}
			if h := record.Headers; len(h) != 2 || h[0].Key != "source" || string(h[0].Value) != "web" || h[1].Key != "" {
				t.Fatalf("record %d has the headers %v", i, h)
			}
			bytes += len(record.Key) + len(record.Value) + p.HeaderBytes()
			if tombstone {
				tombstones++
			}
		}
		if tombstones < 500 || tombstones > 740 { // binomial: 620 ± 5 × 24.3
			t.Errorf("%d tombstones", tombstones)
		}
		// A record has at most 20 bytes besides, framing of its headers included,
		// and a batch 61; it has at least 6.
		n := len(records[2])
		if got := int(r.Totals.BytesAcked); got < bytes+6*n || got > bytes+(20+61)*n {
			t.Errorf("%d bytes acked for %d of keys, values and headers", got, bytes)
		}
		for _, other := range r.Partitions {
			if other.Partition != 2 && (other.AckedRecords != 0 || other.Acked != 0) {
				t.Errorf("partition %d got %d records", other.Partition, other.AckedRecords)
			}
		}
		checkEndToEnd(t, r, 400*30)
	})
}

// checkEndToEnd holds that every measured record told its age: in virtual time a
// few milliseconds for the linger and a fetch, and one for the timestamp.
func checkEndToEnd(t *testing.T, r *report.Result, measured int64) {
	t.Helper()
	e := r.Latency.EndToEnd
	if e.Count != measured || e.Max > 50 {
		t.Errorf("%d records told their age, up to %.1f ms; want %d", e.Count, e.Max, measured)
	}
}

// TestVirtualSamples sends messages from a file in turn to all partitions. None can
// carry a stamp; all tell their age.
func TestVirtualSamples(t *testing.T) {
	t.Parallel()
	s := parsePayload(t, `
    partition: round-robin
    clients: 3
    rate: 300/s
    key: {weights: {alice: 9, bob: 1}}
    value: {file: samples.txt, tombstones: 20%}
    settings: {linger: 0}
`)
	inTheLog(t, s, func(t *testing.T, r *report.Result, records [][]*kgo.Record) {
		seen := map[string]int{}
		for partition, list := range records {
			// 9,300 records of 3 clients over 4 partitions, each client in turn.
			if n := len(list); n < 9300/4-3 || n > 9300/4+3 {
				t.Errorf("partition %d has %d records", partition, n)
			}
			for _, record := range list {
				seen[string(record.Key)]++
				seen[string(record.Value)]++
			}
		}
		// Binomial: 930 ± 5 × 28.9, 1860 ± 5 × 38.6, 3720 ± 5 × 47.2.
		for text, want := range map[string][2]int{"bob": {785, 1075}, "alice": {8225, 8515}, "": {1667, 2053},
			`{"order":1}`: {3484, 3956}, `{"order":2, "of": "a customer with a long name"}`: {3484, 3956}} {
			if n := seen[text]; n < want[0] || n > want[1] {
				t.Errorf("%q is there %d times, want %v", text, n, want)
			}
			delete(seen, text)
		}
		if len(seen) > 0 {
			t.Errorf("more was sent: %v", seen)
		}
		checkEndToEnd(t, r, 300*30)
	})
}

// TestVirtualFixedPartitionOverload overloads one partition that a fleet names: what
// could not be sent counts there and nowhere else.
func TestVirtualFixedPartitionOverload(t *testing.T) {
	t.Parallel()
	text := strings.Replace(hotPartition, "    topic: t\n", "    topic: t\n    partition: 3\n", 1)
	inVirtualTime(t, text, map[limits.Name]float64{limits.PartitionIngress: 1e6}, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		r := out.Result
		checkCounts(t, r, truth)
		if b := r.Verdict.Binding; len(b) != 1 || *b[0].Partition != 3 {
			t.Fatalf("binding %+v", b)
		}
		if r.Totals.Unsent == 0 {
			t.Error("nothing was left unsent")
		}
		for _, p := range r.Partitions {
			if (p.AckedRecords > 0) != (p.Partition == 3) {
				t.Errorf("partition %d has %d records", p.Partition, p.AckedRecords)
			}
		}
	})
}

// TestNoSuchPartition holds that a run says so when an existing topic lacks the
// partition that a fleet names.
func TestNoSuchPartition(t *testing.T) {
	c, err := embedded.Start(t.Context(), embedded.Config{Brokers: 1, Listen: "127.0.0.1:0", Topics: map[string]int32{"old": 2}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := parse(t, `{version: 1, name: x, topics: {old: {existing: true}}, producers: {p: {topic: old, partition: 2, rate: 1/s, value: {size: 1B}}}, phases: [{name: a, duration: 1s}]}`)
	_, err = generator.Run(t.Context(), generator.Config{Scenario: s, Target: report.Target{Bootstrap: c.Bootstrap()}})
	if err == nil || !strings.Contains(err.Error(), "fleet p writes to partition 2, but topic old has 2 partitions") {
		t.Errorf("got %v", err)
	}
}
