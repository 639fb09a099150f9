package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"msklt/internal/limits"
)

// WritePlans writes plans of one scenario under several limits side by side: one
// row for each, with what it uses most below.
func WritePlans(w io.Writer, plans []*Plan, color bool, width int) {
	s := newSheet(w, color, width)
	s.comparison(plans)
	for _, p := range plans {
		s.gap()
		s.uses(p)
	}
	s.gap()
	for _, p := range plans {
		if p.Estimated {
			s.row("estimate", clip(p.LimitsProfile, 40)+": "+estimated)
		}
	}
	for _, p := range plans {
		if p.Cost == nil {
			s.row("cost", clip(p.LimitsProfile, 40)+" "+unknown+": "+clip(p.CostUnknown, 200))
		}
	}
	s.row("assumed", "What each plan assumes is said by msklt plan with its limits alone.")
}

// The columns of the comparison.
const (
	profileWidth = 27
	fitsWidth    = 8
	moneyWidth   = 13
)

func (s *sheet) comparison(plans []*Plan) {
	firstWidth := s.width - profileWidth - fitsWidth - moneyWidth - 2
	line := func(profile, fits, first, month string) string {
		return fmt.Sprintf("%-*s%*s  %-*s%*s", profileWidth, profile, fitsWidth, fits, firstWidth, first, moneyWidth, month)
	}
	fmt.Fprintln(s.w, line("limits", "fits to", "then", "a month"))
	for _, p := range plans {
		fits, first, scope := "any", "–", ""
		switch {
		case len(p.Limits) == 0, p.First == nil && partly(&p.Plan):
			fits = "–"
		case p.First != nil:
			fits, first = factor(p.First.LoadFactor), string(p.First.Limit)
			if p.First.Scope != "cluster" {
				scope = clip(p.First.Scope, firstWidth)
			}
			if scope != "" && utf8.RuneCountInString(first+" "+scope) <= firstWidth {
				first, scope = first+" "+scope, ""
			}
		}
		month := unknown
		if p.Cost != nil {
			month = money(p.Cost.PerMonth, p.Cost.Currency)
		}
		name := p.LimitsProfile
		if utf8.RuneCountInString(name) > profileWidth {
			fmt.Fprintln(s.w, clip(name, s.width))
			name = ""
		}
		text := line(name, fits, clip(first, firstWidth), month)
		if _, _, tint := fit(&p.Plan); s.color {
			text = strings.Replace(text, fits, tint+fits+"\x1b[0m", 1)
		}
		fmt.Fprintln(s.w, text)
		if scope != "" {
			fmt.Fprintln(s.w, strings.TrimRight(line("", "", scope, ""), " "))
		}
	}
}

// uses lists the limits of a plan, most used first.
func (s *sheet) uses(p *Plan) {
	sorted := slices.Clone(p.Limits)
	slices.SortStableFunc(sorted, func(a, b limits.PlannedLimit) int { return cmp.Compare(b.Use, a.Use) })
	var parts []string
	for _, l := range sorted[:min(5, len(sorted))] {
		parts = append(parts, fmt.Sprintf("%s %s (%s)", l.Limit, percent(l.Use), predictedOf(l)))
	}
	if len(parts) == 0 {
		parts = []string{"no limit declared"}
	}
	for i, line := range wrap(strings.Join(parts, ", "), s.width-2) {
		if i == 0 {
			fmt.Fprintln(s.w, clip(p.LimitsProfile, s.width))
		}
		fmt.Fprintln(s.w, "  "+line)
	}
}
