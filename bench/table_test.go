package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"msklt/report"
)

func TestSpreadOf(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   spread
	}{
		{[]float64{3}, spread{3, 3, 3}},
		{[]float64{5, 1, 3}, spread{3, 1, 5}},
		{[]float64{4, 1, 3, 100}, spread{3.5, 1, 100}},
	} {
		if got := spreadOf(c.values); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.values, got, c.want)
		}
	}
}

// A machine that is twice as slow in one round is so for all peers: the ratios do
// not show it, the ratio of the medians would.
func TestRatiosAreByRound(t *testing.T) {
	ours := []measure{{rate: 50}, {rate: 100}, {rate: 100}}
	theirs := []measure{{rate: 100}, {rate: 200}, {rate: 50}}
	if got, want := ratios(ours, theirs, rate), (spread{0.5, 0.5, 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestTargets(t *testing.T) {
	rows := []row{
		{"msklt", []measure{{rate: 96, cpu: 2.4, lag: 1.5, exact: true}, {rate: 94, cpu: 2.4, lag: 2.5, exact: true}, {rate: 98, cpu: 2.2, lag: 1, exact: false}}},
		{"peer", []measure{{rate: 100, cpu: 2}, {rate: 100, cpu: 2}, {rate: 100, cpu: 2}}},
	}
	for _, c := range []struct {
		target target
		want   string
	}{
		{atLeast("peer", rate, 0.95), "0.96 (0.94–0.98) | met"},
		{atLeast("peer", rate, 0.97), "0.96 (0.94–0.98) | missed"},
		{atMost("peer", cpu, 1.2), "1.20 (1.10–1.20) | met"},
		{atMost("peer", cpu, 1.15), "1.20 (1.10–1.20) | missed"},
		{atLeast("another", rate, 1), "not measured |"},
		{lagAtMost(2), "1.50 (1.00–2.50) ms | met"},
		{lagAtMost(1.4), "1.50 (1.00–2.50) ms | missed"},
		{exact(), "2 of 3 rounds | missed"},
	} {
		if got := c.target.of(rows).String(); got != c.want {
			t.Errorf("%s: %q, want %q", c.target.text, got, c.want)
		}
	}
}

func TestChoose(t *testing.T) {
	for names, want := range map[string]string{
		"":                    strings.Join(caseNames(allCases()), " "),
		"paced":               "paced-1000 paced-100",
		"flat-out-100":        "flat-out-100", // not flat-out-1000, which begins so too
		"reading flat-out":    "reading flat-out-1000 flat-out-100",
		"paced-100 no-such":   "",
		"paced-100 paced-100": "paced-100 paced-100",
	} {
		chosen, err := choose(allCases(), strings.Fields(names))
		if got := strings.Join(caseNames(chosen), " "); got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v; want %q", names, got, err, want)
		}
	}
}

// What the tools print, in the versions that make bench installs.
func TestLastLine(t *testing.T) {
	const (
		java = "529219 records sent, 105822.6 records/sec (100.92 MB/sec), 4.0 ms avg latency, 40.0 ms max latency.\n" +
			"1000000 records sent, 100786.131828 records/sec (96.12 MB/sec), 5.44 ms avg latency, 417.00 ms max latency, 2 ms 50th, 21 ms 95th, 75 ms 99th, 96 ms 99.9th.\n" +
			"800000 steady state records sent, 113798.008535 records/sec (108.53 MB/sec), 2.98 ms avg latency, 88.00 ms max latency, 2 ms 50th, 9 ms 95th, 23 ms 99th, 34 ms 99.9th.\n"
		rdkafka = "|    elapsed |       msgs |      bytes |        rtt |         dr |     dr_m/s |    dr_MB/s |     dr_err |     tx_err |       outq |     offset \n" +
			"|       8004 |    1500000 | 1500000000 |          0 |    1493502 |     186589 |     186.59 |          0 |      59484 |       6498 |     126573 \n" +
			"% 59484 backpressures for 1500000 produce calls: 3.966% backpressure rate\n" +
			"|       8061 |    1500000 | 1500000000 |          0 |    1500000 |     186074 |     186.07 |          0 |      59484 |          0 |     158051 \n"
		consumer = "2026-11-21 20:14:25:123, 2026-11-21 20:14:31:456, 1907.3486, 301.2238, 2000000, 315855.9697, 412, 5921, 322.1329, 337780.7803\n"
	)
	for _, c := range []struct {
		name, text, pattern string
		want                []float64
	}{
		{"producer", java, steadyLine, []float64{113798.008535}},
		{"rdkafka", rdkafka, rdkafkaLine, []float64{8061, 1500000, 1500000, 186074}},
		{"consumer", consumer, consumerLine, []float64{2000000, 337780.7803}},
	} {
		got, err := last(c.text, c.pattern, len(c.want))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, n := range c.want {
			if got[i] != n {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
	}
	if _, err := last("nothing", steadyLine, 1); err == nil {
		t.Error("no line of results, and no error")
	}
}

func TestReadingRate(t *testing.T) {
	r := &report.Result{Totals: report.Totals{Consumed: 45, BytesConsumed: 450}}
	for _, bytes := range []int64{0, 30, 200, 180, 40, 0} {
		r.Timeline = append(r.Timeline, report.Second{ConsumedBytes: bytes})
	}
	if got, err := readingRate(r); err != nil || got != 19 { // (200 + 180) ÷ 10 in two seconds
		t.Errorf("%g, %v; want 19", got, err)
	}
	r.Timeline = r.Timeline[:3]
	if _, err := readingRate(r); err == nil {
		t.Error("a rate without one whole second")
	}
}

func TestMarkdown(t *testing.T) {
	o := outcome{
		c: benchCase{
			name: "case", what: "What", sinks: []sink{{name: "a sink"}},
			targets: []target{atLeast("peer", rate, 0.95)},
		},
		began: time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC), others: "others used 3 %",
		missing: []string{"tool: no\nprogram"}, failed: []string{"round 2: peer: late"},
		rows: []row{
			{"msklt", []measure{{rate: 1_234_567, cpu: 1.5, memory: 100, invalid: "The run is invalid."}}},
			{"peer", []measure{{rate: 1_234_567, cpu: unknown, memory: 50}}},
		},
	}
	got := o.markdown(map[string]string{"msklt": "msklt run", "peer": "peer --fast"})
	for _, want := range []string{
		"### case\n\nWhat. Against a sink.\n2026-11-21 20:00 UTC, 1 rounds; others used 3 %.\n",
		"Not measured: tool: no program\n", "Left out: round 2: peer: late\n",
		"| msklt | 1,234,567 | 1.50 | 100 | | |\n| peer | 1,234,567 | – | 50 | 1.00 (1.00–1.00) | – |\n",
		"| records/s at least 0.95 × those of peer | 1.00 (1.00–1.00) | met |\n",
		"Round 1, in msklt's own words: The run is invalid.\n",
		"```\nmsklt run\npeer --fast\n```\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
	o.err = errors.New("peer, round 1: it\nfell over")
	if got := o.markdown(nil); !strings.HasSuffix(got, "Not measured: peer, round 1: it fell over\n") || strings.Contains(got, "met") {
		t.Errorf("a case that failed:\n%s", got)
	}
}

func TestReplaceSection(t *testing.T) {
	page := replaceSection(replaceSection("# Title\n", "a", "one\n"), "b", "two\n")
	page = replaceSection(page, "a", "three\n")
	const want = "# Title\n\n<!-- begin a -->\nthree\n<!-- end a -->\n\n<!-- begin b -->\ntwo\n<!-- end b -->\n"
	if page != want {
		t.Errorf("%q, want %q", page, want)
	}
}
