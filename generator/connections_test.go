package generator_test

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/twmb/franz-go/pkg/kfake"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/report"
)

const manyClients = `
version: 1
name: crowd
topics:
  t: {partitions: 4}
producers:
  p: {topic: t, clients: 400, rate: 400/s, value: {size: 100B}}
phases:
  - {name: steady, duration: 20s}
`

// crowd runs 400 clients in virtual time against one broker that takes 100 connection
// attempts per second and 3,000 connections, and calls check with what the broker saw
// of each second: attempts, refusals and the most connections.
func crowd(t *testing.T, connectRate float64, check func(r *report.Result, seconds []embedded.Row)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := new(kfake.VirtualNetwork)
		l := limits.Limits{Profile: "test", ConnectRate: connectRate,
			Values: map[limits.Name]float64{limits.ClusterAttempts: 100, limits.ClusterConnections: 3000}}
		c, err := embedded.Start(t.Context(), embedded.Config{Brokers: 1, Listen: "127.0.0.1:9092", Limits: l, OnNetwork: network.Listen})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		out, err := generator.Run(t.Context(), generator.Config{
			Scenario: parse(t, manyClients), Limits: l, Dial: network.DialContext,
			Target: report.Target{Kind: string(limits.EmbeddedCluster), Bootstrap: c.Bootstrap()},
		})
		if err != nil {
			t.Fatal(err)
		}
		var seconds []embedded.Row
		for _, row := range c.Truth().Rows() {
			if row.Scope == "cluster" {
				seconds = append(seconds, row)
			}
		}
		check(out.Result, seconds)
	})
}

// TestVirtualCrowdPaced holds that 400 clients all connect in the planned time, at
// four fifths of the limit, and that no attempt is refused.
func TestVirtualCrowdPaced(t *testing.T) {
	t.Parallel()
	crowd(t, 0, func(r *report.Result, seconds []embedded.Row) {
		var all, refused, most, open int64
		ramp := 0 // seconds with more attempts than single clients make
		for _, s := range seconds {
			all, refused, most, open = all+s.Attempts, refused+s.Refused, max(most, s.Attempts), max(open, s.Connections)
			if s.Attempts > 10 {
				ramp++
			}
		}
		plan := r.Plan.Connections
		t.Logf("%d attempts, at most %d in one second, %d refused, %d open, in %d s; planned %+v", all, most, refused, open, ramp, plan)
		if refused > 0 || most > 81 { // a second's edges let one more in
			t.Errorf("%d attempts refused, %d in one second, want none and at most 80", refused, most)
		}
		if math.Abs(float64(open)/plan.Open-1) > 0.01 || plan.AttemptsPerSecond != 80 {
			t.Errorf("%d connections stood, planned %+v", open, plan)
		}
		// The run's edges are not whole seconds.
		if float64(ramp) > plan.RampSeconds+2 {
			t.Errorf("it took %d s, planned %.1f", ramp, plan.RampSeconds)
		}
		if r.Verdict.Status != limits.WithinLimits || len(r.Errors) > 0 || r.Totals.Acked != r.Totals.Scheduled {
			t.Errorf("%+v, errors %v, %+v", r.Verdict, r.Errors, r.Totals)
		}
	})
}

// TestVirtualCrowdAtOnce holds that without a pace refusals are counted and the limit
// on attempts is named, with its value.
func TestVirtualCrowdAtOnce(t *testing.T) {
	t.Parallel()
	crowd(t, 1e6, func(r *report.Result, seconds []embedded.Row) {
		var refused, counted int64
		for _, s := range seconds {
			refused += s.Refused
		}
		for _, e := range r.Errors {
			if e.Where == "connect" {
				counted += e.Count
			}
		}
		t.Logf("%d refused, %d counted; %+v", refused, counted, r.Verdict)
		if refused < 400 || counted < refused*9/10 || counted > refused {
			t.Errorf("%d errors counted of %d attempts refused", counted, refused)
		}
		if len(r.Verdict.Binding) != 1 || r.Verdict.Status != limits.Limited {
			t.Fatalf("verdict %+v", r.Verdict)
		}
		b := r.Verdict.Binding[0]
		if b.Limit != limits.ClusterAttempts || *b.Declared != 100 || math.Abs(b.Observed/100-1) > 0.02 {
			t.Errorf("named %s at %.1f %s, want cluster.connection_attempts at 100 within 2 %%", b.Limit, b.Observed, b.Unit)
		}
		if len(r.Verdict.Advice) != 1 || !strings.Contains(r.Verdict.Advice[0].Text, "connect_rate: 80/s") {
			t.Errorf("advice %+v", r.Verdict.Advice)
		}
	})
}
