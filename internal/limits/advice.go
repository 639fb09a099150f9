package limits

import (
	"fmt"
	"math"
	"slices"

	"msklt/scenario"
)

// maxPartitions is how far advice looks for a partition count: what MSK
// Serverless allows in all (AWS, "Amazon MSK quota", read 2026-11-21).
const maxPartitions = 2400

// Advise computes what would raise the ceiling of limits that bound.
func Advise(s *scenario.Scenario, l Limits, brokers int, binding []Binding) []Advice {
	out := []Advice{}
	loads := Predict(s, brokers)
	seen := map[string]bool{}
	for _, b := range binding {
		if b.Declared == nil || b.Topic == "" || b.Limit != PartitionIngress || seen[b.Topic] {
			continue
		}
		seen[b.Topic] = true
		out = append(out, Advice{Limit: b.Limit, Text: partitionsNeeded(s, b.Topic, *b.Declared, brokers)})
	}
	if factor, n, where := largestLoad(loads, l); factor > 0 && factor < 1 && len(binding) > 0 {
		out = append(out, Advice{Limit: n, Text: fmt.Sprintf("As it is, the largest load that fits is %.0f %% of this one; then %s of %s is full.", math.Floor(100*factor), n, where)})
	}
	return out
}

// partitionsNeeded finds the smallest number of partitions of a topic under which
// no partition's predicted ingress exceeds the limit, or says that a key is too
// big for any number.
func partitionsNeeded(s *scenario.Scenario, topic string, limit float64, brokers int) string {
	t := slices.IndexFunc(s.Topics, func(t scenario.Topic) bool {
		return slices.ContainsFunc(t.Instances(), func(i scenario.Topic) bool { return i.Name == topic })
	})
	with := *s
	with.Topics = []scenario.Topic{s.Topics[t]}
	hottest := Hottest(Predict(&with, brokers))
	if len(hottest.TopKeys) > 0 {
		if k := hottest.TopKeys[0]; k.Ingress > limit {
			return fmt.Sprintf("No partition count helps %s: key %s alone needs %s of the %s that a partition may take; split it into at least %d keys.",
				topic, k.Key, Amount(k.Ingress, PartitionIngress), Amount(limit, PartitionIngress), int(math.Ceil(k.Ingress/limit)))
		}
	}
	for n := int(s.Topics[t].Partitions) + 1; n <= maxPartitions; n = nextCount(n) {
		with.Topics[0].Partitions = int32(n)
		if h := Hottest(Predict(&with, brokers)); h.Ingress <= limit {
			return fmt.Sprintf("With %d partitions no partition of %s would exceed %s: the hottest would take %s.",
				n, topic, Amount(limit, PartitionIngress), Amount(h.Ingress, PartitionIngress))
		}
	}
	return fmt.Sprintf("No count up to %d partitions brings every partition of %s under %s.", maxPartitions, topic, Amount(limit, PartitionIngress))
}

// nextCount steps by one where it matters and by 5 % beyond.
func nextCount(n int) int { return n + 1 + n/20 }

// largestLoad is the load factor at which the first predicted limit is full.
func largestLoad(loads []Load, l Limits) (factor float64, n Name, where string) {
	factor = math.Inf(1)
	try := func(name Name, load float64, place string) {
		if declared := l.Of(name); declared > 0 && load > 0 && declared/load < factor {
			factor, n, where = declared/load, name, place
		}
	}
	in, out := 0.0, 0.0
	for _, p := range loads {
		place := fmt.Sprintf("%s/%d", p.Topic, p.Partition)
		try(PartitionIngress, p.Ingress, place)
		try(PartitionEgress, p.Egress, place)
		in, out = in+p.Ingress, out+p.Egress
	}
	try(ClusterIngress, in, "the cluster")
	try(ClusterEgress, out, "the cluster")
	if math.IsInf(factor, 1) {
		return 0, "", ""
	}
	return factor, n, where
}
