package limits

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestWindowCredit: ten seconds' worth passes before the first throttle, however it
// comes, and the first throttle brings the rate back to the limit.
func TestWindowCredit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Float64Range(1e5, 1e8).Draw(t, "limit")
		over := rapid.Float64Range(1.2, 20).Draw(t, "overload")
		step := time.Duration(rapid.IntRange(1, 50).Draw(t, "ms")) * time.Millisecond
		n := int64(limit * over * step.Seconds())
		var w Window
		var sent int64
		for at := time.Duration(0); ; at += step {
			w.Record(at, n)
			sent += n
			x := w.Throttle(at, limit)
			if x == 0 {
				continue
			}
			// The window is between 10 and 11 s wide here: nothing has expired yet.
			if got := float64(sent) / limit; got < 10 || got > 11+over*step.Seconds()+1 {
				t.Fatalf("throttled after %.2f s worth of the limit", got)
			}
			if v := w.Invert(at, x); math.Abs(v/limit-1) > 1e-6 {
				t.Fatalf("inverted %.1f, the limit is %.1f", v, limit)
			}
			return
		}
	})
}

// TestWindowSteps follows the samples by hand: a sample begins with the first
// record a second or more after the last one began, and goes 11 s after its last
// record.
func TestWindowSteps(t *testing.T) {
	var w Window
	record := func(ms int, n int64) { w.Record(time.Duration(ms)*time.Millisecond, n) }
	measure := func(ms int, sum int64, width float64) {
		t.Helper()
		s, d := w.Measure(time.Duration(ms) * time.Millisecond)
		if s != sum || math.Abs(d.Seconds()-width) > 1e-9 {
			t.Errorf("at %d ms: %d over %v, want %d over %v s", ms, s, d, sum, width)
		}
	}
	record(0, 10)
	measure(0, 10, 10)       // ten whole samples at least
	record(999, 5)           // still the first sample
	measure(999, 15, 10.999) // 0 whole seconds: 0.999 + 10
	record(1000, 7)          // the second
	measure(1000, 22, 10)    // 1 whole second: 1 + 9
	measure(11_998, 22, 11.998)
	measure(11_999, 7, 10.999) // the first is gone 11 s after 999 ms
	record(12_000, -3)         // taken back: a sample may be below 0
	// … and the second is gone. The first began anew, empty, when it was purged.
	measure(12_000, -3, 10.001)
}
