package generator_test

import (
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
	"msklt/report"
)

// TestVirtualLive: a topic on which somebody was seen is not loaded, unless that is
// meant or was the caller; nor is one that somebody writes to in bursts, with pauses that
// are longer than it is watched.
func TestVirtualLive(t *testing.T) {
	t.Parallel()
	s := parse(t, `
version: 1
name: live
topics:
  theirs: {existing: true}
producers:
  p: {topic: theirs, rate: 100/s, value: {size: 100B}}
phases:
  - {name: steady, duration: 2s}
`)
	for name, c := range map[string]struct {
		every       time.Duration // between two bursts of theirs
		quiet       time.Duration // since the last
		live, again bool
		want        string // "" when it runs
	}{
		"all the time":        {every: time.Second, want: "others are writing to topic theirs, which fleets of this scenario are to load: it grew by 6 offset(s) in 2 s; to do so all the same: --allow-live-topics"},
		"in bursts":           {every: time.Minute, quiet: 30 * time.Second, want: "others may be writing to topic theirs, which fleets of this scenario are to load: it was written to 32 s ago (a run of yours before this counts, too); to do so all the same: --allow-live-topics"},
		"not any more":        {every: time.Minute, quiet: 5 * time.Minute},
		"meant":               {every: time.Second, live: true},
		"ours before":         {every: time.Minute, quiet: 30 * time.Second, again: true},
		"ours before, theirs": {every: time.Second, again: true, want: "others are writing to topic theirs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				network := new(kfake.VirtualNetwork)
				k, err := embedded.Start(t.Context(), embedded.Config{Brokers: 1, Listen: "127.0.0.1:9092", OnNetwork: network.Listen})
				if err != nil {
					t.Fatal(err)
				}
				defer k.Close()
				client, err := kgo.NewClient(kgo.SeedBrokers(k.Bootstrap()...), kgo.Dialer(network.DialContext), kgo.DefaultProduceTopic("theirs"))
				if err != nil {
					t.Fatal(err)
				}
				defer client.Close()
				defer bursts(t, client, c.every, c.quiet)()
				out, err := generator.Run(t.Context(), generator.Config{
					Scenario: s, Dial: network.DialContext, Target: report.Target{Bootstrap: k.Bootstrap()}, LiveTopics: c.live, Again: c.again,
				})
				if c.want == "" {
					if err != nil || out.Result.Totals.Acked != 200 {
						t.Errorf("%v, %+v", err, out)
					}
				} else if !errors.Is(err, cluster.ErrEnvironment) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %q", err, c.want)
				}
			})
		})
	}
}

// bursts makes theirs and writes to it, so often, until it was quiet for so long; with 0
// it goes on until it is stopped, half a step beside whatever begins when it returns.
func bursts(t *testing.T, client *kgo.Client, every, quiet time.Duration) (stop func()) {
	if _, err := kadm.NewClient(client).CreateTopic(t.Context(), 2, -1, nil, "theirs"); err != nil {
		t.Fatal(err)
	}
	burst := func() {
		if err := client.ProduceSync(t.Context(), kgo.StringRecord("a"), kgo.StringRecord("b"), kgo.StringRecord("c")).FirstErr(); err != nil {
			t.Error(err)
		}
	}
	burst()
	time.Sleep(every)
	burst()
	if quiet > 0 {
		time.Sleep(quiet)
		return func() {}
	}
	ended := make(chan struct{})
	go func() {
		for tick := time.NewTicker(every); ; {
			select {
			case <-tick.C:
				burst()
			case <-ended:
				return
			}
		}
	}()
	time.Sleep(every / 2)
	return func() { close(ended) }
}
