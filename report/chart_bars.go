package report

import (
	"cmp"
	"fmt"
	"slices"
)

// bars is predicted against observed load, a pair for each partition.
type bars struct {
	chart
	Rows   []barRow
	XTicks []tick
	Limit  tick   // the partition's limit; empty Label when none is declared
	Verb   string // heads the column of values
	Half   int    // half a row's height, in pixels
}

type barRow struct {
	Partition           string // that the row is of; "" where it is of something else
	Name, Y             string // Y is the middle of the row
	Predicted, Observed string // lengths
	Value               string // observed, at the right
	Bound               bool
}

func loadBars(r *Result) bars {
	d := directionOf(r)
	shown, note := shownPartitions(r, d)
	limit, declared := declaredValue(r, d.limit)
	top := 0.0
	for _, p := range shown {
		top = max(top, d.predicted(p), d.observed(p))
	}
	if declared && limit < 8*top { // further away it would leave nothing to see of the load
		top = max(top, limit)
	}
	ticks, top := rateTicks(top, horizontal)
	b := bars{
		chart: chart{
			ID: "bars", Title: predictionFinding(r, d), Height: rowHeight(len(shown)) * len(shown),
			Y: "MB/s per partition, batches with headers", X: "MB/s",
			Key:   []key{{"predicted", "predicted from the keys, mean of the measured phases"}, {"observed", d.verb}},
			Table: partitionTable(r, note),
		},
		XTicks: ticks, Half: rowHeight(len(shown)) / 2, Verb: d.verb,
	}
	for i, p := range shown {
		row := barRow{
			Partition: partitionName(p.Topic, p.Partition, 80),
			Y:         at((float64(i) + 0.5) / float64(len(shown))),
			Predicted: at(clamp(d.predicted(p) / top)), Observed: at(clamp(d.observed(p) / top)),
			Bound: bound(r, p),
		}
		if b.Half >= 6 || i%2 == 0 || row.Bound {
			row.Name, row.Value = partitionName(p.Topic, p.Partition, rowName), megabytes(d.observed(p))
		}
		b.Rows = append(b.Rows, row)
	}
	if declared && limit <= top {
		b.Limit = limitTick(limit/top, limit)
	} else if declared {
		b.Key = append(b.Key, key{"", "limit " + bandwidth(limit) + ", beyond the axis"})
	}
	return b
}

func predictionFinding(r *Result, d direction) string {
	if len(r.Partitions) == 0 {
		return "No partition had traffic"
	}
	p := slices.MaxFunc(r.Partitions, func(a, b Partition) int { return cmp.Compare(d.predicted(a), d.predicted(b)) })
	name, predicted := partitionName(p.Topic, p.Partition, 30), d.predicted(p)
	limit, declared := declaredValue(r, d.limit)
	switch {
	case predicted <= 0:
		return "No load was predicted"
	case declared && predicted > limit:
		return fmt.Sprintf("The keys put %s on %s, %s× its limit; %s was %s",
			bandwidth(predicted), name, digits(predicted/limit), bandwidth(d.observed(p)), d.verb)
	case declared:
		return fmt.Sprintf("The keys put at most %s on a partition, %s of its limit", bandwidth(predicted), percent(predicted/limit))
	}
	return fmt.Sprintf("The keys put %s on %s; %s was %s", bandwidth(predicted), name, bandwidth(d.observed(p)), d.verb)
}

func partitionTable(r *Result, note string) table {
	t := table{
		Head: []string{"partition", "top keys", "leader", "predicted MB/s", "acked MB/s", "consumed MB/s", "response p99",
			"throttled", "acked records", "log-end delta"},
		Texts: 2, Named: true, Note: note,
	}
	shown, _ := shownPartitions(r, directionOf(r))
	for _, p := range shown {
		keys, predicted := "", "–"
		if p.Predicted > 0 {
			predicted = megabytes(p.Predicted)
		}
		for i, k := range p.TopKeys {
			if i == 3 {
				break
			}
			if i > 0 {
				keys += ", "
			}
			keys += clip(k.Key, 20) + " " + percent(k.Share)
		}
		t.Rows = append(t.Rows, []string{
			partitionName(p.Topic, p.Partition, 80), keys, fmt.Sprint(p.Leader), predicted, megabytes(p.Acked),
			megabytes(p.Consumed), atLeast(p.ResponseP99, p.P99Censored), percent(p.ThrottledShare),
			count(p.AckedRecords), logEnd(p),
		})
	}
	return t
}

// logEnd is by how much a partition's log grew.
func logEnd(p Partition) string {
	if p.LogEndUnknown {
		return "not known"
	}
	return count(p.LogEndDelta)
}
