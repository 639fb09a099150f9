package report

import (
	"cmp"
	"slices"
	"strings"

	"msklt/internal/limits"
)

// ackedShare is acked ÷ offered over the measured phases; 1 when nothing was
// offered.
func ackedShare(r *Result) float64 {
	if r.Rates.OfferedBytesPerSecond <= 0 {
		return 1
	}
	return r.Rates.AckedBytesPerSecond / r.Rates.OfferedBytesPerSecond
}

// clockOffset says what negative end-to-end times tell of the clocks; "" where there
// are none.
func clockOffset(l Latency) string {
	if l.ClockOffset == nil {
		return ""
	}
	return count(l.Negative) + " of " + count(l.Count) + " records were received before they were intended: the writers' clock is ahead by at least " +
		millis(*l.ClockOffset) + ", by which every end-to-end time is short; those that would be negative count as 0"
}

// declaredValue finds a limit's declared value among what bound and what did
// not; ok is false when it is not declared.
func declaredValue(r *Result, name limits.Name) (value float64, ok bool) {
	for _, b := range r.Verdict.Binding {
		if b.Limit == name && b.Declared != nil {
			return *b.Declared, true
		}
	}
	for _, h := range r.Verdict.Headroom {
		if h.Limit == name {
			return h.Declared, true
		}
	}
	return 0, false
}

// direction is the side of the partitions that a report draws: what was acked,
// or what was consumed when a limit on reading bound first, or nobody wrote.
type direction struct {
	verb      string // "acked" or "consumed"
	limit     limits.Name
	observed  func(Partition) float64
	predicted func(Partition) float64
	bytes     func(PartitionSecond) int64
}

func directionOf(r *Result) direction {
	if onlyReads(r) || len(r.Verdict.Binding) > 0 && strings.HasSuffix(string(r.Verdict.Binding[0].Limit), ".egress") {
		return outward()
	}
	return inward()
}

func outward() direction {
	return direction{
		verb:      "consumed",
		limit:     limits.PartitionEgress,
		observed:  func(p Partition) float64 { return p.Consumed },
		predicted: func(p Partition) float64 { return p.PredictedConsumed },
		bytes:     func(s PartitionSecond) int64 { return s.ConsumedBytes },
	}
}

func inward() direction {
	return direction{
		verb:      "acked",
		limit:     limits.PartitionIngress,
		observed:  func(p Partition) float64 { return p.Acked },
		predicted: func(p Partition) float64 { return p.Predicted },
		bytes:     func(s PartitionSecond) int64 { return s.AckedBytes },
	}
}

// hottest returns the n partitions with the highest load, predicted or
// observed, hottest first.
func hottest(r *Result, d direction, n int) []Partition {
	sorted := slices.Clone(r.Partitions)
	load := func(p Partition) float64 { return max(d.observed(p), d.predicted(p)) }
	slices.SortStableFunc(sorted, func(a, b Partition) int {
		return cmp.Or(cmp.Compare(load(b), load(a)), inOrder(a, b))
	})
	return sorted[:min(n, len(sorted))]
}

// inOrder sorts partitions by topic and number.
func inOrder(a, b Partition) int {
	return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
}

// bound tells whether a limit of one partition bound on p.
func bound(r *Result, p Partition) bool {
	return slices.ContainsFunc(r.Verdict.Binding, func(b Binding) bool {
		return b.Partition != nil && *b.Partition == p.Partition && b.Topic == p.Topic
	})
}

// use is one row of the table of limits: a limit that bound, or one with room.
type use struct {
	Limit, Scope   string
	Declared, Used string
	Free           string
	Share          float64 // used ÷ declared
	Bound          bool
}

// uses lists the limits that bound, in the order in which they did, then the
// others as the verdict has them.
func uses(r *Result) []use {
	var list []use
	for _, b := range r.Verdict.Binding {
		if b.Declared == nil {
			continue
		}
		u := use{
			Limit: string(b.Limit), Scope: clip(b.Scope, 60), Bound: true, Share: 1,
			Declared: optional(b.Declared, b.Unit), Used: optional(b.Plateau, b.Unit), Free: "binds",
		}
		if b.Plateau != nil && *b.Declared > 0 {
			u.Share = *b.Plateau / *b.Declared
		}
		list = append(list, u)
	}
	for _, h := range r.Verdict.Headroom {
		if slices.ContainsFunc(r.Verdict.Binding, func(b Binding) bool { return b.Limit == h.Limit && b.Scope == h.Scope }) {
			continue
		}
		list = append(list, use{
			Limit: string(h.Limit), Scope: clip(h.Scope, 60), Share: 1 - h.Headroom,
			Declared: quantity(h.Declared, h.Unit), Used: quantity(h.Used, h.Unit), Free: percent(max(0, h.Headroom)),
		})
	}
	return list
}

// maxPayers is how many clients the page lists.
const maxPayers = 40

// payers are the clients that were throttled, the largest share first.
func payers(r *Result) []ClientThrottle {
	sorted := slices.Clone(r.Throttle.ByClient)
	slices.SortStableFunc(sorted, func(a, b ClientThrottle) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(b.Responses, a.Responses))
	})
	return sorted[:min(maxPayers, len(sorted))]
}

// failed tells whether one of the instrument's checks is among what makes the
// run invalid.
func failed(r *Result, check Reason) bool {
	return slices.ContainsFunc(r.Validity.Reasons, func(x Reason) bool { return x.Check == check.Check })
}

// unmade are the checks for which nothing could be observed.
func unmade(r *Result) (names []string) {
	for _, c := range r.Validity.Checks {
		if c.Unknown {
			names = append(names, clip(c.Check, 40))
		}
	}
	return names
}

// observedBy says in words how a limit's value was found.
func observedBy(b Binding) string {
	if b.ObservedBy == "inversion" && b.Inverted != nil {
		return "inverted from " + count(int64(b.Inverted.Responses)) + " throttle responses, ± " +
			digitsShort(b.Inverted.SpreadPercent) + " %"
	}
	switch b.Limit {
	case limits.ClusterConnections, limits.BrokerConnections:
		return "how many connections stood when others were turned away"
	case limits.ClusterAttempts, limits.BrokerAttempts:
		return "how many connections came about while others were turned away"
	}
	if b.ObservedBy == "plateau" {
		return "what got through over whole windows; throttle responses scatter"
	}
	return clip(b.ObservedBy, 40)
}
