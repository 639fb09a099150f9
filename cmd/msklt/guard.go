package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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
	out := planned{job: j, runs: runs, plan: limits.MakePlan(j.scenario, where.Limits, where.Limits.Brokers)}
	out.bytes = float64(runs) * (out.plan.Totals.RunBytesIn + out.plan.Totals.RunBytesOut)
	out.unknown = unbounded(j.scenario)
	if out.cost, err = cost.Project(out.plan, j.scenario, cost.DefaultMonthHours, prices); err != nil {
		out.noCost = err.Error()
	} else if out.unknown != "" {
		out.cost, out.noCost = nil, out.unknown
	}
	return out, nil
}

// unbounded says why nobody knows beforehand how much a scenario writes or reads.
func unbounded(s *scenario.Scenario) string {
	for _, f := range s.Producers {
		if f.Rate.Max {
			return fmt.Sprintf("fleet %s sends as fast as it can", f.Name)
		}
	}
	for _, g := range s.Consumers {
		for _, t := range s.Topics {
			if t.Existing && slices.Contains(g.Topics, t.Name) {
				return fmt.Sprintf("group %s reads topic %s, which exists", g.Name, t.Name)
			}
		}
	}
	return ""
}

// show says in three lines what is going to happen.
func (l planned) show(p *process) {
	t, each := l.plan.Totals, ""
	if l.runs > 1 {
		each = fmt.Sprintf(" in each of %d runs", l.runs)
	}
	more := ""
	if l.unknown != "" {
		more = ", and more: " + l.unknown
	}
	fmt.Fprintf(p.stderr, "on %s: %s in and %s out on the mean, %s in and %s out in all%s%s\n", l.job.target.Name,
		report.Bandwidth(t.BytesInPerSecond), report.Bandwidth(t.BytesOutPerSecond), report.Size(t.RunBytesIn), report.Size(t.RunBytesOut), each, more)
	made := "no topic"
	if c := l.plan.Creation; c.Topics > 0 {
		made = report.Counted(c.Topics, "topic") + " with " + report.Counted(c.Partitions, "partition")
		if c.Seconds > 0 {
			made += " (" + report.Wait(c.Seconds) + ")"
		}
	}
	costs := "cost not known: " + l.noCost
	if l.cost != nil {
		costs = fmt.Sprintf("about %s a run (%s)", report.Money(l.cost.PerRun, l.cost.Currency), l.cost.Region)
	}
	fmt.Fprintf(p.stderr, "  creates %s, opens about %s connections; %s\n", made, report.Count(int64(l.plan.Connections.Open)), costs)
}

// withinCost refuses what costs more than is allowed, or nobody knows how much; a limit
// of 0 allows everything.
func withinCost(all []planned, most float64) error {
	if most == 0 {
		return nil
	}
	sum, currency := 0.0, ""
	for _, l := range all {
		if l.cost == nil {
			return fmt.Errorf("--max-cost %v: what %s costs is not known: %s", most, l.job, l.noCost)
		}
		sum += float64(l.runs) * l.cost.PerRun
		currency = l.cost.Currency
	}
	if sum > most {
		return fmt.Errorf("--max-cost %v: the plan comes to %s", most, report.Money(sum, currency))
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
		if l.cost != nil {
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
