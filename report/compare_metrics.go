package report

import (
	"fmt"
	"slices"
	"strings"

	"msklt/internal/compare"
)

// comparedMetric is what of a run is compared.
type comparedMetric struct {
	name   string
	unit   string
	better compare.Better
	// of is its value over a run's measured phases, or why the run has none.
	of func(*Result) (v float64, unknown string)
	// second is its value in one second; nil where the timeline does not tell. What
	// a second has no value of is left out.
	second func(Second) (v float64, ok bool)
	// statistic makes one value of those of the seconds.
	statistic func([]float64) float64
}

func comparedMetrics() []comparedMetric {
	acked := func(of func(Second) float64) func(Second) (float64, bool) {
		return func(s Second) (float64, bool) { return of(s), s.AckedRecords > 0 }
	}
	return []comparedMetric{
		{"acked.rate", "bytes/s", compare.Higher, ackedRateOf, always(ackedBytes), meanOf},
		{"consumed.rate", "bytes/s", compare.Higher, consumedRateOf, always(consumedBytes), meanOf},
		{"response.p50", "ms", compare.Lower, latencyOf(responseOf, atP50), acked(func(s Second) float64 { return s.P50 }), medianOf},
		{"response.p99", "ms", compare.Lower, latencyOf(responseOf, atP99), acked(func(s Second) float64 { return s.P99 }), medianOf},
		{"response.p999", "ms", compare.Lower, latencyOf(responseOf, atP999), nil, nil},
		{"service.p99", "ms", compare.Lower, latencyOf(serviceOf, atP99), nil, nil},
		{"end_to_end.p99", "ms", compare.Lower, latencyOf(endToEndOf, atP99), nil, nil},
		{"throttled.share", "share", compare.Lower, throttledShareOf, always(throttledShare), meanOf},
		{"unacked.share", "share", compare.Lower, unackedShareOf, nil, nil},
		{"cost.per_hour", "USD/h", compare.Lower, costPerHourOf, nil, nil},
	}
}

const (
	noMeasure = "no whole second was measured"
	nobody    = "nobody wrote"
	noReader  = "nobody read"
)

// unmeasured tells that a run's rates are of no second.
func unmeasured(r *Result) bool { return r.Rates == Rates{} && len(measuredSeconds(r)) == 0 }

func ackedRateOf(r *Result) (float64, string) {
	switch {
	case len(r.Fleets) == 0:
		return 0, nobody
	case unmeasured(r):
		return 0, noMeasure
	}
	return r.Rates.AckedBytesPerSecond, ""
}

func consumedRateOf(r *Result) (float64, string) {
	switch {
	case len(r.Groups) == 0:
		return 0, noReader
	case unmeasured(r):
		return 0, noMeasure
	}
	return r.Rates.ConsumedBytesPerSecond, ""
}

func throttledShareOf(r *Result) (float64, string) {
	if unmeasured(r) {
		return 0, noMeasure
	}
	return r.Throttle.Share, ""
}

// unackedShareOf is what of the whole run's records failed or was never sent.
func unackedShareOf(r *Result) (float64, string) {
	if r.Totals.Scheduled == 0 {
		return 0, nobody
	}
	return float64(r.Totals.Failed+r.Totals.Unsent) / float64(r.Totals.Scheduled), ""
}

// costPerHourOf is what the run would be billed, as if it lasted an hour.
func costPerHourOf(r *Result) (float64, string) {
	switch {
	case r.Cost == nil && r.CostUnknown != "":
		return 0, r.CostUnknown
	case r.Cost == nil, r.DurationSeconds <= 0:
		return 0, "it has no bill"
	case r.Cost.Currency != "USD":
		return 0, "it is billed in " + r.Cost.Currency
	}
	return r.Cost.Total / r.DurationSeconds * 3600, ""
}

func responseOf(l *Latencies) *Latency { return &l.Response }
func serviceOf(l *Latencies) *Latency  { return &l.Service }
func endToEndOf(l *Latencies) *Latency { return &l.EndToEnd }

func atP50(l *Latency) (ms float64, censored bool)  { return l.P50, l.P50Censored }
func atP99(l *Latency) (ms float64, censored bool)  { return l.P99, l.P99Censored }
func atP999(l *Latency) (ms float64, censored bool) { return l.P999, l.P999Censored }

// topMillis is the histograms' top: what took longer is recorded there.
const topMillis = 10 * 60 * 1000

// latencyOf is a percentile, unless it is a bound, or short by clocks that differ.
func latencyOf(of func(*Latencies) *Latency, at func(*Latency) (float64, bool)) func(*Result) (float64, string) {
	return func(r *Result) (float64, string) {
		l := of(&r.Latency)
		v, censored := at(l)
		switch {
		case l.Count == 0:
			return 0, "nothing was measured"
		case censored:
			return 0, "a lower bound only, as records were never acknowledged or were read early"
		case l.Clamped > 0 && v >= topMillis:
			return 0, "it lies above the histogram's top of 10 minutes"
		case l.ClockOffset != nil:
			return 0, "the writers' clock was ahead of the readers'"
		}
		return v, ""
	}
}

// values are the metric's of runs, or why a run has none, by run.
func (m comparedMetric) values(runs []*Result) (values []float64, unknown []string) {
	for _, r := range runs {
		v, why := m.of(r)
		if why != "" {
			unknown = append(unknown, why)
			continue
		}
		values = append(values, v)
	}
	return values, unknown
}

// lacking says how many runs have no value, and why the first of them has none.
func lacking(before int, whyBefore []string, after int, whyAfter []string) string {
	why := slices.Concat(whyBefore, whyAfter)
	switch len(why) {
	case 0:
		return ""
	case before + after:
		return why[0]
	}
	var runs []string
	if n := len(whyBefore); n > 0 {
		runs = append(runs, fmt.Sprintf("%d of %d before", n, before))
	}
	if n := len(whyAfter); n > 0 {
		runs = append(runs, fmt.Sprintf("%d of %d after", n, after))
	}
	return strings.Join(runs, " and ") + ": " + why[0]
}

// seconds are the metric's values in the measured seconds of a run.
func (m comparedMetric) seconds(r *Result) (values []float64) {
	for _, s := range measuredSeconds(r) {
		if v, ok := m.second(s); ok {
			values = append(values, v)
		}
	}
	return values
}

// measuredSeconds are those that lie wholly in a measured phase, up to where a
// threshold stopped the run. When an interrupt did is not kept: such a run has none.
func measuredSeconds(r *Result) (seconds []Second) {
	if r.Interrupted {
		return nil
	}
	for _, s := range r.Timeline {
		from, to := float64(s.Second), float64(s.Second+1)
		if r.Aborted != nil && to > r.Aborted.At {
			break
		}
		if slices.ContainsFunc(r.Phases, func(p Phase) bool { return p.Measured && from >= p.From && to <= p.To }) {
			seconds = append(seconds, s)
		}
	}
	return seconds
}

func meanOf(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func medianOf(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
