package generator

import (
	"runtime/metrics"
	"time"
)

// vitals is what the runtime and the system say of this process: sums since its
// start. Where something is not known its flag is false and its sum 0.
type vitals struct {
	cpu            time.Duration // processor time used
	cpuKnown       bool
	gc             time.Duration // of it by the garbage collector, but for what idle processors did
	throttled      time.Duration // processor time that the control group's quota withheld
	throttledKnown bool
	// waits counts how long goroutines that were ready waited for a processor:
	// waits[i] of them at least bounds[i] and under bounds[i+1] seconds.
	waits  []uint64
	bounds []float64
	// virtual tells that package time's clock is not the system's, as in
	// testing/synctest: none of the above is then of its seconds.
	virtual bool
}

// sameClock is by how much two readings of one clock may differ, the process having
// been stopped in between; virtual time is decades behind.
const sameClock = time.Hour

// Names of the runtime's metrics. Those of the collector are brought up to date
// when a collection ends.
const (
	schedulerWaits = "/sched/latencies:seconds"
	gcTime         = "/cpu/classes/gc/total:cpu-seconds"
	gcIdleTime     = "/cpu/classes/gc/mark/idle:cpu-seconds"
)

// newVitals returns the function that reads the vitals. What it returns is valid
// until the next call.
func newVitals() func() vitals {
	samples := []metrics.Sample{{Name: schedulerWaits}, {Name: gcTime}, {Name: gcIdleTime}}
	group := ownGroup()
	return func() vitals {
		metrics.Read(samples)
		var v vitals
		var now time.Duration
		v.cpu, now, v.cpuKnown = processTimes()
		v.virtual = v.cpuKnown && (time.Duration(time.Now().UnixNano())-now).Abs() > sameClock
		v.throttled, v.throttledKnown = group.throttled()
		v.gc = time.Duration((samples[1].Value.Float64() - samples[2].Value.Float64()) * float64(time.Second))
		h := samples[0].Value.Float64Histogram()
		v.waits, v.bounds = h.Counts, h.Buckets
		return v
	}
}
