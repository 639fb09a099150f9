package embedded

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// leaders asks a broker who leads what.
func leaders(t *testing.T, c *Cluster, network *kfake.VirtualNetwork, broker int) []int32 {
	t.Helper()
	req := kmsg.NewPtrMetadataRequest()
	req.Version = 8
	r := dialVirtual(t, network, c.Bootstrap()[broker], "admin")
	defer r.conn.Close()
	var got []int32
	for _, topic := range r.ask(req).(*kmsg.MetadataResponse).Topics {
		slices.SortFunc(topic.Partitions, func(a, b kmsg.MetadataResponseTopicPartition) int { return int(a.Partition - b.Partition) })
		for _, p := range topic.Partitions {
			got = append(got, p.Leader)
		}
	}
	return got
}

// A broker that goes down leaves its partitions to the others and takes them back; a
// client writes through it all, each record once.
func TestDownAndUp(t *testing.T) {
	inVirtualTime(t, Config{Brokers: 3, Topics: map[string]int32{"orders": 6}}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		defer cancel()
		cl := client(t, c, refusing(network), kgo.ProducerLinger(5*time.Millisecond))
		var acked int64
		done := make(chan struct{})
		go func() {
			defer close(done)
			by, _ := offer(ctx, cl, stream{"orders", []int32{0, 1, 2, 3, 4, 5}, 100, 1000, 30 * time.Second})
			for _, n := range by {
				acked += n
			}
		}()
		time.Sleep(5 * time.Second)
		c.Down(1)
		c.Down(1) // it is already
		if got := leaders(t, c, network, 0); !slices.Equal(got, []int32{0, 0, 2, 0, 2, 2}) {
			t.Errorf("leaders with broker 1 down: %v", got)
		}
		if conn, err := network.DialContext(t.Context(), "tcp", c.Bootstrap()[1]); err == nil {
			t.Error("broker 1 still listens")
			_ = conn.Close()
		}
		admin := kadm.NewClient(cl)
		if _, err := admin.CreateTopic(t.Context(), 3, -1, nil, "later"); err != nil {
			t.Error(err)
		}
		if got := c.kafka.LeaderFor("later", 1); got == 1 {
			t.Error("a topic created meanwhile is led by the broker that is down")
		}
		time.Sleep(10 * time.Second)
		if err := c.Up(1); err != nil {
			t.Fatal(err)
		}
		if got := leaders(t, c, network, 1); !slices.Equal(got[:6], []int32{0, 1, 2, 0, 1, 2}) || c.kafka.LeaderFor("later", 1) != 1 {
			t.Errorf("leaders with broker 1 up again: %v", got)
		}
		<-done
		// Wake-ups come every 5 ms, the last one in the last 5 ms or, after a wait for
		// metadata in between, a little earlier.
		if acked < 29_990 || acked > 30_000 {
			t.Errorf("%d records acked, want all of 30,000 but those of the last wake-up", acked)
		}
		inLog(t, c, acked)
		synctest.Wait()
		byBroker1 := only(c.Truth().Rows(), "broker", func(r Row) bool { return r.Broker == 1 && r.BytesIn > 0 })
		down, up := theFault(t, c, "down"), theFault(t, c, "up")
		for _, r := range byBroker1 {
			if r.Second > down.Second && r.Second < up.Second {
				t.Errorf("broker 1 took data while it was down: %+v", r)
			}
		}
		if down.Broker != 1 || up.Broker != 1 || len(byBroker1) < 18 { // of 20 s that it was up
			t.Errorf("down %+v, up %+v, broker 1 took data in %d seconds", down, up, len(byBroker1))
		}
	})
}

// The only broker keeps its partitions, on a real port that it gets again.
func TestOnlyBrokerDownAndUp(t *testing.T) {
	c := start(t, Config{Brokers: 1, Topics: map[string]int32{"orders": 1}})
	cl := client(t, c, kgo.MetadataMinAge(50*time.Millisecond), kgo.RetryBackoffFn(func(int) time.Duration { return 50 * time.Millisecond }))
	produceSync(t, cl, "orders", 0, 1, 100)
	c.Down(0)
	acked := make(chan error)
	go func() {
		acked <- cl.ProduceSync(t.Context(), &kgo.Record{Topic: "orders", Value: []byte("x")}).FirstErr()
	}()
	select {
	case err := <-acked:
		t.Errorf("written while the broker was down: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	if err := c.Up(0); err != nil {
		t.Fatal(err)
	}
	if err := <-acked; err != nil {
		t.Error(err)
	}
	inLog(t, c, 2)
}

// A cluster whose broker is down can be closed.
func TestCloseWhileDown(t *testing.T) {
	inVirtualTime(t, Config{Brokers: 2}, func(t *testing.T, c *Cluster, _ *kfake.VirtualNetwork) {
		c.Down(0)
		c.Down(1)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := c.Up(1); err == nil {
			t.Error("a broker of a closed cluster came up")
		}
	})
}

func TestMoveLeader(t *testing.T) {
	inVirtualTime(t, Config{Brokers: 2, Topics: map[string]int32{"orders": 2}}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		cl := client(t, c, kgo.Dialer(network.DialContext))
		produceSync(t, cl, "orders", 0, 1, 100)
		if err := c.MoveLeader("orders", 0, 1); err != nil {
			t.Fatal(err)
		}
		produceSync(t, cl, "orders", 0, 1, 100)
		if got := leaders(t, c, network, 0); !slices.Equal(got, []int32{1, 1}) {
			t.Errorf("leaders %v", got)
		}
		if err := c.MoveLeader("orders", 0, 2); err == nil {
			t.Error("a broker that does not exist was made leader")
		}
		if r := theFault(t, c, "leader_moved"); r.Topic != "orders" || r.Partition != 0 || r.Broker != 1 {
			t.Errorf("truth %+v", r)
		}
		inLog(t, c, 2)
	})
}

// Wrong metadata holds a client up that has no other, until it is right again.
func TestMisdirect(t *testing.T) {
	for brokers, want := range map[int][]int32{1: {-1, -1}, 2: {1, 0}} {
		inVirtualTime(t, Config{Brokers: brokers, Topics: map[string]int32{"orders": 2}}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
			begin := time.Now()
			c.Misdirect(10 * time.Second)
			if got := leaders(t, c, network, 0); !slices.Equal(got, want) {
				t.Errorf("%d brokers: leaders %v, want %v", brokers, got, want)
			}
			cl := client(t, c, kgo.Dialer(network.DialContext))
			produceSync(t, cl, "orders", 0, 1, 100)
			// franz-go writes to any broker where there is no leader. Told a wrong one, it
			// asks for metadata again and again, waiting 5 s at most.
			if took := time.Since(begin); brokers > 1 && (took < 10*time.Second || took > 15*time.Second) {
				t.Errorf("%d brokers: written after %v", brokers, took)
			}
			time.Sleep(time.Until(begin.Add(10 * time.Second)))
			if got := leaders(t, c, network, 0); got[0] != 0 || got[1] != int32(1%brokers) {
				t.Errorf("%d brokers: leaders %v when it is over", brokers, got)
			}
			inLog(t, c, 1)
			if r := theFault(t, c, "misdirect"); r.TotalMillis != 10_000 {
				t.Errorf("truth %+v", r)
			}
		})
	}
}
