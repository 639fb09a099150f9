package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// maxGroups is how many consumer groups a chart draws: those that fared worst.
const maxGroups = 4

// worstGroups are those that a chart draws, with what names each, and a note where
// there are more.
func worstGroups(r *Result, by func(Group) float64) (shown []Group, note string) {
	shown = slices.Clone(r.Groups)
	slices.SortStableFunc(shown, func(a, b Group) int { return cmp.Compare(by(b), by(a)) })
	if len(shown) > maxGroups {
		shown, note = shown[:maxGroups], fmt.Sprintf("The %d groups that fared worst of %d; result.json has all.", maxGroups, len(shown))
	}
	return shown, note
}

func groupClass(i int) string { return "group" + strconv.Itoa(i) }

// endToEndChart is the percentile curve of each group's end-to-end time.
func endToEndChart(r *Result) plot {
	shown, note := worstGroups(r, func(g Group) float64 { return g.EndToEnd.P99 })
	shown = slices.DeleteFunc(shown, func(g Group) bool { return g.EndToEnd.Count == 0 })
	var curves []curve
	for i, g := range shown {
		curves = append(curves, curve{name: clip(g.Name, 14), class: groupClass(i), latency: g.EndToEnd})
	}
	p := percentilePlot(chart{
		ID: "end-to-end", Title: endToEndFinding(shown), Height: 220,
		Y: "end-to-end time of each group, logarithmic", X: "percentile of records, measured phases",
	}, curves, "at least: records received early, because the traffic ended")
	p.Table.Note = note
	return p
}

func endToEndFinding(worstFirst []Group) string {
	if len(worstFirst) == 0 {
		return "No record of the measured phases was received"
	}
	text := func(g Group) string {
		return "within " + atLeast(g.EndToEnd.P99, g.EndToEnd.P99Censored)
	}
	g := worstFirst[0]
	if len(worstFirst) == 1 {
		return fmt.Sprintf("%s received 99 %% of the records %s of when they were due", clip(g.Name, 30), text(g))
	}
	return fmt.Sprintf("%s was the slowest group: 99 %% of the records %s of when they were due", clip(g.Name, 30), text(g))
}

// backlogChart is how far each group was behind over time.
func backlogChart(r *Result) plot {
	t := newTimeline(r)
	shown, note := worstGroups(r, func(g Group) float64 { return float64(g.BacklogMax) })
	most := 0.0
	for _, g := range shown {
		most = max(most, highest(r.Timeline, g.backlogAt))
	}
	top := 1.06 * max(most, 1)
	y := linear(0, top)
	p := plot{
		chart: chart{
			ID: "backlog", Title: backlogFinding(r, shown), Height: 220,
			Y: "records in the log that a group had not received, at each second’s end", X: "seconds since the start of traffic",
			Table: table{Head: []string{"second"}, Texts: 1, Note: joined(t.note("the highest"), note)},
		},
		XTicks: timeTicks(t.end), Bands: t.bands(r), Marks: t.marks(r, markRoomHalf),
	}
	step := max(nice(top, 5), 1)
	for i := 0; float64(i)*step <= top; i++ {
		p.YTicks = append(p.YTicks, tick{At: vertical(y(float64(i) * step)), Label: thousands(float64(i) * step)})
	}
	var ends []float64
	for i, g := range shown {
		points := t.trace(y, always(g.backlogAt))
		p.Lines = append(p.Lines, line{D: path(points), Class: groupClass(i)})
		p.Labels = append(p.Labels, label{Text: clip(g.Name, 14), Class: groupClass(i)})
		p.Table.Head = append(p.Table.Head, clip(g.Name, 40))
		ends = append(ends, 1-points[len(points)-1].y)
	}
	p.place(ends...)
	p.Readout = t.readout(func(step []Second) string {
		text := ""
		for i, g := range shown {
			if i > 0 {
				text += ", "
			}
			text += clip(g.Name, 14) + " " + digits(highest(step, g.backlogAt))
		}
		return text + " records behind"
	})
	for _, step := range t.steps {
		row := []string{stepName(step)}
		for _, g := range shown {
			row = append(row, digits(highest(step, g.backlogAt)))
		}
		p.Table.Rows = append(p.Table.Rows, row)
	}
	return p
}

// backlogAt is how far a group was behind at a second's end.
func (g Group) backlogAt(s Second) float64 {
	if s.Second < 0 || s.Second >= len(g.Backlog) {
		return 0
	}
	return float64(g.Backlog[s.Second])
}

// backlogKnown tells whether the result has the backlog second by second, which those
// of earlier versions do not.
func backlogKnown(r *Result) bool {
	return len(r.Timeline) > 0 && slices.ContainsFunc(r.Groups, func(g Group) bool { return len(g.Backlog) > 0 })
}

func backlogFinding(r *Result, worstFirst []Group) string {
	g := worstFirst[0]
	if g.BacklogMax == 0 {
		return "No group was behind at the end of a measured second"
	}
	text := fmt.Sprintf("%s was up to %s records behind", clip(g.Name, 30), count(g.BacklogMax))
	for _, s := range r.Timeline {
		if measured(r, s) && g.backlogAt(s) == float64(g.BacklogMax) {
			return text + fmt.Sprintf(", at %d s", s.Second+1)
		}
	}
	return text
}

// thousands renders a count for an axis: 250 k, 1.5 M.
func thousands(v float64) string {
	switch {
	case v >= 1e6:
		return digitsShort(v/1e6) + " M"
	case v >= 1e4:
		return digitsShort(v/1e3) + " k"
	}
	return digitsShort(v)
}

// joined puts sentences behind each other.
func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + b
}
