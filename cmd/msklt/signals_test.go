package main

import (
	"bufio"
	"context"
	"os"
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
