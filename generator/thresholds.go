package generator

import (
	"fmt"
	"strings"
	"time"

	"msklt/report"
	"msklt/scenario"
)

// observation is what a threshold's metric came to.
type observation struct {
	value   float64 // in the unit of the threshold's bound
	atLeast bool    // it is this or more: it falls among censored records
	missing string  // why there is no value; "" when there is one
}

// judge holds an observation against its threshold. What is not known has not
// passed, and is not broken either.
func judge(t scenario.Threshold, o observation) report.Threshold {
	out := report.Threshold{
		Expression: t.Expression, Of: t.Of(), Bound: t.Bound, Unit: t.Unit(), Abort: t.Abort,
		Censored: o.atLeast, Message: o.missing, Known: o.missing == "",
	}
	if !out.Known {
		return out
	}
	out.Observed = &o.value
	holds := compare(o.value, t.Operator, t.Bound)
	if upper := strings.HasPrefix(t.Operator, "<"); o.atLeast && upper == holds {
		out.Known = false
		out.Message = "it falls among records whose time is a lower bound, so that it may be higher"
	}
	out.Passed = out.Known && holds
	return out
}

func compare(value float64, operator string, bound float64) bool {
	switch operator {
	case "<":
		return value < bound
	case "<=":
		return value <= bound
	case ">":
		return value > bound
	case ">=":
		return value >= bound
	}
	return value == bound
}

// abort is a threshold that stopped the run.
type abort struct {
	index   int // in the scenario
	outcome report.Threshold
	at      time.Duration
}

// grace is how much of the measured phases must be over before a threshold may
// stop the run.
const grace = 2 * time.Second

// firstBroken finds the first aborting threshold that is broken at a time.
func (r *run) firstBroken(now time.Duration) (abort, bool) {
	if _, measured := r.measuredTo(now); measured < grace || now >= r.end {
		return abort{}, false
	}
	for i, t := range r.Scenario.Thresholds {
		if !t.Abort {
			continue
		}
		if o := judge(t, r.observe(t, moment{now, true})); o.Known && !o.Passed {
			return abort{index: i, outcome: o}, true
		}
	}
	return abort{}, false
}

// thresholds judges all thresholds after the run. The one that stopped it stays
// broken, whatever the drain brought.
func (r *run) thresholds() []report.Threshold {
	out := []report.Threshold{}
	for i, t := range r.Scenario.Thresholds {
		if r.aborted != nil && r.aborted.index == i {
			o := r.aborted.outcome
			o.Message = fmt.Sprintf("broken %.1f s after the start of traffic, when the run was stopped", r.aborted.at.Seconds())
			out = append(out, o)
			continue
		}
		out = append(out, judge(t, r.observe(t, moment{r.stopped, false})))
	}
	return out
}
