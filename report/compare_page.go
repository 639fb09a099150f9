package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"msklt/internal/compare"
)

// comparisonPage is what the template of a comparison draws.
type comparisonPage struct {
	*Comparison
	document
	Name     string // of what was run
	Word     string // the outcome of all metrics
	Headline string
	Level    string // of the intervals
	Sides    []comparedSide
	Rows     []comparedMetricRow
	Missing  []lack
	Notes    []note
	Curves   []plot
	Load     plot
	Heats    []heatMap
	NoHeats  string // why there are none
	Wide     bool   // the heat maps need the page's whole width
	Gaps     []string
	Changed  []rankedChange
	Verb     string
	Values   []Change
	More     int // values that differ and are not in Values
	Lines    []diffLine
	LineNote string
	Traits   []comparedTrait
}

type (
	// comparedSide is a group with its runs.
	comparedSide struct {
		Name, Runs string
		Rows       []sideRun
	}
	sideRun struct{ Folder, Started, Duration, Status, Acked, P99, Throttled, Valid string }

	// comparedMetricRow is a row of the table of metrics.
	comparedMetricRow struct {
		Name, Better, Before, After, Difference, Interval, P string
		Word, Class                                          string
		More                                                 string
	}
)

// ComparisonHTML writes a comparison as one page that needs nothing else, as HTML does
// of a result. The folders are those of the runs, in their order.
func ComparisonHTML(w io.Writer, c *Comparison, before, after []string, s *ComparedSeries) error {
	p, err := newComparisonPage(c, before, after, s)
	if err != nil {
		return err
	}
	return writeTemplate(w, "compare.gohtml", p)
}

func newComparisonPage(c *Comparison, foldersBefore, foldersAfter []string, s *ComparedSeries) (*comparisonPage, error) {
	doc, err := newDocument("style.css", "compare.css")
	if err != nil {
		return nil, err
	}
	before, after := newSide("before", c.Before), newSide("after", c.After)
	word, _ := c.outcome()
	lines, note := c.scenarioLines()
	return &comparisonPage{
		Comparison: c, document: doc,
		Name: enumerated(distinct(slices.Concat(c.Before, c.After), func(r *Result) string { return clip(r.Scenario.Name, 60) }), 3),
		Word: word, Headline: c.headline(), Level: level(c.Options),
		Sides: []comparedSide{newComparedSide("before", c.Before, foldersBefore), newComparedSide("after", c.After, foldersAfter)},
		Rows:  c.metricRows(), Missing: c.lacked(), Notes: c.notes(),
		Curves: []plot{
			percentileChart(c, "response", "response", "response.p99", responseOf, before, after),
			percentileChart(c, "service", "service", "service.p99", serviceOf, before, after),
		},
		Load: loadOver(c, before, after), Heats: heatMaps(c, s, before, after), NoHeats: s.seriesUnknown(),
		Wide:    len(s.frame.partitions) > 0 && s.frame.step > 1,
		Gaps:    slices.Concat(unequalLengths(before, after), onOneSide(before, after)),
		Changed: rankedChanges(s.frame.direction, before, after), Verb: s.frame.direction.verb,
		Values: c.Changes[:min(maxChanges, len(c.Changes))], More: max(0, len(c.Changes)-maxChanges),
		Lines: lines, LineNote: note, Traits: c.traitRows(),
	}, nil
}

// headline is the page's title: which metrics are worse and better, by how much, those
// first that differ most.
func (c *Comparison) headline() string {
	known := c.compared()
	size := func(m MetricFinding) float64 {
		if math.IsNaN(m.Difference) { // from nothing
			return math.Inf(1)
		}
		return math.Round(1000 * math.Abs(math.Log(1+m.Difference))) // what looks alike keeps its order
	}
	slices.SortStableFunc(known, func(a, b MetricFinding) int { return cmp.Compare(size(b), size(a)) })
	named := func(word compare.Word) string {
		const most = 3
		var texts []string
		for _, m := range known {
			if m.Word == word {
				texts = append(texts, m.Name+" "+difference(m.Finding))
			}
		}
		if n := len(texts); n > most {
			texts = append(texts[:most], fmt.Sprintf("%d more", n-most))
		}
		if n := len(texts); n > 1 {
			return strings.Join(texts[:n-1], ", ") + " and " + texts[n-1]
		}
		return strings.Join(texts, "")
	}
	worse, better := named(compare.Worsened), named(compare.Improved)
	switch word, text := c.outcome(); {
	case worse != "" && better != "":
		return fmt.Sprintf("Worse: %s. Better: %s.", worse, better)
	case worse != "":
		return fmt.Sprintf("Worse in %d of %s: %s.", len(c.called(compare.Worsened)), counted(len(known), "metric"), worse)
	case better != "":
		return fmt.Sprintf("Better in %d of %s: %s.", len(c.called(compare.Improved)), counted(len(known), "metric"), better)
	case word == string(compare.TooFewRuns):
		return fmt.Sprintf("Too few runs %s: it takes at least %d more a side.", text, c.MoreRuns())
	default:
		return capital(word) + ": " + text + "."
	}
}

// metricRows are the metrics that all runs have.
func (c *Comparison) metricRows() (rows []comparedMetricRow) {
	for _, m := range c.compared() {
		row := comparedMetricRow{
			Name: m.Name, Better: "lower", Word: string(m.Word), Class: strings.ReplaceAll(string(m.Word), " ", "-"),
			Before: valued(m.Before.Median, m.Unit), After: valued(m.After.Median, m.Unit),
			Interval: "–", P: "–", More: "–",
		}
		if m.Better == compare.Higher {
			row.Better = "higher"
		}
		alone := m.Finding
		alone.Bounded = false
		row.Difference = difference(alone)
		if m.Bounded {
			row.Interval = relative(m.Low) + " to " + relative(m.High)
		}
		if !math.IsNaN(m.P) {
			row.P = digits(m.P)
		}
		if m.MoreRuns > 0 {
			row.More = fmt.Sprintf("%d a side", m.MoreRuns)
		}
		rows = append(rows, row)
	}
	return rows
}

func newComparedSide(name string, runs []*Result, folders []string) comparedSide {
	s := comparedSide{Name: name, Runs: counted(len(runs), "run")}
	for i, r := range runs {
		l := r.Latency.Response
		row := sideRun{
			Folder: clip(folders[i], 120), Started: r.StartedAt.UTC().Format("2006-01-02 15:04:05"), Duration: seconds(r.DurationSeconds),
			Status: words(string(r.Verdict.Status)), Acked: "–", P99: percentile(l, l.P99, l.P99Censored),
			Throttled: percent(r.Throttle.Share), Valid: validity(r),
		}
		if len(r.Fleets) > 0 {
			row.Acked = bandwidth(r.Rates.AckedBytesPerSecond)
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}
