package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/pflag"

	"msklt/generator"
	"msklt/internal/access"
	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/report"
	"msklt/scenario"
)

// defaultBrokers is the size of the embedded cluster, unless the target or the limits
// say.
const defaultBrokers = 3

// targetFlags are where to run. Every flag may be given for each of several jobs.
type targetFlags struct {
	target, bootstrap []string
	set               []string
}

func (f *targetFlags) on(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.target, "target", nil, "target `file`, or embedded (default embedded)")
	flags.StringArrayVar(&f.bootstrap, "bootstrap", nil, "`HOST:PORT,...` of a Kafka cluster without a login, in place of a target file")
	flags.StringArrayVar(&f.set, "set", nil, "`path=value`: change the scenario, such as topics.orders.partitions=24, or with target.path=value the target (repeatable)")
}

// place is where a job runs, as flags say it.
type place struct {
	file      string // or embedded
	bootstrap string // in its place, unless ""
	unlimited bool   // what it declares of limits does not count
}

// places are those that the flags name, at least one.
func (f *targetFlags) places() []place {
	var all []place
	for _, file := range f.target {
		all = append(all, place{file: file})
	}
	for _, addresses := range f.bootstrap {
		all = append(all, place{bootstrap: addresses})
	}
	if len(all) == 0 {
		return []place{{file: scenario.EmbeddedName}}
	}
	return all
}

// load reads the target of a place.
func (at place) load(o scenario.Options) (*scenario.Target, error) {
	if at.bootstrap != "" {
		return scenario.PlainTarget(at.bootstrap, o)
	}
	return scenario.LoadTarget(at.file, o)
}

// read reads a scenario and where it is to run, and resolves the limits: those of the
// target where it declares some, else the scenario's, else those of what the embedded
// cluster passes for. The mistakes of both files are shown at once.
func read(path string, at place, o scenario.Options) (job, error) {
	t, err := at.load(o)
	wrong, err := problemsOf(err)
	if err != nil {
		return job{}, err
	}
	if t != nil && at.unlimited {
		t.Limits, t.Declared = scenario.Limits{}, false
	}
	if t != nil && t.Declared {
		o.Over = &t.Limits
	}
	s, err := scenario.Load(path, o)
	more, err := problemsOf(err)
	if err != nil {
		return job{}, err
	}
	if wrong = append(wrong, more...); len(wrong) > 0 {
		return job{}, wrong
	}
	j := job{path: path, scenario: s, target: t, way: new(way), set: o.Set}
	j.limits, err = j.resolve(at.unlimited)
	return j, err
}

// resolve are the limits of a job: those of the target where it declares some, else the
// scenario's, else those of what the cluster is, as far as nobody has to be asked.
func (j *job) resolve(unlimited bool) (limits.Limits, error) {
	declared, t := j.scenario.Limits, j.target
	by, serverless := t.Serverless()
	switch none := declared.Extends == "" && declared.Values == nil; {
	case t.Declared:
		declared = t.Limits
	case unlimited:
	case none && t.Embedded != nil:
		declared.Extends = t.Embedded.As // which is a profile's name, too
	case serverless && (none || t.ARN != ""): // of an ARN, AWS's word is what counts in a run
		declared, j.says = scenario.Limits{Extends: string(limits.MSKServerless)}, by
	}
	l, err := limits.Resolve(declared)
	if err != nil {
		return l, err
	}
	return underLogin(l, t), nil
}

// underLogin are limits as they hold for the clients of a target: MSK's IAM listeners
// have some of their own, which also an unknown cluster has.
func underLogin(l limits.Limits, t *scenario.Target) limits.Limits {
	l.ConnectRate = t.ConnectRate
	if t.Embedded != nil {
		return l
	}
	if l = l.Under(t.Auth.Mechanism); t.Auth.Mechanism == scenario.MSKIAM {
		l = l.PacedForIAM()
	}
	return l
}

// problemsOf takes apart what is wrong in a file and what else is.
func problemsOf(err error) (scenario.Problems, error) {
	var wrong scenario.Problems
	if errors.As(err, &wrong) {
		return slices.Clone(wrong), nil
	}
	return nil, err
}

// job reads a scenario, as the flags change it, and its target.
func (p *process) job(path string, at place, f runFlags, seed *uint64) (job, error) {
	o := p.options()
	o.Set, o.Seed, o.Duration = f.set, seed, f.duration
	return read(path, at, o)
}

// brokers is how many the embedded cluster has, or a plan takes.
func (j job) brokers() int {
	own := 0
	if j.target.Embedded != nil {
		own = j.target.Embedded.Brokers
	}
	return cmp.Or(own, j.limits.Brokers, defaultBrokers)
}

// site is where a job runs: its target, limits, and how clients connect.
type site struct {
	generator.Config
	job      job
	access   *access.Access    // nil for the embedded cluster
	embedded *embedded.Cluster // once entered; nil for others
}

// way is a target that was made ready: once for all that a command does there, as AWS
// is asked for credentials, and where the cluster of an ARN is.
type way struct{ access *access.Access }

func (w *way) open(ctx context.Context, t *scenario.Target) (*access.Access, error) {
	if w.access != nil {
		return w.access, nil
	}
	a, err := access.Open(ctx, t)
	if err == nil {
		w.access = a
	}
	return a, err
}

// open makes a job's target ready, without contacting the cluster.
func open(ctx context.Context, j job) (*site, error) {
	w := &site{job: j, Config: generator.Config{
		Limits: j.limits,
		Target: report.Target{Name: j.target.Name, File: j.target.File},
	}}
	w.Ephemeral = j.target.Embedded != nil
	if j.target.Embedded != nil {
		w.Target.Kind = string(limits.EmbeddedCluster)
		return w, nil
	}
	a, err := j.way.open(ctx, j.target)
	if err != nil {
		return nil, err
	}
	w.access, w.Auth, w.Dial = a, a.Auth, generator.Patient(a.Dial)
	w.Target.Bootstrap, w.Target.Kind, w.Target.TLS = a.Bootstrap, string(a.Kind), a.TLS
	if a.Mechanism != scenario.NoAuth {
		w.Target.Auth = a.Mechanism
	}
	if a.Profile != "" && !j.target.Declared {
		if w.Limits, err = limits.Resolve(scenario.Limits{Extends: a.Profile}); err != nil {
			return nil, fmt.Errorf("limits of cluster %s: %w", a.Name, err)
		}
		w.Limits = underLogin(w.Limits, j.target)
	}
	return w, nil
}

// enter starts the embedded cluster, or looks whether another one can be entered, and
// tells of addresses that do not lead in.
func (w *site) enter(ctx context.Context, tell func(warning string)) error {
	if w.access != nil {
		in, err := w.access.Enter(ctx)
		if err != nil {
			return err
		}
		for _, p := range in.Dead {
			tell(p.Error())
		}
		return nil
	}
	cfg := embedded.Config{Brokers: w.job.brokers(), Limits: w.Limits, As: w.job.target.Embedded.As}
	if cfg.As == embedded.MSKServerless {
		cfg.IAM = embedded.NewIAM() // known to nobody else
		w.Auth, w.Target.Auth = cfg.IAM.Mechanism(), scenario.MSKIAM
	}
	c, err := embedded.Start(ctx, cfg)
	if err != nil {
		return fmt.Errorf("starting the embedded cluster: %w", err)
	}
	w.embedded, w.Target.Bootstrap = c, c.Bootstrap()
	return nil
}

// leave ends the embedded cluster.
func (w *site) leave() {
	if w.embedded != nil {
		w.embedded.Close()
	}
}
