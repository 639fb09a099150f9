package embedded

import (
	"errors"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
)

// listener is one broker's: it admits connections within the limits and wraps
// them. The first connection it hands to kfake is a pipe of our own, over which
// retention deletes records.
type listener struct {
	cluster   *Cluster
	node      int32
	onNetwork func(network, address string) (net.Listener, error)
	bound     net.Addr // what it listens on
	addr      hostPort
	started   bool
	done      chan struct{}
	once      sync.Once

	internal, internalServer net.Conn

	mu       sync.Mutex
	network  net.Listener  // nil while the broker is down
	up       chan struct{} // closed when it no longer is
	conns    map[*conn]struct{}
	sessions fetchSessions
}

func newListener(c *Cluster, node int32, ln net.Listener, cfg Config, host string) *listener {
	l := &listener{
		cluster: c, node: node, onNetwork: cfg.OnNetwork, bound: ln.Addr(), addr: advertised(ln, host), network: ln,
		done: make(chan struct{}), conns: make(map[*conn]struct{}),
	}
	l.internal, l.internalServer = net.Pipe()
	return l
}

// hostPort is the address that clients are told.
type hostPort string

func (hostPort) Network() string  { return "tcp" }
func (a hostPort) String() string { return string(a) }

// advertised returns the address that clients can reach: the host as it was given,
// or this machine's name where that means every interface.
func advertised(ln net.Listener, host string) hostPort {
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		return hostPort(ln.Addr().String())
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		if host, err = os.Hostname(); err != nil {
			host = "localhost"
		}
	}
	return hostPort(net.JoinHostPort(host, port))
}

// Addr is what kfake tells clients in its metadata.
func (l *listener) Addr() net.Addr { return l.addr }

// Accept returns the next connection that the limits admit; one that they do not
// is closed, as Amazon MSK documents it.
func (l *listener) Accept() (net.Conn, error) {
	if !l.started {
		l.started = true // kfake accepts from one goroutine
		return l.internalServer, nil
	}
	select {
	case <-l.cluster.ready:
	case <-l.done:
		return nil, net.ErrClosed
	}
	for {
		ln, err := l.current()
		if err != nil {
			return nil, err
		}
		raw, err := ln.Accept()
		if err != nil {
			if l.replaced(ln) {
				continue
			}
			return nil, err
		}
		c := newConn(l, raw)
		if !l.cluster.quotas.connect(c) {
			_ = raw.Close() // nothing was written: there is nothing to lose
			continue
		}
		if !l.track(c, ln) {
			_ = c.Close() // the broker has just gone down
			continue
		}
		return c, nil
	}
}

// Close stops accepting; connections stay.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.done) })
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.network == nil {
		return nil
	}
	return l.network.Close()
}

// track adds a connection, unless what accepted it no longer listens.
func (l *listener) track(c *conn, from net.Listener) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.network != from {
		return false
	}
	l.conns[c] = struct{}{}
	return true
}

// replaced reports whether the broker was down since ln listened.
func (l *listener) replaced(ln net.Listener) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.network != ln
}

// open returns the connections that clients have.
func (l *listener) open() []*conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.conns))
}

func (l *listener) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// closeAll closes whatever is still open once kfake is closed.
func (l *listener) closeAll() error {
	err := errors.Join(l.internal.Close(), l.internalServer.Close())
	for _, c := range l.open() {
		err = errors.Join(err, ignoreClosed(c.Close()))
	}
	return err
}

// ignoreClosed drops the error of closing what the other side closed already.
func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
