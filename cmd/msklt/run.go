package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"msklt/generator"
	"msklt/internal/cost"
	"msklt/internal/limits"
	"msklt/report"
	"msklt/scenario"
)

type runFlags struct {
	targetFlags
	out, truth      string
	seed            uint64
	duration        time.Duration
	keep, json      bool
	yes, liveTopics bool
	maxCost         float64 // 0 unless given
	quiet, noColor  bool
	repeat          int // 0 unless given
	interleave      bool
	again           bool // after another run of this call on the same cluster
	ci              ciFlags
	told            *ciFiles // of each run
	metricsAddr     string
	watched         func(*generator.Snapshot) // by the runs; nil without metricsAddr
}

// job is what to run, and where.
type job struct {
	path     string
	scenario *scenario.Scenario
	limits   limits.Limits
	target   *scenario.Target
	way      *way
	set      []string // the edits that made scenario and target what they are
	says     string   // what has told the limits, where neither scenario nor target declares them
}

// limitsSaid says of limits what their names do not: how they came to be, or that there
// are none. "" when they were declared.
func (j job) limitsSaid(l limits.Limits) string {
	switch {
	case j.says != "" && j.target.ARN == "":
		return fmt.Sprintf("%s, as %s says", l.Profile, j.says)
	case len(l.Values) == 0 && (j.target.Amazon() || l.IAMPace() != ""):
		return "not known, as neither target nor scenario declares them" + l.IAMPace()
	case l.IAMPace() != "":
		return l.Profile + ", and none on connection attempts" + l.IAMPace()
	}
	return ""
}

func (j job) String() string {
	if j.target.Embedded != nil && j.target.File == "" {
		return j.path
	}
	return j.path + " on " + j.target.Name
}

func (p *process) runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run SCENARIO [SCENARIO]",
		Short: "Run a scenario; write a result folder and print a verdict",
		Long: `Run a scenario against the embedded cluster, or with --target or --bootstrap
against a cluster of yours; write a result folder and print a verdict.

On a cluster of yours it first says what is planned. What is over 10 GB or $5 in all,
not known (of cost: on Amazon MSK), or beyond a declared limit on connections, needs
a yes. At the end, all that the run created is removed.

Exit codes: 0 fine (a limit that binds is a finding, not a failure), 1 internal
error, 2 bad scenario, target or flags, or a load or cost that nobody agreed to, 3 a
threshold failed or cannot be told, 4 the run is invalid, 5 the cluster, network or
disk, 129/130/143 interrupted. Of several, the highest counts. 3, 4 and 129/130/143 leave the
result of what ran; so does a disk that is full, in another place, which is named,
and a run that could not remove all that it created (5).

With --repeat the folder holds those of the runs: 1, 2, … With --interleave two
scenarios are run in turns, A B, B A, …, into A-NAME/1, B-NAME/1, …; a second
--target or --bootstrap is where B runs, which may be the same scenario. All runs have the
same seed, and 11 s of rest between them. A run that ends with 1, 2, 5 or 129/130/143
ends the series, and its code counts; else the highest of the runs does. --json
prints one line for each run.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			outlivePipes()
			return p.runAll(c.Context(), args, c.Flags(), f)
		},
	}
	f.on(c)
	return c
}

// runAll makes the runs that the command line asks for.
func (p *process) runAll(ctx context.Context, args []string, flags *pflag.FlagSet, f runFlags) error {
	if err := f.check(flags); err != nil {
		return usageError{err}
	}
	var seed *uint64
	if flags.Changed("seed") {
		seed = &f.seed
	}
	jobs, err := p.jobs(args, f, seed)
	if err != nil {
		return usageError{err}
	}
	if err := p.guard(ctx, jobs, f); err != nil {
		return err
	}
	watched, served, err := p.serveMetrics(f.metricsAddr, f.quiet)
	if err != nil {
		return err
	}
	defer served()
	f.watched = watched
	if f.told, err = p.openCI(f.ci, f.json); err != nil {
		return usageError{err}
	}
	if f.several() {
		return f.told.end(p.series(ctx, jobs, f))
	}
	r, err := p.run(ctx, jobs[0], f)
	f.told.add(jobs[0].scenario.Name, r, err)
	return f.told.end(err)
}

// on gives a command the flags of a run.
func (f *runFlags) on(c *cobra.Command) {
	flags := c.Flags()
	f.targetFlags.on(flags)
	flags.StringVar(&f.out, "out", "", "result `folder`, absent or empty (default results/NAME-TIME)")
	flags.IntVar(&f.repeat, "repeat", 0, "make `N` runs with rest between them, each with a folder of its own")
	flags.BoolVar(&f.interleave, "interleave", false, "run two scenarios, or on two clusters, in turns")
	flags.StringVar(&f.truth, "truth", "", "write what really happened on the embedded cluster to this `file`, as JSON Lines")
	flags.Uint64Var(&f.seed, "seed", 0, "seed of everything random (default: the scenario's)")
	flags.DurationVar(&f.duration, "duration", 0, "scale the measured phases to last this long in all")
	flags.BoolVar(&f.yes, "yes", false, "agree to a load or cost that is asked about on a cluster of yours (over 10 GB, $5, unknown, or beyond a limit on connections)")
	flags.Float64Var(&f.maxCost, "max-cost", 0, "refuse to run on a cluster of yours when the plan costs more than this `amount` (USD), or it is not known")
	flags.BoolVar(&f.liveTopics, "allow-live-topics", false, "write to existing topics also while others do")
	flags.BoolVar(&f.keep, "keep", false, "leave the run's topics and groups on the cluster")
	flags.StringVar(&f.metricsAddr, "metrics-addr", "", "serve metrics for Prometheus on `HOST:PORT` while the run lasts, under /metrics")
	flags.BoolVar(&f.json, "json", false, "print the result's summary as JSON on stdout")
	f.ci.on(c)
	flags.BoolVar(&f.quiet, "quiet", false, "no progress and no table, only errors")
	flags.BoolVar(&f.noColor, "no-color", false, "no colour (also with NO_COLOR set)")
}

// errNoDuration is of a zero that would else stand for the scenario's own durations.
var errNoDuration = errors.New("--duration 0s: want more than 0")

// check refuses values that mean nothing, of flags that were given.
func (f *runFlags) check(flags *pflag.FlagSet) error {
	switch {
	case flags.Changed("duration") && f.duration == 0:
		return errNoDuration
	case flags.Changed("repeat") && f.repeat < 1:
		return fmt.Errorf("--repeat %d: want 1 or more", f.repeat)
	case flags.Changed("max-cost") && !(f.maxCost > 0):
		return fmt.Errorf("--max-cost %v: want more than 0", f.maxCost)
	}
	return nil
}

// run is the main job: scenario → limits → generator → report.
// There is a result where one was measured, also with an error.
func (p *process) run(ctx context.Context, j job, f runFlags) (*report.Result, error) {
	s := j.scenario
	out := cmp.Or(f.out, newOut(s))
	p.tidy(out)
	where, err := open(ctx, j)
	if err != nil {
		return nil, err
	}
	if where.access != nil && where.access.Note != "" {
		fmt.Fprintln(p.stderr, "msklt:", where.access.Note)
	}
	flags, _ := j.flags()
	note := report.Note{Scenario: s.Name, StartedAt: time.Now(), Prefix: generator.NewPrefix(), Bootstrap: where.Target.Bootstrap, Flags: flags}
	folder, err := report.Prepare(out, note)
	if f.out == "" && errors.Is(err, report.ErrClaimed) {
		out = apart(out)
		folder, err = report.Prepare(out, note)
	}
	if err != nil {
		return nil, usageError{err}
	}
	defer folder.Discard()
	truth, err := openTruth(f.truth)
	if err != nil {
		return nil, usageError{err}
	}
	defer truth.Close()

	defer runtime.KeepAlive(p.setCollector(j.target.Embedded != nil))
	if err := where.enter(ctx, p.warnOf); err != nil {
		return nil, err
	}
	defer where.leave()
	if where.access != nil && !f.keep {
		p.last.set(fmt.Sprintf("; topics and groups that begin with %s may remain on the cluster; to remove them: %s", note.Prefix, j.cleaning(note.Prefix)))
		defer p.last.set("")
	}
	where.Scenario, where.Prefix = s, note.Prefix
	saved := saved{again: j.again(out, f)}
	output, err := p.drive(ctx, where.Config, folder, f, &saved)
	if err != nil {
		var left *generator.LeftError
		if errors.As(err, &left) {
			err = unclean{err, j.cleaning(note.Prefix)}
		}
		return nil, err
	}
	if saved.where == folder.Dir() {
		saved.where = out // as the user wrote it
	}
	if f.truth != "" {
		if _, err := where.embedded.Truth().WriteTo(truth); err != nil {
			saved.unsaved = errors.Join(saved.unsaved, fmt.Errorf("writing the truth log: %w", err))
		}
	}
	return output.Result, p.finish(j.cleaning(note.Prefix), output, saved, f)
}

// drive puts the load on the cluster and saves what came of it, also when somebody
// leaves before the end.
func (p *process) drive(ctx context.Context, c generator.Config, folder *report.Folder, f runFlags, to *saved) (*generator.Output, error) {
	leave, cancel := context.WithCancel(context.Background())
	defer cancel()
	e := ending{cancel, make(chan struct{})}
	progress := p.progress(f.quiet)
	c.Keep, c.Snapshot, c.LiveTopics, c.Again, c.Leave = f.keep, f.watched, f.liveTopics, f.again, leave
	c.Measured = func(o *generator.Output) {
		close(e.saves)
		to.save(folder, o, c.Limits)
		p.last.ends.Store(nil)
	}
	c.Progress = func(g generator.Progress) {
		folder.Alive()
		progress.show(g)
		if g.Stage == "" {
			await := e.await
			p.last.ends.Store(&await)
		}
	}
	output, err := generator.Run(ctx, c)
	progress.end()
	return output, errors.Join(err, to.failed)
}

// warnOf tells of a bootstrap address that does not lead into the cluster, while
// another one does.
func (p *process) warnOf(address string) {
	fmt.Fprintf(p.stderr, "msklt: warning: %s (the cluster is entered by another bootstrap address)\n", address)
}

// saved is where a result went.
type saved struct {
	again   *report.Again
	where   string
	unsaved error // what could not be written where it should be
	failed  error // there is no result
}

// save writes a result, before the run's topics are removed: that can take minutes, and
// be interrupted.
func (s *saved) save(folder *report.Folder, o *generator.Output, l limits.Limits) {
	o.Result.Again = s.again
	if s.failed = price(o.Result, l); s.failed == nil {
		s.where, s.unsaved = folder.Write(o.Result, o.Series, o.Histograms)
	}
}

// resultsFolder is where results go unless --out says otherwise.
const resultsFolder = "results"

// newOut names a result folder after its scenario and the time.
func newOut(s *scenario.Scenario) string {
	return filepath.Join(resultsFolder, s.Name+"-"+time.Now().Format("20060102-150405"))
}

// apart is another name for a result folder that a run of the same second has.
func apart(out string) string { return out + "-" + strings.ToLower(rand.Text()[:4]) }

// price sets what a run has cost, or what of it has no price.
func price(r *report.Result, l limits.Limits) error {
	prices, err := cost.BuiltIn()
	if err != nil {
		return err
	}
	used := cost.Usage{
		Profile: l.Profile, Brokers: l.Brokers, Partitions: len(r.Partitions), Hours: r.DurationSeconds / 3600,
		BytesIn: float64(r.Totals.BytesAcked), BytesOut: float64(r.Totals.BytesConsumed),
	}
	if r.Cost, err = cost.Of(used, prices); err != nil {
		r.CostUnknown = err.Error()
	}
	return nil
}

// openTruth opens the truth log before any traffic, so that a bad path is known
// at once.
func openTruth(path string) (*os.File, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("opening the truth log: %w", err)
	}
	return f, nil
}

// finish shows a result and turns it into the exit code; cleaning is the command that
// removes what is left.
func (p *process) finish(cleaning string, output *generator.Output, saved saved, f runFlags) error {
	r, out, unsaved := output.Result, saved.where, saved.unsaved
	if !f.quiet {
		report.Summary(p.stderr, r, p.color(f.noColor), p.width())
	}
	switch {
	case unsaved != nil:
		fmt.Fprintln(p.stderr, "\nmsklt:", unsaved)
	case !f.quiet:
		fmt.Fprintf(p.stderr, "\nresult: %s\nreport: %s\n", out, filepath.Join(out, "report.html"))
	}
	if output.Left != nil {
		fmt.Fprintf(p.stderr, "msklt: not everything could be removed from the cluster: %v\nto remove the rest: %s\n", output.Left, cleaning)
	}
	if f.json {
		if err := p.printResult(r, out, f.several()); err != nil {
			return err
		}
	}
	switch {
	case r.Interrupted, output.Left != nil && p.signalled() != nil:
		return exitError(signalCode(p.signalled()))
	case unsaved != nil, output.Left != nil:
		return exitError(exitEnvironment)
	case !r.Validity.Valid:
		if f.quiet {
			fmt.Fprintln(p.stderr, "msklt:", r.Verdict.Summary)
		}
		return exitError(exitInvalid)
	case !r.ThresholdsHold():
		if f.quiet {
			fmt.Fprintln(p.stderr, "msklt:", r.FailedThresholds())
		}
		return exitError(exitThreshold)
	}
	return nil
}

// printResult prints a result without its series, on one line if need be.
func (p *process) printResult(r *report.Result, out string, oneLine bool) error {
	short := *r
	short.Timeline, short.Throttle.Intervals = nil, nil
	named := struct {
		Folder string `json:"folder"`
		*report.Result
	}{out, &short}
	var err error
	if oneLine {
		err = json.NewEncoder(p.stdout).Encode(named)
	} else {
		err = p.printJSON(named)
	}
	if err != nil {
		return fmt.Errorf("printing the summary: %w", err)
	}
	return nil
}
