package report

import (
	"fmt"
	"iter"
	"math"
)

// Series is what the page draws of a run's series.csv: for each partition that it
// shows, the lowest and the highest second of each step of time, so that no spike
// is lost. Its size does not depend on how long the run was.
type Series struct {
	partitions []Partition                 // shown
	note       string                      // where there are more
	bytes      func(PartitionSecond) int64 // of the direction that is drawn
	limit      float64                     // of a partition; 0 when none is declared
	rows       map[string]map[int32]int    // of every partition; -1 where it is not shown
	topic      string                      // the last one, and its rows
	ofTopic    map[int32]int

	step    int // seconds in a column
	seconds int
	cells   [][]cell
	total   []rowTotal
}

// cell is one step of time of one partition.
type cell struct {
	low, high int64
	listed    int // seconds that the series has
}

// rowTotal is of all seconds of a partition.
type rowTotal struct {
	above     float64 // seconds above the limit
	throttled float64 // seconds
}

// Gather reads a run's series, in any order, once. It fails on what cannot be of
// this run.
func Gather(r *Result, rows iter.Seq[PartitionSecond]) (*Series, error) {
	s := newSeries(r)
	for row := range rows {
		if err := s.add(row); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func newSeries(r *Result) *Series {
	d := directionOf(r)
	shown, note := shownPartitions(r, d)
	return newSeriesOn(r, frame{direction: d, partitions: shown, note: note, step: stepFor(runLength(r))})
}

// frame is what a series is gathered on: which way, rows, and seconds in a column.
type frame struct {
	direction  direction
	partitions []Partition
	note       string // where there are more
	step       int
}

// newSeriesOn begins a series on a frame, which may have partitions that the run has
// not: their rows stay empty.
func newSeriesOn(r *Result, f frame) *Series {
	s := &Series{bytes: f.direction.bytes, partitions: f.partitions, note: f.note, step: f.step, rows: map[string]map[int32]int{}}
	s.limit, _ = declaredValue(r, f.direction.limit)
	for _, p := range r.Partitions {
		if s.rows[p.Topic] == nil {
			s.rows[p.Topic] = map[int32]int{}
		}
		s.rows[p.Topic][p.Partition] = -1
	}
	for row, p := range s.partitions {
		if _, has := s.rows[p.Topic][p.Partition]; has {
			s.rows[p.Topic][p.Partition] = row
		}
	}
	s.cells, s.total = make([][]cell, len(s.partitions)), make([]rowTotal, len(s.partitions))
	return s
}

// runLength is how many seconds a run took, begun ones too, and at least one.
func runLength(r *Result) int {
	return int(min(max(float64(len(r.Timeline)), math.Ceil(r.DurationSeconds), 1), math.MaxInt32))
}

// stepFor is how many seconds a column has: as many as a step of the other charts.
func stepFor(length int) int { return (length-1)/maxColumns + 1 }

// add takes one row of the series. What was read after the run may lie beyond its
// end, but not by more than the run took.
func (s *Series) add(row PartitionSecond) error {
	if row.Second < 0 || row.Second >= 2*maxColumns*s.step {
		return fmt.Errorf("second %d of %s lies far beyond the run", row.Second, partitionName(row.Topic, row.Partition, 60))
	}
	if row.Topic != s.topic || s.ofTopic == nil {
		s.topic, s.ofTopic = row.Topic, s.rows[row.Topic]
	}
	i, known := s.ofTopic[row.Partition]
	if !known {
		return fmt.Errorf("%s is not among the result's partitions", partitionName(row.Topic, row.Partition, 60))
	}
	s.seconds = max(s.seconds, row.Second+1)
	if i < 0 {
		return nil
	}
	column, v := row.Second/s.step, s.bytes(row)
	for len(s.cells[i]) <= column {
		s.cells[i] = append(s.cells[i], cell{low: math.MaxInt64})
	}
	c := &s.cells[i][column]
	c.low, c.high = min(c.low, v), max(c.high, v)
	c.listed++
	s.total[i].throttled += row.Throttled
	if s.limit > 0 && float64(v) > s.limit {
		s.total[i].above++
	}
	return nil
}

func (s *Series) columns() int { return max(1, (s.seconds+s.step-1)/s.step) }

// grid holds bytes per second for each row and step; NaN where there was nothing to
// have any.
type grid struct {
	partitions []Partition
	step       int // seconds in a column
	columns    int
	low, high  [][]float64 // lowest and highest second of each cell
	total      []rowTotal
	seconds    int
}

// grid is the series as the heat map draws it. A second that the series does not
// list had no traffic.
func (s *Series) grid() grid {
	g := grid{partitions: s.partitions, step: s.step, columns: s.columns(), total: s.total, seconds: s.seconds}
	for _, cells := range s.cells {
		low, high := make([]float64, g.columns), make([]float64, g.columns)
		for column, c := range cells {
			high[column] = float64(c.high)
			if c.listed >= min(s.step, s.seconds-column*s.step) {
				low[column] = float64(c.low)
			}
		}
		g.low, g.high = append(g.low, low), append(g.high, high)
	}
	return g
}

// peak is a row's highest second; NaN where it has none.
func (g grid) peak(row int) float64 {
	peak := math.NaN()
	for _, v := range g.high[row] {
		if !(v <= peak) && !math.IsNaN(v) {
			peak = v
		}
	}
	return peak
}
