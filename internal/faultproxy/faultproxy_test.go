package faultproxy

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// echo returns a connection through a proxy to a server that sends back what it
// gets.
func echo(t *testing.T) (*Proxy, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); _, _ = io.Copy(c, c) }()
		}
	}()
	p := Start(t, l.Addr().String())
	c, err := net.Dial("tcp", p.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return p, c
}

// thereAndBack sends some bytes and returns how long they took.
func thereAndBack(t *testing.T, c net.Conn, n int) time.Duration {
	t.Helper()
	begin := time.Now()
	go func() { _, _ = c.Write(make([]byte, n)) }()
	if _, err := io.ReadFull(c, make([]byte, n)); err != nil {
		t.Fatal(err)
	}
	return time.Since(begin)
}

// TestFaults holds each fault against what it takes at least.
func TestFaults(t *testing.T) {
	p, c := echo(t)
	thereAndBack(t, c, 10)
	p.Delay(30 * time.Millisecond)
	// The second piece is delayed beside the first, not after it.
	if took := thereAndBack(t, c, 2*chunk); took < 60*time.Millisecond {
		t.Errorf("delayed by 30 ms each way, it took %s", took)
	}
	p.Delay(0)
	p.Slow(200_000)
	if took := thereAndBack(t, c, 20_000); took < 100*time.Millisecond {
		t.Errorf("20 kB at 200 kB/s took %s", took)
	}
	p.Slow(0)
	for _, cut := range []func(){p.Cut, p.Mute} {
		holds(t, p, c, cut)
	}
	p.Break()
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("a broken connection goes on")
	}
	again, err := net.Dial("tcp", p.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	thereAndBack(t, again, 10)
}

// holds sends something through a cut, which must wait until that is healed.
func holds(t *testing.T, p *Proxy, c net.Conn, cut func()) {
	t.Helper()
	cut()
	if _, err := c.Write([]byte("held")); err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if n, err := c.Read(got); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("through a cut came %q, %v", got[:n], err)
	}
	p.Heal()
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "held" {
		t.Errorf("after the cut came %q, %v", got, err)
	}
}
