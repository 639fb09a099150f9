package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"msklt/internal/limits"
	"msklt/report"
)

// restTime is how long a series rests between two runs: until no quota's window
// remembers what the one before wrote and read.
const restTime = limits.WindowExpiry

// several tells that a series is asked for, even if of one run.
func (f runFlags) several() bool { return f.repeat > 0 || f.interleave }

// jobs reads what is to be run, and refuses flags that do not go together: one job, or
// with --interleave two.
func (p *process) jobs(paths []string, f runFlags, seed *uint64) ([]job, error) {
	places := f.places()
	n := max(len(paths), len(places))
	switch {
	case f.truth != "" && f.several():
		return nil, errors.New("--truth is what the embedded cluster of one run saw; it does not go with --repeat or --interleave")
	case f.interleave && n != 2:
		return nil, errors.New("--interleave takes two scenarios, or --target twice: msklt run --interleave A.yaml B.yaml --repeat 5")
	case !f.interleave && n != 1:
		return nil, errors.New("two scenarios, or two targets, are run with --interleave (the addresses of one cluster are separated by commas)")
	}
	var all []job
	for i := range n {
		j, err := p.job(paths[min(i, len(paths)-1)], places[min(i, len(places)-1)], f, seed)
		if err != nil {
			return nil, err
		}
		if f.truth != "" && j.target.Embedded == nil {
			return nil, errors.New("--truth is what the embedded cluster saw; it does not go with another target")
		}
		if i > 0 && len(places) == 1 {
			j.way = all[0].way
		}
		all = append(all, j)
	}
	return all, nil
}

// turn is one run of a series: of which job, and its how manieth, from 1.
type turn struct{ job, number int }

// turns is the order of a series. Two jobs change places from round to round, so
// that what drifts meanwhile does to both alike.
func turns(jobs, rounds int) []turn {
	var all []turn
	for n := range rounds {
		round := make([]turn, jobs)
		for i := range round {
			round[i] = turn{i, n + 1}
		}
		if n%2 == 1 {
			slices.Reverse(round)
		}
		all = append(all, round...)
	}
	return all
}

// after is the exit code of a series after one more run, and whether that run ends
// it. One that was interrupted, or whose result is not where it should be, does, and
// its code counts; else the highest does.
func after(worst, code int) (int, bool) {
	switch code {
	case exitOK, exitThreshold, exitInvalid:
		return max(worst, code), false
	}
	return code, true
}

// series is several runs of one call.
type series struct {
	jobs  []job
	dir   string // of the runs' folders
	order []turn
	made  []report.Attempt
}

// folder is where the runs of a job go.
func (s *series) folder(job int) string {
	if len(s.jobs) == 1 {
		return s.dir
	}
	return filepath.Join(s.dir, letter(job)+"-"+s.jobs[job].scenario.Name)
}

func letter(job int) string { return string(rune('A' + job)) }

// series makes several runs, and shows them in a table.
func (p *process) series(ctx context.Context, jobs []job, f runFlags) error {
	first := jobs[0].scenario
	s := &series{jobs: jobs, dir: cmp.Or(f.out, newOut(first)), order: turns(len(jobs), max(1, f.repeat))}
	p.tidy(s.dir)
	folder, err := report.Prepare(s.dir, report.Note{Scenario: first.Name, StartedAt: time.Now()})
	if err != nil {
		return usageError{err}
	}
	folder.Discard() // the runs have their own; that they can be made there is known now
	code, ended := p.takeTurns(ctx, s, f)
	for i := range jobs {
		_ = os.Remove(s.folder(i)) // it stays, unless no run has left anything there
	}
	if !f.quiet {
		p.showSeries(s)
	}
	if ended {
		fmt.Fprintf(p.stderr, "msklt: the series ended early, in or after run %d of %d\n", len(s.made), len(s.order))
	}
	return exitError(code)
}

// takeTurns makes the runs of a series, with rest between them. It returns the exit
// code, and whether the series ended early.
func (p *process) takeTurns(ctx context.Context, s *series, f runFlags) (code int, ended bool) {
	for i, t := range s.order {
		if i > 0 && !p.rest(ctx, f.quiet) {
			return signalCode(p.signalled()), true
		}
		j, number := s.jobs[t.job], strconv.Itoa(t.number)
		f.out, f.again = filepath.Join(s.folder(t.job), number), s.been(j, i)
		if !f.quiet {
			fmt.Fprintf(p.stderr, "run %d of %d: %s, into %s\n", i+1, len(s.order), j, f.out)
		}
		r, err := p.run(ctx, j, f)
		if len(s.jobs) > 1 {
			number = letter(t.job) + " " + number
		}
		f.told.add(j.scenario.Name+" "+number, r, err)
		s.made = append(s.made, report.Attempt{Name: number, Result: r, Err: err})
		if code, ended = after(code, p.exitCode(err)); ended {
			break
		}
	}
	return code, ended
}

// been tells whether one of the first runs of a series was on a job's cluster.
func (s *series) been(j job, runs int) bool {
	return slices.ContainsFunc(s.order[:runs], func(t turn) bool {
		at := s.jobs[t.job].target
		return at.File == j.target.File && slices.Equal(at.Bootstrap, j.target.Bootstrap)
	})
}

// rest waits until what the run before has left counts no more; false where it is
// interrupted. Memory is given back, so that each run begins with as little.
func (p *process) rest(ctx context.Context, quiet bool) bool {
	if !quiet {
		fmt.Fprintf(p.stderr, "\nresting %.0f s\n\n", restTime.Seconds())
	}
	debug.FreeOSMemory()
	select {
	case <-ctx.Done():
		return false
	case <-time.After(restTime):
		return true
	}
}

// showSeries shows the runs of a series, and the command that compares them.
func (p *process) showSeries(s *series) {
	fmt.Fprintln(p.stderr)
	if len(s.jobs) > 1 {
		for i, j := range s.jobs {
			fmt.Fprintf(p.stderr, "%s  %s\n", letter(i), j)
		}
		fmt.Fprintln(p.stderr)
	}
	report.Runs(p.stderr, s.made)
	with, anyway := "ANOTHER", ""
	if len(s.jobs) > 1 {
		with = report.ShellWord(s.folder(1))
		if s.jobs[0].scenario.Hash() != s.jobs[1].scenario.Hash() {
			anyway = " --anyway" // else unlike runs are refused
		}
	}
	fmt.Fprintf(p.stderr, "\ncompare them: msklt compare%s %s/* \\\n  --with %s/*\n", anyway, report.ShellWord(s.folder(0)), with)
}
