package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"msklt/internal/kafkatest/need"
	"msklt/internal/limits"
	"msklt/report"
)

// TestMain lets the test binary be msklt itself: in testscripts under that name,
// and for start with MSKLT_TEST_MAIN set.
func TestMain(m *testing.M) {
	if os.Getenv("MSKLT_TEST_MAIN") != "" {
		main()
		return
	}
	testscript.Main(m, map[string]func(){"msklt": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", RequireExplicitExec: true})
}

// program is msklt as a process of its own.
type program struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

func command(ctx context.Context, args ...string) *program {
	p := &program{Cmd: exec.CommandContext(ctx, os.Args[0], args...)}
	p.Env = append(os.Environ(), "MSKLT_TEST_MAIN=1")
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	return p
}

// code runs the program to its end and returns its exit code.
func (p *program) code(t *testing.T) int {
	t.Helper()
	err := p.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return p.ProcessState.ExitCode()
}

func readResult(t *testing.T, dir string) *report.Result {
	t.Helper()
	r, _, err := report.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const small = `
version: 1
name: small
limits: {partition: {ingress: 5MB/s}}
topics:
  t: {partitions: 3}
producers:
  p: {topic: t, clients: 2, rate: 2000/s, key: {keys: 100}, value: {size: 500B}}
consumers:
  g: {topics: [t], clients: 2}
phases:
  - {name: warm-up, duration: 1s, load: 50%, measure: false}
  - {name: steady, duration: DURATION}
`

func writeScenario(t *testing.T, duration string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "small.yaml")
	if err := os.WriteFile(path, []byte(strings.Replace(small, "DURATION", duration, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRealTimeRunFits runs a small load to its end: exit 0, every record accounted for,
// the JSON on stdout and nothing else there.
func TestRealTimeRunFits(t *testing.T) {
	need.Require(t, need.RealTime())
	p, dir := undisturbed(t, func(string) []string { return []string{writeScenario(t, "4s"), "--json"} })
	out := filepath.Join(dir, "out")
	var printed struct {
		Folder string
		report.Result
	}
	if err := json.Unmarshal(p.stdout.Bytes(), &printed); err != nil {
		t.Fatalf("stdout is not one JSON value: %v", err)
	}
	r := readResult(t, out)
	if printed.Folder != out || printed.Verdict.Summary != r.Verdict.Summary {
		t.Errorf("printed %q of %q, the folder says %q", printed.Verdict.Summary, printed.Folder, r.Verdict.Summary)
	}
	// 1 s at half of 2,000/s and 4 s at all of it.
	if n := r.Totals; n.Scheduled != 9000 || n.Acked != 9000 || n.LogEndDelta != 9000 || n.Consumed != 9000 {
		t.Errorf("totals %+v, want 9,000 everywhere", n)
	}
	want := limits.WithinLimits
	if p.ProcessState.ExitCode() == exitInvalid { // a machine that is busy for long
		want = limits.Invalid
	}
	if r.Verdict.Status != want || r.Throttle.Responses != 0 {
		t.Errorf("status %s, %d throttle responses", r.Verdict.Status, r.Throttle.Responses)
	}
	if r.Latency.Response.Count != 8000 || r.Latency.EndToEnd.Count != 8000 {
		t.Errorf("%d response and %d end-to-end times, want the 8,000 of the measured phase", r.Latency.Response.Count, r.Latency.EndToEnd.Count)
	}
}

// TestInterrupt stops a run in the middle: exit 130, a whole result marked so.
func TestInterrupt(t *testing.T) {
	for name, c := range map[string]struct {
		signal syscall.Signal
		code   int
	}{"interrupt": {syscall.SIGINT, 130}, "terminate": {syscall.SIGTERM, 143}, "hang up": {syscall.SIGHUP, 129}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "out")
			p := command(t.Context(), "run", writeScenario(t, "60s"), "--out", out)
			said := p.watch(t, "phase steady") // told once there has been traffic for some seconds
			if err := p.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			if code := p.ended(t); code != c.code {
				t.Fatalf("exit code %d, want %d\n%s", code, c.code, said.text())
			}
			r := readResult(t, out)
			n := r.Totals
			if !r.Interrupted || n.Acked == 0 || n.Scheduled != n.Sent+n.Unsent || n.Sent != n.Acked+n.Failed || n.Acked != n.LogEndDelta || n.Consumed != n.LogEndDelta {
				t.Errorf("interrupted %v, totals %+v", r.Interrupted, n)
			}
			if r.DurationSeconds > 30 {
				t.Errorf("it took %.1f s", r.DurationSeconds)
			}
		})
	}
}

// TestRealTimeClusterVerb starts the cluster on its own, uses it with run, and reads its
// truth after an interrupt.
func TestRealTimeClusterVerb(t *testing.T) {
	need.Require(t, need.RealTime())
	dir := t.TempDir()
	truth := filepath.Join(dir, "truth.jsonl")
	c := exec.CommandContext(t.Context(), os.Args[0], "cluster", "--limits", "msk-serverless", "--topic", "theirs:4", "--listen", "127.0.0.1:0", "--truth", truth)
	c.Env = append(os.Environ(), "MSKLT_TEST_MAIN=1")
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	bootstrap, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	p := command(t.Context(), "run", writeScenario(t, "2s"), "--out", out, "--bootstrap", strings.TrimSpace(bootstrap), "--quiet")
	checkFine(t, p.code(t), out)
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != 130 {
		t.Errorf("the cluster's exit code is %d, want 130", code)
	}
	data, err := os.ReadFile(truth)
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for line := range strings.Lines(string(data)) {
		var row struct {
			Scope    string `json:"scope"`
			RecordIn int64  `json:"records_in"`
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if row.Scope == "partition" {
			sum += row.RecordIn
		}
	}
	if acked := readResult(t, out).Totals.Acked; sum != acked || acked != 5000 {
		t.Errorf("the truth has %d records, the result %d acked, want 5,000", sum, acked)
	}
}
