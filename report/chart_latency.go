package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// quantile is one of the percentiles that a second has; 0 where it has none.
type quantile struct {
	name  string
	value func(Second) float64
}

// latencyChart is the response percentiles over time.
func latencyChart(r *Result) plot {
	quantiles := []quantile{
		{"p50", func(s Second) float64 { return s.P50 }},
		{"p99", func(s Second) float64 { return s.P99 }},
		{"max", func(s Second) float64 { return s.Max }},
	}
	p := latencyPlot(r, chart{
		ID: "latency", Title: latencyFinding(r, "Response", "acked", quantiles[1], func(s Second) int64 { return s.Waiting }), Height: 220,
		Y: "response time of records acked in each second, logarithmic",
	}, quantiles)
	p.Table.Head = append(p.Table.Head, "lag max")
	for i, step := range newTimeline(r).steps {
		p.Table.Rows[i] = append(p.Table.Rows[i], millis(highest(step, func(s Second) float64 { return s.LagMax })))
	}
	return p
}

// arrivalChart is the end-to-end percentiles over time; nil where the result does not
// have them second by second, as those of earlier versions.
func arrivalChart(r *Result) *plot {
	quantiles := []quantile{
		{"p50", func(s Second) float64 { return s.EndToEndP50 }},
		{"p99", func(s Second) float64 { return s.EndToEndP99 }},
		{"max", func(s Second) float64 { return s.EndToEndMax }},
	}
	if !slices.ContainsFunc(r.Timeline, func(s Second) bool { return s.EndToEndMax > 0 }) {
		return nil
	}
	of := "end-to-end time of records received in each second"
	if len(r.Groups) > 1 {
		of += " by all groups"
	}
	p := latencyPlot(r, chart{
		ID: "arrival", Title: latencyFinding(r, "End-to-end", "received", quantiles[1], func(s Second) int64 { return s.Backlog }), Height: 220,
		Y: of + ", logarithmic",
	}, quantiles)
	return &p
}

// latencyPlot draws percentiles over time on a logarithmic axis.
func latencyPlot(r *Result, c chart, quantiles []quantile) plot {
	t := newTimeline(r)
	low, high := math.Inf(1), 0.0
	for _, s := range r.Timeline {
		for _, q := range quantiles {
			if v := q.value(s); v > 0 {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if high == 0 {
		low, high = 1, 10
	}
	ticks, from, to := decades(low, high)
	y := logarithmic(from, to)
	c.X, c.Table = "seconds since the start of traffic", table{Head: []string{"second"}, Texts: 1, Note: t.note("the worst second")}
	p := plot{chart: c, XTicks: timeTicks(t.end), YTicks: ticks, Bands: t.bands(r), Marks: t.marks(r, markRoomHalf)}
	var ends []float64
	for _, q := range quantiles {
		p.Table.Head = append(p.Table.Head, q.name)
		points := t.trace(y, func(s Second) (float64, bool) { v := q.value(s); return v, v > 0 })
		if len(points) == 0 {
			continue
		}
		p.Lines = append(p.Lines, line{D: path(points), Class: q.name})
		p.Labels = append(p.Labels, label{Text: q.name, Class: q.name})
		ends = append(ends, 1-points[len(points)-1].y)
	}
	p.place(ends...)
	p.Readout = t.readout(func(step []Second) string {
		var parts []string
		for _, q := range quantiles {
			parts = append(parts, q.name+" "+latencyCell(highest(step, q.value)))
		}
		return strings.Join(parts, ", ")
	})
	for _, step := range t.steps {
		row := []string{stepName(step)}
		for _, q := range quantiles {
			row = append(row, latencyCell(highest(step, q.value)))
		}
		p.Table.Rows = append(p.Table.Rows, row)
	}
	return p
}

// latencyCell is a dash for a second that has none.
func latencyCell(ms float64) string {
	if ms == 0 {
		return "–"
	}
	return millis(ms)
}

// latencyFinding compares the first measured second with the best and the worst one, and
// counts those in which nothing was done although records were left waiting.
func latencyFinding(r *Result, name, done string, q quantile, left func(Second) int64) string {
	var first, worst, best float64
	at, silent := 0, 0
	for _, s := range r.Timeline {
		v := q.value(s)
		if !measured(r, s) {
			continue
		}
		if v <= 0 {
			if left(s) > 0 {
				silent++
			}
			continue
		}
		if first == 0 {
			first, best = v, v
		}
		if v > worst {
			worst, at = v, s.Second
		}
		best = min(best, v)
	}
	name += " " + q.name
	silence := ""
	if silent > 0 {
		silence = fmt.Sprintf("; in %d s nothing was %s", silent, done)
	}
	switch {
	case first == 0:
		return "No record was " + done + " in the measured phases"
	case worst < 3*best:
		return name + " stayed between " + millis(best) + " and " + millis(worst) + silence
	case worst < 3*first:
		return fmt.Sprintf("%s swung between %s and %s%s", name, millis(best), millis(worst), silence)
	}
	return fmt.Sprintf("%s rose from %s to %s at %d s%s", name, millis(first), millis(worst), at, silence)
}
