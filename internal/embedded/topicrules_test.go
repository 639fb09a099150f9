package embedded

import (
	"maps"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/limits"
)

// loggedIn is a connection to the controller, whose login holds where one is asked for.
func loggedIn(t *testing.T, c *Cluster, cfg Config, network *kfake.VirtualNetwork) *raw {
	t.Helper()
	r := dialIn(t, c, cfg, network, 0)
	return dialIn(t, c, cfg, network, r.ask(versioned(kmsg.NewPtrMetadataRequest(), 11)).(*kmsg.MetadataResponse).ControllerID)
}

// dialIn connects to a broker, and logs in where that is asked for.
func dialIn(t *testing.T, c *Cluster, cfg Config, network *kfake.VirtualNetwork, broker int32) *raw {
	t.Helper()
	r := dialVirtual(t, network, c.Bootstrap()[broker], "a")
	if cfg.IAM != nil {
		r.login(cfg.IAM)
	}
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
