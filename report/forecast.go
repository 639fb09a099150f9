package report

import (
	"slices"
	"strings"

	"msklt/internal/limits"
)

// forecast is one limit as predicted, beside what the run saw of it.
type forecast struct {
	Limit, Scope       string
	Declared           string
	Predicted, Used    string
	Binds, After, Seen string
	Bound              bool // in the run
}

// forecasts hold the plan's limits against the run's: what it used of each, and
// since when it bound.
func forecasts(r *Result) []forecast {
	var list []forecast
	for _, l := range r.Plan.Limits {
		_, _, binds, after := plannedColumns(l)
		f := forecast{
			Limit: string(l.Limit), Scope: clip(l.Scope, 60), Binds: binds, After: after, Seen: "–", Used: "not observed",
			Declared: plannedQuantity(l.Declared, l.Unit), Predicted: plannedOn(l, plannedQuantity(l.Predicted, l.Unit)),
		}
		if paced(l) {
			f.Predicted = "paced to it"
		}
		f.observe(r, l.Limit, l.Scope)
		list = append(list, f)
	}
	return list
}

// observe fills in what the run saw of a limit, at its most loaded instance.
func (f *forecast) observe(r *Result, name limits.Name, scope string) {
	if i := slices.IndexFunc(r.Verdict.Headroom, func(h Headroom) bool { return h.Limit == name }); i >= 0 {
		h := r.Verdict.Headroom[i]
		f.Used = quantity(h.Used, h.Unit)
	}
	if i := slices.IndexFunc(r.Verdict.Binding, func(b Binding) bool { return b.Limit == name }); i >= 0 {
		b := r.Verdict.Binding[i]
		f.Seen, f.Bound = seconds(b.SinceSeconds), true
		if b.Plateau != nil && b.Scope == scope {
			f.Used = quantity(*b.Plateau, b.Unit)
		}
	}
}

// capital begins a sentence.
func capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
