package generator

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"msklt/internal/limits"
	"msklt/internal/wire"
)

// tap watches the connections of one Kafka client. franz-go's hooks name neither
// the request that was throttled nor its partitions, so the tap reads them off
// the wire: requests where they are written, responses as they arrive.
type tap struct {
	observer *observer
	client   int // the generator's number of the client
	clientID string
	dialer   Dialer
	pace     *dialPace
	waits    *waits       // of a producing client; nil for others
	heard    atomic.Int64 // how often something came from the cluster
	push     pushBack
}

// dial is the client's dialer.
func (t *tap) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	t.waits.change(addr, func(l *lane, _ time.Duration) { l.pacing++ })
	err := t.pace.wait(ctx)
	t.waits.change(addr, func(l *lane, _ time.Duration) { l.pacing-- })
	if err != nil {
		return nil, err
	}
	t.waits.change(addr, func(l *lane, _ time.Duration) { l.dialling++ })
	began := t.observer.now()
	conn, err := t.dialer(ctx, network, addr)
	t.waits.change(addr, func(l *lane, _ time.Duration) { l.dialling-- })
	door := t.observer.dialled(addr, err == nil)
	if err != nil {
		t.observer.unanswered(addr, began)
		return nil, err
	}
	c := &tapConn{Conn: conn, tap: t, addr: addr, door: door, opened: t.observer.now()}
	t.push.opened(c)
	t.waits.change(addr, func(l *lane, _ time.Duration) { l.greeting++ })
	return c, nil
}

// tapConn is a connection under watch. franz-go writes from one goroutine and
// reads from another; the queue between them is all they share.
type tapConn struct {
	net.Conn
	tap    *tap
	addr   string
	door   *door
	opened time.Duration
	closed sync.Once
	failed sync.Once // without having been closed

	greeting sync.Once // ended
	met      bool      // has had an answer; of the goroutine that reads

	welcome, ended bool // the observer's, see welcome and hungUp

	mu       sync.Mutex
	gone     bool        // closed by the client
	loggedIn time.Time   // the last answer to a login
	waiting  []*exchange // sent, not yet answered, in order
	spare    []*exchange

	handshakes int         // of logins
	again      time.Time   // when the present login began, where it is not the first
	unsent     []byte      // a request that more than one Write brings
	leaving    []*exchange // produce requests of the present Write

	in       responseReader
	refusals limits.Refusals
	charges  []limits.Charge
}

// greeted has a connection wait for its first answer no longer.
func (c *tapConn) greeted() {
	c.greeting.Do(func() { c.tap.waits.change(c.addr, func(l *lane, _ time.Duration) { l.greeting-- }) })
}

func (c *tapConn) Close() error {
	c.closed.Do(func() {
		c.tap.observer.hungUp(c)
		c.tap.push.closed(c)
		c.greeted()
		c.tap.waits.change(c.addr, func(l *lane, _ time.Duration) { l.leave(c) })
	})
	c.mu.Lock()
	c.gone = true
	c.mu.Unlock()
	err := c.Conn.Close()
	c.mu.Lock()
	unanswered := c.waiting
	c.waiting = nil
	c.mu.Unlock()
	for _, x := range unanswered {
		c.tap.waits.lost(c.addr, x)
	}
	return err
}

func (c *tapConn) Write(p []byte) (int, error) {
	rest := p
	if len(c.unsent) > 0 {
		c.unsent = append(c.unsent, p...)
		rest = c.unsent
	}
	c.leaving = c.leaving[:0]
	for len(rest) >= 4 {
		end := 4 + int(binary.BigEndian.Uint32(rest))
		if end > len(rest) {
			break
		}
		c.request(rest[4:end])
		rest = rest[end:]
	}
	c.unsent = append(c.unsent[:0], rest...)
	n, err := c.Conn.Write(p)
	if len(c.leaving) > 0 {
		c.left()
	}
	if err != nil {
		c.fail(err)
	}
	return n, err
}

// fail tells of a connection that ended without having been closed. Deadlines pass
// when a client stops waiting, too: they count where records wait.
func (c *tapConn) fail(err error) {
	c.mu.Lock()
	closed := c.gone
	asked := slices.ContainsFunc(c.waiting, func(x *exchange) bool { return x.key == wire.Produce })
	c.mu.Unlock()
	if closed || errors.Is(err, os.ErrDeadlineExceeded) && !asked {
		return
	}
	c.failed.Do(func() { c.tap.observer.lost(c, err) })
}

// left notes that the present Write's produce requests have left. Those that ask for
// no answer have none to wait for.
func (c *tapConn) left() {
	c.tap.waits.change(c.addr, func(l *lane, _ time.Duration) {
		for _, x := range c.leaving {
			l.through(x)
		}
	})
	for _, x := range c.leaving {
		if x.acks == 0 {
			c.tap.waits.answered(c.addr, x)
			c.release(x)
		}
	}
}

// request notes a request before it leaves, so that its response finds it.
func (c *tapConn) request(frame []byte) {
	r, err := wire.ParseRequest(frame)
	if err != nil {
		return // not a request that a quota counts by its parts
	}
	x := c.exchange()
	x.at = time.Now()
	x.key, x.version, x.bytes, x.acks = r.Key, r.Version, int64(len(frame)), -1
	c.logsIn(r.Key, x.at)
	if r.Key == wire.Produce {
		topics := &c.tap.observer.topics
		acks, err := wire.ProduceRecords(r.Version, r.Body, func(t wire.Topic, p int32, records []byte) {
			if part, ok := topics.partition(t, p); ok {
				part.bytes = int64(len(records))
				part.unsafe = wire.UnsafeRecords(records)
				x.sent = append(x.sent, part)
				if b, ok := wire.ReadBatch(records); ok && c.tap.waits != nil {
					x.batches = append(x.batches, c.tap.waits.batch(part.number, b))
				}
			}
		})
		if err == nil {
			x.acks = acks
		}
		c.tap.observer.unsafely(1, x.sent)
		c.leaving = append(c.leaving, x)
		c.tap.waits.change(c.addr, func(l *lane, now time.Duration) {
			l.via(c)
			l.begin(x, now)
		})
	}
	if x.acks == 0 {
		c.tap.observer.answered(c, x) // no response will come
		return
	}
	c.mu.Lock()
	gone := c.gone
	if !gone {
		c.waiting = append(c.waiting, x)
	}
	c.mu.Unlock()
	if gone {
		c.tap.waits.lost(c.addr, x)
	}
}

func (c *tapConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.tap.heard.Add(1)
	c.in.feed(c, p[:n])
	if err != nil {
		if !c.met && errors.Is(err, os.ErrDeadlineExceeded) {
			c.tap.observer.unanswered(c.addr, c.opened)
		}
		c.fail(err)
	}
	if x := c.in.current; x != nil {
		if err != nil {
			c.in.current = nil
			c.tap.waits.lost(c.addr, x)
		} else if x.key == wire.Produce {
			c.tap.waits.change(c.addr, func(l *lane, _ time.Duration) { l.arriving = true })
		}
	}
	return n, err
}

func (c *tapConn) exchange() *exchange {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.spare); n > 0 {
		x := c.spare[n-1]
		c.spare = c.spare[:n-1]
		*x = exchange{sent: x.sent[:0], received: x.received[:0], batches: x.batches[:0], refused: x.refused[:0]}
		return x
	}
	return &exchange{}
}

func (c *tapConn) release(x *exchange) {
	c.mu.Lock()
	c.spare = append(c.spare, x)
	c.mu.Unlock()
}

// next takes the oldest request that waits; Kafka answers in order.
func (c *tapConn) next() *exchange {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		return nil
	}
	x := c.waiting[0]
	c.waiting = append(c.waiting[:0], c.waiting[1:]...)
	return x
}

// mostKept is how large a buffer is kept for the next response: one with the metadata
// of thousands of partitions comes rarely.
const mostKept = 64 << 10

// responseReader follows the responses of a connection. Fetch responses pass by
// without being copied; others are small and are kept whole.
type responseReader struct {
	size    []byte // a length prefix that more than one Read brings
	left    int    // bytes of the present frame still to come
	current *exchange
	body    []byte
	fetch   wire.FetchScanner
}

func (r *responseReader) feed(c *tapConn, p []byte) {
	for len(p) > 0 {
		if r.current == nil {
			need := min(4-len(r.size), len(p))
			r.size = append(r.size, p[:need]...)
			p = p[need:]
			if len(r.size) < 4 {
				return
			}
			r.begin(c, int(binary.BigEndian.Uint32(r.size)))
			r.size = r.size[:0]
			if r.current == nil {
				return // nobody asked: not Kafka on the other side; the client will say so
			}
		}
		n := min(r.left, len(p))
		r.piece(c, p[:n])
		r.left -= n
		p = p[n:]
		if r.left == 0 {
			r.end(c)
		}
	}
}

func (r *responseReader) begin(c *tapConn, size int) {
	r.current = c.next()
	r.left = size
	r.body = r.body[:0]
	if r.current != nil {
		r.current.responded = int64(size)
		if r.current.key == wire.Fetch && r.fetch.Reset(r.current.version) != nil {
			r.current.key = -1 // a version that is not known counts as a request only
		}
	}
}

func (r *responseReader) piece(c *tapConn, p []byte) {
	x := r.current
	if x.key != wire.Fetch {
		r.body = append(r.body, p...)
		return
	}
	topics := &c.tap.observer.topics
	err := r.fetch.Feed(p, func(f wire.FetchPartition) {
		if part, ok := topics.partition(f.Topic, f.Partition); ok {
			part.bytes = int64(f.RecordBytes)
			x.received = append(x.received, part)
		}
	})
	if err != nil {
		x.key = -1
	}
}

func (r *responseReader) end(c *tapConn) {
	x := r.current
	r.current = nil
	if !c.met {
		c.met = true
		c.greeted()
		c.tap.observer.welcome(c)
	}
	if x.key == wire.Fetch {
		ms, _ := r.fetch.Throttle()
		x.throttle = time.Duration(ms) * time.Millisecond
	} else if x.key >= 0 {
		if n, err := wire.ResponseHeaderLen(x.key, x.version, r.body); err == nil {
			if x.key == wire.Produce {
				x.refusals(c.tap.observer, r.body[n:])
			}
			if ms, err := wire.Throttle(x.key, x.version, r.body[n:]); err == nil {
				x.throttle = time.Duration(ms) * time.Millisecond
			}
		}
	}
	if cap(r.body) > mostKept {
		r.body = nil
	}
	c.tap.observer.answered(c, x)
	if x.key == wire.SASLAuthenticate {
		c.mu.Lock()
		c.loggedIn = time.Now()
		c.mu.Unlock()
	}
	if x.key == wire.Produce {
		c.tap.waits.answered(c.addr, x)
	}
	c.tap.push.throttled(x.throttle)
	c.release(x)
}

// refusals looks for what the body of a produce response says of partitions that it
// did not take, or may have taken.
func (x *exchange) refusals(o *observer, body []byte) {
	_, _ = wire.ProduceResults(x.version, body, func(p wire.ProduceResult) {
		at, ok := o.topics.partition(p.Topic, p.Partition)
		if !ok {
			return
		}
		switch p.ErrorCode {
		case 0, kerr.DuplicateSequenceNumber.Code:
			return
		case kerr.RequestTimedOut.Code, kerr.NotEnoughReplicasAfterAppend.Code: // it may be in the log
		default:
			i := slices.IndexFunc(x.sent, func(s carried) bool { return s.number == at.number })
			if i >= 0 {
				o.unsafely(-1, x.sent[i:i+1])
			}
		}
		x.refused = append(x.refused, at.number)
		switch p.ErrorCode {
		case kerr.UnknownTopicOrPartition.Code, kerr.UnknownTopicID.Code:
			o.missed(at.in.Topic)
		}
	})
}
