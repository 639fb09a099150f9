package embedded

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/limits"
)

// capped is a cluster with one limit and a topic t of three partitions.
type capped struct {
	t       *testing.T
	cluster *Cluster
	cfg     Config
	network *kfake.VirtualNetwork
	admin   *raw // to the controller

	got []string // what came of each request
}

func (c *capped) dial(broker int32) *raw {
	c.t.Helper()
	return dialIn(c.t, c.cluster, c.cfg, c.network, broker)
}

// note adds an outcome: an error's name or ok, and what the cluster says.
func (c *capped) note(what string, code int16, says *string) {
	outcome := "ok"
	if err := kerr.TypedErrorForCode(code); err != nil {
		outcome = err.Message
	}
	if says != nil {
		outcome += ": " + *says
	}
	c.got = append(c.got, what+" "+outcome)
}

func (c *capped) create(name string, partitions int32) {
	c.t.Helper()
	topic := c.admin.create(7, wanted(name, partitions, -1)).Topics[0]
	c.note(fmt.Sprintf("create %s:%d", name, partitions), topic.ErrorCode, topic.ErrorMessage)
}

func (c *capped) remove(name string) {
	c.t.Helper()
	c.note("remove "+name, c.admin.remove(6, name).Topics[0].ErrorCode, nil)
}

func (c *capped) grow(name string, upTo int32) {
	c.t.Helper()
	req := kmsg.NewPtrCreatePartitionsRequest()
	req.Version = 3
	add := kmsg.NewCreatePartitionsRequestTopic()
	add.Topic, add.Count = name, upTo
	req.Topics = append(req.Topics, add)
	resp := c.admin.ask(req).(*kmsg.CreatePartitionsResponse)
	c.note(fmt.Sprintf("grow %s:%d", name, upTo), resp.Topics[0].ErrorCode, resp.Topics[0].ErrorMessage)
	if resp.ThrottleMillis > 0 {
		c.got = append(c.got, fmt.Sprintf("wait %d ms", resp.ThrottleMillis))
	}
}

// join asks for membership in a group until there is no more to be asked.
func (c *capped) join(group string) {
	c.t.Helper()
	r := c.dial(coordinator(c.t, c.cluster, c.cfg, c.network, group))
	req := kmsg.NewPtrJoinGroupRequest()
	req.Version, req.Group, req.ProtocolType = 7, group, "consumer"
	req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = 10_000, 10_000
	req.Protocols = append(req.Protocols, kmsg.JoinGroupRequestProtocol{Name: "range"})
	resp := r.ask(req).(*kmsg.JoinGroupResponse)
	if resp.ErrorCode == kerr.MemberIDRequired.Code {
		req.MemberID = resp.MemberID
		resp = r.ask(req).(*kmsg.JoinGroupResponse)
	}
	c.note("join "+group, resp.ErrorCode, nil)
}

func (c *capped) leave(group string) {
	c.t.Helper()
	time.Sleep(time.Minute) // the members are gone
	req := kmsg.NewPtrDeleteGroupsRequest()
	req.Version, req.Groups = 2, []string{group}
	resp := c.dial(coordinator(c.t, c.cluster, c.cfg, c.network, group)).ask(req).(*kmsg.DeleteGroupsResponse)
	c.note("delete "+group, resp.Groups[0].ErrorCode, nil)
}

// TestCaps: a declared limit refuses what goes beyond it, with the error and the reason
// that are written here, whatever the cluster passes for. One that is not declared
// refuses nothing.
func TestCaps(t *testing.T) {
	for _, tc := range []struct {
		limit limits.Name
		value float64
		do    func(c *capped)
		want  []string // where the limit is declared
		free  []string // where it is not
		truth map[string]int64
	}{
		{limits.ClusterPartitions, 10, func(c *capped) {
			c.create("a", 4)
			c.create("b", 4)
			c.grow("t", 7)
			c.create("c", 3)
			c.create("d", 1)
			c.remove("a")
			c.create("e", 4)
		}, []string{
			"create a:4 ok", "create b:4 INVALID_REQUEST: 4 partitions more would exceed the cluster's limit, which leaves 3.",
			"grow t:7 INVALID_REQUEST: 4 partitions more would exceed the cluster's limit, which leaves 3.", "create c:3 ok",
			"create d:1 INVALID_REQUEST: 1 partitions more would exceed the cluster's limit, which leaves 0.", "remove a ok", "create e:4 ok",
		}, []string{"create a:4 ok", "create b:4 ok", "grow t:7 ok", "create c:3 ok", "create d:1 ok", "remove a ok", "create e:4 ok"}, map[string]int64{"createtopics INVALID_REQUEST cluster.partitions": 2, "createpartitions INVALID_REQUEST cluster.partitions": 1}},
		{limits.ClusterPartitionChanges, 250.0 / 300, func(c *capped) {
			c.create("a", 0) // what kafka refuses costs nothing
			c.create("a", 200)
			c.remove("a") // in debt by 150
			c.grow("t", 13)
			asked := time.Now()
			c.grow("t", 14) // after a wait for 150 partitions at 50 a minute
			c.got = append(c.got, fmt.Sprint("after ", time.Since(asked)))
		}, []string{
			"create a:0 INVALID_PARTITIONS", "create a:200 ok", "remove a ok",
			"grow t:13 THROTTLING_QUOTA_EXCEEDED: " + kerr.ThrottlingQuotaExceeded.Description, "wait 180000 ms", "grow t:14 ok", "after 3m0s",
		}, []string{"create a:0 INVALID_PARTITIONS", "create a:200 ok", "remove a ok", "grow t:13 ok", "grow t:14 ok", "after 0s"}, map[string]int64{"createpartitions THROTTLING_QUOTA_EXCEEDED cluster.partition_changes": 1}},
		{limits.ClusterTopicRequests, 2, func(c *capped) {
			begin := time.Now()
			for range 120 {
				c.admin.remove(6, "nowhere")
			}
			// At most a window's worth of 20 is free, the others take half a second each.
			c.got = append(c.got, fmt.Sprint("after some ", time.Since(begin).Truncate(10*time.Second)))
		}, []string{"after some 50s"}, []string{"after some 0s"}, nil},
		{limits.ClusterGroups, 2, func(c *capped) {
			c.join("one")
			c.join("two")
			c.join("one")
			c.join("three")
			c.leave("one")
			c.join("three")
		}, []string{"join one ok", "join two ok", "join one ok", "join three INVALID_REQUEST", "delete one ok", "join three ok"},
			[]string{"join one ok", "join two ok", "join one ok", "join three ok", "delete one ok", "join three ok"},
			map[string]int64{"joingroup INVALID_REQUEST cluster.groups": 1}},
		{limits.ClusterMessage, 5000, func(c *capped) {
			topic, r := c.cluster.directory.named("t"), c.dial(0)
			for _, size := range []int{5000, 5200} {
				resp := r.produce(produceRequest(9, -1, topic, map[int32][]byte{0: batch(1, size, -1, 0)}))
				c.note(fmt.Sprintf("%s/%d, %d bytes:", resp.Topics[0].Topic, resp.Topics[0].Partitions[0].Partition, size), resp.Topics[0].Partitions[0].ErrorCode, nil)
			}
			r = c.dial(0)
			r.send(produceRequest(9, 0, topic, map[int32][]byte{0: batch(1, 5200, -1, 0)}))
			_ = r.conn.SetReadDeadline(time.Now().Add(time.Second)) // it fails when closed already
			_, err := r.frame()
			c.got = append(c.got, fmt.Sprintf("closed for acks=0: %v", errors.Is(err, io.EOF)))
		}, []string{"t/0, 5000 bytes: ok", "t/0, 5200 bytes: INVALID_REQUEST", "closed for acks=0: true"},
			[]string{"t/0, 5000 bytes: ok", "t/0, 5200 bytes: ok", "closed for acks=0: false"},
			map[string]int64{"produce INVALID_REQUEST cluster.message": 2}},
		{limits.ClusterFetch, 9000, func(c *capped) {
			topic, r := c.cluster.directory.named("t"), c.dial(0)
			r.produce(produceRequest(9, -1, topic, map[int32][]byte{0: batch(1, 5000, -1, 0)}))
			for _, most := range []int32{9000, 9001} {
				resp := r.fetch(fetchRequest(12, topic, most, most, 0))
				c.note(fmt.Sprintf("%d bytes, %d partitions:", most, len(received(resp))), resp.ErrorCode, nil)
			}
		}, []string{"9000 bytes, 1 partitions: ok", "9001 bytes, 0 partitions: INVALID_REQUEST"},
			[]string{"9000 bytes, 1 partitions: ok", "9001 bytes, 1 partitions: ok"},
			map[string]int64{"fetch INVALID_REQUEST cluster.fetch": 1}},
	} {
		run := func(t *testing.T, cfg Config) (got []string, refused map[string]int64, throttled int64) {
			cfg.Topics = map[string]int32{"t": 3}
			inVirtualTime(t, cfg, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
				on := &capped{t: t, cluster: c, cfg: cfg, network: network, admin: loggedIn(t, c, cfg, network)}
				tc.do(on)
				got, refused = on.got, refusals(c)
				throttled = sum(only(c.Truth().Rows(), "throttle", func(r Row) bool { return r.Limit == tc.limit }), count)
			})
			return got, refused, throttled
		}
		slows := tc.limit == limits.ClusterTopicRequests || tc.limit == limits.ClusterPartitionChanges
		for name, cfg := range map[string]Config{"Apache Kafka": {}, MSKServerless: {As: MSKServerless, IAM: NewIAM()}} {
			for _, is := range []bool{true, false} {
				cfg := cfg
				t.Run(fmt.Sprintf("%s of %s, declared %v", tc.limit, name, is), func(t *testing.T) {
					want, truth := tc.free, map[string]int64(nil)
					if is {
						cfg.Limits, want, truth = declared(map[limits.Name]float64{tc.limit: tc.value}), tc.want, tc.truth
					}
					got, refused, throttled := run(t, cfg)
					if !slices.Equal(got, want) || !maps.Equal(refused, truth) || throttled > 0 != (is && slows) {
						t.Errorf("got  %q\nwant %q\nrefused %v, want %v; %d throttles", got, want, refused, truth, throttled)
					}
				})
			}
		}
	}
}

// TestOldRequestsWait: a client that cannot know the error is let change partitions, and
// held until they are paid for; one that can is refused.
func TestOldRequestsWait(t *testing.T) {
	for _, tc := range []struct {
		create, remove int16 // versions
		want           int16
		wait           time.Duration // that the answers ask for in all
	}{
		{5, 4, 0, 420 * time.Second}, // 150 partitions at 50 a minute, then 200
		{6, 5, kerr.ThrottlingQuotaExceeded.Code, 180 * time.Second},
	} {
		cfg := Config{Limits: declared(map[limits.Name]float64{limits.ClusterPartitionChanges: 250.0 / 300})}
		inVirtualTime(t, cfg, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
			r := loggedIn(t, c, cfg, network)
			first := r.create(tc.create, wanted("a", 200, -1))
			second := r.remove(tc.remove, "a")
			third := r.create(tc.create, wanted("b", 200, -1))
			wait := time.Duration(first.ThrottleMillis+second.ThrottleMillis+third.ThrottleMillis) * time.Millisecond
			if first.Topics[0].ErrorCode != 0 || second.Topics[0].ErrorCode != 0 || third.Topics[0].ErrorCode != tc.want || wait != tc.wait {
				t.Errorf("create v%d: %v, waits %d, %d and %d ms, want %v and %v in all", tc.create, kerr.ErrorForCode(third.Topics[0].ErrorCode),
					first.ThrottleMillis, second.ThrottleMillis, third.ThrottleMillis, kerr.ErrorForCode(tc.want), tc.wait)
			}
		})
	}
}

// TestLastPartitionsAreTakenOnce: of 20 clients that each create a topic of ten
// partitions at the same moment, those succeed for which there is room.
func TestLastPartitionsAreTakenOnce(t *testing.T) {
	cfg := Config{Topics: map[string]int32{"t": 3}, Limits: declared(map[limits.Name]float64{limits.ClusterPartitions: 50})}
	inVirtualTime(t, cfg, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		c.kafka.ControlKey(int16(kmsg.CreateTopics), func(kmsg.Request) (kmsg.Response, error, bool) {
			c.kafka.KeepControl()
			c.kafka.SleepControl(func() { time.Sleep(time.Second) }) // others come meanwhile
			return nil, nil, false
		})
		var all sync.WaitGroup
		var made atomic.Int32
		for i := range 20 {
			r := loggedIn(t, c, cfg, network)
			all.Go(func() {
				if r.create(7, wanted(fmt.Sprint("many-", i), 10, -1)).Topics[0].ErrorCode == 0 {
					made.Add(1)
				}
			})
		}
		all.Wait()
		there := 0
		for i := range 20 {
			there += c.partitions(fmt.Sprint("many-", i))
		}
		if made.Load() != 4 || there != 40 {
			t.Errorf("%d topics were made, %d partitions are there, want 4 and 40", made.Load(), there)
		}
	})
}

// TestTurnPassesOn: a client that goes while it makes partitions keeps nobody from
// making some.
func TestTurnPassesOn(t *testing.T) {
	cfg := Config{Limits: declared(map[limits.Name]float64{limits.ClusterPartitions: 50})}
	inVirtualTime(t, cfg, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		for i := range 10 {
			gone := loggedIn(t, c, cfg, network)
			req := kmsg.NewPtrCreateTopicsRequest()
			req.Version = 7
			req.Topics = append(req.Topics, wanted(fmt.Sprint("t-", i), 1, -1))
			gone.send(req)
			if err := gone.conn.Close(); err != nil {
				t.Fatal(err)
			}
			odd := loggedIn(t, c, cfg, network)
			odd.send(versioned(kmsg.NewPtrCreateTopicsRequest(), 99)) // which closes the connection
			odd.closed("after a version that nobody has")
		}
		if code := loggedIn(t, c, cfg, network).create(7, wanted("last", 40, -1)).Topics[0].ErrorCode; code != 0 {
			t.Error(kerr.ErrorForCode(code))
		}
	})
}

// TestGroupsOfEveryKind: members of new kinds of groups (KIP-848, KIP-932) count as
// others do, when they join.
func TestGroupsOfEveryKind(t *testing.T) {
	cfg := Config{Topics: map[string]int32{"t": 3}, Limits: declared(map[limits.Name]float64{limits.ClusterGroups: 1})}
	inVirtualTime(t, cfg, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		consumer := func(group string, epoch int32) int16 {
			req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
			req.Version, req.Group, req.MemberID, req.MemberEpoch, req.RebalanceTimeoutMillis = 1, group, "m", epoch, 10_000
			req.SubscribedTopicNames, req.Topics = []string{"t"}, []kmsg.ConsumerGroupHeartbeatRequestTopic{}
			r := dialIn(t, c, cfg, network, coordinator(t, c, cfg, network, group))
			return r.ask(req).(*kmsg.ConsumerGroupHeartbeatResponse).ErrorCode
		}
		share := func(group string, epoch int32) int16 {
			req := kmsg.NewPtrShareGroupHeartbeatRequest()
			req.Version, req.GroupID, req.MemberID, req.MemberEpoch = 1, group, "AAAAAAAAAAAAAAAAAAAAAA", epoch
			req.SubscribedTopicNames = []string{"t"}
			r := dialIn(t, c, cfg, network, coordinator(t, c, cfg, network, group))
			return r.ask(req).(*kmsg.ShareGroupHeartbeatResponse).ErrorCode
		}
		for what, code := range map[string]struct{ got, want int16 }{
			"a first group":                   {consumer("one", 0), 0},
			"a second group":                  {consumer("two", 0), kerr.InvalidRequest.Code},
			"a group that shares":             {share("three", 0), kerr.InvalidRequest.Code},
			"a member that was one elsewhere": {consumer("two", 5), kerr.UnknownMemberID.Code},
		} {
			if code.got != code.want {
				t.Errorf("%s: %v, want %v", what, kerr.ErrorForCode(code.got), kerr.ErrorForCode(code.want))
			}
		}
		want := map[string]int64{"consumergroupheartbeat INVALID_REQUEST cluster.groups": 1, "sharegroupheartbeat INVALID_REQUEST cluster.groups": 1}
		if got := refusals(c); !maps.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// coordinator is the broker that looks after a group.
func coordinator(t *testing.T, c *Cluster, cfg Config, network *kfake.VirtualNetwork, group string) int32 {
	t.Helper()
	r := dialIn(t, c, cfg, network, 0)
	req := kmsg.NewPtrFindCoordinatorRequest()
	req.Version, req.CoordinatorKey = 3, group
	return r.ask(req).(*kmsg.FindCoordinatorResponse).NodeID
}
