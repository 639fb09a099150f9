package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"msklt/report"
)

func (p *process) reportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "report RESULT...",
		Short: "Write the HTML report again, from a result folder's files",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, folders []string) error {
			for _, dir := range folders {
				if err := p.report(dir); err != nil {
					for _, k := range killedBeside(dir, filepath.Base(dir)) {
						p.tellOf(k)
						k.Keep()
					}
					return usageError{err}
				}
			}
			return nil
		},
	}
}

// report rewrites one folder's report: beside the old one first, so that it is
// whole or untouched.
func (p *process) report(dir string) error {
	r, series, err := report.Read(dir)
	if err != nil {
		return err
	}
	page := filepath.Join(dir, "report.html")
	f, err := os.CreateTemp(dir, ".report-*.html")
	if err != nil {
		return fmt.Errorf("writing %s: %w", page, err)
	}
	defer os.Remove(f.Name())
	err = report.HTML(f, r, series)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), page)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", page, err)
	}
	fmt.Fprintln(p.stderr, page)
	return nil
}
