package generator

import (
	"fmt"
	"time"

	"msklt/internal/wire"
	"msklt/report"
)

// relogin is connections that logged in again within a second of each other, because
// what their brokers granted was about to expire (KIP-368). A connection carries
// nothing else from the start of a login, before which its requests are awaited, to
// its end: that is no doing of the cluster's load.
type relogin struct {
	from, to time.Duration // of the first login and the last
	count    int64
	longest  time.Duration
}

const sameRelogin = time.Second

// logsIn follows the logins of a connection by what the client sends. A login that is
// not the first has worked when something else follows it.
func (c *tapConn) logsIn(key int16, at time.Time) {
	switch {
	case key == wire.SASLHandshake:
		if c.handshakes++; c.handshakes > 1 {
			c.again = at
		}
	case key != wire.SASLAuthenticate && !c.again.IsZero():
		c.mu.Lock()
		answered := c.loggedIn
		c.mu.Unlock()
		c.tap.observer.relogged(c.again, answered)
		c.again = time.Time{}
	}
}

// relogged notes a login on an old connection.
func (o *observer) relogged(began, answered time.Time) {
	if !o.enter() {
		return
	}
	defer o.mu.Unlock()
	from, to := began.Sub(o.origin), answered.Sub(o.origin)
	last := len(o.relogins) - 1
	if last < 0 || from > o.relogins[last].to+sameRelogin {
		o.relogins = append(o.relogins, relogin{from: from})
		last++
	}
	l := &o.relogins[last]
	l.from, l.to = min(l.from, from), max(l.to, to)
	l.longest = max(l.longest, to-from)
	l.count++
}

func (l relogin) text() string {
	return fmt.Sprintf("%s logged in again, as brokers ask after a time; the longest login took %.0f ms, in which its connection carried nothing else",
		report.Counted(int(l.count), "connection"), float64(l.longest)/float64(time.Millisecond))
}

// loginsAgain is what a result says of them; nil without any.
func (r *run) loginsAgain() *report.Logins {
	r.observer.mu.Lock()
	defer r.observer.mu.Unlock()
	var all report.Logins
	for _, l := range r.observer.relogins {
		all.Again += l.count
		all.Longest = max(all.Longest, float64(l.longest)/float64(time.Millisecond))
	}
	if all.Again == 0 {
		return nil
	}
	return &all
}
