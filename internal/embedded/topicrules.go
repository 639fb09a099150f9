package embedded

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/limits"
	"msklt/internal/wire"
)

// The rules of Amazon MSK Serverless for topics (AWS, MSK Developer Guide, "Topic
// configuration for serverless clusters" and "Amazon MSK quota").
const (
	replicas          = 3
	defaultPartitions = 1
	mostMessageBytes  = 8 << 20 // of max.message.bytes
)

// alterable are the settings of a topic that may be changed; cleanup.policy may be
// given when it is created.
func alterable() []string {
	return []string{
		"compression.type", "max.message.bytes", "message.timestamp.difference.max.ms", "message.timestamp.type", "retention.bytes", "retention.ms",
	}
}

// charge is what a request for topics costs.
type charge struct {
	manages bool           // it counts against cluster.topic_requests
	changes map[string]int // partitions made or removed, by topic
	pause   time.Duration  // until cluster.partition_changes allows more
}

// judge takes out of a request for topics what the rules forbid, and reports whether
// the request is another one now. What is left is charged, and given back if it fails.
func (c *conn) judge(req kmsg.Request) (rewritten bool) {
	ch := &c.request.charge
	ch.manages, ch.changes = true, make(map[string]int)
	switch req := req.(type) {
	case *kmsg.CreateTopicsRequest:
		rewritten = c.fewerReplicas(req)
		free := c.freePartitions()
		req.Topics = slices.DeleteFunc(req.Topics, func(t kmsg.CreateTopicsRequestTopic) bool {
			return c.refuseIf(c.judgeCreation(t, &free, req.ValidateOnly))
		})
	case *kmsg.CreatePartitionsRequest:
		free := c.freePartitions()
		req.Topics = slices.DeleteFunc(req.Topics, func(t kmsg.CreatePartitionsRequestTopic) bool {
			more := int(t.Count) - c.listener.cluster.partitions(t.Topic)
			return c.refuseIf(c.judgeMore(t.Topic, more, &free, req.ValidateOnly))
		})
	case *kmsg.DeleteTopicsRequest:
		req.TopicNames = slices.DeleteFunc(req.TopicNames, func(name string) bool { return c.refuseIf(c.judgeDeletion(name, [16]byte{})) })
		req.Topics = slices.DeleteFunc(req.Topics, func(t kmsg.DeleteTopicsRequestTopic) bool {
			if t.Topic != nil {
				return c.refuseIf(c.judgeDeletion(*t.Topic, t.TopicID))
			}
			return c.refuseIf(c.judgeDeletion("", t.TopicID))
		})
	case *kmsg.AlterConfigsRequest:
		req.Resources = slices.DeleteFunc(req.Resources, func(r kmsg.AlterConfigsRequestResource) bool {
			given := make(map[string]*string)
			for _, config := range r.Configs {
				given[config.Name] = config.Value
			}
			return c.refuseIf(judgeResource(r.ResourceType, r.ResourceName, given))
		})
	case *kmsg.IncrementalAlterConfigsRequest:
		req.Resources = slices.DeleteFunc(req.Resources, func(r kmsg.IncrementalAlterConfigsRequestResource) bool {
			given := make(map[string]*string)
			for _, config := range r.Configs {
				given[config.Name] = config.Value
			}
			return c.refuseIf(judgeResource(r.ResourceType, r.ResourceName, given))
		})
	default:
		*ch = charge{}
	}
	return rewritten || len(c.request.refused) > 0
}

// fewerReplicas asks for as many replicas as there are brokers, where three are asked
// for and there are not so many: nothing is replicated here anyway.
func (c *conn) fewerReplicas(req *kmsg.CreateTopicsRequest) (rewritten bool) {
	for i := range req.Topics {
		if t := &req.Topics[i]; t.ReplicationFactor == replicas && len(c.listener.cluster.listeners) < replicas {
			t.ReplicationFactor, rewritten = -1, true
		}
	}
	return rewritten
}

// refuseIf refuses where there is something to refuse.
func (c *conn) refuseIf(r *refusal) bool {
	if r != nil {
		c.refuse(*r)
	}
	return r != nil
}

// judgeCreation is nil for a topic that may be created, as far as Amazon MSK
// Serverless differs from Apache Kafka.
func (c *conn) judgeCreation(t kmsg.CreateTopicsRequestTopic, free *int, validate bool) *refusal {
	if c.listener.cluster.directory.named(t.Topic) != nil {
		return nil // kafka says that it exists
	}
	given := make(map[string]*string)
	for _, config := range t.Configs {
		given[config.Name] = config.Value
	}
	delete(given, "cleanup.policy")
	if says := judgeSettings(given, "set"); says != "" {
		return &refusal{name: t.Topic, code: kerr.InvalidConfig, says: says, reason: "setting"}
	}
	partitions, copies := int(t.NumPartitions), int(t.ReplicationFactor)
	if n := len(t.ReplicaAssignment); n > 0 {
		partitions, copies = n, len(t.ReplicaAssignment[0].Replicas)
	}
	if copies != -1 && copies != replicas {
		return &refusal{
			name: t.Topic, code: kerr.InvalidReplicationFactor, reason: "replication factor",
			says: fmt.Sprintf("Replication factor %d: topics have %d replicas.", copies, replicas),
		}
	}
	if partitions == -1 {
		partitions = defaultPartitions
	}
	return c.judgeMore(t.Topic, partitions, free, validate)
}

// judgeMore is nil where a topic may have so many more partitions.
func (c *conn) judgeMore(topic string, more int, free *int, validate bool) *refusal {
	if more <= 0 {
		return nil // kafka refuses it
	}
	if more > *free {
		return &refusal{
			name: topic, code: kerr.InvalidRequest, reason: string(limits.ClusterPartitions),
			says: fmt.Sprintf("%d partitions more would exceed the cluster's limit, which leaves %d.", more, max(0, *free)),
		}
	}
	if validate {
		return nil
	}
	*free -= more
	return c.judgeChange(refusal{name: topic}, more)
}

// judgeDeletion is nil for a topic that may be deleted.
func (c *conn) judgeDeletion(name string, id [16]byte) *refusal {
	cluster := c.listener.cluster
	if t := cluster.directory.find(wire.Topic{Name: []byte(name), ID: id}); t != nil {
		return c.judgeChange(refusal{name: t.name, id: t.id}, cluster.partitions(t.name))
	}
	return nil // kafka says that it is not there
}

// judgeChange charges partitions that are made or removed.
func (c *conn) judgeChange(r refusal, partitions int) *refusal {
	cluster, ch := c.listener.cluster, &c.request.charge
	pause := cluster.serverless.changes.take(cluster.quotas.now(), partitions)
	if pause == 0 {
		ch.changes[r.name] += partitions
		return nil
	}
	ch.pause = max(ch.pause, pause)
	r.code, r.reason = kerr.ThrottlingQuotaExceeded, string(limits.ClusterPartitionChanges)
	r.says = kerr.ThrottlingQuotaExceeded.Description
	return &r
}

// judgeResource is nil where settings may be changed.
func judgeResource(kind kmsg.ConfigResourceType, name string, given map[string]*string) *refusal {
	if kind != kmsg.ConfigResourceTypeTopic {
		return &refusal{name: name, kind: kind, code: kerr.ClusterAuthorizationFailed, says: kerr.ClusterAuthorizationFailed.Description, reason: "setting"}
	}
	if says := judgeSettings(given, "alter"); says != "" {
		return &refusal{name: name, kind: kind, code: kerr.InvalidConfig, says: says, reason: "setting"}
	}
	return nil
}

// judgeSettings is empty where a topic may have settings, else what is said against
// the first that it may not. Amazon MSK Serverless's words for "alter" are known.
func judgeSettings(given map[string]*string, verb string) string {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(alterable(), name) {
			return fmt.Sprintf("Amazon MSK Serverless can't %s topic configuration %s. Only the following topic configurations are alterable: [%s].",
				verb, name, strings.Join(alterable(), ", "))
		}
		if v := given[name]; name == "max.message.bytes" && v != nil {
			if n, err := strconv.ParseInt(*v, 10, 64); err == nil && n > mostMessageBytes {
				return fmt.Sprintf("Amazon MSK Serverless can't %s topic configuration %s to %d. It is %d at most.", verb, name, n, mostMessageBytes)
			}
		}
	}
	return ""
}

// freePartitions is how many partitions the cluster may have more.
func (c *conn) freePartitions() int {
	cluster := c.listener.cluster
	most := cluster.quotas.limits.Of(limits.ClusterPartitions)
	if most <= 0 {
		return 1 << 30
	}
	free := int(most)
	for _, t := range cluster.directory.all() {
		free -= cluster.partitions(t.name)
	}
	return free
}

// partitions asks kafka how many partitions a topic has; 0 where it has none of it.
func (c *Cluster) partitions(topic string) (n int) {
	c.ask(func(k *kfake.Cluster) { n = len(k.PartitionInfos(topic)) })
	return n
}
