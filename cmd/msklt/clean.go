package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"msklt/generator"
	"msklt/internal/cluster"
	"msklt/internal/limits"
	"msklt/report"
	"msklt/scenario"
)

type cleanFlags struct {
	targetFlags
	run                     string // a run's id; "" for all runs
	yes, force, json, quiet bool
}

func (p *process) cleanCommand() *cobra.Command {
	var f cleanFlags
	c := &cobra.Command{
		Use:   "clean",
		Short: "List what crashed runs left on a cluster, and after a yes remove it",
		Long: `List the topics and groups that runs of msklt left on a cluster, because they
were killed or told to keep them, and after a yes remove just those. Nothing else
is touched: a name counts only with the whole prefix of a run, msklt-RUNID-. What the
client may not describe a cluster does not list, so it cannot be found.

A run that may be alive is left alone, and why is said: a group of it has members
(those of a killed run are forgotten within 45 s), a topic of it is written to
during two seconds of watching or was in the last five minutes, or it began within
the last hour and has written nothing yet. None of this counts of a run whose result
was to be in ./results, where its process is seen to be gone. --force removes what may
be alive, too. --run RUNID, as runs print it that leave something behind, is about that
run alone, and says that it has ended: only members of its groups and what is written at
this moment count then.

Without a terminal and without --yes it only lists. Removal keeps to the rate at
which the cluster lets partitions change, with progress; Ctrl-C leaves the rest.

Exit codes: 0 fine (also when nothing was removed), 1 internal error, 2 bad flags,
5 the cluster cannot be reached or something could not be removed, 129/130/143
interrupted.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			outlivePipes()
			err := p.clean(c.Context(), f)
			if s := p.signalled(); s != nil && errors.Is(err, context.Canceled) {
				fmt.Fprintln(p.stderr, "msklt: interrupted; nothing was removed")
				return exitError(signalCode(s))
			}
			return err
		},
	}
	flags := c.Flags()
	f.targetFlags.on(flags)
	flags.StringVar(&f.run, "run", "", "only of the run with this `ID`, which is known to have ended")
	flags.BoolVar(&f.yes, "yes", false, "remove what is listed without asking")
	flags.BoolVar(&f.force, "force", false, "also remove what belongs to runs that may be alive")
	flags.BoolVar(&f.json, "json", false, "print what there is, and what was removed, as JSON on stdout")
	flags.BoolVar(&f.quiet, "quiet", false, "no list and no progress, only errors")
	return c
}

// cleaned is what msklt clean --json prints.
type cleaned struct {
	Cluster []string            `json:"cluster"` // its addresses
	Runs    []*cluster.Leftover `json:"runs"`    // the oldest first
	// Removed are the names of topics and groups that are gone; Left those that could
	// not be removed.
	Removed []string  `json:"removed"`
	Left    []notGone `json:"left"`
}

type notGone struct {
	Kind  string `json:"kind"` // "topic", "group"
	Name  string `json:"name"`
	Error string `json:"error"`
}

func (p *process) clean(ctx context.Context, f cleanFlags) error {
	only, ok := cluster.PrefixOf(f.run, time.Now())
	if f.run == "" {
		only = ""
	} else if !ok {
		return usageError{fmt.Errorf("--run %s: no run is called so; want the RUNID of msklt-RUNID-", f.run)}
	}
	where, err := p.cleanSite(ctx, f)
	if err != nil {
		return err
	}
	addresses := where.access.Bootstrap
	c, err := cluster.Open(ctx, addresses, where.access.Options()...)
	if err != nil {
		return err
	}
	defer c.Close()
	l, err := changeLimits(where, c)
	if err != nil {
		return err
	}
	c.KeepTo(l)
	all, err := c.Leftovers(ctx, only, deadRuns())
	if err != nil {
		return err
	}
	out := cleaned{Cluster: addresses, Runs: append([]*cluster.Leftover{}, all...), Removed: []string{}, Left: []notGone{}}
	if !f.quiet {
		p.listLeftovers(addresses, only, all)
	}
	removable := slices.DeleteFunc(slices.Clone(all), func(l *cluster.Leftover) bool { return l.InUse != "" && !f.force })
	if len(removable) < len(all) {
		fmt.Fprintln(p.stderr, "msklt: what is in use is left alone; --force removes it, too")
	}
	agreed, err := p.agreed(ctx, f, removable)
	if err != nil {
		return err
	}
	var gone cluster.Removal
	if agreed {
		gone = p.removeLeftovers(ctx, c, removable, f)
		out.note(gone)
	}
	if f.json {
		if err := p.printJSON(out); err != nil {
			return fmt.Errorf("printing what there is: %w", err)
		}
	}
	switch {
	case len(gone.Left) == 0:
		return nil
	case p.signalled() != nil:
		return exitError(signalCode(p.signalled()))
	}
	return exitError(exitEnvironment)
}

// deadRuns are the prefixes of the runs that were to write their results here, where runs
// do, and ended without.
func deadRuns() (prefixes []string) {
	for _, k := range killedBeside(filepath.Join(resultsFolder, "any"), "") {
		prefixes = append(prefixes, k.Prefix)
		k.Keep()
	}
	return prefixes
}

// cleanSite is the cluster to clean, which can be entered.
func (p *process) cleanSite(ctx context.Context, f cleanFlags) (*site, error) {
	places := f.places()
	if len(f.target)+len(f.bootstrap) != 1 {
		return nil, usageError{errors.New("say which cluster to clean: one --target FILE, or one --bootstrap HOST:PORT")}
	}
	o := p.options()
	o.Set = f.set
	t, err := places[0].load(o)
	if err != nil {
		return nil, usageError{err}
	}
	if t.Embedded != nil {
		return nil, usageError{errors.New("the embedded cluster ends with its run; there is nothing to clean")}
	}
	j := job{target: t, way: new(way), set: f.set}
	if j.limits, err = limits.Resolve(t.Limits); err != nil {
		return nil, usageError{err}
	}
	where, err := open(ctx, j)
	if err != nil {
		return nil, err
	}
	return where, where.enter(ctx, p.warnOf)
}

// changeLimits are what a cluster is known to allow of changes.
func changeLimits(where *site, c *cluster.Cluster) (limits.Limits, error) {
	if len(where.Limits.Values) == 0 && c.Kind == limits.MSKServerless {
		return limits.Resolve(scenario.Limits{Extends: "msk-serverless"})
	}
	return where.Limits, nil // what the cluster refuses for now is waited out
}

// cleaning is the command that removes what the run of a prefix has left on a cluster,
// which flags name.
func cleaning(flags []string, prefix string) string {
	return "msklt clean " + report.ShellWords(append(slices.Clone(flags), "--run", cluster.RunID(prefix)))
}

// listLeftovers shows what there is, of the only run that was asked about or of all.
func (p *process) listLeftovers(addresses []string, only string, all []*cluster.Leftover) {
	where := strings.Join(addresses, ",")
	if len(all) == 0 {
		who := "no run has left anything"
		if only != "" {
			who = "run " + cluster.RunID(only) + " has left nothing"
		}
		fmt.Fprintf(p.stderr, "%s that this client may see on %s\n", who, where)
		return
	}
	fmt.Fprintf(p.stderr, "on %s there is\n", where)
	for _, l := range all {
		fmt.Fprintf(p.stderr, "\n%s, of a run that began %s ago (%s)\n", l.Prefix, report.Wait(max(0, time.Since(l.Begun).Seconds())), l.Begun.Format(time.DateTime))
		switch {
		case l.InUse != "":
			fmt.Fprintln(p.stderr, "  in use:", l.InUse)
		case l.Dead:
			fmt.Fprintf(p.stderr, "  its process was killed, as %s%c shows\n", resultsFolder, filepath.Separator)
		}
		for i, t := range l.Topics {
			if rest := len(l.Topics) - i; i == mostListed && rest > 1 {
				fmt.Fprintf(p.stderr, "  and %d topics more, which --json lists\n", rest)
				break
			}
			fmt.Fprintf(p.stderr, "  topic %s: %s\n", t.Name, topicSize(t))
		}
		for _, g := range l.Groups {
			fmt.Fprintf(p.stderr, "  group %s: %s, %s\n", g.Name, strings.ToLower(g.State), report.Counted(g.Members, "member"))
		}
	}
	fmt.Fprintln(p.stderr)
}

// mostListed is how many topics of a run are listed.
const mostListed = 20

func topicSize(t cluster.LeftTopic) string {
	text := report.Counted(t.Partitions, "partition")
	if t.Records != nil {
		text += ", " + report.Count(*t.Records) + " records"
	}
	if t.Bytes != nil {
		text += ", " + report.Size(float64(*t.Bytes)) + " on disk"
	}
	return text
}

// agreed asks whether to remove what may be removed.
func (p *process) agreed(ctx context.Context, f cleanFlags, removable []*cluster.Leftover) (bool, error) {
	if len(removable) == 0 {
		return false, nil
	}
	topics, partitions, groups := 0, 0, 0
	for _, l := range removable {
		groups += len(l.Groups)
		for _, t := range l.Topics {
			topics++
			partitions += t.Partitions
		}
	}
	if f.yes {
		return true, nil
	}
	what := fmt.Sprintf("%s (%s) and %s of %s", report.Counted(topics, "topic"), report.Counted(partitions, "partition"),
		report.Counted(groups, "group"), report.Counted(len(removable), "run"))
	yes, asked, err := p.ask(ctx, "remove "+what+"?")
	switch {
	case err != nil:
		return false, err
	case !asked:
		fmt.Fprintf(p.stderr, "msklt: nothing was removed; --yes removes %s\n", what)
	case !yes:
		fmt.Fprintln(p.stderr, "msklt: nothing was removed")
	}
	return yes, nil
}

// removeLeftovers removes what was agreed on and says what came of it.
func (p *process) removeLeftovers(ctx context.Context, c *cluster.Cluster, all []*cluster.Leftover, f cleanFlags) cluster.Removal {
	progress := p.progress(f.quiet)
	gone := c.RemoveLeftovers(ctx, all, f.force, func(done cluster.Progress) {
		progress.show(generator.Progress{Stage: generator.Removing(done)})
	})
	progress.end()
	if !f.quiet {
		fmt.Fprintf(p.stderr, "removed: %s and %s\n", report.Counted(len(gone.Topics), "topic"), report.Counted(len(gone.Groups), "group"))
	}
	for i, l := range gone.Left {
		if rest := len(gone.Left) - i; i == mostListed && rest > 1 {
			fmt.Fprintf(p.stderr, "msklt: and %d more\n", rest)
			break
		}
		fmt.Fprintf(p.stderr, "msklt: %s %s could not be removed: %v\n", l.Kind, l.Name, l.Why)
	}
	return gone
}

func (c *cleaned) note(gone cluster.Removal) {
	c.Removed = append(append(c.Removed, gone.Topics...), gone.Groups...)
	for _, l := range gone.Left {
		c.Left = append(c.Left, notGone{l.Kind, l.Name, l.Why.Error()})
	}
}
