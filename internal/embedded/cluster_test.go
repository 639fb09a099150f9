package embedded

import (
	"fmt"
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"msklt/internal/limits"
	"msklt/scenario"
)

// TestStartsWithEveryProfile holds that no built-in profile keeps the cluster from
// taking a record and giving it back.
func TestStartsWithEveryProfile(t *testing.T) {
	for _, name := range limits.Profiles() {
		switch name {
		case "kinesis":
			name += ":4"
		case "kafka-client-quota":
			name += ":5MB/s:10MB/s"
		}
		l, err := limits.Resolve(scenario.Limits{Extends: name})
		if err != nil {
			t.Fatal(err)
		}
		c := start(t, Config{Brokers: 1, Topics: map[string]int32{"orders": 4}, Limits: l})
		cl := client(t, c, kgo.ConsumeTopics("orders"))
		if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "orders", Value: []byte(name)}).FirstErr(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := cl.PollFetches(t.Context()).Records(); len(got) != 1 || string(got[0].Value) != name {
			t.Errorf("%s: read %d records", name, len(got))
		}
		cl.Close()
	}
}

func TestLeadersAreRoundRobin(t *testing.T) {
	c := start(t, Config{Brokers: 3, Topics: map[string]int32{"before": 7}})
	admin := kadm.NewClient(client(t, c))
	if _, err := admin.CreateTopic(t.Context(), 5, -1, nil, "later"); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.CreatePartitions(t.Context(), 4, "later"); err != nil {
		t.Fatal(err)
	}
	meta, err := admin.Metadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for topic, partitions := range map[string]int{"before": 7, "later": 9} {
		got := meta.Topics[topic].Partitions
		if len(got) != partitions {
			t.Fatalf("%s has %d partitions, want %d", topic, len(got), partitions)
		}
		for p, detail := range got {
			if detail.Leader != p%3 {
				t.Errorf("%s/%d is led by %d, want %d", topic, p, detail.Leader, p%3)
			}
		}
	}
	for i, addr := range c.Bootstrap() {
		if broker := meta.Brokers[i]; int(broker.NodeID) != i || net.JoinHostPort(broker.Host, strconv.Itoa(int(broker.Port))) != addr {
			t.Errorf("broker %d is told as %s:%d, listens on %s", i, broker.Host, broker.Port, addr)
		}
	}
}

// Broker and client quotas hold per broker; the cluster's over all.
func TestTwoBrokers(t *testing.T) {
	inVirtualTime(t, Config{
		Brokers: 2, Topics: map[string]int32{"orders": 4},
		Limits: declared(map[limits.Name]float64{limits.ClientIngress: 1e6, limits.BrokerIngress: 5e6}),
	}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		hook, quota := newThrottles(), &inverter{start: time.Now()}
		cl := client(t, c, kgo.Dialer(network.DialContext), kgo.ClientID("me"), kgo.WithHooks(hook, quota), kgo.ProducerLinger(5*time.Millisecond))
		// 1.5 MB/s to broker 0, half of it to broker 1.
		offerAll(t, []*kgo.Client{cl}, stream{"orders", []int32{0, 2, 1}, 10_000, 225, 33 * time.Second})
		rows := c.Truth().Rows()
		within(t, "quota read out of the throttles", quota.median(), 1e6, 1)
		if len(hook.seen()) == 0 {
			t.Fatal("no throttle seen")
		}
		for _, s := range hook.seen() {
			if s.broker != 0 {
				t.Errorf("throttled by broker %d after %v", s.broker, s.at)
			}
		}
		for _, scope := range []string{"broker", "client"} {
			if got, want := sum(only(rows, scope, nil), bytesIn), sum(only(rows, "cluster", nil), bytesIn); got != want {
				t.Errorf("%s rows sum up to %d bytes, the cluster's to %d", scope, got, want)
			}
		}
	})
}

func TestAddressThatIsTakenIsNamed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	before := runtime.NumGoroutine()
	c, err := Start(t.Context(), Config{Brokers: 1, Listen: addr})
	if err == nil {
		t.Fatal(c.Close())
	}
	if !strings.Contains(err.Error(), addr) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("%v does not name %s", err, addr)
	}
	waitGoroutines(t, before)
}

func TestBrokersListenOnConsecutivePorts(t *testing.T) {
	// A port below which two more are free can only be found by trying.
	for try := range 20 {
		probe, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := probe.Addr().(*net.TCPAddr).Port
		_ = probe.Close()
		c, err := Start(t.Context(), Config{Brokers: 3, Listen: fmt.Sprintf("127.0.0.1:%d", port)})
		if err != nil {
			if try == 19 {
				t.Fatal(err)
			}
			continue
		}
		for i, addr := range c.Bootstrap() {
			if want := fmt.Sprintf("127.0.0.1:%d", port+i); addr != want {
				t.Errorf("broker %d listens on %s, want %s", i, addr, want)
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		return
	}
}

func TestBadConfig(t *testing.T) {
	for _, cfg := range []Config{{Listen: "localhost"}, {Listen: "localhost:http"}, {Brokers: -1}, {Listen: "no.such.host.invalid:0"}} {
		if c, err := Start(t.Context(), cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
			_ = c.Close()
		}
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	c, err := Start(t.Context(), Config{
		Topics: map[string]int32{"orders": 6},
		Limits: declared(map[limits.Name]float64{limits.ClientIngress: 1}),
	})
	if err != nil {
		t.Fatal(err)
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.Bootstrap()...), kgo.ConsumeTopics("orders"), kgo.ConsumerGroup("g"))
	if err != nil {
		t.Fatal(err)
	}
	for range 10 { // after the first, the connections are muted for a long time
		cl.Produce(t.Context(), &kgo.Record{Topic: "orders", Value: make([]byte, 1000)}, nil)
	}
	cl.PollFetches(t.Context())
	begin := time.Now()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > time.Minute { // the connections are muted for more than an hour
		t.Errorf("closing took %v", took)
	}
	if err := c.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	rows := c.Truth().Rows()
	log := only(rows, "log", nil)
	if got, want := sum(log, recordsIn), sum(log, func(r Row) int64 { return r.LogEnd }); len(log) != 6 || got != want || got == 0 {
		t.Errorf("truth after closing: %d partitions, %d records, logs hold %d", len(log), got, want)
	}
	cl.Close()
	waitGoroutines(t, before)
}

// waitGoroutines fails the test unless there are soon no more goroutines than that.
func waitGoroutines(t *testing.T, most int) {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < time.Minute; {
		if runtime.NumGoroutine() <= most {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<20)
	t.Errorf("%d goroutines, were %d:\n%s", runtime.NumGoroutine(), most, stacks[:runtime.Stack(stacks, true)])
}

// What is no Kafka client is shown the door, and nobody else notices.
func TestGarbageIsHungUpOn(t *testing.T) {
	c := start(t, Config{Brokers: 1, Topics: map[string]int32{"orders": 1}})
	for name, bytes := range map[string][]byte{
		"HTTP":         []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		"TLS":          {22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3, 0, 0, 0},
		"huge":         {0x7f, 0xff, 0xff, 0xff, 0, 0},
		"tiny":         {0, 0, 0, 1, 0},
		"unknown kind": {0, 0, 0, 10, 3, 0xe7, 0, 0, 0, 0, 0, 1, 0xff, 0xff},
		"bad produce":  {0, 0, 0, 12, 0, 0, 0, 9, 0, 0, 0, 1, 0xff, 0xff, 0, 0x7f},
		"bad fetch":    {0, 0, 0, 12, 0, 1, 0, 12, 0, 0, 0, 1, 0xff, 0xff, 0, 0x7f},
	} {
		conn, err := net.Dial("tcp", c.Bootstrap()[0])
		if err != nil {
			t.Fatal(err)
		}
		r := newRaw(t, conn, "")
		if _, err := conn.Write(bytes); err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		frame, err := r.frame()
		if timeout, ok := err.(net.Error); err == nil || ok && timeout.Timeout() {
			t.Errorf("%s: %d bytes and %v instead of a closed connection", name, len(frame), err)
		}
	}
	produceSync(t, client(t, c), "orders", 0, 3, 100)
}

// Old and new clients alike.
func TestClientVersions(t *testing.T) {
	c := start(t, Config{Brokers: 2, Topics: map[string]int32{"orders": 2}})
	var total int64
	for _, versions := range []string{"v1.0", "v2.4", "v2.8", "v3.9", "v4.3"} {
		cl := client(t, c, kgo.MaxVersions(fromString(t, versions)), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
			"orders": {0: kgo.NewOffset().At(total), 1: kgo.NewOffset().At(total)},
		}))
		produceSync(t, cl, "orders", 0, 5, 100)
		produceSync(t, cl, "orders", 1, 5, 100)
		total += 5
		for got := 0; got < 10; {
			fetches := cl.PollFetches(t.Context())
			if errs := fetches.Errors(); len(errs) > 0 {
				t.Fatalf("%s: %v", versions, errs)
			}
			got += fetches.NumRecords()
		}
	}
	for _, r := range only(c.Truth().Rows(), "log", nil) {
		if r.RecordsIn != total || r.LogEnd != total {
			t.Errorf("%+v, want %d records", r, total)
		}
	}
}

// Java's AdminClient needs these.
func TestWhatJavaNeeds(t *testing.T) {
	c := start(t, Config{Brokers: 1})
	r := dialRaw(t, c.Bootstrap()[0], "java")
	versions := r.ask(versioned(kmsg.NewPtrApiVersionsRequest(), 0)).(*kmsg.ApiVersionsResponse)
	for _, key := range versions.ApiKeys {
		if key.ApiKey == int16(kmsg.DescribeTopicPartitions) {
			t.Error("DescribeTopicPartitions is offered")
		}
	}
	if len(versions.ApiKeys) < 40 {
		t.Errorf("only %d request kinds offered", len(versions.ApiKeys))
	}
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Version = 7
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = "orders", 3, 1
	req.Topics = append(req.Topics, topic)
	resp := r.ask(req).(*kmsg.CreateTopicsResponse)
	if got := resp.Topics[0]; got.ErrorCode != 0 || got.Configs == nil || got.NumPartitions != 3 {
		t.Errorf("%+v: configs must be empty, not null", got)
	}
	future := versioned(kmsg.NewPtrApiVersionsRequest(), 5) // a later client's, answered in version 0
	frame := kmsg.NewRequestFormatter().AppendRequest(nil, future, 7)
	frame[7] = 99
	if _, err := r.conn.Write(frame); err != nil {
		t.Fatal(err)
	}
	answer, err := r.frame()
	if err != nil || len(answer) < 6 || answer[5] != 35 { // UNSUPPORTED_VERSION
		t.Errorf("answer to a later ApiVersions: %v %v", answer, err)
	}
}

func fromString(t *testing.T, v string) *kversion.Versions {
	t.Helper()
	found := kversion.FromString(v)
	if found == nil {
		t.Fatalf("no version %s", v)
	}
	return found
}
