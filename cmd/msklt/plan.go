package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"msklt/internal/cost"
	"msklt/internal/limits"
	"msklt/report"
	"msklt/scenario"
)

type planFlags struct {
	targetFlags
	limits        []string
	seed          uint64
	duration      time.Duration
	hours         float64
	priceFile     string
	json, noColor bool
}

func (p *process) planCommand() *cobra.Command {
	var f planFlags
	c := &cobra.Command{
		Use:   "plan SCENARIO",
		Short: "Say which limit binds first, at what load and on which partitions, and what it costs",
		Long: `Say without any traffic what a scenario does to a cluster's limits: which one
binds first, at what load, on which partitions and because of which key; what
gets through beyond it; what would raise the ceiling; and what the load costs.
Nothing is contacted. With --target, the limits are those of the target where it
declares some.

--limits asks what if: it takes the place of those limits. Several,
separated by commas, are shown side by side; with --json they are an array of
plans in that order, where one plan alone is an object.

Limits are a limits file or a built-in profile, some with parameters behind a
colon (msk-express-m7g.large:6 has 6 brokers, kinesis:12 has 12 shards,
kafka-client-quota:5MB/s:10MB/s a produce and a fetch quota for each client):
  ` + strings.Join(limits.Profiles(), "\n  ") + `

Prices are those of Amazon MSK in us-east-1, or of a price file in the form of
the built-in one (internal/cost/prices.yaml).

Exit codes: 0 fine (also when a limit binds), 1 internal error, 2 bad scenario,
limits, prices or flags.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var seed *uint64
			if c.Flags().Changed("seed") {
				seed = &f.seed
			}
			if c.Flags().Changed("limits") && len(f.limits) == 0 {
				f.limits = []string{""} // which is no name
			}
			if c.Flags().Changed("duration") && f.duration == 0 {
				return usageError{errNoDuration}
			}
			return p.plan(args[0], f, seed)
		},
	}
	flags := c.Flags()
	f.targetFlags.on(flags)
	flags.StringSliceVar(&f.limits, "limits", nil, "`profiles or files` in place of the scenario's or the target's limits, separated by commas")
	flags.Uint64Var(&f.seed, "seed", 0, "seed of everything random (default: the scenario's)")
	flags.DurationVar(&f.duration, "duration", 0, "scale the measured phases to last this long in all")
	flags.Float64Var(&f.hours, "hours", cost.DefaultMonthHours, "hours of the month that is priced")
	flags.StringVar(&f.priceFile, "price-file", "", "prices in place of the built-in ones: a YAML `file`")
	flags.BoolVar(&f.json, "json", false, "print the plan as JSON on stdout")
	flags.BoolVar(&f.noColor, "no-color", false, "no colour (also with NO_COLOR set)")
	return c
}

// plan is the main job without the run: scenario → limits → report.
func (p *process) plan(path string, f planFlags, seed *uint64) error {
	if !(f.hours > 0 && f.hours <= 8784) {
		return usageError{fmt.Errorf("--hours must be more than 0 and at most the 8784 of a leap year, is %v", f.hours)}
	}
	prices, err := readPrices(f.priceFile)
	if err != nil {
		return err
	}
	places := f.places()
	if len(places) > 1 {
		return usageError{errors.New("give one target: --target and --bootstrap both say where the scenario runs")}
	}
	var edits []string // of the limits; "" leaves the scenario's
	for _, l := range f.limits {
		edit, err := limitsEdit(l)
		if err != nil {
			return err
		}
		edits = append(edits, edit)
	}
	if len(edits) == 0 {
		edits = []string{""}
	}
	var plans []*report.Plan
	for _, edit := range edits {
		at := places[0]
		at.unlimited = edit != ""
		o := p.options()
		o.Set, o.Seed, o.Duration = f.set, seed, f.duration
		if edit != "" {
			o.Set = append(o.Set[:len(o.Set):len(o.Set)], edit)
		}
		one, err := planOne(path, at, o, f.hours, prices)
		if err != nil {
			return err
		}
		plans = append(plans, one)
	}
	return p.showPlans(plans, f)
}

// planOne plans a scenario under the limits of its target, its own, or those that an
// edit gives it.
func planOne(path string, at place, o scenario.Options, hours float64, prices cost.Prices) (*report.Plan, error) {
	j, err := read(path, at, o)
	if err != nil {
		return nil, usageError{err}
	}
	s, l := j.scenario, j.limits
	out := &report.Plan{Plan: limits.MakePlan(s, l, j.brokers()), Estimated: l.Estimate}
	if l.Brokers == 0 && (j.target.Embedded == nil || j.target.Embedded.Brokers == 0) {
		out.Assumptions = append(out.Assumptions, fmt.Sprintf("The limits say nothing of brokers; %d are assumed, as the embedded cluster has.", defaultBrokers))
	}
	out.Assumptions = append(out.Assumptions, l.Notes...)
	out.Assumptions = append(out.Assumptions, j.limitsUnasked()...)
	if stored, known := cost.Stored(out.Plan, s); known {
		out.StoredBytes = &stored
	}
	if out.Cost, err = cost.Project(out.Plan, s, hours, prices); err != nil {
		out.CostUnknown = err.Error()
	}
	if why := maxRate(out.Totals); why != "" {
		out.Cost, out.CostUnknown, out.StoredBytes = nil, why, nil
	}
	if region := j.target.Region(); out.Cost != nil && region != "" && region != out.Cost.Region {
		out.Cost.Assumptions = append(out.Cost.Assumptions, fmt.Sprintf("The target is in %s, whose prices are not known here: --price-file takes them.", region))
	}
	return out, nil
}

// limitsUnasked says what of a job's limits has not come from a file, or what is known
// of them only when a run begins.
func (j job) limitsUnasked() (sentences []string) {
	if j.says != "" {
		sentences = append(sentences, fmt.Sprintf("The limits are %s, as %s says.", j.limits.Profile, j.says))
	}
	if j.target.ARN != "" && !j.target.Declared {
		sentences = append(sentences, "A run asks AWS what cluster the ARN names and takes its limits; a plan asks nobody. --limits names some, such as msk-standard-m7g.large:3.")
	}
	return sentences
}

// showPlans prints one plan, or several side by side.
func (p *process) showPlans(plans []*report.Plan, f planFlags) error {
	if f.json {
		var value any = plans
		if len(plans) == 1 {
			value = plans[0]
		}
		if err := p.printJSON(value); err != nil {
			return fmt.Errorf("printing the plan: %w", err)
		}
		return nil
	}
	color := p.color(f.noColor)
	if len(plans) == 1 {
		report.WritePlan(p.stderr, plans[0], color, 80)
	} else {
		report.WritePlans(p.stderr, plans, color, 80)
	}
	return nil
}

// limitsEdit is the edit that gives a scenario the limits of a profile or file,
// which is named as seen from the working directory.
func limitsEdit(name string) (string, error) {
	if _, err := limits.Resolve(scenario.Limits{Extends: name}); err != nil || name == "" {
		if err == nil {
			err = fmt.Errorf("want the name of a profile or file, got %q", name)
		}
		return "", usageError{fmt.Errorf("--limits: %w", err)}
	}
	if limits.ProfileValues(name) == nil {
		path, err := filepath.Abs(name)
		if err != nil {
			return "", fmt.Errorf("finding the limits file: %w", err)
		}
		name = path
	}
	text, err := json.Marshal(name) // which YAML reads as it is
	if err != nil {
		return "", fmt.Errorf("naming the limits: %w", err)
	}
	return "limits=" + string(text), nil
}

// readPrices returns the built-in prices, under those of a file.
func readPrices(path string) (cost.Prices, error) {
	prices, err := cost.BuiltIn()
	if err != nil || path == "" {
		return prices, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return cost.Prices{}, usageError{fmt.Errorf("reading prices: %w", err)}
	}
	return cost.Over(prices, path, data)
}
