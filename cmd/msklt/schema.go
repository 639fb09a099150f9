package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"msklt/scenario"
)

func (p *process) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema scenario",
		Short: "Print the JSON Schema of scenario files",
		Long: `Print the JSON Schema of scenario files, with which an editor completes, explains
and checks them.

  msklt schema scenario > scenario.schema.json

Editors that use yaml-language-server (VS Code with the YAML extension, Neovim,
Helix, Emacs, …) find it through this first line of a scenario, relative to it:

  # yaml-language-server: $schema=scenario.schema.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if args[0] != "scenario" {
				return usageError{fmt.Errorf("there is no schema of %q; there is one of: scenario", args[0])}
			}
			schema, err := scenario.Schema()
			if err != nil {
				return err
			}
			if _, err := p.stdout.Write(schema); err != nil {
				return fmt.Errorf("print the schema: %w", err)
			}
			return nil
		},
	}
}
