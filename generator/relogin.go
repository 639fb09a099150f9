package generator

import (
	"fmt"
	"time"

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

// relogged notes an answer to a login that began at a time, on an old connection, and
// whether it is the first: SCRAM has two of them.
func (o *observer) relogged(began time.Time, first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	from, to := began.Sub(o.origin), o.now()
	last := len(o.relogins) - 1
	if last < 0 || from > o.relogins[last].to+sameRelogin {
		o.relogins = append(o.relogins, relogin{from: from})
		last++
	}
	l := &o.relogins[last]
	l.from, l.to = min(l.from, from), max(l.to, to)
	l.longest = max(l.longest, to-from)
	if first {
		l.count++
	}
}

func (l relogin) text() string {
	return fmt.Sprintf("%d connections logged in again, as their brokers ask after a time; the longest took %.0f ms, in which it carried nothing else",
		l.count, float64(l.longest)/float64(time.Millisecond))
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
