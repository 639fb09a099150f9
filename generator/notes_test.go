package generator

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"msklt/scenario"
)

// TestStopwatch holds that a record's time is early by what seven records take at
// most, and never late.
func TestStopwatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const record = 400 * time.Nanosecond
		var w stopwatch
		start, worst := time.Now(), time.Duration(0)
		for range 100 {
			early := time.Since(start) - w.now(start)
			if early < 0 {
				t.Fatalf("%s late", -early)
			}
			worst = max(worst, early)
			time.Sleep(record)
		}
		if worst != (recordsPerLook-1)*record {
			t.Errorf("%s early, want what %d records take", worst, recordsPerLook-1)
		}
	})
}

// TestSeen holds when an acknowledgement is taken to have come: with the first record
// after something came from the cluster; a failure, and what no answer tells of, when
// the client says so.
func TestSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := payloadProducer(scenario.Producer{})
		p.start, p.heard = time.Now(), new(atomic.Int64)
		after := func(err error) time.Duration {
			time.Sleep(time.Microsecond)
			return p.seen(err)
		}
		p.heard.Add(1)
		for i, want := range []time.Duration{1, 1, 1} {
			if got := after(nil); got != want*time.Microsecond {
				t.Errorf("record %d of the first response: %s", i, got)
			}
		}
		if got := after(errors.New("timed out")); got != 4*time.Microsecond {
			t.Errorf("a failure is seen after %s", got)
		}
		p.heard.Add(1)
		if first, second := after(nil), after(nil); first != 5*time.Microsecond || second != first {
			t.Errorf("the second response: %s, %s", first, second)
		}
		p.heard = nil
		if first, second := after(nil), after(nil); first != 7*time.Microsecond || second != 8*time.Microsecond {
			t.Errorf("without answers: %s, %s", first, second)
		}
	})
}

// TestPartitionsAreTold holds that every acknowledgement reaches its partition, however
// partitions follow each other, once the recorder is asked.
func TestPartitionsAreTold(t *testing.T) {
	r := newRecorder()
	to := &target{partitions: []*partitionLoad{newPartitionLoad(), newPartitionLoad()}}
	var want, measured [2]int64
	for n := range 1000 {
		f := &flight{to: to, measured: n%5 > 0}
		if n%300 > 200 || n%7 == 0 {
			f.record.Partition = 1
		}
		want[f.record.Partition]++
		if f.measured {
			measured[f.record.Partition]++
		}
		r.acked(time.Duration(n)*time.Millisecond, f)
	}
	r.giveBack(r.swap())
	for i, p := range to.partitions {
		if p.ackedSoFar() != want[i] || p.response.exact.TotalCount() != measured[i] {
			t.Errorf("partition %d: told of %d records and %d response times, want %d and %d", i, p.ackedSoFar(), p.response.exact.TotalCount(), want[i], measured[i])
		}
	}
}
