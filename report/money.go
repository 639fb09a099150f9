package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// money renders an amount: two decimals, or as many as two digits need below a
// hundredth.
func money(v float64, currency string) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return unknown
	}
	decimals := 2
	if small := math.Abs(v); small > 0 && small < 0.01 {
		decimals = min(1-int(math.Floor(math.Log10(small))), 6)
	}
	amount := group(strconv.FormatFloat(v, 'f', decimals, 64))
	if v != 0 && strings.Trim(amount, "-0.") == "" {
		amount = "< 0.000001"
	}
	if currency == "USD" {
		return strings.Replace("$"+amount, "$< ", "< $", 1)
	}
	return strings.TrimSpace(amount + " " + clip(currency, 10))
}

// projection is the table of a plan's cost.
func (s *sheet) projection(p *Plan) {
	c := p.Cost
	if c == nil {
		s.row("cost", unknown+": "+clip(p.CostUnknown, 300))
		s.gap()
		return
	}
	s.row("cost", fmt.Sprintf("%s a run, %s an hour, %s a month (%s h, %s)",
		money(c.PerRun, c.Currency), money(c.PerHour, c.Currency), money(c.PerMonth, c.Currency), digits(c.MonthHours), clip(c.Region, 30)))
	for _, i := range c.Items {
		fmt.Fprintf(s.w, "%-*s%-11s%22s  × %-10s%14s\n", labelWidth, "", clip(i.Name, 10),
			amount(i.Quantity)+" "+clip(i.Unit, 14), price(i.UnitPrice, c.Currency), money(i.Amount, c.Currency))
	}
	s.gap()
}

// amount is a quantity that is paid for, to the hundredth, or three digits below
// ten.
func amount(v float64) string {
	if math.Abs(v) < 10 {
		return digits(v)
	}
	text := group(strconv.FormatFloat(v, 'f', 2, 64))
	return strings.TrimSuffix(text, ".00")
}

// price renders a unit price with every digit it has.
func price(v float64, currency string) string {
	text := strconv.FormatFloat(v, 'f', -1, 64)
	if _, decimals, _ := strings.Cut(text, "."); len(decimals) < 2 {
		text = strconv.FormatFloat(v, 'f', 2, 64)
	}
	if currency == "USD" {
		return "$" + text
	}
	return text + " " + clip(currency, 10)
}
