package report

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"msklt/internal/browsertest"
)

// Without JavaScript every chart, its table and its link are there, and the script
// draws the axes as they are without it.
func TestChromiumWithoutScript(t *testing.T) {
	browsertest.Need(t)
	t.Parallel()
	b := browsertest.Start(t)
	for _, fixture := range []func() (*Result, []PartitionSecond){hotKey, stopped} {
		path := saved(t, first(fixture()), second(fixture()))
		plain, live := b.Visit(t, path, browsertest.View{NoScript: true}), b.Visit(t, path, browsertest.View{})
		axes := `[...document.querySelectorAll(".ticks, .band, .mark, .name")].map(e => e.outerHTML.replace(/ class="[^"]*"/g, "")).join("")`
		var want, got string
		plain.Evaluate(axes, &want)
		live.Evaluate(axes, &got)
		if got != want || want == "" {
			t.Errorf("the script draws\n%s, the page has\n%s", got, want)
		}
		var charts, whole, tools int
		plain.Evaluate(`document.querySelectorAll("figure.chart").length`, &charts)
		plain.Evaluate(`[...document.querySelectorAll("figure.chart")].filter(f => f.querySelector("svg.area") && f.querySelector("tbody tr") &&
			f.querySelector("a.self").getAttribute("href") === "#" + f.id).length`, &whole)
		plain.Evaluate(`document.querySelectorAll(".view, #how, [role=slider]").length`, &tools)
		if charts < 6 || whole != charts || tools != 0 {
			t.Errorf("%d charts, %d of them with all they need, %d tools that do nothing", charts, whole, tools)
		}
	}
}

// A spike of one second in an hour is seen when zoomed in.
func TestChromiumSpike(t *testing.T) {
	browsertest.Need(t)
	t.Parallel()
	r := base("long", "")
	r.DurationSeconds = 3600
	r.Phases = []Phase{{"steady", 0, 3600, 1, true}}
	r.Partitions = r.Partitions[:1]
	var series []PartitionSecond
	for s := range 3600 {
		n := int64(5e6)
		if s == 1801 {
			n = 77e6
		}
		r.Timeline = append(r.Timeline, Second{Second: s, Phase: "steady", OfferedBytes: n, AckedBytes: n, P50: 5, P99: 9, Max: 12, AckedRecords: 1})
		series = append(series, PartitionSecond{Second: s, Topic: "orders", AckedBytes: n})
	}
	tab := browsertest.Start(t).Visit(t, saved(t, r, series), browsertest.View{Fragment: "from=1790&to=1814&partition=orders/0"})
	if got, want := ticks(tab, "load"), []string{"1,790", "1,795", "1,800", "1,805", "1,810"}; !slices.Equal(got, want) {
		t.Errorf("ticks at %v, want %v", got, want)
	}
	for _, line := range []string{".offered", ".acked", ".followed"} {
		var spike struct{ X, Y float64 } // the highest point, in the window, as fractions of the area
		tab.Evaluate(fmt.Sprintf(`(() => {
			const line = document.querySelector("#load path%s"), area = document.querySelector("#load svg.area").getBoundingClientRect();
			const points = [...line.getAttribute("d").matchAll(/([\d.]+) (\d+)/g)].map(([, x, y]) => new DOMPoint(x, y));
			const top = points.reduce((a, b) => b.y < a.y ? b : a).matrixTransform(line.getScreenCTM());
			return {x: (top.x - area.x) / area.width, y: (top.y - area.y) / area.height};
		})()`, line), &spike)
		// Its middle is at 1801.5 s of 1790 to 1814, its height 77 of 77 × 1.06; the line of
		// the partition has it in the middle of its step, 1800 to 1806 s. A tenth of 2,000 is
		// 0.18 s here, 0.0075 of the width.
		x := 11.5 / 24
		if line == ".followed" {
			x = 13.0 / 24
		}
		if math.Abs(spike.X-x) > 0.0075 || math.Abs(spike.Y-(1-1/1.06)) > 0.001 {
			t.Errorf("%s: the spike is at %+v, want %.3f, %.3f", line, spike, x, 1-1/1.06)
		}
	}
	quiet(t, tab)
}

// A page with two heat maps, as of two runs, follows a partition in both, and draws a
// line of each.
func TestChromiumTwoMaps(t *testing.T) {
	r, series := hotKey()
	html := render(t, r, series)
	_, after, _ := strings.Cut(html, `<figure class="chart" id="heat">`)
	figure, _, _ := strings.Cut(after, "</figure>")
	second := `<figure class="chart" id="heat2">` + strings.ReplaceAll(figure, `"orders/3"`, `"orders/99"`) + "</figure>"
	html = strings.Replace(html, figure+"</figure>", figure+"</figure>"+second, 1)
	html = strings.Replace(html, `"of":["heat"]`, `"of":["heat","heat2"]`, 1)
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(html), 0o644); err != nil {
		t.Fatal(err)
	}
	b := browsertest.Start(t)
	for name, want := range map[string][2]int{"orders/7": {1, 1}, "orders/3": {1, 0}, "orders/99": {0, 1}, "orders/98": {0, 0}} {
		tab := b.Visit(t, path, browsertest.View{Fragment: "partition=" + name})
		var seen struct{ First, Second, Lines int }
		tab.Evaluate(`({
			first: document.querySelectorAll("#heat .veil").length, second: document.querySelectorAll("#heat2 .veil").length,
			lines: document.querySelectorAll("#load path.followed").length,
		})`, &seen)
		if seen.First != want[0] || seen.Second != want[1] || seen.Lines != want[0]+want[1] {
			t.Errorf("%s: %+v, want it followed in %v", name, seen, want)
		}
		tab.Move(moment(tab, "latency", 20, 0, axisEnd, 0.5))
		prefix := "20 s: "
		if want[1] == 0 {
			prefix += "highest "
		}
		if text := tab.Text("#heat2.reading output"); !strings.HasPrefix(text, prefix) {
			t.Errorf("%s: the second map reads %q", name, text)
		}
		quiet(t, tab)
	}
}

// axe-core finds nothing serious, neither at rest nor in use.
func TestChromiumAccessible(t *testing.T) {
	browsertest.Need(t)
	t.Parallel()
	b := browsertest.Start(t)
	r, series := hotKey()
	path := saved(t, r, series)
	for _, v := range []browsertest.View{{Width: 320}, {Width: 1280, Dark: true}, {Width: 2560}} {
		tab := b.Visit(t, path, v)
		for _, use := range []string{
			``,
			`document.querySelectorAll("details").forEach(d => d.open = true)`,
			`location.hash = "#chart=load&from=10&to=20&partition=orders/7"; document.querySelector("#load svg.area").focus()`,
		} {
			tab.Evaluate(use+"; null", nil)
			tab.Evaluate(`new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))`, nil)
			for _, violation := range tab.Violations() {
				t.Errorf("%+v, after %q: %s", v, use, violation)
			}
		}
		quiet(t, tab)
	}
}
