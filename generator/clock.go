package generator

import (
	"sync/atomic"
	"time"
)

// clock is the time since the start of traffic, for those who run before it.
type clock struct{ start atomic.Pointer[time.Time] }

func (c *clock) begin(t time.Time) { c.start.Store(&t) }

// at converts a time; before traffic has started everything is at 0.
func (c *clock) at(t time.Time) time.Duration {
	if s := c.start.Load(); s != nil {
		return t.Sub(*s)
	}
	return 0
}

// origin is the start of traffic in nanoseconds since 1970, 0 before.
func (c *clock) origin() int64 {
	if s := c.start.Load(); s != nil {
		return s.UnixNano()
	}
	return 0
}

func (c *clock) now() time.Duration { return c.at(time.Now()) }

// wholeSecond is the first whole second of the wall clock at least d from now.
// Series begin on whole seconds so that those of the generator and of a cluster's
// own log can be laid side by side.
func wholeSecond(d time.Duration) time.Time {
	t := time.Now().Add(d)
	if rest := t.Sub(t.Truncate(time.Second)); rest > 0 {
		t = t.Add(time.Second - rest) // keeps the monotonic clock
	}
	return t
}
