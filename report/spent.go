package report

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// cause is one of what records wait for.
type cause struct {
	name  string // in a sentence: "93 % was …"
	class string // in the chart
	of    func(Spent) float64
}

// causes are in the order in which the chart stacks them.
var causes = [...]cause{
	{"throttling", "throttle", func(s Spent) float64 { return s.Throttle }},
	{"the broker", "broker", func(s Spent) float64 { return s.Broker }},
	{"the network", "network", func(s Spent) float64 { return s.Network }},
	{"the client", "client", func(s Spent) float64 { return s.Client }},
}

// Total is all of the time that records waited, in record-seconds.
func (s Spent) Total() float64 { return s.Throttle + s.Broker + s.Network + s.Client }

// mentioned is the smallest share that a sentence speaks of.
const mentioned = 0.001

// shares lists what the records waited for, most of it first: "93.1 % throttling,
// 6.9 % the client"; "" when none waited.
func (s Spent) shares() string {
	total := s.Total()
	if !(total > 0) {
		return ""
	}
	sorted := slices.Clone(causes[:])
	slices.SortStableFunc(sorted, func(a, b cause) int { return cmp.Compare(b.of(s), a.of(s)) })
	var parts []string
	for _, c := range sorted {
		if v := c.of(s) / total; v >= mentioned {
			parts = append(parts, percent(v)+" "+c.name)
		}
	}
	return strings.Join(parts, ", ")
}

// spentFinding is the sentence that says where the time of the records went.
func spentFinding(s Spent) string {
	first, rest, more := strings.Cut(s.shares(), ", ")
	if first == "" {
		return "No record waited in the measured phases"
	}
	i := strings.Index(first, "% ") + 2
	text := "Of the records’ waiting time " + first[:i] + "was " + first[i:]
	if more {
		text += ", " + rest
	}
	return text
}

// spentChart is what the records waited for over time: the height is how many waited
// at a time.
func spentChart(r *Result) plot {
	t := newTimeline(r)
	top := 1.06 * max(highest(r.Timeline, func(s Second) float64 { return s.Spent.Total() }), 1e-3)
	y := linear(0, top)
	p := plot{
		chart: chart{
			ID: "spent", Title: spentFinding(r.Spent), Height: 220,
			Y: "records that wait, mean of each second, by what they wait for", X: "seconds since the start of traffic",
			Table: table{Head: []string{"second", "waiting", "throttle", "broker", "network", "client"}, Texts: 1, Note: t.note("means")},
		},
		XTicks: timeTicks(t.end), Bands: t.unmeasured(r), Marks: t.marks(r, markRoom),
	}
	step := nice(top, 5)
	for i := 0; float64(i)*step <= top; i++ {
		p.YTicks = append(p.YTicks, tick{At: vertical(y(float64(i) * step)), Label: thousands(float64(i) * step)})
	}
	below := make([]float64, len(t.steps))
	for _, c := range causes {
		above := slices.Clone(below)
		for i, step := range t.steps {
			above[i] += mean(step, func(s Second) float64 { return c.of(s.Spent) })
		}
		if !slices.Equal(above, below) {
			p.Areas = append(p.Areas, line{D: t.area(y, below, above), Class: c.class})
			p.Key = append(p.Key, key{c.class, c.name})
		}
		below = above
	}
	p.Readout = t.readout(func(step []Second) string {
		s := meanSpent(step)
		if s.Total() == 0 {
			return "no record waits"
		}
		return digits(s.Total()) + " records wait: " + s.shares()
	})
	for _, step := range t.steps {
		s := meanSpent(step)
		row := []string{stepName(step), digits(s.Total())}
		for _, c := range causes {
			row = append(row, digits(c.of(s)))
		}
		p.Table.Rows = append(p.Table.Rows, row)
	}
	return p
}

func meanSpent(step []Second) (s Spent) {
	s.Throttle = mean(step, func(s Second) float64 { return s.Spent.Throttle })
	s.Broker = mean(step, func(s Second) float64 { return s.Spent.Broker })
	s.Network = mean(step, func(s Second) float64 { return s.Spent.Network })
	s.Client = mean(step, func(s Second) float64 { return s.Spent.Client })
	return s
}

// area draws what lies between two heights of each step, in steps.
func (t timeline) area(y scale, below, above []float64) string {
	var up, down []point
	for i, step := range t.steps {
		from := float64(step[0].Second)
		for _, x := range []float64{from, math.Min(from+float64(len(step)), t.end)} {
			up = append(up, point{x: t.x(x), y: y(above[i])})
			down = append(down, point{x: t.x(x), y: y(below[i])})
		}
	}
	slices.Reverse(down)
	return path(append(up, down...)) + "Z"
}
