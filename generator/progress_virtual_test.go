package generator_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/generator"
	"msklt/internal/limits"
	"msklt/report"
)

// told runs a scenario in virtual time, on a cluster that is prepared first, and returns
// what was told of its progress.
func told(t *testing.T, text string, values map[limits.Name]float64, prepare func(*testing.T, []kgo.Opt)) (all []generator.Progress, out *generator.Output) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network, c, l := startVirtual(t, values)
		defer c.Close()
		if prepare != nil {
			prepare(t, []kgo.Opt{kgo.SeedBrokers(c.Bootstrap()...), kgo.Dialer(network.DialContext)})
		}
		var err error
		out, err = generator.Run(t.Context(), generator.Config{
			Scenario: parse(t, text), Limits: l, Dial: network.DialContext,
			Progress: func(p generator.Progress) { all = append(all, p) },
			Target:   report.Target{Kind: string(limits.EmbeddedCluster), Bootstrap: c.Bootstrap()},
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	return all, out
}

// window is the seconds of a result that a progress tells of.
func window(p generator.Progress, timeline []report.Second) []report.Second {
	return timeline[int((p.Elapsed-p.Span)/time.Second):int(p.Elapsed/time.Second)]
}

func mean(of []report.Second, value func(report.Second) float64) float64 {
	sum := 0.0
	for _, s := range of {
		sum += value(s)
	}
	return sum / float64(len(of))
}

// equalRounded tells whether two numbers differ by rounding only.
func equalRounded(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b)) }

// TestVirtualProgress holds what a run tells while it lasts against its result.
func TestVirtualProgress(t *testing.T) {
	t.Parallel()
	text := strings.Replace(hotPartition, "duration: 25s", "duration: 20s", 1)
	all, out := told(t, text, map[limits.Name]float64{limits.PartitionIngress: 1e6}, nil)
	checkAll(t, all, out, 25*time.Second)
	if out.Result.Throttle.Share == 0 {
		t.Error("nothing throttled")
	}
	for _, p := range all {
		if p.Stage == "" && !p.Writers {
			t.Fatalf("nobody is said to write: %+v", p)
		}
	}
	if first := all[0]; first.Stage != "creating topics" || first.Total != 25*time.Second {
		t.Errorf("first was told %+v", first)
	}
	if last := all[len(all)-1]; !strings.HasPrefix(last.Stage, "removing") {
		t.Errorf("last was told %+v", last)
	}
}

// checkAll holds each second's progress of a run that takes so long against its result.
func checkAll(t *testing.T, all []generator.Progress, out *generator.Output, total time.Duration) {
	t.Helper()
	r, series := out.Result, slices.Collect(out.Series)
	seconds := 0
	for _, p := range all {
		if p.Stage != "" || int(p.Elapsed/time.Second) > len(r.Timeline) {
			continue
		}
		seconds++
		if p.Elapsed != time.Duration(seconds)*time.Second || p.Span != min(p.Elapsed, 5*time.Second) || p.Total != total || !p.Readers {
			t.Fatalf("%d. progress: %+v", seconds, p)
		}
		checkProgress(t, p, window(p, r.Timeline))
		checkHottest(t, p, series)
	}
	if want := int(total/time.Second) - 1; seconds < want { // that of the last second may be beaten by the run's end
		t.Errorf("progress was told %d times, want %d", seconds, want)
	}
}

func checkProgress(t *testing.T, p generator.Progress, rows []report.Second) {
	t.Helper()
	last := rows[len(rows)-1]
	if p.Phase != last.Phase || p.Waiting != last.Waiting || p.Backlog != last.Backlog {
		t.Errorf("%s: phase %s, %d waiting, backlog %d; the result has %+v", p.Elapsed, p.Phase, p.Waiting, p.Backlog, last)
	}
	// The timeline's bytes are whole for each of the two clients: half a byte off each.
	if want := mean(rows, func(s report.Second) float64 { return float64(s.OfferedBytes) }); math.Abs(p.OfferedBytes-want) > 1 {
		t.Errorf("%s: offered %f bytes/s, want %f", p.Elapsed, p.OfferedBytes, want)
	}
	if want := mean(rows, func(s report.Second) float64 { return float64(s.AckedBytes) }); !equalRounded(p.AckedBytes, want) {
		t.Errorf("%s: acked %f bytes/s, want %f", p.Elapsed, p.AckedBytes, want)
	}
	if want := mean(rows, func(s report.Second) float64 { return float64(s.ConsumedBytes) }); !equalRounded(p.ConsumedBytes, want) {
		t.Errorf("%s: consumed %f bytes/s, want %f", p.Elapsed, p.ConsumedBytes, want)
	}
	// All connections carry records by the end of the warm-up.
	if want := mean(rows, func(s report.Second) float64 { return s.ThrottledShare }); p.Writers && p.Elapsed >= 5*time.Second && !equalRounded(p.Throttled, want) {
		t.Errorf("%s: throttled %f, want %f", p.Elapsed, p.Throttled, want)
	}
	lag, low, high, offered := 0.0, math.Inf(1), 0.0, int64(0)
	for _, s := range rows {
		lag, offered = max(lag, s.LagMax), offered+s.OfferedRecords
		if s.AckedRecords > 0 {
			low, high = min(low, s.P99), max(high, s.P99)
		}
	}
	if got := float64(p.Lag) / 1e6; offered > 0 && !equalRounded(got, lag) || offered == 0 && p.Lag != -1 {
		t.Errorf("%s: lag %f ms, want %f of %d records", p.Elapsed, got, lag, offered)
	}
	// A percentile of several seconds lies between those of each.
	if got := float64(p.P99) / 1e6; high > 0 && (got < low || got > high) || high == 0 && got != 0 {
		t.Errorf("%s: p99 %f ms, the seconds have %f to %f", p.Elapsed, got, low, high)
	}
}

func checkHottest(t *testing.T, p generator.Progress, series []report.PartitionSecond) {
	t.Helper()
	bytes := make([]int64, 4)
	for _, s := range series {
		if at := time.Duration(s.Second) * time.Second; at >= p.Elapsed-p.Span && at < p.Elapsed {
			bytes[s.Partition] += s.AckedBytes
			if !p.Writers {
				bytes[s.Partition] += s.ConsumedBytes
			}
		}
	}
	most := slices.Max(bytes)
	want := generator.HotPartition{
		Topic: "t", Partition: int32(slices.Index(bytes, most)),
		BytesPerSecond: float64(most) / p.Span.Seconds(), Declared: 1e6,
	}
	if !p.Writers {
		want.Declared = 2e6
	}
	if most == 0 {
		want = generator.HotPartition{}
	}
	if p.Hottest != want {
		t.Errorf("%s: hottest is %+v, want %+v", p.Elapsed, p.Hottest, want)
	}
}

// TestVirtualProgressOfReaders tells of what is read where nobody writes.
func TestVirtualProgressOfReaders(t *testing.T) {
	t.Parallel()
	all, out := told(t, `
version: 1
name: readers
topics:
  t: {existing: true}
consumers:
  g: {topics: [t], from: start, processing: {per_record: 1ms}, settings: {max_poll_records: 100}}
phases:
  - {name: steady, duration: 10s}
`, map[limits.Name]float64{limits.PartitionIngress: 1e6, limits.PartitionEgress: 2e6}, func(t *testing.T, opts []kgo.Opt) {
		client, err := kgo.NewClient(append(opts, kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if _, err := kadm.NewClient(client).CreateTopic(t.Context(), 4, -1, nil, "t"); err != nil {
			t.Fatal(err)
		}
		for i := range 4000 { // a fourth on partition 1, three on 2
			record := &kgo.Record{Topic: "t", Partition: int32(2 - i%4/3), Value: make([]byte, 100)}
			client.Produce(t.Context(), record, nil)
		}
		if err := client.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	checkAll(t, all, out, 10*time.Second)
	if n := out.Result.Totals.Consumed; n != 4000 {
		t.Errorf("%d of 4,000 records were read", n)
	}
	for _, p := range all {
		if p.Stage == "" && (p.Writers || p.Lag != -1 || p.P99 != 0) {
			t.Errorf("where nobody writes is told %+v", p)
		}
	}
}
