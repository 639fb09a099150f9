package preflight_test

import (
	"context"
	"net"
	"slices"
	"testing"

	"msklt/internal/access"
	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/internal/preflight"
	"msklt/scenario"
)

// TestDeadAddressFirst holds that an address that takes all the time of the first step
// is a warning that names it: the rest is looked at by the others, whole.
func TestDeadAddressFirst(t *testing.T) {
	t.Parallel()
	c, err := embedded.Start(t.Context(), embedded.Config{Topics: map[string]int32{"theirs": 2}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	s, err := scenario.Parse("all.yaml", []byte(all), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const hole = "127.0.0.1:1"
	target := &scenario.Target{Name: "embedded", Bootstrap: append([]string{hole}, c.Bootstrap()...), Auth: scenario.Auth{Mechanism: scenario.NoAuth}}
	way, err := access.Open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	dial := way.Dial
	way.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == hole {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return dial(ctx, network, address)
	}
	r := preflight.Look(t.Context(), preflight.Config{
		Access: way, Target: target, Scenarios: []*scenario.Scenario{s}, Limits: make([]limits.Limits, 1), Prefix: "msklt-abc-",
	})
	var warned []string
	for _, row := range r.Checks {
		if row.State == preflight.Failed {
			t.Errorf("failed: %+v", row)
		}
		if row.State == preflight.Warning && row.Check == "connection" {
			warned = append(warned, row.Found)
		}
	}
	if !r.Ready || !slices.Equal(warned, []string{hole + " does not answer"}) || len(r.Checks) < 8 {
		t.Errorf("ready %v, warnings %q, %d rows", r.Ready, warned, len(r.Checks))
	}
}
