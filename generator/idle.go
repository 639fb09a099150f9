package generator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/scenario"
)

const (
	// idleRetry is how soon an idle connection that was refused or closed is tried
	// again: the Java client's reconnect.backoff.max.ms.
	idleRetry = time.Second
	// idleRefresh is how often an idle connection asks for something, so that the
	// cluster does not close it: the Java client's metadata.max.age.ms.
	idleRefresh = 5 * time.Minute
	// idleAnswer is how long the cluster may take to answer that.
	idleAnswer = 30 * time.Second
	// idleBuffer holds a part of an answer; nothing else comes.
	idleBuffer = 512
)

// idleFleet holds connections open that carry nothing.
type idleFleet struct {
	scenario.Idle
	tap    *tap
	pace   *dialPace
	logins *logins
	errors *errorLog
	now    func() time.Duration
	stop   context.CancelFunc
	all    sync.WaitGroup

	tried  atomic.Int64 // connections that were opened or refused once
	open   atomic.Int64
	failed atomic.Int64 // attempts refused, and connections closed by the cluster
	held   int64        // open when the traffic ended
}

// openIdle opens the idle connections, round robin over the brokers, and waits
// until each was tried. Those that are refused are tried again until the end.
func (r *run) openIdle(ctx context.Context) {
	brokers := slices.SortedFunc(maps.Keys(r.cluster.Nodes), func(a, b string) int {
		return int(r.cluster.Nodes[a] - r.cluster.Nodes[b])
	})
	next := 0
	for _, i := range r.Scenario.Idle {
		f := &idleFleet{Idle: i, tap: r.newTap(r.prefix+i.Name, nil), pace: r.pace.fleet(i.ConnectRate), logins: r.logins, errors: r.errors, now: r.clock.now}
		f.tap.client = -1 // no client of a fleet or group
		r.idle = append(r.idle, f)
		var holding context.Context
		holding, f.stop = context.WithCancel(context.WithoutCancel(ctx))
		for range i.Connections {
			addr := brokers[next%len(brokers)]
			next++
			f.all.Go(func() { f.keep(holding, addr) })
		}
	}
	for _, f := range r.idle {
		for f.tried.Load() < int64(f.Connections) && ctx.Err() == nil {
			r.say(fmt.Sprintf("opening idle connections of %s: %d of %d", f.Name, f.tried.Load(), f.Connections))
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// close ends the fleet's connections.
func (f *idleFleet) close() {
	f.stop()
	f.all.Wait()
}

// keep holds one connection until the context ends, whatever the cluster does.
func (f *idleFleet) keep(ctx context.Context, addr string) {
	first := sync.OnceFunc(func() { f.tried.Add(1) })
	defer first()
	for f.pace.wait(ctx) == nil {
		err := f.hold(ctx, addr, first)
		if ctx.Err() != nil {
			return
		}
		f.failed.Add(1)
		switch {
		case tooManyConnects(err):
			f.tap.observer.turnedAway(addr)
			f.errors.add("connect", err, f.now())
		case refusedLogin(err):
			f.logins.refused(err)
		case errors.Is(err, os.ErrDeadlineExceeded):
			f.errors.add("connect", errSilent, f.now())
		default:
			f.errors.add("connect", err, f.now())
		}
		first()
		select {
		case <-ctx.Done():
			return
		case <-time.After(idleRetry):
		}
	}
}

// hold opens one connection, with all that a client's connection begins with, and
// returns why it ended. Opened is called when it stands.
func (f *idleFleet) hold(ctx context.Context, addr string, opened func()) error {
	var dialled atomic.Pointer[watchedConn] // also while a request that was given up still dials
	opts := []kgo.Opt{
		kgo.SeedBrokers(addr), kgo.ClientID(f.tap.clientID), kgo.DisableClientMetrics(),
		kgo.MetadataMaxAge(time.Hour), kgo.ConnIdleTimeout(3 * idleRefresh),
		kgo.Dialer(func(ctx context.Context, network, host string) (net.Conn, error) {
			if dialled.Load() != nil {
				return nil, errors.New("an idle connection is one connection")
			}
			c, err := f.tap.dial(ctx, network, host)
			if err != nil {
				return nil, err
			}
			conn := watch(c)
			dialled.Store(conn)
			return conn, nil
		}),
	}
	if f.logins != nil {
		opts = append(opts, kgo.SASL(f.logins))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return fmt.Errorf("making a client for an idle connection: %w", err)
	}
	defer client.Close()
	for {
		err := refresh(ctx, client)
		conn := dialled.Load()
		if err != nil {
			if conn != nil && conn.ended() && !refusedLogin(err) {
				return conn.err
			}
			return err
		}
		opened()
		f.open.Add(1)
		select {
		case <-ctx.Done():
		case <-conn.gone:
		case <-time.After(idleRefresh):
		}
		f.open.Add(-1)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case conn.ended():
			return conn.err
		}
	}
}

// refresh asks the broker for its API versions.
func refresh(ctx context.Context, client *kgo.Client) error {
	ctx, cancel := context.WithTimeout(ctx, idleAnswer)
	defer cancel()
	_, err := client.SeedBrokers()[0].Request(ctx, kmsg.NewPtrApiVersionsRequest())
	return err
}

// watchedConn is a connection that notices when the other side closes it. A Kafka
// client reads only when it waits for an answer.
type watchedConn struct {
	net.Conn
	arrived *io.PipeReader
	gone    chan struct{} // closed when nothing more will arrive
	err     error         // why; once gone is closed
}

func watch(c net.Conn) *watchedConn {
	r, w := io.Pipe()
	out := &watchedConn{Conn: c, arrived: r, gone: make(chan struct{})}
	go func() {
		_, err := io.CopyBuffer(w, struct{ io.Reader }{c}, make([]byte, idleBuffer))
		if err == nil {
			err = io.EOF
		}
		out.err = fmt.Errorf("closed by the cluster: %w", err)
		close(out.gone)
		w.CloseWithError(err)
	}()
	return out
}

func (c *watchedConn) Read(p []byte) (int, error) { return c.arrived.Read(p) }

func (c *watchedConn) Close() error {
	err := c.Conn.Close()
	c.arrived.Close()
	return err
}

func (c *watchedConn) ended() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}
