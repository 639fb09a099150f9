package main

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"msklt/internal/browsertest"
	"msklt/internal/embedded"
	"msklt/internal/kafkatest/need"
	"msklt/internal/limits"
	"msklt/report"
)

// expected is what a ready scenario shows, and how long it takes to show it.
type expected struct {
	status limits.Status
	limit  limits.Name
	topic  string
	value  float64
	enough string // of measured time
}

// Where nothing happens, what is used is a mean over 11 s. A limit binds when a load
// beyond it has used the credit of 10 s, the latest after 10 × 20 ÷ 30 s of
// cluster-limit, and its plateau takes 11 s more; day-and-night exceeds its limit near
// noon, at 20 s. In catch-up a duration would shorten the pause as well.
var shipped = map[string]expected{
	"hot-key":           {limits.Limited, limits.PartitionIngress, "orders", 5e6, "20s"},
	"steady":            {limits.WithinLimits, "", "", 0, "12s"},
	"cluster-limit":     {limits.Limited, limits.ClusterIngress, "", 20e6, "20s"},
	"fan-out":           {limits.Limited, limits.PartitionEgress, "events", 4e6, "20s"},
	"aws-price-example": {limits.WithinLimits, "", "", 0, "12s"},
	"day-and-night":     {limits.Limited, limits.PartitionIngress, "events", 750e3, "30s"},
	"catch-up":          {limits.WithinLimits, "", "", 0, "40s"},
	"many-topics":       {limits.WithinLimits, "", "", 0, "12s"},
}

// light are scenarios that leave most of a processor idle and meet no limit.
var light = []string{"aws-price-example", "catch-up", "many-topics"}

// TestRealTimeScenarios runs every ready scenario for as long as it takes to show what
// it is to show, and holds the result against the embedded cluster's truth.
func TestRealTimeScenarios(t *testing.T) {
	need.Require(t, need.RealTime())
	files, err := filepath.Glob("../../scenarios/*.yaml")
	if err != nil || len(files) != len(shipped) {
		t.Fatalf("%d scenarios, %d expectations, %v", len(files), len(shipped), err)
	}
	for name, want := range shipped {
		if !slices.Contains(light, name) {
			t.Run(name, func(t *testing.T) { runShipped(t, name, want, "--duration", want.enough) })
		}
	}
	t.Run("beside each other", func(t *testing.T) {
		for _, name := range light {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				runShipped(t, name, shipped[name], "--duration", shipped[name].enough)
			})
		}
	})
}

// TestScenariosLong runs them as a user would, in their whole length.
func TestScenariosLong(t *testing.T) {
	need.Require(t, need.Long())
	for name, want := range shipped {
		t.Run(name, func(t *testing.T) { runShipped(t, name, want) })
	}
}

func runShipped(t *testing.T, name string, want expected, more ...string) {
	_, dir := undisturbed(t, func(dir string) []string {
		return append([]string{"../../scenarios/" + name + ".yaml", "--truth", filepath.Join(dir, "truth.jsonl")}, more...)
	})
	out, truth := filepath.Join(dir, "out"), filepath.Join(dir, "truth.jsonl")
	r := readResult(t, out)
	t.Log(r.Verdict.Summary)
	if r.Verdict.Status != want.status || !r.Validity.Valid {
		t.Fatalf("status %s, valid %v: %s", r.Verdict.Status, r.Validity.Valid, r.Verdict.Summary)
	}
	if want.limit == "" {
		if r.Throttle.Responses != 0 {
			t.Errorf("%d throttle responses", r.Throttle.Responses)
		}
	} else {
		checkBinding(t, r.Verdict.Binding[0], want)
	}
	switch name {
	case "hot-key":
		checkHotKey(t, r, out)
	case "catch-up":
		checkCatchUp(t, r)
	}
	checkAgainstTruth(t, r, readTruth(t, truth))
	checkTidy(t, dir)
}

func checkBinding(t *testing.T, b limits.Binding, want expected) {
	t.Helper()
	if b.Limit != want.limit || b.Topic != want.topic || *b.Declared != want.value {
		t.Errorf("binding[0] is %s of %s, declared %v", b.Limit, b.Scope, *b.Declared)
	}
	if b.ObservedBy != "inversion" || math.Abs(b.Observed/want.value-1) > 0.03 || b.Plateau == nil {
		t.Errorf("observed %.0f by %s, plateau %v; want %.0f within 3 %%", b.Observed, b.ObservedBy, b.Plateau, want.value)
	}
	t.Logf("observed %.4f of the limit, plateau %v", b.Observed/want.value, b.Plateau != nil)
}

// checkHotKey looks at what is particular to the first scenario: the partition is
// the one that murmur2 gives the hot key, nothing else bound, overload is not
// flattered, and the page is small.
func checkHotKey(t *testing.T, r *report.Result, out string) {
	t.Helper()
	hot := limits.Partitioner("orders", 12)([]byte("0"))
	if b := r.Verdict.Binding; len(b) != 1 || int(*b[0].Partition) != hot {
		t.Errorf("binding %+v, want partition %d alone", b, hot)
	}
	l := r.Latency.Response
	if l.Censored != r.Totals.Unsent+r.Totals.Failed || l.Censored == 0 || !l.P99Censored {
		t.Errorf("%d censored of %d unsent and %d failed; p99 marked: %v", l.Censored, r.Totals.Unsent, r.Totals.Failed, l.P99Censored)
	}
	page, err := os.Stat(filepath.Join(out, "report.html"))
	if err != nil || page.Size() >= 1<<20 {
		t.Errorf("the page has %d bytes, %v", page.Size(), err)
	}
}

// checkCatchUp holds the backlog: 15 s of 4 MB/s in records of 1,024 bytes and a
// key of nearly 4 wait at the end of the pause, give or take the second that counts
// are taken in and the batches that were being read; and the group has caught up.
func checkCatchUp(t *testing.T, r *report.Result) {
	t.Helper()
	const perSecond = 4e6 / 1027.9
	g := r.Groups[0]
	if seconds := float64(g.BacklogMax) / perSecond; seconds < 14 || seconds > 17 {
		t.Errorf("at most %d records behind, %.1f s of them; want 15 s", g.BacklogMax, seconds)
	}
	if len(r.Thresholds) != 2 || g.Unread != 0 {
		t.Errorf("%d thresholds, %d records unread", len(r.Thresholds), g.Unread)
	}
}

func readTruth(t *testing.T, path string) (rows []embedded.Row) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var row embedded.Row
		if err := json.Unmarshal(s.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

// checkAgainstTruth holds counts exactly, and used within 2 %, against what the
// cluster itself wrote down.
func checkAgainstTruth(t *testing.T, r *report.Result, truth []embedded.Row) {
	t.Helper()
	n := r.Totals
	if n.Scheduled != n.Sent+n.Unsent || n.Sent != n.Acked+n.Failed {
		t.Errorf("counts do not add up: %+v", n)
	}
	logs := 0
	for _, row := range truth {
		if row.Scope != "log" {
			continue
		}
		logs++
		i := slices.IndexFunc(r.Partitions, func(p report.Partition) bool {
			return p.Partition == row.Partition && strings.HasSuffix(row.Topic, "-"+p.Topic)
		})
		if i < 0 {
			t.Fatalf("the result lacks %s/%d", row.Topic, row.Partition)
		}
		p := r.Partitions[i]
		if p.AckedRecords != p.LogEndDelta || p.LogEndDelta != row.LogEnd || row.RecordsIn != row.LogEnd {
			t.Errorf("partition %d: acked %d, log-end delta %d, truth %d (%d records in)", p.Partition, p.AckedRecords, p.LogEndDelta, row.LogEnd, row.RecordsIn)
		}
	}
	if logs != len(r.Partitions) {
		t.Errorf("the truth has %d logs for %d partitions", logs, len(r.Partitions))
	}
	for _, g := range r.Groups {
		if g.Consumed+g.Expired != g.LogEndDelta || g.LogEndDelta != n.LogEndDelta {
			t.Errorf("group %s: %d consumed + %d expired, log-end delta %d", g.Name, g.Consumed, g.Expired, g.LogEndDelta)
		}
	}
	for _, h := range r.Verdict.Headroom {
		want := truthUsed(truth, h.Limit)
		if want == 0 || math.Abs(h.Used/want-1) > 0.02 {
			t.Errorf("%s: used %.1f, the truth says %.1f", h.Limit, h.Used, want)
		}
	}
}

// truthUsed is the highest mean over 11 seconds of a limit's most loaded instance.
func truthUsed(truth []embedded.Row, limit limits.Name) (best float64) {
	count := map[limits.Name]struct {
		scope string
		of    func(embedded.Row) int64
	}{
		limits.PartitionIngress:   {"partition", func(r embedded.Row) int64 { return r.BytesIn }},
		limits.PartitionEgress:    {"partition", func(r embedded.Row) int64 { return r.BytesOut }},
		limits.ClusterIngress:     {"cluster", func(r embedded.Row) int64 { return r.BytesIn }},
		limits.ClusterEgress:      {"cluster", func(r embedded.Row) int64 { return r.BytesOut }},
		limits.ClusterRequests:    {"cluster", func(r embedded.Row) int64 { return r.Requests }},
		limits.ClusterConnections: {"cluster", func(r embedded.Row) int64 { return r.Connections }},
		limits.ClusterAttempts:    {"cluster", func(r embedded.Row) int64 { return r.Attempts }},
	}[limit]
	type instance struct {
		topic     string
		partition int32
	}
	series := map[instance]map[int64]int64{}
	var first, last int64
	for _, row := range truth {
		if row.Scope != count.scope {
			continue
		}
		at := instance{row.Topic, row.Partition}
		if series[at] == nil {
			series[at] = map[int64]int64{}
		}
		series[at][row.Second] += count.of(row)
		if first == 0 {
			first = row.Second
		}
		last = max(last, row.Second)
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

// checkTidy looks for what a run must not leave beside its result.
func checkTidy(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
}

// TestChromiumReport opens the page of a real run, light and dark: it shows the
// verdict, and the console and the page's policy have nothing to say.
func TestChromiumReport(t *testing.T) {
	browsertest.Need(t)
	out := filepath.Join(t.TempDir(), "out")
	p := command(t.Context(), "run", writeScenario(t, "3s"), "--out", out, "--quiet")
	checkFine(t, p.code(t), out)
	openReport(t, filepath.Join(out, "report.html"), readResult(t, out).Verdict.Summary)
}

func openReport(t *testing.T, page, summary string) {
	t.Helper()
	b := browsertest.Start(t)
	for _, v := range []browsertest.View{{Width: 1280}, {Width: 1280, Dark: true}, {Width: 320}, {Width: 1280, NoScript: true}} {
		p := b.Open(t, page, v)
		if len(p.Problems) != 0 || len(p.Requests) != 0 {
			t.Errorf("%+v: problems %q, requests %q", v, p.Problems, p.Requests)
		}
		if p.ScrollWidth > v.Width {
			t.Errorf("%+v: the page is %d wide", v, p.ScrollWidth)
		}
		if !strings.Contains(plain(p.Text), plain(summary)) || !strings.Contains(p.HTML, "<svg") {
			t.Errorf("%+v: the page lacks the verdict %q or its charts", v, summary)
		}
	}
}

// plain has single spaces only: the page keeps numbers and units together with
// spaces that do not break.
func plain(s string) string { return strings.Join(strings.Fields(s), " ") }
