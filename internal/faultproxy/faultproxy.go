// Package faultproxy is a TCP proxy on loopback between clients and a broker that
// can cut, slow and delay what passes. It is used by tests only.
package faultproxy

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"
)

const (
	chunk    = 4096 // bytes that pass at once
	inFlight = 4096 // chunks on their way in one direction of a connection
)

// Proxy forwards connections to one address. Its faults hold for all connections,
// those that there are and those to come.
type Proxy struct {
	listener net.Listener
	upstream string
	all      sync.WaitGroup

	mu     sync.Mutex
	open   map[net.Conn]bool
	healed chan struct{} // nil, or closed when a cut is healed
	muted  bool          // the cut is of answers only
	delay  time.Duration
	rate   float64 // bytes per second and direction of a connection; 0: as fast as it goes
	closed bool
}

// Start starts a proxy for an address. It ends when the test does.
func Start(t testing.TB, upstream string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("starting a proxy for %s: %v", upstream, err)
	}
	p := &Proxy{listener: l, upstream: upstream, open: map[net.Conn]bool{}}
	p.all.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// Address is where clients connect.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Cut lets nothing pass any more, in either direction, and closes nothing: what is
// sent waits, as in a network that sends again until it is healed.
func (p *Proxy) Cut() { p.cut(false) }

// Mute is Cut for what the address answers only: what clients send arrives.
func (p *Proxy) Mute() { p.cut(true) }

func (p *Proxy) cut(answers bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.healed == nil {
		p.healed = make(chan struct{})
	}
	p.muted = answers
}

// Heal ends a cut.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.healed != nil {
		close(p.healed)
		p.healed = nil
	}
}

// Break closes all connections; clients can connect again at once.
func (p *Proxy) Break() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
}

// Slow lets so many bytes per second pass in each direction of each connection; 0
// ends it.
func (p *Proxy) Slow(bytesPerSecond float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = bytesPerSecond
}

// Delay holds everything back for a time, in each direction.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

func (p *Proxy) close() {
	p.Heal()
	p.listener.Close()
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.Break()
	p.all.Wait()
}

func (p *Proxy) accept() {
	for {
		down, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.all.Go(func() { p.serve(down) })
	}
}

// serve forwards one connection until either side ends it.
func (p *Proxy) serve(down net.Conn) {
	defer down.Close()
	up, err := net.Dial("tcp", p.upstream)
	if err != nil {
		return
	}
	defer up.Close()
	if !p.keep(down, up) {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	var both sync.WaitGroup
	both.Go(func() { p.forward(ctx, cancel, up, down, false) })
	both.Go(func() { p.forward(ctx, cancel, down, up, true) })
	<-ctx.Done()
	down.Close()
	up.Close()
	both.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, down)
	delete(p.open, up)
}

// keep has Break close connections; false when the proxy has ended.
func (p *Proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.open[c] = true
	}
	return !p.closed
}

// piece is some bytes and when they came.
type piece struct {
	data []byte
	at   time.Time
}

// forward passes on what one side sends until that fails, then cancels. Answers tells
// whether that is what clients receive.
func (p *Proxy) forward(ctx context.Context, cancel context.CancelFunc, to, from net.Conn, answers bool) {
	defer cancel()
	pieces := make(chan piece, inFlight)
	go func() {
		defer close(pieces)
		for {
			data := make([]byte, chunk)
			n, err := from.Read(data)
			if n > 0 {
				select {
				case pieces <- piece{data[:n], time.Now()}:
				case <-ctx.Done():
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	for c := range pieces {
		if !p.hold(ctx, c, answers) {
			return
		}
		if _, err := to.Write(c.data); err != nil {
			return
		}
	}
}

// hold keeps a piece for as long as the faults say; false when its connection has
// ended meanwhile.
func (p *Proxy) hold(ctx context.Context, c piece, answers bool) bool {
	p.mu.Lock()
	until := c.at.Add(p.delay)
	if p.rate > 0 {
		passes := time.Duration(float64(len(c.data)) / p.rate * float64(time.Second))
		if slow := time.Now().Add(passes); slow.After(until) {
			until = slow
		}
	}
	p.mu.Unlock()
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Until(until)):
	}
	for {
		p.mu.Lock()
		healed := p.healed
		if p.muted && !answers {
			healed = nil
		}
		p.mu.Unlock()
		if healed == nil {
			return ctx.Err() == nil
		}
		select {
		case <-ctx.Done():
			return false
		case <-healed:
		}
	}
}
