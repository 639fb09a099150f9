package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"msklt/internal/cluster"
	"msklt/internal/limits"
	"msklt/scenario"
)

func (p *process) checkCommand() *cobra.Command {
	var f targetFlags
	c := &cobra.Command{
		Use:   "check SCENARIO...",
		Short: "Show all errors of scenario and target files at once, and whether this machine can drive them",
		Long: `Show all errors of scenario files, and with --target of a target file, at once.

With --target or --bootstrap it also looks whether the cluster can be reached and
entered, and measures this machine's ceiling for each scenario: all its fleets, with
their clients, settings, keys and sizes, flat out for three seconds against a cluster
that acknowledges and drops what it gets, in a process of its own on this machine.
None of that goes to a cluster of yours. Where a fleet's peak is over half of its
ceiling, there is a warning.

Exit codes: 0 fine (also with a warning), 1 internal error, 2 bad scenario, target or
flags, 5 the cluster cannot be reached, 130/143 interrupted.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, paths []string) error { return p.check(c.Context(), paths, f) },
	}
	f.on(c.Flags())
	return c
}

func (p *process) check(ctx context.Context, paths []string, f targetFlags) error {
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
	if err := p.reach(ctx, jobs[0]); err != nil {
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
		all = append(all, j)
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return all, nil
}

// reach enters a cluster and says what it is.
func (p *process) reach(ctx context.Context, j job) error {
	w, err := open(ctx, j)
	if err != nil || w.access == nil {
		return err
	}
	if err := w.enter(ctx); err != nil {
		return err
	}
	c, err := cluster.Open(ctx, w.access.Bootstrap, w.access.Options()...)
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Fprintf(p.stderr, "%s: %d broker(s), %s\n", j.target.Name, len(c.Brokers), c.APILevel)
	return nil
}

// options are what every command reads scenarios with.
func (p *process) options() scenario.Options {
	return scenario.Options{
		Profiles: limits.Profiles(), CheckProfile: limits.CheckProfile, Limits: limits.ProfileValues, Getenv: p.getenv,
	}
}
