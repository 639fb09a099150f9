package main

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// outcome is what came of a case.
type outcome struct {
	c        benchCase
	began    time.Time
	load     string // of the machine before it
	rounds   int
	commands map[string]string
	rows     []row
	err      error
}

// markdown is the case's part of README.md.
func (o outcome) markdown() string {
	var s strings.Builder
	fmt.Fprintf(&s, "### %s\n\n%s. Against %s; %d rounds, %s, load of the machine before it %s.\n\n",
		o.c.name, o.c.what, sinkNames(o.c.sinks), o.rounds, o.began.UTC().Format("2006-01-02 15:04 MST"), o.load)
	if o.err != nil {
		fmt.Fprintf(&s, "Not measured: %s\n", strings.Join(strings.Fields(o.err.Error()), " "))
		return s.String()
	}
	first := o.rows[0]
	fmt.Fprintf(&s, "| | records/s | CPU, µs per record | memory, MB | records/s, %s ÷ it | CPU, %s ÷ it |\n|---|---|---|---|---|---|\n",
		first.peer, first.peer)
	for n, r := range o.rows {
		fmt.Fprintf(&s, "| %s | %s | %s | %s |", r.peer, thousands(figures(r.measures, rate).median),
			known("%.2f", figures(r.measures, cpu).median), known("%.0f", figures(r.measures, memory).median))
		if n == 0 {
			s.WriteString(" | |\n")
			continue
		}
		speed, work := ratios(first.measures, r.measures, rate), ratios(first.measures, r.measures, cpu)
		fmt.Fprintf(&s, " %s | %s |\n", speed, known(work.String(), work.median))
	}
	s.WriteString("\n| target | measured | |\n|---|---|---|\n")
	for _, t := range o.c.targets {
		observed, met := t.of(o.rows)
		fmt.Fprintf(&s, "| %s | %s | %s |\n", t.text, observed, map[bool]string{true: "met", false: "missed"}[met])
	}
	s.WriteString("\n```\n")
	for _, r := range o.rows {
		fmt.Fprintln(&s, o.commands[r.peer])
	}
	s.WriteString("```\n")
	return s.String()
}

func memory(m measure) float64 { return m.memory }

// known formats a value, or leaves the place of one that there is not.
func known(format string, v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	if !strings.Contains(format, "%") {
		return format
	}
	return fmt.Sprintf(format, v)
}

// thousands writes a number with commas.
func thousands(v float64) string {
	digits := fmt.Sprintf("%.0f", v)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func sinkNames(sinks []sink) string {
	var names []string
	for _, s := range sinks {
		names = append(names, s.name)
	}
	return strings.Join(names, " and ")
}

// replaceSection puts text between a section's two marks; a page that lacks them
// gets them at its end.
func replaceSection(page, name, text string) string {
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->\n"
	before, rest, found := strings.Cut(page, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		before, after = strings.TrimRight(page, "\n")+"\n\n", ""
	}
	return before + begin + text + end + after
}
