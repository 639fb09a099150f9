package generator_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/report"
)

// checkOf finds a check of the instrument by its name.
func checkOf(t *testing.T, r *report.Result, name string) report.Reason {
	t.Helper()
	for _, c := range r.Validity.Checks {
		if c.Check == name {
			return c
		}
	}
	t.Fatalf("no check %q among %+v", name, r.Validity.Checks)
	return report.Reason{}
}

// TestVirtualInstrumentSilent overloads a partition for a minute: clients are full
// nearly all the time and half of the records never leave, and none of it is the
// instrument's doing. Its lag stays that of a run that fits.
func TestVirtualInstrumentSilent(t *testing.T) {
	inVirtualTime(t, hotPartition, map[limits.Name]float64{limits.PartitionIngress: 1e6}, 0, func(t *testing.T, out *generator.Output, _ []embedded.Row) {
		r := out.Result
		if !r.Validity.Valid || r.Throttle.Share < 0.1 || r.Latency.ClientWait.P99 < 1000 || r.Totals.Unsent < r.Totals.Scheduled/4 {
			t.Errorf("%+v; throttled %g, waits of %g ms, %d unsent", r.Validity.Reasons, r.Throttle.Share, r.Latency.ClientWait.P99, r.Totals.Unsent)
		}
		if full := checkOf(t, r, "full_without_push_back"); full.Observed != 0 {
			t.Errorf("full without push-back: %+v", full)
		}
		// A full client is tried again after a millisecond.
		if lag := checkOf(t, r, "lag"); lag.Observed > 1.001 || lag.Observed != r.Latency.Lag.P99 {
			t.Errorf("lag: %+v", lag)
		}
		if offered := checkOf(t, r, "offered"); offered.Observed != 1 {
			t.Errorf("offered: %+v", offered)
		}
		for _, name := range []string{"scheduler_latency", "gc", "cpu", "cgroup_throttled"} {
			if c := checkOf(t, r, name); !c.Unknown {
				t.Errorf("known in virtual time: %+v", c)
			}
		}
	})
}

// TestVirtualFullClient has two fleets. One is throttled, the other has a buffer that
// its linger leaves too small for its rate: only that is the client's doing, and it
// is found in spite of the throttle.
func TestVirtualFullClient(t *testing.T) {
	text := `
version: 1
name: full
topics: {hot: {partitions: 1}, wide: {partitions: 20}}
producers:
  pushed: {topic: hot, rate: 1MB/s, value: {size: 1000B}, settings: {buffer: 1MiB}}
  small: {topic: wide, rate: {steps: [{rate: 400kB/s, for: 1s}, {rate: 400kB/s}]}, partition: round-robin, value: {size: 1000B}, settings: {buffer: 200KB, batch: 64KiB, linger: 1s}}
phases: [{name: warm-up, duration: 5s, measure: false}, {name: steady, duration: 40s}]
`
	for name, limit := range map[string]map[limits.Name]float64{
		"throttled":     {limits.PartitionIngress: 500e3},
		"not throttled": nil,
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, text, limit, 0, func(t *testing.T, out *generator.Output, _ []embedded.Row) {
				r := out.Result
				full := checkOf(t, r, "full_without_push_back")
				// It takes at most 4/3 of 200 kB in each linger (see TestVirtualReach), so it is
				// behind from the start, but for the 100 ms that it may be.
				if r.Validity.Valid || full.Observed < 0.95 || !strings.Contains(full.Message, "fleet small") {
					t.Errorf("valid %v, %+v", r.Validity.Valid, full)
				}
				if throttled := limit != nil; (r.Throttle.Share > 0) != throttled {
					t.Errorf("throttled %g", r.Throttle.Share)
				}
				if len(r.Validity.Reasons) != 1 {
					t.Errorf("also %+v", r.Validity.Reasons)
				}
			})
		})
	}
}

// lateConn answers late: what is read comes by d after it would.
type lateConn struct {
	net.Conn
	d    time.Duration
	late chan piece
	rest []byte
	err  error
}

type piece struct {
	data []byte
	at   time.Time
	err  error
}

func newLateConn(c net.Conn, d time.Duration) net.Conn {
	s := &lateConn{Conn: c, d: d, late: make(chan piece, 1<<16)}
	go func() {
		defer close(s.late)
		for {
			buf := make([]byte, 64<<10)
			n, err := c.Read(buf)
			s.late <- piece{buf[:n], time.Now().Add(d), err}
			if err != nil {
				return
			}
		}
	}()
	return s
}

func (s *lateConn) Read(p []byte) (int, error) {
	for len(s.rest) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		next, ok := <-s.late
		if !ok {
			return 0, io.EOF
		}
		time.Sleep(time.Until(next.at))
		s.rest, s.err = next.data, next.err
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// TestVirtualSlowCluster holds whose doing it is that a client of 200 kB is full: of a
// cluster that takes 150 ms to answer, or of the client where 20 ms pass, with which
// it cannot have its rate in flight.
func TestVirtualSlowCluster(t *testing.T) {
	text := func(rate string) string {
		return fmt.Sprintf(`
version: 1
name: slow
topics: {t: {partitions: 4}}
producers:
  p: {topic: t, rate: %s, key: {keys: 1000}, value: {size: 1000B}, settings: {buffer: 200KB}}
phases: [{name: warm-up, duration: 2s, measure: false}, {name: steady, duration: 20s}]
`, rate)
	}
	for name, c := range map[string]struct {
		answer time.Duration
		rate   string
		client bool // it is the client's doing
	}{
		"the cluster's": {150 * time.Millisecond, "5MB/s", false},
		"the client's":  {20 * time.Millisecond, "15MB/s", true},
		"nobody's":      {20 * time.Millisecond, "2MB/s", false},
	} {
		t.Run(name, func(t *testing.T) {
			wrap := func(conn net.Conn) net.Conn { return newLateConn(conn, c.answer) }
			onVirtualNetwork(t, parse(t, text(c.rate)), nil, 0, wrap, func(t *testing.T, out *generator.Output, _ []embedded.Row) {
				r := out.Result
				full := checkOf(t, r, "full_without_push_back")
				if r.Validity.Valid == c.client || full.Observed > 0 != c.client || c.client && full.Observed < 0.95 {
					t.Errorf("%+v, reasons %+v", full, r.Validity.Reasons)
				}
				if waits := r.Latency.ClientWait.P99 > 1000; waits != (name != "nobody's") {
					t.Errorf("waits of %g ms", r.Latency.ClientWait.P99)
				}
			})
		})
	}
}
