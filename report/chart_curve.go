package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// curveChart is the percentile curve of response and service time. Where response
// stands for records that were never acked it is dashed: only a lower bound.
func curveChart(r *Result) plot {
	return percentilePlot(chart{
		ID: "curve", Title: curveFinding(r), Height: 220,
		Y: "time, logarithmic", X: "percentile of records, measured phases",
	}, []curve{
		{name: "response", class: "response", latency: r.Latency.Response}, {name: "service", class: "service", latency: r.Latency.Service},
	}, "at least: records not acked when the run ended")
}

// curve is one histogram in a plot of percentiles. Without a name it is drawn, and in
// no table.
type curve struct {
	name, class string
	latency     Latency
}

// percentilePlot draws histograms on one axis, the first one over the others: x is
// log 1/(1−q), so that each nine has the same width.
func percentilePlot(c chart, curves []curve, censored string) plot {
	low, high, furthest := math.Inf(1), 0.0, 1000.0
	for _, s := range curves {
		for _, c := range drawn(s.latency) {
			low, high, furthest = min(low, c.Millis), max(high, c.Millis), max(furthest, nines(c))
		}
	}
	if high == 0 {
		low, high = 1, 10
	}
	ticks, from, to := decades(low, high)
	x, y := logarithmic(1, furthest), logarithmic(from, to)
	p := plot{chart: c, XTicks: quantileTicks(x, furthest), YTicks: ticks}
	var ends []float64
	for _, s := range slices.Backward(curves) {
		points, bound := curvePoints(s.latency, x, y)
		if len(points) == 0 {
			continue
		}
		p.Lines = append(p.Lines, line{D: path(points[:bound]), Class: s.class})
		if bound < len(points) {
			p.Lines = append(p.Lines, line{D: path(points[max(bound-1, 0):]), Class: s.class + " censored"})
			p.Key = []key{{"censored", censored}}
		}
		if s.name != "" {
			p.Labels = append(p.Labels, label{Text: s.name, Class: s.class})
			ends = append(ends, 1-points[len(points)-1].y)
		}
	}
	p.place(ends...)
	curveValues(&p, slices.DeleteFunc(slices.Clone(curves), func(s curve) bool { return s.name == "" }), x)
	return p
}

// drawn leaves out the points that a logarithmic plot cannot show.
func drawn(l Latency) []CurvePoint {
	var points []CurvePoint
	for _, c := range l.Curve {
		if c.Quantile >= 0 && c.Quantile < 1 && c.Millis > 0 && !math.IsInf(c.Millis, 0) {
			points = append(points, c)
		}
	}
	return points
}

// nines is a point's place on x: how many records there are for each one that
// was slower.
func nines(c CurvePoint) float64 { return 1 / (1 - c.Quantile) }

// curvePoints returns a curve and the index from which on it is censored.
func curvePoints(l Latency, x, y scale) (points []point, bound int) {
	for _, c := range drawn(l) {
		if !c.Censored {
			bound = len(points) + 1
		}
		points = append(points, point{x: x(nines(c)), y: y(c.Millis)})
	}
	return points, bound
}

func quantileTicks(x scale, furthest float64) []tick {
	ticks := []tick{{At: at(x(2)), Label: "p50", Minor: furthest > 1e4}}
	for n := 1; math.Pow(10, float64(n)) <= furthest*(1+1e-9) && n < 9; n++ {
		name := "p" + strings.Repeat("9", n)
		switch {
		case n == 1:
			name = "p90"
		case n > 2:
			name = "p99." + strings.Repeat("9", n-2)
		}
		ticks = append(ticks, tick{At: at(x(math.Pow(10, float64(n)))), Label: name, Minor: n > 2 && n%2 == 0})
	}
	return ticks
}

// curveValues fills the table and the read-out: a row for each point that a curve has.
func curveValues(p *plot, curves []curve, x scale) {
	p.Table = table{Head: []string{"percentile"}, Texts: 1}
	at := make([]map[float64]CurvePoint, len(curves))
	all := map[float64]CurvePoint{}
	for i, s := range curves {
		p.Table.Head = append(p.Table.Head, s.name)
		at[i] = map[float64]CurvePoint{}
		for _, c := range drawn(s.latency) {
			at[i][c.Quantile], all[c.Quantile] = c, c
		}
	}
	out := &readout{}
	for _, q := range slices.Sorted(maps.Keys(all)) {
		row, texts := []string{quantileName(q)}, []string{}
		for i, s := range curves {
			value := "–"
			if c, ok := at[i][q]; ok {
				value = atLeast(c.Millis, c.Censored)
			}
			row, texts = append(row, value), append(texts, s.name+" "+value)
		}
		p.Table.Rows = append(p.Table.Rows, row)
		out.X = append(out.X, int(math.Round(x(nines(all[q]))*1000)))
		out.T = append(out.T, row[0]+": "+strings.Join(texts, ", "))
	}
	if len(out.T) > 0 {
		p.Readout = out
	}
}

// quantileName is "p99.9", with as many digits as tell it from its neighbours.
func quantileName(q float64) string {
	decimals := 1
	for rest := 1 - q; rest < 0.01 && decimals < 9; rest *= 10 {
		decimals++
	}
	text := fmt.Sprintf("%.*f", decimals, q*100)
	return "p" + strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

func curveFinding(r *Result) string {
	response, service := r.Latency.Response, r.Latency.Service
	if response.Count == 0 || service.Count == service.Censored || service.P99 <= 0 {
		return "No record was acked in the measured phases"
	}
	p99 := atLeast(response.P99, response.P99Censored)
	if service.P99Censored { // the factor is not known
		return fmt.Sprintf("Response p99 is %s, the service time's %s", p99, atLeast(service.P99, true))
	}
	factor := response.P99 / service.P99
	if factor < 1.5 && !response.P99Censored {
		return fmt.Sprintf("Response and service time agree: p99 %s and %s", p99, millis(service.P99))
	}
	more := ""
	if response.P99Censored {
		more = "at least "
	}
	return fmt.Sprintf("Response p99 is %s%s× the service time's: %s against %s", more, digits(factor), p99, millis(service.P99))
}
