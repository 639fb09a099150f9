package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"msklt/report"
)

// ciFlags name the files that CI reads; "" is none, "-" is stdout.
type ciFlags struct{ junit, markdown string }

func (f *ciFlags) on(c *cobra.Command) {
	c.Flags().StringVar(&f.junit, "junit", "", "write JUnit XML to this `file`: a test suite for each run, of its thresholds, validity checks and counts")
	c.Flags().StringVar(&f.markdown, "markdown", "", "append a Markdown summary to this `file`, such as $GITHUB_STEP_SUMMARY; - is stdout")
}

// ciFiles are open from before the traffic until the end.
type ciFiles struct {
	junit, markdown io.WriteCloser // nil where there is none
	stderr          io.Writer
	runs            []report.Attempt
}

// openCI opens the files, so that a bad path is known at once. What the Markdown file
// holds stays; the XML of an earlier run does not, and can not be taken for this one's.
func (p *process) openCI(f ciFlags, json bool) (*ciFiles, error) {
	uses := 0
	for _, is := range []bool{json, f.junit == "-", f.markdown == "-"} {
		if is {
			uses++
		}
	}
	if uses > 1 {
		return nil, errors.New("--json, --junit - and --markdown - all write to stdout; name a file for all but one")
	}
	out := &ciFiles{stderr: p.stderr}
	var err error
	if out.markdown, err = p.openForCI(f.markdown, os.O_APPEND); err != nil {
		return nil, fmt.Errorf("opening the Markdown summary: %w", err)
	}
	if out.junit, err = p.openForCI(f.junit, os.O_TRUNC); err != nil {
		_ = out.markdown.Close() // nothing was written
		return nil, fmt.Errorf("opening the JUnit file: %w", err)
	}
	return out, nil
}

func (p *process) openForCI(path string, mode int) (io.WriteCloser, error) {
	switch path {
	case "":
		return nothing{}, nil
	case "-":
		return unclosed{p.stdout}, nil
	}
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|mode, 0o666)
}

type nothing struct{}

func (nothing) Write(p []byte) (int, error) { return len(p), nil }
func (nothing) Close() error                { return nil }

type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }

// add notes a run under a name: its result, or why there is none.
func (c *ciFiles) add(name string, r *report.Result, err error) {
	if r == nil && errors.Is(err, context.Canceled) {
		err = errors.New("interrupted before any traffic")
	}
	c.runs = append(c.runs, report.Attempt{Name: name, Result: r, Err: err})
}

// end writes the files, and returns the error that the command ends with: files that
// could not be written are told, and count as the result that could not be.
func (c *ciFiles) end(err error) error {
	unwritten := errors.Join(
		ended("the JUnit file", report.JUnit(c.junit, c.runs), c.junit.Close()),
		ended("the Markdown summary", report.Markdown(c.markdown, c.runs), c.markdown.Close()))
	if unwritten == nil {
		return err
	}
	fmt.Fprintln(c.stderr, "msklt:", unwritten)
	var code exitError
	if err == nil || errors.As(err, &code) && code < exitEnvironment {
		return exitError(exitEnvironment)
	}
	return err
}

func ended(what string, written, closed error) error {
	if err := errors.Join(written, closed); err != nil {
		return fmt.Errorf("writing %s: %w", what, err)
	}
	return nil
}
