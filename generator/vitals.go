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
	// machine is the system's clock. Package time's may be another one: in
	// testing/synctest it runs ahead, and none of the above is of its seconds.
	machine      time.Duration
	machineKnown bool
}

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
		v.cpu, v.machine, v.cpuKnown = processTimes()
		v.machineKnown = v.cpuKnown
		v.throttled, v.throttledKnown = group.throttled()
		v.gc = time.Duration((samples[1].Value.Float64() - samples[2].Value.Float64()) * float64(time.Second))
		h := samples[0].Value.Float64Histogram()
		v.waits, v.bounds = h.Counts, h.Buckets
		return v
	}
}
