package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"msklt/internal/cluster"
	"msklt/internal/embedded"
)

// asked is a load that needs a yes, because nobody knows how much there is to read.
const asked = `{version: 1, name: asked, topics: {t: {partitions: 1}, theirs: {existing: true}},
  producers: {p: {topic: t, rate: 100/s, value: {size: 100B}}}, consumers: {g: {topics: [theirs]}},
  phases: [{name: steady, duration: 1s}]}`

// TestAskBeforeRun: somebody at a terminal is asked before a run, nobody else is. What is
// not agreed to leaves nothing, neither on the cluster nor on the disk.
func TestAskBeforeRun(t *testing.T) {
	t.Parallel()
	bootstrap := theirCluster(t)
	for name, c := range map[string]struct {
		types string // "" where there is no terminal
		codes []int
		says  string
	}{
		"no":          {"n\n", []int{exitUsage}, "msklt: not agreed to; nothing was started"},
		"just enter":  {"\n", []int{exitUsage}, "msklt: not agreed to; nothing was started"},
		"yes":         {"y\n", []int{exitOK, exitInvalid}, "\nresult: "}, // invalid on a busy machine
		"Ctrl-C":      {ctrlC, []int{exitInterrupted}, "msklt: interrupted before any traffic; there is no result"},
		"no terminal": {"", []int{exitUsage}, "group g reads topic theirs, which exists); --yes agrees to that"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			scenario, out := filepath.Join(dir, "asked.yaml"), filepath.Join(dir, "results", "out")
			if err := os.WriteFile(scenario, []byte(asked), 0o644); err != nil {
				t.Fatal(err)
			}
			says, code := answered(t, c.types, "go on? [y/N]", "run", scenario, "--bootstrap", bootstrap, "--out", out, "--keep")
			if !slices.Contains(c.codes, code) || !strings.Contains(says, c.says) {
				t.Errorf("exit code %d, want %d; it says\n%s", code, c.codes, says)
			}
			topics, groups := onTheirCluster(t, bootstrap)
			begun := slices.Contains(c.codes, exitOK)
			if made := len(topics) == 2 && len(groups) == 1; made != begun || !begun && (len(topics) != 1 || len(groups) != 0) {
				t.Errorf("on the cluster are %q and %q", topics, groups)
			}
			if left, _ := os.ReadDir(filepath.Dir(out)); (len(left) > 0) != begun {
				t.Errorf("beside the result are %v", left)
			}
			if begun {
				removeAllBut(t, bootstrap, "theirs")
			}
		})
	}
}

// TestAskBeforeClean: clean removes after a yes. Without a terminal it only lists.
func TestAskBeforeClean(t *testing.T) {
	t.Parallel()
	bootstrap := theirCluster(t)
	left := cluster.NewPrefix(time.Now().Add(-2*time.Hour)) + "orders"
	onCluster(t, bootstrap, func(ctx context.Context, admin *kadm.Client) {
		if _, err := admin.CreateTopic(ctx, 3, 1, nil, left); err != nil {
			t.Fatal(err)
		}
	})
	for _, c := range []struct {
		types  string
		code   int
		says   string
		remain []string
	}{
		{"n\n", exitOK, "msklt: nothing was removed", []string{left, "theirs"}},
		{ctrlC, exitInterrupted, "msklt: interrupted; nothing was removed", []string{left, "theirs"}},
		{"", exitOK, "msklt: nothing was removed; --yes removes 1 topic (3 partitions) and 0 groups of 1 run", []string{left, "theirs"}},
		{"yes\n", exitOK, "removed: 1 topic and 0 groups", []string{"theirs"}},
	} {
		says, code := answered(t, c.types, "remove 1 topic (3 partitions) and 0 groups of 1 run? [y/N]", "clean", "--bootstrap", bootstrap)
		if code != c.code || !strings.Contains(says, c.says) {
			t.Errorf("%q: exit code %d, want %d; it says\n%s", c.types, code, c.code, says)
		}
		if topics, _ := onTheirCluster(t, bootstrap); !slices.Equal(topics, c.remain) {
			t.Errorf("%q: on the cluster are %q, want %q", c.types, topics, c.remain)
		}
	}
}

// answered runs the program at a terminal, answers its question, and returns all that it
// says and its exit code. With nothing to type there is no terminal, and no question.
func answered(t *testing.T, types, question string, args ...string) (says string, code int) {
	t.Helper()
	if types == "" {
		c := command(t.Context(), args...)
		code = c.code(t)
		if says = c.stderr.String(); strings.Contains(says, "[y/N]") {
			t.Errorf("a question to nobody:\n%s", says)
		}
		return says, code
	}
	p := openPty(t, 200, 60)
	c := p.begin(t, args...)
	p.await(question)
	p.enter(t, types)
	code = c.ended(t)
	<-p.done
	return p.String(), code
}

// theirCluster is a cluster with a topic of somebody's.
func theirCluster(t *testing.T) (bootstrap string) {
	t.Helper()
	e, err := embedded.Start(t.Context(), embedded.Config{Brokers: 1, Topics: map[string]int32{"theirs": 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return strings.Join(e.Bootstrap(), ",")
}

func onTheirCluster(t *testing.T, bootstrap string) (topics, groups []string) {
	t.Helper()
	onCluster(t, bootstrap, func(ctx context.Context, admin *kadm.Client) {
		listed, err := admin.ListTopics(ctx)
		named, err2 := admin.ListGroups(ctx)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		topics, groups = listed.Names(), named.Groups()
	})
	return topics, groups
}

func removeAllBut(t *testing.T, bootstrap, kept string) {
	t.Helper()
	topics, groups := onTheirCluster(t, bootstrap)
	topics = slices.DeleteFunc(topics, func(name string) bool { return name == kept })
	onCluster(t, bootstrap, func(ctx context.Context, admin *kadm.Client) {
		_, err := admin.DeleteTopics(ctx, topics...)
		_, err2 := admin.DeleteGroups(ctx, groups...)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
	})
}
