package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// rowName is how many characters of a partition's name a row has room for.
const rowName = 12

// maxRows is how many partitions a chart shows at most: the hottest ones.
const maxRows = 64

// The heat map's colours: shades of one hue up to the partition's limit, of
// another above it.
const (
	levelsBelow = 8
	levelsAbove = 3
)

// heatMap is partitions × time. A row is one unit high and a step of time one
// unit wide, stretched over the area.
type heatMap struct {
	chart
	Rows    []heatRow
	Columns int
	XTicks  []tick
	Cells   []line // one path for each colour
	Levels  []band // the colour scale
	Limit   tick   // on the colour scale; empty Label when none is declared
	Low     string // the scale's lower end
	Top     string // and its upper one
	Beyond  string // says that the limit lies above the scale
}

// heatRow names a partition; Bound when its limit bound.
type heatRow struct {
	Partition, Name, Y string // Name is short, or "" where there is no room
	Bound              bool
}

// shades maps a load to one of the heat map's colours.
type shades struct {
	split float64 // where the second hue begins: the limit, or the scale's end
	top   float64
}

func newShades(peak, limit float64) shades {
	s := shades{split: max(peak, 1), top: max(peak, 1)}
	if limit > 0 && peak >= limit/2 {
		s.split, s.top = limit, max(peak, limit)
	}
	return s
}

// level is 0 for nothing, then 1 to levelsBelow, then up to levelsAbove more; -1 where
// there is no value. The limit itself belongs below: a partition held at it is not
// above it.
func (s shades) level(v float64) int {
	switch {
	case math.IsNaN(v):
		return -1
	case v <= 0:
		return 0
	case v <= s.split:
		return max(1, int(math.Ceil(v/s.split*levelsBelow)))
	}
	return levelsBelow + max(1, int(math.Ceil(clamp((v-s.split)/(s.top-s.split))*levelsAbove)))
}

// scaleBands draws the colour scale.
func (s shades) scaleBands() []band {
	var bands []band
	add := func(from, to float64, level int) {
		bands = append(bands, band{X: at(from / s.top), Width: at((to - from) / s.top), Class: heatClass(level)})
	}
	for i := range levelsBelow {
		add(s.split*float64(i)/levelsBelow, s.split*float64(i+1)/levelsBelow, i+1)
	}
	for i := range levelsAbove {
		if s.top > s.split {
			width := (s.top - s.split) / levelsAbove
			add(s.split+width*float64(i), s.split+width*float64(i+1), levelsBelow+i+1)
		}
	}
	return bands
}

// rowHeight gives few partitions room and many less.
func rowHeight(rows int) int {
	switch {
	case rows <= 16:
		return 20
	case rows <= 32:
		return 14
	}
	return 10
}

// shownPartitions returns the partitions that the charts draw, by name, and a
// sentence when there are more.
func shownPartitions(r *Result, d direction) ([]Partition, string) {
	shown := hottest(r, d, maxRows)
	slices.SortFunc(shown, inOrder)
	if len(shown) == len(r.Partitions) {
		return shown, ""
	}
	return shown, fmt.Sprintf("The hottest %d of %s partitions; result.json has all.", len(shown), count(int64(len(r.Partitions))))
}

func heatChart(r *Result, series *Series) heatMap {
	d := directionOf(r)
	shown, note := series.partitions, series.note
	g := series.grid()
	peak := 0.0
	for row := range shown {
		peak = max(peak, g.peak(row))
	}
	limit, _ := declaredValue(r, d.limit)
	s := newShades(peak, limit)
	h := heatMap{
		chart: chart{
			ID: "heat", Title: heatFinding(r, d), Height: rowHeight(len(shown)) * len(shown),
			Y: "MB/s " + d.verb + " per partition", X: "seconds since the start of traffic",
			Readout: g.readout(g.span), Table: heatTable(g, limit, note),
		},
		Rows:   heatRows(shown, func(p Partition) bool { return bound(r, p) }),
		XTicks: timeTicks(float64(g.columns * g.step)),
	}
	h.shade(g, s, limit)
	return h
}

// shade draws the cells and their scale, with the limit; 0 is none.
func (h *heatMap) shade(g grid, s shades, limit float64) {
	h.Columns, h.Cells = g.columns, g.cells(s.level, heatClass)
	h.Levels, h.Low, h.Top = s.scaleBands(), "0", bandwidth(s.top)
	switch {
	case limit > s.top:
		h.Beyond = "limit " + bandwidth(limit) + ", beyond the scale"
	case limit > 0:
		h.Limit = limitTick(limit/s.top, limit)
	}
	if g.step > 1 {
		h.Y += fmt.Sprintf(", highest second of each %d", g.step)
	}
}

func heatClass(level int) string { return "heat" + strconv.Itoa(level) }

// cells joins neighbours of one colour and draws each colour as one path. Cells of a
// level below 0 are left out.
func (g grid) cells(level func(float64) int, class func(level int) string) []line {
	var paths [][]byte // by level
	for row := range g.partitions {
		for from := 0; from < g.columns; {
			of := level(g.high[row][from])
			to := from + 1
			for to < g.columns && level(g.high[row][to]) == of {
				to++
			}
			for len(paths) <= of {
				paths = append(paths, nil)
			}
			if of >= 0 {
				paths[of] = fmt.Appendf(paths[of], "M%d %dh%dv1h-%dz", from, row, to-from, to-from)
			}
			from = to
		}
	}
	var lines []line
	for of, d := range paths {
		if len(d) > 0 {
			lines = append(lines, line{D: string(d), Class: class(of)})
		}
	}
	return lines
}

// heatRows names the rows; where they are too close, only some of them and
// those that bound.
func heatRows(shown []Partition, bound func(Partition) bool) []heatRow {
	every := 1
	if rowHeight(len(shown)) < 12 {
		every = 2
	}
	var rows []heatRow
	for i, p := range shown {
		row := heatRow{Partition: partitionName(p.Topic, p.Partition, 80), Y: at((float64(i) + 0.5) / float64(len(shown))), Bound: bound(p)}
		if i%every == 0 || row.Bound {
			row.Name = partitionName(p.Topic, p.Partition, rowName)
		}
		rows = append(rows, row)
	}
	return rows
}

// readout is what the pointer shows, each cell as text gives it.
func (g grid) readout(text func(row, column int) string) *readout {
	out := &readout{End: float64(g.columns * g.step), Step: g.step}
	for column := range g.columns {
		out.X = append(out.X, 1000*column*g.step+500*g.step)
		name := strconv.Itoa(column * g.step)
		if last := min((column+1)*g.step, g.seconds) - 1; g.step > 1 {
			name += "–" + strconv.Itoa(last)
		}
		out.T = append(out.T, name+" s")
	}
	for row, p := range g.partitions {
		out.Rows = append(out.Rows, partitionName(p.Topic, p.Partition, 80)) // as in the tables
		values := make([]string, g.columns)
		for column := range values {
			values[column] = text(row, column)
		}
		out.V = append(out.V, values)
	}
	if len(out.Rows) == 0 {
		return nil
	}
	return out
}

// span is the lowest and the highest second of a cell in MB/s.
func (g grid) span(row, column int) string {
	low, high := g.low[row][column], g.high[row][column]
	switch {
	case math.IsNaN(high):
		return "–"
	case g.step > 1:
		return megabytes(low) + "–" + megabytes(high)
	}
	return megabytes(high)
}

func heatTable(g grid, limit float64, note string) table {
	t := table{Head: []string{"partition", "highest second MB/s", "seconds above the limit", "seconds throttled"}, Texts: 1, Named: true, Note: note}
	for row, p := range g.partitions {
		if math.IsNaN(g.peak(row)) {
			continue
		}
		above := "–"
		if limit > 0 {
			above = strconv.FormatFloat(g.total[row].above, 'f', -1, 64)
		}
		t.Rows = append(t.Rows, []string{
			partitionName(p.Topic, p.Partition, 80), megabytes(g.peak(row)), above, digits(g.total[row].throttled),
		})
	}
	return t
}

// heatFinding compares the partition with the highest mean with the median.
func heatFinding(r *Result, d direction) string {
	if len(r.Partitions) == 0 {
		return "No partition had traffic"
	}
	sorted := slices.Clone(r.Partitions)
	slices.SortFunc(sorted, func(a, b Partition) int {
		return cmp.Or(cmp.Compare(d.observed(b), d.observed(a)), inOrder(a, b))
	})
	first := sorted[0]
	name, top, median := partitionName(first.Topic, first.Partition, 30), d.observed(first), d.observed(sorted[len(sorted)/2])
	switch {
	case top <= 0:
		return "Nothing was " + d.verb + " in the measured phases"
	case len(sorted) == 1:
		return fmt.Sprintf("%s %s %s", name, d.verb, bandwidth(top))
	case median <= 0:
		return fmt.Sprintf("%s %s %s, more than half of the partitions nothing", name, d.verb, bandwidth(top))
	case top < 1.25*median:
		return fmt.Sprintf("Load is even: the hottest partition %s %s, the median %s", d.verb, bandwidth(top), bandwidth(median))
	}
	return fmt.Sprintf("%s %s %s, %s× the median partition", name, d.verb, bandwidth(top), digits(top/median))
}
