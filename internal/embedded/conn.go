package embedded

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/wire"
)

// maxFrame is Apache Kafka's default socket.request.max.bytes.
const maxFrame = 100 << 20

var errFrameSize = errors.New("frame size out of range")

// readAhead is enough for most requests without many records, so that their length
// and frame are one read.
const readAhead = 1 << 10

// conn stands between a client and kfake. It takes one request at a time: the
// idle token is taken when a request's length has been read and given back when its
// response has been written, and only its holder touches the fields below it. A
// throttled connection is muted: no request is taken from it until the throttle is
// over (KIP-219).
type conn struct {
	net.Conn
	reader    *bufio.Reader
	listener  *listener
	closed    chan struct{} // kfake has closed it
	closeOnce sync.Once
	gone      chan struct{} // the client can no longer be reached
	goneOnce  sync.Once
	idle      chan struct{}

	mutedUntil time.Duration
	left       int    // bytes of the frame that kfake has still to read from us
	frame      []byte // those bytes, where kfake does not take them in one read
	request    request
	scanner    wire.FetchScanner
	out        []byte // reused for what is rewritten
	session    session

	standing standing    // the quotas'
	admitted atomic.Bool // a produce request is counted by the cluster's admission
	making   atomic.Bool // it is this connection's turn to make partitions
}

// request is the one that is being answered.
type request struct {
	key, version int16
	client       string
	size         int // of its frame

	sent   []sentBatch // produce
	silent bool        // produce with acks=0: the client wants no answer

	fetch fetchLimits // fetch

	lastLogs map[*topic][]Row // delete topics: the logs as they were before

	own     kmsg.Response // sent instead of kfake's, unless nil
	last    bool          // the connection is closed after it
	refused []refusal     // what kfake is not asked to do
	charge  charge        // what is charged for the rest
}

func newConn(l *listener, raw net.Conn) *conn {
	c := &conn{Conn: raw, reader: bufio.NewReaderSize(raw, readAhead), listener: l, closed: make(chan struct{}), gone: make(chan struct{}), idle: make(chan struct{}, 1)}
	c.idle <- struct{}{}
	return c
}

// Read gives kfake the next bytes of the client's requests: the length, then the
// frame. It blocks while the last request is unanswered or the connection muted.
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if c.left == 0 {
		return c.readLength(p)
	}
	if len(c.frame) == 0 && len(p) < c.left {
		c.frame = make([]byte, c.left)
		if err := c.readFrame(c.frame); err != nil {
			return 0, err
		}
	}
	if len(c.frame) > 0 {
		n := copy(p, c.frame)
		c.frame = c.frame[n:]
		c.left -= n
		return n, nil
	}
	// kfake's own buffer, which spares a copy of every produce request.
	n := c.left
	c.left = 0
	if err := c.readFrame(p[:n]); err != nil {
		return 0, err
	}
	return n, nil
}

// readLength reads a frame's length and waits for the connection's turn. That nobody
// is there any more is said only then too: kfake would drop the answer to a request
// that it has carried out, and nobody would count it.
func (c *conn) readLength(p []byte) (int, error) {
	if len(p) < 4 {
		return 0, io.ErrShortBuffer
	}
	_, err := io.ReadFull(c.reader, p[:4])
	select {
	case <-c.idle:
	case <-c.closed:
		return 0, net.ErrClosed
	}
	if err := errors.Join(c.waitMute(), err); err != nil {
		return 0, err
	}
	n := binary.BigEndian.Uint32(p)
	if n < 8 || n > maxFrame {
		return 0, fmt.Errorf("read request of %d bytes: %w", n, errFrameSize)
	}
	c.left = int(n)
	return 4, nil
}

func (c *conn) waitMute() error {
	return c.wait(c.mutedUntil - c.listener.cluster.quotas.now())
}

// wait waits for d, unless there is soon nobody left to wait for.
func (c *conn) wait(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.gone:
	case <-c.listener.cluster.closing:
	}
	return net.ErrClosed
}

// readFrame reads a request and prepares for its answer. What it changes in the
// frame is what kfake should see instead.
func (c *conn) readFrame(frame []byte) error {
	if _, err := io.ReadFull(c.reader, frame); err != nil {
		return err
	}
	if err := c.waitStall(); err != nil {
		return err
	}
	select {
	case <-c.listener.cluster.closing:
		return net.ErrClosed
	default:
	}
	parsed, err := wire.ParseRequest(frame)
	if err != nil {
		return err // kfake would not survive an unknown kind
	}
	r := &c.request
	if r.client != string(parsed.ClientID) {
		r.client = string(parsed.ClientID)
	}
	*r = request{key: parsed.Key, version: parsed.Version, client: r.client, size: len(frame), sent: r.sent[:0]}
	if c.listener.cluster.serverless != nil {
		if err := c.guard(parsed.Body); err != nil {
			return err
		}
	}
	if r.own == nil {
		err = c.take(parsed.Body)
	}
	if errors.Is(err, wire.ErrUnknown) {
		return nil // a version that kfake refuses
	}
	if r.own != nil {
		askForVersions(frame)
	}
	return err
}

// take notes what a request asks for, and refuses what limits or rules forbid.
func (c *conn) take(body []byte) error {
	switch kmsg.Key(c.request.key) {
	case kmsg.Produce:
		return c.takeProduce(body)
	case kmsg.Fetch:
		return c.takeFetch(body)
	case kmsg.JoinGroup, kmsg.ConsumerGroupHeartbeat, kmsg.ShareGroupHeartbeat:
		return c.join(body)
	case kmsg.CreateTopics, kmsg.CreatePartitions, kmsg.DeleteTopics, kmsg.AlterConfigs, kmsg.IncrementalAlterConfigs:
		return c.manage(body)
	}
	return nil
}

// Write takes kfake's response, one per call with its length in front, and sends
// the client what it is to see.
func (c *conn) Write(b []byte) (int, error) {
	answer, err := c.answer(b)
	if err != nil {
		return 0, err
	}
	c.mutedUntil = answer.mutedUntil
	if faults := c.listener.cluster.faults.rules.Load(); faults != nil {
		lost, err := c.suffer(faults)
		if err != nil {
			return 0, err
		}
		answer.hangUp = answer.hangUp || lost
	}
	if err := c.send(b, answer); err != nil {
		return 0, err
	}
	c.idle <- struct{}{}
	return len(b), nil
}

// answer is what becomes of one response.
type answer struct {
	mutedUntil time.Duration
	instead    net.Buffers // sent in place of kfake's bytes, unless nil
	silent     bool        // nothing is sent
	hangUp     bool        // the connection is closed
	last       bool        // it is closed once this is sent
}

func (c *conn) answer(b []byte) (answer, error) {
	if len(b) < 8 {
		return answer{}, fmt.Errorf("write response of %d bytes: %w", len(b), errFrameSize)
	}
	if c.request.own != nil {
		return c.answerOwn(b), nil
	}
	header, err := wire.ResponseHeaderLen(c.request.key, c.request.version, b[4:])
	if err != nil {
		return answer{}, err
	}
	switch c.request.key {
	case wire.Produce:
		return c.answerProduce(b, 4+header)
	case wire.Fetch:
		return c.answerFetch(b, 4+header)
	}
	return c.answerOther(b, 4+header), nil
}

func (c *conn) send(b []byte, a answer) error {
	if a.hangUp {
		_ = c.Close() // the client learns from the closed connection
		return net.ErrClosed
	}
	if a.silent {
		return nil
	}
	if a.instead == nil {
		_, err := c.Conn.Write(b)
		return err
	}
	_, err := a.instead.WriteTo(c.Conn)
	if a.last {
		_ = c.Close()
		return net.ErrClosed
	}
	return err
}

// leave ends the admission of a produce request that was read, once.
func (c *conn) leave() {
	if c.admitted.CompareAndSwap(true, false) {
		c.listener.cluster.admission.leave()
	}
}

// hangUp closes the connection to the client. Kfake learns of it when it reads or
// writes next, so that what it is at is counted first.
func (c *conn) hangUp() error {
	c.goneOnce.Do(func() {
		close(c.gone)
		c.listener.forget(c)
		c.listener.cluster.quotas.disconnect(c)
	})
	return c.Conn.Close()
}

// Close closes the connection and wakes whoever waits on it.
func (c *conn) Close() error {
	c.closeOnce.Do(func() {
		close(c.closed)
		c.leave()
		c.endTurn()
	})
	return c.hangUp()
}
