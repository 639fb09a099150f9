package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"msklt/internal/cluster"
	"msklt/report"
)

// alone is a load without readers: what is left of it nobody uses when it is killed.
const alone = `
version: 1
name: alone
topics: {t: {partitions: 2, count: 3}}
producers: {p: {topic: t, rate: 500/s, value: {size: 100B}}}
phases: [{name: steady, duration: 60s}]
`

// rests is a load that pauses for long, without readers.
const rests = `
version: 1
name: rests
topics: {t: {partitions: 1}}
producers: {p: {topic: t, rate: 500/s, value: {size: 100B}}}
phases: [{name: steady, duration: 1s}, {name: pause, duration: 10m, load: 0%}]
`

// cleanAfterKills kills a run with readers and one without, and removes what they and
// one of long ago left, beside one that pauses.
func cleanAfterKills(t *testing.T, bootstrap, dir string) {
	t.Helper()
	begin := func(name, path string) (p *program, prefix string) {
		t.Helper()
		out := filepath.Join(dir, "results", name)
		p = command(t.Context(), "run", path, "--bootstrap", bootstrap, "--out", out)
		data, err := os.ReadFile(filepath.Join(p.begin(t, out, bootstrap), "run.json"))
		var note report.Note
		if err != nil || json.Unmarshal(data, &note) != nil {
			t.Fatal(err)
		}
		return p, note.Prefix
	}
	resting, alive := begin("rests", writeText(t, dir, "rests.yaml", rests))
	withoutGroup, without := begin("none", writeText(t, dir, "alone.yaml", alone))
	kill(t, withoutGroup)
	reading, withGroup := begin("group", writeScenario(t, "60s"))
	kill(t, reading)
	dead := cluster.NewPrefix(time.Now().Add(-2*time.Hour)) + "t"
	onCluster(t, bootstrap, func(ctx context.Context, admin *kadm.Client) {
		if _, err := admin.CreateTopic(ctx, 2, 1, nil, dead); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the pause", func() error {
			ends, err := admin.ListEndOffsets(ctx, alive+"t")
			if end, _ := ends.Lookup(alive+"t", 0); err == nil && end.Offset != 500 {
				err = fmt.Errorf("%d of 500 records are written", end.Offset)
			}
			return err
		})
	})
	writeOnce(t, bootstrap, dead, time.Now().Add(-time.Hour))
	killed := []string{without + "t-0", without + "t-1", without + "t-2", withGroup + "t", withGroup + "g"}
	all := append([]string{dead, alive + "t"}, killed[:4]...)

	elsewhere := t.TempDir()
	cleanSays(t, bootstrap, elsewhere, nil, []string{"nothing was removed; --yes removes 1 topic (2 partitions) and 0 groups of 1 run"})
	left, _ := ofRuns(t, bootstrap)
	if slices.Sort(all); !slices.Equal(left, all) {
		t.Errorf("a list has removed something: there is %q, want %q", left, all)
	}
	cleanSays(t, bootstrap, elsewhere, []string{dead}, []string{
		"topic " + alive + "t was written to ", "topic " + without + "t-", " looks alive until 5 min after its last record", "group " + withGroup + "g has 2 members",
	}, "--yes")
	if err := resting.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := resting.ended(t); code != exitInterrupted {
		t.Errorf("exit code %d of a run whose pause was interrupted\n%s", code, resting.stderr.String())
	}
	// The run after it has told of the first and taken away what it left in results.
	if want := "msklt clean --bootstrap " + bootstrap + " --run " + cluster.RunID(without); !strings.Contains(reading.stderr.String(), want) {
		t.Errorf("the run after a killed one does not say %q:\n%s", want, reading.stderr.String())
	}
	cleanSays(t, bootstrap, dir, killed[:3], []string{"removed: 3 topics and 0 groups"}, "--yes", "--run", cluster.RunID(without))
	cleanSays(t, bootstrap, dir, killed[3:], []string{"its process was killed, as results/ shows", "removed: 1 topic and 1 group"}, "--yes")
	cleanSays(t, bootstrap, dir, nil, []string{"no run has left anything"}, "--yes")
}

func writeText(t *testing.T, dir, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func kill(t *testing.T, p *program) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	p.ended(t)
}

// cleanSays holds what msklt clean removes and says in a folder.
func cleanSays(t *testing.T, bootstrap, in string, removed, says []string, args ...string) {
	t.Helper()
	p := command(t.Context(), append([]string{"clean", "--bootstrap", bootstrap, "--json"}, args...)...)
	p.Dir = in
	code := p.code(t)
	var c cleaned
	if err := json.Unmarshal(p.stdout.Bytes(), &c); err != nil {
		t.Fatalf("%v\n%s", err, p.stderr.String())
	}
	slices.Sort(c.Removed)
	removed = slices.Sorted(slices.Values(removed))
	if code != exitOK || !slices.Equal(c.Removed, removed) || len(c.Left) > 0 {
		t.Errorf("clean %v: exit code %d, removed %q, left %+v; want 0 and %q\n%s", args, code, c.Removed, c.Left, removed, p.stderr.String())
	}
	for _, want := range says {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("clean %v does not say %q:\n%s", args, want, p.stderr.String())
		}
	}
}
