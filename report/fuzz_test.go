package report

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"msklt/internal/kafkatest/need"
)

// FuzzRead reads folders that anybody may have written. What is not refused is drawn
// whole, on the page and on the terminal, in time, and nothing in it steers either.
// Run it with -fuzzminimizetime=10x, as the other.
func FuzzRead(f *testing.F) {
	for _, fixture := range []func() (*Result, []PartitionSecond){hotKey, steady, stopped, gated, evilNames} {
		r, series := fixture()
		// A few seconds and points show as much, and are quicker.
		r.Timeline, series = r.Timeline[5:8], slices.DeleteFunc(series, func(s PartitionSecond) bool { return s.Second > 2 })
		for _, l := range []*Latency{&r.Latency.Response, &r.Latency.Service, &r.Latency.ClientWait, &r.Latency.Lag, &r.Latency.EndToEnd} {
			l.Curve = l.Curve[:min(4, len(l.Curve))]
		}
		result, err := json.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		var text bytes.Buffer
		if err := writeSeries(&text, slices.Values(series)); err != nil {
			f.Fatal(err)
		}
		f.Add(result, text.Bytes())
	}
	for _, seed := range [][2]string{
		{fields(""), rows("0,orders,0,1,1,1,0.5")},
		{`{"schema":"msklt.result/v1"}`, rows()},
		{fields(`,"timeline":[{"second":1},{"second":99999999}],"duration_seconds":1e8,"phases":[{"name":"\u001b","to_seconds":1e8,"measured":true}]`), rows("99999998,orders,0,1,999999999999999999,1,1")},
		{fields(`,"plan":{"limits":[{"use":1e18,"declared":1e-300,"partition":-1}]},"verdict":{"binding":[{"limit":"partition.ingress","declared":5e-324,"plateau":1e18,"partition":0,"topic":"orders"}]},"spent":{"client_record_seconds":-1}`), rows("0,orders,0,1,1,1,0")},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, result, series []byte) {
		begin := time.Now()
		put(t, dir, string(result), string(series))
		r, s, err := Read(dir)
		if err != nil {
			return
		}
		var page, terminal bytes.Buffer
		if err := HTML(&page, r, s); err != nil {
			t.Fatalf("what was read cannot be drawn: %v", err)
		}
		Summary(&terminal, r, false, 80)
		checkHarmless(t, page.String(), terminal.String())
		// It takes milliseconds; a loop whose end a number sets would take for ever.
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// evilNames is a result in which whatever has a name is called something evil.
func evilNames() (*Result, []PartitionSecond) {
	r, series := hotKey()
	evil := "</script><script>alert(1)</script><img onerror=x>\"'`{{.}}\x1b[2J\r\a"
	r.Scenario = Scenario{evil, evil, evil, evil, evil}
	r.Target.Name, r.Target.Kind, r.Target.APILevel = evil, evil, evil
	r.Verdict.Summary, r.Verdict.Binding[0].Scope, r.Verdict.Binding[0].Evidence = evil, evil, []string{evil}
	r.Fleets[0].Name, r.Groups[0].Name, r.Phases[0].Name, r.Partitions[7].TopKeys[0].Key = evil, evil, evil, evil
	r.Throttle.ByAPI[evil] = APIShare{Responses: 1}
	r.Throttle.ByClient[0].Client, r.Plan.Advice[0].Text, r.Cost.Currency = evil, evil, evil
	r.Errors, r.Events = []ErrorCount{{evil, evil, 1, 1}}, []Event{{At: 3, Kind: evil, Text: evil}}
	return r, series
}

// checkHarmless holds that all markup and every script of a page are its own, and
// that a terminal gets text and nothing else.
func checkHarmless(t *testing.T, page, terminal string) {
	t.Helper()
	data := regexp.MustCompile(`(?s)<script type="application/json">(.*?)</script>`).FindAllStringSubmatch(page, -1)
	for _, d := range data {
		if !json.Valid([]byte(d[1])) {
			t.Errorf("the data of a chart is not JSON: %.80q", d[1])
		}
	}
	lower := strings.ToLower(page)
	if begun, ended := strings.Count(lower, "<script"), strings.Count(lower, "</script"); begun != len(data)+1 || ended != begun {
		t.Errorf("%d scripts begin and %d end on a page with %d charts", begun, ended, len(data))
	}
	if strings.Contains(lower, "<img") {
		t.Error("markup from the result is on the page")
	}
	if i := strings.IndexFunc(terminal, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }); i >= 0 {
		t.Errorf("a control character for the terminal: %.20q", terminal[i:])
	}
}

// TestReadWithWrongValuesLong puts each of some values that no run writes in the place of
// each field of a result, wherever it is: it is refused, or drawn like any other.
func TestReadWithWrongValuesLong(t *testing.T) {
	need.Require(t, need.Long())
	r, series := evilNames()
	r.Timeline, series = r.Timeline[5:8], slices.DeleteFunc(series, func(s PartitionSecond) bool { return s.Second > 0 })
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	dir, refused, drawn := t.TempDir(), 0, 0
	var table bytes.Buffer
	if err := writeSeries(&table, slices.Values(series)); err != nil {
		t.Fatal(err)
	}
	try := func(path string) {
		text, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		put(t, dir, string(text), table.String())
		r, s, err := Read(dir)
		if err != nil {
			refused++
			return
		}
		drawn++
		var page, terminal bytes.Buffer
		if err := HTML(&page, r, s); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		Summary(&terminal, r, false, 80)
		checkHarmless(t, page.String(), terminal.String())
		if t.Failed() {
			t.Fatal(path)
		}
	}
	wrong := []any{nil, -1, 1e18, -1e18, 1e-300, strings.Repeat("x", 1000), []any{}, map[string]any{}, []any{map[string]any{}, nil}}
	each(tree, "", map[string]bool{}, wrong, try)
	t.Logf("%d refused, %d drawn", refused, drawn)
	if refused < 1000 || drawn < 1000 {
		t.Error("that is hardly what happens to values of another type, and to those of the same one")
	}
}

// each puts every value in the place of every field, once of each list's items.
func each(tree any, path string, seen map[string]bool, values []any, try func(path string)) {
	place := func(name string, get any, set func(any)) {
		path := path + "." + name
		if seen[path] {
			return
		}
		seen[path] = true
		each(get, path, seen, values, try)
		for _, v := range values {
			set(v)
			try(path)
		}
		set(get)
	}
	switch node := tree.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(node)) {
			place(name, node[name], func(v any) { node[name] = v })
		}
	case []any:
		for i := range node {
			place("[]", node[i], func(v any) { node[i] = v })
		}
	}
}
