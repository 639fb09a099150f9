package report

import (
	"fmt"
	"math"
	"slices"
)

// loadOver is the load of both sides over time, over each other.
func loadOver(c *Comparison, sides ...*side) plot {
	reading := true
	for _, g := range sides {
		reading = reading && !slices.ContainsFunc(g.runs, func(r *Result) bool { return !onlyReads(r) })
	}
	lines, unit := loadLines(reading)
	axis := commonAxis(sides)
	if axis.step > 1 {
		unit += fmt.Sprintf("; bold: mean of each %d s", axis.step)
	}
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
	heights := append(drawLoads(&p, axis, y, lines, sides), drawLimits(&p, y, top, limits)...)
	p.place(heights...)
	if slices.ContainsFunc(p.Bands, func(b band) bool { return b.Class == "unmeasured" }) {
		p.Key = append(p.Key, key{"unmeasured", "not measured"})
	}
	loadValues(&p, axis, lines, sides)
	return p
}

// drawLoads draws each run thin and the medians over them, before over after as
// percentilePlot does, and returns how far from the top their names belong.
func drawLoads(p *plot, axis timeline, y scale, lines []loadLine, sides []*side) (heights []float64) {
	draw := func(t timeline, l loadLine, class string) {
		p.Lines = append(p.Lines, line{D: path(t.trace(y, always(l.value))), Class: class + " " + l.name})
	}
	for _, l := range lines {
		for _, g := range sides {
			for _, r := range g.thin() {
				draw(axis.with(r.Timeline), l, g.name+" run")
			}
		}
	}
	for i, l := range lines {
		same := math.Abs(sides[0].rate(l)/sides[1].rate(l)-1) < 0.01
		for _, g := range slices.Backward(sides) {
			own := g.name + "-" + l.name + " " + g.name
			draw(axis.means(g.seconds), l, own+" median")
			text := l.name + " " + g.name
			switch {
			case i == len(lines)-1: // what got through
				text = g.name
			case same && g == sides[1]:
				continue
			case same:
				text = l.name
			}
			p.Labels = append(p.Labels, label{Text: text, Class: own})
			heights = append(heights, 1-y(g.rate(l)))
		}
	}
	return heights
}

// drawLimits draws the limits that are not beyond the axis.
func drawLimits(p *plot, y scale, top float64, limits []sideLimit) (heights []float64) {
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
	return heights
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

// means are seconds of which each is the mean of a step: two medians whose lowest and
// highest second are drawn in each step would cover each other.
func (t timeline) means(seconds []Second) timeline {
	var all []Second
	for _, step := range t.with(seconds).steps {
		of := func(value func(Second) float64) int64 { return int64(math.Round(mean(step, value))) }
		all = append(all, Second{
			Second:       step[0].Second + (len(step)-1)/2,
			OfferedBytes: of(offeredBytes), AckedBytes: of(ackedBytes), ConsumedBytes: of(consumedBytes),
		})
	}
	return newTimelineOn(all, 1, t.end)
}

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
