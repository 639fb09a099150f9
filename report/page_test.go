package report

import (
	"html/template"
	"math"
	"slices"
	"strings"
	"testing"

	"msklt/internal/limits"
)

// Of the hot-key fixture's load 35.83 % is on orders/7: its 5 MB/s of batches, 5 % of
// them headers, are 5 ÷ 0.3583 ÷ 1.05 = 13.29 MB/s of keys and values in all. Of the even
// load twelve times 5 MB/s fill every partition at once.
func TestLoadCeiling(t *testing.T) {
	hot, even, read, found := first(hotKey()), first(steady()), first(hotKey()), first(hotKey())
	read.Verdict.Binding[0].Limit, read.Verdict.Binding[0].Declared = limits.PartitionEgress, ref(4e6)
	for i := range read.Partitions {
		read.Partitions[i].PredictedConsumed *= 2 // two groups
	}
	found.Verdict.Binding[0].Declared = nil // inferred: 5,012,345
	for _, test := range []struct {
		r    *Result
		load float64
		text string
	}{
		{hot, 5e6 / 0.3583 / 1.05, "limit: the load that fills partition.ingress of orders/7, 5.00 MB/s"},
		{even, 12 * 5e6 / 1.05, "limit: the load that fills partition.ingress of orders/0, 5.00 MB/s"},
		{read, 4e6 / 2 / 0.3583 / 1.05, "limit: the load that fills partition.egress of orders/7, 4.00 MB/s"},
		{found, 5012345 / 0.3583 / 1.05, "limit: the load that fills partition.ingress of orders/7, 5.01 MB/s"},
	} {
		got := loadCeiling(test.r)
		if got == nil || math.Abs(got.load/test.load-1) > 1e-9 || got.text() != test.text {
			t.Errorf("%+v, want %.0f, %q", got, test.load, test.text)
		}
	}
	// A client on a broker gets a twelfth of 9 MB/s as planned; a quota that nobody
	// declared is known where it bound, from what got through then.
	client, undeclared := first(steady()), first(hotKey())
	client.Verdict.Headroom = []Headroom{room(limits.ClientIngress, "client checkout-0 on broker 1", 2e6, 1e6, "bytes/s")}
	client.Plan = &limits.Plan{
		Limits:     []limits.PlannedLimit{{Limit: limits.ClientIngress, Scope: "client checkout-0 on broker 1", Declared: 2e6, Predicted: 0.75e6}},
		Partitions: []limits.PlannedPartition{{Predicted: 4e6}, {Predicted: 5e6}},
	}
	undeclared.Plan = nil
	quota := &undeclared.Verdict.Binding[0]
	quota.Limit, quota.Scope, quota.Declared, quota.SinceSeconds, quota.Plateau = limits.ClientIngress, "client a on broker 0", nil, 30, ref(4e6)
	for i := range undeclared.Timeline {
		undeclared.Timeline[i].AckedBytes = 20e6
		if undeclared.Timeline[i].Second < 30 {
			undeclared.Timeline[i].AckedBytes = 40e6
		}
	}
	// Fleets without a rate: nothing is predicted of what got through.
	unpaced := first(hotKey())
	for i := range unpaced.Partitions {
		p := &unpaced.Partitions[i]
		p.Predicted, p.PredictedConsumed, p.Acked = 0, 0, 1e6
		if i == 7 {
			p.Acked = 4e6
		}
	}
	for _, test := range []struct {
		r    *Result
		load float64
		text string
	}{
		{client, 2e6 * 9 / 0.75 / 1.05, "limit: the load that fills client.ingress of client checkout-0 on broker 1, 2.00 MB/s"},
		{undeclared, 5012345 * 20 / 4.0, "limit: the load that fills client.ingress of client a on broker 0, 5.01 MB/s, the load spread as it got through"},
		{unpaced, 5e6 * 15 / 4 / 1.05, "limit: the load that fills partition.ingress of orders/7, 5.00 MB/s, the load spread as it got through"},
	} {
		got := loadCeiling(test.r)
		if got == nil || math.Abs(got.load/test.load-1) > 1e-9 || got.text() != test.text {
			t.Errorf("%+v, want %.0f, %q", got, test.load, test.text)
		}
	}
	clear(even.Partitions) // 200 MB/s of the cluster’s need no prediction
	if got := loadCeiling(even); got == nil || math.Abs(got.load/(200e6/1.05)-1) > 1e-9 || got.scope != "the cluster" {
		t.Errorf("of fleets that send as fast as they can: %+v", got)
	}
	for name, spoil := range map[string]func(*Result){
		"nothing declared":  func(r *Result) { r.Verdict = limits.Verdict{} },
		"nothing predicted": func(r *Result) { clear(r.Partitions); r.Verdict.Headroom = r.Verdict.Headroom[:1] },
		"no plan of a client's": func(r *Result) {
			r.Verdict.Headroom = []Headroom{room(limits.ClientIngress, "client a on broker 1", 2e6, 1e6, "bytes/s")}
		},
		"nothing acked": func(r *Result) { r.Rates.WireBytesPerSecond = 0 },
	} {
		r := first(steady())
		spoil(r)
		if got := loadCeiling(r); got != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// The chart of the load has the limit as a line at its height, or says that it lies
// beyond: 57.1 MB/s where 8 were offered.
func TestLoadChartLimit(t *testing.T) {
	hot, even := loadChart(first(hotKey())), loadChart(first(steady()))
	// The axis ends 6 % above 40 MB/s: the limit is at 1 − 13.29 ÷ 42.4 = 0.687 from the top.
	if got := hot.Lines[2]; got != (line{"M0 687L2000 687", "limit"}) {
		t.Errorf("limit %+v", got)
	}
	if want := "limit: the load that fills partition.ingress of orders/7, 5.00 MB/s: 13.3 MB/s"; hot.Key[0] != (key{"limit", want}) {
		t.Errorf("key %q", hot.Key[0])
	}
	if want := "5.00 MB/s: 57.1 MB/s, beyond the axis"; len(even.Lines) != 2 || !strings.HasSuffix(even.Key[0].Text, want) {
		t.Errorf("%d lines, key %q", len(even.Lines), even.Key[0])
	}
	reading := first(steady())
	reading.Fleets = nil
	if got := loadChart(reading); got.Title != "Consumed 8.40 MB/s in the measured phases" || len(got.Lines) != 1 || got.Lines[0].Class != "consumed" {
		t.Errorf("a run that only reads: %q, %d lines", got.Title, len(got.Lines))
	}
}

func TestNumbersOfTheVerdict(t *testing.T) {
	reading := first(steady())
	reading.Fleets, reading.Verdict.Headroom = nil, nil
	held := first(hotKey())
	held.Verdict.Binding[0].Limit, held.Verdict.Binding[0].Scope = limits.ClusterEgress, "cluster"
	held.Rates.AckedBytesPerSecond = held.Rates.OfferedBytesPerSecond
	for i := range held.Partitions {
		held.Partitions[i].PredictedConsumed = held.Rates.ConsumedBytesPerSecond / 6 // twice what was consumed
	}
	unmet := first(steady())
	unmet.Thresholds[0].Passed = false
	lost := first(steady())
	lost.Rates.AckedBytesPerSecond *= 0.5
	for name, test := range map[string]struct {
		r      *Result
		answer string
		want   []fact
	}{
		"hot key": {first(hotKey()), "this load does not fit", []fact{
			{"Acked of offered", "38.2 %", "15.3 MB/s of 40.0 MB/s"},
			{"Response p99", "≥ 24.7 s", "p50 ≥ 14.2 s, max ≥ 31.2 s"},
			{"Throttled", "87.4 %", "of the time of the connections that carry orders/7"},
		}},
		"steady": {first(steady()), "this load fits", []fact{
			{"Acked of offered", "> 99.9 %", "8.00 MB/s of 8.00 MB/s"},
			{"Response p99", "14.2 ms", "p50 7.10 ms, max 31.0 ms"},
			{"Headroom", "85.7 %", "of the nearest limit, partition.ingress on orders/3: 714 kB/s of 5.00 MB/s used"},
		}},
		"stopped": {first(stopped()), "nothing follows from this run", []fact{
			{"Acked of offered", "> 99.9 %", "8.00 MB/s of 8.00 MB/s"},
			{"Response p99", "14.2 ms", "p50 7.10 ms, max 31.0 ms"},
			{"Schedule lag", "88.2 ms", "bound 20 ms, observed by the generator on itself"},
		}},
		"reading held back": {held, "reading was held back", []fact{
			{"Consumed of predicted", "50.0 %", "16.1 MB/s of 32.1 MB/s"},
			{"End-to-end p99", "22.1 s", "p50 14.1 ms, max 30.9 s"},
			{"Throttled", "87.4 %", "of the time of the connections to the cluster"},
		}},
		"reading": {reading, "this load fits", []fact{
			{"Consumed of predicted", "> 99.9 %", "8.40 MB/s of 8.40 MB/s"},
			{"End-to-end p99", "17.0 ms", "p50 8.90 ms, max 44.0 ms"},
			{"Throttled share", "0 %", "0 throttle responses; no limit is declared"},
		}},
		"unmet": {unmet, "no limit bound, but a threshold did not pass", nil},
		"lost":  {lost, "no limit bound, but not all of the load arrived", nil},
	} {
		if got := answer(test.r); got != test.answer {
			t.Errorf("%s: %q, want %q", name, got, test.answer)
		}
		got := numbers(test.r)
		if test.want != nil && !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
		for _, f := range facts(test.r) {
			if slices.ContainsFunc(got, func(n fact) bool { return n.Name == f.Name }) {
				t.Errorf("%s: %q stands twice", name, f.Name)
			}
		}
	}
}

func TestRanked(t *testing.T) {
	r := first(hotKey())
	r.Partitions[3].TopKeys = []KeyShare{{"second", 0.05, 2.1e6}}
	partitions := rankedPartitions(r)
	// 14.332 of 40 MB/s, with 5 % of headers 15.05, are 3.01 times 5 MB/s.
	if want := (rankedPartition{"1", "orders/7", "5.75", "15.0", "3.01×", "≥ 24.1 s", "70.0 %", true}); len(partitions) != 10 || partitions[0] != want {
		t.Errorf("%d, first %+v", len(partitions), partitions[0])
	}
	if p := partitions[1]; p.Name != "orders/0" || p.Rank != "2" || p.OfLimit != "0.490×" || p.Bound {
		t.Errorf("second %+v", p)
	}
	want := []rankedKey{
		{"1", "0", "orders/7", "30.0 %", "12.6", "2.52×"},
		{"2", "second", "orders/3", "5.0 %", "2.10", "0.420×"},
		{"3", "8812", "orders/7", "< 0.1 %", "–", "–"},
	}
	if got := rankedKeys(r); !slices.Equal(got, want) {
		t.Errorf("keys %+v", got)
	}
}

// The bars of the hot-key fixture: the limit that bound, those that were observed, and
// those that only the plan knows, but not those that are kept by waiting.
func TestHeadroomChart(t *testing.T) {
	b := headroomChart(first(hotKey()))
	if want := "partition.ingress is used up; the nearest of the others, partition.egress, has 50.5 % left"; b.Title != want {
		t.Errorf("title %q", b.Title)
	}
	rows := map[string][]string{}
	for i, row := range b.Table.Rows {
		rows[row[0]] = row[1:]
		if b.Rows[i].Bound != (row[0] == "partition.ingress") {
			t.Errorf("%s bound: %v", row[0], b.Rows[i].Bound)
		}
	}
	for name, want := range map[string][]string{
		"partition.ingress": {"orders/7", "5.00 MB/s", "15.1 MB/s", "4.93 MB/s", "98.6 %", "binds"},
		"cluster.requests":  {"cluster", "15,000 requests/s", "≤ 12,345 requests/s", "812 requests/s", "5.4 %", "94.6 %"},
		"cluster.egress":    {"cluster", "400 MB/s", "–", "24.1 MB/s", "6.0 %", "94.0 %"},
		"cluster.message":   {"cluster", "8 MiB", "1.04 kB", "not observed", "–", "–"},
	} {
		if !slices.Equal(rows[name], want) {
			t.Errorf("%s: %q, want %q", name, rows[name], want)
		}
	}
	if rows["cluster.partition_changes"] != nil {
		t.Error("a limit that is paced to is drawn as one that was used")
	}
	// The axis ends at twice what is declared, because 3.01 times was predicted: there
	// the bar is cut. 98.6 % used is at 49.3 % of the width.
	if r := b.Rows[0]; r.Predicted != "100%" || r.Observed != "49.3%" || b.Limit.At != "50%" || !strings.HasSuffix(b.Key[0].Text, "cut at 200 %") {
		t.Errorf("bars %+v, limit %+v, key %q", r, b.Limit, b.Key[0])
	}
	if got := headroomFinding(first(steady())); got != "The nearest limit, partition.ingress, has 85.7 % left" {
		t.Errorf("title %q", got)
	}
	if got := headroomFinding(&Result{}); got != "No use of a limit was observed" {
		t.Errorf("title %q", got)
	}
}

// Backlog is drawn for the groups that were furthest behind; its finding is of measured
// seconds only, and tells the end of the second.
func TestGroupCharts(t *testing.T) {
	r := first(steady())
	r.Timeline = r.Timeline[:10]
	r.Groups = nil
	for i := range 6 {
		g := Group{Name: string(rune('a' + i)), BacklogMax: int64(100 * i), Backlog: make([]int64, 10), EndToEnd: latency(1, 10*float64(i+1), 100, 1000, 0)}
		g.Backlog[0], g.Backlog[7] = 500, g.BacklogMax // second 0 is warm-up
		r.Groups = append(r.Groups, g)
	}
	p := backlogChart(r)
	if want := "f was up to 500 records behind, at 8 s"; p.Title != want {
		t.Errorf("title %q, want %q", p.Title, want)
	}
	if want := []string{"second", "f", "e", "d", "c"}; !slices.Equal(p.Table.Head, want) || p.Table.Note != "The 4 groups that fared worst of 6; result.json has all." {
		t.Errorf("table of %q, %q", p.Table.Head, p.Table.Note)
	}
	if want := []string{"7", "500", "400", "300", "200"}; !slices.Equal(p.Table.Rows[7], want) {
		t.Errorf("row %q", p.Table.Rows[7])
	}
	if want := "7 s: f 500, e 400, d 300, c 200 records behind"; p.Readout.T[7] != want {
		t.Errorf("reads %q", p.Readout.T[7])
	}
	p = endToEndChart(r)
	if want := "f was the slowest group: 99 % of the records within 60.0 ms of when they were due"; p.Title != want {
		t.Errorf("title %q", p.Title)
	}
	if want := []string{"percentile", "f", "e", "d", "c"}; !slices.Equal(p.Table.Head, want) || len(p.Lines) != 4 {
		t.Errorf("%d lines, table of %q", len(p.Lines), p.Table.Head)
	}
	r.Groups[5].Backlog, r.Groups = nil, r.Groups[5:]
	if backlogKnown(r) {
		t.Error("a backlog that no result holds is drawn")
	}
}

// End to end over time is drawn as response is: the worst second of a step, a gap where
// nothing arrived, and not at all where a result does not have it.
func TestArrivalChart(t *testing.T) {
	r := first(steady())
	for i := range r.Timeline {
		s := &r.Timeline[i]
		s.EndToEndP50, s.EndToEndP99, s.EndToEndMax = 10, 20, 40
		switch s.Second {
		case 2: // warm-up, which no sentence is about
			s.EndToEndP99 = 9000
		case 20, 21:
			s.EndToEndP50, s.EndToEndP99, s.EndToEndMax = 0, 0, 0
		case 22:
			s.EndToEndP50, s.EndToEndP99, s.EndToEndMax = 100, 900, 1000
		}
	}
	p := arrivalChart(r)
	if want := "End-to-end p99 rose from 20.0 ms to 900 ms at 22 s"; p.Title != want {
		t.Errorf("title %q, want %q", p.Title, want)
	}
	for second, want := range map[int][]string{6: {"6", "10.0 ms", "20.0 ms", "40.0 ms"}, 21: {"21", "–", "–", "–"}, 22: {"22", "100 ms", "900 ms", "1.00 s"}} {
		if !slices.Equal(p.Table.Rows[second], want) {
			t.Errorf("row %q, want %q", p.Table.Rows[second], want)
		}
	}
	if want := "22 s: p50 100 ms, p99 900 ms, max 1.00 s"; p.Readout.T[22] != want {
		t.Errorf("reads %q, want %q", p.Readout.T[22], want)
	}
	for _, l := range p.Lines {
		if n := strings.Count(l.D, "M"); n != 2 {
			t.Errorf("%s is drawn in %d parts, want 2: %s", l.Class, n, l.D)
		}
	}
	for i := range r.Timeline {
		s := &r.Timeline[i]
		s.EndToEndP50, s.EndToEndP99, s.EndToEndMax = 0, 0, 0
	}
	if arrivalChart(r) != nil || strings.Contains(render(t, r, nil), `id="arrival"`) {
		t.Error("a chart of times that the result does not have")
	}
}

// TestAgain holds the command that the page shows, and that it says when edits with
// secrets are missing from it.
func TestAgain(t *testing.T) {
	r, _ := stopped()
	r.Again = &Again{Arguments: []string{"run", "results/it's/scenario.yaml", "--bootstrap", "[::1]:9092", "--set", "target.name=<b>"}}
	const want = `msklt run 'results/it'\''s/scenario.yaml' --bootstrap '[::1]:9092' --set 'target.name=<b>'`
	if got := r.Again.Command(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	const withheld = "that hold secrets, which are left out here."
	page := render(t, r, nil)
	if !strings.Contains(page, "<pre>"+template.HTMLEscapeString(want)+"</pre>") || strings.Contains(page, withheld) {
		t.Error("the page shows another command, or one that lacks something")
	}
	r.Again.Withheld = true
	if !strings.Contains(render(t, r, nil), withheld) {
		t.Error("the page does not say that the command lacks something")
	}
	r.Again = nil
	if strings.Contains(render(t, r, nil), "Run it again") {
		t.Error("the page shows a command for what a program ran")
	}
}

// The page is the same, byte for byte, as it was; what it embeds is left out, because it
// stands beside it. go test ./report -run Golden -update writes the file anew.
func TestHTMLGolden(t *testing.T) {
	r, series := stopped()
	r.Timeline, r.Partitions, r.DurationSeconds = r.Timeline[:12], r.Partitions[6:9], 12
	r.Phases[1].To = 12
	series = slices.DeleteFunc(series, func(s PartitionSecond) bool { return s.Second > 11 || s.Partition < 6 || s.Partition > 8 })
	for _, l := range []*Latency{&r.Latency.Response, &r.Latency.Service, &r.Latency.EndToEnd, &r.Groups[0].EndToEnd} {
		l.Curve = l.Curve[:12]
	}
	html := render(t, r, series)
	for _, asset := range []string{"style.css", "script.js"} {
		text, err := assets.ReadFile(asset)
		if err != nil {
			t.Fatal(err)
		}
		html = strings.Replace(html, string(text), asset, 1)
		html = strings.Replace(html, strings.ReplaceAll(source(text), "'", "&#39;"), asset, 1)
		html = strings.Replace(html, strings.ReplaceAll(strings.ReplaceAll(source(text), "'", "&#39;"), "+", "&#43;"), asset, 1)
	}
	goldenText(t, "page", html)
}
