package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"msklt/internal/compare"
)

// WriteComparison writes a comparison for a terminal of the given width (80 when it
// is 0 or less; the table takes 80): what came of it, the table, and how to read it.
func WriteComparison(w io.Writer, c *Comparison, color bool, width int) {
	s := newSheet(w, color, width)
	s.outcome(c)
	s.side("before", c.Before)
	s.side("after", c.After)
	s.differences(c)
	s.gap()
	s.findings(c)
	s.gap()
	s.reading(c)
}

// outcome says in a line what came of all metrics.
func (s *sheet) outcome(c *Comparison) {
	word, text := c.outcome()
	for i, line := range wrap(word+"  "+text, s.width) {
		if rest, ok := strings.CutPrefix(line, word); ok && i == 0 {
			line = s.painted(compare.Word(word), word) + rest
		}
		fmt.Fprintln(s.w, line)
	}
	s.gap()
}

// outcome is the word for all metrics, the one that matters most, and which they are.
func (c *Comparison) outcome() (word, text string) {
	n := len(c.compared())
	if n == 0 {
		return unknown, "the runs have no metric in common"
	}
	of := func(names []string) string {
		return fmt.Sprintf("in %d of %s: %s", len(names), counted(n, "metric"), strings.Join(names, ", "))
	}
	worse, better, few := c.called(compare.Worsened), c.called(compare.Improved), c.called(compare.TooFewRuns)
	switch {
	case len(worse) > 0 && len(better) > 0:
		return string(compare.Worsened), of(worse) + fmt.Sprintf("; better in %d: %s", len(better), strings.Join(better, ", "))
	case len(worse) > 0:
		return string(compare.Worsened), of(worse)
	case len(better) > 0:
		return string(compare.Improved), of(better)
	case len(few) == n:
		return string(compare.TooFewRuns), "to say anything"
	case len(few) > 0:
		return string(compare.NoDifference), fmt.Sprintf("in %d of %s; the others have too few runs", n-len(few), counted(n, "metric"))
	}
	return string(compare.NoDifference), "in any of " + counted(n, "metric")
}

// painted is a word in the colour of what it says.
func (s *sheet) painted(word compare.Word, text string) string {
	if !s.color {
		return text
	}
	tint := "\x1b[1m"
	switch word {
	case compare.Improved:
		tint = paintMark(true)
	case compare.Worsened:
		tint = paintMark(false)
	case compare.TooFewRuns:
		tint = "\x1b[1;33m"
	}
	return tint + text + "\x1b[0m"
}

// side says which runs there are.
func (s *sheet) side(label string, runs []*Result) {
	first, last := runs[0].StartedAt, runs[0].StartedAt
	for _, r := range runs {
		if r.StartedAt.Before(first) {
			first = r.StartedAt
		}
		if r.StartedAt.After(last) {
			last = r.StartedAt
		}
	}
	names := distinct(runs, func(r *Result) string { return r.Scenario.Name })
	text := fmt.Sprintf("%s of %s, %s", counted(len(runs), "run"), enumerated(names, 3), first.UTC().Format(time.DateTime))
	switch a, b := first.UTC(), last.UTC(); {
	case a.Format(time.DateOnly) != b.Format(time.DateOnly):
		text += " to " + b.Format(time.DateTime)
	case b.After(a):
		text += " to " + b.Format(time.TimeOnly)
	}
	s.row(label, text+" UTC")
}

// maxChanges is how many lines of a scenario are shown.
const maxChanges = 20

// differences are those of the runs and scenarios themselves.
func (s *sheet) differences(c *Comparison) {
	s.rows("unlike", c.Unlike)
	s.rows("beware", c.Beware)
	label := "scenario"
	for i, change := range c.Changes {
		if i == maxChanges {
			s.row(label, fmt.Sprintf("and %d more", len(c.Changes)-i))
			break
		}
		s.row(label, clip(change.Path, 200)+": "+clip(change.Before, 200)+" → "+clip(change.After, 200))
		label = ""
	}
}

func (s *sheet) rows(label string, texts []string) {
	for _, text := range texts {
		s.row(label, text)
		label = ""
	}
}

// The columns of the table: with a word of 19 characters they make 80.
const (
	metricWidth     = 15
	valueWidth      = 11
	differenceWidth = 23
)

// findings is the table: a row for each metric that all runs have.
func (s *sheet) findings(c *Comparison) {
	line := func(name, before, after, difference, word string) string {
		return fmt.Sprintf("%-*s%*s%*s  %-*s%s", metricWidth, name, valueWidth, before, valueWidth, after, differenceWidth-1, difference, word)
	}
	if known := c.compared(); len(known) > 0 {
		of, b, a := c.numbers()
		fmt.Fprintln(s.w, strings.TrimRight(line("metric", "before", "after", "difference", ""), " "))
		fmt.Fprintln(s.w, strings.TrimRight(line(of, b, a, "("+level(c.Options)+" interval)", ""), " "))
		for _, m := range known {
			before, after := valued(m.Before.Median, m.Unit), valued(m.After.Median, m.Unit)
			fmt.Fprintln(s.w, line(m.Name, clip(before, valueWidth-1), clip(after, valueWidth-1), clip(difference(m.Finding), differenceWidth-1), s.painted(m.Word, string(m.Word))))
		}
	}
	label := "not known"
	for _, m := range c.lacked() {
		s.row(label, m.Names+": "+clip(m.Why, 300))
		label = ""
	}
}

// lack is why some metrics are not compared.
type lack struct{ Names, Why string }

// lacked are the metrics that are not compared, those together that lack the same.
func (c *Comparison) lacked() (all []lack) {
	for _, m := range c.Metrics {
		if m.Unknown == "" {
			continue
		}
		i := slices.IndexFunc(all, func(l lack) bool { return l.Why == m.Unknown })
		if i < 0 {
			all = append(all, lack{m.Name, m.Unknown})
			continue
		}
		all[i].Names += ", " + m.Name
	}
	return all
}

// numbers is of how many runs each column has the median; with one run a side, over
// how many seconds it goes.
func (c *Comparison) numbers() (of, before, after string) {
	if c.Within {
		return "  over", counted(len(measuredSeconds(c.Before[0])), "second"), counted(len(measuredSeconds(c.After[0])), "second")
	}
	return "  median of", counted(len(c.Before), "run"), counted(len(c.After), "run")
}

// reading says how the table is to be read.
func (s *sheet) reading(c *Comparison) {
	for _, n := range c.notes() {
		s.row(n.Label, n.Text)
	}
}

// note is something to know of the table.
type note struct{ Label, Text string }

func (c *Comparison) notes() (list []note) {
	known := c.compared()
	if len(known) == 0 {
		return nil
	}
	add := func(label, text string) { list = append(list, note{label, text}) }
	add("difference", fmt.Sprintf("how far after's median lies above (+) or below (−) before's, and the interval that covers the true difference in %s of such comparisons. What is under %s is not called better or worse. No difference shown does not mean that there is none.",
		level(c.Options), reading(100*c.Options.MinEffect, "%")))
	add("method", strings.Join(methods(known), "; "))
	if c.Within {
		add("weak", "one run a side: its seconds tell how these two runs differ, not whether the next two would. Rates and shares are the seconds' mean, response times the median of each second's percentile; what only whole runs tell has too few runs.")
	}
	if n := len(known) - len(c.called(compare.TooFewRuns)); n > 0 {
		add("chance", fmt.Sprintf("%s compared at %s: where nothing differs, up to %s of them on average are called better or worse all the same.",
			counted(n, "metric"), level(c.Options), strconv.FormatFloat(float64(n)*(1-c.Options.Confidence), 'g', 2, 64)))
	}
	if more := c.MoreRuns(); more > 0 {
		add("more runs", fmt.Sprintf("it takes at least %d more a side: msklt run SCENARIO --repeat %d", more, more))
	}
	return list
}

// methods are those that were used.
func methods(known []MetricFinding) (names []string) {
	seen := map[string]bool{}
	for _, m := range known {
		if !seen[m.Method] && m.Method != "" {
			names = append(names, m.Method)
		}
		seen[m.Method] = true
	}
	return names
}

// level is the confidence in percent.
func level(o compare.Options) string {
	return strconv.FormatFloat(100*o.Confidence, 'g', 4, 64) + " %"
}

// valued renders a metric's value in its unit.
func valued(v float64, unit string) string {
	switch {
	case math.IsNaN(v):
		return unknown
	case unit == "share":
		return percent(v)
	case unit == "ms":
		return millis(v)
	case strings.HasSuffix(unit, "/h"):
		return money(v, strings.TrimSuffix(unit, "/h"))
	}
	return quantity(v, unit)
}

// difference renders a difference with its interval: "+12 % (+3.1 to +22)".
func difference(f compare.Finding) string {
	switch {
	case math.IsNaN(f.Difference) && f.Before.Median == 0:
		return "from nothing"
	case math.IsNaN(f.Difference):
		return unknown
	}
	text := relative(f.Difference)
	if f.Bounded {
		text += " (" + points(f.Low) + " to " + points(f.High) + ")"
	}
	return text
}

// relative renders a relative difference with its unit: "+12 %", "×43".
func relative(share float64) string {
	text := points(share)
	if strings.HasPrefix(text, "×") {
		return text
	}
	return text + " %"
}

// points renders a relative difference in percent, signed, and from ten times as
// much on as a factor: −12, +3.1, ×43.
func points(share float64) string {
	p := 100 * share
	decimals := 1
	if math.Abs(p) >= 9.95 {
		decimals = 0
	}
	switch text := strconv.FormatFloat(math.Abs(p), 'f', decimals, 64); {
	case p >= 999.5:
		return "×" + factorDigits(1+share)
	case text == "0.0":
		return "0"
	case p < 0:
		return "−" + text
	default:
		return "+" + text
	}
}

// factorDigits renders a factor of ten and more without decimals.
func factorDigits(f float64) string { return clip(group(strconv.FormatFloat(f, 'f', 0, 64)), 9) }

// WriteRefusal says why runs are not compared.
func WriteRefusal(w io.Writer, c *Comparison, color bool, width int) {
	s := newSheet(w, color, width)
	fmt.Fprintln(s.w, s.painted(compare.Worsened, "not compared")+"  the runs are unlike")
	s.gap()
	s.side("before", c.Before)
	s.side("after", c.After)
	s.differences(c)
	s.gap()
	s.row("", "--anyway compares them all the same, as when the difference is what is to be compared.")
}
