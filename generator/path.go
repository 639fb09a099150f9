package generator

import "time"

// path is what the kernel knows of the way to a broker: what has been handed to it
// may still be on this machine, or lost on the way, while the client waits for the
// answer.
type path struct {
	travel   time.Duration // the shortest time there and back
	taken    uint64        // bytes that the other side's kernel has acknowledged
	unsent   int64         // bytes that wait on this machine
	repeated bool          // bytes were sent again and are still not acknowledged
	still    int           // times in a row that it was looked at and nothing more was taken
}

// pathEvery is how often a path is looked at while the broker owes an answer.
const pathEvery = 100 * time.Millisecond

// stuck tells whether the network holds back the request that the broker owes an
// answer to: a part of it is still on this machine, behind it lie so many bytes of
// others, and what gets through is little; or it got lost. A broker reads one request
// after the other, so that others may well wait here for it; and one that takes
// nothing at all is not the network's doing.
func (p path) stuck(behind int64) bool {
	return p.repeated || p.unsent > behind && p.still < patience
}

// patience is how many times in a row nothing may have got through.
const patience = 3

// since compares a path with what it was when it was last looked at.
func (p path) since(before path) path {
	p.still = before.still + 1
	if p.taken > before.taken {
		p.still = 0
	}
	return p
}

// probe looks at the paths of all lanes on which an answer is due.
func (w *waits) probe() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lanes {
		if l.conn == nil {
			continue
		}
		stuck := false
		if l.asked > 0 {
			if p, ok := readPath(l.conn.Conn); ok {
				l.path = p.since(l.path)
				stuck = l.path.stuck(l.conn.behind())
			}
		}
		if stuck != l.stuck {
			l.advance(time.Since(w.origin))
			l.stuck = stuck
		}
	}
}

// probe looks at all paths until done is closed.
func (r *run) probe(done <-chan struct{}) {
	every := time.NewTicker(pathEvery)
	defer every.Stop()
	for {
		select {
		case <-done:
			return
		case <-every.C:
		}
		for _, p := range r.producer {
			p.waits.probe()
		}
	}
}

// via notes the connection by which a lane's requests leave.
func (l *lane) via(c *tapConn) {
	if l.conn != c {
		l.conn, l.stuck = c, false
		l.path, _ = readPath(c.Conn)
	}
}

// leave notes that a connection is closed.
func (l *lane) leave(c *tapConn) {
	if l.conn == c {
		l.conn, l.stuck = nil, false
	}
}

// behind is how many bytes the requests have that left after the one whose answer is
// due. The waits' lock is held.
func (c *tapConn) behind() (bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range c.waiting[min(1, len(c.waiting)):] {
		if x.left {
			bytes += x.bytes
		}
	}
	return bytes
}
