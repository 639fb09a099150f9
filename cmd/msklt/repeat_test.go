package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"msklt/internal/kafkatest/need"
	"msklt/report"
	"msklt/scenario"
)

// TestTurns holds the order of runs: two jobs change places from round to round, so
// that over each two rounds neither is earlier on average.
func TestTurns(t *testing.T) {
	for _, c := range []struct {
		jobs, rounds int
		want         string
	}{
		{1, 1, "A1"},
		{1, 3, "A1 A2 A3"},
		{2, 1, "A1 B1"},
		{2, 5, "A1 B1 B2 A2 A3 B3 B4 A4 A5 B5"},
	} {
		var got []string
		for _, t := range turns(c.jobs, c.rounds) {
			got = append(got, letter(t.job)+string(rune('0'+t.number)))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%d jobs, %d rounds: %v, want %s", c.jobs, c.rounds, got, c.want)
		}
	}
}

// TestSeriesExitCode holds what a series ends with, and after which run.
func TestSeriesExitCode(t *testing.T) {
	for _, c := range []struct {
		runs       []int
		code, made int
	}{
		{[]int{0, 0, 0}, 0, 3},
		{[]int{0, 3, 0}, 3, 3},
		{[]int{4, 3, 0}, 4, 3},
		{[]int{3, 4, 3}, 4, 3},
		{[]int{4, 5, 0}, 5, 2},
		{[]int{4, 1, 0}, 1, 2},
		{[]int{3, 2, 0}, 2, 2},
		{[]int{4, 130, 0}, 130, 2},
		{[]int{143, 0, 0}, 143, 1},
	} {
		code, ended, made := 0, false, 0
		for !ended && made < len(c.runs) {
			code, ended = after(code, c.runs[made])
			made++
		}
		if code != c.code || made != c.made {
			t.Errorf("runs that end with %v: exit code %d after %d runs, want %d after %d", c.runs, code, made, c.code, c.made)
		}
	}
}

// TestRealTimeInterleave runs one scenario on two clusters in turns: A B, B A, with
// rest after each, every run with its own whole result.
func TestRealTimeInterleave(t *testing.T) {
	need.Require(t, need.RealTime())
	t.Parallel()
	a, b, out := startCluster(t), startCluster(t), filepath.Join(t.TempDir(), "out")
	p := command(t.Context(), "run", "--interleave", writeScenario(t, "1s"), "--bootstrap", a, "--bootstrap", b, "--repeat", "2", "--out", out, "--json")
	if code := p.code(t); code != exitOK && code != exitInvalid { // invalid: a busy machine
		t.Fatalf("exit code %d\n%s", code, p.stderr.String())
	}
	var folders []string
	var ended time.Time
	for decoder := json.NewDecoder(&p.stdout); decoder.More(); {
		var printed struct {
			Folder string
			report.Result
		}
		if err := decoder.Decode(&printed); err != nil {
			t.Fatal(err)
		}
		folder, err := filepath.Rel(out, printed.Folder)
		if err != nil {
			t.Fatal(err)
		}
		r := readResult(t, printed.Folder)
		checkWhole(t, r, 3000)
		if want := map[byte]string{'A': a, 'B': b}[folder[0]]; r.Target.Name != want {
			t.Errorf("%s ran on %s, want %s", folder, r.Target.Name, want)
		}
		if rested := r.StartedAt.Sub(ended); rested < restTime {
			t.Errorf("%s began %s after the traffic of the run before, want %s at least", folder, rested, restTime)
		}
		ended = r.StartedAt.Add(2 * time.Second) // of its phases
		folders = append(folders, folder)
	}
	if want := []string{"A-small/1", "B-small/1", "B-small/2", "A-small/2"}; !slices.Equal(folders, want) {
		t.Errorf("runs went to %v, want %v", folders, want)
	}
}

// TestRealTimeInterruptedRun interrupts a series during its first run: that run leaves
// its result, and there is no other.
func TestRealTimeInterruptedRun(t *testing.T) {
	need.Require(t, need.RealTime())
	t.Parallel()
	bootstrap, out := startCluster(t), filepath.Join(t.TempDir(), "out")
	p := command(t.Context(), "run", writeScenario(t, "60s"), "--bootstrap", bootstrap, "--repeat", "3", "--out", out)
	p.begin(t, filepath.Join(out, "1"), bootstrap)
	checkEnded(t, p, out, 30*time.Second)
	if r := readResult(t, filepath.Join(out, "1")); !r.Interrupted || r.Totals.Acked == 0 {
		t.Errorf("interrupted %v, %d acked", r.Interrupted, r.Totals.Acked)
	}
}

// TestRealTimeInterruptedRest interrupts a series while it rests: it ends at once, and
// what was done stays.
func TestRealTimeInterruptedRest(t *testing.T) {
	need.Require(t, need.RealTime())
	t.Parallel()
	out := filepath.Join(t.TempDir(), "out")
	p := command(t.Context(), "run", writeScenario(t, "1s"), "--repeat", "3", "--out", out)
	p.watch(t, "resting 11 s")
	checkEnded(t, p, out, restTime/2)
	checkWhole(t, readResult(t, filepath.Join(out, "1")), 3000)
}

// checkEnded interrupts a series of three in or after its first run, and holds that it
// ends soon, with the right code, and with one result.
func checkEnded(t *testing.T, p *program, out string, soon time.Duration) {
	t.Helper()
	begun := time.Now()
	if err := p.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code := p.ended(t); code != exitInterrupted {
		t.Errorf("exit code %d, want 130\n%s", code, p.says())
	}
	if took := time.Since(begun); took > soon {
		t.Errorf("it took %s to end, more than %s", took, soon)
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 1 {
		t.Errorf("in the folder there is %v, %v; want one result", entries, err)
	}
	for _, want := range []string{"\nrun   status", "\n1     ", "the series ended early, in or after run 1 of 3"} {
		if !strings.Contains(p.says(), want) {
			t.Errorf("stderr lacks %q:\n%s", want, p.says())
		}
	}
}

// TestBeen: which runs of a series come after another on the same cluster.
func TestBeen(t *testing.T) {
	file := func(name string) job { return job{target: &scenario.Target{File: name}} }
	at := func(address string) job { return job{target: &scenario.Target{Bootstrap: []string{address}}} }
	for _, c := range []struct {
		jobs []job
		want []bool
	}{
		{[]job{at("a:1")}, []bool{false, true}},
		{[]job{at("a:1"), at("a:1")}, []bool{false, true, true, true}},
		{[]job{at("a:1"), at("b:1")}, []bool{false, false, true, true}},
		{[]job{file("arn.yaml"), file("other.yaml")}, []bool{false, false, true, true}},
	} {
		s := &series{jobs: c.jobs, order: turns(len(c.jobs), 2)}
		for i, turn := range s.order {
			if got := s.been(c.jobs[turn.job], i); got != c.want[i] {
				t.Errorf("%d jobs, run %d: %v", len(c.jobs), i, got)
			}
		}
	}
}
