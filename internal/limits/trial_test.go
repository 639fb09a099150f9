package limits_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/report"
	"msklt/scenario"
)

// trial is a scenario's plan beside what happened when it ran on the embedded
// cluster in virtual time.
type trial struct {
	scenario *scenario.Scenario
	plan     limits.Plan
	result   *report.Result
	rows     []embedded.Row
	start    int64 // of traffic, in Unix seconds
}

// play plans a scenario and runs it.
func play(t *testing.T, s *scenario.Scenario, l limits.Limits, brokers int) (out trial) {
	t.Helper()
	out = trial{scenario: s, plan: limits.MakePlan(s, l, brokers)}
	synctest.Test(t, func(t *testing.T) {
		network := new(kfake.VirtualNetwork)
		c, err := embedded.Start(t.Context(), embedded.Config{Brokers: brokers, Listen: "127.0.0.1:9092", Limits: l, OnNetwork: network.Listen})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ran, err := generator.Run(t.Context(), generator.Config{
			Scenario: s, Limits: l, Dial: network.DialContext,
			Target: report.Target{Kind: string(limits.EmbeddedCluster), Bootstrap: c.Bootstrap()},
		})
		if err != nil {
			t.Fatal(err)
		}
		out.result, out.rows, out.start = ran.Result, c.Truth().Rows(), ran.Result.StartedAt.Unix()
	})
	return out
}

// mean is the mean per second of what rows say over the measured phases.
func (r trial) mean(of func(embedded.Row) int64) float64 {
	sum, seconds := int64(0), 0
	var at time.Duration
	for _, p := range r.scenario.Phases {
		from, to := r.start+int64(at/time.Second), r.start+int64((at+p.Duration)/time.Second)
		at += p.Duration
		if !p.Measure {
			continue
		}
		seconds += int(to - from)
		for _, row := range r.rows {
			if row.Scope != "log" && row.Second >= from && row.Second < to {
				sum += of(row)
			}
		}
	}
	return float64(sum) / float64(seconds)
}
