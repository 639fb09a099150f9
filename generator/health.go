package generator

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"msklt/report"
)

const (
	// heartbeat is how often the process shows that it runs; a beat that comes
	// stallLong after the one before means that it did not.
	heartbeat = 10 * time.Millisecond
	stallLong = 200 * time.Millisecond
	// The processors are used up when they are busy for allBusy of a second and one of
	// a hundred goroutines that are ready waits for longWait. Either alone does no harm.
	allBusy  = 0.9
	longWait = time.Millisecond
)

// health watches this process while traffic flows: what it used of the machine in
// each second, and when it did not run at all. Times are since the start of traffic.
// One goroutine calls it; the others read the atomic fields, and the rest when it has ended.
type health struct {
	read       func() vitals
	processors float64

	seconds []healthSecond
	stalls  []interval
	busy    atomic.Bool // in the last second the processors were used up
	latest  atomic.Pointer[InstrumentSnapshot]
	lost    atomic.Int64 // ns, all stalls

	beat, sampled time.Duration
	last          vitals // waits is our copy
}

// healthSecond is how the process fared in one second. Shares are of the time of
// all processors that it may use.
type healthSecond struct {
	waits              []waitCount
	scheduler          time.Duration // p99 of the waits
	cpu, gc, throttled float64
	stalled            time.Duration
}

// waitCount is a bucket of the runtime's histogram of waits, and what came into it.
type waitCount struct {
	bucket int
	n      uint64
}

func (s *healthSecond) usedUp() bool { return s.cpu >= allBusy && s.scheduler >= longWait }

func newHealth(read func() vitals) *health {
	return &health{read: read, processors: float64(runtime.GOMAXPROCS(0))}
}

// watch follows the process from the start of traffic until done is closed.
func (h *health) watch(start time.Time, stalled func(interval), done <-chan struct{}) {
	select {
	case <-done:
		return
	case <-time.After(time.Until(start)):
	}
	h.keep(h.read())
	beats := time.NewTicker(heartbeat)
	defer beats.Stop()
	for {
		select {
		case <-done:
			h.end(time.Since(start))
			return
		case <-beats.C:
		}
		if s, ok := h.tick(time.Since(start)); ok {
			stalled(s)
		}
	}
}

func (h *health) keep(v vitals) {
	waits := append(h.last.waits[:0], v.waits...)
	h.last = v
	h.last.waits = waits
}

// tick is a heartbeat. It returns the stall that it ends, if any.
func (h *health) tick(now time.Duration) (stall interval, stalled bool) {
	stall, stalled = interval{h.beat, now}, now-h.beat >= stallLong
	if stalled {
		h.stalls = append(h.stalls, stall)
		h.lost.Add(int64(now - h.beat))
	}
	h.beat = now
	if now/time.Second > h.sampled/time.Second {
		h.sample(now)
	}
	return stall, stalled
}

// end takes the last sample.
func (h *health) end(now time.Duration) {
	if now-h.sampled > time.Second/2 { // of less the shares say nothing
		h.sample(now)
	}
	bySecond := bySecond(h.stalls, len(h.seconds))
	for i := range h.seconds {
		h.seconds[i].stalled = bySecond[i]
	}
}

// sample closes the second that has ended, or all that did since the last sample.
func (h *health) sample(now time.Duration) {
	v := h.read()
	whole := (now - h.sampled).Seconds() * h.processors
	share := func(to, from time.Duration) float64 { return min(1, (to-from).Seconds()/whole) }
	s := healthSecond{
		cpu: share(v.cpu, h.last.cpu), gc: share(v.gc, h.last.gc), throttled: share(v.throttled, h.last.throttled),
	}
	for i, n := range v.waits {
		if i < len(h.last.waits) && n > h.last.waits[i] {
			s.waits = append(s.waits, waitCount{i, n - h.last.waits[i]})
		}
	}
	s.scheduler = p99(v.bounds, s.waits)
	for n := max(int(now/time.Second), len(h.seconds)+1); len(h.seconds) < n; {
		h.seconds = append(h.seconds, s)
		s.waits = nil // counted once
	}
	h.keep(v)
	h.sampled = now
	h.busy.Store(s.usedUp() && !h.last.virtual)
	h.tell(s)
}

// tell lets others know of a second.
func (h *health) tell(s healthSecond) {
	if h.last.virtual {
		return
	}
	h.latest.Store(&InstrumentSnapshot{
		Scheduler: s.scheduler, GC: s.gc,
		CPU: s.cpu, CPUKnown: h.last.cpuKnown,
		Throttled: s.throttled, ThrottledKnown: h.last.throttledKnown,
	})
}

// p99 is the 99th percentile of waits: the upper end of its bucket.
func p99(bounds []float64, waits []waitCount) time.Duration {
	var total, seen uint64
	for _, w := range waits {
		total += w.n
	}
	for _, w := range waits {
		if seen += w.n; 100*seen >= 99*total {
			top := bounds[w.bucket+1]
			if math.IsInf(top, 1) {
				top = bounds[w.bucket]
			}
			return time.Duration(top * float64(time.Second))
		}
	}
	return 0
}

// healthSummary is how the process fared in the seconds that count.
type healthSummary struct {
	known              bool // any second, on the machine's clock
	cpuKnown           bool
	throttledKnown     bool
	scheduler          time.Duration // p99
	cpu, gc, throttled float64       // means
	usedUp             float64       // share of the seconds
}

// summary sums up the seconds that count.
func (h *health) summary(counts func(second int) bool) (out healthSummary) {
	n, sum := 0.0, map[int]uint64{}
	for i, s := range h.seconds {
		if !counts(i) {
			continue
		}
		n++
		out.cpu, out.gc, out.throttled = out.cpu+s.cpu, out.gc+s.gc, out.throttled+s.throttled
		if s.usedUp() {
			out.usedUp++
		}
		for _, w := range s.waits {
			sum[w.bucket] += w.n
		}
	}
	if n == 0 || h.last.virtual {
		return healthSummary{}
	}
	var waits []waitCount
	for bucket, count := range sum {
		waits = append(waits, waitCount{bucket, count})
	}
	slices.SortFunc(waits, func(a, b waitCount) int { return a.bucket - b.bucket })
	out.cpu, out.gc, out.throttled, out.usedUp = out.cpu/n, out.gc/n, out.throttled/n, out.usedUp/n
	out.scheduler = p99(h.last.bounds, waits)
	out.known, out.cpuKnown, out.throttledKnown = true, h.last.cpuKnown, h.last.throttledKnown
	return out
}

// second is what the timeline shows of a second.
func (h *health) second(i int) (out report.Instrument) {
	if i >= len(h.seconds) {
		return out
	}
	s := h.seconds[i]
	out.Stalled = millis(s.stalled)
	if !h.last.virtual {
		out.SchedulerP99, out.GCShare, out.CPUShare = millis(s.scheduler), s.gc, s.cpu
	}
	return out
}

// stalled puts a stall on the timeline.
func (r *run) stalled(s interval) {
	r.events.add("stalled", s.from, s.to, -1, fmt.Sprintf("this process did not run for %.1f s: it was stopped, or got no processor", (s.to-s.from).Seconds()))
}
