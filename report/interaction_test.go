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

// The page is used in a real browser as a reader would. Its run is hotKey's: 46
// seconds on every axis of time, 12 partitions, of which orders/7 is held at its limit.
const axisEnd = 46

func saved(t *testing.T, r *Result, series []PartitionSecond) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(render(t, r, series)), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// quiet fails the test if the console or the page's policy had something to say, or
// something was asked for outside of the page.
func quiet(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	if problems, requests := tab.Noted(); len(problems) != 0 || len(requests) != 0 {
		t.Errorf("problems %q, requests %q", problems, requests)
	}
}

// moment is where a chart of time shows the middle of a second, while it shows seconds
// from and to.
func moment(tab *browsertest.Tab, chart string, second, from, to, height float64) (x, y float64) {
	return tab.Box("#"+chart+" svg.area").At((second+0.5-from)/(to-from), height)
}

// cells are the texts of the row of the table behind a chart whose first cell is name.
func cells(tab *browsertest.Tab, chart, name string) (texts []string) {
	tab.Evaluate(fmt.Sprintf(`[...[...document.querySelectorAll("#%s tbody tr")].find(r => r.cells[0].textContent === %q).cells].map(c => c.textContent)`,
		chart, name), &texts)
	return texts
}

// readings are what the charts say at second, from the tables behind them, and for the
// heat map from the series: row is its partition, preceded by "highest " where nobody
// chose one.
func readings(t *testing.T, tab *browsertest.Tab, series []PartitionSecond, second int, row string, partition int32) map[string]string {
	t.Helper()
	name := fmt.Sprint(second)
	load, latency, spent := cells(tab, "load", name), cells(tab, "latency", name), cells(tab, "spent", name)
	i := slices.IndexFunc(series, func(s PartitionSecond) bool { return s.Second == second && s.Partition == partition })
	return map[string]string{
		"load":    fmt.Sprintf("%s s: offered %s MB/s, acked %s MB/s, throttled %s", name, load[2], load[3], load[5]),
		"latency": fmt.Sprintf("%s s: p50 %s, p99 %s, max %s", name, latency[1], latency[2], latency[3]),
		"spent":   fmt.Sprintf("%s s: %s records wait: ", name, spent[1]),
		"heat":    fmt.Sprintf("%s s: %s %s MB/s", name, row, megabytes(float64(series[i].AckedBytes))),
	}
}

// shows compares the read-outs; the texts of "spent" go on with shares.
func shows(t *testing.T, tab *browsertest.Tab, want map[string]string) {
	t.Helper()
	for chart, text := range want {
		var seen bool
		tab.Evaluate(fmt.Sprintf(`getComputedStyle(document.querySelector("#%s output")).visibility === "visible"`, chart), &seen)
		if got := tab.Text("#" + chart + " output"); !seen || !strings.HasPrefix(got, text) {
			t.Errorf("%s reads %q (shown: %v), want %q", chart, got, seen, text)
		}
	}
}

// ticks are the labels of a chart's axis of time.
func ticks(tab *browsertest.Tab, chart string) (labels []string) {
	tab.Evaluate(fmt.Sprintf(`[...document.querySelectorAll("#%s .time text")].map(e => e.textContent)`, chart), &labels)
	return labels
}

// state is everything that zooming and following changes in the charts and tables.
func state(tab *browsertest.Tab) (markup string) {
	tab.Evaluate(`[...document.querySelectorAll("svg.area, tbody")].map(e => e.outerHTML.replace(/ (aria-value\w+|[xy]\d)="[^"]*"| class=""/g, "")).join("\n") + location.hash`, &markup)
	return markup
}

// zoomedTo checks that all charts over time show the span, and say so.
func zoomedTo(t *testing.T, tab *browsertest.Tab, from, to float64, labels ...string) {
	t.Helper()
	for chart, width := range map[string]float64{"load": boxWidth, "spent": boxWidth, "latency": boxWidth, "heat": axisEnd} {
		var box []float64
		tab.Evaluate(fmt.Sprintf(`document.querySelector("#%s .box").getAttribute("viewBox").split(" ").map(Number)`, chart), &box)
		if math.Abs(box[0]-from/axisEnd*width) > 1e-6*width || math.Abs(box[2]-(to-from)/axisEnd*width) > 1e-6*width {
			t.Errorf("%s shows %v of %v, want %v to %v s", chart, box, width, from, to)
		}
		if got := ticks(tab, chart); !slices.Equal(got, labels) {
			t.Errorf("%s has ticks at %v, want %v", chart, got, labels)
		}
	}
	if got, want := tab.Text(".view output"), fmt.Sprintf("%v–%v s of %v s", from, to, axisEnd); got != want {
		t.Errorf("the page says %q, want %q", got, want)
	}
}

func TestChromiumReading(t *testing.T) {
	browsertest.Need(t)
	t.Parallel()
	b := browsertest.Start(t)
	r, series := hotKey()
	path := saved(t, r, series)
	for _, v := range []browsertest.View{{Width: 320}, {Width: 1280, Dark: true}, {Width: 2560}} {
		tab := b.Visit(t, path, v)
		tab.Move(moment(tab, "latency", 20, 0, axisEnd, 0.5))
		shows(t, tab, readings(t, tab, series, 20, "highest orders/7", 7))
		tab.Move(moment(tab, "heat", 31, 0, axisEnd, 2.5/12))
		shows(t, tab, readings(t, tab, series, 31, "orders/2", 2))
		var places []string
		tab.Evaluate(`["load", "spent", "latency", "heat"].map(id => document.querySelector("#" + id + " .cursor").getAttribute("x1"))`, &places)
		if want := at(31.5 / axisEnd); slices.ContainsFunc(places, func(x string) bool { return x != want }) {
			t.Errorf("%+v: the cursors are at %v, want %s", v, places, want)
		}
		tab.Move(1, 1)
		var reading int
		if tab.Evaluate(`document.querySelectorAll(".reading").length`, &reading); reading != 0 {
			t.Errorf("%+v: %d charts still read with the pointer elsewhere", v, reading)
		}
		tab.Move(tab.Box("#curve svg.area").At(0.5, 0.5))
		if text := tab.Text("#curve.reading output"); !strings.HasPrefix(text, "p9") || !strings.Contains(text, ": response ≥ ") {
			t.Errorf("%+v: the curve reads %q", v, text)
		}
		quiet(t, tab)
	}
}

func TestChromiumZoom(t *testing.T) {
	browsertest.Need(t)
	t.Parallel()
	b := browsertest.Start(t)
	r, series := hotKey()
	path := saved(t, r, series)
	tab := b.Visit(t, path, browsertest.View{})
	whole := state(tab)
	drag := func(chart string, from, to float64) {
		box := tab.Box("#" + chart + " svg.area")
		x, y := box.At(from/axisEnd, 0.4)
		toX, _ := box.At(to/axisEnd, 0.4)
		tab.Drag(x, y, toX, y)
	}
	// Dragged to a third of a second: spans are of whole seconds.
	drag("latency", 10.3, 20.3)
	zoomedTo(t, tab, 10, 20, "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20")
	tab.Move(moment(tab, "load", 13, 10, 20, 0.5))
	shows(t, tab, readings(t, tab, series, 13, "highest orders/7", 7))
	var stroke string
	if tab.Evaluate(`getComputedStyle(document.querySelector("#load .stroke")).vectorEffect`, &stroke); stroke != "non-scaling-stroke" {
		t.Errorf("lines have the vector effect %q", stroke)
	}

	address := "from=10&to=20"
	var hash, link string
	tab.Evaluate(`location.hash`, &hash)
	tab.Evaluate(`document.querySelector("#heat a.self").getAttribute("href")`, &link)
	if hash != "#"+address || link != "#chart=heat&"+address {
		t.Errorf("the address ends in %q, the link in %q, want %q in both", hash, link, address)
	}
	again := b.Visit(t, path, browsertest.View{Fragment: strings.TrimPrefix(link, "#")})
	zoomedTo(t, again, 10, 20, "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20")
	var top float64
	if again.Evaluate(`document.querySelector("#heat").getBoundingClientRect().top`, &top); top < -1 || top > 800 {
		t.Errorf("the linked chart is %v px from the window's top", top)
	}
	quiet(t, again)

	for _, back := range []struct {
		how string
		do  func()
	}{
		{"a double click", func() { x, y := moment(tab, "spent", 15, 10, 20, 0.5); tab.Click(x, y, true) }},
		{"Escape", func() { tab.Key("Escape") }},
		{"the button", func() { x, y := tab.Box(".view button").At(0.5, 0.5); tab.Click(x, y, false) }},
	} {
		drag("load", 5, 35)
		if back.how == "a double click" { // still at 10 to 20 s: the drag went over a third of that
			zoomedTo(t, tab, 11, 18, "11", "12", "13", "14", "15", "16", "17", "18")
		} else {
			zoomedTo(t, tab, 5, 35, "5", "10", "15", "20", "25", "30", "35")
		}
		back.do()
		if got := state(tab); got != whole {
			t.Errorf("%s does not lead back: %.300q", back.how, got)
		}
	}
	quiet(t, tab)
}

// The line of the partition that is followed is that of the series, and nothing else
// stands out.
func TestChromiumFollow(t *testing.T) {
	browsertest.Need(t)
	t.Parallel()
	r, series := hotKey()
	tab := browsertest.Start(t).Visit(t, saved(t, r, series), browsertest.View{})
	free := state(tab)
	tab.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil)
	follow := func(how string, do func()) {
		do()
		followed(t, tab, how, series)
		tab.Move(moment(tab, "load", 20, 0, axisEnd, 0.5))
		want := readings(t, tab, series, 20, "orders/7", 7)
		_, value, _ := strings.Cut(want["heat"], ": ")
		want["load"] += ", " + value + " with headers"
		shows(t, tab, want)
	}
	clear := func(how string, do func()) {
		do()
		if got := state(tab); got != free {
			t.Errorf("%s does not lead back: %.300q", how, got)
		}
	}
	row := func() { x, y := moment(tab, "heat", 20, 0, axisEnd, 7.5/12); tab.Click(x, y, false) }
	name := func() {
		x, y := tab.Box("#bars tr[data-partition='orders/7'] button").At(0.5, 0.5)
		tab.Click(x, y, false)
	}
	follow("a click on the row", row)
	clear("a second click", row)
	follow("a click in a table", name)
	var hash string
	if tab.Evaluate(`location.hash`, &hash); hash != "#partition=orders%2F7" {
		t.Errorf("the address ends in %q", hash)
	}
	clear("Escape", func() { tab.Key("Escape") })
	follow("a click on the bars", func() {
		x, y := tab.Box("#bars svg[data-partition='orders/7'] rect").At(0.2, 0.5)
		tab.Click(x, y, false)
	})
	clear("the button", func() { x, y := tab.Box(".view button").At(0.5, 0.5); tab.Click(x, y, false) })
	quiet(t, tab)
}

func followed(t *testing.T, tab *browsertest.Tab, how string, series []PartitionSecond) {
	t.Helper()
	var seen struct {
		Line, Veil, Name string
		Own, Other       []string
		Pressed          int
	}
	tab.Evaluate(`({
		line: document.querySelector("#load path.followed")?.getAttribute("d") ?? "",
		veil: document.querySelector("#heat .veil")?.getAttribute("d") ?? "",
		name: document.querySelector("#load text.followed")?.textContent ?? "",
		own: [...document.querySelectorAll("#heat tbody .own, #bars tbody .own")].map(e => e.cells[0].textContent),
		other: [...document.querySelectorAll("#heat tbody .other, #bars tbody .other")].map(e => e.cells[0].textContent),
		pressed: document.querySelectorAll("button[aria-pressed=true]").length,
	})`, &seen)
	if seen.Name != "orders/7" || seen.Veil != "M0 0H46V7H0zM0 8H46V12H0z" || seen.Pressed < 2 {
		t.Errorf("after %s: %q is named, the heat map is covered in %q, %d buttons are pressed", how, seen.Name, seen.Veil, seen.Pressed)
	}
	if !slices.Equal(seen.Own, []string{"orders/7", "orders/7"}) || len(seen.Other) != 22 || slices.Contains(seen.Other, "orders/7") {
		t.Errorf("after %s: rows %q stand out, rows %q do not", how, seen.Own, seen.Other)
	}
	var tickAt struct{ Zero, Forty float64 } // fractions of the height at 0 and 40 MB/s
	tab.Evaluate(`(() => {
		const at = label => parseFloat([...document.querySelectorAll("#load text.tick")].find(e => e.textContent === label && e.getAttribute("x") === "-8").getAttribute("y")) / 100;
		return {zero: at("0"), forty: at("40")};
	})()`, &tickAt)
	points := strings.Split(strings.TrimPrefix(seen.Line, "M"), "L")
	if len(points) != axisEnd {
		t.Fatalf("after %s: the line has %d points: %s", how, len(points), seen.Line)
	}
	for _, s := range series {
		if s.Partition != 7 {
			continue
		}
		var x, y float64
		if _, err := fmt.Sscan(points[s.Second], &x, &y); err != nil {
			t.Fatalf("point %q: %v", points[s.Second], err)
		}
		wantX := (float64(s.Second) + 0.5) / axisEnd * boxWidth
		wantY := boxHeight * (tickAt.Zero - float64(s.AckedBytes)/40e6*(tickAt.Zero-tickAt.Forty))
		// Three digits of up to 15 MB/s are 0.05 MB/s off at most, 1.2 thousandths of
		// this axis; the axis's ticks are placed to 0.1 thousandths and y is rounded.
		if math.Abs(x-wantX) > 0.01 || math.Abs(y-wantY) > 1.2+0.2+0.5 {
			t.Errorf("after %s: second %d is drawn at %v, %v, want %.1f, %.1f", how, s.Second, x, y, wantX, wantY)
		}
	}
}

// reach presses the Tab key until it leads to an element, whose focus must be seen.
func reach(t *testing.T, tab *browsertest.Tab, selector string) {
	t.Helper()
	for range 200 {
		tab.Key("Tab")
		var there bool
		if tab.Evaluate(fmt.Sprintf(`document.activeElement.matches(%q)`, selector), &there); there {
			var outline string
			tab.Evaluate(`getComputedStyle(document.activeElement).outlineStyle`, &outline)
			if outline != "solid" {
				t.Errorf("the focus on %s is not seen: outline %s", selector, outline)
			}
			return
		}
	}
	t.Fatalf("the Tab key does not lead to %s", selector)
}

func press(tab *browsertest.Tab, key string, times int) {
	for range times {
		tab.Key(key)
	}
}

// The keyboard alone reads, zooms and goes back.
func TestChromiumKeyboardZoom(t *testing.T) {
	browsertest.Need(t)
	t.Parallel()
	r, series := hotKey()
	tab := browsertest.Start(t).Visit(t, saved(t, r, series), browsertest.View{})
	whole := state(tab)
	reach(t, tab, "#load svg.area")
	press(tab, "ArrowRight", 12)
	press(tab, "ArrowLeft", 2)
	want := readings(t, tab, series, 10, "highest orders/7", 7)
	shows(t, tab, want)
	var spoken struct{ Role, Text, Label string }
	tab.Evaluate(`(({role, ariaValueText, ariaLabel}) => ({role, text: ariaValueText, label: ariaLabel}))(document.activeElement)`, &spoken)
	if spoken.Role != "slider" || spoken.Text != want["load"] || spoken.Label == "" {
		t.Errorf("spoken: %+v, want %q", spoken, want["load"])
	}
	press(tab, "Shift+ArrowRight", 9)
	press(tab, "Enter", 1)
	zoomedTo(t, tab, 10, 20, "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20")
	press(tab, "End", 1)
	shows(t, tab, readings(t, tab, series, 19, "highest orders/7", 7))
	press(tab, "Escape", 1)
	if got := state(tab); got != whole {
		t.Errorf("Escape does not lead back: %.300q", got)
	}
	quiet(t, tab)
}

// The keyboard alone follows a partition, from the heat map and from a table.
func TestChromiumKeyboardFollow(t *testing.T) {
	browsertest.Need(t)
	t.Parallel()
	r, series := hotKey()
	tab := browsertest.Start(t).Visit(t, saved(t, r, series), browsertest.View{})
	whole := state(tab)
	names := func(how string) {
		if line, live := tab.Text("#load text.followed"), tab.Text(".view output"); line != "orders/7" || live != "orders/7" {
			t.Errorf("%s follows %q, the page says %q, want orders/7", how, line, live)
		}
	}
	reach(t, tab, "#heat svg.area")
	press(tab, "Home", 1)
	press(tab, "ArrowDown", 9)
	press(tab, "ArrowUp", 2)
	press(tab, "ArrowRight", 5)
	shows(t, tab, readings(t, tab, series, 5, "orders/7", 7))
	press(tab, "Enter", 1)
	names("Enter on the row")
	reach(t, tab, ".view button")
	press(tab, "Enter", 1)
	var onChart bool
	tab.Evaluate(`document.activeElement.matches("svg.area")`, &onChart)
	if got := state(tab); got != whole || !onChart {
		t.Errorf("the button leaves the focus on a chart: %v, and shows %.300q", onChart, got)
	}
	tab.Evaluate(`document.querySelector("#bars details").open = true`, nil)
	tab.Evaluate(`document.activeElement.blur()`, nil)
	reach(t, tab, "#bars tr[data-partition='orders/7'] button")
	press(tab, "Enter", 1)
	names("Enter in the table")
	quiet(t, tab)
}

func TestChromiumTouch(t *testing.T) {
	browsertest.Need(t)
	t.Parallel()
	r, series := hotKey()
	tab := browsertest.Start(t).Visit(t, saved(t, r, series), browsertest.View{Width: 320, Touch: true})
	x, y := moment(tab, "latency", 20, 0, axisEnd, 0.5)
	tab.Swipe(x, y, x, y)
	shows(t, tab, readings(t, tab, series, 20, "highest orders/7", 7))
	x, y = moment(tab, "heat", 20, 0, axisEnd, 7.5/12)
	tab.Swipe(x, y, x, y)
	if name := tab.Text("#load text.followed"); name != "orders/7" {
		t.Errorf("a tap follows %q, want orders/7", name)
	}
	tab.Swipe(x, y, x, y)
	box := tab.Box("#spent svg.area")
	x, y = box.At(10.0/axisEnd, 0.5)
	toX, _ := box.At(20.0/axisEnd, 0.5)
	tab.Swipe(x, y, toX, y)
	zoomedTo(t, tab, 10, 20, "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20")
	quiet(t, tab)
}
