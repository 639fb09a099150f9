package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"msklt/generator"
	"msklt/internal/cluster"
	"msklt/internal/limits"
	"msklt/internal/preflight"
	"msklt/scenario"
)

type checkFlags struct {
	targetFlags
	json bool
}

func (p *process) checkCommand() *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:   "check SCENARIO...",
		Short: "Show all errors of scenario and target files at once, and whether cluster and machine are up to them",
		Long: `Show all errors of scenario files, and with --target of a target file, at once.

With --target or --bootstrap it also looks whether a run could work there: names,
connections, certificates, login, each permission that the scenarios take, versions,
clocks, round trip, room for topics. For each thing that is wrong it says what to do.
On the cluster it makes one topic of one partition, writes three records to it, and
removes it again; topics that are there already are only asked about.

Then it measures this machine's ceiling for each scenario: all its fleets, with
their clients, settings, keys and sizes, flat out for three seconds against a cluster
that acknowledges and drops what it gets, in a process of its own on this machine.
None of that goes to a cluster of yours. Where a fleet's peak is over half of its
ceiling, there is a warning.

Exit codes: 0 fine (also with a warning), 1 internal error, 2 bad scenario, target or
flags, 5 a run could not work on the cluster, 129/130/143 interrupted.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, paths []string) error {
			outlivePipes()
			return p.check(c.Context(), paths, f)
		},
	}
	flags := c.Flags()
	f.targetFlags.on(flags)
	flags.BoolVar(&f.json, "json", false, "print what was found on the cluster as JSON on stdout")
	return c
}

func (p *process) check(ctx context.Context, paths []string, f checkFlags) error {
	places := f.places()
	if len(places) > 1 {
		return usageError{errors.New("give one target: --target and --bootstrap both say where to run")}
	}
	jobs, err := p.load(paths, places[0], f.set)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stderr, "no errors in %d scenario(s)\n", len(paths))
	if len(f.target)+len(f.bootstrap) == 0 {
		return nil
	}
	if err := p.look(ctx, jobs, f.json); err != nil {
		return err
	}
	for _, j := range jobs {
		if err := p.ceiling(ctx, j.scenario); err != nil {
			return err
		}
	}
	return nil
}

// load reads scenarios and their target. Its error is all their mistakes.
func (p *process) load(paths []string, at place, set []string) (all []job, err error) {
	var wrong scenario.Problems
	o := p.options()
	o.Set = set
	for _, path := range paths {
		j, err := read(path, at, o)
		more, err := problemsOf(err)
		if err != nil {
			return nil, usageError{err}
		}
		for _, problem := range more { // those of the target come with each scenario
			if !slices.Contains(wrong, problem) {
				wrong = append(wrong, problem)
			}
		}
		if len(all) > 0 {
			j.way = all[0].way
		}
		all = append(all, j)
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return all, nil
}

// look looks at the cluster that jobs are to run on.
func (p *process) look(ctx context.Context, jobs []job, asJSON bool) error {
	var w *site
	c := preflight.Config{Prefix: generator.NewPrefix(), Target: jobs[0].target}
	for _, j := range jobs {
		var err error
		if w, err = open(ctx, j); err != nil && asJSON && ctx.Err() == nil {
			return errors.Join(err, p.printJSON(preflight.Unready(j.target.Name, err)))
		}
		if err != nil || w.access == nil {
			return err
		}
		c.Scenarios, c.Limits = append(c.Scenarios, j.scenario), append(c.Limits, w.Limits)
	}
	paced := *w.access // a look makes connections, too
	paced.Dial = generator.Paced(paced.Dial, w.Limits)
	c.Access = &paced
	fmt.Fprintf(p.stderr, "\n%s\n", w.access.Name)
	c.Tell = func(r preflight.Row) { r.Print(p.stderr, p.width()) }
	found := preflight.Look(ctx, c)
	if err := ctx.Err(); err != nil {
		return err
	}
	if found.Policy != "" {
		fmt.Fprintf(p.stderr, "\nThe IAM policy of whom the client is lacks this:\n%s\n", found.Policy)
	}
	if asJSON {
		if err := p.printJSON(found); err != nil {
			return err
		}
	}
	if !found.Ready {
		return cluster.Errorf("a run could not work on %s: see ✗ above", w.access.Name)
	}
	fmt.Fprintln(p.stderr)
	return nil
}

// options are what every command reads scenarios with.
func (p *process) options() scenario.Options {
	return scenario.Options{
		Profiles: limits.Profiles(), CheckProfile: limits.CheckProfile, Limits: limits.ProfileValues, Getenv: p.getenv,
	}
}
