package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"msklt/generator"
	"msklt/internal/cluster"
	"msklt/report"
	"msklt/scenario"
)

// TestExitCodes holds the documented exit codes against the program.
func TestExitCodes(t *testing.T) {
	good := writeScenario(t, "1s")
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("version: 2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"bad scenario":           {[]string{"run", bad}, 2, "bad.yaml:1:10"},
		"plan of a bad scenario": {[]string{"plan", bad}, 2, "bad.yaml:1:10"},
		"plan of no scenario":    {[]string{"plan", bad + "x"}, 2, "bad.yamlx"},
		"run of no scenario":     {[]string{"run", bad + "x"}, 2, "bad.yamlx"},
		"plan that fits":         {[]string{"plan", good}, 0, "fits up to"},
		"plan that does not":     {[]string{"plan", good, "--set", "limits={partition: {ingress: 1KB/s}}"}, 0, "does not fit"},
		"plan, bad limits":       {[]string{"plan", good, "--limits", "msk-severless"}, 2, `did you mean "msk-serverless"?`},
		"plan, bad prices":       {[]string{"plan", good, "--price-file", bad}, 2, "bad.yaml:1:1: unknown field"},
		"plan, no prices":        {[]string{"plan", good, "--price-file", bad + "x"}, 2, "bad.yamlx"},
		"plan, bad hours":        {[]string{"plan", good, "--hours", "NaN"}, 2, "--hours"},
		"run for no time":        {[]string{"run", good, "--duration", "0s"}, 2, "--duration 0s: want more than 0"},
		"plan for no time":       {[]string{"plan", good, "--duration", "0s"}, 2, "--duration 0s: want more than 0"},
		"bad flag":               {[]string{"run", good, "--frob"}, 2, "--frob"},
		"unknown command":        {[]string{"frob"}, 2, "frob"},
		"nobody listens":         {[]string{"run", good, "--bootstrap", "127.0.0.1:1", "--out", filepath.Join(t.TempDir(), "o")}, 5, "127.0.0.1:1"},
		"check of a cluster":     {[]string{"check", good, "--bootstrap", "127.0.0.1:1"}, 5, "127.0.0.1:1"},
		"check of a target":      {[]string{"check", good, "--target", "prod"}, 2, "open prod"},
		"port that is not":       {[]string{"run", good, "--bootstrap", "127.0.0.1:99999", "--out", filepath.Join(t.TempDir(), "o")}, 2, `want a port from 1 to 65535, got "99999"`},
		"cluster port":           {[]string{"cluster", "--listen", "127.0.0.1:99999"}, 2, "99999"},
	} {
		t.Run(name, func(t *testing.T) {
			p := command(t.Context(), c.args...)
			begin := time.Now()
			if code := p.code(t); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			// A cluster is waited for some seconds; the rest is how busy this machine is.
			if took := time.Since(begin); took > time.Minute {
				t.Errorf("it took %s", took)
			}
			if !strings.Contains(p.stderr.String(), c.says) {
				t.Errorf("stderr lacks %q:\n%s", c.says, p.stderr.String())
			}
		})
	}
}

// TestThresholdExitCodes holds which exit code counts when a run ends in several
// ways at once.
func TestThresholdExitCodes(t *testing.T) {
	full := errors.New("no space")
	left := &generator.LeftError{Prefix: "msklt-1-", Why: errors.New("not allowed")}
	const remains = "msklt: not everything could be removed from the cluster: topics and groups that begin with msklt-1-: not allowed\nto remove the rest: clean\n"
	for _, c := range []struct {
		interrupted, valid, passed bool
		unsaved                    error
		left                       error
		code                       int
		says                       string
	}{
		{false, true, true, nil, nil, 0, ""},
		{false, true, false, nil, nil, 3, "msklt: 1 of 1 thresholds did not pass: failed == 0: failed, observed 2 records\n"},
		{false, false, true, nil, nil, 4, "msklt: too slow\n"},
		{false, false, false, nil, nil, 4, "msklt: too slow\n"},
		{true, true, false, nil, nil, 130, ""},
		{true, false, false, nil, nil, 130, ""},
		{false, true, true, full, nil, 5, "\nmsklt: no space\n"},
		{false, false, false, full, nil, 5, "\nmsklt: no space\n"},
		{true, true, true, full, nil, 130, "\nmsklt: no space\n"},
		{true, true, true, nil, left, 130, remains},
		{false, true, true, nil, left, 5, remains},
		{false, false, false, nil, left, 5, remains},
	} {
		var stderr bytes.Buffer
		p := &process{stdout: io.Discard, stderr: &stderr, getenv: os.LookupEnv, signalled: func() os.Signal {
			if c.interrupted {
				return os.Interrupt
			}
			return nil
		}}
		failed := 2.0
		r := &report.Result{
			Interrupted: c.interrupted, Validity: report.Validity{Valid: c.valid}, Verdict: report.Verdict{Summary: "too slow"},
			Thresholds: []report.Threshold{{Expression: "failed == 0", Unit: "records", Observed: &failed, Known: true, Passed: c.passed}},
		}
		err := p.finish("clean", &generator.Output{Result: r, Left: c.left}, saved{where: "out", unsaved: c.unsaved}, runFlags{quiet: true})
		code := 0
		if err != nil {
			code = p.exitCode(err)
		}
		if code != c.code || stderr.String() != c.says {
			t.Errorf("%+v: exit code %d, %q", c, code, stderr.String())
		}
	}
}

// TestUncleanEnd: a run that leaves something and has no result names the command that
// removes it.
func TestUncleanEnd(t *testing.T) {
	left := &generator.LeftError{Prefix: "msklt-1-", Why: errors.New("not allowed")}
	const cleaning = "to remove it: msklt clean --bootstrap a:9092 --run 1\n"
	for _, c := range []struct {
		why    error
		signal os.Signal
		code   int
		says   string
	}{
		{cluster.Errorf("no permission"), nil, exitEnvironment, "msklt: no permission; left on the cluster: topics and groups that begin with msklt-1-: not allowed\n"},
		{context.Canceled, os.Interrupt, exitInterrupted,
			"msklt: interrupted before any traffic; there is no result\nmsklt: left on the cluster: topics and groups that begin with msklt-1-: not allowed\n"},
	} {
		var stderr bytes.Buffer
		p := &process{stderr: &stderr, signalled: func() os.Signal { return c.signal }}
		j := job{target: &scenario.Target{Bootstrap: []string{"a:9092"}}}
		err := unclean{fmt.Errorf("%w; left on the cluster: %w", c.why, left), j.cleaning(left.Prefix)}
		if code := p.exitCode(err); code != c.code || stderr.String() != c.says+cleaning {
			t.Errorf("exit code %d, %q; want %d and %q", code, stderr.String(), c.code, c.says+cleaning)
		}
	}
}
