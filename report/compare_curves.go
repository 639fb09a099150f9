package report

import (
	"fmt"
	"slices"
	"strings"
)

// maxThin is how many runs of a group are drawn beside its median.
const maxThin = 20

// thin are the runs that are drawn beside the median: none where there is one only.
func (g *side) thin() []*Result {
	if len(g.runs) == 1 {
		return nil
	}
	return g.runs[:min(maxThin, len(g.runs))]
}

// sideKeys tell the sides' lines apart.
func sideKeys(sides ...*side) (keys []key) {
	for _, g := range sides {
		keys = append(keys, key{g.name, g.name + ", " + g.of()})
	}
	for _, g := range sides {
		switch n := len(g.runs); {
		case n > maxThin:
			return append(keys, key{"run", fmt.Sprintf("one run (the first %d of a side)", maxThin)})
		case n > 1:
			return append(keys, key{"run", "one run"})
		}
	}
	return keys
}

// percentileChart is the percentile curve of a time, of both sides over each other.
func percentileChart(c *Comparison, id, name, metric string, of func(*Latencies) *Latency, sides ...*side) plot {
	var curves []curve
	medians := make([][]CurvePoint, len(sides))
	note := ""
	for i, g := range sides {
		medians[i] = medianCurve(g.runs, of)
		curves = append(curves, curve{name: g.name, class: g.name + " median", latency: Latency{Curve: medians[i]}})
		if n := len(slices.DeleteFunc(slices.Clone(g.runs), func(r *Result) bool { return len(drawn(*of(&r.Latency))) > 0 })); n > 0 {
			note = joined(note, fmt.Sprintf("Not known of %d of %s %s.", n, counted(len(g.runs), "run"), g.name))
		}
	}
	for _, g := range sides {
		for _, r := range g.thin() {
			curves = append(curves, curve{class: g.name + " run", latency: *of(&r.Latency)})
		}
	}
	p := percentilePlot(chart{
		ID: id, Title: c.p99Title(capital(name), metric, of, sides), Height: 240,
		Y: name + " time, logarithmic", X: "percentile of records, measured phases",
	}, curves, "at least: records not acked when the run ended")
	p.Key = append(sideKeys(sides...), p.Key...)
	p.Table.Note = note
	appendFactor(&p.Table, medians)
	return p
}

// p99Title is a chart's title: the medians of the runs' p99, which in a comparison within
// one run are not what is compared.
func (c *Comparison) p99Title(name, metric string, of func(*Latencies) *Latency, sides []*side) string {
	var texts []string
	for _, g := range sides {
		var all []orMore
		for _, r := range g.runs {
			if l := of(&r.Latency); l.Count > 0 {
				all = append(all, orMore{l.P99, l.P99Censored})
			}
		}
		text := unknown
		if len(all) > 0 {
			m := medianOfBounds(all)
			text = atLeast(m.value, m.lower)
		}
		texts = append(texts, text+" "+g.name)
	}
	return name + " p99: " + strings.Join(texts, ", ") + c.verdictOn(metric)
}

// verdictOn is how a metric of whole runs compares; nothing where it is not compared.
func (c *Comparison) verdictOn(metric string) string {
	i := slices.IndexFunc(c.Metrics, func(m MetricFinding) bool { return m.Name == metric })
	switch m := c.Metrics[i]; {
	case m.Unknown != "":
		return ", not compared"
	case c.Within:
		return ""
	default:
		return ", " + difference(m.Finding) + ": " + string(m.Word)
	}
}

// appendFactor adds to a table of two curves how far the second lies above the first.
func appendFactor(t *table, curves [][]CurvePoint) {
	at := func(points []CurvePoint, name string) (CurvePoint, bool) {
		i := slices.IndexFunc(points, func(p CurvePoint) bool { return quantileName(p.Quantile) == name })
		if i < 0 || points[i].Censored {
			return CurvePoint{}, false
		}
		return points[i], true
	}
	t.Head = append(t.Head, "difference")
	for i, row := range t.Rows {
		text := "–"
		before, ok := at(curves[0], row[0])
		if after, also := at(curves[1], row[0]); ok && also {
			text = relative(after.Millis/before.Millis - 1)
		}
		t.Rows[i] = append(row, text)
	}
}
