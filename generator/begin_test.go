package generator_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/generator"
	"msklt/internal/cluster"
	"msklt/internal/embedded"
	"msklt/report"
)

// What earlier leaves in the log of "theirs", which has two partitions: on each,
// three transactions of 10 records, of which the second is aborted, each with its
// marker.
const (
	earlierCommitted = 2 * 20
	earlierAborted   = 2 * 10
	earlierMarkers   = 2 * 3
)

// earlier fills a topic before a run, and lets a group "prod" commit the offset 11 on
// each partition: where the aborted transaction begins. Then nobody writes for so long
// that whoever did is not taken to be still there.
func earlier(t *testing.T, opts []kgo.Opt) {
	t.Helper()
	client, err := kgo.NewClient(append(opts, kgo.TransactionalID("theirs"), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	if _, err := admin.CreateTopic(t.Context(), 2, -1, nil, "theirs"); err != nil {
		t.Fatal(err)
	}
	for _, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit} {
		if err := client.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			record := &kgo.Record{Topic: "theirs", Partition: int32(i % 2), Value: make([]byte, 100)}
			client.Produce(t.Context(), record, func(_ *kgo.Record, err error) {
				if err != nil {
					t.Error(err)
				}
			})
		}
		if err := client.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := client.EndTransaction(t.Context(), end); err != nil {
			t.Fatal(err)
		}
	}
	at := kadm.Offsets{}
	at.AddOffset("theirs", 0, 11, -1)
	at.AddOffset("theirs", 1, 11, -1)
	if answer, err := admin.CommitOffsets(t.Context(), "prod", at); err != nil || answer.Error() != nil {
		t.Fatal(err, answer.Error())
	}
	half := kadm.Offsets{}
	half.AddOffset("theirs", 0, 11, -1)
	if answer, err := admin.CommitOffsets(t.Context(), "half", half); err != nil || answer.Error() != nil {
		t.Fatal(err, answer.Error())
	}
	beyond := kadm.Offsets{}
	beyond.AddOffset("theirs", 0, 33, -1)
	beyond.AddOffset("theirs", 1, 34, -1)
	if answer, err := admin.CommitOffsets(t.Context(), "beyond", beyond); err != nil || answer.Error() != nil {
		t.Fatal(err, answer.Error())
	}
	time.Sleep(6 * time.Minute)
}

func beginning(group string) string {
	return fmt.Sprintf(`
version: 1
name: begin
topics:
  theirs: {existing: true}
producers:
  p: {topic: theirs, rate: 100/s, key: {keys: 1000}, value: {size: 100B}}
consumers:
  g: {topics: [theirs], %s}
phases:
  - {name: steady, duration: 10s}
`, group)
}

// TestVirtualBegin reads a log that others wrote to before, from its end, its start
// and a group's offsets. What holds no record for the group is skipped, and only
// the run's own records have a latency.
func TestVirtualBegin(t *testing.T) {
	t.Parallel()
	const written = 1000
	for name, c := range map[string]struct {
		group             string
		consumed, skipped int64
	}{
		"end":              {"clients: 2", written, 0},
		"start":            {"clients: 2, from: start", written + earlierCommitted + earlierAborted, earlierMarkers},
		"start, committed": {"clients: 2, from: start, settings: {isolation: read_committed}", written + earlierCommitted, earlierAborted + earlierMarkers},
		"group":            {"from: committed, committed_by: prod", written + 2*20, 2 * 2},
		"group, committed": {"from: committed, committed_by: prod, settings: {isolation: read_committed}", written + 2*10, 2 * 12},
		"a pause":          {"from: start, pauses: [{at: 2s, for: 3s}]", written + earlierCommitted + earlierAborted, earlierMarkers},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTimeAfter(t, earlier, beginning(c.group), func(t *testing.T, out *generator.Output, truth []embedded.Row) {
				r := out.Result
				if !r.Validity.Valid || len(r.Errors) > 0 {
					t.Errorf("%+v, errors %+v", r.Validity.Reasons, r.Errors)
				}
				g := r.Groups[0]
				if g.Consumed != c.consumed || g.Skipped != c.skipped || g.Expired != 0 || g.Unread != 0 || g.Duplicates != 0 {
					t.Errorf("%+v, want %d consumed, %d skipped", g, c.consumed, c.skipped)
				}
				if g.LogEndDelta != c.consumed+c.skipped || r.Totals.LogEndDelta != written {
					t.Errorf("log-end delta %d for the group, %d in all", g.LogEndDelta, r.Totals.LogEndDelta)
				}
				if g.EndToEnd.Count != written || g.EndToEnd.Negative != 0 {
					t.Errorf("%d records have a latency, want %d", g.EndToEnd.Count, written)
				}
				for _, row := range truth {
					if row.Scope == "partition" && row.Second < r.StartedAt.Unix() && row.BytesOut > 0 {
						t.Errorf("%d bytes were read before the traffic", row.BytesOut)
					}
				}
				checkBacklog(t, r, strings.Contains(c.group, "pauses"))
			})
		})
	}
}

// checkBacklog holds that the group has nothing to read at the end of each second,
// apart from those of a pause from 2 s to 5 s.
func checkBacklog(t *testing.T, r *report.Result, pause bool) {
	t.Helper()
	for second := range 10 {
		want := 0
		if pause && second >= 2 && second < 5 {
			want = (second - 1) * 100
		}
		if !pause || second != 4 { // sampled as the pause ends, before or after
			near(t, fmt.Sprintf("backlog in second %d", second), int(r.Timeline[second].Backlog), want, 5)
		}
	}
}

// TestVirtualNotCommitted holds that a partition in which the named group has no
// offset, or one beyond the log, is an error of the environment that names it.
func TestVirtualNotCommitted(t *testing.T) {
	t.Parallel()
	for group, want := range map[string]string{
		"half":   "group half has committed no offset for theirs/1",
		"beyond": "group beyond has committed offset 34 for theirs/1, whose log ends at 33",
		"nobody": "group nobody",
	} {
		s := parse(t, beginning("from: committed, committed_by: "+group))
		synctest.Test(t, func(t *testing.T) {
			network := new(kfake.VirtualNetwork)
			c, err := embedded.Start(t.Context(), embedded.Config{Brokers: 1, Listen: "127.0.0.1:9092", OnNetwork: network.Listen})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			earlier(t, []kgo.Opt{kgo.SeedBrokers(c.Bootstrap()...), kgo.Dialer(network.DialContext)})
			_, err = generator.Run(context.Background(), generator.Config{
				Scenario: s, Dial: network.DialContext, Target: report.Target{Bootstrap: c.Bootstrap()},
			})
			if !errors.Is(err, cluster.ErrEnvironment) || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
		})
	}
}
