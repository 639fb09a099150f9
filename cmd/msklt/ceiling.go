package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"msklt/generator"
	"msklt/internal/limits"
	"msklt/report"
	"msklt/scenario"
)

const (
	ceilingWarmUp = time.Second
	ceilingTime   = 3 * time.Second
	// mostOfCeiling is the share of its ceiling up to which a fleet is sure not to
	// measure this machine: below it the processors have time to spare.
	mostOfCeiling = 0.5
	// openPartitions is taken for a topic whose partitions the scenario leaves open.
	openPartitions = 12
	sinkTimeout    = 10 * time.Second // until it has stopped
)

// ceiling measures what this machine can drive of a scenario and holds its peak
// against it.
func (p *process) ceiling(ctx context.Context, s *scenario.Scenario) error {
	if !slices.ContainsFunc(s.Producers, func(f scenario.Producer) bool { return !f.Rate.Max }) {
		fmt.Fprintf(p.stderr, "%s: no fleet has a target rate; there is no ceiling to hold it against\n", s.Name)
		return nil
	}
	l, err := limits.Resolve(s.Limits)
	if err != nil {
		return usageError{err}
	}
	bootstrap, stop, err := p.sink(ctx, cmp.Or(l.Brokers, defaultBrokers))
	if err != nil {
		return err
	}
	defer stop()
	fmt.Fprintf(p.stderr, "%s: measuring this machine's ceiling, %s flat out\n", s.Name, ceilingWarmUp+ceilingTime)
	flat, err := p.measure(ctx, flatOut(s), bootstrap)
	if err != nil {
		return err
	}
	return p.compare(s, flat)
}

// measure runs a scenario whose result is of no use unless it ends: an interrupt
// leaves at once.
func (p *process) measure(ctx context.Context, s *scenario.Scenario, bootstrap []string) (*report.Result, error) {
	progress := p.progress(false)
	defer progress.end()
	type outcome struct {
		*generator.Output
		err error
	}
	ended := make(chan outcome, 1)
	go func() {
		out, err := generator.Run(context.WithoutCancel(ctx), generator.Config{
			Scenario: s, Progress: progress.show, Keep: true, // until the cluster ends
			Target: report.Target{Name: "discarding cluster", Kind: string(limits.EmbeddedCluster), Bootstrap: bootstrap},
		})
		ended <- outcome{out, err}
	}()
	select {
	case <-ctx.Done():
		return nil, exitError(signalCode(p.signalled()))
	case o := <-ended:
		if o.err != nil {
			return nil, fmt.Errorf("measuring the ceiling: %w", o.err)
		}
		return o.Result, nil
	}
}

// flatOut is a scenario's fleets without schedule, and nothing else of it.
func flatOut(s *scenario.Scenario) *scenario.Scenario {
	out := *s
	out.Limits, out.Idle, out.Consumers, out.Thresholds = scenario.Limits{}, nil, nil, nil
	full := scenario.Always(1)
	out.Phases = []scenario.Phase{
		{Name: "warm-up", Duration: ceilingWarmUp, Load: full},
		{Name: "flat-out", Duration: ceilingTime, Load: full, Measure: true},
	}
	out.Topics = slices.Clone(s.Topics)
	for i := range out.Topics {
		t := &out.Topics[i]
		t.ReplicationFactor = -1
		if t.Existing {
			t.Existing, t.Partitions = false, openPartitions
		}
	}
	out.Producers = slices.Clone(s.Producers)
	for i := range out.Producers {
		f := &out.Producers[i]
		f.Rate, f.Poisson = scenario.Rate{Max: true}, false
		for j := range out.Topics {
			if t := &out.Topics[j]; t.Name == f.Topic && f.Partition.Fixed {
				t.Partitions = max(t.Partitions, f.Partition.Number+1)
			}
		}
	}
	return &out
}

// sink starts a cluster that discards, in a process of its own so that it does not
// share the generator's memory. stop ends it.
func (p *process) sink(ctx context.Context, brokers int) (bootstrap []string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("finding this program to start a discarding cluster: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	c := exec.CommandContext(ctx, self, "cluster", "--discard", "--brokers", strconv.Itoa(brokers))
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = sinkTimeout // then it is killed
	stop = func() {
		cancel()
		_ = c.Wait() // however it ends: it holds nothing
	}
	stdout, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		cancel()
		return nil, nil, fmt.Errorf("starting a discarding cluster: %w", err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		stop()
		return nil, nil, fmt.Errorf("starting a discarding cluster: it told no address: %w", err)
	}
	return strings.Split(strings.TrimSpace(line), ","), stop, nil
}

// compare says what each fleet's peak is of what it did flat out. All fleets ran at
// once, so that together they can do at least that.
func (p *process) compare(s *scenario.Scenario, flat *report.Result) error {
	for i, f := range s.Producers {
		if f.Rate.Max {
			fmt.Fprintf(p.stderr, "%s: fleet %s has no target rate\n", s.Name, f.Name)
			continue
		}
		acked := flat.Fleets[i].Latency.Service
		most := float64(acked.Count-acked.Censored) / ceilingTime.Seconds()
		if most == 0 {
			why := ""
			for _, e := range flat.Errors {
				why = ": " + e.Error
			}
			return fmt.Errorf("measuring the ceiling: no record of fleet %s was acknowledged%s", f.Name, why)
		}
		peak := peak(f, s)
		rate := func(records float64) string {
			return fmt.Sprintf("%.0f records/s (%s)", records, megabytes(records*f.MeanBytes()))
		}
		fmt.Fprintf(p.stderr, "%s: fleet %s peaks at %s; this machine's ceiling for it is %s: %.0f %% of it\n",
			s.Name, f.Name, rate(peak), rate(most), 100*peak/most)
		if peak > mostOfCeiling*most {
			fmt.Fprintf(p.stderr, "%s: warning: above %.0f %% the generator may be the bottleneck instead of the cluster; use a faster machine, or share the load out over several\n",
				s.Name, 100*mostOfCeiling)
		}
	}
	return nil
}

// peak is the highest rate of a fleet over a whole second, or over all of a shorter
// scenario.
func peak(f scenario.Producer, s *scenario.Scenario) float64 {
	schedule := scenario.NewSchedule(f, s.Phases, s.Seed)
	window := min(time.Second, schedule.End())
	most, due := int64(0), int64(0)
	for t := window; window > 0 && t <= schedule.End(); t += window {
		next := schedule.Due(t - 1) // before the second ends
		most, due = max(most, next-due), next
	}
	return float64(most) / max(window, 1).Seconds()
}

func megabytes(n float64) string { return fmt.Sprintf("%.1f MB/s", n/1e6) }
