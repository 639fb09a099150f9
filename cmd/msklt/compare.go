package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"msklt/internal/compare"
	"msklt/report"
)

type compareFlags struct {
	with          split
	minEffect     string
	anyway        bool
	json, noColor bool
	html          string
}

func (p *process) compareCommand() *cobra.Command {
	var f compareFlags
	c := &cobra.Command{
		Use:   "compare RESULT... --with RESULT...",
		Short: "Say in what two groups of runs differ, and how sure that is",
		Long: `Say in what two groups of runs differ, metric by metric, and how sure that is:
better, worse, no difference shown, or too few runs. The results of one group come
before --with, those of the other behind it:
  msklt compare before/* --with after/*
--html writes it as one page, with both groups' curves, loads and partitions over
each other and what differs between their scenarios, line by line.

Runs whose scenario, versions, kind of cluster or brokers are not the same, and
runs that are invalid or did not run to their end, are not compared, unless
--anyway asks for it: two settings of a scenario, say.

Exit codes: 0 nothing is worse, 1 internal error, 2 bad results or flags, or runs
that are not alike, 3 something is worse.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, folders []string) error {
			return p.compareResults(folders, f)
		},
	}
	flags := c.Flags()
	f.with = split{flags: flags}
	flags.Var(&f.with, "with", "the `results` behind it are compared with those before it")
	flags.StringVar(&f.minEffect, "min-effect", "5%", "`share` under which a difference is not called better or worse")
	flags.BoolVar(&f.anyway, "anyway", false, "compare runs that are not alike, too")
	flags.BoolVar(&f.json, "json", false, "print the comparison as JSON on stdout")
	flags.StringVar(&f.html, "html", "", "write the comparison as one HTML page to this `file`")
	flags.BoolVar(&f.noColor, "no-color", false, "no colour (also with NO_COLOR set)")
	return c
}

// split is a flag that parts the arguments: a shell makes after/* several of them,
// of which a flag takes the first only.
type split struct {
	flags *pflag.FlagSet
	at    int
	first string
}

func (s *split) String() string { return s.first }
func (s *split) Type() string   { return "results" }

func (s *split) Set(value string) error {
	if s.first != "" {
		return errors.New("it is given once, before all the results of the second group")
	}
	if value == "" {
		return errors.New("want a result folder")
	}
	s.at, s.first = s.flags.NArg(), value
	return nil
}

// compareResults is the main job: results → comparison → exit code.
func (p *process) compareResults(folders []string, f compareFlags) error {
	if f.with.first == "" || f.with.at == 0 {
		return usageError{errors.New("want result folders before --with and behind it, as in msklt compare before/* --with after/*")}
	}
	minEffect, err := parseMinEffect(f.minEffect)
	if err != nil {
		return usageError{err}
	}
	before, after := folders[:f.with.at], append([]string{f.with.first}, folders[f.with.at:]...)
	resultsBefore, errBefore := readResults(before)
	resultsAfter, errAfter := readResults(after)
	if err := errors.Join(errBefore, errAfter); err != nil {
		return usageError{err}
	}
	c := report.Compare(resultsBefore, resultsAfter, compare.Options{Confidence: 0.95, MinEffect: minEffect})
	color := p.color(f.noColor)
	if len(c.Unlike) > 0 && !f.anyway {
		report.WriteRefusal(p.stderr, c, color, 80)
		return exitError(exitUsage)
	}
	if f.json {
		if err := p.printJSON(c.JSON(before, after)); err != nil {
			return fmt.Errorf("printing the comparison: %w", err)
		}
	} else {
		report.WriteComparison(p.stderr, c, color, 80)
	}
	if f.html != "" {
		if err := p.comparisonPage(f.html, c, before, after); err != nil {
			return err
		}
	}
	if c.Worse() {
		return exitError(exitThreshold)
	}
	return nil
}

// comparisonPage writes the comparison as a page.
func (p *process) comparisonPage(path string, c *report.Comparison, before, after []string) error {
	series, err := c.ReadSeries(before, after)
	if err != nil {
		return usageError{err}
	}
	err = replaceFile(path, func(w io.Writer) error { return report.ComparisonHTML(w, c, before, after, series) })
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return usageError{fmt.Errorf("--html: %w", err)}
	}
	if err != nil {
		fmt.Fprintln(p.stderr, "msklt:", err)
		return exitError(exitEnvironment)
	}
	fmt.Fprintln(p.stderr, path)
	return nil
}

// parseMinEffect reads a share: 5%, 0.05.
func parseMinEffect(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v < 1) {
		return 0, fmt.Errorf("--min-effect %q: want a share from 0 up to 100%%, such as 5%%", text)
	}
	return v, nil
}

// readResults reads the results of folders, or says what is wrong with each of them
// that cannot be read.
func readResults(folders []string) (results []*report.Result, err error) {
	for _, dir := range folders {
		r, e := report.ReadResult(dir)
		if errors.Is(e, fs.ErrNotExist) {
			e = fmt.Errorf("%w; want a result folder of msklt run: folders in it are not searched, name them, as in %s/*", e, strings.TrimRight(dir, "/"))
		}
		results, err = append(results, r), errors.Join(err, e)
	}
	return results, err
}
