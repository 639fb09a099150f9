package main

import (
	"fmt"
	"math"
	"strings"
)

// markdown is the case's part of README.md.
func (o outcome) markdown(commands map[string]string) string {
	var s strings.Builder
	fmt.Fprintf(&s, "### %s\n\n%s. Against %s.\n", o.c.name, o.c.what, sinkNames(o.c.sinks))
	fmt.Fprintf(&s, "%s, %d rounds; %s.\n\n",
		o.began.UTC().Format("2006-01-02 15:04 MST"), o.complete(), o.others)
	for _, m := range o.missing {
		fmt.Fprintf(&s, "Not measured: %s\n\n", oneLine(m))
	}
	for _, f := range o.failed {
		fmt.Fprintf(&s, "Left out: %s\n\n", oneLine(f))
	}
	if o.err != nil {
		fmt.Fprintf(&s, "Not measured: %s\n", oneLine(o.err.Error()))
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
		fmt.Fprintf(&s, "| %s | %s |\n", t.text, t.of(o.rows))
	}
	for n, m := range first.measures {
		if m.invalid != "" {
			fmt.Fprintf(&s, "\nRound %d, in msklt's own words: %s\n", n+1, m.invalid)
		}
	}
	s.WriteString("\n```\n")
	for _, r := range o.rows {
		fmt.Fprintln(&s, commands[r.peer])
	}
	s.WriteString("```\n")
	return s.String()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

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
