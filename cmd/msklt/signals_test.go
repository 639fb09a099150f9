package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// TestRunOutlivesTerminal holds that a run under nohup goes on when its terminal goes
// away and nobody reads what it says any more: it ends in its time, with its result,
// and removes what it made.
func TestRunOutlivesTerminal(t *testing.T) {
	t.Parallel()
	bootstrap := startCluster(t)
	out := filepath.Join(t.TempDir(), "out")
	p := command(t.Context(), "run", writeScenario(t, "3s"), "--out", out, "--bootstrap", bootstrap)
	p.Args = append([]string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`, os.Args[0]}, p.Args[1:]...)
	p.Path = "/bin/sh"
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.Stderr = write
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	said := bufio.NewScanner(read)
	for said.Scan() && !strings.HasPrefix(said.Text(), "creating topics") {
	}
	_ = read.Close()
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if code := p.ended(t); code != exitOK && code != exitInvalid { // as the machine is busy
		t.Errorf("exit code %d", code)
	}
	if r := readResult(t, out); r.Interrupted || r.Totals.Scheduled != 1000+6000 || r.Totals.Acked != 7000 {
		t.Errorf("interrupted %v, totals %+v", r.Interrupted, r.Totals)
	}
	onCluster(t, bootstrap, func(ctx context.Context, admin *kadm.Client) {
		all, err := admin.ListTopics(ctx)
		if left := slices.DeleteFunc(all.Names(), func(name string) bool { return !strings.HasPrefix(name, "msklt-") }); err != nil || len(left) > 0 {
			t.Errorf("left %q: %v", left, err)
		}
	})
}

// TestHangUps holds that hang-ups after the first, as a terminal's end brings several,
// do not keep a run from ending in order.
func TestHangUps(t *testing.T) {
	t.Parallel()
	bootstrap := startCluster(t)
	out := filepath.Join(t.TempDir(), "out")
	p := command(t.Context(), "run", writeScenario(t, "60s"), "--out", out, "--bootstrap", bootstrap)
	p.begin(t, out, bootstrap)
	for range 3 {
		if err := p.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if code := p.ended(t); code != exitHungUp {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	if r := readResult(t, out); !r.Interrupted || r.Totals.Acked == 0 || r.Totals.Acked != r.Totals.LogEndDelta {
		t.Errorf("interrupted %v, totals %+v", r.Interrupted, r.Totals)
	}
}

// TestLeaveHungCluster interrupts a run on a cluster that has stopped to answer, twice:
// it leaves at once, with the result of what is known, and says what is left and how to
// remove it.
func TestLeaveHungCluster(t *testing.T) {
	t.Parallel()
	c := exec.CommandContext(t.Context(), os.Args[0], "cluster", "--brokers", "2")
	c.Env = append(os.Environ(), "MSKLT_TEST_MAIN=1")
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	bootstrap, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	bootstrap = strings.TrimSpace(bootstrap)
	out := filepath.Join(t.TempDir(), "out")
	p := command(t.Context(), "run", writeScenario(t, "60s"), "--out", out, "--bootstrap", bootstrap)
	said := p.watch(t, "phase steady")
	signals := []struct {
		to *os.Process
		s  os.Signal
	}{{c.Process, syscall.SIGSTOP}, {p.Process, os.Interrupt}, {p.Process, os.Interrupt}}
	for _, one := range signals {
		time.Sleep(time.Second) // so that records wait, and the drain has begun
		if err := one.to.Signal(one.s); err != nil {
			t.Fatal(err)
		}
	}
	if code := p.ended(t); code != exitInterrupted {
		t.Fatalf("exit code %d\n%s", code, said.text())
	}
	r := readResult(t, out)
	n := r.Totals
	if !r.Interrupted || r.InterruptedAt <= 0 || r.InterruptedAt >= r.DurationSeconds || n.Acked == 0 || n.Failed == 0 || n.Scheduled != n.Acked+n.Failed+n.Unsent || n.LogEndKnown {
		t.Errorf("interrupted %v at %v of %v s, totals %+v", r.Interrupted, r.InterruptedAt, r.DurationSeconds, n)
	}
	for _, want := range []string{": left at once", "to remove the rest: msklt clean --bootstrap " + bootstrap, "result: " + out} {
		if !strings.Contains(said.text(), want) {
			t.Errorf("it does not say %q:\n%s", want, said.text())
		}
	}
}
