package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"msklt/internal/limits"
	"msklt/scenario"
)

// guarded is a load of 1 MB/s for 100 s, which two groups read: 0.1 GB in and 0.2 GB
// out, with headers a little more.
const guarded = `{version: 1, name: guarded, limits: %s, topics: {t: {partitions: 2}},
  producers: {p: {topic: t, rate: %s, value: {size: 10KB}}}, consumers: {a: {topics: [t]}, b: {topics: [t]}},
  phases: [{name: steady, duration: 100s}]}`

func guardedJob(t *testing.T, p *process, profile, rate string) job {
	t.Helper()
	s, err := scenario.Parse("guarded.yaml", fmt.Appendf(nil, guarded, profile, rate), p.options())
	if err != nil {
		t.Fatal(err)
	}
	l, err := limits.Resolve(s.Limits)
	if err != nil {
		t.Fatal(err)
	}
	target, err := scenario.PlainTarget("there:9092", p.options())
	if err != nil {
		t.Fatal(err)
	}
	return job{path: "guarded.yaml", scenario: s, limits: l, target: target, way: new(way)}
}

// TestGuard: what is shown before a run on somebody's cluster, and what is refused.
func TestGuard(t *testing.T) {
	for name, c := range map[string]struct {
		profile, rate string
		flags         runFlags
		answer        string // of somebody at a terminal; "" for nobody
		shows         string
		refused       string // "" when the run may begin
	}{
		"small": {"none", "1MB/s", runFlags{}, "", "creates 1 topic with 2 partitions, opens about 2", ""},
		// Records of 10,000 bytes with some 72 of headers: 100.7 MB in and 201.4 MB out a second.
		"large":         {"none", "100MB/s", runFlags{}, "", "in all", "the plan is to write and read 30.2 GB, which is over 10.0 GB; --yes agrees to that"},
		"many":          {"none", "1MB/s", runFlags{repeat: 50}, "", "in each of 50 runs", "the plan is to write and read 15.1 GB"},
		"large, agreed": {"none", "100MB/s", runFlags{yes: true}, "", "", ""},
		"large, yes":    {"none", "100MB/s", runFlags{}, "yes\n", "go on? [y/N]", ""},
		"large, no":     {"none", "100MB/s", runFlags{}, "\n", "go on? [y/N]", "nothing was started"},
		"unknown":       {"none", "max", runFlags{}, "", "how much is written and read is not known (rate: max: fleet p sends as fast as it can)", "how much is sent is not known beforehand"},
		// 18.8 GiB in at $0.10, 37.5 out at $0.05: $3.76, and 2 minutes of a cluster.
		"dear":            {"msk-serverless", "200MB/s", runFlags{}, "", "about $3.7", "the plan is to write and read 60.4 GB"},
		"dearer":          {"msk-serverless", "400MB/s", runFlags{}, "", "about $7.", "; the plan costs $7."},
		"over the limit":  {"msk-serverless", "200MB/s", runFlags{yes: true, maxCost: 3}, "", "", "--max-cost 3: the plan comes to $3.7"},
		"under the limit": {"msk-serverless", "200MB/s", runFlags{yes: true, maxCost: 4}, "", "", ""},
		"limit, no price": {"none", "1MB/s", runFlags{yes: true, maxCost: 4}, "", "cost not known: only profiles of Amazon MSK have prices",
			"--max-cost 4: what guarded.yaml on there:9092 costs is not known: only profiles of Amazon MSK have prices"},
		"limit, no size": {"msk-serverless", "max", runFlags{yes: true, maxCost: 4}, "", "", "is not known: rate: max: fleet p sends as fast as it can"},
		"quiet":          {"none", "1MB/s", runFlags{quiet: true}, "", "", ""},
	} {
		var stderr bytes.Buffer
		p := &process{stderr: &stderr, getenv: os.LookupEnv, stdin: strings.NewReader(c.answer), interactive: c.answer != ""}
		err := p.guard(t.Context(), []job{guardedJob(t, p, c.profile, c.rate)}, c.flags)
		var usage usageError
		switch {
		case c.refused == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.refused != "" && (!errors.As(err, &usage) || !strings.Contains(err.Error(), c.refused)):
			t.Errorf("%s: %v, want %q", name, err, c.refused)
		}
		if !strings.Contains(stderr.String(), c.shows) || c.flags.quiet && stderr.Len() > 0 {
			t.Errorf("%s: shown is\n%s, want %q", name, stderr.String(), c.shows)
		}
		if lines := strings.Count(stderr.String(), "\n"); lines > 3 {
			t.Errorf("%s: %d lines", name, lines)
		}
	}
}

// TestGuardEmbedded: on a cluster of the run's own nothing is asked.
func TestGuardEmbedded(t *testing.T) {
	var stderr bytes.Buffer
	p := &process{stderr: &stderr, getenv: os.LookupEnv}
	j := guardedJob(t, p, "none", "max")
	j.target = &scenario.Target{Embedded: &scenario.EmbeddedTarget{}}
	if err := p.guard(t.Context(), []job{j}, runFlags{maxCost: 1}); err != nil || stderr.Len() > 0 {
		t.Errorf("%v\n%s", err, stderr.String())
	}
}

// TestGuardInterrupted: a question can be left.
func TestGuardInterrupted(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := &process{stderr: &bytes.Buffer{}, getenv: os.LookupEnv, stdin: r, interactive: true}
	if err := p.guard(ctx, []job{guardedJob(t, p, "none", "max")}, runFlags{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
