package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/cluster"
	"msklt/internal/embedded"
)

// TestClean lists and removes what three runs left: one that wrote long ago, and two
// that began just now, of which one wrote. That of which it is said that it ended is not
// waited for, unless it gives a sign of life.
func TestClean(t *testing.T) {
	e, err := embedded.Start(t.Context(), embedded.Config{Brokers: 1, Topics: map[string]int32{"theirs": 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	bootstrap := strings.Join(e.Bootstrap(), ",")
	old, young, busy, paused := cluster.NewPrefix(time.Now().Add(-2*time.Hour)), cluster.NewPrefix(time.Now()), cluster.NewPrefix(time.Now().Add(time.Second)), cluster.NewPrefix(time.Now().Add(2*time.Second))
	leave := func() {
		onCluster(t, bootstrap, func(ctx context.Context, admin *kadm.Client) {
			for _, err := range []error{
				second(admin.CreateTopic(ctx, 3, 1, nil, old+"orders")), second(admin.CreateTopic(ctx, 2, 1, nil, young+"t")),
				second(admin.CreateTopic(ctx, 1, 1, nil, busy+"t")), second(admin.CreateTopic(ctx, 1, 1, nil, paused+"t")),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			at := kadm.Offsets{}
			at.AddOffset(old+"orders", 0, 0, -1)
			if err := admin.CommitAllOffsets(ctx, old+"billing", at); err != nil {
				t.Fatal(err)
			}
		})
		client, err := kgo.NewClient(kgo.SeedBrokers(e.Bootstrap()...), kgo.DefaultProduceTopic(old+"orders"))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		for range 7 {
			record := &kgo.Record{Value: []byte("x"), Timestamp: time.Now().Add(-time.Hour)}
			if err := client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	leave()
	writeOnce(t, bootstrap, busy+"t", time.Now())
	writeOnce(t, bootstrap, paused+"t", time.Now())
	id := cluster.RunID(young)
	target := filepath.Join(t.TempDir(), "target.yaml")
	if err := os.WriteFile(target, []byte("{version: 1, name: small, bootstrap: ["+bootstrap+"], limits: msk-serverless}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args    []string
		answer  string
		says    []string
		removed []string
	}{
		{nil, "", []string{
			old + ", of a run that began 2 h 0 min ago", "topic " + old + "orders: 3 partitions, 7 records, ", "group " + old + "billing: empty, 0 members",
			young + ", of a run that began ", "in use: it began 0 min ago and has written nothing yet; it may still be creating its topics. If you know that it has ended: --run " + id,
			"nothing was removed; --yes removes 1 topic (3 partitions) and 1 group of 1 run",
		}, nil},
		{nil, "no\n", []string{"remove 1 topic (3 partitions) and 1 group of 1 run? [y/N]", "nothing was removed"}, nil},
		{nil, "y\n", []string{"removed: 1 topic and 1 group"}, []string{old + "orders", old + "billing"}},
		{[]string{"--run", id}, "", []string{young + ", of a run", "nothing was removed; --yes removes 1 topic (2 partitions) and 0 groups of 1 run"}, nil},
		{[]string{"--run", id}, "y\n", []string{"remove 1 topic (2 partitions) and 0 groups of 1 run? [y/N]", "removed: 1 topic and 0 groups"}, []string{young + "t"}},
		{[]string{"--run", young, "--yes"}, "", []string{"run " + id + " has left nothing that this client may see on "}, nil},
		{[]string{"--yes"}, "", []string{"in use: topic " + busy + "t was written to ", "in use: topic " + paused + "t was written to ", "what is in use is left alone"}, nil},
		{[]string{"--run", busy, "--yes"}, "", []string{"removed: 1 topic and 0 groups"}, []string{busy + "t"}},
		{[]string{"--yes", "--force"}, "", []string{"removed: 1 topic and 0 groups"}, []string{paused + "t"}},
	} {
		code, out, said := runClean(t, c.answer, append([]string{"--target", target}, c.args...)...)
		if code != 0 || !slices.Equal(out.Removed, c.removed) && len(out.Removed)+len(c.removed) > 0 || len(out.Left) > 0 {
			t.Errorf("clean %v %q: exit code %d, removed %q, left %+v; want 0 and %q", c.args, c.answer, code, out.Removed, out.Left, c.removed)
		}
		for _, want := range c.says {
			if !strings.Contains(said, want) {
				t.Errorf("clean %v %q does not say %q:\n%s", c.args, c.answer, want, said)
			}
		}
	}
	onCluster(t, bootstrap, func(ctx context.Context, admin *kadm.Client) {
		topics, err := admin.ListTopics(ctx)
		groups, err2 := admin.ListGroups(ctx)
		if err != nil || err2 != nil || !slices.Equal(topics.Names(), []string{"theirs"}) || len(groups) > 0 {
			t.Errorf("there is %v and %v, %v, %v", topics.Names(), groups.Groups(), err, err2)
		}
	})
}

// runClean runs msklt clean --json. With an answer there is somebody to ask.
func runClean(t *testing.T, answer string, args ...string) (code int, out cleaned, said string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := &process{
		stdout: &stdout, stderr: &stderr, getenv: os.LookupEnv, signalled: func() os.Signal { return nil },
		stdin: strings.NewReader(answer), interactive: answer != "",
	}
	code = p.main(t.Context(), append([]string{"clean", "--json"}, args...))
	if err := json.Unmarshal(stdout.Bytes(), &out); err != nil {
		t.Fatal(err, stderr.String())
	}
	return code, out, stderr.String()
}

// TestCleanUnseen: a client that may not describe what is there does not say that
// there is nothing.
func TestCleanUnseen(t *testing.T) {
	left := cluster.NewPrefix(time.Now().Add(-2*time.Hour)) + "t"
	weak := kfake.User("PLAIN", "weak", "pw", kfake.ACL{Resource: kmsg.ACLResourceTypeTopic, Name: "theirs", Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: kmsg.ACLOperationDescribe, Allow: true})
	k, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, left, "theirs"), kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser("PLAIN", "admin", "pw"), weak)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	for user, c := range map[string]struct {
		runs int
		says string
	}{
		"admin": {1, "topic " + left},
		"weak":  {0, "no run has left anything that this client may see on "},
	} {
		login := "target.auth={mechanism: plain, username: " + user + ", password: pw}"
		code, out, said := runClean(t, "", "--bootstrap", strings.Join(k.ListenAddrs(), ","), "--set", login, "--set", "target.tls=off")
		if code != exitOK || len(out.Runs) != c.runs || !strings.Contains(said, c.says) {
			t.Errorf("%s: exit code %d, %d runs, want 0 and %d, and %q:\n%s", user, code, len(out.Runs), c.runs, c.says, said)
		}
	}
}

func second[T any](_ T, err error) error { return err }
