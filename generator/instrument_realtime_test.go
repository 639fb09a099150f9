package generator_test

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"time"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/kafkatest/need"
	"msklt/internal/limits"
	"msklt/report"
)

// inRealTime runs a small load for four seconds, of which three count, against an
// embedded cluster in this process.
func inRealTime(t *testing.T) *report.Result {
	t.Helper()
	s := parse(t, `
version: 1
name: real
topics: {t: {partitions: 4}}
producers:
  p: {topic: t, clients: 2, rate: 2000/s, key: {keys: 100}, value: {size: 500B}}
phases: [{name: warm-up, duration: 1s, measure: false}, {name: steady, duration: 3s}]
`)
	c, err := embedded.Start(t.Context(), embedded.Config{Brokers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	out, err := generator.Run(t.Context(), generator.Config{
		Scenario: s, Target: report.Target{Kind: string(limits.EmbeddedCluster), Bootstrap: c.Bootstrap()},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range out.Result.Validity.Checks {
		t.Logf("%s: %g %s, bound %g; %s", c.Check, c.Observed, c.Unit, c.Bound, c.Message)
	}
	return out.Result
}

// beside does something over and over, in n goroutines, until the returned function
// is called.
func beside(n int, something func()) (stop func()) {
	over := make(chan struct{})
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
					something()
				}
			}
		})
	}
	return func() { close(over); all.Wait() }
}

// fires holds that a check fails with a value beyond its bound.
func fires(t *testing.T, r *report.Result, names ...string) {
	t.Helper()
	for _, name := range names {
		if c := checkOf(t, r, name); c.Unknown || c.Observed <= c.Bound {
			t.Errorf("%s did not fire: %+v", name, c)
		}
	}
	if r.Validity.Valid || r.Verdict.Status != limits.Invalid {
		t.Errorf("valid %v, status %s", r.Validity.Valid, r.Verdict.Status)
	}
}

// TestRealTimeQuiet holds that no check fires when nothing disturbs the run, and that
// the timeline says how the process fared. Others may use this machine, so that of three
// runs one has to be undisturbed, or the last as disturbed as a timer beside it was.
func TestRealTimeQuiet(t *testing.T) {
	need.Require(t, need.RealTime())
	r, late := besideTimer(t)
	for try := 1; try < 3 && !r.Validity.Valid; try++ {
		t.Logf("timers %s late at p99; once more: %+v", late, r.Validity.Reasons)
		r, late = besideTimer(t)
	}
	for _, reason := range r.Validity.Reasons {
		byOthers := slices.Contains([]string{"offered", "lag", "stalled", "scheduler_latency"}, reason.Check)
		if !byOthers || late < 5*time.Millisecond {
			t.Errorf("timers were %s late at p99: %+v", late, reason)
		}
	}
	for _, s := range r.Timeline[:4] { // so small a load takes a tenth of two processors
		if i := s.Instrument; i.CPUShare <= 0 || i.CPUShare >= 0.5 || i.SchedulerP99 <= 0 {
			t.Errorf("second %d: %+v", s.Second, i)
		}
	}
}

// besideTimer is inRealTime beside a timer of 1 ms, and how late that was at p99.
func besideTimer(t *testing.T) (r *report.Result, late time.Duration) {
	t.Helper()
	var all []time.Duration
	stop := beside(1, func() {
		begin := time.Now()
		time.Sleep(time.Millisecond)
		all = append(all, time.Since(begin)-time.Millisecond)
	})
	r = inRealTime(t)
	stop()
	slices.Sort(all)
	return r, all[len(all)*99/100]
}

// TestRealTimeStarved leaves the run one processor, which six others never give up
// before they must: each after 10 ms. It finds records due too late, its goroutines wait,
// and the processor is used up. Nobody can use up what other programs have: the check
// says in how many seconds it was, as the timeline shows them, and only where it was in one
// the long responses are surely the process's own.
func TestRealTimeStarved(t *testing.T) {
	need.Require(t, need.RealTime())
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	stop := beside(6, func() {})
	defer stop()
	r := inRealTime(t)
	for name, least := range map[string]float64{"lag": 10, "scheduler_latency": 5} { // ms
		if c := checkOf(t, r, name); c.Unknown || c.Observed <= least {
			t.Errorf("want more than %g ms: %+v", least, c)
		}
	}
	usedUp := 0.0
	for _, s := range r.Timeline[1:4] { // those that count
		if s.Instrument.CPUShare >= 0.9 && s.Instrument.SchedulerP99 >= 1 {
			usedUp++
		}
	}
	if usedUp > 0 {
		fires(t, r, "lag", "scheduler_latency", "cpu")
	}
	if c := checkOf(t, r, "cpu"); c.Unknown || math.Abs(c.Observed-usedUp/3) > 1e-9 {
		t.Errorf("used up in %.0f of 3 seconds: %+v", usedUp, c)
	}
}

// TestRealTimeCollector makes garbage beside a heap of many pointers, with a collector
// that is to begin anew as soon as it has ended.
func TestRealTimeCollector(t *testing.T) {
	need.Require(t, need.RealTime())
	defer debug.SetGCPercent(debug.SetGCPercent(2))
	heap := make([]*[4]*int, 2_000_000)
	for i := range heap {
		heap[i] = &[4]*int{new(int)}
	}
	stop := beside(2*runtime.GOMAXPROCS(0), func() { _ = fmt.Sprint(make([]*int, 100)) })
	defer stop()
	fires(t, inRealTime(t), "gc")
	runtime.KeepAlive(heap)
}
