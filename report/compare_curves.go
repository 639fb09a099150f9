package report

import (
	"fmt"
	"math"
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

// loadOver is the load of both sides over time, over each other.
func loadOver(c *Comparison, sides ...*side) plot {
	reading := true
	for _, g := range sides {
		reading = reading && !slices.ContainsFunc(g.runs, func(r *Result) bool { return !onlyReads(r) })
	}
	lines, unit := loadLines(reading)
	axis := commonAxis(sides)
	main := lines[len(lines)-1] // what got through
	metric := map[bool]string{false: "acked.rate", true: "consumed.rate"}[reading]
	p := plot{
		chart: chart{
			ID: "load", Title: c.rateTitle(main, metric, sides), Height: 260, Y: unit,
			X: "seconds since the start of traffic", Key: sideKeys(sides...),
		},
		XTicks: timeTicks(axis.end), Bands: commonBands(axis, sides),
	}
	var limits []sideLimit
	if !reading {
		limits = sideLimits(sides)
		p.Key = append(p.Key, key{"offered", "dashed: offered"})
	}
	top := highestLoad(lines, limits, sides)
	p.YTicks, top = rateTicks(top, vertical)
	y := linear(0, top)
	var heights []float64
	for _, l := range lines {
		for _, g := range sides {
			for _, r := range g.thin() {
				p.Lines = append(p.Lines, line{D: path(axis.with(r.Timeline).trace(y, always(l.value))), Class: g.name + " run " + l.name})
			}
		}
	}
	for _, l := range lines {
		for _, g := range sides {
			p.Lines = append(p.Lines, line{D: path(axis.with(g.seconds).trace(y, always(l.value))), Class: g.name + "-" + l.name + " " + g.name + " median " + l.name})
			text := l.name + " " + g.name
			switch {
			case l.name == main.name:
				text = g.name
			case math.Abs(sides[0].rate(l)/sides[1].rate(l)-1) < 0.01 && g == sides[0]:
				continue
			case math.Abs(sides[0].rate(l)/sides[1].rate(l)-1) < 0.01:
				text = l.name
			}
			p.Labels = append(p.Labels, label{Text: text, Class: g.name + "-" + l.name + " " + g.name})
			heights = append(heights, 1-y(g.rate(l)))
		}
	}
	for _, l := range limits {
		if l.load > top {
			p.Key = append(p.Key, key{"", l.text + ", beyond the axis"})
			continue
		}
		p.Lines = append(p.Lines, line{D: path([]point{{x: 0, y: y(l.load)}, {x: 1, y: y(l.load)}}), Class: "limit"})
		p.Labels = append(p.Labels, label{Text: l.name, Class: "limit"})
		p.Key = append(p.Key, key{"limit", l.text})
		heights = append(heights, 1-y(l.load))
	}
	p.place(heights...)
	if slices.ContainsFunc(p.Bands, func(b band) bool { return b.Class == "unmeasured" }) {
		p.Key = append(p.Key, key{"unmeasured", "not measured"})
	}
	loadValues(&p, axis, lines, sides)
	return p
}

// rateTitle is the title of the chart of the load: the medians of the runs' rates.
func (c *Comparison) rateTitle(l loadLine, metric string, sides []*side) string {
	return fmt.Sprintf("%s: %s before, %s after", capital(l.name), bandwidth(sides[0].rate(l)), bandwidth(sides[1].rate(l))) + c.verdictOn(metric)
}

// commonAxis is an axis of time for all runs, without seconds of its own.
func commonAxis(sides []*side) timeline {
	end, length := 1.0, 0
	for _, g := range sides {
		for _, r := range g.runs {
			end, length = max(end, timeEnd(r)), max(length, len(r.Timeline))
		}
	}
	return newTimelineOn(make([]Second, length), (length+maxColumns-1)/maxColumns, end)
}

// with puts other seconds on the axis.
func (t timeline) with(seconds []Second) timeline { return newTimelineOn(seconds, t.step, t.end) }

// commonBands shades what was not measured, where all runs have the same phases.
func commonBands(axis timeline, sides []*side) []band {
	first := sides[0].runs[0]
	for _, g := range sides {
		for _, r := range g.runs {
			if !slices.EqualFunc(r.Phases, first.Phases, func(a, b Phase) bool {
				return a.Name == b.Name && a.From == b.From && a.To == b.To && a.Measured == b.Measured
			}) {
				return nil
			}
		}
	}
	return axis.unmeasured(first)
}

// rate is the median of a line's means over the measured phases.
func (g *side) rate(l loadLine) float64 {
	var values []float64
	for _, r := range g.runs {
		values = append(values, l.mean(r.Rates))
	}
	return medianOf(values)
}

func highestLoad(lines []loadLine, limits []sideLimit, sides []*side) float64 {
	top := 0.0
	for _, l := range lines {
		for _, g := range sides {
			top = max(top, highest(g.seconds, l.value))
			for _, r := range g.thin() {
				top = max(top, highest(r.Timeline, l.value))
			}
		}
	}
	within := top
	for _, l := range limits {
		if l.load <= 1.5*top {
			within = max(within, l.load)
		}
	}
	return within
}

// sideLimit is the load that a limit allows, of one group or of both.
type sideLimit struct {
	load       float64
	name, text string
}

// sideLimits are the sides' ceilings, one line where they are within a hundredth of
// each other: how many bytes of batches keys and values take differs a little.
func sideLimits(sides []*side) (all []sideLimit) {
	for _, g := range sides {
		var loads []float64
		var first *ceiling
		for _, r := range g.runs {
			if c := loadCeiling(r); c != nil {
				loads = append(loads, c.load)
				if first == nil {
					first = c
				}
			}
		}
		if len(loads) == len(g.runs) {
			load := medianOf(loads)
			all = append(all, sideLimit{load, "limit " + g.name, first.text() + ": " + bandwidth(load) + " " + g.name})
		}
	}
	if len(all) == 2 && math.Abs(all[1].load/all[0].load-1) < 0.01 {
		all = all[:1]
		all[0].name = "limit"
	}
	return all
}

// loadValues fills the table and the read-out: the medians in each step of time.
func loadValues(p *plot, axis timeline, lines []loadLine, sides []*side) {
	p.Table = table{Head: []string{"second"}, Texts: 1, Note: axis.note("means")}
	for _, l := range lines {
		for _, g := range sides {
			p.Table.Head = append(p.Table.Head, l.name+" "+g.name+" MB/s")
		}
	}
	out := &readout{End: axis.end, Step: axis.step}
	for from := 0; from < max(len(sides[0].seconds), len(sides[1].seconds)); from += axis.step {
		name, text, row := "", "", []string{}
		for _, l := range lines {
			text += ", " + l.name
			for _, g := range sides {
				value := "–"
				if step := g.seconds[min(from, len(g.seconds)):min(from+axis.step, len(g.seconds))]; len(step) > 0 {
					value, name = megabytes(mean(step, l.value)), stepName(step)
				}
				row = append(row, value)
				text += " " + value + " " + g.name
			}
		}
		p.Table.Rows = append(p.Table.Rows, append([]string{name}, row...))
		out.X = append(out.X, 1000*from+500*axis.step)
		out.T = append(out.T, name+" s: "+text[2:]+" MB/s")
	}
	if len(out.T) > 0 {
		p.Readout = out
	}
}
