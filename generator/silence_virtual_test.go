package generator_test

import (
	"context"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/faulttable"
	"msklt/report"
)

// silence is a network that loses everything from one time to another, counted
// from the first connection, and closes nothing. A connection that has lost
// something stays dead, as one whose state a firewall has forgotten.
type silence struct {
	from, to time.Duration // to 0: for ever
	began    sync.Once
	start    time.Time
}

func (s *silence) wrap(c net.Conn) net.Conn {
	s.began.Do(func() { s.start = time.Now() })
	return &deadConn{Conn: c, in: s}
}

func (s *silence) now() bool {
	since := time.Since(s.start)
	return since >= s.from && (s.to == 0 || since < s.to)
}

type deadConn struct {
	net.Conn
	in   *silence
	mu   sync.Mutex
	dead bool
}

func (c *deadConn) lost() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead = c.dead || c.in.now()
	return c.dead
}

func (c *deadConn) Write(p []byte) (int, error) {
	if c.lost() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func (c *deadConn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err != nil || !c.lost() {
			return n, err
		}
	}
}

// quietLoad has no group: franz-go commits under a lock, and waiting for that in a
// silent network stops the clock of testing/synctest.
const quietLoad = `
version: 1
name: silence
topics:
  t: {partitions: 4}
producers:
  p: {topic: t, clients: 2, rate: 200/s, key: {keys: 100}, value: {size: 100B}}
phases:
  - {name: steady, duration: 60s}
`

// TestVirtualNetworkSilent loses everything for 30 s, which connections take for
// dead after 20 s at most, and for the rest of the run.
func TestVirtualNetworkSilent(t *testing.T) {
	t.Parallel()
	t.Run("for a while", func(t *testing.T) {
		s := &silence{from: 15 * time.Second, to: 45 * time.Second}
		onVirtualNetwork(t, parse(t, quietLoad), nil, 0, s.wrap, func(t *testing.T, out *generator.Output, _ []embedded.Row) {
			r := out.Result
			if n := r.Totals; !r.Validity.Valid || n.Acked != 12_000 || n.LogEndDelta != n.Acked {
				t.Errorf("%+v, %+v", n, r.Validity.Reasons)
			}
			// Until then, and the time-out of what was sent just before: 20 s for an
			// answer, 10 s for a new connection's first.
			if l := r.Latency.Response; l.Max < 30_000 || l.Max > 45_000 {
				t.Errorf("response times of up to %.0f ms", l.Max)
			}
			faulttable.Check(t, "../docs/method.md", faulttable.Row{
				Fault: "network silent for 30 s", Target: "embedded",
				Shown: "no answers; connections that time out; response times of 30 s", Records: "all acked, none twice", Exit: "0",
			})
		})
	})
	t.Run("to the end", func(t *testing.T) {
		s := &silence{from: 40 * time.Second}
		synctest.Test(t, func(t *testing.T) {
			network := new(kfake.VirtualNetwork)
			c, err := embedded.Start(t.Context(), embedded.Config{Brokers: 2, Listen: "127.0.0.1:9092", OnNetwork: network.Listen})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			began := time.Now()
			out, err := generator.Run(t.Context(), generator.Config{
				Scenario: parse(t, quietLoad), Target: report.Target{Bootstrap: c.Bootstrap()},
				Dial: func(ctx context.Context, name, addr string) (net.Conn, error) {
					conn, err := network.DialContext(ctx, name, addr)
					if err == nil {
						conn = s.wrap(conn)
					}
					return conn, err
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			checkSilentEnd(t, out, time.Since(began))
		})
	})
}

// checkSilentEnd holds a minute of traffic whose network was lost after two thirds
// against what is known of it.
func checkSilentEnd(t *testing.T, out *generator.Output, took time.Duration) {
	t.Helper()
	r := out.Result
	n := r.Totals
	// Traffic begins up to 2 s after the first connection. What was intended since
	// then is not acknowledged, but for a linger and the two clients' last batches.
	if n.Scheduled != 12_000 || n.Sent != n.Acked+n.Failed || n.Unsent != 0 || n.Acked < 38*200-10 || n.Acked > 40*200 || n.LogEndKnown {
		t.Errorf("%+v", n)
	}
	// Seconds in which nothing came have rows, too: a mean over them would else be too high.
	rows, acked := 0, int64(0)
	for row := range out.Series {
		rows++
		acked += row.AckedRecords
	}
	if want := 4 * len(r.Timeline); rows != want || acked != n.Acked || len(r.Timeline) < 60 {
		t.Errorf("%d rows with %d records, want %d with %d", rows, acked, want, n.Acked)
	}
	l := r.Latency.Response
	if l.Count != n.Scheduled || l.Censored != n.Failed || !l.P90Censored || !l.MaxCensored {
		t.Errorf("%+v", l)
	}
	// All were handed at once, so that the client and the cluster had them all this time.
	checkParts(t, r)
	if s := r.Latency.Service; !s.P90Censored || math.Abs(l.Max-s.Max) > 1+l.Max/1000 {
		t.Errorf("response %+v, service %+v", l, s)
	}
	// The oldest waited from then to the end of the drain and of the abort.
	if want := 1000 * (r.DurationSeconds - 40); l.Max < want || l.Max > want+2100 {
		t.Errorf("response times of up to %.0f ms, want %.0f", l.Max, want)
	}
	if len(r.Validity.Reasons) != 1 || r.Validity.Reasons[0].Check != "log_end_known" || out.Left == nil {
		t.Errorf("invalid for %+v, left %v", r.Validity.Reasons, out.Left)
	}
	says := func(where, text string) {
		if !slices.ContainsFunc(r.Errors, func(e report.ErrorCount) bool { return e.Where == where && strings.Contains(e.Error, text) }) {
			t.Errorf("no error of %s says %q: %+v", where, text, r.Errors)
		}
	}
	says("produce", "not acknowledged 60s after the traffic ended") // none was left that had not been sent
	says("drain", "requests in flight were not answered 60s after the traffic ended")
	says("offsets", "reading topic")
	// Half a minute each for the drain, for requests in flight, for offsets and for the
	// removal, and one request more after each of the last two.
	if most := time.Minute + 4*30*time.Second + 2*20*time.Second; took > most {
		t.Errorf("the run took %s, more than %s", took, most)
	}
	t.Logf("the run took %s: %+v", took, n)
	faulttable.Check(t, "../docs/method.md", faulttable.Row{
		Fault: "network silent to the end", Target: "embedded",
		Shown: "no answers from then on; errors of connect, produce, drain and offsets", Records: "acked until then; the rest failed, censored; log ends not known", Exit: "4, not reconciled",
	})
}

// TestVirtualLeaveSilence interrupts a run whose network has gone silent, once and
// twice: it says for how long its records were awaited, and that this was cut short.
func TestVirtualLeaveSilence(t *testing.T) {
	t.Parallel()
	const interrupted = 20 * time.Second // since before the run
	for _, test := range []struct {
		name   string
		leave  time.Duration // after the interrupt; 0 for never
		waited string
	}{
		{"once", 0, "35s"}, // the drain, and what an interrupt leaves each later step
		{"twice in the drain", 4 * time.Second, "4s"},
		{"twice, later", 32 * time.Second, "32s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := new(kfake.VirtualNetwork)
				c, err := embedded.Start(t.Context(), embedded.Config{Brokers: 2, Listen: "127.0.0.1:9092", OnNetwork: network.Listen})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				ctx, interrupt := context.WithCancel(t.Context())
				defer interrupt()
				leave, insist := context.WithCancel(t.Context())
				defer insist()
				time.AfterFunc(interrupted, interrupt)
				if test.leave > 0 {
					time.AfterFunc(interrupted+test.leave, insist)
				}
				s := &silence{from: 10 * time.Second}
				out, err := generator.Run(ctx, generator.Config{
					Scenario: parse(t, quietLoad), Target: report.Target{Bootstrap: c.Bootstrap()}, Leave: leave,
					Dial: func(ctx context.Context, name, addr string) (net.Conn, error) {
						conn, err := network.DialContext(ctx, name, addr)
						if err == nil {
							conn = s.wrap(conn)
						}
						return conn, err
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				checkCutShort(t, out.Result, test.waited)
			})
		})
	}
}

// checkCutShort holds that all records that failed are said to have been awaited so long.
func checkCutShort(t *testing.T, r *report.Result, waited string) {
	t.Helper()
	var failed int64
	for _, e := range r.Errors {
		switch {
		case e.Where == "produce":
			failed += e.Count
			if want := "not acknowledged " + waited + " after the traffic ended, when an interrupt cut the wait short"; e.Error != want {
				t.Errorf("%q, want %q", e.Error, want)
			}
		case e.Where == "drain" && e.Error != "requests in flight were not answered "+waited+" after the traffic ended, when an interrupt cut the wait short":
			t.Errorf("%q", e.Error)
		}
	}
	if failed == 0 || failed != r.Totals.Failed {
		t.Errorf("%d records in the errors, %d failed", failed, r.Totals.Failed)
	}
}
