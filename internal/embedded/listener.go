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
	net.Listener
	cluster *Cluster
	node    int32
	addr    hostPort
	started bool
	done    chan struct{}
	once    sync.Once

	internal, internalServer net.Conn

	mu       sync.Mutex
	conns    map[*conn]struct{}
	sessions fetchSessions
}

func newListener(c *Cluster, node int32, ln net.Listener, host string) *listener {
	l := &listener{
		Listener: ln, cluster: c, node: node, addr: advertised(ln, host),
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
		raw, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if !l.cluster.quotas.connect() {
			_ = raw.Close() // nothing was written: there is nothing to lose
			continue
		}
		return l.track(newConn(l, raw)), nil
	}
}

// Close stops accepting; connections stay.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

func (l *listener) track(c *conn) *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = struct{}{}
	return c
}

func (l *listener) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// closeAll closes whatever is still open once kfake is closed.
func (l *listener) closeAll() error {
	l.mu.Lock()
	open := slices.Collect(maps.Keys(l.conns))
	l.mu.Unlock()
	err := errors.Join(l.internal.Close(), l.internalServer.Close())
	for _, c := range open {
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
