package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"msklt/internal/cost"
	"msklt/internal/limits"
)

// Plan is what msklt plan prints: the plan and what its load costs.
type Plan struct {
	limits.Plan
	// Estimated says that the limits are estimates of capacity, not quotas.
	Estimated bool `json:"limits_estimated"`
	// StoredBytes are one copy of what topics hold when they are as full as their
	// retention lets them be; nil when one of them keeps everything.
	StoredBytes *float64 `json:"stored_bytes"`
	// Cost is nil when something has no price; CostUnknown then says what.
	Cost        *cost.Projection `json:"cost"`
	CostUnknown string           `json:"cost_unknown,omitempty"`
}

// WritePlan writes a plan for a terminal of the given width (80 when it is 0 or
// less): whether the load fits, then every limit, then what makes it so.
func WritePlan(w io.Writer, p *Plan, color bool, width int) {
	s := newSheet(w, color, width)
	s.fits(p)
	s.planned(p)
	s.plannedLimits(p.Limits)
	s.plannedPartitions(p)
	s.plannedClients(p)
	s.beyond(p)
	for _, a := range p.Advice {
		s.row("advice", a.Text)
	}
	if len(p.Advice) > 0 {
		s.gap()
	}
	s.projection(p)
	s.assumptions(p)
}

// fits says in a sentence whether the load fits, and what comes first.
func (s *sheet) fits(p *Plan) {
	status, rest, tint := fit(&p.Plan)
	for i, line := range wrap(status+rest, s.width) {
		if after, ok := strings.CutPrefix(line, status); ok && i == 0 && s.color {
			line = tint + status + "\x1b[0m" + after
		}
		fmt.Fprintln(s.w, line)
	}
	s.gap()
}

// partly tells that a plan does not know all of the load on each limit.
func partly(p *limits.Plan) bool {
	return slices.ContainsFunc(p.Limits, func(l limits.PlannedLimit) bool { return l.LowerBound })
}

// fit is the first sentence of a plan in two parts, with the colour of the first.
func fit(p *limits.Plan) (status, rest, tint string) {
	first, known := p.First, ""
	if partly(p) {
		known = " as far as is known"
	}
	switch {
	case first == nil && len(p.Limits) == 0:
		return "not known", " whether it fits: no limits are declared, so that there is nothing to hold the load against; --limits names some.", paint(limits.LimitedUnexplained)
	case first == nil && known != "":
		return "fits" + known, ": of what is known of the load, no declared limit binds.", paint(limits.LimitedUnexplained)
	case first == nil:
		return "fits", ": no declared limit binds at any load.", paint(limits.WithinLimits)
	}
	then := string(first.Limit)
	if first.Scope != "" && first.Scope != "cluster" {
		then += " on " + clip(first.Scope, 60)
	}
	because := ""
	if first.Because != "" {
		because = ", because of key " + clip(first.Because, 100)
	}
	if first.LoadFactor == 0 {
		return "does not fit", fmt.Sprintf(" at any load: %s is exceeded from the start%s.", then, because), paint(limits.Limited)
	}
	if first.LoadFactor < 1 {
		return "does not fit", fmt.Sprintf(": only %s of this load does; then %s binds%s.", factor(first.LoadFactor), then, because), paint(limits.Limited)
	}
	return "fits up to " + factor(first.LoadFactor) + known, fmt.Sprintf("; then %s%s.", then, because), paint(limits.WithinLimits)
}

// factor renders a load factor, two or three digits: 0.335×, 1.7×.
func factor(f float64) string {
	text := digits(f)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + "×"
}

func (s *sheet) planned(p *Plan) {
	t := p.Totals
	of := "limits " + clip(p.LimitsProfile, 60)
	if p.LimitsProfile == "none" && len(p.Limits) > 0 {
		of = "limits of its own"
	}
	s.row("scenario", fmt.Sprintf("%s, %s, %s", clip(p.Scenario.Name, 60), of, counted(p.Brokers, "broker")))
	if p.Estimated {
		s.row("", estimated)
	}
	s.row("load", plannedLoad(t))
	c := p.Connections
	text := count(int64(math.Ceil(c.Open))) + " open"
	if c.RampSeconds > 0 {
		text += ", the last after " + seconds(c.RampSeconds)
	}
	if c.AttemptsPerSecond > 0 {
		text += ", at most " + withUnit(c.AttemptsPerSecond, "attempts/s")
	}
	s.row("connections", text)
	if p.Creation.Partitions > 0 {
		text := fmt.Sprintf("%s with %s", counted(p.Creation.Topics, "topic"), counted(p.Creation.Partitions, "partition"))
		if p.Creation.Seconds > 0 {
			text += ", created within " + Wait(p.Creation.Seconds)
		}
		if p.Creation.RemovalSeconds > 0 {
			text += ", removed within " + Wait(p.Creation.RemovalSeconds) + " of the end"
		}
		s.row("creation", text)
	}
	stored := "without end: a topic keeps everything"
	switch {
	case t.LowerBound != "":
		stored = unknown
	case p.StoredBytes != nil:
		stored = size(*p.StoredBytes) + " once the topics are as full as their retention lets them be"
	}
	s.row("stored", stored)
	s.gap()
}

// plannedLoad is what a plan knows of the load.
func plannedLoad(t limits.PlannedTotals) string {
	over := counted(t.Partitions, "partition")
	if t.Uncounted > 0 {
		over = counted(t.Uncounted, "topic") + " whose partitions are not known"
		if t.Partitions > 0 {
			over = counted(t.Partitions, "partition") + " and " + over
		}
	}
	text := fmt.Sprintf("%s, %s in and %s out on the mean", withUnit(t.RecordsPerSecond, "records/s"),
		bandwidth(t.BytesInPerSecond), bandwidth(t.BytesOutPerSecond))
	switch {
	case t.LowerBound != "" && t.RecordsPerSecond == 0:
		text = unknown + " (fleet " + clip(t.LowerBound, 40) + " sends as fast as it can)"
	case t.LowerBound != "":
		text += ", and what fleet " + clip(t.LowerBound, 40) + " sends, as fast as it can"
	}
	return text + ", over " + over
}

// estimated is what a plan under estimates of capacity must not be read without.
const estimated = "The limits are estimates of capacity, not quotas: nothing throttles there, latency grows instead."

// counted is a number of things: 1 broker, 2,400 partitions.
func counted(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return count(int64(n)) + " " + thing
}

// size renders bytes in the largest unit that keeps them at 1 or above, MiB
// where that is a whole number.
func size(bytes float64) string {
	const mib = 1 << 20
	switch {
	case bytes >= mib && bytes < 1024*mib && bytes == float64(int64(bytes/mib))*mib:
		return count(int64(bytes/mib)) + " MiB"
	case bytes >= 999.5e9:
		return withUnit(bytes/1e12, "TB")
	}
	return strings.TrimSuffix(bandwidth(bytes), "/s")
}

// The columns of the table of limits.
const (
	limitWidth = 27
	useWidth   = 8
	ofWidth    = 29
	whenWidth  = 7
)

func (s *sheet) plannedLimits(all []limits.PlannedLimit) {
	if len(all) == 0 {
		s.row("limits", "none declared")
		s.gap()
		return
	}
	fmt.Fprintf(s.w, "%-*s%*s  %-*s%*s%*s\n", limitWidth, "limit", useWidth, "use",
		ofWidth, "predicted of declared", whenWidth, "binds", whenWidth, "after")
	for _, l := range all {
		use, of, binds, after := plannedColumns(l)
		name, scope := string(l.Limit), ""
		if l.Scope != "cluster" && l.Scope != "–" {
			scope = clip(l.Scope, s.width-4)
		}
		if scope != "" && utf8.RuneCountInString(name+" "+scope) <= limitWidth {
			name, scope = name+" "+scope, ""
		}
		fmt.Fprintf(s.w, "%-*s%*s  %-*s%*s%*s\n", limitWidth, name, useWidth, use, ofWidth, of, whenWidth, binds, whenWidth, after)
		if scope != "" {
			fmt.Fprintln(s.w, "  "+scope)
		}
	}
	s.gap()
}

// plannedColumns are the cells of one limit's row.
func plannedColumns(l limits.PlannedLimit) (use, of, binds, after string) {
	use, binds, after = percent(l.Use), "–", "–"
	if l.Use >= 10 {
		use = digits(100*l.Use) + " %"
	}
	if l.LowerBound {
		use = "–"
	}
	if paced(l) {
		return "–", "paced to " + plannedQuantity(l.Declared, l.Unit), binds, after
	}
	if l.BindsAtLoad != nil {
		binds = factor(*l.BindsAtLoad)
	}
	if l.BindsAfterSeconds != nil {
		after = seconds(*l.BindsAfterSeconds)
		if !l.Met {
			after = "held" // an earlier limit holds the load back
		}
	}
	return use, predictedOf(l), binds, after
}

// paced tells a limit that is kept by waiting before any traffic: the plan says
// under creation how long that takes.
func paced(l limits.PlannedLimit) bool {
	return l.Limit == limits.ClusterPartitionChanges || l.Limit == limits.ClusterTopicRequests
}

// predictedOf says a unit once where both numbers have it: 14.9 of 5.00 MB/s.
func predictedOf(l limits.PlannedLimit) string {
	predicted, declared := plannedQuantity(l.Predicted, l.Unit), plannedQuantity(l.Declared, l.Unit)
	if _, unit, ok := strings.Cut(declared, " "); ok {
		predicted = strings.TrimSuffix(predicted, " "+unit)
	}
	return plannedOn(l, predicted) + " of " + declared
}

// plannedOn is what is planned on a limit, as far as it is known.
func plannedOn(l limits.PlannedLimit, predicted string) string {
	switch {
	case l.LowerBound && l.Predicted == 0:
		return unknown
	case l.LowerBound:
		return "≥ " + predicted
	case l.UpperBound:
		return "≤ " + predicted
	}
	return predicted
}

// plannedQuantity is quantity with sizes in bytes, and with the changes of
// partitions in 5 minutes: per second, no one has a feeling for them.
func plannedQuantity(v float64, unit string) string {
	switch unit {
	case "bytes":
		return size(v)
	case "partitions/s":
		return quantity(math.Round(300e3*v)/1e3, "") + " in 5 minutes"
	}
	return quantity(v, unit)
}

func (s *sheet) plannedPartitions(p *Plan) {
	if p.Totals.LowerBound != "" && len(p.Partitions) > 0 {
		s.row("hottest", unknown+" (fleet "+clip(p.Totals.LowerBound, 40)+" sends as fast as it can)")
		s.gap()
		return
	}
	sorted := slices.Clone(p.Partitions)
	slices.SortStableFunc(sorted, func(a, b limits.PlannedPartition) int { return cmp.Compare(b.Predicted, a.Predicted) })
	label := "hottest"
	for _, part := range sorted[:min(3, len(sorted))] {
		text := fmt.Sprintf("%s  %s in, %s out", partitionName(part.Topic, part.Partition, 24), bandwidth(part.Predicted), bandwidth(part.Consumed))
		if len(part.TopKeys) > 0 {
			var keys []string
			for _, k := range part.TopKeys {
				keys = append(keys, fmt.Sprintf("%s %s", clip(k.Key, 30), percent(k.Share)))
			}
			text += "; of the topic's records, key " + strings.Join(keys, ", key ")
		}
		s.row(label, text)
		label = ""
	}
	if len(sorted) > 0 {
		s.gap()
	}
}

func (s *sheet) plannedClients(p *Plan) {
	label := "clients"
	for _, c := range p.Clients {
		requests := withUnit(c.RequestsPerSecond, "requests/s")
		switch {
		case c.LowerBound:
			requests = "requests " + unknown
		case c.UpperBound:
			requests = "at most " + requests
		}
		text := fmt.Sprintf("%s: %s, %s", clip(c.Fleet, 40), counted(c.Clients, "client"), requests)
		if c.RecordsPerBatch > 0 {
			text += fmt.Sprintf(", %s records a batch, which is %s full", digits(c.RecordsPerBatch), percent(c.BatchFill))
		}
		s.row(label, text)
		label = ""
	}
	if len(p.Clients) > 0 {
		s.gap()
	}
}

func (s *sheet) beyond(p *Plan) {
	if p.Beyond == nil {
		return
	}
	s.row("beyond", clip(p.Beyond.Text, 1000))
	s.gap()
}

func (s *sheet) assumptions(p *Plan) {
	all := slices.Clone(p.Assumptions)
	if p.Cost != nil {
		all = append(all, p.Cost.Assumptions...)
	}
	label := "assumed"
	for _, a := range all {
		for i, line := range wrap(clip(a, 1000), s.width-labelWidth-2) {
			bullet := "· "
			if i > 0 {
				bullet = "  "
			}
			fmt.Fprintf(s.w, "%-*s%s\n", labelWidth, label, bullet+line)
			label = ""
		}
	}
}
