package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sample is a run with its series.
type sample struct {
	r      *Result
	series []PartitionSecond
}

// folders writes the runs' series where ReadSeries finds them.
func folders(t *testing.T, runs ...sample) (paths []string, results []*Result) {
	t.Helper()
	root := t.TempDir()
	for i, s := range runs {
		dir := filepath.Join(root, fmt.Sprint(i+1))
		var csv bytes.Buffer
		err := errors.Join(os.Mkdir(dir, 0o755), writeSeries(&csv, slices.Values(s.series)), os.WriteFile(filepath.Join(dir, seriesFile), csv.Bytes(), 0o644))
		if err != nil {
			t.Fatal(err)
		}
		paths, results = append(paths, dir), append(results, s.r)
	}
	return paths, results
}

// comparisonPageOf is the page of a comparison of runs; its folders are called before/1
// and so on, whatever they are called here.
func comparisonPageOf(t *testing.T, before, after []sample) string {
	t.Helper()
	pathsBefore, resultsBefore := folders(t, before...)
	pathsAfter, resultsAfter := folders(t, after...)
	return rendered(t, Compare(resultsBefore, resultsAfter, usual()), pathsBefore, pathsAfter)
}

func rendered(t *testing.T, c *Comparison, before, after []string) string {
	t.Helper()
	series, err := c.ReadSeries(before, after)
	if err != nil {
		t.Fatal(err)
	}
	names := func(side string, n int) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprintf("%s/%d", side, i+1))
		}
		return list
	}
	var out bytes.Buffer
	if err := ComparisonHTML(&out, c, names("before", len(before)), names("after", len(after)), series); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func samples(n int, fixture func() (*Result, []PartitionSecond), alter func(i int, s *sample)) (list []sample) {
	for i := range n {
		r, series := fixture()
		s := sample{r, series}
		s.r.StartedAt = s.r.StartedAt.AddDate(0, 0, i)
		if alter != nil {
			alter(i, &s)
		}
		list = append(list, s)
	}
	return list
}

// slowed are n runs whose times are longer by a factor, which differs a little.
func slowed(n int, factor float64) []sample {
	return samples(n, steady, func(i int, s *sample) {
		f := factor * (1 + float64(i)/100)
		for _, l := range []*Latency{&s.r.Latency.Response, &s.r.Latency.Service, &s.r.Latency.EndToEnd} {
			l.P50, l.P99, l.P999 = l.P50*f, l.P99*f, l.P999*f
			for p := range l.Curve {
				l.Curve[p].Millis *= f
			}
		}
	})
}

// smaller is a run of few seconds and partitions, for a page that is kept.
func smaller(_ int, s *sample) {
	r := s.r
	r.Timeline, r.Partitions, r.DurationSeconds = r.Timeline[:8], r.Partitions[6:9], 8
	r.Phases[1].To = 8
	s.series = slices.DeleteFunc(s.series, func(p PartitionSecond) bool { return p.Second > 7 || p.Partition < 6 || p.Partition > 8 })
	for _, l := range []*Latency{&r.Latency.Response, &r.Latency.Service, &r.Latency.EndToEnd, &r.Groups[0].EndToEnd} {
		l.Curve = l.Curve[:6]
	}
}

// The page is the same, byte for byte, as it was; what it embeds is left out. go test
// ./report -run Golden -update writes the file anew.
func TestComparisonHTMLGolden(t *testing.T) {
	page := func() string {
		before, after := samples(2, steady, smaller), samples(2, hotKey, smaller)
		after[1].r.Scenario.Resolved = strings.Replace(after[1].r.Scenario.Resolved, "partitions: 12", "partitions: 24", 1)
		return comparisonPageOf(t, before, after)
	}
	html := page()
	if again := page(); again != html {
		t.Error("the same runs give another page")
	}
	doc, err := newDocument("style.css", "compare.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []struct{ text, name string }{{string(doc.Style), "STYLE"}, {string(doc.Script), "SCRIPT"}} {
		html = strings.Replace(html, part.text, part.name, 1)
	}
	html = regexp.MustCompile(`sha256-.*?&#39;`).ReplaceAllString(html, "HASH&#39;")
	goldenText(t, "compare-page", html)
}

// tableOf are the texts of the cells of a table of a page, row by row.
func tableOf(t *testing.T, html, id string) (rows [][]string) {
	t.Helper()
	table := regexp.MustCompile(`(?s)id="` + id + `".*?<tbody>(.*?)</tbody>`).FindStringSubmatch(html)
	if table == nil {
		t.Fatalf("no table %s", id)
	}
	for _, row := range regexp.MustCompile(`(?s)<tr[^>]*>(.*?)</tr>`).FindAllStringSubmatch(table[1], -1) {
		var cells []string
		for _, cell := range regexp.MustCompile(`(?s)<td[^>]*>(.*?)</td>`).FindAllStringSubmatch(row[1], -1) {
			cells = append(cells, regexp.MustCompile(`<[^>]*>`).ReplaceAllString(cell[1], ""))
		}
		rows = append(rows, cells)
	}
	return rows
}

// said reads a number with its unit back, and how far rounding may have moved it.
func said(t *testing.T, text string) (v, off float64) {
	t.Helper()
	text = strings.NewReplacer("−", "-", "+", "", ",", "", "&#43;", "").Replace(text)
	factor, shift := 1.0, 0.0
	if rest, ok := strings.CutPrefix(text, "×"); ok {
		text, shift = rest, -1
	}
	if rest, ok := strings.CutPrefix(text, "$"); ok {
		text = rest
	}
	number, unit, _ := strings.Cut(text, " ")
	switch unit {
	case "%":
		factor = 0.01
	case "kB/s", "s":
		factor = 1e3
	case "MB/s":
		factor = 1e6
	case "GB/s":
		factor = 1e9
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil {
		t.Fatalf("%q is no number: %v", text, err)
	}
	_, decimals, _ := strings.Cut(number, ".")
	half := 0.5 * math.Pow10(-len(decimals))
	return v*factor + shift, half * factor
}

// Every number of the table is that of compare --json, to what rounding leaves of it.
func TestComparisonHTMLSaysWhatJSONSays(t *testing.T) {
	before, after := slowed(5, 1), slowed(5, 1.2)
	for i := range after {
		after[i].r.Rates.ConsumedBytesPerSecond *= 1.2 + float64(i)/100
		after[i].r.Latency.Service.P99 *= 60
		after[i].r.Totals.Failed = 100 + int64(i) // none before: from nothing
	}
	for name, groups := range map[string][2][]sample{
		"worse": {before, after}, "better": {after, before}, "few": {before[:2], after[:2]}, "within": {before[:1], after[:1]},
	} {
		t.Run(name, func(t *testing.T) {
			pathsBefore, resultsBefore := folders(t, groups[0]...)
			pathsAfter, resultsAfter := folders(t, groups[1]...)
			c := Compare(resultsBefore, resultsAfter, usual())
			data, err := json.Marshal(c.JSON(pathsBefore, pathsAfter))
			if err != nil {
				t.Fatal(err)
			}
			var want ComparisonJSON
			if err := json.Unmarshal(data, &want); err != nil {
				t.Fatal(err)
			}
			rows := tableOf(t, rendered(t, c, pathsBefore, pathsAfter), "findings")
			for _, m := range want.Metrics {
				if m.Finding == nil {
					continue
				}
				row := rows[0]
				rows = rows[1:]
				agree(t, m, row)
			}
			if len(rows) > 0 {
				t.Errorf("rows of no metric: %q", rows)
			}
		})
	}
}

// agree holds a row of the table against what JSON says of the metric.
func agree(t *testing.T, m MetricJSON, row []string) {
	t.Helper()
	f := m.Finding
	if row[0] != m.Name || row[6] != m.Better || row[1] != f.Word {
		t.Errorf("%q, want %s, %s, %s", row, m.Name, m.Better, f.Word)
	}
	check := func(text string, want *float64) {
		t.Helper()
		switch {
		case text == "–", text == "from nothing", text == unknown:
			if want != nil {
				t.Errorf("%s: %q, want %v", m.Name, text, *want)
			}
		case want == nil:
			t.Errorf("%s: %q, which JSON does not know", m.Name, text)
		case text == "&lt; 0.1 %":
			if !(*want > 0 && *want < 0.001) {
				t.Errorf("%s: %q, want %v", m.Name, text, *want)
			}
		case text == "&lt; 0.001":
			if !(*want > 0 && *want < 0.0005) {
				t.Errorf("%s: %q, want %v", m.Name, text, *want)
			}
		default:
			if v, off := said(t, text); math.Abs(v-*want) > off*(1+1e-9) {
				t.Errorf("%s: %q is %v ± %v, want %v", m.Name, text, v, off, *want)
			}
		}
	}
	check(row[4], f.Before.Median)
	check(row[5], f.After.Median)
	check(row[2], f.Difference)
	low, high, bounded := strings.Cut(row[3], " to ")
	if !bounded {
		high = low
	}
	check(low, f.Low)
	check(high, f.High)
	check(row[8], f.P)
	if more := strings.TrimSuffix(row[7], " a side"); more != map[bool]string{true: fmt.Sprint(f.MoreRuns), false: "–"}[f.MoreRuns > 0] {
		t.Errorf("%s: %q more, want %d", m.Name, more, f.MoreRuns)
	}
}

// The title says what is worse and better, by how much and how sure that is.
func TestComparisonHeadline(t *testing.T) {
	results := func(list []sample) (all []*Result) {
		for _, s := range list {
			all = append(all, s.r)
		}
		return all
	}
	before, after := results(slowed(5, 1)), results(slowed(5, 1.2))
	c := Compare(before, after, usual())
	m := find(t, c, "response.p50")
	want := "Worse in 5 of 9 metrics: response.p50 " + difference(m.Finding) + ", response.p99 "
	if got := c.headline(); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, ") and 2 more.") || !strings.Contains(got, "+20 % (+") {
		t.Errorf("%q, want %q…", got, want)
	}
	for i, r := range after {
		r.Rates.ConsumedBytesPerSecond *= 2 + float64(i)/100
		r.Latency.EndToEnd.P99 *= 3
	}
	for want, c := range map[string]*Comparison{
		"Worse: end_to_end.p99 +260 % (+":                        Compare(before, after, usual()),
		". Better: consumed.rate +102 % (+100 to +104).":         Compare(before, after, usual()),
		"Better in 5 of 9 metrics: response.p50 −17 % (−":        Compare(results(slowed(5, 1.2)), before, usual()),
		"Too few runs to say anything: it takes at least 2 more": Compare(before[:2], after[:2], usual()),
		"No difference shown: in any of 9 metrics.":              Compare(before, results(slowed(5, 1)), usual()),
		"Not known: the runs have no metric in common.":          Compare([]*Result{{}}, []*Result{{}}, usual()),
	} {
		if got := c.headline(); !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Names that would break a page, and runs of other lengths and partitions, do not.
func TestComparisonHTMLEscapes(t *testing.T) {
	wild, series := hostile()
	other, _ := hostile()
	other.Scenario.Resolved = "a: " + strings.Repeat("</pre><script>alert(1)</script>", 1000) + "\nb:\tc\n"
	s := &ComparedSeries{}
	c := Compare([]*Result{wild}, []*Result{other, other}, usual())
	s.frame = c.frame()
	one := newSeriesOn(wild, s.frame)
	for _, row := range series {
		if row.Second < 100 {
			_ = one.add(row) // what is beyond the run is refused
		}
	}
	s.before, s.after = []*Series{one}, []*Series{newSeriesOn(other, s.frame), newSeriesOn(other, s.frame)}
	var out bytes.Buffer
	names := []string{"<script>alert(1)</script>", strings.Repeat("<img>", 3000)}
	if err := ComparisonHTML(&out, c, names[:1], names, s); err != nil {
		t.Fatal(err)
	}
	harmless(t, out.String())
	if n := strings.Count(out.String(), strings.Repeat("x", 2_000)); n > 0 {
		t.Errorf("long names are in the page %d times", n)
	}
}

// harmless holds that nothing of a name is markup, and that no number is none.
func harmless(t *testing.T, html string) {
	t.Helper()
	for _, bad := range []string{"<script>alert", "<img", "NaN", "Inf", "ZgotmplZ", "%!"} {
		if i := strings.Index(html, bad); i >= 0 {
			t.Errorf("the page contains %q: %.200s", bad, html[max(0, i-100):])
		}
	}
	for _, outside := range []string{"http:", "https:", "src=", "url(", "@import", "<link", "<iframe"} {
		if strings.Contains(html, outside) {
			t.Errorf("the page contains %q", outside)
		}
	}
	if found := regexp.MustCompile(`href="[^#][^"]*"?`).FindString(html); found != "" {
		t.Errorf("%s leads out of the page", found)
	}
	for _, script := range regexp.MustCompile(`(?s)<script type="application/json">(.*?)</script>`).FindAllStringSubmatch(html, -1) {
		if !json.Valid([]byte(script[1])) {
			t.Errorf("data is not JSON: %.80q", script[1])
		}
	}
}

// Runs of nothing, of unequal length, of other partitions, of another direction and of
// earlier versions have a page, which says what is not compared.
func TestComparisonHTMLOfUnlikeRuns(t *testing.T) {
	fewer := func(_ int, s *sample) {
		s.r.Partitions = s.r.Partitions[:5]
		s.series = slices.DeleteFunc(s.series, func(p PartitionSecond) bool { return p.Partition > 4 })
	}
	reading := func(_ int, s *sample) { s.r.Fleets = nil }
	old := func(_ int, s *sample) {
		s.r.Timeline, s.series, s.r.Partitions = nil, nil, nil
		s.r.Latency.Response.Curve, s.r.Latency.Service.Curve = nil, nil
	}
	for name, test := range map[string]struct {
		before, after []sample
		want          []string
	}{
		"lengths": {samples(2, steady, nil), samples(2, stopped, nil), []string{
			"What came after 24 s is not compared second by second: only one side has it."}},
		"partitions": {samples(2, steady, nil), samples(3, steady, fewer), []string{
			"orders has 12 partitions before and 5 after. Partitions that only one side has are not compared", "not compared</td>"}},
		"reading":  {samples(1, steady, reading), samples(1, steady, reading), []string{"Consumed: 8.40 MB/s before, 8.40 MB/s after"}},
		"one side": {samples(1, steady, nil), samples(1, steady, reading), []string{"Acked: 8.00 MB/s before, 8.00 MB/s after, not compared"}},
		"earlier": {samples(1, steady, nil), samples(2, steady, old), []string{
			"Not known of 2 of 2 runs after.", "Response p99: 14.2 ms before, 14.2 ms after"}},
		"nothing": {[]sample{{r: &Result{}}}, []sample{{r: &Result{}}}, []string{"Not known: no run has partitions.", "The runs have no metric in common."}},
		"limits": {samples(1, hotKey, nil), samples(1, hotKey, func(_ int, s *sample) { *s.r.Verdict.Binding[0].Declared = 8e6 }), []string{
			"5.00 MB/s: 13.3 MB/s before", "8.00 MB/s: 21.3 MB/s after", ">limit 5.00 MB/s</text>", ">limit 8.00 MB/s</text>"}},
	} {
		t.Run(name, func(t *testing.T) {
			html := comparisonPageOf(t, test.before, test.after)
			harmless(t, html)
			for _, want := range test.want {
				if !strings.Contains(strings.ReplaceAll(html, "\u00a0", " "), want) {
					t.Errorf("the page does not say %q", want)
				}
			}
		})
	}
}

// A folder without its series has a page without maps, one with a broken series none.
func TestComparisonHTMLWithoutSeries(t *testing.T) {
	paths, results := folders(t, samples(2, steady, nil)...)
	c := Compare(results[:1], results[1:], usual())
	path := filepath.Join(paths[1], seriesFile)
	if err := os.Truncate(path, 5000); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ReadSeries(paths[:1], paths[1:]); err == nil || !strings.Contains(err.Error(), "series.csv: line") {
		t.Errorf("a series that is cut short: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	html := rendered(t, c, paths[:1], paths[1:])
	if !strings.Contains(html, "Not known second by second: "+paths[1]+" has no series.csv.") || strings.Contains(html, `id="heat-before"`) {
		t.Error("the page does not say that the series is missing")
	}
}
