package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"msklt/generator"
	"msklt/internal/cluster"
	"msklt/internal/cost"
	"msklt/internal/limits"
	"msklt/report"
	"msklt/scenario"
)

// What is planned beyond these on somebody's cluster needs a yes: about a day of steady
// writing at 100 kB/s, and what nobody has to ask a colleague for.
const (
	freeBytes = 10e9 // written and read, of all runs of a call
	freeCost  = 5.0  // in the price list's currency
)

// planned is what all runs of a job are going to do to somebody's cluster.
type planned struct {
	job     job
	limits  limits.Limits
	plan    limits.Plan
	runs    int
	bytes   float64 // written and read
	unknown string  // why bytes are not all; "" when they are
	cost    *cost.Projection
	noCost  string // why there is none
}

// guard shows what runs are going to do to clusters of somebody's, and has what is
// large agreed to. Its error says what stands against it.
func (p *process) guard(ctx context.Context, jobs []job, f runFlags) error {
	var all []planned
	for _, j := range jobs {
		if j.target.Embedded != nil {
			continue
		}
		one, err := foresee(ctx, j, max(1, f.repeat))
		if err != nil {
			return err
		}
		all = append(all, one)
		if !f.quiet {
			one.show(p)
		}
	}
	if err := withinCost(all, f.maxCost); err != nil {
		return usageError{err}
	}
	why := beyondFree(all)
	if why == "" || f.yes {
		return nil
	}
	yes, asked, err := p.ask(ctx, "msklt: "+why+"; go on?")
	switch {
	case err != nil:
		return err
	case !asked:
		return usageError{fmt.Errorf("%s; --yes agrees to that", why)}
	case !yes:
		return usageError{errors.New("not agreed to; nothing was started")}
	}
	return nil
}

// foresee plans the runs of a job.
func foresee(ctx context.Context, j job, runs int) (planned, error) {
	prices, err := cost.BuiltIn()
	if err != nil {
		return planned{}, err
	}
	where, err := open(ctx, j)
	if err != nil {
		return planned{}, err
	}
	s, err := where.counted(ctx)
	if err != nil {
		return planned{}, err
	}
	out := planned{job: j, limits: where.Limits, runs: runs, plan: limits.MakePlan(s, where.Limits, where.Limits.Brokers)}
	out.bytes = float64(runs) * (out.plan.Totals.RunBytesIn + out.plan.Totals.RunBytesOut)
	out.unknown = cmp.Or(maxRate(out.plan.Totals), unbounded(s))
	if out.cost, err = cost.Project(out.plan, s, cost.DefaultMonthHours, prices); err != nil {
		out.noCost = err.Error()
	} else if out.unknown != "" {
		out.cost, out.noCost = nil, out.unknown
	}
	return out, nil
}

// counted is the job's scenario with the partitions that its existing topics have, for
// which the cluster is asked.
func (w *site) counted(ctx context.Context) (*scenario.Scenario, error) {
	s := w.job.scenario
	if !slices.ContainsFunc(s.Topics, func(t scenario.Topic) bool { return t.Existing }) {
		return s, nil
	}
	if err := w.enter(ctx, func(string) {}); err != nil { // the run tells of addresses that do not answer
		return nil, err
	}
	paced := *w.access
	paced.Dial = generator.Paced(paced.Dial, w.Limits)
	c, err := cluster.Open(ctx, paced.Bootstrap, paced.Options()...)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.Counted(ctx, s)
}

// maxRate says why nobody knows beforehand how much a scenario writes; "" when that is
// known.
func maxRate(t limits.PlannedTotals) string {
	if t.LowerBound == "" {
		return ""
	}
	return fmt.Sprintf("rate: max: fleet %s sends as fast as it can", t.LowerBound)
}

// unbounded says why nobody knows beforehand how much a scenario reads.
func unbounded(s *scenario.Scenario) string {
	for _, g := range s.Consumers {
		for _, t := range s.Topics {
			if t.Existing && slices.Contains(g.Topics, t.Name) {
				return fmt.Sprintf("group %s reads topic %s, which exists", g.Name, t.Name)
			}
		}
	}
	return ""
}

// load says how much is written and read.
func (l planned) load() string {
	t := l.plan.Totals
	if l.unknown != "" && t.RunBytesIn+t.RunBytesOut == 0 {
		return "how much is written and read is not known (" + l.unknown + ")"
	}
	text := fmt.Sprintf("%s in and %s out on the mean, %s in and %s out in all",
		report.Bandwidth(t.BytesInPerSecond), report.Bandwidth(t.BytesOutPerSecond), report.Size(t.RunBytesIn), report.Size(t.RunBytesOut))
	if l.runs > 1 {
		text += fmt.Sprintf(" in each of %d runs", l.runs)
	}
	if l.unknown != "" {
		text += ", and more: " + l.unknown
	}
	return text
}

// show says in three lines what is going to happen.
func (l planned) show(p *process) {
	fmt.Fprintf(p.stderr, "on %s: %s\n", l.job.target.Name, l.load())
	made := "no topic"
	if c := l.plan.Creation; c.Topics > 0 {
		made = report.Counted(c.Topics, "topic") + " with " + report.Counted(c.Partitions, "partition")
		if c.Seconds > 0 {
			made += " (" + report.Wait(c.Seconds) + ")"
		}
	}
	costs := "cost not known: " + l.noCost
	if l.cost != nil {
		costs = fmt.Sprintf("about %s a run (%s)", report.Money(l.cost.PerRun, l.cost.Currency), l.prices())
	}
	fmt.Fprintf(p.stderr, "  creates %s, opens about %s connections; %s\n", made, report.Count(int64(l.plan.Connections.Open)), costs)
	if said := l.job.limitsSaid(l.limits); said != "" {
		fmt.Fprintln(p.stderr, "  limits: "+said)
	}
}

// prices says whose prices a cost is of.
func (l planned) prices() string {
	if region := l.job.target.Region(); region != "" && region != l.cost.Region {
		return fmt.Sprintf("prices of %s; those of %s are not known here: msklt plan takes them with --price-file", l.cost.Region, region)
	}
	return l.cost.Region
}

// crowds says which limits on connections the plan is beyond, so that others on the
// cluster would find no way in; "" when it is beyond none.
func (l planned) crowds() string {
	var over []string
	for _, p := range l.plan.Limits {
		switch p.Limit {
		case limits.ClusterConnections, limits.BrokerConnections, limits.ClusterAttempts, limits.BrokerAttempts:
			if p.Predicted > p.Declared {
				over = append(over, fmt.Sprintf("%s of the %s that %s of %s allows", report.Count(int64(math.Ceil(p.Predicted))), report.Count(int64(p.Declared)), p.Limit, p.Scope))
			}
		}
	}
	if len(over) == 0 {
		return ""
	}
	return "the plan is to make " + strings.Join(over, ", and ") + ", which keeps others out of " + l.job.target.Name
}

// withinCost refuses what costs more than is allowed, or nobody knows how much; a limit
// of 0 allows everything.
func withinCost(all []planned, most float64) error {
	if most == 0 {
		return nil
	}
	sum, currency, prices := 0.0, "", ""
	for _, l := range all {
		if l.cost == nil {
			return fmt.Errorf("--max-cost %v: what %s costs is not known: %s", most, l.job, l.noCost)
		}
		sum += float64(l.runs) * l.cost.PerRun
		currency, prices = l.cost.Currency, l.prices()
	}
	if sum > most {
		return fmt.Errorf("--max-cost %v: the plan comes to %s (%s)", most, report.Money(sum, currency), prices)
	}
	return nil
}

// beyondFree says what is beyond what goes without asking; "" when nothing is.
func beyondFree(all []planned) string {
	var bytes, amount float64
	var why []string
	currency := ""
	for _, l := range all {
		bytes += l.bytes
		if l.unknown != "" {
			why = append(why, "how much is sent is not known beforehand ("+l.unknown+")")
		}
		if crowds := l.crowds(); crowds != "" {
			why = append(why, crowds)
		}
		switch {
		case l.cost == nil && l.unknown == "" && l.job.target.Amazon():
			why = append(why, "what it costs is not known ("+l.noCost+")")
		case l.cost != nil:
			amount, currency = amount+float64(l.runs)*l.cost.PerRun, l.cost.Currency
		}
	}
	if bytes > freeBytes {
		why = append(why, fmt.Sprintf("the plan is to write and read %s, which is over %s", report.Size(bytes), report.Size(freeBytes)))
	}
	if amount > freeCost {
		why = append(why, fmt.Sprintf("the plan costs %s, which is over %s", report.Money(amount, currency), report.Money(freeCost, currency)))
	}
	return strings.Join(slices.Compact(why), "; ")
}
