package limits

import "time"

// The sampling of Apache Kafka's client quotas: quota.window.num (11) samples of
// quota.window.size.seconds (1 s), one sample more being kept because the oldest
// may overlap the window (org.apache.kafka.common.metrics.stats.SampledStat and
// Rate, Apache Kafka 4.3).
const (
	sampleWidth = time.Second
	fullSamples = 10
	keptSamples = fullSamples + 2
)

// FullWindow is the time over which a rate is averaged at least.
const FullWindow = fullSamples * sampleWidth

// WindowExpiry is how long a sample counts: a window into which nothing was recorded
// for so long is empty.
const WindowExpiry = (fullSamples + 1) * sampleWidth

// Window is the sliding window over which Apache Kafka compares a rate with its
// quota. Times are since any fixed origin and must not go backwards. The zero
// value is an empty window. It is not safe for concurrent use.
type Window struct {
	samples [keptSamples]sample
	current int
	used    int
}

type sample struct {
	start, last time.Duration
	sum         int64
}

// Record adds n (bytes, requests) at a time. A negative n takes back what was
// recorded, as Apache Kafka does for a fetch that it refuses.
func (w *Window) Record(at time.Duration, n int64) {
	switch {
	case w.used == 0:
		w.used = 1
		w.samples[0] = sample{start: at, last: at}
	case at-w.samples[w.current].start >= sampleWidth:
		w.current = (w.current + 1) % keptSamples
		w.used = min(w.used+1, keptSamples)
		w.samples[w.current] = sample{start: at, last: at}
	}
	s := &w.samples[w.current]
	s.sum += n
	s.last = at
}

// Measure returns what the window holds at a time and the window's width: the
// time since its oldest sample began, but never fewer than ten whole samples.
func (w *Window) Measure(at time.Duration) (sum int64, width time.Duration) {
	oldest := at
	for i := range w.used {
		s := &w.samples[i]
		if at-s.last >= WindowExpiry {
			*s = sample{start: at, last: at}
		}
		sum += s.sum
		oldest = min(oldest, s.start)
	}
	width = at - oldest
	if full := width / sampleWidth; full < fullSamples {
		width += (fullSamples - full) * sampleWidth
	}
	return sum, width
}

// Throttle returns how long the sender must pause so that the window's rate
// falls to limit (per second): S/T − W, or 0 when the rate is within it.
// Apache Kafka does not cap it for bytes.
func (w *Window) Throttle(at time.Duration, limit float64) time.Duration {
	sum, width := w.Measure(at)
	over := float64(sum)/limit - width.Seconds()
	if over <= 0 {
		return 0
	}
	return time.Duration(over * float64(time.Second))
}

// Invert returns the limit that makes a window throttle by x at a time: the
// algebra of Throttle solved for the limit, T = S ÷ (W + X).
func (w *Window) Invert(at, x time.Duration) float64 {
	sum, width := w.Measure(at)
	return float64(sum) / (width + x).Seconds()
}
