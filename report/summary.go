package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"msklt/internal/limits"
)

// Summary writes a run's outcome for a terminal of the given width (80 when it
// is 0 or less): the verdict, then one line per fact, a unit on every number.
func Summary(w io.Writer, r *Result, color bool, width int) {
	s := newSheet(w, color, width)
	s.verdict(r)
	s.thresholds(r)
	for _, b := range r.Verdict.Binding {
		s.binding(b)
	}
	s.load(r)
	s.latency(r)
	s.counts(r)
	s.headroom(r)
	s.partitions(r)
	s.health(r)
	for _, a := range r.Verdict.Advice {
		s.row("advice", a.Text)
	}
}

// labelWidth is the width of the column that names each fact.
const labelWidth = 13

// sheet writes labelled lines. Errors of a terminal are not reported.
type sheet struct {
	w     io.Writer
	color bool
	width int
}

// newSheet is a sheet of the given width: 80 where that is not known, and never
// narrower than 40.
func newSheet(w io.Writer, color bool, width int) *sheet {
	if width <= 0 {
		width = 80
	}
	return &sheet{w: w, color: color, width: max(width, 40)}
}

// row writes a label and a text that wraps beside it. A label that is empty
// continues the row above.
func (s *sheet) row(label, text string) {
	for _, line := range wrap(text, s.width-labelWidth) {
		fmt.Fprintf(s.w, "%-*s%s\n", labelWidth, label, line)
		label = ""
	}
}

func (s *sheet) gap() { fmt.Fprintln(s.w) }

func (s *sheet) verdict(r *Result) {
	status := words(string(r.Verdict.Status))
	summary := clip(r.Verdict.Summary, 1000)
	for i, line := range wrap(status+"  "+summary, s.width) {
		if rest, ok := strings.CutPrefix(line, status); ok && i == 0 && s.color {
			line = paint(r.Verdict.Status) + status + "\x1b[0m" + rest
		}
		fmt.Fprintln(s.w, line)
	}
	if r.Interrupted {
		for _, line := range wrap("interrupted"+r.afterTraffic()+": this is what ran until then", s.width) {
			fmt.Fprintln(s.w, line)
		}
	}
	if a := r.Aborted; a != nil {
		for _, line := range wrap(stoppedBy(a), s.width) {
			fmt.Fprintln(s.w, line)
		}
	}
	s.gap()
}

// afterTraffic says when a run was interrupted; older results do not tell.
func (r *Result) afterTraffic() string {
	if r.InterruptedAt == 0 {
		return ""
	}
	return " after " + seconds(r.InterruptedAt)
}

func stoppedBy(a *Aborted) string {
	return "stopped " + seconds(a.At) + " after the start of traffic by a threshold: " + clip(a.Expression, 80) + of(a.Of)
}

// thresholds writes what came of each: a mark and a word, never colour alone.
func (s *sheet) thresholds(r *Result) {
	all := outcomes(r)
	label := "thresholds"
	for _, o := range all {
		mark := o.Mark + " " + o.Word
		text := mark + "  " + o.Expression + of(o.Of) + ": " + o.found()
		for i, line := range wrap(unbroken(text), s.width-labelWidth) {
			line = strings.ReplaceAll(line, "\u00a0", " ")
			if rest, ok := strings.CutPrefix(line, mark); ok && i == 0 && s.color {
				line = paintMark(o.Passed) + mark + "\x1b[0m" + rest
			}
			fmt.Fprintf(s.w, "%-*s%s\n", labelWidth, label, line)
			label = ""
		}
	}
	if len(all) > 0 {
		s.gap()
	}
}

// of says what a threshold is narrowed to, behind its expression.
func of(narrowed string) string {
	if narrowed == "" {
		return ""
	}
	return " of " + clip(narrowed, 80)
}

func paintMark(passed bool) string {
	if passed {
		return "\x1b[1;36m"
	}
	return "\x1b[1;31m"
}

// paint is the terminal colour of a status, bold.
func paint(status limits.Status) string {
	switch status {
	case limits.WithinLimits:
		return "\x1b[1;36m"
	case limits.Invalid:
		return "\x1b[1;31m"
	}
	return "\x1b[1;33m"
}

func (s *sheet) binding(b Binding) {
	s.row("bound", string(b.Limit)+" on "+clip(b.Scope, 100))
	s.row("  declared", optional(b.Declared, b.Unit))
	s.row("  observed", quantity(b.Observed, b.Unit)+", "+observedBy(b))
	s.row("  plateau", optional(b.Plateau, b.Unit))
	s.row("  since", seconds(b.SinceSeconds)+" after the start of traffic")
	s.row("  throttled", percent(b.ThrottledShare)+" of the time of the connections that carry it")
	s.gap()
}

func (s *sheet) load(r *Result) {
	for _, f := range loadRows(r) {
		s.row(f.label, f.text)
	}
	s.gap()
}

// labelled is a text under the name of what it tells of.
type labelled struct{ label, text string }

// loadRows say what went over the wire in the measured phases.
func loadRows(r *Result) (all []labelled) {
	row := func(label, text string) { all = append(all, labelled{label, text}) }
	if len(r.Fleets) > 0 || len(r.Groups) == 0 {
		row("offered", bandwidth(r.Rates.OfferedBytesPerSecond)+", "+
			withUnit(r.Rates.OfferedRecordsPerSecond, "records/s"))
		row("acked", bandwidth(r.Rates.AckedBytesPerSecond)+", "+
			withUnit(r.Rates.AckedRecordsPerSecond, "records/s")+", "+percent(ackedShare(r))+" of what was offered")
	}
	if r.Rates.ConsumedBytesPerSecond > 0 {
		text := bandwidth(r.Rates.ConsumedBytesPerSecond) + ", batches with headers"
		if r.Rates.WireBytesPerSecond > 0 { // else more seems to be consumed than was acked
			text += "; acked so " + bandwidth(r.Rates.WireBytesPerSecond)
		}
		row("consumed", text)
	}
	throttled := "no throttle responses"
	if r.Throttle.Responses > 0 {
		throttled = percent(r.Throttle.Share) + " of connection time, " + count(r.Throttle.Responses) + " throttle responses"
	}
	row("throttled", throttled)
	for _, f := range r.Fleets {
		if t := f.Transactions; t != nil {
			text := clip(f.Name, 40) + ": " + count(t.Committed) + " committed, " + count(t.Aborted) + " aborted"
			if t.Unknown > 0 {
				text += ", " + count(t.Unknown) + " without an answer"
			}
			row("transactions", text)
		}
	}
	for _, i := range r.Idle {
		text := clip(i.Name, 40) + ": " + count(i.Held) + " of " + count(int64(i.Connections)) + " connections held"
		if i.Failed > 0 {
			text += ", " + count(i.Failed) + " times one was refused or closed"
		}
		row("idle", text)
	}
	return all
}

func (s *sheet) latency(r *Result) {
	column := min(12, (s.width-labelWidth)/3)
	line := func(label string, cells ...string) {
		text := fmt.Sprintf("%-*s", labelWidth, label)
		for _, cell := range cells {
			text += fmt.Sprintf("%*s", column, cell)
		}
		fmt.Fprintln(s.w, text)
	}
	line("latency", "p50", "p99", "max")
	for _, l := range percentileRows(r) {
		line("  "+l.name, l.p50, l.p99, l.max)
	}
	if shares := r.Spent.shares(); shares != "" {
		s.row("waited for", shares)
	}
	if n := r.Latency.Response.Censored; n > 0 {
		s.row("", count(n)+" records were not acked when the run ended; their age then is a lower bound (≥)")
	}
	if n := r.Latency.EndToEnd.Censored; n > 0 {
		s.row("", count(n)+" records were received early, because the end of the traffic cut a wait of their group short; their end to end is a lower bound (≥)")
	}
	if text := clockOffset(r.Latency.EndToEnd); text != "" {
		s.row("", text)
	}
	s.gap()
}

type percentileRow struct{ name, p50, p99, max string }

// percentileRows are the latencies that were measured at all.
func percentileRows(r *Result) (all []percentileRow) {
	for _, c := range []struct {
		name string
		l    Latency
	}{{"response", r.Latency.Response}, {"service", r.Latency.Service}, {"end to end", r.Latency.EndToEnd}} {
		if c.l.Count > 0 {
			all = append(all, percentileRow{c.name,
				atLeast(c.l.P50, c.l.P50Censored), atLeast(c.l.P99, c.l.P99Censored), atLeast(c.l.Max, c.l.MaxCensored)})
		}
	}
	return all
}

func (s *sheet) counts(r *Result) {
	label := "records"
	for _, b := range balances(r) {
		text := b.Equation
		if strings.HasPrefix(b.Name, "group ") {
			text = b.Name + ": " + text
		}
		if !b.Holds {
			text += ": does not add up"
		}
		if b.Note != "" {
			text += ", " + b.Note
		}
		s.row(label, text)
		label = ""
	}
	label = "backlog"
	for _, g := range r.Groups {
		if g.BacklogMax > 0 {
			s.row(label, "group "+clip(g.Name, 40)+": at most "+count(g.BacklogMax)+" records behind")
			label = ""
		}
	}
	s.gap()
}

func (s *sheet) headroom(r *Result) {
	rows := uses(r)
	if len(rows) == 0 {
		s.row("limits", "none declared")
		s.gap()
		return
	}
	label := "limits"
	for _, u := range rows {
		name, used, free := u.Limit, u.Used, u.Free
		if u.Scope != "" && u.Scope != "cluster" {
			name += " " + u.Scope
		}
		// Say a unit once: "812 of 15,000 requests/s".
		if _, unit, ok := strings.Cut(u.Declared, " "); ok {
			used = strings.TrimSuffix(used, " "+unit)
		}
		if !u.Bound {
			free += " free"
		}
		s.row(label, fmt.Sprintf("%-28s %11s  %s of %s", name, free, used, u.Declared))
		label = ""
	}
	s.gap()
}

func (s *sheet) partitions(r *Result) {
	d := directionOf(r)
	label := "hottest"
	for _, p := range hottest(r, d, 3) {
		text := fmt.Sprintf("%s  %s %s", partitionName(p.Topic, p.Partition, 24), bandwidth(d.observed(p)), d.verb)
		if predicted := d.predicted(p); predicted > 0 {
			text += ", " + bandwidth(predicted) + " predicted"
		}
		if p.ResponseP99 > 0 {
			text += ", p99 " + atLeast(p.ResponseP99, p.P99Censored)
		}
		s.row(label, text)
		label = ""
	}
	if len(r.Partitions) > 0 {
		s.gap()
	}
}

// validText says that a run is valid, and what of that is known.
func validText(r *Result) string {
	missing := unmade(r)
	if len(missing) == 0 {
		return fmt.Sprintf("valid: all %d checks passed", len(r.Validity.Checks))
	}
	return fmt.Sprintf("valid: %d checks passed; %s could not be made: this system does not tell",
		len(r.Validity.Checks)-len(missing), strings.Join(missing, ", "))
}

func (s *sheet) health(r *Result) {
	if r.Validity.Valid {
		s.row("instrument", validText(r))
	}
	label := "invalid"
	for _, reason := range r.Validity.Reasons {
		s.row(label, evidence(reason))
		label = ""
	}
	for i, e := range r.Errors {
		if i == 5 {
			s.row("", fmt.Sprintf("and %d more kinds of error", len(r.Errors)-i))
			break
		}
		s.row("errors", fmt.Sprintf("%s × %s: %s", count(e.Count), clip(e.Where, 20), clip(e.Error, 200)))
	}
}

// evidence is what a check of the run says, with its numbers.
func evidence(r Reason) string {
	return clip(r.Message, 300) + " (observed " + reading(r.Observed, r.Unit) + ", bound " + reading(r.Bound, r.Unit) + ")"
}

// wrap breaks text into lines of at most width characters at spaces; a longer
// word is cut.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.SplitSeq(text, " ") {
		word = clip(word, width)
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, strings.TrimRight(line, " "))
			line = ""
			if word == "" {
				continue
			}
		}
		if line != "" || word == "" {
			line += " "
		}
		line += word
	}
	return append(lines, strings.TrimRight(line, " "))
}
