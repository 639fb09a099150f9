package report

import (
	"strconv"
	"strings"
)

// mark is a thin line across a chart where something happened. Its label is left out
// on narrow screens where it is Minor: one before leaves no room for it there.
type mark struct {
	X, Label, Text string
	Minor          bool
}

// The part of a chart's width that a mark's number needs: of a chart that takes the
// page's whole width, of one that takes half of it, and of one on a narrow screen.
const (
	markRoom       = 0.045
	markRoomHalf   = 0.1
	markRoomNarrow = 0.18
)

// marks are the run's events, by their numbers in the table of events. Those that
// are too close together share a line.
func (t timeline) marks(r *Result, room float64) []mark {
	var marks []mark
	var texts []string
	first, last, shown := 0, -1.0, -1.0 // shown is where the last label of a narrow screen is
	for i, e := range r.Events {
		if e.At < 0 || e.At > t.end {
			continue
		}
		x, number := t.x(e.At), strconv.Itoa(i+1)
		text := number + ": " + clip(e.Text, 200)
		if last >= 0 && x-last < room {
			m := &marks[len(marks)-1]
			m.Label = strconv.Itoa(first) + "–" + number
			if texts = append(texts, text); len(texts) <= maxMarked {
				m.Text = strings.Join(texts, "\n")
			}
			continue
		}
		first, last, texts = i+1, x, []string{text}
		marks = append(marks, mark{X: at(x), Label: number, Text: text, Minor: shown >= 0 && x-shown < markRoomNarrow})
		if !marks[len(marks)-1].Minor {
			shown = x
		}
	}
	return marks
}

const (
	// maxMarked is how many events one mark spells out.
	maxMarked = 10
	// maxEvents is how many the page lists.
	maxEvents = 200
)

// eventRow is one line of the table of events.
type eventRow struct {
	Number              int
	At, Until, What, Of string
}

func eventRows(r *Result) []eventRow {
	var rows []eventRow
	for i, e := range r.Events[:min(maxEvents, len(r.Events))] {
		row := eventRow{Number: i + 1, At: millis(1000 * e.At), Until: "", What: words(e.Kind), Of: clip(e.Text, 300)}
		if e.Until > 0 {
			row.Until = millis(1000 * e.Until)
		}
		rows = append(rows, row)
	}
	return rows
}
