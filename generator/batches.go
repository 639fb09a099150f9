package generator

import (
	"time"

	"msklt/scenario"
)

// collector gathers the records that a member receives into batches, see
// [scenario.Batches]. Without them, what a poll brings is a batch.
type collector struct {
	scenario.Batches
	held  []heldRecord
	bytes int
}

// heldRecord is a record that was received and not yet handed over. Times are
// since the start of traffic.
type heldRecord struct {
	intended, received time.Duration
	size               int  // of key and value
	timed              bool // whether intended is known, and the group reads it for the first time
	measured           bool // whether its end-to-end latency counts in the measured phases; it is timed then
}

func (c *collector) add(h heldRecord) {
	c.held = append(c.held, h)
	c.bytes += h.size
}

// room is how many records the next poll may bring at most.
func (c *collector) room(poll int) int {
	if c.Records == 0 {
		return poll
	}
	return min(poll, c.Records-len(c.held))
}

// due is when the window of the records that are held ends; ok is false when there
// are none.
func (c *collector) due() (t time.Duration, ok bool) {
	if len(c.held) == 0 {
		return 0, false
	}
	return c.held[0].received + c.Window, true
}

// next takes a batch that is complete at a time; nil when there is none. With
// flush it takes what there is; early then says that the batch would have waited
// for more. The batch is valid until the next call of add.
func (c *collector) next(now time.Duration, flush bool) (batch []heldRecord, early bool) {
	due, some := c.due()
	if !some {
		return nil, false
	}
	n, bytes := c.size()
	if complete := n < len(c.held) || n == c.Records || bytes >= c.Bytes || now >= due; !complete {
		if !flush {
			return nil, false
		}
		early = true
	}
	batch = c.held[:n]
	c.bytes -= bytes
	if c.held = c.held[n:]; len(c.held) == 0 {
		c.held = batch[:0]
	}
	return batch, early
}

// size is how many of the records that are held fit into one batch. One always
// does.
func (c *collector) size() (n, bytes int) {
	if c.Records == 0 || len(c.held) <= c.Records && c.bytes <= c.Bytes {
		return len(c.held), c.bytes
	}
	for n < min(len(c.held), c.Records) && (n == 0 || bytes+c.held[n].size <= c.Bytes) {
		bytes += c.held[n].size
		n++
	}
	return n, bytes
}
