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

const allKinds = `
version: 1
name: crowd
topics:
  t: {partitions: 60}
producers:
  p: {topic: t, clients: 10, rate: 400/s, value: {size: 100B}}
consumers:
  g: {topics: [t], clients: 40}
idle:
  dashboards: {connections: 120}
phases:
  - {name: steady, duration: 10s}
`

// door is how a cluster of one broker lets clients in: its limits, and whether they log
// in. Then what is over a broker's limit is refused with "Too many connects", else its
// connection is closed.
type door struct {
	values  map[limits.Name]float64
	login   bool
	unknown bool // to the run
}

var (
	closing  = door{values: map[limits.Name]float64{limits.ClusterAttempts: 100, limits.ClusterConnections: 3000}}
	refusing = door{values: map[limits.Name]float64{limits.BrokerAttempts: 100, limits.BrokerConnections: 3000}, login: true}
)

// crowd runs 400 clients, and more that the text has, in virtual time against one
// broker, and calls check with what the broker saw of each second: attempts, refusals
// and the most connections.
func crowd(t *testing.T, text string, d door, connectRate float64, check func(r *report.Result, seconds []embedded.Row)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := new(kfake.VirtualNetwork)
		l := limits.Limits{Profile: "test", ConnectRate: connectRate, Values: d.values}
		at := embedded.Config{Brokers: 1, Listen: "127.0.0.1:9092", Limits: l, OnNetwork: network.Listen}
		run := generator.Config{Scenario: parse(t, text), Limits: l, Dial: network.DialContext, Target: report.Target{Kind: string(limits.EmbeddedCluster)}}
		if d.unknown {
			run.Limits.Values = nil
		}
		if d.login {
			at.As, at.IAM = embedded.MSKServerless, embedded.NewIAM()
			run.Auth = at.IAM.Mechanism()
		}
		c, err := embedded.Start(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		run.Target.Bootstrap = c.Bootstrap()
		out, err := generator.Run(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		var seconds []embedded.Row
		for _, row := range c.Truth().Rows() {
			switch {
			case row.Scope == "broker":
				seconds = append(seconds, row)
			case row.Scope == "refusal" && (row.API != "saslauthenticate" || limits.Name(row.Reason) != limits.BrokerAttempts && limits.Name(row.Reason) != limits.BrokerConnections):
				t.Errorf("refused: %+v", row)
			}
		}
		check(out.Result, seconds)
	})
}

// TestVirtualCrowdPaced holds that 400 clients all connect in the planned time, at
// four fifths of the limit, and that no attempt is refused.
func TestVirtualCrowdPaced(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]door{"closing": closing, "refusing logins": refusing} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			crowd(t, manyClients, d, 0, func(r *report.Result, seconds []embedded.Row) {
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
		})
	}
}

// TestVirtualCrowdAtOnce holds that refusals are counted and the limit that refuses is
// named, with its value; and that the run goes on once its clients are in.
func TestVirtualCrowdAtOnce(t *testing.T) {
	t.Parallel()
	clients := func(n string) string { return strings.Replace(manyClients, "400,", n+",", 1) }
	few := door{values: map[limits.Name]float64{limits.BrokerConnections: 290}, login: true}
	secret := door{values: few.values, unknown: true}
	for name, c := range map[string]struct {
		text   string
		door   door
		rate   float64
		limit  limits.Name
		value  float64
		within float64 // of the value
		says   string  // of each refusal, in part
		advice string
	}{
		// Clients that are refused pause up to 1.2 s, so that what is tried comes in waves; a
		// limit that keeps a second's worth loses up to 0.2 s of 1.2 s between two of them.
		"closing":         {manyClients, closing, 1e6, limits.ClusterAttempts, 100, 1 - 1/1.2, "", "connect_rate: 80/s"},
		"refusing logins": {clients("200"), refusing, 1e6, limits.BrokerAttempts, 100, 1 - 1/1.2, "Too many connects", "connect_rate: 80/s"},
		"too many":        {clients("100"), few, 80, limits.BrokerConnections, 290, 0.02, "Too many connects", "304 connections to one broker, and 290 are allowed"},
		"undeclared":      {clients("100"), secret, 80, limits.BrokerConnections, 290, 0.02, "", "304 connections to one broker, and 290 are allowed"},
		// Idle connections that are refused wait for a second: less comes than might.
		"members, idle": {allKinds, refusing, 1e6, limits.BrokerAttempts, 100, 0.25, "Too many connects", "connect_rate: 80/s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			crowd(t, c.text, c.door, c.rate, func(r *report.Result, seconds []embedded.Row) {
				var refused, counted int64
				for _, s := range seconds {
					refused += s.Refused
				}
				for _, e := range r.Errors {
					if e.Where == "connect" {
						counted += e.Count
						if !strings.Contains(e.Error, c.says) {
							t.Errorf("error %+v, want %q", e, c.says)
						}
					} else if e.Where != "produce" && e.Where != "fetch" {
						t.Errorf("error %+v", e)
					}
				}
				n := r.Totals
				t.Logf("%d refused, %d counted; %+v; %+v", refused, counted, n, r.Verdict)
				if refused < 100 || counted != refused {
					t.Errorf("%d errors counted of %d attempts refused", counted, refused)
				}
				status := limits.Limited
				if c.door.unknown {
					status = limits.LimitedUnexplained
				}
				if len(r.Verdict.Binding) != 1 || r.Verdict.Status != status {
					t.Fatalf("verdict %+v", r.Verdict)
				}
				b := r.Verdict.Binding[0]
				if b.Limit != c.limit || (b.Declared == nil) != c.door.unknown || math.Abs(b.Observed/c.value-1) > c.within || (b.Broker != nil) != (c.limit != limits.ClusterAttempts) {
					t.Errorf("named %s at %.1f %s, want %s at %.0f within %.0f %%", b.Limit, b.Observed, b.Unit, c.limit, c.value, 100*c.within)
				}
				if len(r.Verdict.Advice) != 1 || !strings.Contains(r.Verdict.Advice[0].Text, c.advice) {
					t.Errorf("advice %+v", r.Verdict.Advice)
				}
				// Refused clients fail the records that wait for a connection.
				for _, g := range r.Groups {
					if g.Consumed != n.LogEndDelta {
						t.Errorf("group %+v", g)
					}
				}
				for _, i := range r.Idle {
					if i.Held != int64(i.Connections) {
						t.Errorf("idle %+v", i)
					}
				}
				if !r.Validity.Valid || n.Acked+n.Failed != n.Scheduled || n.Acked < n.Scheduled/2 || n.Acked != n.LogEndDelta {
					t.Errorf("%+v, %+v", n, r.Validity.Reasons)
				}
			})
		})
	}
}
