package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"msklt/internal/limits"
	"msklt/scenario"
)

func (p *process) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check SCENARIO...",
		Short: "Show all errors of scenario files at once",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, paths []string) error {
			var all scenario.Problems
			for _, path := range paths {
				_, err := scenario.Load(path, p.options())
				var problems scenario.Problems
				switch {
				case errors.As(err, &problems):
					all = append(all, problems...)
				case err != nil:
					return usageError{err}
				}
			}
			if len(all) > 0 {
				return all
			}
			fmt.Fprintf(p.stderr, "no errors in %d scenario(s)\n", len(paths))
			return nil
		},
	}
}

// options are what every command reads scenarios with.
func (p *process) options() scenario.Options {
	return scenario.Options{
		Profiles: limits.Profiles(), CheckProfile: limits.CheckProfile, Limits: limits.ProfileValues, Getenv: p.getenv,
	}
}
