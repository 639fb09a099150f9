package generator_test

import (
	"fmt"
	"strings"
	"testing"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/scenario"
)

// TestVirtualReach holds what the decoder says of rates that a client's settings
// cannot reach against runs: buffer ÷ linger gets through without waiting, twice that
// × 20 ÷ 21 (20 partitions on as many brokers) does not, and what does get through
// with two brokers is at most 4/3 of buffer ÷ linger.
func TestVirtualReach(t *testing.T) {
	t.Parallel()
	const (
		buffer = 200e3 // and a linger of 1 s
		bound  = 2 * buffer * 20 / 21
	)
	text := func(key, rate string) string {
		return fmt.Sprintf(`
version: 1
name: reach
topics: {t: {partitions: 20}}
producers:
  p: {topic: t, rate: %s, %s, value: {size: 1000B}, settings: {buffer: 200KB, batch: 64KiB, linger: 1s}}
phases: [{name: warm-up, duration: 5s, measure: false}, {name: steady, duration: 20s}]
`, rate, key)
	}
	for _, key := range []string{"partition: round-robin", "key: {keys: 100000}"} {
		t.Run(key, func(t *testing.T) {
			// In the longer phase, of 20 s, one linger more counts.
			over, under := bound*(1+1.0/20)*1.01, bound*0.99
			if _, err := scenario.Parse("s.yaml", []byte(text(key, fmt.Sprintf("%.0fB/s", under))), scenario.Options{}); err != nil {
				t.Errorf("below the bound: %v", err)
			}
			_, err := scenario.Parse("s.yaml", []byte(text(key, fmt.Sprintf("%.0fB/s", over))), scenario.Options{})
			if err == nil || !strings.Contains(err.Error(), "s.yaml:6:23: producers.p.rate") {
				t.Errorf("above the bound: %v", err)
			}
			inVirtualTime(t, text(key, "190KB/s"), nil, 0, func(t *testing.T, out *generator.Output, _ []embedded.Row) {
				r := out.Result
				if !r.Validity.Valid || r.Latency.ClientWait.Max > 1 || r.Latency.Response.Censored > 0 {
					t.Errorf("at 0.95 × buffer ÷ linger: waits of up to %g ms, %d censored, %+v", r.Latency.ClientWait.Max, r.Latency.Response.Censored, r.Validity.Reasons)
				}
			})
			// Steps are not checked: they may be over soon.
			steps := fmt.Sprintf("{steps: [{rate: %.0fB/s, for: 1s}, {rate: %.0[1]fB/s}]}", over)
			inVirtualTime(t, text(key, steps), nil, 0, func(t *testing.T, out *generator.Output, _ []embedded.Row) {
				got := out.Result.Rates.AckedBytesPerSecond
				// In turn, the two brokers' lots are 4/3 of the buffer in each linger; in
				// changing order less, at one moment one buffer. Two lots of 2/3 more or less
				// in the 20 s are 5 %, and three standard deviations of 40 lots of 133 drawn
				// records 4 %.
				if got > bound || got < 0.95*buffer || got > 1.1*buffer*4/3 || out.Result.Latency.Response.Censored == 0 {
					t.Errorf("%.0f bytes/s of %.0f got through, want %.0f to %.0f, and no more than %.0f", got, over, buffer, buffer*4/3, bound)
				}
			})
		})
	}
}
