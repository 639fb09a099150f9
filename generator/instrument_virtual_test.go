package generator_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/report"
)

// checkOf finds a check of the instrument by its name.
func checkOf(t *testing.T, r *report.Result, name string) report.Reason {
	t.Helper()
	for _, c := range r.Validity.Checks {
		if c.Check == name {
			return c
		}
	}
	t.Fatalf("no check %q among %+v", name, r.Validity.Checks)
	return report.Reason{}
}

// TestVirtualInstrumentSilent overloads a partition for a minute: clients are full
// nearly all the time and half of the records never leave, and none of it is the
// instrument's doing. Its lag stays that of a run that fits.
func TestVirtualInstrumentSilent(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, hotPartition, map[limits.Name]float64{limits.PartitionIngress: 1e6}, 0, func(t *testing.T, out *generator.Output, _ []embedded.Row) {
		r := out.Result
		if !r.Validity.Valid || r.Throttle.Share < 0.1 || r.Latency.ClientWait.P99 < 1000 || r.Totals.Unsent < r.Totals.Scheduled/4 {
			t.Errorf("%+v; throttled %g, waits of %g ms, %d unsent", r.Validity.Reasons, r.Throttle.Share, r.Latency.ClientWait.P99, r.Totals.Unsent)
		}
		if full := checkOf(t, r, "full_without_push_back"); full.Observed != 0 {
			t.Errorf("full without push-back: %+v", full)
		}
		// A full client is tried again after a millisecond.
		if lag := checkOf(t, r, "lag"); lag.Observed > 1.001 || lag.Observed != r.Latency.Lag.P99 {
			t.Errorf("lag: %+v", lag)
		}
		if offered := checkOf(t, r, "offered"); offered.Observed != 1 {
			t.Errorf("offered: %+v", offered)
		}
		for _, name := range []string{"scheduler_latency", "gc", "cpu", "cgroup_throttled"} {
			if c := checkOf(t, r, name); !c.Unknown {
				t.Errorf("known in virtual time: %+v", c)
			}
		}
	})
}

// TestVirtualFullClient has two fleets. One is throttled, the other has a buffer that
// its linger leaves too small for its rate: only that is the client's doing, and it
// is found in spite of the throttle.
func TestVirtualFullClient(t *testing.T) {
	t.Parallel()
	text := `
version: 1
name: full
topics: {hot: {partitions: 1}, wide: {partitions: 20}}
producers:
  pushed: {topic: hot, rate: 1MB/s, value: {size: 1000B}, settings: {buffer: 1MiB}}
  small: {topic: wide, rate: {steps: [{rate: 400KB/s, for: 1s}, {rate: 400KB/s}]}, partition: round-robin, value: {size: 1000B}, settings: {buffer: 200KB, batch: 64KiB, linger: 1s}}
phases: [{name: warm-up, duration: 5s, measure: false}, {name: steady, duration: 40s}]
`
	for name, limit := range map[string]map[limits.Name]float64{
		"throttled":     {limits.PartitionIngress: 500e3},
		"not throttled": nil,
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, text, limit, 0, func(t *testing.T, out *generator.Output, _ []embedded.Row) {
				r := out.Result
				full := checkOf(t, r, "full_without_push_back")
				// It takes at most 4/3 of 200 kB in each linger (see TestVirtualReach), so it is
				// behind from the start, but for the 100 ms that it may be.
				if r.Validity.Valid || full.Observed < 0.95 || !strings.Contains(full.Message, "fleet small") {
					t.Errorf("valid %v, %+v", r.Validity.Valid, full)
				}
				if throttled := limit != nil; (r.Throttle.Share > 0) != throttled {
					t.Errorf("throttled %g", r.Throttle.Share)
				}
				if len(r.Validity.Reasons) != 1 {
					t.Errorf("also %+v", r.Validity.Reasons)
				}
			})
		})
	}
}

// TestVirtualSlowCluster holds whose doing it is that a client of 20 kB is full: that
// of a cluster that takes 150 ms for a request or answers nothing at all for a while,
// or that of the client where a request takes 5 ms and it cannot have its rate in
// flight.
func TestVirtualSlowCluster(t *testing.T) {
	t.Parallel()
	const text = `
version: 1
name: slow
topics: {t: {partitions: 4}}
producers:
  p: {topic: t, rate: %s, key: {keys: 1000}, value: {size: 1000B}, settings: {buffer: 20KB}}
phases: [{name: warm-up, duration: 2s, measure: false}, {name: steady, duration: 10s}]
`
	delay := func(d time.Duration) func(*embedded.Cluster) {
		return func(c *embedded.Cluster) { c.Delay(func() time.Duration { return d }) }
	}
	for name, c := range map[string]struct {
		inject func(*embedded.Cluster)
		rate   string
		waits  bool // records wait for their client
		client bool // and it is the client's doing
	}{
		"slow":       {delay(150 * time.Millisecond), "1MB/s", true, false},
		"stalls":     {func(c *embedded.Cluster) { time.AfterFunc(5*time.Second, func() { c.Stall(2 * time.Second) }) }, "500KB/s", true, false},
		"too small":  {delay(5 * time.Millisecond), "5MB/s", true, true},
		"big enough": {delay(5 * time.Millisecond), "200KB/s", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTimeWith(t, c.inject, fmt.Sprintf(text, c.rate), nil, func(t *testing.T, out *generator.Output, _ []embedded.Row) {
				r := out.Result
				full := checkOf(t, r, "full_without_push_back")
				if r.Validity.Valid == c.client || full.Observed > 0 != c.client || c.client && full.Observed < 0.95 {
					t.Errorf("%+v, reasons %+v", full, r.Validity.Reasons)
				}
				if waits := r.Latency.ClientWait.P99 > 1000 || r.Totals.Unsent > 0; waits != c.waits {
					t.Errorf("waits of %g ms, %d unsent", r.Latency.ClientWait.P99, r.Totals.Unsent)
				}
			})
		})
	}
}
