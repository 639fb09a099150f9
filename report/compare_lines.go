package report

import (
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// maxDiffLines is how many lines of a difference of scenarios are shown.
const maxDiffLines = 2000

// diffLine is a line of two texts held against each other. Side is "before" or "after"
// where only that text has it, "" where both do, and "gap" where lines that both have are
// left out.
type diffLine struct{ Side, Text string }

// scenarioLines are the lines in which the resolved scenarios of the first runs of both
// sides differ, with three lines around; none where they are the same.
func (c *Comparison) scenarioLines() (lines []diffLine, note string) {
	before, after := c.Before[0].Scenario.Resolved, c.After[0].Scenario.Resolved
	if len(before) > maxScenarioBytes || len(after) > maxScenarioBytes {
		return nil, "Not compared line by line: one of the scenarios is longer than any that somebody wrote."
	}
	for _, runs := range [][]*Result{c.Before, c.After} {
		if len(distinct(runs, func(r *Result) string { return r.Scenario.Resolved })) > 1 {
			note = "The runs of a side have more than one scenario; those of the first run of each side are shown."
		}
	}
	unified := strings.Split(strings.TrimSuffix(string(diff.Diff("before", ended(before), "after", ended(after))), "\n"), "\n")
	if len(unified) < 4 {
		return nil, note
	}
	for i, text := range unified[3:] { // behind the names
		switch {
		case len(lines) == maxDiffLines:
			return lines, joined(note, "The first "+counted(maxDiffLines, "line")+"; the folders’ scenario.yaml have all.")
		case text[0] == '@' && i == 0:
		case text[0] == '@':
			lines = append(lines, diffLine{"gap", "…"})
		default:
			lines = append(lines, diffLine{map[byte]string{'-': "before", '+': "after"}[text[0]], clip(text[1:], 400)})
		}
	}
	return lines, note
}

// ended is a text whose last line is a whole one.
func ended(text string) []byte { return []byte(strings.TrimSuffix(text, "\n") + "\n") }

// comparedTrait is something that runs should have in common, of both sides.
type comparedTrait struct {
	Name, Before, After string
	Known               bool // of any run
	Differs, Decides    bool
}

// traitRows are versions, targets and machines of both sides.
func (c *Comparison) traitRows() (rows []comparedTrait) {
	for i, traits := range [][]trait{decidingTraits(), incidentalTraits()} {
		for _, t := range traits {
			before, after := distinct(c.Before, t.of), distinct(c.After, t.of)
			rows = append(rows, comparedTrait{
				Name: t.name, Before: enumerated(before, 3), After: enumerated(after, 3),
				Known: before[0]+after[0] != "" || differ(before, after), Differs: differ(before, after), Decides: i == 0,
			})
		}
	}
	return rows
}
