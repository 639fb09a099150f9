package generator

import (
	"fmt"

	"msklt/internal/limits"
	"msklt/report"
)

// verdict says which limit bound, from what the taps saw.
func (r *run) verdict(res *report.Result) report.Verdict {
	evidence := limits.Evidence{
		Replay: r.observer.replay, Limits: r.Limits, Kind: limits.ClusterKind(res.Target.Kind),
		Start: r.shift(), End: r.shift() + r.stopped, Drained: r.shift() + r.finished, Share: r.shareOfScope,
	}
	binding, unexplained := limits.Attribute(evidence)
	v := report.Verdict{
		Binding:  binding,
		Headroom: limits.HeadroomOf(r.observer.replay, r.Limits),
		Advice:   limits.Advise(r.sized, r.Limits, len(r.cluster.Brokers), binding),
	}
	if v.Binding == nil {
		v.Binding = []report.Binding{}
	}
	switch {
	case !res.Validity.Valid:
		v.Status = limits.Invalid
		v.Summary = "The run is invalid: " + res.Validity.Reasons[0].Message + "."
	case unexplained:
		v.Status = limits.LimitedUnexplained
	case len(binding) > 0:
		v.Status = limits.Limited
	default:
		v.Status = limits.WithinLimits
	}
	if v.Summary == "" {
		v.Summary = summarise(v, res)
	}
	return v
}

// summarise says the verdict in a sentence or two.
func summarise(v report.Verdict, res *report.Result) string {
	got := fmt.Sprintf("%s of the %s offered were acknowledged", limits.Amount(res.Rates.AckedBytesPerSecond, limits.ClusterIngress), limits.Amount(res.Rates.OfferedBytesPerSecond, limits.ClusterIngress))
	if len(res.Fleets) == 0 {
		got = limits.Amount(res.Rates.ConsumedBytesPerSecond, limits.ClusterEgress) + " were read"
	}
	if len(v.Binding) == 0 {
		text := fmt.Sprintf("No response throttled; %s.", got)
		if res.Throttle.Responses > 0 {
			text = fmt.Sprintf("No response throttled while the traffic flowed; %s.", got)
		}
		if h, ok := nearest(v.Headroom); ok {
			text += fmt.Sprintf(" Nearest is %s of %s, %.0f %% used.", h.Limit, h.Scope, 100*(1-h.Headroom))
		}
		return text
	}
	b := v.Binding[0]
	text := fmt.Sprintf("%s binds on %s at %s", b.Limit, b.Scope, limits.Amount(b.Observed, b.Limit))
	if b.Declared != nil {
		text += fmt.Sprintf(" (declared %s)", limits.Amount(*b.Declared, b.Limit))
	} else {
		text += " (no declared limit explains it)"
	}
	text += fmt.Sprintf(" since %.1f s; %s.", b.SinceSeconds, got)
	if n := len(v.Binding) - 1; n > 0 {
		text += fmt.Sprintf(" %d more bound after it.", n)
	}
	return text
}

// nearest is the declared limit with the least headroom.
func nearest(all []report.Headroom) (report.Headroom, bool) {
	if len(all) == 0 {
		return report.Headroom{}, false
	}
	out := all[0]
	for _, h := range all {
		if h.Headroom < out.Headroom {
			out = h
		}
	}
	return out, true
}
