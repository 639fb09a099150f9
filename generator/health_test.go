package generator

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"msklt/report"
)

// machine is a made-up machine of two processors, whose vitals a test moves on.
type machine struct{ vitals }

func newMachine() *machine {
	return &machine{vitals{
		cpuKnown: true, throttledKnown: true,
		waits: make([]uint64, 4), bounds: []float64{0, 0.0005, 0.004, 0.016, math.Inf(1)},
	}}
}

// second moves on by a second in which goroutines waited so many times under 0.5,
// 4 and 16 ms, and longer.
func (m *machine) second(cpu, gc, throttled time.Duration, waits ...uint64) {
	m.cpu, m.gc, m.vitals.throttled = m.cpu+cpu, m.gc+gc, m.vitals.throttled+throttled
	for i, n := range waits {
		m.waits[i] += n
	}
}

// TestHealthSeconds holds the shares and the p99 of each second, and over those
// that count.
func TestHealthSeconds(t *testing.T) {
	m := newMachine()
	m.second(time.Hour, time.Minute, time.Minute, 1e6, 1e6, 1e6, 1e6) // before the traffic
	h := &health{read: func() vitals { return m.vitals }, processors: 2}
	h.keep(m.vitals)
	for n, second := range []func(){
		func() { m.second(500*time.Millisecond, 100*time.Millisecond, 0, 1000) },
		func() { m.second(2*time.Second, time.Second, 20*time.Millisecond, 900, 80, 20) },
		func() { m.second(2*time.Second, 0, 0, 990, 10) },
		func() { m.second(0, 0, 0) },
	} {
		second()
		for beat := range 100 {
			h.tick(time.Duration(n)*time.Second + time.Duration(beat+1)*heartbeat)
		}
		if used := n == 1; h.busy.Load() != used { // the third has no long waits
			t.Errorf("second %d: used up %v, want %v", n, h.busy.Load(), used)
		}
	}
	h.end(4 * time.Second)
	want := []report.Instrument{
		{SchedulerP99: 0.5, GCShare: 0.05, CPUShare: 0.25},
		{SchedulerP99: 16, GCShare: 0.5, CPUShare: 1},
		{SchedulerP99: 0.5, CPUShare: 1},
		{},
	}
	for i, w := range want {
		if got := h.second(i); got != w {
			t.Errorf("second %d: %+v, want %+v", i, got, w)
		}
	}
	if len(h.seconds) != len(want) || len(h.stalls) > 0 || h.second(4) != (report.Instrument{}) {
		t.Errorf("%d seconds, stalls %v", len(h.seconds), h.stalls)
	}
	// Of 2,000 waits in the second and third, 20 were under 16 ms: 1 %.
	got := h.summary(func(second int) bool { return second == 1 || second == 2 })
	wanted := healthSummary{
		known: true, cpuKnown: true, throttledKnown: true,
		scheduler: 4 * time.Millisecond, cpu: 1, gc: 0.25, throttled: 0.005, usedUp: 0.5,
	}
	if got != wanted {
		t.Errorf("summary %+v, want %+v", got, wanted)
	}
	if got := h.summary(func(int) bool { return false }); got != (healthSummary{}) {
		t.Errorf("summary of no second %+v", got)
	}
}

// TestHealthLongWaits holds that a wait beyond the last bound counts with what it was
// at least.
func TestHealthLongWaits(t *testing.T) {
	if got := p99([]float64{0, 0.001, 0.004, math.Inf(1)}, []waitCount{{0, 10}, {2, 10}}); got != 4*time.Millisecond {
		t.Errorf("p99 %s, want 4 ms", got)
	}
	if got := p99(nil, nil); got != 0 {
		t.Errorf("p99 of nothing %s", got)
	}
}

// TestHealthStall lets a process not run from 1.5 s to 4.25 s: its seconds and its
// stall say so, and what it used meanwhile is spread over them.
func TestHealthStall(t *testing.T) {
	m := newMachine()
	h := &health{read: func() vitals { return m.vitals }, processors: 2}
	h.keep(m.vitals)
	step := func(at time.Duration) (interval, bool) {
		return h.tick(at)
	}
	for at := heartbeat; at <= 1500*time.Millisecond; at += heartbeat {
		if s, stalled := step(at); stalled {
			t.Fatalf("stalled from %s to %s", s.from, s.to)
		}
	}
	m.cpu += time.Second
	if _, stalled := step(1500*time.Millisecond + stallLong - 1); stalled {
		t.Error("a late heartbeat is a stall")
	}
	h.beat = 1500 * time.Millisecond
	if s, stalled := step(4250 * time.Millisecond); !stalled || s != (interval{1500 * time.Millisecond, 4250 * time.Millisecond}) {
		t.Errorf("stalled %v from %s to %s, want 1.5 s to 4.25 s", stalled, s.from, s.to)
	}
	for at := 4260 * time.Millisecond; at <= 5*time.Second; at += heartbeat {
		step(at)
	}
	h.end(5 * time.Second)
	share := 1 / (2 * 3.25) // a second of two processors for 3.25
	for i, want := range []report.Instrument{
		{}, {Stalled: 500, CPUShare: share}, {Stalled: 1000, CPUShare: share}, {Stalled: 1000, CPUShare: share}, {Stalled: 250},
	} {
		if got := h.second(i); math.Abs(got.CPUShare-want.CPUShare) > 1e-9 || got.Stalled != want.Stalled {
			t.Errorf("second %d: %+v, want %+v", i, got, want)
		}
	}
}

// TestHealthVirtual holds that nothing the machine says is taken for what happened in
// seconds that are not the machine's.
func TestHealthVirtual(t *testing.T) {
	for _, virtual := range []bool{false, true} {
		m := newMachine()
		m.virtual = virtual
		h := &health{read: func() vitals { return m.vitals }, processors: 2}
		h.keep(m.vitals)
		m.second(2*time.Second, 2*time.Second, 0, 0, 0, 0, 100)
		h.tick(time.Second)
		shown := h.second(0).CPUShare > 0
		if all := h.summary(func(int) bool { return true }); all.known == virtual || shown == virtual || h.busy.Load() == virtual {
			t.Errorf("virtual %v: summary %+v, shown %v, busy %v", virtual, all, shown, h.busy.Load())
		}
	}
}

// TestHealthWatch follows this process itself: in real time its seconds are its own,
// in virtual time they are nobody's.
func TestHealthWatch(t *testing.T) {
	watch := func(t *testing.T) *health {
		h := newHealth(newVitals())
		done := make(chan struct{})
		time.AfterFunc(1200*time.Millisecond, func() { close(done) })
		h.watch(time.Now(), func(interval) {}, done)
		return h
	}
	t.Run("real", func(t *testing.T) {
		t.Parallel()
		spin := time.AfterFunc(0, func() {
			for begin := time.Now(); time.Since(begin) < 500*time.Millisecond; {
			}
		})
		defer spin.Stop()
		h := watch(t)
		s := h.summary(func(second int) bool { return second == 0 })
		// On a busy machine the 1.2 s end later.
		if !s.known || s.cpu <= 0 || s.cpu > 1 || s.gc < 0 || s.gc > 1 || len(h.seconds) == 0 {
			t.Errorf("%d seconds, %+v", len(h.seconds), s)
		}
	})
	t.Run("virtual", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			// As on a busy machine, where a virtual second takes about a real one: virtual
			// time stands still while anything runs.
			work := time.AfterFunc(100*time.Millisecond, func() {
				_, begin, _ := processTimes()
				for now := begin; now-begin < 1200*time.Millisecond; _, now, _ = processTimes() {
				}
			})
			defer work.Stop()
			h := watch(t)
			if s := h.summary(func(int) bool { return true }); s.known || len(h.seconds) != 1 || len(h.stalls) > 0 {
				t.Errorf("%d seconds, stalls %v, %+v", len(h.seconds), h.stalls, s)
			}
		})
	})
}
