package embedded

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/limits"
)

// loggedIn is a connection to a broker, by default the first, whose login holds.
func loggedIn(t *testing.T, c *Cluster, cfg Config, network *kfake.VirtualNetwork) *raw {
	t.Helper()
	r := dialVirtual(t, network, c.Bootstrap()[0], "a")
	r.login(cfg.IAM)
	controller := r.ask(versioned(kmsg.NewPtrMetadataRequest(), 11)).(*kmsg.MetadataResponse).ControllerID
	r = dialVirtual(t, network, c.Bootstrap()[controller], "a")
	r.login(cfg.IAM)
	return r
}

// wanted is a topic to create; settings are NAME=VALUE.
func wanted(name string, partitions int32, replicas int16, settings ...string) kmsg.CreateTopicsRequestTopic {
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = name, partitions, replicas
	for _, s := range settings {
		config := kmsg.NewCreateTopicsRequestTopicConfig()
		name, value, _ := strings.Cut(s, "=")
		config.Name, config.Value = name, &value
		t.Configs = append(t.Configs, config)
	}
	return t
}

func (r *raw) create(version int16, topics ...kmsg.CreateTopicsRequestTopic) *kmsg.CreateTopicsResponse {
	r.t.Helper()
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Version, req.Topics = version, topics
	return r.ask(req).(*kmsg.CreateTopicsResponse)
}

func (r *raw) remove(version int16, names ...string) *kmsg.DeleteTopicsResponse {
	r.t.Helper()
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.Version, req.TopicNames = version, names
	for _, name := range names {
		t := kmsg.NewDeleteTopicsRequestTopic()
		t.Topic = &name
		req.Topics = append(req.Topics, t)
	}
	return r.ask(req).(*kmsg.DeleteTopicsResponse)
}

// TestServerlessTopics creates what the rules allow, and says of the rest what is
// wrong with it, in one request.
func TestServerlessTopics(t *testing.T) {
	for _, brokers := range []int{3, 1} {
		serverlessTopics(t, brokers)
	}
}

func serverlessTopics(t *testing.T, brokers int) {
	cfg := passing(map[limits.Name]float64{limits.ClusterPartitions: 20})
	cfg.Brokers = brokers
	inVirtualTime(t, cfg, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		r := loggedIn(t, c, cfg, network)
		for _, version := range []int16{3, 7} {
			resp := r.create(version,
				wanted("plain", 2, -1), wanted("three", 1, 3, "cleanup.policy=compact", "retention.ms=-1", "max.message.bytes=8388608"),
				wanted("one", 1, 1), wanted("two", 1, 2), wanted("segments", 1, 3, "retention.ms=1", "segment.bytes=1"),
				wanted("large", 1, 3, "max.message.bytes=8388609"), wanted("many", 16, 3), wanted("t", 1, 3), wanted("rest", 14, 3))
			got := map[string]string{}
			for _, topic := range resp.Topics {
				got[topic.Topic] = "created"
				if err := kerr.TypedErrorForCode(topic.ErrorCode); err != nil {
					got[topic.Topic] = err.Message
				}
				if topic.ErrorMessage != nil {
					got[topic.Topic] += ": " + *topic.ErrorMessage
				}
			}
			alterable := "Only the following topic configurations are alterable: [compression.type, max.message.bytes, " +
				"message.timestamp.difference.max.ms, message.timestamp.type, retention.bytes, retention.ms]."
			want := map[string]string{
				"plain": "created", "three": "created", "rest": "created", "t": "TOPIC_ALREADY_EXISTS",
				"one":      "INVALID_REPLICATION_FACTOR: Replication factor 1: topics have 3 replicas.",
				"two":      "INVALID_REPLICATION_FACTOR: Replication factor 2: topics have 3 replicas.",
				"segments": "INVALID_CONFIG: Amazon MSK Serverless can't set topic configuration segment.bytes. " + alterable,
				"large":    "INVALID_CONFIG: Amazon MSK Serverless can't set topic configuration max.message.bytes to 8388609. It is 8388608 at most.",
				"many":     "INVALID_REQUEST: 16 partitions more would exceed the cluster's limit, which leaves 14.",
			}
			if !maps.Equal(got, want) {
				t.Errorf("v%d: %v\nwant %v", version, got, want)
			}
			if n := c.partitions("plain") + c.partitions("three") + c.partitions("rest"); n != 17 {
				t.Errorf("%d partitions created, want 17", n)
			}
			for _, topic := range r.remove(max(3, version-1), "plain", "three", "rest").Topics {
				if topic.ErrorCode != 0 {
					t.Errorf("v%d: removing %s: %v", version, *topic.Topic, kerr.ErrorForCode(topic.ErrorCode))
				}
			}
		}
	})
}

// TestServerlessSettings: only some of a topic's settings can be altered.
func TestServerlessSettings(t *testing.T) {
	cfg := passing(nil)
	inVirtualTime(t, cfg, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		r := loggedIn(t, c, cfg, network)
		alter := func(kind kmsg.ConfigResourceType, topic, name, value string) (int16, string) {
			req := kmsg.NewPtrIncrementalAlterConfigsRequest()
			req.Version = 1
			res := kmsg.NewIncrementalAlterConfigsRequestResource()
			res.ResourceType, res.ResourceName = kind, topic
			config := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
			config.Name, config.Value = name, &value
			res.Configs = append(res.Configs, config)
			req.Resources = append(req.Resources, res)
			got := r.ask(req).(*kmsg.IncrementalAlterConfigsResponse).Resources[0]
			if got.ErrorMessage == nil {
				return got.ErrorCode, ""
			}
			return got.ErrorCode, *got.ErrorMessage
		}
		topic := kmsg.ConfigResourceTypeTopic
		if code, says := alter(topic, "t", "retention.bytes", "1000"); code != 0 || c.directory.named("t").retentionBytes != 1000 {
			t.Errorf("retention.bytes: %v, %s", kerr.ErrorForCode(code), says)
		}
		for _, name := range []string{"segment.bytes", "cleanup.policy", "min.insync.replicas"} {
			if code, says := alter(topic, "t", name, "1"); code != kerr.InvalidConfig.Code || !strings.Contains(says, "can't alter topic configuration "+name+". Only") {
				t.Errorf("%s: %v, %s", name, kerr.ErrorForCode(code), says)
			}
		}
		if code, _ := alter(kmsg.ConfigResourceTypeBroker, "", "log.retention.ms", "1"); code != kerr.ClusterAuthorizationFailed.Code {
			t.Errorf("a broker's setting: %v", kerr.ErrorForCode(code))
		}
		old := kmsg.NewPtrAlterConfigsRequest()
		old.Version = 1
		res := kmsg.NewAlterConfigsRequestResource()
		res.ResourceType, res.ResourceName = topic, "t"
		config := kmsg.NewAlterConfigsRequestResourceConfig()
		config.Name = "segment.ms"
		res.Configs = append(res.Configs, config)
		old.Resources = append(old.Resources, res)
		if got := r.ask(old).(*kmsg.AlterConfigsResponse).Resources; len(got) != 1 || got[0].ErrorCode != kerr.InvalidConfig.Code {
			t.Errorf("%+v", got)
		}
		want := map[string]int64{
			"incrementalalterconfigs INVALID_CONFIG setting": 3, "incrementalalterconfigs CLUSTER_AUTHORIZATION_FAILED setting": 1,
			"alterconfigs INVALID_CONFIG setting": 1,
		}
		if got := refusals(c); !maps.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// TestServerlessPartitionChanges: 250 partitions in five minutes, made or removed.
// Who is told to wait waits no longer than that.
func TestServerlessPartitionChanges(t *testing.T) {
	cfg := passing(map[limits.Name]float64{limits.ClusterPartitionChanges: 250.0 / 300})
	inVirtualTime(t, cfg, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		r := loggedIn(t, c, cfg, network)
		done := func(code int16) {
			t.Helper()
			if code != 0 {
				t.Error(kerr.ErrorForCode(code))
			}
		}
		// What kafka refuses costs nothing.
		if code := r.create(7, wanted("a", 0, 3)).Topics[0].ErrorCode; code == 0 {
			t.Error("a topic without partitions")
		}
		done(r.create(7, wanted("a", 200, 3)).Topics[0].ErrorCode)
		done(r.remove(6, "a").Topics[0].ErrorCode) // in debt by 150
		more := kmsg.NewPtrCreatePartitionsRequest()
		more.Version = 3
		add := kmsg.NewCreatePartitionsRequestTopic()
		add.Topic, add.Count = "t", 13
		more.Topics = append(more.Topics, add)
		late := r.ask(more).(*kmsg.CreatePartitionsResponse)
		if code := late.Topics[0].ErrorCode; code != kerr.ThrottlingQuotaExceeded.Code {
			t.Errorf("in debt: %v", kerr.ErrorForCode(code))
		}
		if late.ThrottleMillis != 180_000 { // 150 partitions at 50 a minute
			t.Errorf("told to wait %d ms, want 180,000", late.ThrottleMillis)
		}
		asked := time.Now()
		done(r.ask(more).(*kmsg.CreatePartitionsResponse).Topics[0].ErrorCode) // muted until then
		if waited := time.Since(asked); waited != 180*time.Second {
			t.Errorf("held for %s, want 180 s", waited)
		}
		if n := c.partitions("t"); n != 13 {
			t.Errorf("%d partitions, want 13", n)
		}
		throttled := only(c.Truth().Rows(), "throttle", func(r Row) bool { return r.Limit == limits.ClusterPartitionChanges })
		if len(throttled) != 1 || throttled[0].TotalMillis != 180_000 || throttled[0].API != "createpartitions" {
			t.Errorf("%+v", throttled)
		}
		want := map[string]int64{"createpartitions THROTTLING_QUOTA_EXCEEDED cluster.partition_changes": 1}
		if got := refusals(c); !maps.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// TestServerlessTopicRequests are slowed down to the limit.
func TestServerlessTopicRequests(t *testing.T) {
	cfg := passing(map[limits.Name]float64{limits.ClusterTopicRequests: 2})
	inVirtualTime(t, cfg, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		r := loggedIn(t, c, cfg, network)
		begin := time.Now()
		for range 120 {
			r.remove(6, "nowhere")
		}
		// At most a window's worth of 20 is free, the others take half a second each.
		if took := time.Since(begin); took < 50*time.Second || took > 60*time.Second {
			t.Errorf("120 requests took %s, want 50 to 60 s", took)
		}
		if n := sum(only(c.Truth().Rows(), "throttle", nil), count); n == 0 {
			t.Error("no throttle in the truth")
		}
	})
}

// TestServerlessSizes refuses messages and fetches that are too large.
func TestServerlessSizes(t *testing.T) {
	cfg := passing(map[limits.Name]float64{limits.ClusterMessage: 5000, limits.ClusterFetch: 9000})
	inVirtualTime(t, cfg, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		r := dialVirtual(t, network, c.Bootstrap()[0], "a") // which leads partition 0
		r.login(cfg.IAM)
		topic := c.directory.named("t")
		for size, want := range map[int]*kerr.Error{5000: nil, 5200: kerr.InvalidRequest} {
			resp := r.produce(produceRequest(9, -1, topic, map[int32][]byte{0: batch(1, size, -1, 0)}))
			if p := resp.Topics[0].Partitions[0]; resp.Topics[0].Topic != "t" || kerr.TypedErrorForCode(p.ErrorCode) != want {
				t.Errorf("%d bytes: %+v, want %v", size, resp, want)
			}
		}
		for most, want := range map[int32]*kerr.Error{9000: nil, 9001: kerr.InvalidRequest} {
			resp := r.fetch(fetchRequest(12, topic, most, most, 0))
			if kerr.TypedErrorForCode(resp.ErrorCode) != want || (want == nil) != (len(received(resp)) == 1) {
				t.Errorf("%d bytes: %+v, want %v", most, resp, want)
			}
		}
		lost := dialVirtual(t, network, c.Bootstrap()[0], "a")
		lost.login(cfg.IAM)
		lost.send(produceRequest(9, 0, topic, map[int32][]byte{0: batch(1, 5200, -1, 0)}))
		lost.closed("with acks=0")
		want := map[string]int64{"produce INVALID_REQUEST cluster.message": 2, "fetch INVALID_REQUEST cluster.fetch": 1}
		if got := refusals(c); !maps.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// TestServerlessGroups lets no group more than allowed be joined, until one goes.
func TestServerlessGroups(t *testing.T) {
	cfg := passing(map[limits.Name]float64{limits.ClusterGroups: 2})
	inVirtualTime(t, cfg, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		join := func(group string) int16 {
			r := dialVirtual(t, network, c.Bootstrap()[coordinator(t, c, cfg, network, group)], "a")
			r.login(cfg.IAM)
			req := kmsg.NewPtrJoinGroupRequest()
			req.Version, req.Group, req.ProtocolType = 7, group, "consumer"
			req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = 10_000, 10_000
			req.Protocols = append(req.Protocols, kmsg.JoinGroupRequestProtocol{Name: "range"})
			resp := r.ask(req).(*kmsg.JoinGroupResponse)
			if resp.ErrorCode != kerr.MemberIDRequired.Code {
				return resp.ErrorCode
			}
			req.MemberID = resp.MemberID
			return r.ask(req).(*kmsg.JoinGroupResponse).ErrorCode
		}
		for _, group := range []string{"one", "two", "one"} {
			if code := join(group); code != 0 {
				t.Errorf("group %s: %v", group, kerr.ErrorForCode(code))
			}
		}
		if code := join("three"); code != kerr.InvalidRequest.Code {
			t.Errorf("a third group: %v", kerr.ErrorForCode(code))
		}
		time.Sleep(time.Minute) // the members are gone
		r := dialVirtual(t, network, c.Bootstrap()[coordinator(t, c, cfg, network, "one")], "a")
		r.login(cfg.IAM)
		deletion := kmsg.NewPtrDeleteGroupsRequest()
		deletion.Version, deletion.Groups = 2, []string{"one"}
		if g := r.ask(deletion).(*kmsg.DeleteGroupsResponse).Groups[0]; g.ErrorCode != 0 {
			t.Fatal(kerr.ErrorForCode(g.ErrorCode))
		}
		if code := join("three"); code != 0 {
			t.Errorf("after one group is gone: %v", kerr.ErrorForCode(code))
		}
		want := map[string]int64{"joingroup INVALID_REQUEST cluster.groups": 1}
		if got := refusals(c); !maps.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// coordinator is the broker that looks after a group.
func coordinator(t *testing.T, c *Cluster, cfg Config, network *kfake.VirtualNetwork, group string) int32 {
	t.Helper()
	r := dialVirtual(t, network, c.Bootstrap()[0], "a")
	r.login(cfg.IAM)
	req := kmsg.NewPtrFindCoordinatorRequest()
	req.Version, req.CoordinatorKey = 3, group
	return r.ask(req).(*kmsg.FindCoordinatorResponse).NodeID
}
