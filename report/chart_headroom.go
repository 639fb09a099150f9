package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

const (
	// maxLimits is how many limits the chart of headroom shows.
	maxLimits = 40
	// limitHeight is the height of one's row, in pixels.
	limitHeight = 22
	// furthestShare is where the chart of headroom cuts its bars: several times a
	// limit would leave nothing to see of the others.
	furthestShare = 2.0
)

// plannedUse is a use of a limit beside what was predicted of it.
type plannedUse struct {
	use
	Predicted      string
	PredictedShare float64 // of what is declared; below 0 where it is not known
}

// plannedUses are the limits as uses lists them, then those that only the plan knows.
func plannedUses(r *Result) []plannedUse {
	var list []plannedUse
	for _, u := range uses(r) {
		p := plannedUse{use: u}
		p.predict(r)
		list = append(list, p)
	}
	if r.Plan == nil {
		return list
	}
	for _, l := range r.Plan.Limits {
		if paced(l) || slices.ContainsFunc(list, func(u plannedUse) bool { return u.Limit == string(l.Limit) }) {
			continue
		}
		u := plannedUse{use: use{
			Limit: string(l.Limit), Scope: clip(l.Scope, 60), Declared: plannedQuantity(l.Declared, l.Unit), Used: "not observed", Free: "–", Share: -1,
		}}
		u.predict(r)
		list = append(list, u)
	}
	return list
}

// predict fills in what the plan says of the limit's most loaded instance. Of another
// one that bound it says nothing.
func (u *plannedUse) predict(r *Result) {
	u.Predicted, u.PredictedShare = "–", -1
	if r.Plan == nil {
		return
	}
	for _, l := range r.Plan.Limits {
		if string(l.Limit) != u.Limit || paced(l) || u.Bound && clip(l.Scope, 60) != u.Scope {
			continue
		}
		u.Predicted = plannedOn(l, plannedQuantity(l.Predicted, l.Unit))
		if !l.LowerBound {
			u.PredictedShare = l.Use
		}
	}
}

// headroomChart is how much of each limit was used, beside what was predicted.
func headroomChart(r *Result) bars {
	all := plannedUses(r)
	shown := all[:min(maxLimits, len(all))]
	top := 1.1
	for _, u := range shown {
		for _, share := range []float64{u.Share, u.PredictedShare} {
			if 1.06*share > top { // which no NaN is
				top = min(1.06*share, furthestShare)
			}
		}
	}
	b := bars{
		chart: chart{
			ID: "headroom", Title: headroomFinding(r), Height: limitHeight * len(shown),
			Y: "used ÷ declared, of the instance of each limit that was used most", X: "% of what is declared",
			Key: []key{{"predicted", "predicted, as if nothing bound"}, {"observed", "used"}},
			Table: table{
				Head:  []string{"limit", "scope", "declared", "predicted", "used", "used ÷ declared", "headroom"},
				Texts: 2, Note: "Used is the highest mean over 11 consecutive seconds of the whole run; of a limit that bound, the plateau. Predicted is the highest point of the measured phases.",
			},
		},
		Half: limitHeight / 2, Verb: "used", Limit: tick{At: at(1 / top), Label: "declared", Anchor: "end"},
	}
	if len(shown) < len(all) {
		b.Table.Note = joined(fmt.Sprintf("The first %d of %d limits; result.json has all.", len(shown), len(all)), b.Table.Note)
	}
	for v := 0.0; v < top; v += 0.25 {
		b.XTicks = append(b.XTicks, tick{At: at(v / top), Label: digitsShort(100 * v), Minor: int(4*v)%4 != 0})
	}
	for i, u := range shown {
		row := barRow{
			Name: clip(u.Limit, 28), Y: at((float64(i) + 0.5) / float64(len(shown))), Bound: u.Bound,
			Predicted: at(clamp(u.PredictedShare / top)), Observed: at(clamp(u.Share / top)), Value: "–",
		}
		if i > 0 && shown[i-1].Limit == u.Limit {
			row.Name = clip(u.Scope, 28)
		}
		share := "–"
		if u.Share >= 0 {
			share = percent(u.Share)
			row.Value = strings.Replace(share, "100.0", "100", 1)
		}
		if u.PredictedShare > top {
			b.Key[0].Text = "predicted, as if nothing bound; cut at " + digitsShort(100*top) + " %"
		}
		b.Rows = append(b.Rows, row)
		b.Table.Rows = append(b.Table.Rows, []string{u.Limit, u.Scope, u.Declared, u.Predicted, u.Used, share, u.Free})
	}
	return b
}

// nearest is the limit that leaves the least.
func nearest(all []Headroom) Headroom {
	return slices.MinFunc(all, func(a, b Headroom) int { return cmp.Compare(a.Headroom, b.Headroom) })
}

func headroomFinding(r *Result) string {
	if len(r.Verdict.Headroom) == 0 && len(r.Verdict.Binding) == 0 {
		return "No use of a limit was observed"
	}
	free := slices.DeleteFunc(slices.Clone(r.Verdict.Headroom), func(h Headroom) bool {
		return slices.ContainsFunc(r.Verdict.Binding, func(b Binding) bool { return b.Limit == h.Limit })
	})
	next := ""
	if len(free) > 0 {
		h := nearest(free)
		next = fmt.Sprintf("%s, has %s left", h.Limit, percent(h.Headroom))
	}
	switch {
	case len(r.Verdict.Binding) == 0:
		return "The nearest limit, " + next
	case next == "":
		return string(r.Verdict.Binding[0].Limit) + " is used up"
	}
	return string(r.Verdict.Binding[0].Limit) + " is used up; the nearest of the others, " + next
}
