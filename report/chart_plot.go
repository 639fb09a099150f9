package report

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// plot is a line chart as the template draws it. Positions are percentages of
// the plot's area and paths are in a box of boxWidth × boxHeight that is
// stretched over it, so that a chart fills any width while its text keeps its
// size.
type plot struct {
	chart
	XTicks, YTicks []tick
	Bands          []band
	Areas          []line
	Lines          []line
	Marks          []mark // events
	Labels         []label
}

// chart is what every kind of chart has.
type chart struct {
	ID      string
	Title   string // the finding, computed from the data
	Y, X    string // axis titles with units
	Key     []key  // what is drawn how
	Height  int    // of the plot's area, in pixels
	Readout *readout
	Table   table
}

type (
	// tick is a mark on an axis; minor ones are left out on narrow screens.
	tick struct {
		At, Label string
		Minor     bool
		Anchor    string // of the text, where it is not centred
	}
	// band is a shaded span of the x axis over the full height; when it is Narrow its
	// label does not show until somebody zooms in.
	band struct {
		X, Width, Class, Label string
		Narrow                 bool
	}
	line struct{ D, Class string }
	// label names a line at its right end.
	label struct{ Y, Text, Class string }
	key   struct{ Class, Text string }
	// table is what is behind a chart. The first Texts columns are text, the
	// others numbers.
	table struct {
		Head  []string
		Texts int
		Named bool // each row is of the partition that its first cell names
		Rows  [][]string
		Note  string
	}
	// readout is what the pointer shows: for each position on x (milliseconds, or
	// thousandths of the width where x is not the time) a text; in a heat map also a
	// value of each row there, in MB/s.
	readout struct {
		End  float64    `json:"end,omitempty"`  // of the time axis, in seconds
		Step int        `json:"step,omitempty"` // seconds between two positions
		Of   []string   `json:"of,omitempty"`   // heat maps whose row is drawn as a line when it is followed
		Top  float64    `json:"top,omitempty"`  // of y then, in MB/s
		X    []int      `json:"x"`
		T    []string   `json:"t"`
		Rows []string   `json:"rows,omitempty"` // partitions
		V    [][]string `json:"v,omitempty"`    // values, or "lowest–highest" of a step
	}
)

const (
	boxWidth  = 2000
	boxHeight = 1000
)

// scale maps values to the fraction of an axis, 0 at its beginning.
type scale func(v float64) float64

func linear(low, high float64) scale {
	return func(v float64) float64 { return clamp((v - low) / (high - low)) }
}

func logarithmic(low, high float64) scale {
	span := math.Log(high / low)
	return func(v float64) float64 {
		if v <= low {
			return 0
		}
		return clamp(math.Log(v/low) / span)
	}
}

func clamp(fraction float64) float64 {
	if math.IsNaN(fraction) {
		return 0
	}
	return min(max(fraction, 0), 1)
}

// at renders a fraction as a percentage for SVG.
func at(fraction float64) string {
	return strconv.FormatFloat(math.Round(fraction*10000)/100, 'f', -1, 64) + "%"
}

// point is a position in a plot; a gap in the line precedes it when Gap is set.
type point struct {
	x, y float64 // fractions, y upward
	gap  bool
}

// path renders points as an SVG path in the box. A point between two gaps is a line
// of no length, which round ends make a dot.
func path(points []point) string {
	var b strings.Builder
	for i, p := range points {
		command := byte('L')
		if i == 0 || p.gap {
			command = 'M'
		}
		b.WriteByte(command)
		// A tenth, because a zoom shows a small part of the width.
		b.WriteString(strconv.FormatFloat(math.Round(p.x*boxWidth*10)/10, 'f', -1, 64))
		b.WriteByte(' ')
		b.WriteString(strconv.Itoa(int(math.Round((1 - p.y) * boxHeight))))
		if command == 'M' && (i+1 == len(points) || points[i+1].gap) {
			b.WriteString("h0")
		}
	}
	return b.String()
}

// limitTick marks a limit; its text stays within the plot.
func limitTick(fraction, value float64) tick {
	anchor := "middle"
	switch {
	case fraction < 0.3:
		anchor = "start"
	case fraction > 0.7:
		anchor = "end"
	}
	return tick{At: at(fraction), Label: "limit " + bandwidth(value), Anchor: anchor}
}

// nice returns a step of 1, 2 or 5 times a power of ten that divides span into
// at most n parts.
func nice(span float64, n int) float64 {
	if !(span > 0) || math.IsInf(span, 0) {
		return 1
	}
	raw := span / float64(n)
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= raw*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// rateTicks returns ticks in MB/s for bytes per second from 0 on, and the axis's
// top, which leaves some air above the highest value.
func rateTicks(highest float64, place func(float64) string) (ticks []tick, top float64) {
	top = 1.06 * max(highest, 1) / 1e6
	step := nice(top, 5)
	for i := 0; float64(i)*step <= top; i++ {
		v := float64(i) * step
		ticks = append(ticks, tick{At: place(v / top), Label: digitsShort(v), Minor: i%2 == 1})
	}
	return ticks, top * 1e6
}

// horizontal and vertical place a fraction of an axis.
func horizontal(fraction float64) string { return at(fraction) }
func vertical(fraction float64) string   { return at(1 - fraction) }

// digitsShort is digits without trailing zeros, for axes.
func digitsShort(v float64) string {
	text := digits(v)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// decades returns ticks at powers of ten of milliseconds from at most low to at
// least high, and the axis's two ends.
func decades(low, high float64) (ticks []tick, from, to float64) {
	first := math.Floor(math.Log10(max(low, 1e-3)) + 1e-9)
	last := max(math.Ceil(math.Log10(max(high, 1e-3))-1e-9), first+1)
	every := 1
	for last-first > 6*float64(every) {
		every++
	}
	for p := first; p <= last; p++ {
		if int(p-first)%every == 0 {
			ticks = append(ticks, tick{At: at(1 - (p-first)/(last-first)), Label: shortMillis(math.Pow(10, p))})
		}
	}
	return ticks, math.Pow(10, first), math.Pow(10, last)
}

// shortMillis renders a power of ten of milliseconds.
func shortMillis(ms float64) string {
	if ms >= 999 {
		return digitsShort(ms/1000) + " s"
	}
	return digitsShort(ms) + " ms"
}

// timeTicks returns ticks for seconds from 0 to end, every other one minor. The page's
// script has the same rule for a part of the axis.
func timeTicks(end float64) []tick {
	step := 3600.0
	for _, s := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800} {
		if end/s <= 10 {
			step = s
			break
		}
	}
	for end/step > 12 {
		step *= 2
	}
	var ticks []tick
	for i := 0; float64(i)*step <= end*(1+1e-9); i++ {
		v := float64(i) * step
		ticks = append(ticks, tick{At: at(v / end), Label: digitsShort(v), Minor: i%2 == 1})
	}
	return ticks
}

// place puts the labels beside the given heights (fractions from the top), apart
// enough to be read.
func (p *plot) place(heights ...float64) {
	for i, y := range spread(heights, 15/float64(p.Height)) {
		p.Labels[i].Y = at(y)
	}
}

// spread moves labels apart so that each has room, in fractions of the height,
// and keeps them in it.
func spread(at []float64, room float64) []float64 {
	order := make([]int, len(at))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case at[a] < at[b]:
			return -1
		case at[a] > at[b]:
			return 1
		}
		return 0
	})
	out := slices.Clone(at)
	for i, k := range order[min(1, len(order)):] {
		out[k] = max(out[k], out[order[i]]+room)
	}
	ceiling := 1.0
	for i := len(order) - 1; i >= 0; i-- {
		out[order[i]] = min(out[order[i]], ceiling)
		ceiling = out[order[i]] - room
	}
	return out
}
