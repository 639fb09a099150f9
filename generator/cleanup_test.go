package generator_test

import (
	"context"
	"errors"
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
	"msklt/internal/limits"
	"msklt/report"
)

// leaving runs a scenario on a cluster of three brokers, in virtual time, and tells check
// what came of it and which topics are there afterwards.
func leaving(t *testing.T, text string, on embedded.Config, c generator.Config, stop time.Duration, check func(out *generator.Output, err error, topics []string, truth []embedded.Row)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := new(kfake.VirtualNetwork)
		on.Brokers, on.Listen, on.OnNetwork, on.Topics = 3, "127.0.0.1:9092", network.Listen, map[string]int32{"theirs": 1}
		e, err := embedded.Start(t.Context(), on)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if stop > 0 {
			time.AfterFunc(stop, cancel)
		}
		c.Scenario, c.Dial, c.Target = parse(t, text), network.DialContext, report.Target{Bootstrap: e.Bootstrap()}
		out, err := generator.Run(ctx, c)
		opts := []kgo.Opt{kgo.SeedBrokers(e.Bootstrap()...), kgo.Dialer(network.DialContext)}
		if c.Auth != nil {
			opts = append(opts, kgo.SASL(c.Auth))
		}
		client, err2 := kgo.NewClient(opts...)
		if err2 != nil {
			t.Fatal(err2)
		}
		defer client.Close()
		topics, err2 := kadm.NewClient(client).ListTopics(t.Context())
		if err2 != nil {
			t.Fatal(err2)
		}
		check(out, err, topics.Names(), e.Truth().Rows())
	})
}

// TestVirtualHalfCreated: of two topics the cluster refuses one; the other is removed.
func TestVirtualHalfCreated(t *testing.T) {
	t.Parallel()
	leaving(t, `
version: 1
name: half
topics: {a: {partitions: 2}, b: {partitions: 1, replication_factor: 9}, c: {partitions: 1}}
producers: {p: {topic: a, rate: 1/s, value: {size: 1B}}}
phases: [{name: a, duration: 1s}]
`, embedded.Config{}, generator.Config{}, 0, func(_ *generator.Output, err error, topics []string, _ []embedded.Row) {
		if !errors.Is(err, cluster.ErrEnvironment) || !strings.Contains(err.Error(), "-b: INVALID_REPLICATION_FACTOR") || len(topics) != 1 {
			t.Errorf("there is %v after %v", topics, err)
		}
	})
}

// TestVirtualInterruptedCreation: an interrupt while topics are being created removes
// what there is of them, at the pace that the limits ask for.
func TestVirtualInterruptedCreation(t *testing.T) {
	t.Parallel()
	var stages []string
	l := limits.Limits{Values: map[limits.Name]float64{limits.ClusterPartitionChanges: 4.0 / 300}}
	begin := time.Time{}
	c := generator.Config{Limits: l, Progress: func(p generator.Progress) {
		if begin.IsZero() {
			begin = time.Now()
		}
		stages = append(stages, p.Stage)
	}}
	leaving(t, `
version: 1
name: interrupted
topics: {t: {partitions: 2, count: 6}}
producers: {p: {topic: t, rate: 1/s, value: {size: 1B}}}
phases: [{name: a, duration: 1s}]
`, embedded.Config{}, c, 7*time.Minute, func(_ *generator.Output, err error, topics []string, _ []embedded.Row) {
		// Four partitions at once, four after 301 s, and then the interrupt at 420 s;
		// four may go at 602 s, and the others at 903 s.
		if !errors.Is(err, context.Canceled) || len(topics) != 1 {
			t.Errorf("there is %v after %v", topics, err)
		}
		if took := time.Since(begin); took < 902*time.Second || took > 905*time.Second {
			t.Errorf("it took %v", took)
		}
		for _, want := range []string{"creating topics: 4 of 12 partitions, about 10 min left", "removing topics: 0 of 8 partitions, about 8 min left"} {
			if !strings.Contains(strings.Join(stages, "\n"), want) {
				t.Errorf("never told %q", want)
			}
		}
	})
}

// TestVirtualMeasuredFirst: the result is handed over before the removal.
func TestVirtualMeasuredFirst(t *testing.T) {
	t.Parallel()
	order := ""
	c := generator.Config{
		Measured: func(o *generator.Output) { order += "measured," },
		Progress: func(p generator.Progress) {
			if p.Stage == "removing the run's topics and groups" {
				order += p.Stage
			}
		},
	}
	leaving(t, `{version: 1, name: x, topics: {t: {partitions: 1}}, producers: {p: {topic: t, rate: 10/s, value: {size: 1B}}}, phases: [{name: a, duration: 1s}]}`,
		embedded.Config{}, c, 0, func(out *generator.Output, err error, topics []string, _ []embedded.Row) {
			if err != nil || out.Left != nil || order != "measured,removing the run's topics and groups" || len(topics) != 1 {
				t.Errorf("%v, %+v, %q, there is %v", err, out, order, topics)
			}
		})
}

// TestVirtualServerlessChanges creates and removes 300 partitions on a cluster with MSK
// Serverless's login and rules: within the limits nothing is refused, and it takes as
// long as the plan says. A run that is not told of them waits refusals out.
func TestVirtualServerlessChanges(t *testing.T) {
	t.Parallel()
	for name, paced := range map[string]bool{"paced": true, "refused": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			iam := embedded.NewIAM()
			l := limits.Limits{Values: map[limits.Name]float64{limits.ClusterPartitionChanges: 250.0 / 300, limits.ClusterTopicRequests: 2}}
			var begun, ended time.Time
			told := l
			if !paced {
				told = limits.Limits{}
			}
			c := generator.Config{Limits: told, Auth: iam.Mechanism(), Progress: func(generator.Progress) {
				if begun.IsZero() {
					begun = time.Now()
				}
				ended = time.Now()
			}}
			leaving(t, `
version: 1
name: serverless
topics: {t: {partitions: 150, count: 2, config: {retention.ms: 60000}}}
producers: {p: {topic: t, rate: 100/s, value: {size: 100B}}}
phases: [{name: a, duration: 10s}]
`, embedded.Config{Limits: l, As: embedded.MSKServerless, IAM: iam}, c, 0, func(out *generator.Output, err error, topics []string, truth []embedded.Row) {
				if err != nil || out.Left != nil || len(topics) != 1 || out.Result.Totals.Acked != 1000 {
					t.Fatalf("%v, left %v, there is %v", err, out.Left, topics)
				}
				refused := int64(0)
				for _, row := range truth {
					if row.Scope == "refusal" && row.Reason == string(limits.ClusterPartitionChanges) {
						refused += row.Count
					}
				}
				plan, took := out.Result.Plan.Creation, ended.Sub(begun).Seconds()
				if planned := plan.Seconds + 10 + plan.RemovalSeconds; paced && (plan.Seconds != 301 || took < planned-1 || took > planned+3 || refused > 0) {
					t.Errorf("it took %.1f s, planned are %+v; %d refusals", took, plan, refused)
				}
				if !paced && (refused == 0 || took > 400) {
					t.Errorf("it took %.1f s with %d refusals", took, refused)
				}
			})
		})
	}
}

// TestVirtualNoRoom: what a cluster has no room for is said within a second, with the
// limit's name or the cluster's words, and nothing is left of it.
func TestVirtualNoRoom(t *testing.T) {
	t.Parallel()
	slow := 4.0 / 300 // partitions/s, with which creating them would take minutes
	for name, c := range map[string]struct {
		limits map[limits.Name]float64
		says   string
	}{
		"partitions": {map[limits.Name]float64{limits.ClusterPartitions: 12, limits.ClusterPartitionChanges: slow},
			"the scenario creates 13 partitions, but cluster.partitions is 12: use fewer, or declare what this cluster allows (limits.cluster.partitions)"},
		"partitions beside others'": {map[limits.Name]float64{limits.ClusterPartitions: 13},
			"INVALID_REQUEST: This most likely occurs because of a request being malformed by the client library or the message was sent to an incompatible broker. See the broker logs for more details. (2 partitions more would exceed the cluster's limit, which leaves 1.)"},
		"groups": {map[limits.Name]float64{limits.ClusterPartitions: 14, limits.ClusterGroups: 1},
			"; a cluster may say so that has all the groups it may have: cluster.groups is 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := limits.Limits{Values: c.limits}
			var begun time.Time
			leaving(t, `
version: 1
name: room
topics: {t: {partitions: 1}, many: {partitions: 2, count: 6}}
producers: {p: {topic: t, rate: 1/s, value: {size: 1B}}}
consumers: {a: {topics: [t]}, b: {topics: [t]}}
phases: [{name: a, duration: 1s}]
`, embedded.Config{Limits: l}, generator.Config{Limits: l, Progress: func(generator.Progress) {
				if begun.IsZero() {
					begun = time.Now()
				}
			}}, 0, func(_ *generator.Output, err error, topics []string, _ []embedded.Row) {
				if !errors.Is(err, cluster.ErrEnvironment) || !strings.HasSuffix(err.Error(), c.says) || len(topics) != 1 {
					t.Errorf("%v\nwant the end %s\nthere is %v", err, c.says, topics)
				}
				if took := time.Since(begun); took > time.Second {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}
