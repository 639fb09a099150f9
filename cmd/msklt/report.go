package main

import (
	"errors"
	"fmt"
	"io"
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

// report rewrites one folder's report.
func (p *process) report(dir string) (*report.Result, error) {
	r, series, err := report.Read(dir)
	if err != nil {
		return nil, err
	}
	page := filepath.Join(dir, "report.html")
	if err := replaceFile(page, func(w io.Writer) error { return report.HTML(w, r, series) }); err != nil {
		return nil, err
	}
	fmt.Fprintln(p.stderr, page)
	return r, nil
}

// replaceFile writes a file beside the old one first, so that it is whole or
// untouched.
func replaceFile(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".msklt-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer os.Remove(f.Name())
	err = errors.Join(f.Chmod(0o644), write(f), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
