package generator

import (
	"slices"
	"testing"
	"time"
)

// TestInstrumentChecks changes one thing at a time about a run in which all is well,
// and holds which checks fail.
func TestInstrumentChecks(t *testing.T) {
	well := evidence{
		attempted: 1000, scheduled: 1000, lag: 2, response: 20, measured: time.Minute, due: 1000,
		health: healthSummary{
			known: true, cpuKnown: true, throttledKnown: true,
			scheduler: time.Millisecond, cpu: 0.5, gc: 0.05,
		},
	}
	throttled := func(e *evidence) { e.response = 5000 }
	for name, c := range map[string]struct {
		change  []func(*evidence)
		fails   []string
		unknown []string
	}{
		"all well":                   {},
		"nothing scheduled":          {change: []func(*evidence){func(e *evidence) { *e = evidence{health: e.health} }}},
		"98.9 % attempted":           {change: []func(*evidence){func(e *evidence) { e.attempted = 989 }}, fails: []string{"offered"}},
		"99 % attempted":             {change: []func(*evidence){func(e *evidence) { e.attempted = 990 }}},
		"lag":                        {change: []func(*evidence){func(e *evidence) { e.lag = 10.1 }}, fails: []string{"lag"}},
		"lag, small beside response": {change: []func(*evidence){throttled, func(e *evidence) { e.lag = 499 }}},
		"lag in a throttled run":     {change: []func(*evidence){throttled, func(e *evidence) { e.lag = 501 }}, fails: []string{"lag"}},
		"full":                       {change: []func(*evidence){func(e *evidence) { e.behind = 11 }}, fails: []string{"full_without_push_back"}},
		"full in a throttled run":    {change: []func(*evidence){throttled, func(e *evidence) { e.behind = 11 }}, fails: []string{"full_without_push_back"}},
		"hardly full":                {change: []func(*evidence){func(e *evidence) { e.behind = 10 }}},
		"connecting at its own pace": {change: []func(*evidence){throttled, func(e *evidence) { e.paced = 0.11 }}, fails: []string{"connect_pace"}},
		"stalled":                    {change: []func(*evidence){func(e *evidence) { e.stalled = 310 * time.Millisecond }}, fails: []string{"stalled"}},
		"stalled in a throttled run": {change: []func(*evidence){throttled, func(e *evidence) { e.stalled = 5 * time.Second }}, fails: []string{"stalled"}},
		"lag and stalled in a throttled run": {
			change: []func(*evidence){throttled, func(e *evidence) { e.lag, e.stalled = 11, 5*time.Second }}, fails: []string{"lag", "stalled"},
		},
		"a short stall": {change: []func(*evidence){func(e *evidence) { e.stalled = 290 * time.Millisecond }}},
		"scheduler": {
			change: []func(*evidence){func(e *evidence) { e.health.scheduler = 6 * time.Millisecond }}, fails: []string{"scheduler_latency"},
		},
		"scheduler, small beside response": {change: []func(*evidence){throttled, func(e *evidence) { e.health.scheduler = 100 * time.Millisecond }}},
		"collector":                        {change: []func(*evidence){func(e *evidence) { e.health.gc = 0.11 }}, fails: []string{"gc"}},
		"all processors busy":              {change: []func(*evidence){func(e *evidence) { e.health.cpu = 1 }}},
		"processors used up":               {change: []func(*evidence){func(e *evidence) { e.health.usedUp = 0.06 }}, fails: []string{"cpu"}},
		"processors used up, throttled run": {
			change: []func(*evidence){throttled, func(e *evidence) { e.health.usedUp = 0.06 }}, fails: []string{"cpu"},
		},
		"processors used up, long waits": {
			change: []func(*evidence){throttled, func(e *evidence) { e.health.usedUp, e.health.scheduler = 1, 6*time.Millisecond }},
			fails:  []string{"scheduler_latency", "cpu"},
		},
		"a quota on processors": {change: []func(*evidence){func(e *evidence) { e.health.throttled = 0.006 }}, fails: []string{"cgroup_throttled"}},
		"flat out": {change: []func(*evidence){func(e *evidence) {
			e.flatOut = true
			e.health.scheduler, e.health.gc, e.health.usedUp = time.Second, 1, 1
		}}},
		"a quota, flat out": {change: []func(*evidence){func(e *evidence) { e.flatOut, e.health.throttled = true, 0.1 }}, fails: []string{"cgroup_throttled"}},
		"no control group": {
			change: []func(*evidence){func(e *evidence) { e.health.throttledKnown = false }}, unknown: []string{"cgroup_throttled"},
		},
		"a system that tells nothing": {
			change:  []func(*evidence){func(e *evidence) { e.health = healthSummary{} }},
			unknown: []string{"cgroup_throttled", "scheduler_latency", "gc", "cpu"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := well
			for _, change := range c.change {
				change(&e)
			}
			var fails, unknown []string
			for _, v := range e.checks() {
				if !v.ok {
					fails = append(fails, v.Check)
				}
				if v.Unknown {
					unknown = append(unknown, v.Check)
				}
				if v.Bound <= 0 || v.Unit == "" || len(v.Unit) > 20 || v.Message == "" {
					t.Errorf("%+v", v)
				}
				if beyond := v.Observed > v.Bound; !v.Unknown && v.ok == (beyond != (v.Check == "offered")) && v.Observed != v.Bound {
					t.Errorf("%s: observed %g, bound %g, passed %v", v.Check, v.Observed, v.Bound, v.ok)
				}
			}
			if !slices.Equal(fails, c.fails) || !slices.Equal(unknown, c.unknown) {
				t.Errorf("failed %v, unknown %v; want %v, %v", fails, unknown, c.fails, c.unknown)
			}
		})
	}
}
