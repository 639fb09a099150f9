package embedded

import (
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/wire"
)

// theFault returns the only row of a kind of fault.
func theFault(t *testing.T, c *Cluster, kind string) Row {
	t.Helper()
	rows := only(c.Truth().Rows(), "fault", func(r Row) bool { return r.Fault == kind })
	if len(rows) != 1 {
		t.Fatalf("%d rows of the fault %s, want 1: %+v", len(rows), kind, rows)
	}
	return rows[0]
}

// inLog checks that a topic's logs hold n records in all and that the truth counted
// each one once.
func inLog(t *testing.T, c *Cluster, n int64) {
	t.Helper()
	log := only(c.Truth().Rows(), "log", nil)
	if ends := sum(log, func(r Row) int64 { return r.LogEnd }); ends != n || sum(log, recordsIn) != n {
		t.Errorf("logs hold %d records, the truth has %d, want %d", ends, sum(log, recordsIn), n)
	}
}

// Two clients that write at the same time wait for their own delays only, and a
// kind of request that is not named not at all.
func TestDelay(t *testing.T) {
	inVirtualTime(t, Config{Brokers: 1, Topics: map[string]int32{"orders": 2}}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		clients := []*kgo.Client{client(t, c, kgo.Dialer(network.DialContext)), client(t, c, kgo.Dialer(network.DialContext))}
		for p, cl := range clients {
			produceSync(t, cl, "orders", int32(p), 1, 100) // connected
		}
		next := 0
		c.Delay(func() time.Duration { next++; return time.Duration(40+20*(next%2)) * time.Millisecond })
		begin := time.Now()
		var all sync.WaitGroup
		for p, cl := range clients {
			all.Go(func() { produceSync(t, cl, "orders", int32(p), 10, 100) })
		}
		all.Wait()
		// 20 delays of 50 ms on average, half of them on each connection: the share of
		// long ones may differ by the luck of who comes first.
		if took := time.Since(begin); took < 400*time.Millisecond || took > 600*time.Millisecond {
			t.Errorf("10 requests of each client took %v", took)
		}
		begin = time.Now()
		if err := clients[0].Ping(t.Context()); err != nil || time.Since(begin) > 0 {
			t.Errorf("a ping took %v: %v", time.Since(begin), err)
		}
		c.Delay(nil)
		begin = time.Now()
		produceSync(t, clients[0], "orders", 0, 1, 100)
		if took := time.Since(begin); took > 0 {
			t.Errorf("without a delay a request took %v", took)
		}
		if r := theFault(t, c, "delay"); r.Count != 20 || r.TotalMillis != 1000 || r.API != "produce" || r.Broker != -1 {
			t.Errorf("truth %+v", r)
		}
		theFault(t, c, "delay_ended")
		inLog(t, c, 23)
	})
}

// What is sent during a stall is answered at its end, to the nanosecond, on open
// connections and new ones.
func TestStall(t *testing.T) {
	inVirtualTime(t, Config{Brokers: 2, Topics: map[string]int32{"orders": 2}}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		old := client(t, c, kgo.Dialer(network.DialContext))
		produceSync(t, old, "orders", 0, 1, 100)
		begin := time.Now()
		c.Stall(2 * time.Second)
		fresh := client(t, c, kgo.Dialer(network.DialContext), kgo.ProducerLinger(0))
		var all sync.WaitGroup
		for i, cl := range []*kgo.Client{old, fresh} {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 500 * time.Millisecond)
				produceSync(t, cl, "orders", int32(i), 1, 100)
				if at := time.Since(begin); at != 2*time.Second {
					t.Errorf("client %d had its answer after %v", i, at)
				}
			})
		}
		time.Sleep(1999 * time.Millisecond)
		inLog(t, c, 1)
		all.Wait()
		inLog(t, c, 3)
		if r := theFault(t, c, "stall"); r.TotalMillis != 2000 || r.AtMillis != begin.UnixMilli() || r.Second != begin.Unix() {
			t.Errorf("truth %+v, began at %v", r, begin)
		}
	})
}

// A produce request that is under way when a stall begins is appended, counted, and
// answered at its end. So is a fetch that waits.
func TestStallHoldsAnswers(t *testing.T) {
	inVirtualTime(t, Config{Brokers: 1, Topics: map[string]int32{"orders": 1}}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		reader := dialVirtual(t, network, c.Bootstrap()[0], "reader")
		req := fetchRequest(12, c.directory.named("orders"), 1<<20, 1<<20, 0)
		req.MaxWaitMillis = 1000
		begin := time.Now()
		reader.send(req) // answered by kafka after 1 s
		synctest.Wait()
		c.Stall(3 * time.Second)
		reader.receive(req)
		if at := time.Since(begin); at != 3*time.Second {
			t.Errorf("the fetch was answered after %v", at)
		}
	})
}

// Everything that can be asked fails as it should: where the response has an error
// for what was asked, and without being done.
func TestFail(t *testing.T) {
	c := start(t, Config{Brokers: 1, Topics: map[string]int32{"orders": 2}})
	topic := c.directory.named("orders")
	const code = 7 // REQUEST_TIMED_OUT, which kfake by itself would carry out
	for _, version := range []int16{3, 8, 9, 12, 13} {
		r := dialRaw(t, c.Bootstrap()[0], "me")
		c.Fail(wire.Produce, code, 1)
		req := produceRequest(version, -1, topic, map[int32][]byte{0: batch(3, 300, -1, 0), 1: batch(2, 200, -1, 0)})
		parts := r.produce(req).Topics[0].Partitions
		if len(parts) != 2 || parts[0].ErrorCode != code || parts[1].ErrorCode != code {
			t.Errorf("produce v%d: %+v", version, parts)
		}
	}
	inLog(t, c, 0)
	for _, version := range []int16{4, 11, 12, 16} {
		r := dialRaw(t, c.Bootstrap()[0], "me")
		c.Fail(wire.Fetch, code, 1)
		begin := time.Now()
		req := fetchRequest(version, topic, 1<<20, 1<<20, 0, 0)
		req.MaxWaitMillis = 60_000
		parts := r.fetch(req).Topics[0].Partitions
		if len(parts) != 2 || parts[0].ErrorCode != code || parts[1].ErrorCode != code || time.Since(begin) > 30*time.Second {
			t.Errorf("fetch v%d: %+v after %v", version, parts, time.Since(begin))
		}
	}
	name := "orders"
	for _, version := range []int16{1, 8, 12} {
		c.Fail(int16(kmsg.Metadata), code, 1)
		req := kmsg.NewPtrMetadataRequest()
		req.Version = version
		rt := kmsg.NewMetadataRequestTopic()
		rt.Topic = &name
		req.Topics = append(req.Topics, rt)
		resp := dialRaw(t, c.Bootstrap()[0], "me").ask(req).(*kmsg.MetadataResponse)
		if len(resp.Topics) != 1 || resp.Topics[0].ErrorCode != code {
			t.Errorf("metadata v%d: %+v", version, resp.Topics)
		}
	}
	c.Fail(int16(kmsg.InitProducerID), 999, 1) // a code that nobody knows
	req := kmsg.NewPtrInitProducerIDRequest()
	req.Version = 4
	if resp := dialRaw(t, c.Bootstrap()[0], "me").ask(req).(*kmsg.InitProducerIDResponse); resp.ErrorCode != 999 || resp.ProducerID > 0 {
		t.Errorf("init producer id: %+v", resp)
	}
	for _, row := range only(c.Truth().Rows(), "fault", nil) {
		if row.Fault != "fail" || row.Count != 1 {
			t.Errorf("truth %+v", row)
		}
	}
}

// A client repeats what failed, so that three failures cost it nothing but time, and
// the fourth request goes through.
func TestFailedProduceIsRepeated(t *testing.T) {
	inVirtualTime(t, Config{Brokers: 1, Topics: map[string]int32{"orders": 1}}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		cl := client(t, c, kgo.Dialer(network.DialContext))
		c.Fail(wire.Produce, kerr.NotEnoughReplicas.Code, 3)
		produceSync(t, cl, "orders", 0, 2, 100)
		inLog(t, c, 2)
		if r := theFault(t, c, "fail"); r.Count != 3 || r.API != "produce" {
			t.Errorf("truth %+v", r)
		}
		c.Fail(wire.Produce, kerr.MessageTooLarge.Code, 1)
		err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "orders", Value: []byte("x")}).FirstErr()
		if !errors.Is(err, kerr.MessageTooLarge) {
			t.Errorf("got %v", err)
		}
		inLog(t, c, 2)
	})
}

// An answer that is lost has the client send the batch again: the log has it once,
// and so has the truth.
func TestLoseAnswers(t *testing.T) {
	inVirtualTime(t, Config{Brokers: 1, Topics: map[string]int32{"orders": 1}}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		r := dialVirtual(t, network, c.Bootstrap()[0], "me")
		c.LoseAnswers(wire.Produce, 1)
		r.send(produceRequest(9, -1, c.directory.named("orders"), map[int32][]byte{0: batch(3, 300, -1, 0)}))
		if frame, err := r.frame(); !errors.Is(err, io.EOF) {
			t.Errorf("%d bytes and %v instead of a closed connection", len(frame), err)
		}
		inLog(t, c, 3)
		cl := client(t, c, kgo.Dialer(network.DialContext))
		c.LoseAnswers(wire.Produce, 2)
		produceSync(t, cl, "orders", 0, 2, 100)
		inLog(t, c, 5)
		rows := only(c.Truth().Rows(), "fault", nil)
		if len(rows) != 2 || rows[0].Count != 1 || rows[1].Count != 2 || rows[0].Fault != "answers_lost" {
			t.Errorf("truth %+v", rows)
		}
		synctest.Wait()
		if n := c.quotas.open; int(n) != len(c.listeners[0].open()) || n < 1 {
			t.Errorf("%d connections are counted, %d are open", n, len(c.listeners[0].open()))
		}
	})
}

// A produce request under way when its broker hangs up is counted, though nobody
// hears of it; clients connect again.
func TestHangUp(t *testing.T) {
	inVirtualTime(t, Config{Brokers: 2, Topics: map[string]int32{"orders": 2}}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		c.Delay(func() time.Duration { return time.Second })
		r := dialVirtual(t, network, c.Bootstrap()[0], "me")
		r.send(produceRequest(9, -1, c.directory.named("orders"), map[int32][]byte{0: batch(3, 300, -1, 0)}))
		synctest.Wait()
		begin := time.Now()
		c.HangUp(0)
		if _, err := r.frame(); !errors.Is(err, io.EOF) || time.Since(begin) > 0 {
			t.Errorf("%v after %v instead of a closed connection", err, time.Since(begin))
		}
		inLog(t, c, 3)
		c.Delay(nil)
		cl := client(t, c, kgo.Dialer(network.DialContext))
		produceSync(t, cl, "orders", 0, 1, 100)
		c.HangUp(0)
		c.HangUp(7) // there is none
		produceSync(t, cl, "orders", 0, 1, 100)
		synctest.Wait()
		inLog(t, c, 5)
		rows := only(c.Truth().Rows(), "fault", func(r Row) bool { return r.Fault == "hang_up" })
		if len(rows) != 2 || rows[0].Count != 1 || rows[1].Count < 1 {
			t.Errorf("truth %+v", rows)
		}
		if n := len(c.listeners[0].open()) + len(c.listeners[1].open()); int(c.quotas.open) != n {
			t.Errorf("%d connections are counted, %d are open", c.quotas.open, n)
		}
	})
}
