package generator_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/report"
)

const committing = `
version: 1
name: transactions
topics:
  t: {partitions: 3}
producers:
  p:
    topic: t
    clients: 2
    rate: %s
    key: {keys: 100}
    value: {size: 100B}
    settings: {transactions: {records: %d, aborted: %s}}
consumers:
  g: {topics: [t], clients: 2}
phases:
  - {name: steady, duration: 20s}
`

// logs are the truth's rows of the logs, by the scenario's topic and partition.
func logs(truth []embedded.Row) map[string]embedded.Row {
	out := map[string]embedded.Row{}
	for _, row := range truth {
		if row.Scope == "log" {
			out[fmt.Sprintf("%s/%d", row.Topic[len("msklt-xxxxxxxxxxxx-"):], row.Partition)] = row
		}
	}
	return out
}

// checkLogs holds acknowledged records, markers and log ends against the truth,
// and what the groups read against the log.
func checkLogs(t *testing.T, r *report.Result, truth []embedded.Row) {
	t.Helper()
	if !r.Validity.Valid {
		t.Errorf("invalid: %+v", r.Validity.Reasons)
	}
	n := r.Totals
	if n.Scheduled != n.Sent+n.Unsent || n.Sent != n.Acked+n.Failed || n.Acked+n.Markers != n.LogEndDelta {
		t.Errorf("counts do not add up: %+v", n)
	}
	rows := logs(truth)
	if len(rows) != len(r.Partitions) {
		t.Errorf("%d partitions, the truth has %d", len(r.Partitions), len(rows))
	}
	for _, p := range r.Partitions {
		row, ok := rows[fmt.Sprintf("%s/%d", p.Topic, p.Partition)]
		if !ok || p.AckedRecords != row.RecordsIn || p.Markers != row.LogEnd-row.RecordsIn || p.LogEndDelta != row.LogEnd {
			t.Errorf("%s/%d: %d acked, %d markers, log-end delta %d; the truth has %d records up to %d", p.Topic, p.Partition, p.AckedRecords, p.Markers, p.LogEndDelta, row.RecordsIn, row.LogEnd)
		}
	}
	for _, g := range r.Groups {
		if g.Consumed+g.Skipped+g.Expired != g.LogEndDelta || g.Unread != 0 || g.Duplicates != 0 {
			t.Errorf("group %s: %+v", g.Name, g)
		}
	}
	for _, e := range r.Errors {
		t.Errorf("error: %+v", e)
	}
}

// TestVirtualTransactions accounts for every offset: records that a group reads,
// committed or not, and the marker that each transaction leaves in each partition
// that it wrote to.
func TestVirtualTransactions(t *testing.T) {
	t.Parallel()
	for _, aborted := range []string{"0%", "20%", "100%"} {
		t.Run(aborted, func(t *testing.T) {
			inVirtualTime(t, fmt.Sprintf(committing, "401/s", 10, aborted), nil, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
				r := out.Result
				checkLogs(t, r, truth)
				n := r.Fleets[0].Transactions
				// Each of two clients has a transaction of 10 records 20.05 times a second;
				// its last one is not full.
				if want := int64(2 * math.Ceil(401*20/2/10.0)); n.Committed+n.Aborted != want || n.Unknown != 0 {
					t.Errorf("%+v, want %d transactions", n, want)
				}
				share := float64(n.Aborted) / float64(n.Committed+n.Aborted)
				var want float64
				fmt.Sscanf(aborted, "%f%%", &want)
				if off := 4 * math.Sqrt(want/100*(1-want/100)/802); math.Abs(share-want/100) > off {
					t.Errorf("%.3f of the transactions aborted, want %s within %.3f", share, aborted, off)
				}
				if r.Totals.Markers < 802 || r.Totals.Markers > 3*802 || r.Totals.Skipped != r.Totals.Markers || r.Totals.Consumed != r.Totals.Acked {
					t.Errorf("totals %+v", r.Totals)
				}
				// While a transaction ends, the schedule is attempted as ever.
				if r.Latency.Lag.Max > 0.201 {
					t.Errorf("lag of %.3f ms in virtual time", r.Latency.Lag.Max)
				}
			})
		})
	}
}

// TestVirtualTransactionsAlike draws the same transactions for abortion each time.
func TestVirtualTransactionsAlike(t *testing.T) {
	t.Parallel()
	var first report.Transactions
	for i := range 2 {
		inVirtualTime(t, fmt.Sprintf(committing, "201/s", 10, "20%"), nil, 0, func(t *testing.T, out *generator.Output, _ []embedded.Row) {
			n := *out.Result.Fleets[0].Transactions
			if i > 0 && n != first {
				t.Errorf("%+v, before it was %+v", n, first)
			}
			first = n
		})
	}
}

// TestVirtualTransactionsAtMax has no schedule, and a partition that throttles: the
// clients fill transactions as fast as they are taken.
func TestVirtualTransactionsAtMax(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, fmt.Sprintf(committing, "max", 500, "10%"), map[limits.Name]float64{limits.PartitionIngress: 1e5}, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		checkLogs(t, out.Result, truth)
		if n := out.Result.Fleets[0].Transactions; n.Committed < 10*n.Aborted/3 || n.Aborted == 0 {
			t.Errorf("%+v", n)
		}
	})
}

// TestVirtualTransactionInterrupted ends what is open, so that nothing waits for
// the cluster's timeout.
func TestVirtualTransactionInterrupted(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, fmt.Sprintf(committing, "100/s", 3000, "0%"), nil, 8*time.Second, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		r := out.Result
		checkLogs(t, r, truth)
		if n := r.Fleets[0].Transactions; !r.Interrupted || *n != (report.Transactions{Committed: 2}) || r.Totals.Markers != 6 {
			t.Errorf("interrupted %v, %+v, %d markers", r.Interrupted, n, r.Totals.Markers)
		}
	})
}

// slowConn brings everything late, as a cluster far away does.
type slowConn struct{ net.Conn }

const late = 60 * time.Millisecond

func (c slowConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	time.Sleep(late)
	return n, err
}

// TestVirtualSlowTransactions ends transactions on a cluster that takes its time:
// the schedule is attempted as ever, the records wait for their client, and what
// waits is not held against the generator.
func TestVirtualSlowTransactions(t *testing.T) {
	t.Parallel()
	s := parse(t, fmt.Sprintf(committing, "1001/s", 50, "20%"))
	onVirtualNetwork(t, s, nil, 0, func(c net.Conn) net.Conn { return slowConn{c} }, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		r := out.Result
		checkLogs(t, r, truth)
		// A client that is full is tried again each millisecond.
		if r.Latency.Lag.Max > 1.001 {
			t.Errorf("lag of %.3f ms in virtual time", r.Latency.Lag.Max)
		}
		// A response takes two reads, length and body, and a transaction needs at
		// least an acknowledgement and the answer to its end.
		if least := 1e3 * late.Seconds() * 2; r.Latency.ClientWait.Max < least {
			t.Errorf("no record waited for its client for %.0f ms, at most %.0f", least, r.Latency.ClientWait.Max)
		}
	})
}

// TestVirtualReadCommitted holds that a group which reads committed records only
// gets those, and that the others are counted as skipped.
func TestVirtualReadCommitted(t *testing.T) {
	t.Parallel()
	s := parse(t, fmt.Sprintf(committing, "1000/s", 10, "20%"))
	s.Consumers[0].Settings.ReadCommitted = true
	onVirtualNetwork(t, s, nil, 0, nil, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		r := out.Result
		checkLogs(t, r, truth)
		aborted := 10 * r.Fleets[0].Transactions.Aborted
		if n := r.Totals; aborted == 0 || n.Consumed != n.Acked-aborted || n.Skipped != n.Markers+aborted || n.Expired != 0 {
			t.Errorf("%d records aborted, totals %+v", aborted, n)
		}
	})
}

// brokenConn loses the connection after some of the requests that end a
// transaction: what became of it is not known to the client.
type brokenConn struct {
	net.Conn
	ends *atomic.Int64
}

func (c brokenConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if len(p) > 6 && kmsg.Key(binary.BigEndian.Uint16(p[4:])) == kmsg.EndTxn && c.ends.Add(1)%7 == 0 {
		c.Conn.Close()
	}
	return n, err
}

// TestVirtualTransactionsInDoubt loses the answers to some ends of transactions:
// each of them still leaves one marker in each partition, and every record is
// accounted for.
func TestVirtualTransactionsInDoubt(t *testing.T) {
	t.Parallel()
	var ends atomic.Int64
	s := parse(t, fmt.Sprintf(committing, "1000/s", 10, "20%"))
	s.Consumers[0].Settings.ReadCommitted = true
	onVirtualNetwork(t, s, nil, 0, func(c net.Conn) net.Conn { return brokenConn{c, &ends} }, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		r := out.Result
		t.Logf("%d ends, %+v, errors %+v, totals %+v", ends.Load(), r.Fleets[0].Transactions, r.Errors, r.Totals)
		r.Errors = nil
		checkLogs(t, r, truth)
		if n := r.Fleets[0].Transactions; n.Unknown != 0 || n.Committed+n.Aborted < 1500 {
			t.Errorf("%+v", n)
		}
	})
}
