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

// leaving runs a scenario on a cluster of two brokers, in virtual time, and returns
// what is on the cluster afterwards.
func leaving(t *testing.T, text string, c generator.Config, stop time.Duration, check func(out *generator.Output, err error, topics []string)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := new(kfake.VirtualNetwork)
		e, err := embedded.Start(t.Context(), embedded.Config{Brokers: 2, Listen: "127.0.0.1:9092", OnNetwork: network.Listen, Topics: map[string]int32{"theirs": 1}})
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
		client, err2 := kgo.NewClient(kgo.SeedBrokers(e.Bootstrap()...), kgo.Dialer(network.DialContext))
		if err2 != nil {
			t.Fatal(err2)
		}
		defer client.Close()
		topics, err2 := kadm.NewClient(client).ListTopics(t.Context())
		if err2 != nil {
			t.Fatal(err2)
		}
		check(out, err, topics.Names())
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
`, generator.Config{}, 0, func(_ *generator.Output, err error, topics []string) {
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
	c := generator.Config{Limits: l, PaceChanges: true, Progress: func(p generator.Progress) {
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
`, c, 7*time.Minute, func(_ *generator.Output, err error, topics []string) {
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
		c, 0, func(out *generator.Output, err error, topics []string) {
			if err != nil || out.Left != nil || order != "measured,removing the run's topics and groups" || len(topics) != 1 {
				t.Errorf("%v, %+v, %q, there is %v", err, out, order, topics)
			}
		})
}
