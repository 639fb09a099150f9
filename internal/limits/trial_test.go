package limits_test

import (
	"maps"
	"slices"
	"strings"
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

// brokers is how many the trials have.
const brokers = 3

// trial is a scenario's run on the embedded cluster in virtual time, where nothing
// else on the machine matters.
type trial struct {
	scenario *scenario.Scenario
	result   *report.Result
	rows     []embedded.Row
	start    int64 // of traffic, in Unix seconds
}

// play runs a scenario on so many brokers.
func play(t *testing.T, s *scenario.Scenario, l limits.Limits, brokers int) (out trial) {
	t.Helper()
	out.scenario = s
	// Under a limit on attempts a run spaces its dials. franz-go holds a mutex
	// meanwhile, and while anybody waits for a mutex virtual time stands still.
	l.Values = maps.Clone(l.Values)
	delete(l.Values, limits.ClusterAttempts)
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

// at is a scenario at another load.
func at(s *scenario.Scenario, load float64) *scenario.Scenario {
	out := *s
	out.Phases = slices.Clone(s.Phases)
	for i := range out.Phases {
		c := &out.Phases[i].Load
		c.From, c.To = c.From*load, c.To*load
		c.Steps = slices.Clone(c.Steps)
		for k := range c.Steps {
			c.Steps[k].Value *= load
		}
	}
	return &out
}

// measured tells whether a second lies in the measured phases.
func (r trial) measured(second int64) bool {
	at := time.Duration(second-r.start) * time.Second
	for _, p := range r.scenario.Phases {
		if at >= 0 && at < p.Duration {
			return p.Measure
		}
		at -= p.Duration
	}
	return false
}

// lasts is how many seconds the traffic lasts.
func (r trial) lasts() int64 {
	var all time.Duration
	for _, p := range r.scenario.Phases {
		all += p.Duration
	}
	return int64(all / time.Second)
}

// mean is the mean per second of what rows say over the measured phases.
func (r trial) mean(of func(embedded.Row) int64) float64 {
	sum, seconds := int64(0), time.Duration(0)
	for _, p := range r.scenario.Phases {
		if p.Measure {
			seconds += p.Duration
		}
	}
	for _, row := range r.rows {
		if row.Scope != "log" && r.measured(row.Second) {
			sum += of(row)
		}
	}
	return float64(sum) / seconds.Seconds()
}

// requests are those of a fleet's or group's clients.
func (r trial) requests(name, fixed string) float64 {
	return r.mean(func(row embedded.Row) int64 {
		if row.Scope == "client" && (strings.Contains(row.Client, "-"+name+"-") || fixed != "" && row.Client == fixed) {
			return row.Requests
		}
		return 0
	})
}

// throttles are the seconds since the start of traffic in which each limit first
// throttled, while it flowed.
func (r trial) throttles() map[limits.Name]float64 {
	out := map[limits.Name]float64{}
	for _, row := range r.rows {
		if row.Scope == "throttle" && row.Second-r.start < r.lasts() {
			if _, met := out[row.Limit]; !met {
				out[row.Limit] = float64(row.Second - r.start)
			}
		}
	}
	return out
}
