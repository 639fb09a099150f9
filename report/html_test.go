package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"msklt/internal/limits"
)

func render(t *testing.T, r *Result, series []PartitionSecond) string {
	t.Helper()
	var out bytes.Buffer
	if err := HTML(&out, r, gather(t, r, series)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func gather(t *testing.T, r *Result, rows []PartitionSecond) *Series {
	t.Helper()
	s, err := Gather(r, slices.Values(rows))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The same result gives the same page: again, and from the files it was
// written to.
func TestHTMLIsDeterministic(t *testing.T) {
	for _, fixture := range []func() (*Result, []PartitionSecond){hotKey, steady, stopped} {
		r, series := fixture()
		want := render(t, r, series)
		dir := filepath.Join(t.TempDir(), "result")
		write(t, dir, r, series)
		if written, err := os.ReadFile(filepath.Join(dir, "report.html")); err != nil || string(written) != want {
			t.Errorf("report.html differs from HTML (%v)", err)
		}
		again, againSeries, err := Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			var page bytes.Buffer
			if err := HTML(&page, again, againSeries); err != nil || page.String() != want {
				t.Fatalf("the page from the files differs (%v)", err)
			}
		}
	}
}

// The budget is that of a 45-second run over 12 partitions.
func TestHTMLIsSmallAndAlone(t *testing.T) {
	for _, fixture := range []func() (*Result, []PartitionSecond){hotKey, steady, stopped} {
		html := render(t, first(fixture()), second(fixture()))
		if len(html) > 250_000 {
			t.Errorf("%d bytes", len(html))
		}
		for _, outside := range []string{"http:", "https:", "src=", "url(", "@import", "<link", "<img", "<iframe"} {
			if strings.Contains(html, outside) {
				t.Errorf("the page contains %q", outside)
			}
		}
		if found := regexp.MustCompile(`href="[^#][^"]*"?`).FindString(html); found != "" {
			t.Errorf("%s leads out of the page", found)
		}
	}
}

// The policy admits the one style and the one script by their hashes, and
// nothing else: so no style attribute and no event handler may be in the page.
func TestHTMLPolicy(t *testing.T) {
	html := render(t, first(hotKey()), second(hotKey()))
	policy := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(html)
	if policy == nil || !strings.HasPrefix(policy[1], "default-src &#39;none&#39;;") {
		t.Fatalf("policy %q", policy)
	}
	for element, directive := range map[string]string{"style": "style-src", "script": "script-src"} {
		text := regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllStringSubmatch(html, -1)
		if len(text) == 0 {
			t.Errorf("no %s", element)
			continue
		}
		if len(text) != 1 {
			t.Errorf("%d times %s, the policy admits one", len(text), element)
		}
		sum := sha256.Sum256([]byte(text[0][1]))
		want := directive + " &#39;sha256-" + strings.ReplaceAll(base64.StdEncoding.EncodeToString(sum[:]), "+", "&#43;") + "&#39;"
		if !strings.Contains(policy[1], want) {
			t.Errorf("policy %s lacks %s", policy[1], want)
		}
	}
	if found := regexp.MustCompile(`<[^>]*\s(style|on[a-z]+)=`).FindString(html); found != "" {
		t.Errorf("the policy forbids %q", found)
	}
}

// What a reader must find as text, with scripts off.
func TestHTMLSays(t *testing.T) {
	hot, steadyPage, stoppedPage := render(t, first(hotKey()), second(hotKey())), render(t, first(steady()), second(steady())), render(t, first(stopped()), second(stopped()))
	gatedPage := render(t, first(gated()), second(gated()))
	for _, test := range []struct{ name, html, want string }{
		{"status", hot, `<p class="status">Limited: this load does not fit</p>`},
		{"status", steadyPage, `<p class="status">Within limits: this load fits</p>`},
		{"status", stoppedPage, `<p class="status">Invalid: nothing follows from this run</p>`},
		{"binding", hot, `<p class="limit">partition.ingress</p><p class="where">orders/7</p>`},
		{"declared", hot, `<dt>Declared</dt><dd>5.00 MB/s</dd>`},
		{"observed", hot, "<dd class=\"main\">5.01 MB/s</dd><dd class=\"detail\">inverted from 312 throttle responses, ±\u00a00.42\u00a0%</dd>"},
		{"plateau", hot, `<dt>Plateau</dt><dd>4.93 MB/s</dd>`},
		{"censored", hot, "<dt>Response p99</dt><dd>≥\u00a024.7\u00a0s</dd>"},
		{"acked", hot, "Acked fell 61.8\u00a0% short of offered: 15.3\u00a0MB/s of 40.0\u00a0MB/s"},
		{"acked", steadyPage, "Acked kept up with offered: 8.00\u00a0MB/s of 8.00\u00a0MB/s"},
		{"prediction", hot, "The keys put 15.0\u00a0MB/s on orders/7, 3.01× its limit"},
		{"headroom", hot, `<td class="n">15,000 requests/s</td><td class="n">≤ 12,345 requests/s</td><td class="n">812 requests/s</td><td class="n">5.4 %</td><td class="n">94.6 %</td>`},
		{"payer", hot, `<td>msklt-k3f9-checkout-3</td><td>checkout</td><td>produce</td><td class="n">1</td>`},
		{"counts", hot, "adds up"},
		{"counts", stoppedPage, `<b class="bad">does not add up</b>, off by -1`},
		{"interrupted", stoppedPage, "<b>Interrupted</b> after 23.4 s of traffic"},
		{"reason", stoppedPage, "The generator woke up 88.2 ms late"},
		{"error", stoppedPage, "NOT_LEADER_OR_FOLLOWER"},
		{"threshold", steadyPage, `<code>response.p99 &lt; 500ms</code></td><td>the whole run</td><td class="n">14.2 ms</td><td class="n">500 ms</td><td>✓ passed</td>`},
		{"censored threshold", gatedPage, `<td class="n">≥ 24.7 s</td><td class="n">500 ms</td><td><b class="bad">✗ failed</b></td>`},
		{"unknown threshold", gatedPage, `<td>fleet checkout</td><td class="n">≥ 31.2 s</td><td class="n">60 s</td><td><b class="bad">✗ not known</b></td>`},
		{"threshold without data", gatedPage, `<td class="n">not known</td><td class="n">1 s</td><td><b class="bad">✗ not known</b></td><td class="prose">nothing was measured</td>`},
		{"threshold on a share", gatedPage, `<td>partition orders/7</td><td class="n">5.04 %</td><td class="n">5 %</td>`},
		{"stopped", gatedPage, "<b>Stopped by a threshold</b> 12 s after the start of traffic: throttled.share &lt; 5% of partition orders/7"},
		{"first sentence", hot, "<p>Does not fit: only 0.332× of this load does; then partition.ingress on orders/7 binds, because of key customer-12."},
		{"predicted beside used", hot, `<td>partition.ingress</td><td>orders/7</td><td class="n">5.00 MB/s</td><td class="n">15.1 MB/s</td>`},
		{"predicted and seen", hot, `<td class="n">0.332×</td><td class="n">7.4 s</td><td class="n">7.4 s</td></tr>`},
		{"used", hot, `<td class="n">24.3 MB/s</td><td class="n">4.76×</td><td class="n">–</td><td class="n">–</td></tr>`},
		{"upper bound", hot, `<td class="n">≤ 12,345 requests/s</td>`},
		{"not observed", hot, `<td>cluster.message</td><td>cluster</td><td class="n">8 MiB</td><td class="n">1.04 kB</td>`},
		{"bill", hot, "This run, as measured, would be billed $0.21 in us-east-1."},
		{"item", hot, `<td>data in</td><td class="n">2.01 GiB</td><td class="n">$0.10</td><td class="n">$0.20</td>`},
		{"no bill", steadyPage, "Not known: only profiles of Amazon MSK have prices, and the limits are mine.yaml."},
		{"emulation", hot, "how MSK&#39;s own limiter works is not published"},
		{"scenario", hot, "topics:\n  orders: {partitions: 12}"},
	} {
		text := strings.ReplaceAll(test.html, "msklt's", "msklt&#39;s")
		if !strings.Contains(strings.ReplaceAll(text, "MSK's own", "MSK&#39;s own"), test.want) {
			t.Errorf("%s: the page does not say %q", test.name, test.want)
		}
	}
	if strings.Contains(steadyPage, `class="binding"`) {
		t.Error("a limit bound in a run within limits")
	}
	kafka := first(hotKey())
	kafka.Target.Kind = "kafka"
	if strings.Contains(render(t, kafka, nil), "limiter works is not published") {
		t.Error("a real cluster is called an emulation")
	}
}

// hostile has names that would break a page or a terminal, and numbers that
// would break a chart.
func hostile() (*Result, []PartitionSecond) {
	r, series := hotKey()
	evil := "</script><script>alert(1)</script><img onerror=x>\"'`{{.}}\x1b[2J\r\a" + strings.Repeat("x", 10_000)
	r.Scenario.Name, r.Scenario.Description, r.Scenario.Resolved = evil, evil, evil
	r.Scenario.Hash, r.Scenario.Limits, r.Target.Name, r.Target.APILevel = evil, evil, evil, evil
	r.Verdict.Summary, r.Verdict.Status = evil, limits.Status(evil)
	r.Verdict.Binding[0].Scope, r.Verdict.Binding[0].Evidence = evil, []string{evil}
	r.Verdict.Binding[0].Topic, r.Verdict.Binding[0].ObservedBy = evil, evil
	r.Verdict.Headroom[0].Scope, r.Verdict.Advice[0].Text = evil, evil
	r.Validity.Reasons = []Reason{{Check: evil, Observed: 1e308, Bound: -1e308, Unit: evil, Message: evil}}
	r.Validity.Checks = r.Validity.Reasons
	r.Thresholds = []Threshold{{Expression: evil, Of: evil, Message: evil, Unit: evil, Bound: math.Inf(1), Observed: ref(math.NaN())}}
	r.Aborted = &Aborted{Expression: evil, Of: evil, At: math.NaN()}
	r.Throttle.ByAPI[evil] = APIShare{}
	r.Throttle.ByClient[0].Client, r.Throttle.ByClient[0].API = evil, evil
	r.Plan, r.Cost.Items[0].Name, r.Cost.Items[0].Unit = &hostilePlan().Plan, evil, evil
	r.Cost.Region, r.Cost.Currency, r.Cost.Assumptions, r.CostUnknown = evil, evil, []string{evil}, evil
	r.Groups[0].Name, r.Fleets[0].Name, r.Phases[0].Name = evil, evil, evil
	r.Errors = []ErrorCount{{evil, evil, 1, 1}}
	r.Events = []Event{{At: 1, Kind: evil, Text: evil}, {At: math.NaN(), Until: math.Inf(1), Kind: evil, Text: evil}}
	r.Groups[0].Backlog, r.Groups[0].BacklogMax = []int64{-5, 1 << 62, math.MinInt64}, math.MaxInt64
	r.Groups = append(r.Groups, Group{Name: evil, EndToEnd: Latency{Count: 1, P99: math.NaN(), Curve: []CurvePoint{{Quantile: 0.5, Millis: math.NaN()}}}})
	r.Target.Kind, r.Target.Bootstrap = evil, []string{evil, evil}
	r.Fleets = append(r.Fleets, Fleet{Name: evil})
	for i := range r.Partitions {
		r.Partitions[i].Topic = evil
		r.Partitions[i].TopKeys = []KeyShare{{evil, 2, math.Inf(1)}}
	}
	for i := range series {
		series[i].Topic = evil
	}
	series[3].Second, series[5].AckedBytes = 1100, 1<<62
	r.Timeline[4].P99, r.Timeline[5].OfferedBytes, r.Timeline[6].Second = -1, 1<<62, 1<<40
	r.Latency.Response.Curve[3] = CurvePoint{Quantile: 7, Millis: 1e300}
	r.Throttle.Intervals[1] = ThrottleInterval{From: 1e300, To: -1e300}
	return r, series
}

func TestHTMLEscapes(t *testing.T) {
	html := render(t, first(hostile()), second(hostile()))
	if strings.Contains(html, "<script>alert") || strings.Contains(html, "<img") {
		t.Error("markup from a name is in the page")
	}
	if n := strings.Count(html, strings.Repeat("x", 2_000)); n > 5 { // the scenario, once, is 10,000 long
		t.Errorf("long names are in the page %d times", n)
	}
	if len(html) > 400_000 {
		t.Errorf("%d bytes", len(html))
	}
	for _, bad := range []string{"NaN", "Inf", "ZgotmplZ"} {
		if strings.Contains(html, bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
	for _, script := range regexp.MustCompile(`(?s)<script type="application/json">(.*?)</script>`).FindAllStringSubmatch(html, -1) {
		if !json.Valid([]byte(script[1])) {
			t.Errorf("data is not JSON: %.80q", script[1])
		}
	}
}

// An empty result has a page too: every number is absent, nothing divides by
// zero.
func TestHTMLOfNothing(t *testing.T) {
	html := render(t, &Result{}, nil)
	for _, bad := range []string{"NaN", "Inf"} {
		if strings.Contains(html, bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
	var out bytes.Buffer
	Summary(&out, &Result{}, true, 80)
	if strings.Contains(out.String(), "NaN") {
		t.Errorf("the summary contains NaN:\n%s", out.String())
	}
}

// Long runs over many partitions stay small: the hottest 64, thinned in time so
// that a single second's peak still shows.
func TestHTMLOfALongRun(t *testing.T) {
	const length, partitions = 3600, 100
	r := base("long", "")
	r.Phases = []Phase{{"steady", 0, length, 1, true}}
	r.Partitions = nil
	var series []PartitionSecond
	for i := range partitions {
		r.Partitions = append(r.Partitions, Partition{Topic: "t", Partition: int32(i), Predicted: float64(i) * 1e4, Acked: float64(i) * 1e4})
	}
	for s := range length {
		bytes := int64(5e6 + 1e5*(s%7))
		if s == 1801 {
			bytes = 77_000_000
		}
		r.Timeline = append(r.Timeline, Second{Second: s, Phase: "steady", OfferedBytes: bytes, AckedBytes: bytes, P50: 5, P99: 9, Max: 12, AckedRecords: 1})
		for i := range partitions {
			row := PartitionSecond{Second: s, Topic: "t", Partition: int32(i), AckedBytes: int64(i) * 10_000}
			if s == 1801 && i == 99 {
				row.AckedBytes = 44_400_000
			}
			series = append(series, row)
		}
	}
	r.DurationSeconds = length
	html := render(t, r, series)
	if len(html) > 1_500_000 {
		t.Errorf("%d bytes", len(html))
	}
	for _, want := range []string{"The hottest 64 of 100 partitions", "highest second of each 6", `"0.990–44.4"`, "t/36", "t/99", `class="charts wide"`} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(html, ">t/35<") {
		t.Error("a partition that is not among the hottest is drawn")
	}
	// Its middle is at 1801.5 of 3,600 s, its height 77 of 77 × 1.06 MB/s.
	if top := loadChart(r); !strings.Contains(top.Lines[0].D, "L1000.8 57") {
		t.Errorf("the peak of second 1801 is not in the line of offered load")
	}
}

func first(r *Result, _ []PartitionSecond) *Result                 { return r }
func second(_ *Result, series []PartitionSecond) []PartitionSecond { return series }
