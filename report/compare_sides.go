package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// side is one of the two groups of a comparison as the page draws it: its runs, and their medians
// second by second, quantile by quantile and partition by partition.
type side struct {
	name       string // "before" or "after"; the class of its lines, too
	runs       []*Result
	length     int      // whole seconds that all of its runs lasted
	seconds    []Second // the medians of the load; as many as all runs have
	partitions map[partitionID]Partition
}

type partitionID struct {
	topic     string
	partition int32
}

func (p Partition) id() partitionID { return partitionID{p.Topic, p.Partition} }

func newSide(name string, runs []*Result) *side {
	g := &side{name: name, runs: runs, length: math.MaxInt32, partitions: medianPartitions(runs)}
	known := math.MaxInt32
	for _, r := range runs {
		g.length, known = min(g.length, runLength(r)), min(known, len(r.Timeline))
	}
	for second := range known {
		median := func(of func(Second) int64) int64 {
			var values []float64
			for _, r := range runs {
				values = append(values, float64(of(r.Timeline[second])))
			}
			return int64(math.Round(medianOf(values)))
		}
		g.seconds = append(g.seconds, Second{
			Second:        second,
			OfferedBytes:  median(func(s Second) int64 { return s.OfferedBytes }),
			AckedBytes:    median(func(s Second) int64 { return s.AckedBytes }),
			ConsumedBytes: median(func(s Second) int64 { return s.ConsumedBytes }),
		})
	}
	return g
}

// capital is the side’s name at the beginning of a sentence.
func (g *side) capital() string { return capital(g.name) }

// of says of how many runs something is.
func (g *side) of() string {
	if len(g.runs) == 1 {
		return "one run"
	}
	return fmt.Sprintf("median of %d runs", len(g.runs))
}

// orMore is a value, or only a lower bound of it.
type orMore struct {
	value float64
	lower bool
}

// medianOfBounds is the median of values of which some may be lower bounds. It is a
// lower bound itself unless all of those lie above it.
func medianOfBounds(all []orMore) orMore {
	sorted := slices.SortedStableFunc(slices.Values(all), func(a, b orMore) int { return cmp.Compare(a.value, b.value) })
	values := make([]float64, len(sorted))
	for i, b := range sorted {
		values[i] = b.value
	}
	middle := len(sorted)/2 + 1
	return orMore{medianOf(values), slices.ContainsFunc(sorted[:middle], func(b orMore) bool { return b.lower })}
}

// medianCurve is at each quantile the median of what the runs have there, as far as
// all runs that have a curve reach. Runs have the same quantiles, as those follow from
// the number of records alone.
func medianCurve(runs []*Result, of func(*Latencies) *Latency) []CurvePoint {
	at := map[int][]CurvePoint{} // by halvings of 1 − q, in sixty-fourths
	curves := 0
	for _, r := range runs {
		points := drawn(*of(&r.Latency))
		if len(points) > 0 {
			curves++
		}
		for _, p := range points {
			place := int(math.Round(-64 * math.Log2(1-p.Quantile)))
			at[place] = append(at[place], p)
		}
	}
	var median []CurvePoint
	for _, points := range at {
		if len(points) != curves {
			continue
		}
		var all []orMore
		for _, p := range points {
			all = append(all, orMore{p.Millis, p.Censored})
		}
		m := medianOfBounds(all)
		median = append(median, CurvePoint{Quantile: points[0].Quantile, Millis: m.value, Censored: m.lower})
	}
	slices.SortFunc(median, func(a, b CurvePoint) int { return cmp.Compare(a.Quantile, b.Quantile) })
	return median
}

// medianPartitions are the partitions that all runs have, each with the medians of
// what the runs say of it.
func medianPartitions(runs []*Result) map[partitionID]Partition {
	found := map[partitionID][]Partition{}
	for _, r := range runs {
		for _, p := range r.Partitions {
			found[p.id()] = append(found[p.id()], p)
		}
	}
	out := map[partitionID]Partition{}
	for id, all := range found {
		if len(all) == len(runs) {
			out[id] = medianPartition(all)
		}
	}
	return out
}

func medianPartition(all []Partition) Partition {
	median := func(of func(Partition) float64) float64 {
		var values []float64
		for _, p := range all {
			values = append(values, of(p))
		}
		return medianOf(values)
	}
	out := Partition{
		Topic: all[0].Topic, Partition: all[0].Partition, Leader: all[0].Leader,
		Predicted:         median(func(p Partition) float64 { return p.Predicted }),
		PredictedConsumed: median(func(p Partition) float64 { return p.PredictedConsumed }),
		Acked:             median(func(p Partition) float64 { return p.Acked }),
		Consumed:          median(func(p Partition) float64 { return p.Consumed }),
		ThrottledShare:    median(func(p Partition) float64 { return p.ThrottledShare }),
	}
	var p99 []orMore
	for _, p := range all {
		if p.ResponseP99 > 0 { // else nothing was acked
			p99 = append(p99, orMore{p.ResponseP99, p.P99Censored})
		}
	}
	if len(p99) == len(all) {
		m := medianOfBounds(p99)
		out.ResponseP99, out.P99Censored = m.value, m.lower
	}
	return out
}

// onOneSide says which partitions only one side has, topic by topic.
func onOneSide(before, after *side) (sentences []string) {
	type counts struct{ before, after, both int }
	of := map[string]*counts{}
	topic := func(name string) *counts {
		if of[name] == nil {
			of[name] = &counts{}
		}
		return of[name]
	}
	for id := range before.partitions {
		topic(id.topic).before++
		if _, both := after.partitions[id]; both {
			topic(id.topic).both++
		}
	}
	for id := range after.partitions {
		topic(id.topic).after++
	}
	var differing []string
	for name, n := range of {
		if n.both < max(n.before, n.after) {
			differing = append(differing, name)
		}
	}
	slices.Sort(differing)
	var texts []string
	for _, name := range differing {
		texts = append(texts, fmt.Sprintf("%s has %d partitions before and %d after", clip(name, 60), of[name].before, of[name].after))
	}
	if len(texts) == 0 {
		return nil
	}
	const most = 3
	if n := len(texts); n > most {
		texts = append(texts[:most], fmt.Sprintf("%d more topics differ so", n-most))
	}
	return []string{strings.Join(texts, ", ") + ". Partitions that only one side has are not compared; of the others, a key may lie on another partition than before."}
}

// unequalLengths says how far the medians go, where not all runs lasted as long.
func unequalLengths(before, after *side) (sentences []string) {
	longest := 0
	for _, g := range []*side{before, after} {
		own := 0
		for _, r := range g.runs {
			own = max(own, runLength(r))
		}
		if own > g.length {
			sentences = append(sentences, fmt.Sprintf("The runs %s lasted %s to %s: their medians over time end with the shortest.",
				g.name, seconds(float64(g.length)), seconds(float64(own))))
		}
		longest = max(longest, g.length)
	}
	if both := min(before.length, after.length); both < longest {
		sentences = append(sentences, fmt.Sprintf("What came after %s is not compared second by second: only one side has it.", seconds(float64(both))))
	}
	return sentences
}
