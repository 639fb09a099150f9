package generator_test

import (
	"context"
	"io"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/kafkatest/need"
	"msklt/internal/limits"
	"msklt/report"
)

// onSockets is injected.run on loopback, through what dial returns; nil is straight.
func onSockets(t *testing.T, text string, dial func(context.Context, string, string) (net.Conn, error), during func(*embedded.Cluster)) *report.Result {
	t.Helper()
	c, err := embedded.Start(t.Context(), embedded.Config{Brokers: 2, Limits: limits.Limits{Profile: "none"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if during != nil {
		go during(c)
	}
	out, err := generator.Run(t.Context(), generator.Config{
		Scenario: parse(t, text), Limits: limits.Limits{Profile: "none"}, Dial: dial,
		Target: report.Target{Kind: string(limits.EmbeddedCluster), Bootstrap: c.Bootstrap()},
	})
	if err != nil {
		t.Fatal(err)
	}
	checkSpent(t, out.Result)
	return out.Result
}

// TestRealTimeSpent injects a slow broker, one that stalls, and a slow network on real
// sockets. What the client takes depends on how busy this machine is; of the rest, at
// least 90 % goes to what was injected.
func TestRealTimeSpent(t *testing.T) {
	need.Require(t, need.RealTime())
	text := strings.Replace(evenLoad, "20s", "6s", 1)
	// Through a relay a slow network shows only in requests that are much larger than
	// what its kernel takes: some 8 kB.
	large := strings.NewReplacer("size: 1000B}", "size: 1000B}\n    settings: {linger: 500ms, batch: 512KiB}", "20s", "6s").Replace(evenLoad)
	for name, c := range map[string]struct {
		text   string
		dial   func(context.Context, string, string) (net.Conn, error)
		during func(*embedded.Cluster)
		least  float64 // record-seconds that the injected cause adds at least
		cause  func(report.Spent) float64
	}{
		"slow broker": { // 6,000 records, 50 ms each
			text:   text,
			during: func(c *embedded.Cluster) { c.Delay(func() time.Duration { return 50 * time.Millisecond }) },
			least:  300, cause: func(s report.Spent) float64 { return s.Broker },
		},
		"stalled broker": { // 1,000 a second, for 2 s
			text:   text,
			during: func(c *embedded.Cluster) { time.Sleep(4 * time.Second); c.Stall(2 * time.Second) },
			least:  0.5 * 1000 * 2 * 2, cause: func(s report.Spent) float64 { return s.Broker },
		},
		"slow network": { // 4 × 200 of 1,000 kB/s, for 6 s; what is behind then is not counted
			text: large, dial: thinPipe(200e3),
			least: 0.5 * 200 * 6 * 6, cause: func(s report.Spent) float64 { return s.Network },
		},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "slow network" && runtime.GOOS != "linux" {
				t.Skip("only Linux tells what its kernel holds back")
			}
			r := onSockets(t, c.text, c.dial, c.during)
			t.Logf("%+v", r.Spent)
			if got := c.cause(r.Spent); got < 0.9*(r.Spent.Total()-r.Spent.Client) || got < 0.9*c.least {
				t.Errorf("%+v, want at least %.0f record-seconds", r.Spent, c.least)
			}
		})
	}
}

// thinPipe dials through a relay that reads so many bytes a second, and whose
// kernel takes few more beforehand.
func thinPipe(rate float64) func(context.Context, string, string) (net.Conn, error) {
	small := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
	}}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		l, err := small.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		go func() {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", addr)
			if err != nil {
				near.Close()
				return
			}
			go func() { _, _ = io.Copy(near, far); near.Close() }()
			defer far.Close()
			piece := make([]byte, 1000)
			for {
				n, err := near.Read(piece)
				if err != nil {
					return
				}
				time.Sleep(time.Duration(float64(n) / rate * 1e9))
				if _, err := far.Write(piece[:n]); err != nil {
					return
				}
			}
		}()
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	}
}
