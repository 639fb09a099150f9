package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// markdownRows is how many rows of a table a summary shows: services bound what they
// take.
const markdownRows = 20

// Markdown writes runs for a pull request or a job's summary: for each the verdict, the
// numbers, thresholds, what bound, and whether it can be trusted. The text is of
// GitHub's and GitLab's flavour; names in it cannot become markup.
func Markdown(w io.Writer, runs []Attempt) error {
	var b strings.Builder
	for _, run := range runs {
		m := &markdown{&b}
		if r := run.Result; r != nil {
			m.result(run.Name, r)
		} else {
			m.line("## msklt " + inline(run.Name, 80) + ": no result\n\n**Error:** " + inline(run.Err.Error(), 2000) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

type markdown struct{ *strings.Builder }

func (m *markdown) line(text string) { m.WriteString(text + "\n") }

func (m *markdown) result(name string, r *Result) {
	m.line("## msklt " + inline(name, 80) + ": " + inline(words(string(r.Verdict.Status)), 40) + "\n")
	m.line("**Verdict:** " + inline(r.Verdict.Summary, 1000) + "\n")
	if r.Interrupted {
		m.line("**Interrupted**" + r.afterTraffic() + ": this is what ran until then.\n")
	}
	if r.Aborted != nil {
		m.line("The run was " + inline(stoppedBy(r.Aborted), 400) + ".\n")
	}
	m.numbers(r)
	m.thresholds(r)
	m.binding(r)
	m.validity(r)
	m.details(r)
}

// table writes a table of plain texts, or nothing where it would be empty.
func (m *markdown) table(head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	m.line("| " + strings.Join(head, " | ") + " |")
	m.line("|" + strings.Repeat("---|", len(head)))
	for _, row := range rows[:min(len(rows), markdownRows)] {
		m.WriteString("|")
		for _, cell := range row {
			m.WriteString(" " + inline(cell, 300) + " |")
		}
		m.line("")
	}
	m.line("")
	if n := len(rows) - markdownRows; n > 0 {
		m.line(fmt.Sprintf("and %d more.\n", n))
	}
}

func (m *markdown) numbers(r *Result) {
	var rows [][]string
	for _, f := range loadRows(r) {
		rows = append(rows, []string{f.label, f.text})
	}
	for _, l := range percentileRows(r) {
		rows = append(rows, []string{l.name, "p50 " + l.p50 + ", p99 " + l.p99 + ", max " + l.max})
	}
	if shares := r.Spent.shares(); shares != "" {
		rows = append(rows, []string{"waited for", shares})
	}
	m.table([]string{"", "measured phases"}, rows)
}

func (m *markdown) thresholds(r *Result) {
	var rows [][]string
	for _, o := range outcomes(r) {
		rows = append(rows, []string{o.Mark + " " + o.Word, o.Expression + of(o.Of), o.found()})
	}
	m.table([]string{"threshold", "", ""}, rows)
}

func (m *markdown) binding(r *Result) {
	var rows [][]string
	for _, b := range r.Verdict.Binding {
		rows = append(rows, []string{
			string(b.Limit), clip(b.Scope, 80), optional(b.Declared, b.Unit),
			quantity(b.Observed, b.Unit) + ", " + observedBy(b), seconds(b.SinceSeconds), percent(b.ThrottledShare),
		})
	}
	m.table([]string{"bound", "on", "declared", "observed", "since", "throttled"}, rows)
	for _, a := range r.Verdict.Advice[:min(len(r.Verdict.Advice), markdownRows)] {
		m.line("**Advice:** " + inline(a.Text, 400) + "\n")
	}
}

func (m *markdown) validity(r *Result) {
	if r.Validity.Valid {
		m.line("**The run** is " + inline(validText(r), 400) + ".\n")
		return
	}
	m.line("**The run is invalid:** do not use the numbers.\n")
	var rows [][]string
	for _, reason := range r.Validity.Reasons {
		rows = append(rows, []string{reason.Message, reading(reason.Observed, reason.Unit), reading(reason.Bound, reason.Unit)})
	}
	m.table([]string{"because", "observed", "bound"}, rows)
}

// details are folded away.
func (m *markdown) details(r *Result) {
	m.line("<details><summary>Limits, counts, and how it was run</summary>\n")
	var rows [][]string
	for _, u := range uses(r) {
		rows = append(rows, []string{u.Limit, u.Scope, u.Used, u.Declared, u.Free})
	}
	m.table([]string{"limit", "on", "used", "declared", "free"}, rows)
	rows = nil
	for _, b := range balances(r) {
		verdict := "adds up"
		if !b.Holds {
			verdict = "does not add up"
		}
		if b.Note != "" {
			verdict += ": " + b.Note
		}
		rows = append(rows, []string{b.Name, b.Equation, verdict})
	}
	m.table([]string{"records", "", ""}, rows)
	rows = nil
	for _, f := range []labelled{
		{"scenario", r.Scenario.Name + ", hash " + clip(r.Scenario.Hash, 80) + ", seed " + fmt.Sprint(r.Seed)},
		{"limits", r.Scenario.Limits},
		{"target", clip(r.Target.Name, 100) + ", " + count(int64(r.Target.Brokers)) + " brokers, " + r.Target.APILevel},
		{"traffic", "from " + r.StartedAt.UTC().Format("2006-01-02 15:04:05") + " UTC on, " + seconds(r.DurationSeconds)},
		{"versions", "msklt " + clip(r.Versions.Msklt, 40) + ", " + clip(r.Versions.Go, 40) + ", franz-go " + r.Versions.FranzGo},
	} {
		rows = append(rows, []string{f.label, f.text})
	}
	m.table([]string{"run", ""}, rows)
	m.line("</details>\n")
}

// inline is text that stands for itself in a paragraph or a table's cell: at most n
// characters, on one line, with nothing that Markdown or HTML would take for markup, and
// nobody mentioned.
func inline(text string, n int) string {
	var b strings.Builder
	for _, r := range clip(text, n) {
		switch {
		case r == '@':
			b.WriteString("@\u2060") // a word joiner, which cannot be part of a name
			continue
		case unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029':
			r = '\uFFFD'
		case strings.ContainsRune("\\`*_{}[]<>#|~&$", r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
