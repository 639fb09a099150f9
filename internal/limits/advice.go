package limits

import (
	"fmt"
	"math"
	"slices"
	"time"

	"msklt/scenario"
)

// maxPartitions is how far advice looks for a partition count: what MSK
// Serverless allows in all (AWS, "Amazon MSK quota", read 2026-11-21).
const maxPartitions = 2400

// Advise computes what would raise the ceiling of limits that bound in a run on so
// many brokers.
func Advise(s *scenario.Scenario, l Limits, brokers int, binding []Binding) []Advice {
	out := []Advice{}
	if len(binding) == 0 {
		return out
	}
	d := newDemand(s, brokers)
	seen := map[Instance]bool{}
	for _, b := range binding {
		of := Instance{Limit: b.Limit, Topic: b.Topic}
		allowed := l
		if b.Declared == nil {
			allowed = Limits{Values: map[Name]float64{b.Limit: b.Observed}}
		}
		if text := d.connectOtherwise(b.Limit, allowed, b.Declared != nil); text != "" && !seen[of] {
			seen[of] = true
			out = append(out, Advice{Limit: b.Limit, Text: text})
		}
		if b.Declared == nil || b.Topic == "" || seen[of] {
			continue
		}
		seen[of] = true
		if text := d.partitionsNeeded(b.Topic, b.Limit, *b.Declared); text != "" {
			out = append(out, Advice{Limit: b.Limit, Text: text})
		}
	}
	if first := d.first(d.plannedLimits(l)); first != nil && first.LoadFactor < 1 && first.LoadFactor > 0 {
		out = append(out, fits(*first))
	}
	return out
}

// connectOtherwise is what helps where connections are turned away, of which a load
// needs as many at any rate; "" for other limits.
func (d *demand) connectOtherwise(n Name, l Limits, declared bool) string {
	c, rate := d.links(), safeAttempts(l)
	all, usual := c.all, ""
	if declared {
		usual = ", which is its default"
	}
	switch {
	case (n == ClusterAttempts || n == BrokerAttempts) && rate > 0:
		return fmt.Sprintf("With connect_rate: %.4g/s in the target%s, the clients' %.0f connections are open after %.0f s, and none is turned away. An application needs as much of a pause between its clients' starts.",
			rate, usual, all, math.Ceil(all/rate))
	case n == ClusterConnections:
		return fmt.Sprintf("The clients open %.0f connections, and %.0f are allowed: share clients between what runs in one process, or read with fewer members.",
			all, l.Of(n))
	case n == BrokerConnections:
		return fmt.Sprintf("The clients open %.0f connections to one broker, and %.0f are allowed: share clients between what runs in one process, read with fewer members, or spread the partitions over more brokers.",
			slices.Max(c.byBroker), l.Of(n))
	}
	return ""
}

// advice is what would raise the ceiling of the limits that load 1 meets.
func (d *demand) advice(l Limits, p Plan) []Advice {
	out := []Advice{}
	for _, limit := range p.Limits {
		if !limit.Met {
			continue
		}
		text := ""
		switch limit.Limit {
		case PartitionIngress, PartitionEgress:
			text = d.partitionsNeeded(limit.Topic, limit.Limit, limit.Declared)
		case ClusterRequests:
			text = d.gatherMore(limit.Declared)
		case ClusterAttempts, ClusterConnections, BrokerAttempts, BrokerConnections:
			text = d.connectOtherwise(limit.Limit, l, true)
		case ClusterMessage:
			text = fmt.Sprintf("A message may have %s; the largest that can come has %s. Split it, or keep its body elsewhere and send a reference.", sized(limit.Declared), sized(limit.Predicted))
		}
		if text != "" {
			out = append(out, Advice{Limit: limit.Limit, Text: text})
		}
	}
	if b := p.Beyond; b != nil && b.OwnClientBytesPerSecond != nil && *b.OwnClientBytesPerSecond > 1.01*b.SharedBytesPerSecond {
		out = append(out, Advice{Limit: p.First.Limit, Text: fmt.Sprintf("A client of its own for key %s lets %s through instead of %s.",
			d.loudest(*p.First), Amount(*b.OwnClientBytesPerSecond, p.First.Limit), Amount(b.SharedBytesPerSecond, p.First.Limit))})
	}
	if p.First != nil && p.First.LoadFactor < 1 && p.First.LoadFactor > 0 {
		out = append(out, fits(*p.First))
	}
	return out
}

// fits says the largest load that fits.
func fits(f FirstLimit) Advice {
	return Advice{Limit: f.Limit, Text: fmt.Sprintf("As it is, the largest load that fits is %.0f %% of this one; then %s of %s is full.", math.Floor(100*f.LoadFactor), f.Limit, f.Scope)}
}

// partitionsNeeded finds the smallest number of partitions of a topic under which
// none exceeds a limit, or says that a key is too big for any number; "" when the
// fleets of the topic do not spread over its partitions by key.
func (d *demand) partitionsNeeded(topic string, n Name, limit float64) string {
	t := d.declared(topic)
	if t < 0 {
		return ""
	}
	times, verb := 1.0, "take"
	if n == PartitionEgress {
		times, verb = d.timesRead(d.scenario.Topics[t].Name), "give"
	}
	largest, key := d.largestKey(d.scenario.Topics[t].Name)
	if largest *= times; largest > limit {
		return fmt.Sprintf("No partition count helps %s: key %s alone needs %s of the %s that a partition may %s; split it into at least %d keys.",
			topic, key, Amount(largest, n), Amount(limit, n), verb, int(math.Ceil(largest/limit)))
	}
	for count := int(d.scenario.Topics[t].Partitions) + 1; count <= maxPartitions; count = nextCount(count) {
		hottest, ok := d.hottestOf(d.scenario.Topics[t].Name, count)
		if !ok {
			return ""
		}
		if hottest *= times; hottest <= limit {
			return fmt.Sprintf("With %d partitions no partition of %s would exceed %s: the hottest would %s %s.",
				count, topic, Amount(limit, n), verb, Amount(hottest, n))
		}
	}
	return fmt.Sprintf("No count up to %d partitions brings every partition of %s under %s.", maxPartitions, topic, Amount(limit, n))
}

// declared is the index of the scenario's topic that an instance belongs to.
func (d *demand) declared(topic string) int {
	return slices.IndexFunc(d.scenario.Topics, func(t scenario.Topic) bool {
		p := d.topics[t.Name]
		return slices.ContainsFunc(d.places[p.first:p.first+p.topics*p.partitions], func(p place) bool { return p.topic == topic })
	})
}

// nextCount steps by one where it matters and by 5 % beyond.
func nextCount(n int) int { return n + 1 + n/20 }

// hottestOf is the load of the hottest partition if a topic had so many: keys are
// hashed anew. ok is false when a fleet fixes its partition.
func (d *demand) hottestOf(topic string, partitions int) (bytes float64, ok bool) {
	loads := make([]float64, partitions)
	for _, f := range d.fleets {
		if f.Topic != topic || f.peak == 0 {
			continue
		}
		if f.Partition.Fixed {
			return 0, false
		}
		perRecord := f.peak * f.meanRecordBytes() / float64(f.topics)
		if f.hashes == nil {
			for p := range loads {
				loads[p] += perRecord / float64(partitions)
			}
		}
		for k, hash := range f.hashes {
			loads[int(hash)%partitions] += perRecord * f.shares[k]
		}
	}
	return slices.Max(loads), true
}

// largestKey is the bytes per second of the topic's largest key, and its text.
func (d *demand) largestKey(topic string) (bytes float64, text string) {
	for i, f := range d.fleets {
		if f.Topic != topic || f.hashes == nil {
			continue
		}
		k := 0
		for other, share := range f.shares {
			if share > f.shares[k] {
				k = other
			}
		}
		if b := f.peak * f.meanRecordBytes() / float64(f.topics) * f.shares[k]; b > bytes {
			bytes, text = b, d.keyText(i, k)
		}
	}
	return bytes, text
}

// loudest is the key that brings most to the partition of the first limit.
func (d *demand) loudest(f FirstLimit) string {
	for _, l := range d.partitionLoads() {
		if l.Topic == f.Topic && l.Partition == *f.Partition && len(l.TopKeys) > 0 {
			return l.TopKeys[0].Key
		}
	}
	return ""
}

// gatherMore finds the batch size, the linger, or both, with which all requests are
// within a limit.
func (d *demand) gatherMore(limit float64) string {
	const largestBatch, longest = 1 << 20, 200 // bytes, milliseconds
	type setting struct{ batch, linger int }
	var tries []setting
	for batch := 32 << 10; batch <= largestBatch; batch *= 2 {
		tries = append(tries, setting{batch: batch})
	}
	lingers := []int{10, 20, 50, 100, longest}
	for _, linger := range lingers {
		tries = append(tries, setting{linger: linger})
	}
	for _, linger := range lingers {
		tries = append(tries, setting{largestBatch, linger})
	}
	for _, s := range tries {
		requests := d.requestsWith(s.batch, s.linger)
		if requests > limit {
			continue
		}
		with := ""
		switch {
		case s.linger == 0:
			with = fmt.Sprintf("batches of %d KiB", s.batch>>10)
		case s.batch == 0:
			with = fmt.Sprintf("a linger of %d ms", s.linger)
		default:
			with = fmt.Sprintf("a linger of %d ms and batches of %d KiB", s.linger, s.batch>>10)
		}
		return fmt.Sprintf("With %s there would be at most %s, within %s.", with, Amount(requests, ClusterRequests), Amount(limit, ClusterRequests))
	}
	return fmt.Sprintf("No linger up to %d ms brings requests under %s; fewer clients, or more records from each, would.", longest, Amount(limit, ClusterRequests))
}

// requestsWith is how many requests there are per second when every fleet has at
// least such batches and such a linger.
func (d *demand) requestsWith(batch, lingerMillis int) float64 {
	with := d.with(func(f *fleetDemand) batching {
		changed := *f
		changed.Settings.BatchBytes = max(changed.Settings.BatchBytes, batch)
		changed.Settings.Linger = max(changed.Settings.Linger, time.Duration(lingerMillis)*time.Millisecond)
		return changed.gather(f.peak, d.brokers)
	})
	sum := 0.0
	for _, g := range d.groups {
		sum += d.resting(g)
	}
	for _, f := range with.fleets {
		sum += with.caused(f)
	}
	return sum
}
