package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"msklt/report"
	"msklt/scenario"
)

func (p *process) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema scenario|target|result",
		Short: "Print the JSON Schema of scenario files, of target files, or of result.json",
		Long: `Print the JSON Schema of scenario or target files, with which an editor completes,
explains and checks them, or that of result.json, which says what each of its fields
is.

  msklt schema scenario > scenario.schema.json

Editors that use yaml-language-server (VS Code with the YAML extension, Neovim,
Helix, Emacs, …) find it through this first line of a scenario, relative to it:

  # yaml-language-server: $schema=scenario.schema.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var schema []byte
			var err error
			switch args[0] {
			case "scenario":
				schema, err = scenario.Schema()
			case "target":
				schema, err = scenario.TargetSchema()
			case "result":
				schema = report.ResultSchema()
			default:
				return usageError{fmt.Errorf("there is no schema of %q; there are those of: scenario, target, result", args[0])}
			}
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
