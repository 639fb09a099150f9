package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"msklt/report"
)

func (p *process) reportCommand() *cobra.Command {
	var f ciFlags
	c := &cobra.Command{
		Use:   "report RESULT...",
		Short: "Write the HTML report again, from a result folder's files",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, folders []string) error {
			ci, err := p.openCI(f, false)
			if err != nil {
				return usageError{err}
			}
			return ci.end(p.reports(folders, ci))
		},
	}
	f.on(c)
	return c
}

func (p *process) reports(folders []string, ci *ciFiles) error {
	for _, dir := range folders {
		r, err := p.report(dir)
		if err != nil {
			ci.add(filepath.Base(dir), nil, err)
			for _, k := range killedBeside(dir, filepath.Base(dir)) {
				p.tellOf(k)
				k.Keep()
			}
			return usageError{err}
		}
		ci.add(r.Scenario.Name, r, nil)
	}
	return nil
}

// report rewrites one folder's report: beside the old one first, so that it is
// whole or untouched.
func (p *process) report(dir string) (*report.Result, error) {
	r, series, err := report.Read(dir)
	if err != nil {
		return nil, err
	}
	page := filepath.Join(dir, "report.html")
	f, err := os.CreateTemp(dir, ".report-*.html")
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", page, err)
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
		return nil, fmt.Errorf("writing %s: %w", page, err)
	}
	fmt.Fprintln(p.stderr, page)
	return r, nil
}
