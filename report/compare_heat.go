package report

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strconv"
)

// ComparedSeries is what the page draws of the runs' series: all on the same rows and
// columns.
type ComparedSeries struct {
	frame         frame
	before, after []*Series
	missing       string // why there is nothing to draw; "" where there is
}

// ReadSeries reads the series of the runs from their folders, in their order. A folder
// without one, as somebody may have removed it for its size, is no error: the page then
// says so.
func (c *Comparison) ReadSeries(before, after []string) (*ComparedSeries, error) {
	s := &ComparedSeries{frame: c.frame()}
	for _, side := range []struct {
		runs    []*Result
		folders []string
		into    *[]*Series
	}{{c.Before, before, &s.before}, {c.After, after, &s.after}} {
		for i, r := range side.runs {
			series := newSeriesOn(r, s.frame)
			switch err := series.read(side.folders[i]); {
			case errors.Is(err, fs.ErrNotExist):
				s.missing = clip(side.folders[i], 200) + " has no " + seriesFile
			case err != nil:
				return nil, err
			}
			*side.into = append(*side.into, series)
		}
	}
	return s, nil
}

// frame has the partitions of all runs, at most maxRows: those that had most, or would
// have had, in any of them.
func (c *Comparison) frame() frame {
	f := frame{direction: c.direction()}
	most, length := map[partitionID]float64{}, 0
	for _, r := range slices.Concat(c.Before, c.After) {
		length = max(length, runLength(r))
		for _, p := range r.Partitions {
			most[p.id()] = max(most[p.id()], f.direction.observed(p), f.direction.predicted(p))
		}
	}
	for id := range most {
		f.partitions = append(f.partitions, Partition{Topic: id.topic, Partition: id.partition})
	}
	slices.SortFunc(f.partitions, func(a, b Partition) int {
		return cmp.Or(cmp.Compare(most[b.id()], most[a.id()]), inOrder(a, b))
	})
	if n := len(f.partitions); n > maxRows {
		f.partitions = f.partitions[:maxRows]
		f.note = fmt.Sprintf("The hottest %d of %s partitions of both sides.", maxRows, count(int64(n)))
	}
	slices.SortFunc(f.partitions, inOrder)
	f.step = stepFor(length)
	return f
}

// direction is what was acked, unless in all runs it is reading that tells more.
func (c *Comparison) direction() direction {
	if slices.ContainsFunc(slices.Concat(c.Before, c.After), func(r *Result) bool { return directionOf(r).verb == inward().verb }) {
		return inward()
	}
	return outward()
}

// grid is in each cell the median over the side's runs; NaN where not all of them have
// the partition, or lasted so long.
func (g *side) grid(f frame, all []*Series, columns int) grid {
	out := grid{partitions: f.partitions, step: f.step, columns: columns, seconds: g.length, total: make([]rowTotal, len(f.partitions))}
	var grids []grid
	for _, s := range all {
		grids = append(grids, s.grid())
	}
	median := func(of func(grid) float64) float64 {
		var values []float64
		for _, run := range grids {
			values = append(values, of(run))
		}
		return medianOf(values)
	}
	for row, p := range f.partitions {
		low, high := make([]float64, columns), make([]float64, columns)
		_, has := g.partitions[p.id()]
		for column := range columns {
			low[column], high[column] = math.NaN(), math.NaN()
			if has && column*f.step < g.length {
				low[column] = median(func(run grid) float64 { return nth(run.low[row], column) })
				high[column] = median(func(run grid) float64 { return nth(run.high[row], column) })
			}
		}
		out.low, out.high = append(out.low, low), append(out.high, high)
		out.total[row] = rowTotal{
			above:     median(func(run grid) float64 { return run.total[row].above }),
			throttled: median(func(run grid) float64 { return run.total[row].throttled }),
		}
	}
	return out
}

// nth is a value, or the nothing that comes after the last one.
func nth(values []float64, i int) float64 {
	if i < len(values) {
		return values[i]
	}
	return 0
}

// heatMaps are those of both sides, on one scale, and of their difference; none where
// some run has no series or nobody has partitions.
func heatMaps(c *Comparison, s *ComparedSeries, before, after *side) []heatMap {
	if s.missing != "" || len(s.frame.partitions) == 0 {
		return nil
	}
	longest := 0
	for _, r := range slices.Concat(c.Before, c.After) {
		longest = max(longest, runLength(r))
	}
	columns := (longest + s.frame.step - 1) / s.frame.step
	b, a := before.grid(s.frame, s.before, columns), after.grid(s.frame, s.after, columns)
	peak := 0.0
	for _, g := range []grid{b, a} {
		for row := range g.partitions {
			if p := g.peak(row); p > peak {
				peak = p
			}
		}
	}
	// Another hue begins at the limit, where both sides have the same.
	scale := newShades(peak, commonLimit(slices.Concat(c.Before, c.After), s.frame))
	return []heatMap{
		before.heatMap(s.frame, b, scale),
		after.heatMap(s.frame, a, scale),
		differenceMap(s.frame, b, a, before, after),
	}
}

// commonLimit is the limit of a partition that all runs declare; 0 where they do not.
func commonLimit(runs []*Result, f frame) float64 {
	limit := 0.0
	for i, r := range runs {
		v, declared := declaredValue(r, f.direction.limit)
		if !declared || i > 0 && v != limit {
			return 0
		}
		limit = v
	}
	return limit
}

func (g *side) heatMap(f frame, cells grid, s shades) heatMap {
	limit := commonLimit(g.runs, f)
	h := heatMap{
		chart: chart{
			ID: "heat-" + g.name, Title: g.capital() + ": " + heatFinding(&Result{Partitions: g.sorted()}, f.direction),
			Height: rowHeight(len(f.partitions)) * len(f.partitions),
			Y:      "MB/s " + f.direction.verb + " per partition, " + g.of(), X: "seconds since the start of traffic",
			Readout: cells.readout(cells.span), Table: heatTable(cells, limit, f.note),
		},
		Rows: heatRows(f.partitions, func(p Partition) bool {
			return slices.ContainsFunc(g.runs, func(r *Result) bool { return bound(r, p) })
		}),
		XTicks: timeTicks(float64(cells.columns * cells.step)),
	}
	h.shade(cells, s, limit)
	return h
}

// sorted are the side's partitions in their order.
func (g *side) sorted() []Partition {
	return slices.SortedFunc(maps.Values(g.partitions), inOrder)
}

// differenceLevels is how many shades the map of the difference has on each side of no
// difference.
const differenceLevels = 4

// differenceMap is after less before, cell by cell.
func differenceMap(f frame, b, a grid, before, after *side) heatMap {
	g := grid{partitions: f.partitions, step: f.step, columns: b.columns, seconds: min(b.seconds, a.seconds)}
	most := 0.0
	for row := range f.partitions {
		values := make([]float64, g.columns)
		for column := range values {
			values[column] = a.high[row][column] - b.high[row][column]
			if v := math.Abs(values[column]); v > most {
				most = v
			}
		}
		g.high = append(g.high, values)
	}
	cell := func(row, column int) string { return signedMegabytes(g.high[row][column]) }
	h := heatMap{
		chart: chart{
			ID: "heat-difference", Title: differenceFinding(f.direction, before, after), Height: rowHeight(len(f.partitions)) * len(f.partitions),
			Y: "MB/s " + f.direction.verb + " per partition, after − before", X: "seconds since the start of traffic",
			Readout: g.readout(cell), Table: differenceTable(g, f.note),
		},
		Rows: heatRows(f.partitions, func(Partition) bool { return false }), Columns: g.columns,
		XTicks: timeTicks(float64(g.columns * g.step)), Levels: differenceScale(),
		Low: "−" + bandwidth(most), Top: "+" + bandwidth(most), Limit: tick{At: at(0.5), Label: "← less after, more after →", Anchor: "middle"},
	}
	if most == 0 {
		h.Low, h.Top, h.Limit.Label = "", "", "no difference"
	}
	if f.step > 1 {
		h.Y += fmt.Sprintf(", highest seconds of each %d", f.step)
	}
	h.Cells = g.cells(func(v float64) int { return differenceLevel(v, most) }, differenceClass)
	return h
}

// differenceLevel is one of the scale's colours, from 0 for most less to twice
// differenceLevels for most more; -1 where nothing is compared.
func differenceLevel(v, most float64) int {
	if math.IsNaN(v) {
		return -1
	}
	if most <= 0 {
		return differenceLevels
	}
	// As many levels as the scale has bands of one width.
	const bands = 2*differenceLevels + 1
	return min(bands-1, int((v/most+1)/2*bands))
}

func differenceClass(level int) string {
	switch level -= differenceLevels; {
	case level < 0:
		return "less" + strconv.Itoa(-level)
	case level > 0:
		return "more" + strconv.Itoa(level)
	}
	return "same"
}

func differenceScale() (bands []band) {
	const n = 2*differenceLevels + 1
	for level := range n {
		bands = append(bands, band{X: at(float64(level) / n), Width: at(1.0 / n), Class: differenceClass(level)})
	}
	return bands
}

// signedMegabytes is a difference in MB/s: +1.20, −0.300, 0.
func signedMegabytes(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case v > 0:
		return "+" + megabytes(v)
	case v < 0:
		return "−" + megabytes(-v)
	}
	return "0"
}

func differenceTable(g grid, note string) table {
	t := table{Head: []string{"partition", "most less MB/s", "most more MB/s", "mean MB/s"}, Texts: 1, Named: true, Note: note}
	for row, p := range g.partitions {
		low, high, sum, n := 0.0, 0.0, 0.0, 0
		for _, v := range g.high[row] {
			if !math.IsNaN(v) {
				low, high, sum, n = min(low, v), max(high, v), sum+v, n+1
			}
		}
		cells := []string{partitionName(p.Topic, p.Partition, 80), "not compared", "–", "–"}
		if n > 0 {
			cells = []string{cells[0], signedMegabytes(low), signedMegabytes(high), signedMegabytes(sum / float64(n))}
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

// partitionChange is a partition that both sides have.
type partitionChange struct {
	before, after Partition
	by            float64 // bytes per second
}

// partitionChanges are the partitions of both sides, those that changed most first.
func partitionChanges(d direction, before, after *side) (all []partitionChange) {
	for id, b := range before.partitions {
		if a, both := after.partitions[id]; both {
			all = append(all, partitionChange{b, a, d.observed(a) - d.observed(b)})
		}
	}
	slices.SortFunc(all, func(x, y partitionChange) int {
		return cmp.Or(cmp.Compare(math.Abs(y.by), math.Abs(x.by)), inOrder(x.before, y.before))
	})
	return all
}

func differenceFinding(d direction, before, after *side) string {
	all := partitionChanges(d, before, after)
	switch {
	case len(all) == 0:
		return "No partition is in all runs"
	case all[0].by == 0:
		return "No partition changed"
	}
	first := all[0]
	return fmt.Sprintf("%s changed most: %s MB/s, from %s to %s %s",
		partitionName(first.before.Topic, first.before.Partition, 30), signedMegabytes(first.by), bandwidth(d.observed(first.before)), bandwidth(d.observed(first.after)), d.verb)
}

// rankedChange is one of the partitions that changed most, as text.
type rankedChange struct{ Rank, Name, Before, After, By, P99Before, P99After, ThrottledBefore, ThrottledAfter string }

func rankedChanges(d direction, before, after *side) (rows []rankedChange) {
	p99 := func(p Partition) string {
		if p.ResponseP99 > 0 {
			return atLeast(p.ResponseP99, p.P99Censored)
		}
		return "–"
	}
	all := partitionChanges(d, before, after)
	for i, c := range all[:min(maxRanked, len(all))] {
		rows = append(rows, rankedChange{
			Rank: strconv.Itoa(i + 1), Name: partitionName(c.before.Topic, c.before.Partition, 40),
			Before: megabytes(d.observed(c.before)), After: megabytes(d.observed(c.after)), By: signedMegabytes(c.by),
			P99Before: p99(c.before), P99After: p99(c.after),
			ThrottledBefore: percent(c.before.ThrottledShare), ThrottledAfter: percent(c.after.ThrottledShare),
		})
	}
	return rows
}

// seriesUnknown says why there are no maps.
func (s *ComparedSeries) seriesUnknown() string {
	if s.missing != "" {
		return "Not known second by second: " + s.missing + "."
	}
	return "Not known: no run has partitions."
}
