package report

import (
	"cmp"
	"slices"
	"strconv"

	"msklt/internal/limits"
)

// maxRanked is how many partitions and keys the page ranks.
const maxRanked = 10

type (
	// rankedPartition is one of the hottest partitions, as text.
	rankedPartition struct {
		Rank, Name, Observed, Predicted, OfLimit, P99, Throttled string
		Bound                                                    bool
	}
	// rankedKey is one of the keys that bring most load.
	rankedKey struct{ Rank, Key, Partition, Share, Predicted, OfLimit string }
)

// rankedPartitions are the hottest, by what they had and by what the keys would put
// on them.
func rankedPartitions(r *Result) []rankedPartition {
	d := directionOf(r)
	limit, declared := declaredValue(r, d.limit)
	var rows []rankedPartition
	for i, p := range hottest(r, d, maxRanked) {
		rows = append(rows, rankedPartition{
			Rank: strconv.Itoa(i + 1), Name: partitionName(p.Topic, p.Partition, 40), Bound: bound(r, p),
			Observed: megabytes(d.observed(p)), Predicted: "–", OfLimit: "–",
			P99: latencyCell(p.ResponseP99), Throttled: percent(p.ThrottledShare),
		})
		if d.predicted(p) > 0 {
			rows[i].Predicted, rows[i].OfLimit = megabytes(d.predicted(p)), ofLimit(d.predicted(p), limit, declared)
		}
		if p.P99Censored {
			rows[i].P99 = atLeast(p.ResponseP99, true)
		}
	}
	return rows
}

// rankedKeys are the keys that bring most load to a partition.
func rankedKeys(r *Result) []rankedKey {
	type placed struct {
		key KeyShare
		on  string
	}
	var all []placed
	for _, p := range r.Partitions {
		for _, k := range p.TopKeys {
			all = append(all, placed{k, partitionName(p.Topic, p.Partition, 40)})
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(b.key.Predicted, a.key.Predicted), cmp.Compare(b.key.Share, a.key.Share))
	})
	limit, declared := declaredValue(r, limits.PartitionIngress)
	var rows []rankedKey
	for i, p := range all[:min(maxRanked, len(all))] {
		k := p.key
		row := rankedKey{
			Rank: strconv.Itoa(i + 1), Key: clip(k.Key, 40), Partition: p.on,
			Share: percent(k.Share), Predicted: "–", OfLimit: "–",
		}
		if k.Predicted > 0 { // results of earlier versions do not have it
			row.Predicted, row.OfLimit = megabytes(k.Predicted), ofLimit(k.Predicted, limit, declared)
		}
		rows = append(rows, row)
	}
	return rows
}

// ofLimit is a load as a multiple of its partition's limit.
func ofLimit(load, limit float64, declared bool) string {
	if !declared || limit <= 0 {
		return "–"
	}
	return digits(load/limit) + "×"
}
