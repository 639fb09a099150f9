package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// unanswered is for how long at least a new connection had no answer that is told to
// have been left waiting. Dialers and clients wait for five or ten seconds.
const unanswered = 4 * time.Second

// Meeting is a hook of Kafka clients, which notes what comes of their connections to a
// cluster that has answered before. franz-go tries again until its caller's time is up,
// and says no more than that. The zero value is ready for use.
type Meeting struct {
	mu      sync.Mutex
	shut    error                             // why the last connection came to nothing; nil when it came about
	waiting map[*context.CancelCauseFunc]bool // requests that end with the first connection that is left waiting
	creates bool                              // a request to create topics has left
}

var (
	_ kgo.HookBrokerConnect = (*Meeting)(nil)
	_ kgo.HookBrokerWrite   = (*Meeting)(nil)
)

// OnBrokerConnect notes what came of a connection.
func (m *Meeting) OnBrokerConnect(b kgo.BrokerMetadata, took time.Duration, _ net.Conn, err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, kgo.ErrClientClosed) {
		return // given up, which says nothing
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.shut = nil
	switch {
	case err == nil:
	case hungUp(err):
		m.shut = hungUpError{err}
	case took >= unanswered && timedOut(err):
		m.shut = silentError{net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port))), err}
		for cancel := range m.waiting {
			(*cancel)(m.shut)
		}
	}
}

// OnBrokerWrite notes a request that may have left.
func (m *Meeting) OnBrokerWrite(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, _ error) {
	if key == int16(kmsg.CreateTopics) {
		m.mu.Lock()
		m.creates = true
		m.mu.Unlock()
	}
}

// Within bounds a request: by its time, and by the first new connection that is left
// without an answer for as long as the client waits for one.
func (m *Meeting) Within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, end := context.WithTimeout(ctx, d)
	ctx, cancel := context.WithCancelCause(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting == nil {
		m.waiting = map[*context.CancelCauseFunc]bool{}
	}
	m.waiting[&cancel] = true
	return ctx, func() {
		m.mu.Lock()
		delete(m.waiting, &cancel)
		m.mu.Unlock()
		cancel(nil)
		end()
	}
}

// Shut is why the last connection came to nothing; nil where it came about, or failed for
// what its error says well enough.
func (m *Meeting) Shut() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.shut
}

// Why is a request's error, or where that only says that the time was up, or that a
// connection broke, what the last connection came to.
func (m *Meeting) Why(err error) error {
	shut := m.Shut()
	if shut == nil || err == nil || !timedOut(err) && !hungUp(err) && !errors.Is(err, context.Canceled) {
		return err
	}
	return shut
}

// created tells whether a request to create topics may have left.
func (m *Meeting) created() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.creates
}

func timedOut(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

// hungUp tells a connection that the broker has closed, most likely before its first
// answer.
func hungUp(err error) bool {
	var early *kgo.ErrFirstReadEOF
	return errors.As(err, &early) || errors.Is(err, syscall.ECONNRESET)
}

// hungUpError is a connection that was closed before its first answer, where franz-go
// asks whether TLS or a login lacks. It was there when the brokers were visited.
type hungUpError struct{ error }

func (e hungUpError) Error() string {
	return "a broker accepts connections and closes them at once: it may be out of connections (in Apache Kafka max.connections.per.ip, or max.connections), or want TLS or a login"
}
func (e hungUpError) Unwrap() error { return e.error }

// silentError is a connection that was left without an answer by an address that had
// answered before: whether nobody took it, or nobody answered.
type silentError struct {
	address string
	error
}

func (e silentError) Error() string {
	return fmt.Sprintf("%s answered before, and leaves new connections without an answer: it may have all that it takes (in Apache Kafka max.connections, of the broker or the listener), or hang, or a firewall drops new ones", e.address)
}
func (e silentError) Unwrap() error { return e.error }
