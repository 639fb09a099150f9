package generator_test

import (
	"fmt"
	"testing"

	"msklt/generator"
	"msklt/internal/embedded"
)

// TestVirtualSweep sends at rates from one record a second up, with up to a hundred
// clients and up to 2,400 partitions, and counts: exactly what is scheduled is sent,
// by every client its part, and is in the log.
func TestVirtualSweep(t *testing.T) {
	t.Parallel()
	const text = `
version: 1
name: sweep
topics:
  t: {partitions: %d}
producers:
  p: {topic: t, clients: %d, rate: %d/s, value: {size: 100B}, settings: {buffer: 1MiB}}
phases:
  - {name: half, duration: 2s, load: 50%%}
  - {name: whole, duration: 3s}
`
	for _, c := range []struct{ rate, clients, partitions int }{
		{1, 1, 1}, {1, 100, 7}, {7, 3, 2400}, {997, 100, 12}, {20_000, 1, 1}, {10_000, 7, 240},
	} {
		t.Run(fmt.Sprintf("%d per second, %d clients, %d partitions", c.rate, c.clients, c.partitions), func(t *testing.T) {
			inVirtualTime(t, fmt.Sprintf(text, c.partitions, c.clients, c.rate), nil, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
				r := out.Result
				checkCounts(t, r, truth)
				// Half of it for 2 s, all of it for 3 s; the first record leaves at once.
				if want := int64(4 * c.rate); r.Totals.Scheduled != want || r.Totals.Acked != want {
					t.Errorf("%d records scheduled, %d acknowledged; want %d", r.Totals.Scheduled, r.Totals.Acked, want)
				}
				var offered int64
				for i, s := range r.Timeline {
					offered += s.OfferedRecords
					// A second's last records are found in its last wake-up or in the
					// next second's first.
					want := int64(c.rate * (i + 1) / 2)
					if i >= 2 {
						want = int64(c.rate + c.rate*(i-1))
					}
					if off, one := offered-want, int64(c.clients+c.rate/1000+1); i < 5 && (off > one || off < -one) {
						t.Errorf("%d records found due by second %d, want %d", offered, i+1, want)
					}
				}
			})
		})
	}
}
