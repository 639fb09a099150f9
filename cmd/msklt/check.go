package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"msklt/internal/cluster"
	"msklt/internal/limits"
	"msklt/scenario"
)

type checkFlags struct {
	target, bootstrap string
}

func (p *process) checkCommand() *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:   "check SCENARIO...",
		Short: "Show all errors of scenario files at once, and whether this machine can drive them",
		Long: `Show all errors of scenario files at once; nothing is contacted.

With --target or --bootstrap it also measures this machine's ceiling for each
scenario: all its fleets, with their clients, settings, keys and sizes, flat out
for three seconds against a cluster that acknowledges and drops what it gets, in a
process of its own on this machine. Nothing goes to a cluster of yours, but that
--bootstrap also looks whether it can be reached. Where a fleet's peak is over half
of its ceiling, there is a warning.

Exit codes: 0 fine (also with a warning), 1 internal error, 2 bad scenario or
flags, 5 the cluster cannot be reached, 130/143 interrupted.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, paths []string) error { return p.check(c.Context(), paths, f) },
	}
	flags := c.Flags()
	flags.StringVar(&f.target, "target", "", "where the scenarios are to run: `embedded`")
	flags.StringVar(&f.bootstrap, "bootstrap", "", "where they are to run: `HOST:PORT,...` of a Kafka cluster")
	return c
}

func (p *process) check(ctx context.Context, paths []string, f checkFlags) error {
	switch {
	case f.target != "" && f.bootstrap != "":
		return usageError{errors.New("--target and --bootstrap both say where to run; give one")}
	case f.target != "" && f.target != string(limits.EmbeddedCluster):
		return usageError{fmt.Errorf("--target %q is not known; it takes %s, and --bootstrap the addresses of a cluster", f.target, limits.EmbeddedCluster)}
	}
	all, err := p.load(paths)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stderr, "no errors in %d scenario(s)\n", len(paths))
	if f.bootstrap != "" {
		if err := p.reach(ctx, f.bootstrap); err != nil {
			return err
		}
	}
	if f.target == "" && f.bootstrap == "" {
		return nil
	}
	for _, s := range all {
		if err := p.ceiling(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// load reads scenarios. Its error is all their mistakes.
func (p *process) load(paths []string) (all []*scenario.Scenario, err error) {
	var wrong scenario.Problems
	for _, path := range paths {
		s, err := scenario.Load(path, p.options())
		var problems scenario.Problems
		switch {
		case errors.As(err, &problems):
			wrong = append(wrong, problems...)
		case err != nil:
			return nil, usageError{err}
		}
		all = append(all, s)
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return all, nil
}

// reach connects to a cluster and says what it is.
func (p *process) reach(ctx context.Context, bootstrap string) error {
	c, err := cluster.Open(ctx, strings.Split(bootstrap, ","))
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Fprintf(p.stderr, "%s: %d broker(s), %s\n", bootstrap, len(c.Brokers), c.APILevel)
	return nil
}

// options are what every command reads scenarios with.
func (p *process) options() scenario.Options {
	return scenario.Options{
		Profiles: limits.Profiles(), CheckProfile: limits.CheckProfile, Limits: limits.ProfileValues, Getenv: p.getenv,
	}
}
