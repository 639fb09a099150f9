package generator

import (
	"slices"
	"sort"
	"time"
)

// laneState is what a client's produce connection to one broker does at an instant.
type laneState int

const (
	idle      laneState = iota // nothing is under way
	open                       // the broker has requests, and the client may send more
	blocked                    // the broker has all that the client may send, or cannot be reached
	moving                     // bytes are being sent or received, or it is being connected
	throttled                  // a quota pauses it
	paced                      // there is none, and its attempt waits for the run's pace
)

// clocks add up how long a lane was in each state but idle, by state − 1.
type clocks [paced]time.Duration

func (c clocks) minus(o clocks) clocks {
	for i := range c {
		c[i] -= o[i]
	}
	return c
}

func (c clocks) of(s laneState) time.Duration { return c[s-1] }

// lane is what a client's produce connections to one broker do and did. Its times
// are since the observer's origin and never go backwards. It is not safe for
// concurrent use: its client's waits guard it.
type lane struct {
	window    int           // requests that the client leaves unanswered at most
	pacing    int           // attempts to connect that wait for the run's pace
	dialling  int           // … that are under way
	greeting  int           // connections that have had no answer yet
	asked     int           // produce requests begun and not answered
	delivered int           // … of which the whole was handed to the network
	arriving  bool          // a part of a response has come
	stuck     bool          // the network holds back what was handed to it
	troubled  bool          // what it refused or lost was not acknowledged since
	until     time.Duration // throttled until then
	refused   bool          // the last attempt to connect failed
	crowded   bool          // … and others stood then: it is the broker that takes no more
	conn      *tapConn      // by which requests leave
	path      path          // of conn, when it was last looked at

	begun  time.Duration
	now    time.Duration // the clocks are right up to then
	clocks clocks
	last   laneState
	past   []mark // of the clocks: each change for fineMarks, each second for oldMarks
}

// mark is what the clocks showed at a time.
type mark struct {
	at     time.Duration
	clocks clocks
}

const (
	// fineMarks is for how long each change is remembered; from then on, what went
	// on within a second counts as spread evenly over it.
	fineMarks = 2 * time.Second
	// oldMarks is how old a record in a client can be: it is given up after
	// deliveryTimeout.
	oldMarks = deliveryTimeout + drainTimeout + abortTimeout
)

func newLane(now time.Duration) *lane {
	return &lane{window: 1, begun: now, now: now, past: []mark{{at: now}}}
}

// state is what the lane does, quotas aside. While the broker has a request, a
// further one that does not get through waits for the broker: it takes one at a
// time.
func (l *lane) state() laneState {
	writing := l.asked > l.delivered
	switch {
	case l.arriving, l.stuck, l.dialling > 0 && !l.crowded:
		return moving
	case l.conn == nil && (l.refused || l.greeting > 0):
		return blocked
	case l.conn == nil && l.pacing > 0:
		return paced
	case l.troubled, l.delivered > 0 && (writing || l.asked >= l.window):
		return blocked
	case l.delivered > 0:
		return open
	case writing:
		return moving
	}
	return idle
}

// begin notes that a request begins to leave, through that all of it has left.
func (l *lane) begin(x *exchange, now time.Duration) {
	x.began = now
	l.asked++
}

func (l *lane) through(x *exchange) {
	if x.left || x.ended {
		return // the answer was faster
	}
	x.left = true
	l.delivered++
}

// end notes that a request was answered, or will never be.
func (l *lane) end(x *exchange) {
	if x.ended {
		return
	}
	x.ended = true
	l.asked--
	if x.left {
		l.delivered--
	}
	l.arriving = false
}

// advance lets the clocks run to a time in the present state.
func (l *lane) advance(to time.Duration) {
	for l.now < to {
		state, end := l.state(), min(to, l.now.Truncate(time.Second)+time.Second)
		if l.now < l.until {
			state, end = throttled, min(end, l.until)
		}
		if state != idle {
			l.clocks[state-1] += end - l.now
		}
		if n := len(l.past); state == l.last && n > 1 && l.past[n-1].at%time.Second != 0 {
			l.past[n-1] = mark{end, l.clocks}
		} else {
			l.past = append(l.past, mark{end, l.clocks})
		}
		l.now, l.last = end, state
		if end%time.Second == 0 {
			l.forget()
		}
	}
}

// forget thins out the marks.
func (l *lane) forget() {
	l.past = slices.DeleteFunc(l.past, func(m mark) bool {
		age := l.now - m.at
		return age > oldMarks || age > fineMarks && m.at%time.Second != 0
	})
}

// at is what the clocks showed at a time up to now.
func (l *lane) at(t time.Duration) clocks {
	i := sort.Search(len(l.past), func(i int) bool { return l.past[i].at >= t })
	switch i {
	case 0:
		return l.past[0].clocks
	case len(l.past):
		return l.clocks
	}
	before, after := l.past[i-1], l.past[i]
	share := float64(t-before.at) / float64(after.at-before.at)
	out := before.clocks
	for s, d := range after.clocks.minus(before.clocks) {
		out[s] += time.Duration(share * float64(d))
	}
	return out
}
