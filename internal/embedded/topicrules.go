package embedded

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The rules of Amazon MSK Serverless for topics (AWS, MSK Developer Guide, "Topic
// configuration for serverless clusters" and "Amazon MSK quota").
const (
	replicas         = 3
	mostMessageBytes = 8 << 20 // of max.message.bytes
)

// alterable are the settings of a topic that may be changed; cleanup.policy may be
// given when it is created.
func alterable() []string {
	return []string{
		"compression.type", "max.message.bytes", "message.timestamp.difference.max.ms", "message.timestamp.type", "retention.bytes", "retention.ms",
	}
}

// obey takes out of a request for topics what the rules forbid, and reports whether it
// changed it otherwise.
func (c *conn) obey(req kmsg.Request) (rewritten bool) {
	switch req := req.(type) {
	case *kmsg.CreateTopicsRequest:
		rewritten = c.fewerReplicas(req)
		req.Topics = slices.DeleteFunc(req.Topics, func(t kmsg.CreateTopicsRequestTopic) bool {
			return c.refuseIf(c.judgeCreation(t))
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
	}
	return rewritten
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

// judgeCreation is nil for a topic that may be created, as far as Amazon MSK
// Serverless differs from Apache Kafka.
func (c *conn) judgeCreation(t kmsg.CreateTopicsRequestTopic) *refusal {
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
	if _, copies := sizeOf(t); copies != -1 && copies != replicas {
		return &refusal{
			name: t.Topic, code: kerr.InvalidReplicationFactor, reason: "replication factor",
			says: fmt.Sprintf("Replication factor %d: topics have %d replicas.", copies, replicas),
		}
	}
	return nil
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
