package generator_test

import (
	"context"
	"fmt"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/internal/wire"
	"msklt/report"
)

const evenLoad = `
version: 1
name: even
topics:
  t: {partitions: 4}
producers:
  p:
    topic: t
    clients: 2
    rate: 1000/s
    key: {keys: 100}
    value: {size: 1000B}
phases:
  - {name: steady, duration: 20s}
`

// checkSpent holds the parts against what the response times say in another way: their
// mean times their number. The histogram has three digits, so that it may be 0.1 %
// off. Records that were given up wait no longer, and have their age at the end there.
func checkSpent(t *testing.T, r *report.Result) {
	t.Helper()
	if r.Totals.Failed > 0 {
		t.Errorf("%d records failed", r.Totals.Failed)
	}
	l := r.Latency.Response
	want := l.Mean / 1000 * float64(l.Count)
	if got := r.Spent.Total(); math.Abs(got-want) > 0.001*want {
		t.Errorf("the parts add up to %.3f record-seconds; the mean says %.3f", got, want)
	}
}

// injected is a run on the embedded cluster with something done to it.
type injected struct {
	text   string
	values map[limits.Name]float64
	rate   float64 // connection attempts per second of the run; 0 for no pace
	wrap   func(net.Conn) net.Conn
	during func(*embedded.Cluster) // beside the traffic
}

func (i injected) run(t *testing.T, check func(*testing.T, *report.Result)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := new(kfake.VirtualNetwork)
		l := limits.Limits{Profile: "test", Values: i.values, ConnectRate: i.rate}
		c, err := embedded.Start(t.Context(), embedded.Config{Brokers: 2, Listen: "127.0.0.1:9092", Limits: l, OnNetwork: network.Listen})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		dial := func(ctx context.Context, name, addr string) (net.Conn, error) {
			conn, err := network.DialContext(ctx, name, addr)
			if err == nil && i.wrap != nil {
				conn = i.wrap(conn)
			}
			return conn, err
		}
		var beside sync.WaitGroup
		if i.during != nil {
			beside.Go(func() { i.during(c) })
		}
		out, err := generator.Run(t.Context(), generator.Config{
			Scenario: parse(t, i.text), Limits: l, Dial: dial, Prefix: "msklt-x-",
			Target: report.Target{Kind: string(limits.EmbeddedCluster), Bootstrap: c.Bootstrap()},
		})
		if err != nil {
			t.Fatal(err)
		}
		beside.Wait()
		checkSpent(t, out.Result)
		check(t, out.Result)
	})
}

// slowSeconds checks that a cause has at least 90 % of every slow second, and that
// there are at least so many. By itself the load waits for no more than usual at any
// time; a second is slow when its records waited ten times that, so that all but the
// injected cause can have a tenth at most.
func slowSeconds(t *testing.T, r *report.Result, usual float64, atLeast int, cause func(report.Spent) float64) {
	t.Helper()
	n := 0
	for _, s := range r.Timeline {
		all := s.Spent.Total()
		if all < 10*usual {
			continue
		}
		if n++; cause(s.Spent) < 0.9*all {
			t.Errorf("second %d: %+v", s.Second, s.Spent)
		}
	}
	if n < atLeast {
		t.Errorf("%d slow seconds, want %d", n, atLeast)
	}
	all, others := r.Spent.Total(), r.Spent.Total()-cause(r.Spent)
	if others > max(usual*float64(len(r.Timeline)), 0.1*all) {
		t.Errorf("the whole run: %+v", r.Spent)
	}
}

func (i injected) on(t *testing.T, usual float64, atLeast int, cause func(report.Spent) float64) {
	t.Helper()
	i.run(t, func(t *testing.T, r *report.Result) { slowSeconds(t, r, usual, atLeast, cause) })
}

// TestVirtualSpent injects each cause into a load that by itself waits for linger
// only, 5 ms at most and so 5 records of 1,000 a second at any time.
func TestVirtualSpent(t *testing.T) {
	t.Parallel()
	const usual = 5.2 // with the wake-ups, which come up to 0.2 ms late
	throttle := func(s report.Spent) float64 { return s.Throttle }
	broker := func(s report.Spent) float64 { return s.Broker }
	network := func(s report.Spent) float64 { return s.Network }
	client := func(s report.Spent) float64 { return s.Client }
	after := func(d time.Duration, then func(*embedded.Cluster)) func(*embedded.Cluster) {
		return func(c *embedded.Cluster) { time.Sleep(d); then(c) }
	}
	t.Run("nothing", func(t *testing.T) {
		injected{text: evenLoad}.run(t, func(t *testing.T, r *report.Result) {
			for _, s := range r.Timeline {
				if s.Spent.Total() > usual || s.Spent.Client != s.Spent.Total() {
					t.Errorf("second %d: %+v", s.Second, s.Spent)
				}
			}
		})
	})
	t.Run("throttle", func(t *testing.T) {
		// A bit more than 1 MB/s, of which 600 kB/s may pass: the credit of at most 11 s
		// of that is used up within 17 s, as 11 × 600 kB = 17 × (1 MB − 600 kB).
		injected{text: evenLoad, values: map[limits.Name]float64{limits.ClusterIngress: 600e3}}.on(t, usual, 3, throttle)
	})
	t.Run("slow broker", func(t *testing.T) {
		injected{text: evenLoad, during: func(c *embedded.Cluster) { c.Delay(func() time.Duration { return 50 * time.Millisecond }) }}.on(t, usual, 19, broker)
	})
	t.Run("stalled broker", func(t *testing.T) {
		// 1,000/s wait from 6 s of traffic on: 500 record-seconds in one second, 1,500 in the next.
		injected{text: evenLoad, during: after(8*time.Second, func(c *embedded.Cluster) { c.Stall(2 * time.Second) })}.on(t, usual, 2, broker)
	})
	t.Run("lost answers", func(t *testing.T) {
		injected{text: evenLoad, during: after(8*time.Second, func(c *embedded.Cluster) { c.LoseAnswers(wire.Produce, 20) })}.on(t, usual, 1, broker)
	})
	t.Run("refused", func(t *testing.T) {
		injected{text: evenLoad, during: after(8*time.Second, func(c *embedded.Cluster) {
			c.Fail(wire.Produce, kerr.RequestTimedOut.Code, 20)
		})}.on(t, usual, 1, broker)
	})
	t.Run("slow ends of transactions", func(t *testing.T) {
		// A client has 1,000 records within 2 s: so it is from 2 s on, and then every 2 s
		// until 18 s, that it takes none for 1 s.
		settings := strings.Replace(evenLoad, "size: 1000B}", "size: 1000B}\n    settings: {transactions: {records: 1000}}", 1)
		injected{text: settings, during: func(c *embedded.Cluster) {
			c.Delay(func() time.Duration { return time.Second }, int16(kmsg.EndTxn))
		}}.on(t, usual, 9, broker)
	})
	t.Run("slow network", func(t *testing.T) {
		// Each of the 4 connections is to carry 250 kB/s and gets 200 kB/s through.
		injected{text: evenLoad, wrap: thin(200e3, nil)}.on(t, usual, 20, network)
	})
	t.Run("linger", func(t *testing.T) {
		settings := strings.Replace(evenLoad, "size: 1000B}", "size: 1000B}\n    settings: {linger: 500ms, batch: 1MiB}", 1)
		injected{text: settings}.on(t, usual, 19, client)
	})
}

const tenASecond = `
version: 1
name: ten-a-second
topics:
  t: {partitions: 1}
producers:
  p:
    topic: t
    rate: 10/s
    value: {size: 1000B}
phases:
  - {name: steady, duration: 20s}
`

// TestVirtualSpentExactly sends records one by one, so that what each waits for is
// known: 5 ms of linger, the delay of the cluster, the bytes on a thin network.
func TestVirtualSpentExactly(t *testing.T) {
	t.Parallel()
	const records, linger, delay, rate = 200, 0.005, 0.007, 100e3
	var passed atomic.Int64
	injected{
		text: tenASecond, wrap: thin(rate, &passed),
		during: func(c *embedded.Cluster) { c.Delay(func() time.Duration { return delay * 1e9 }) },
	}.run(t, func(t *testing.T, r *report.Result) {
		want := report.Spent{
			Client: records * linger, Broker: records * delay, Network: time.Duration(passed.Load()).Seconds(),
		}
		// A wake-up may come 0.2 ms late. The first bytes of an answer have come
		// before they are seen.
		got, late, unseen := r.Spent, records*0.0002, records*thinRead/rate
		if got.Throttle != 0 || math.Abs(got.Client-want.Client) > late ||
			math.Abs(got.Broker-want.Broker) > late+unseen || math.Abs(got.Network-want.Network) > late+unseen {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
}

// TestVirtualConnectPace holds that what a run's own pace of connecting costs is not the
// cluster's latency: clients connect before the traffic, and where they have to connect
// again during it, the run says that it was itself what kept the records.
func TestVirtualConnectPace(t *testing.T) {
	t.Parallel()
	const clients, rate = 40, 20
	crowd := strings.NewReplacer("clients: 2", fmt.Sprintf("clients: %d", clients), "1000/s", "400/s").Replace(evenLoad)
	t.Run("before", func(t *testing.T) {
		injected{text: crowd, rate: rate}.run(t, func(t *testing.T, r *report.Result) {
			// Linger alone is 5 ms, and a wake-up comes up to 0.2 ms late.
			if c := checkOf(t, r, "connect_pace"); c.Observed != 0 || !r.Validity.Valid || r.Latency.Response.Max > 5.3 {
				t.Errorf("%+v, %+v, response %+v", c, r.Validity, r.Latency.Response)
			}
		})
	})
	t.Run("during", func(t *testing.T) {
		again := func(c *embedded.Cluster) {
			time.Sleep(15 * time.Second) // the 160 connections and more have taken half of that
			c.HangUp(0)
			c.HangUp(1)
		}
		injected{text: crowd, rate: rate, during: again}.run(t, func(t *testing.T, r *report.Result) {
			c := checkOf(t, r, "connect_pace")
			if c.Observed < 0.9 || r.Validity.Valid || r.Validity.Reasons[0].Check != "connect_pace" || r.Spent.Client < 0.9*r.Spent.Total() {
				t.Errorf("%+v, %+v, %+v", c, r.Validity, r.Spent)
			}
		})
	})
}

// TestVirtualEvents does to the cluster what a user must see: one event for all
// connections that a broker loses, one when it is back, one for all leaders that
// move, and none for the ends of the run's own connections.
func TestVirtualEvents(t *testing.T) {
	t.Parallel()
	injected{text: evenLoad, during: func(c *embedded.Cluster) {
		time.Sleep(6 * time.Second)
		c.Down(1)
		time.Sleep(3 * time.Second)
		if err := c.Up(1); err != nil {
			t.Error(err)
		}
		time.Sleep(3 * time.Second)
		if err := c.MoveLeader("msklt-x-t", 0, 1); err != nil {
			t.Error(err)
		}
	}}.run(t, func(t *testing.T, r *report.Result) {
		if r.Totals.Acked != 20_000 {
			t.Errorf("%d acked", r.Totals.Acked)
		}
		var got []string
		for _, e := range r.Events {
			if e.Kind != "error" {
				got = append(got, fmt.Sprintf("%s at %d s: %s", e.Kind, int(math.Round(e.At)), e.Text))
			}
		}
		want := []string{
			"disconnected at 5 s: broker 1: 2 connections lost, closed by the other side",
			"leader_moved at 5 s: t/1, t/3: broker 1 → 0",
			"reconnected at 8 s: broker 1: answers again after 3.0 s",
			"leader_moved at 8 s: t/1, t/3: broker 0 → 1",
			"leader_moved at 11 s: t/0: broker 0 → 1",
		}
		slices.Sort(got) // what happens at one instant has no order
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("events\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// thinConn lets so many bytes a second through, each way, from the first produce
// request on: a client that is setting up a connection holds a lock, and virtual time
// does not pass for those that wait for it.
type thinConn struct {
	net.Conn
	rate     float64
	passed   *atomic.Int64 // time that bytes took, in nanoseconds; nil where nobody asks
	produces atomic.Bool
}

func thin(rate float64, passed *atomic.Int64) func(net.Conn) net.Conn {
	return func(c net.Conn) net.Conn { return &thinConn{Conn: c, rate: rate, passed: passed} }
}

// What is sent and read at a time. A reader sees the first bytes of an answer when
// they have all passed.
const (
	thinPiece = 1000
	thinRead  = 4
)

func (c *thinConn) Write(p []byte) (n int, err error) {
	if len(p) > 6 && p[4] == 0 && p[5] == 0 {
		c.produces.Store(true)
	}
	for len(p) > 0 && err == nil {
		var m int
		piece := p[:min(thinPiece, len(p))]
		c.pass(len(piece))
		m, err = c.Conn.Write(piece)
		n, p = n+m, p[m:]
	}
	return n, err
}

func (c *thinConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(thinRead, len(p))])
	c.pass(n)
	return n, err
}

func (c *thinConn) pass(n int) {
	if !c.produces.Load() {
		return
	}
	d := time.Duration(float64(n) / c.rate * 1e9)
	if c.passed != nil {
		c.passed.Add(int64(d))
	}
	time.Sleep(d)
}
