package report

import (
	"cmp"
	"slices"
	"strings"

	"msklt/internal/limits"
)

// answer says in a few words whether the load fits, behind the verdict's status.
func answer(r *Result) string {
	short := len(r.Fleets) > 0 && ackedShare(r) < 0.99
	switch {
	case r.Verdict.Status == limits.Invalid:
		return "nothing follows from this run"
	case len(r.Verdict.Binding) > 0 && short:
		return "this load does not fit"
	case len(r.Verdict.Binding) > 0 && directionOf(r).verb == "consumed":
		return "reading was held back"
	case len(r.Verdict.Binding) > 0:
		return "this load was held back"
	case r.Verdict.Status != limits.WithinLimits:
		return ""
	case !r.ThresholdsHold():
		return "no limit bound, but a threshold did not pass"
	case short:
		return "no limit bound, but not all of the load arrived"
	case r.Interrupted:
		return "this load fit while it ran"
	}
	return "this load fits"
}

// numbers are the three that matter most for this verdict: how much got through, how
// long that took, and what decided.
func numbers(r *Result) []fact { return []fact{throughput(r), felt(r), decisive(r)} }

// throughput is what got through of what was asked for: of writing, or of reading where
// that is what was held back.
func throughput(r *Result) fact {
	rates, toRead := r.Rates, 0.0
	for _, p := range r.Partitions {
		toRead += p.PredictedConsumed
	}
	reading := directionOf(r).verb == "consumed"
	switch {
	case reading && toRead > 0:
		return fact{"Consumed of predicted", percent(rates.ConsumedBytesPerSecond / toRead), bandwidth(rates.ConsumedBytesPerSecond) + " of " + bandwidth(toRead)}
	case reading:
		return fact{"Consumed", bandwidth(rates.ConsumedBytesPerSecond), "record batches with their headers"}
	case rates.OfferedBytesPerSecond <= 0:
		return fact{"Acked of offered", "–", "nothing was offered in the measured phases"}
	}
	return fact{"Acked of offered", percent(ackedShare(r)), bandwidth(rates.AckedBytesPerSecond) + " of " + bandwidth(rates.OfferedBytesPerSecond)}
}

// felt is the response time, or the end-to-end time where reading is what was held
// back.
func felt(r *Result) fact {
	name, l := "Response p99", r.Latency.Response
	if directionOf(r).verb == "consumed" && r.Latency.EndToEnd.Count > 0 {
		name, l = "End-to-end p99", r.Latency.EndToEnd
	}
	return fact{name, percentile(l, l.P99, l.P99Censored),
		"p50 " + percentile(l, l.P50, l.P50Censored) + ", max " + percentile(l, l.Max, l.MaxCensored)}
}

// decisive is the check that failed, how long the first limit that bound held its
// connections back, or else how much the nearest limit leaves.
func decisive(r *Result) fact {
	if r.Verdict.Status == limits.Invalid && len(r.Validity.Reasons) > 0 {
		reason := r.Validity.Reasons[0]
		return fact{sentence(limits.Status(reason.Check)), reading(reason.Observed, reason.Unit), "bound " + reading(reason.Bound, reason.Unit) + ", observed by the generator on itself"}
	}
	if len(r.Verdict.Binding) > 0 {
		b := r.Verdict.Binding[0]
		where := " that carry " + clip(b.Scope, 40)
		if strings.HasPrefix(string(b.Limit), "cluster.") {
			where = " to the cluster"
		}
		return fact{"Throttled", percent(b.ThrottledShare), "of the time of the connections" + where}
	}
	if len(r.Verdict.Headroom) > 0 {
		h := nearest(r.Verdict.Headroom)
		return fact{"Headroom", percent(h.Headroom), "of the nearest limit, " + string(h.Limit) + " on " + clip(h.Scope, 40) + ": " +
			quantity(h.Used, h.Unit) + " of " + quantity(h.Declared, h.Unit) + " used"}
	}
	return fact{"Throttled share", percent(r.Throttle.Share), count(r.Throttle.Responses) + " throttle responses; no limit is declared"}
}

// facts are the numbers that are asked for next; those that numbers has are left out.
func facts(r *Result) []fact {
	response, end := r.Latency.Response, r.Latency.EndToEnd
	var list []fact
	if len(r.Fleets) > 0 || len(r.Groups) == 0 {
		list = append(list, fact{"Offered", bandwidth(r.Rates.OfferedBytesPerSecond), withUnit(r.Rates.OfferedRecordsPerSecond, "records/s")})
	}
	if r.Plan != nil && r.Plan.First != nil {
		f := r.Plan.First
		list = append(list, fact{"Fits, as predicted", "≤ " + factor(f.LoadFactor), "of this load; then " + string(f.Limit) + " of " + clip(f.Scope, 40) + " binds"})
	}
	d := directionOf(r)
	if hot := hottest(r, d, 1); len(hot) > 0 {
		p := hot[0]
		detail := d.verb
		if d.predicted(p) > 0 { // a fleet that sends as fast as it can is not predicted
			detail += ", " + bandwidth(d.predicted(p)) + " predicted"
		}
		list = append(list, fact{"Hottest, " + partitionName(p.Topic, p.Partition, 16), bandwidth(d.observed(p)), detail})
	}
	list = append(list,
		fact{"Throttled share", percent(r.Throttle.Share), count(r.Throttle.Responses) + " throttle responses, all connections"},
		fact{"Response p50", percentile(response, response.P50, response.P50Censored), "p90 " + percentile(response, response.P90, response.P90Censored)},
		fact{"Response p99", percentile(response, response.P99, response.P99Censored), "max " + percentile(response, response.Max, response.MaxCensored)},
	)
	received := fact{"End-to-end p99", percentile(end, end.P99, end.P99Censored), bandwidth(r.Rates.ConsumedBytesPerSecond) + " consumed"}
	if end.Count == 0 {
		received.Detail = "nobody consumed"
	}
	list = append(list, received)
	if len(r.Groups) > 0 {
		g := slices.MaxFunc(r.Groups, func(a, b Group) int { return cmp.Compare(a.BacklogMax, b.BacklogMax) })
		if g.BacklogMax > 0 || backlogKnown(r) {
			list = append(list, fact{"Most backlog", count(g.BacklogMax), "records, of group " + clip(g.Name, 40)})
		}
	}
	reconciled := fact{"Records", count(r.Totals.Acked), "acked; every count reconciled"}
	for _, b := range balances(r) {
		if !b.Holds {
			reconciled.Detail = "acked; counts do not add up"
		}
	}
	list = append(list, reconciled)
	first := numbers(r)
	return slices.DeleteFunc(list, func(f fact) bool {
		return slices.ContainsFunc(first, func(n fact) bool { return n.Name == f.Name })
	})
}
