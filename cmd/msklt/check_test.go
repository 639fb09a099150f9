package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"msklt/internal/kafkatest/need"
	"msklt/internal/preflight"
	"msklt/scenario"
)

// flatScenario is a scenario of one fleet at a rate for 4 seconds, of which 3 count.
func flatScenario(t *testing.T, rate string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "flat.yaml")
	text := fmt.Sprintf(`
version: 1
name: flat
topics:
  t: {partitions: 6}
producers:
  p: {topic: t, clients: 2, rate: %s, key: {keys: 1000}, value: {size: 500B}}
phases:
  - {name: warm-up, duration: 1s, measure: false}
  - {name: steady, duration: 3s}
`, rate)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// discarding starts a cluster that discards, with as many brokers as check's.
func discarding(t *testing.T) (bootstrap string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, os.Args[0], "cluster", "--discard", "--brokers", strconv.Itoa(defaultBrokers))
	c.Env = append(os.Environ(), "MSKLT_TEST_MAIN=1")
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = c.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// TestCheckJSONWithoutCredentials: also where no look at the cluster begins, its JSON
// says what failed.
func TestCheckJSONWithoutCredentials(t *testing.T) {
	target := filepath.Join(t.TempDir(), "target.yaml")
	text := "version: 1\nname: prod\nbootstrap: ['boot-abc.c1.kafka-serverless.eu-west-1.amazonaws.com:9098']\nauth: {mechanism: aws-msk-iam}\n"
	if err := os.WriteFile(target, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := command(t.Context(), "check", flatScenario(t, "1000/s"), "--target", target, "--json")
	p.Env = append(p.Environ(), "HOME="+t.TempDir(), "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=none", "AWS_SHARED_CREDENTIALS_FILE=none",
		"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_PROFILE=", "AWS_WEB_IDENTITY_TOKEN_FILE=", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=", "AWS_CONTAINER_CREDENTIALS_FULL_URI=")
	code := p.code(t)
	var found preflight.Report
	if err := json.Unmarshal(p.stdout.Bytes(), &found); err != nil || code != exitEnvironment {
		t.Fatalf("exit code %d, %v in %q\n%s", code, err, p.stdout.String(), p.stderr.String())
	}
	if len(found.Checks) != 1 || found.Ready || found.Schema != preflight.Schema || found.Target != "prod" ||
		found.Checks[0].State != preflight.Failed || !strings.Contains(found.Checks[0].Found, "no AWS credentials found") {
		t.Errorf("%+v", found)
	}
}

// TestRealTimeCeiling holds the ceiling that check prints, before and after, against a
// run of the same fleet, flat out: the machine being the same, they differ by what else it
// does, which is less than a factor of two. The peak and the warning follow from it.
func TestRealTimeCeiling(t *testing.T) {
	need.Require(t, need.RealTime())
	figure := regexp.MustCompile(`peaks at (\d+) records/s .*ceiling for it is (\d+) records/s \(([\d.]+) MB/s\): (\d+) % of it`)
	ceiling := func(rate string) (peak, most, share float64, stderr string) {
		p := command(t.Context(), "check", flatScenario(t, rate), "--target", "embedded")
		if code := p.code(t); code != 0 {
			t.Fatalf("exit code %d\n%s", code, p.stderr.String())
		}
		found := figure.FindStringSubmatch(p.stderr.String())
		if found == nil {
			t.Fatalf("no ceiling in\n%s", p.stderr.String())
		}
		var n [4]float64
		for i := range n {
			n[i], _ = strconv.ParseFloat(found[i+1], 64)
		}
		// A value has 500 bytes, and of the keys 0 to 999 the mean length is 2.89.
		if mb := n[1] * 502.89 / 1e6; math.Abs(n[2]-mb) > 0.1 {
			t.Errorf("%.0f records/s are %g MB/s, want %.1f", n[1], n[2], mb)
		}
		return n[0], n[1], n[3], p.stderr.String()
	}
	peak, most, share, stderr := ceiling("1000/s")
	if peak != 1000 || math.Abs(share-100*peak/most) > 0.5 || strings.Contains(stderr, "warning") {
		t.Errorf("peak %.0f, share %.0f %%\n%s", peak, share, stderr)
	}
	out := filepath.Join(t.TempDir(), "out")
	p := command(t.Context(), "run", flatScenario(t, "max"), "--bootstrap", discarding(t), "--yes", "--out", out, "--quiet")
	_ = p.Run() // a discarding cluster's logs do not grow by what was acknowledged
	direct := readResult(t, out).Rates.AckedRecordsPerSecond
	peak, after, _, stderr := ceiling("20000000/s")
	if peak != 20e6 || !strings.Contains(stderr, "warning: above 50 %") {
		t.Errorf("peak %.0f of %.0f\n%s", peak, after, stderr)
	}
	if max(most, after)/direct < 0.5 || min(most, after)/direct > 2 {
		t.Errorf("check says %.0f and %.0f records/s, a run between them does %.0f", most, after, direct)
	}
	t.Logf("check says %.0f and %.0f records/s, a run between them does %.0f", most, after, direct)
}

// TestRealTimeCeilingInterrupted leaves at once, and the discarding cluster ends with
// the program: it holds the program's output open as long as it lives.
func TestRealTimeCeilingInterrupted(t *testing.T) {
	need.Require(t, need.RealTime())
	p := command(t.Context(), "check", flatScenario(t, "1000/s"), "--target", "embedded")
	p.watch(t, "measuring this machine's ceiling")
	time.Sleep(time.Second) // of the four that it takes
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	code := p.ended(t)
	// One that did not wait for the measurement does not tell it, and a cluster that did
	// not end is killed after sinkTimeout.
	if took := time.Since(begin); code != exitInterrupted || took > sinkTimeout || strings.Contains(p.says(), "ceiling for it is") {
		t.Errorf("exit code %d after %s\n%s", code, took, p.says())
	}
}

// TestPeak holds the highest rate over a second against what the phases and the
// curve ask for.
func TestPeak(t *testing.T) {
	for name, c := range map[string]struct {
		rate, phases string
		want         float64
	}{
		"constant":     {"100/s", "[{name: a, duration: 10s}]", 100},
		"bytes":        {"100KB/s", "[{name: a, duration: 10s}]", 1000},
		"phases":       {"100/s", "[{name: a, duration: 5s, load: 50%}, {name: b, duration: 5s, load: 300%, measure: false}, {name: c, duration: 5s}]", 300},
		"a curve":      {"{steps: [{rate: 10/s, for: 3s}, {rate: 700/s, for: 2s}, {rate: 10/s}]}", "[{name: a, duration: 10s}]", 700},
		"curve, phase": {"{steps: [{rate: 10/s, for: 3s}, {rate: 700/s, for: 2s}, {rate: 10/s}]}", "[{name: a, duration: 4s}, {name: b, duration: 4s, load: 200%}]", 1400},
		"a moment":     {"1000/s", "[{name: a, duration: 100ms}]", 1000},
	} {
		t.Run(name, func(t *testing.T) {
			text := fmt.Sprintf("version: 1\nname: peak\ntopics: {t: {partitions: 1}}\nproducers:\n  p: {topic: t, rate: %s, value: {size: 100B}}\nphases: %s\n", c.rate, c.phases)
			s, err := scenario.Parse("peak.yaml", []byte(text), scenario.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := peak(s.Producers[0], s); math.Abs(got-c.want) > 1e-6*c.want {
				t.Errorf("%g records/s, want %g", got, c.want)
			}
		})
	}
}

// TestRealTimeAboveCeiling asks for ten times what a machine of two processors can do: the run
// is invalid, for a reason that says so, and never blamed on the cluster.
func TestRealTimeAboveCeiling(t *testing.T) {
	need.Require(t, need.RealTime())
	for name, bootstrap := range map[string]string{"in one process": "", "in two": discarding(t)} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			args := []string{"run", flatScenario(t, "3000000/s"), "--out", out, "--quiet"}
			if bootstrap != "" {
				args = append(args, "--bootstrap", bootstrap)
			}
			p := command(t.Context(), args...)
			if code := p.code(t); code != exitInvalid {
				t.Errorf("exit code %d, want %d\n%s", code, exitInvalid, p.stderr.String())
			}
			named := false
			for _, reason := range readResult(t, out).Validity.Reasons {
				t.Logf("%s: %g, bound %g: %s", reason.Check, reason.Observed, reason.Bound, reason.Message)
				named = named || slices.Contains([]string{"offered", "lag", "full_without_push_back", "cpu"}, reason.Check)
			}
			if !named {
				t.Error("no reason says that the generator was too slow")
			}
		})
	}
}
