package embedded

import (
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/limits"
)

// The request limit counts every API, answers in each one's own field, mutes, and
// never asks for more than a second.
func TestRequestRate(t *testing.T) {
	inVirtualTime(t, Config{
		Brokers: 1, Topics: map[string]int32{"orders": 1},
		Limits: declared(map[limits.Name]float64{limits.ClusterRequests: 2}),
	}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		topic := c.directory.named("orders")
		r := dialVirtual(t, network, c.Bootstrap()[0], "asker")
		throttle := func(req kmsg.Request) int32 {
			t.Helper()
			ms, _ := r.ask(req).(kmsg.ThrottleResponse).Throttle()
			return ms
		}
		for i := range 20 { // ten seconds' worth are free
			if ms := throttle(kmsg.NewPtrMetadataRequest()); ms != 0 {
				t.Fatalf("request %d: throttle %d ms", i+1, ms)
			}
		}
		apis := []func() kmsg.Request{
			func() kmsg.Request { return versioned(kmsg.NewPtrMetadataRequest(), 12) },
			func() kmsg.Request { return versioned(kmsg.NewPtrApiVersionsRequest(), 2) },
			func() kmsg.Request { return versioned(kmsg.NewPtrFindCoordinatorRequest(), 3) },
			func() kmsg.Request { return versioned(kmsg.NewPtrListGroupsRequest(), 4) },
			func() kmsg.Request {
				return produceRequest(9, -1, topic, map[int32][]byte{0: batch(1, 100, -1, 0)})
			},
			func() kmsg.Request { return fetchRequest(11, topic, 1000, 1000, 0) },
		}
		for i, api := range apis { // S/T − W is half a second more for each
			req := api()
			begin := time.Now()
			want := int32(min(500*(i+1), 1000))
			if i > 1 {
				want = 1000 // each pause of a second leaves what is due where it is
			}
			ms := throttle(req)
			if ms != want {
				t.Errorf("%s: throttle %d ms, want %d", kmsg.NameForKey(req.Key()), ms, want)
			}
			r.send(versioned(kmsg.NewPtrListGroupsRequest(), 4)) // the mute holds up the next request
			if _, err := r.frame(); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begin); took < time.Duration(ms)*time.Millisecond {
				t.Errorf("%s: the next request was answered after %v", kmsg.NameForKey(req.Key()), took)
			}
		}
		rows := c.Truth().Rows()
		if n := sum(only(rows, "cluster", nil), requests); n != int64(20+2*len(apis)) {
			t.Errorf("truth has %d requests, want %d", n, 20+2*len(apis))
		}
		byAPI := make(map[string]bool)
		for _, given := range only(rows, "throttle", nil) {
			byAPI[given.API] = true
			if given.Limit != limits.ClusterRequests || given.MaxMillis > 1000 {
				t.Errorf("truth %+v", given)
			}
		}
		for _, api := range []string{"produce", "fetch", "metadata", "apiversions", "findcoordinator", "listgroups"} {
			if !byAPI[api] {
				t.Errorf("no throttle of %s in the truth, only %v", api, byAPI)
			}
		}
	})
}

func versioned(req kmsg.Request, version int16) kmsg.Request {
	req.SetVersion(version)
	return req
}

// isOpen reports whether a connection was admitted: whether it gets an answer.
func isOpen(t *testing.T, conn net.Conn) bool {
	r := newRaw(t, conn, "")
	frame := kmsg.NewRequestFormatter().AppendRequest(nil, kmsg.NewPtrMetadataRequest(), 7)
	if _, err := conn.Write(frame); err != nil {
		return false
	}
	_, err := r.frame()
	return err == nil
}

func TestConnectionsAreLimited(t *testing.T) {
	for _, limit := range []limits.Name{limits.ClusterConnections, limits.BrokerConnections} {
		t.Run(string(limit), func(t *testing.T) { connectionsAreLimited(t, limit) })
	}
}

func connectionsAreLimited(t *testing.T, limit limits.Name) {
	inVirtualTime(t, Config{
		Brokers: 1, Limits: declared(map[limits.Name]float64{limit: 3}),
	}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		dial := func() net.Conn {
			conn, err := network.DialContext(t.Context(), "tcp", c.Bootstrap()[0])
			if err != nil {
				t.Fatal(err)
			}
			return conn
		}
		first := dial()
		for i, conn := range []net.Conn{first, dial(), dial(), dial()} {
			if admitted := isOpen(t, conn); admitted != (i < 3) {
				t.Errorf("connection %d admitted: %v", i+1, admitted)
			}
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if !isOpen(t, dial()) {
			t.Error("no place after a connection has gone")
		}
		rows := only(c.Truth().Rows(), "cluster", nil)
		most := int64(0)
		for _, r := range rows {
			most = max(most, r.Connections)
		}
		attempts := sum(rows, func(r Row) int64 { return r.Attempts })
		refused := sum(rows, func(r Row) int64 { return r.Refused })
		if most != 3 || attempts != 5 || refused != 1 {
			t.Errorf("truth: %d open at most, %d attempts, %d refused, want 3, 5, 1", most, attempts, refused)
		}
	})
}

func TestConnectionAttemptsAreLimited(t *testing.T) {
	for _, limit := range []limits.Name{limits.ClusterAttempts, limits.BrokerAttempts} {
		t.Run(string(limit), func(t *testing.T) { attemptsAreLimited(t, limit) })
	}
}

func attemptsAreLimited(t *testing.T, limit limits.Name) {
	inVirtualTime(t, Config{
		Brokers: 1, Limits: declared(map[limits.Name]float64{limit: 10}),
	}, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		for range 3 {
			admitted := 0
			for range 25 { // at once
				conn, err := network.DialContext(t.Context(), "tcp", c.Bootstrap()[0])
				if err != nil {
					t.Fatal(err)
				}
				if isOpen(t, conn) {
					admitted++
				}
			}
			if admitted != 10 {
				t.Errorf("%d of 25 admitted, want 10", admitted)
			}
			time.Sleep(time.Second)
		}
		rows := only(c.Truth().Rows(), "cluster", nil)
		if n := sum(rows, func(r Row) int64 { return r.Refused }); n != 45 {
			t.Errorf("truth: %d refused, want 45", n)
		}
	})
}

func TestBucket(t *testing.T) {
	for _, tc := range []struct {
		rate float64
		at   []time.Duration
		want int // taken
	}{
		{0, make([]time.Duration, 1000), 1000},
		{5, make([]time.Duration, 20), 5},
		{0.5, []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second}, 3},
		{2, []time.Duration{0, 0, 0, time.Minute, time.Minute, time.Minute}, 4},
	} {
		b, taken := newBucket(tc.rate), 0
		for _, at := range tc.at {
			if b.take(at) {
				taken++
			}
		}
		if taken != tc.want {
			t.Errorf("rate %g: %d taken, want %d", tc.rate, taken, tc.want)
		}
	}
}

// Client ids that come and go cost no memory.
func TestIdleClientsAreForgotten(t *testing.T) {
	q := newQuotas(limits.Limits{}, 1)
	for i := range 3 * manyClients {
		at := time.Duration(i) * clientIdle / 1000
		q.client(string(rune(i)), 0, at)
	}
	if n := len(q.clients); n > manyClients+1 {
		t.Errorf("%d clients remembered", n)
	}
}
