package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"msklt/internal/limits"
)

//go:embed page.gohtml compare.gohtml charts.gohtml style.css compare.css script.js
var assets embed.FS

// maxCards is how many of the limits that bound are shown at length.
const maxCards = 3

// page is what the template draws: the result and what follows from it.
type page struct {
	*Result
	document
	Answer    string // whether the load fits
	Numbers   []fact // the three that matter
	Facts     []fact // those that are asked for next
	Cards     []Binding
	Heat      heatMap
	Bars      bars
	Wide      bool // the heat map needs the page's whole width
	Hottest   []rankedPartition
	Keys      []rankedKey
	Verb      string // what Hottest ranks by: "acked" or "consumed"
	Load      plot
	Response  plot
	Curve     plot
	EndToEnd  *plot // nil where nobody consumed
	Arrival   *plot // end-to-end over time; nil where it is not known second by second
	Backlog   *plot // nil where it is not known second by second
	Waiting   plot  // where the time went
	Headroom  bars
	Events    []eventRow
	Balances  []balance
	Latencies []latencyRow
	APIs      []apiRow
	Payers    []ClientThrottle
	Checks    []check
	Outcomes  []outcome
	Emulated  bool
	Fits      string // the plan's first sentence
	Forecast  []forecast
}

type (
	fact       struct{ Name, Value, Detail string }
	latencyRow struct {
		Name string
		L    Latency
	}
	apiRow struct {
		Name string
		APIShare
	}
	check struct {
		Reason
		Failed bool
	}
)

// HTML writes a result as one page that needs nothing else: no network, no
// other file, and no script to be complete. Whatever comes from the scenario or
// the cluster is escaped. The same result gives the same bytes. Without a series
// (nil) its map of partitions and time is empty.
func HTML(w io.Writer, r *Result, series *Series) error {
	p, err := newPage(r, series)
	if err != nil {
		return err
	}
	return writeTemplate(w, "page.gohtml", p)
}

// writeTemplate writes a page: a template with its values.
func writeTemplate(w io.Writer, name string, values any) error {
	tmpl, err := template.New(name).Funcs(functions()).ParseFS(assets, "*.gohtml")
	if err != nil {
		return fmt.Errorf("parse the page's template: %w", err)
	}
	if err := tmpl.Execute(w, values); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

// document is what every page has: its style, its script, and the policy
// (Content-Security-Policy) that allows these two and nothing else.
type document struct {
	Style  template.CSS
	Script template.JS
	Policy string
}

func newDocument(styles ...string) (document, error) {
	var style []byte
	for _, name := range styles {
		text, err := assets.ReadFile(name)
		if err != nil {
			return document{}, fmt.Errorf("read the page's style: %w", err)
		}
		style = append(style, text...)
	}
	script, err := assets.ReadFile("script.js")
	if err != nil {
		return document{}, fmt.Errorf("read the page's script: %w", err)
	}
	return document{
		Style: template.CSS(style), Script: template.JS(script),
		Policy: "default-src 'none'; base-uri 'none'; form-action 'none'; style-src " + source(style) + "; script-src " + source(script),
	}, nil
}

func newPage(r *Result, series *Series) (*page, error) {
	if series == nil {
		series = newSeries(r)
	}
	doc, err := newDocument("style.css")
	if err != nil {
		return nil, err
	}
	p := &page{
		Result: r, document: doc,
		Answer: answer(r), Numbers: numbers(r), Facts: facts(r), Cards: r.Verdict.Binding[:min(maxCards, len(r.Verdict.Binding))], Outcomes: outcomes(r),
		Heat: heatChart(r, series), Bars: loadBars(r), Hottest: rankedPartitions(r), Keys: rankedKeys(r), Verb: directionOf(r).verb,
		Load: loadChart(r), Response: latencyChart(r), Curve: curveChart(r), Latencies: latencyRows(r),
		Waiting: spentChart(r), Payers: payers(r), Headroom: headroomChart(r), Events: eventRows(r), Balances: balances(r),
		Emulated: r.Target.Kind == "embedded",
	}
	p.Arrival = arrivalChart(r)
	if slices.ContainsFunc(r.Groups, func(g Group) bool { return g.EndToEnd.Count > 0 }) {
		chart := endToEndChart(r)
		p.EndToEnd = &chart
	}
	if backlogKnown(r) {
		chart := backlogChart(r)
		p.Backlog = &chart
	}
	p.Wide = p.Heat.Columns > 200
	if r.Plan != nil {
		status, rest, _ := fit(r.Plan)
		p.Fits, p.Forecast = capital(status+rest), forecasts(r)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Throttle.ByAPI)) {
		p.APIs = append(p.APIs, apiRow{name, r.Throttle.ByAPI[name]})
	}
	for _, c := range r.Validity.Checks {
		p.Checks = append(p.Checks, check{c, failed(r, c)})
	}
	return p, nil
}

// source allows exactly one inline text, by its hash.
func source(text []byte) string {
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func functions() template.FuncMap {
	return template.FuncMap{
		"bandwidth": bandwidth, "megabytes": megabytes, "quantity": quantity, "optional": optional,
		"percent": percent, "millis": millis, "seconds": seconds, "count": count, "digits": digits,
		"percentile": percentile, "partition": partitionName, "observedBy": observedBy, "at": at,
		"clip":   func(n int, name string) string { return clip(name, n) },
		"full":   func(share float64) string { return at(clamp(share)) },
		"words":  func(s limits.Status) string { return words(string(s)) },
		"date":   func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04:05 UTC") },
		"number": func(n int) string { return count(int64(n)) },
		"whole":  unbroken, "reading": reading, "sentence": sentence,
		"class":   func(s limits.Status) string { return strings.ReplaceAll(words(string(s)), " ", "-") },
		"sub":     func(a, b int) int { return a - b },
		"capital": capital, "hyphens": func(text string) string { return strings.ReplaceAll(text, " ", "-") },
		"clocks": clockOffset, "money": money, "amount": amount, "price": price,
	}
}

// latencyRows lists the histograms of the run, then those of its fleets and
// groups when there are several.
func latencyRows(r *Result) []latencyRow {
	rows := []latencyRow{
		{"response", r.Latency.Response}, {"service", r.Latency.Service}, {"client wait", r.Latency.ClientWait},
		{"generator lag", r.Latency.Lag}, {"end to end", r.Latency.EndToEnd},
	}
	if len(r.Fleets) > 1 {
		for _, f := range r.Fleets {
			name := clip(f.Name, 40)
			rows = append(rows, latencyRow{name + " response", f.Latency.Response}, latencyRow{name + " service", f.Latency.Service})
		}
	}
	if len(r.Groups) > 1 {
		for _, g := range r.Groups {
			rows = append(rows, latencyRow{clip(g.Name, 40) + " end to end", g.EndToEnd})
		}
	}
	return rows
}
