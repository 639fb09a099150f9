package report

import (
	"fmt"
	"math"
	"strings"
)

// outcome is a threshold as the terminal and the page show it.
type outcome struct {
	Mark, Word      string
	Passed          bool
	Expression, Of  string
	Observed, Bound string
	Message         string
}

// found says what was observed, as far as it is known.
func (o outcome) found() string {
	switch {
	case o.Observed == unknown:
		return o.Message
	case o.Message == "":
		return "observed " + o.Observed + ", bound " + o.Bound
	}
	return "observed " + o.Observed + ", bound " + o.Bound + ", " + o.Message
}

func outcomes(r *Result) []outcome {
	var list []outcome
	for _, t := range r.Thresholds {
		o := outcome{
			Mark: "✓", Word: "passed", Passed: t.Passed,
			Expression: clip(t.Expression, 80), Of: clip(t.Of, 80), Message: clip(t.Message, 200),
			Observed: unknown, Bound: held(t.Bound, t.Unit),
		}
		switch {
		case t.Passed:
		case t.Known:
			o.Mark, o.Word = "✗", "failed"
		default:
			o.Mark, o.Word = "✗", "not known"
		}
		if t.Observed != nil {
			o.Observed = held(*t.Observed, t.Unit)
		}
		if t.Observed != nil && t.Censored {
			o.Observed = "≥ " + o.Observed
		}
		list = append(list, o)
	}
	return list
}

// FailedThresholds says in one line which thresholds did not pass.
func (r *Result) FailedThresholds() string {
	all := outcomes(r)
	var failed []string
	for _, o := range all {
		switch {
		case o.Passed:
		case o.Observed == unknown:
			failed = append(failed, o.Expression+of(o.Of)+": "+o.Message)
		default:
			failed = append(failed, o.Expression+of(o.Of)+": "+o.Word+", observed "+o.Observed)
		}
	}
	return fmt.Sprintf("%d of %d thresholds did not pass: %s", len(failed), len(all), strings.Join(failed, "; "))
}

// held renders a value that is held against a bound in its unit.
func held(v float64, unit string) string {
	switch magnitude := math.Abs(v); {
	case unit == "share":
		return reading(100*v, "%")
	case unit == "ms" && magnitude >= 1e3:
		return reading(v/1e3, "s")
	case unit == "bytes/s" && magnitude >= 1e9:
		return reading(v/1e9, "GB/s")
	case unit == "bytes/s" && magnitude >= 1e6:
		return reading(v/1e6, "MB/s")
	case unit == "bytes/s" && magnitude >= 1e3:
		return reading(v/1e3, "kB/s")
	case unit == "bytes/s":
		return reading(v, "B/s")
	}
	return reading(v, unit)
}
