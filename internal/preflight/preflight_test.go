package preflight_test

import (
	"context"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/access"
	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/internal/preflight"
	"msklt/scenario"
)

// TestInterrupted holds that a look that is interrupted removes what it made, and goes
// no further.
func TestInterrupted(t *testing.T) {
	c, err := embedded.Start(t.Context(), embedded.Config{Topics: map[string]int32{"theirs": 2}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	s, err := scenario.Parse("all.yaml", []byte(all), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	target := &scenario.Target{Name: "embedded", Bootstrap: c.Bootstrap(), Auth: scenario.Auth{Mechanism: scenario.NoAuth}}
	way, err := access.Open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	var before []string
	r := preflight.Look(ctx, preflight.Config{
		Access: way, Target: target, Scenarios: []*scenario.Scenario{s}, Limits: make([]limits.Limits, 1), Prefix: "msklt-abc-",
		Tell: func(r preflight.Row) {
			if r.Check == "create topic" {
				before = topics(t, way)
				interrupt()
			}
		},
	})
	if !slices.Equal(before, []string{"msklt-abc-check", "theirs"}) {
		t.Errorf("it had made %q", before)
	}
	if left := topics(t, way); !slices.Equal(left, []string{"theirs"}) {
		t.Errorf("there remain %q", left)
	}
	if last := r.Checks[len(r.Checks)-1]; last.Check != "delete topic" || last.State != preflight.OK {
		t.Errorf("the last that it did is %+v", last)
	}
}

// topics are those that a client sees that has seen none before.
func topics(t *testing.T, way *access.Access) []string {
	t.Helper()
	client, err := kgo.NewClient(way.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	all, err := kadm.NewClient(client).ListTopics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all.Names()
}
