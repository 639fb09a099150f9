package generator

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"msklt/internal/wire"
	"msklt/report"
)

// TestWaits follows three batches of one client by hand. A request of 10 records
// leaves 100 ms after they were intended, takes 50 ms to write and comes back after
// another 500 ms, with a throttle of 2 s. One of 4 records is intended 200 ms into the
// throttle and leaves when it ends; its answer refuses it, so that it is sent again 1 s
// later, to be taken at once.
func TestWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWaits(time.Now(), 0, 5)
		sleep := func(ms int) { time.Sleep(time.Duration(ms) * time.Millisecond) }
		lot := func(records float64, at int) []batch {
			d := time.Duration(at) * time.Millisecond
			return []batch{{partition: 3, records: records, first: d, last: d}}
		}
		begin := func(x *exchange) {
			w.change("a:1", func(l *lane, now time.Duration) { l.begin(x, now) })
		}
		through := func(x *exchange) { w.change("a:1", func(l *lane, _ time.Duration) { l.through(x) }) }
		first := &exchange{key: wire.Produce, batches: lot(10, 0), throttle: 2 * time.Second}
		w.change("a:1", func(*lane, time.Duration) {}) // connected
		sleep(100)
		begin(first)
		sleep(50)
		through(first)
		sleep(500)
		w.answered("a:1", first)
		sleep(2000)
		second := &exchange{key: wire.Produce, batches: lot(4, 850), refused: []int{3}}
		begin(second)
		through(second)
		w.answered("a:1", second)
		sleep(1000)
		again := &exchange{key: wire.Produce, batches: lot(4, 850)}
		begin(again)
		through(again)
		w.answered("a:1", again)
		var got parts
		for _, s := range w.seconds {
			got = parts{got.throttle + s.throttle, got.broker + s.broker, got.network + s.network, got.client + s.client, got.pace + s.pace}
		}
		want := parts{throttle: 4 * 1.8, broker: 10*0.5 + 4*1.0, network: 10 * 0.05, client: 10 * 0.1}
		if got = got.times(1e-9); math.Abs(got.throttle-want.throttle) > 1e-6 || math.Abs(got.broker-want.broker) > 1e-6 ||
			math.Abs(got.network-want.network) > 1e-6 || math.Abs(got.client-want.client) > 1e-6 {
			t.Errorf("%+v, want %+v", got, want)
		}
		if len(w.refused) != 0 {
			t.Errorf("still refused: %v", w.refused)
		}
	})
}

// TestTaken has a client that is full from 1 s on, with records of up to 2 s handed by
// 5 s, and none left at 6 s.
func TestTaken(t *testing.T) {
	w := newWaits(time.Now(), 0, 5)
	for _, f := range []front{{time.Second, time.Second}, {5 * time.Second, 2 * time.Second}, {6 * time.Second, 6 * time.Second}} {
		w.full(f.at, f.intended)
	}
	for intended, want := range map[time.Duration]time.Duration{
		500 * time.Millisecond: 500 * time.Millisecond, 1500 * time.Millisecond: 3 * time.Second,
		4 * time.Second: 5500 * time.Millisecond, 7 * time.Second: 7 * time.Second,
	} {
		if got := w.taken(intended); got != want {
			t.Errorf("a record of %v was taken at %v, want %v", intended, got, want)
		}
	}
}

// TestIntegral holds the sums by second against each record's own time, for records
// drawn at random: those that end, and those that still wait when the run is over.
func TestIntegral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		over := time.Duration(rapid.Int64Range(1, int64(5*time.Second)).Draw(t, "over"))
		sojourns := make([]sojourn, 6)
		want := make([]float64, len(sojourns))
		for range rapid.IntRange(0, 20).Draw(t, "records") {
			begin := time.Duration(rapid.Int64Range(0, int64(over)).Draw(t, "begin"))
			end := over
			sojourns[begin/time.Second].begin(begin, 1)
			if rapid.Bool().Draw(t, "ends") {
				end = time.Duration(rapid.Int64Range(int64(begin), int64(over)).Draw(t, "end"))
				sojourns[end/time.Second].end(end)
			}
			for s := range want {
				from := time.Duration(s) * time.Second
				want[s] += max(0, min(end, from+time.Second)-max(begin, from)).Seconds()
			}
		}
		var i integral
		for s, sojourn := range sojourns {
			if got := i.add(sojourn, over-time.Duration(s)*time.Second); math.Abs(got-want[s]) > 1e-9 {
				t.Fatalf("second %d: %v record-seconds, want %v", s, got, want[s])
			}
		}
	})
}

// TestShare splits 10 record-seconds, of which 2 were late, in a second of which this
// process stood still for a quarter: 2 and a quarter of 8 are the client's, and the
// other 6 go as what was seen.
func TestShare(t *testing.T) {
	got := share(parts{throttle: 3, broker: 2, network: 1}, 10, 2, 0.25)
	if want := (parts{throttle: 3, broker: 2, network: 1, client: 4}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	var sum report.Spent
	add(&sum, got)
	if sum != (report.Spent{Throttle: 3, Broker: 2, Network: 1, Client: 4}) {
		t.Errorf("%+v", sum)
	}
}

func TestStuck(t *testing.T) {
	for _, c := range []struct {
		name   string
		p      path
		behind int64
		want   bool
	}{
		{"all delivered", path{}, 0, false},
		{"getting through", path{unsent: 500}, 0, true},
		{"only later requests wait", path{unsent: 500}, 500, false},
		{"nothing is taken", path{unsent: 500, still: patience}, 0, false},
		{"lost", path{repeated: true, still: patience}, 0, true},
	} {
		if got := c.p.stuck(c.behind); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	p := path{taken: 10}
	for range 3 {
		p = path{taken: 10}.since(p)
	}
	if p.still != 3 || (path{taken: 11}).since(p).still != 0 {
		t.Errorf("%+v", p)
	}
}

// TestVirtualUnsettled holds what a client waited for of which nothing was acknowledged:
// its broker, while a connection gets no answer or none comes about beside others.
func TestVirtualUnsettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWaits(time.Now(), 0, idempotentWindow)
		if got := w.unsettled(); got != (parts{client: 1}) {
			t.Errorf("%+v where nothing was tried", got)
		}
		does := func(addr string, what func(l *lane), lasts time.Duration) {
			w.change(addr, func(l *lane, _ time.Duration) { what(l) })
			time.Sleep(lasts)
		}
		does("b:2", func(l *lane) { l.pacing++ }, 0) // for 7 s: b:1 is the busier one
		does("b:1", func(l *lane) { l.dialling++ }, time.Second)
		does("b:1", func(l *lane) { l.dialling--; l.greeting++ }, 6*time.Second)
		does("b:2", func(l *lane) { l.pacing-- }, 0)
		does("b:1", func(l *lane) { l.greeting--; l.refused, l.crowded = true, true }, 2*time.Second)
		does("b:1", func(l *lane) { l.dialling++ }, 3*time.Second)
		does("b:1", func(l *lane) { l.dialling--; l.refused, l.crowded = false, false }, 5*time.Second)
		want := parts{broker: float64(11 * time.Second), network: float64(time.Second), client: float64(5 * time.Second)}
		if got := w.unsettled(); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
}
