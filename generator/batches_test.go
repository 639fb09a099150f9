package generator

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"msklt/scenario"
)

// TestCollector holds that batches keep the order of records, are no larger than
// they may be, and leave when they are full or their window ends, never before.
func TestCollector(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := collector{Batches: scenario.Batches{
			Records: rapid.IntRange(1, 20).Draw(t, "records"),
			Window:  time.Duration(rapid.IntRange(0, 100).Draw(t, "window")),
			Bytes:   rapid.IntRange(1, 100).Draw(t, "bytes"),
		}}
		now, added, taken := time.Duration(0), 0, 0
		for range 50 {
			now += time.Duration(rapid.IntRange(0, 60).Draw(t, "later"))
			for range rapid.IntRange(0, c.room(1000)).Draw(t, "poll") {
				c.add(heldRecord{intended: time.Duration(added), received: now, size: rapid.IntRange(0, 60).Draw(t, "size")})
				added++
			}
			flush := rapid.IntRange(0, 9).Draw(t, "flush") == 0
			for {
				waiting := append([]heldRecord(nil), c.held...)
				batch, early := c.next(now, flush)
				if len(batch) == 0 {
					checkIncomplete(t, &c, now, flush)
					break
				}
				checkBatch(t, c.Batches, batch, waiting, now, early)
				for _, h := range batch {
					if int(h.intended) != taken {
						t.Fatalf("record %d came instead of %d", h.intended, taken)
					}
					taken++
				}
			}
		}
		if taken+len(c.held) != added {
			t.Fatalf("%d records went in, %d came out and %d are held", added, taken, len(c.held))
		}
	})
}

// checkIncomplete fails when records wait that should have left.
func checkIncomplete(t *rapid.T, c *collector, now time.Duration, flush bool) {
	bytes := 0
	for _, h := range c.held {
		bytes += h.size
	}
	if len(c.held) >= c.Records || bytes >= c.Bytes || bytes != c.bytes || len(c.held) > 0 && (flush || now >= c.held[0].received+c.Window) {
		t.Fatalf("%d records of %d bytes (counted %d) wait at %d: %+v", len(c.held), bytes, c.bytes, now, c)
	}
}

// checkBatch fails for a batch that is too large or left too early.
func checkBatch(t *rapid.T, b scenario.Batches, batch, waiting []heldRecord, now time.Duration, early bool) {
	bytes := 0
	for _, h := range batch {
		bytes += h.size
	}
	if len(batch) > b.Records || bytes > b.Bytes && len(batch) > 1 {
		t.Fatalf("a batch of %d records and %d bytes, allowed are %+v", len(batch), bytes, b)
	}
	full := len(batch) == b.Records || bytes >= b.Bytes || len(batch) < len(waiting) && bytes+waiting[len(batch)].size > b.Bytes
	old := now >= batch[0].received+b.Window
	if early != (!full && !old) {
		t.Fatalf("early is %v for a batch of %d records, %d bytes, received at %d, at %d", early, len(batch), bytes, batch[0].received, now)
	}
}

// TestCollectorWithout holds that without batches a poll is handed over as it is.
func TestCollectorWithout(t *testing.T) {
	var c collector
	if c.room(500) != 500 {
		t.Errorf("room for %d", c.room(500))
	}
	for range 3 {
		for range 7 {
			c.add(heldRecord{size: 1 << 20})
		}
		if batch, early := c.next(0, false); len(batch) != 7 || early {
			t.Errorf("%d records, early %v", len(batch), early)
		}
		if batch, _ := c.next(0, true); len(batch) != 0 {
			t.Errorf("%d records left", len(batch))
		}
	}
}
