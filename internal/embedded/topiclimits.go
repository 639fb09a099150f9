package embedded

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/limits"
	"msklt/internal/wire"
)

// defaultPartitions is how many partitions a topic has whose creator leaves that to
// the cluster, as in Apache Kafka.
const defaultPartitions = 1

// charge is what a request for topics costs.
type charge struct {
	manages bool           // it counts against cluster.topic_requests
	changes map[string]int // partitions made or removed, by topic
	pause   time.Duration  // until cluster.partition_changes allows more
}

// manage takes out of a request for topics what the cluster's rules and limits forbid.
// What is left is charged, and given back if it fails.
func (c *conn) manage(body []byte) error {
	req, err := c.decode(body)
	if err != nil {
		return err
	}
	cluster := c.listener.cluster
	c.request.charge = charge{manages: true, changes: make(map[string]int)}
	rewritten := cluster.serverless != nil && c.obey(req)
	if err := c.limit(req); err != nil {
		return err
	}
	if deletion, ok := req.(*kmsg.DeleteTopicsRequest); ok {
		c.noteLogs(deletion)
	}
	if !rewritten && len(c.request.refused) == 0 {
		return nil
	}
	// What is left of the request is not longer, and kfake does not mind what follows.
	left := req.AppendTo(nil)
	if len(left) > len(body) {
		return fmt.Errorf("rewrite %s: %w", kmsg.NameForKey(req.Key()), errFrameSize)
	}
	copy(body, left)
	return nil
}

// decode reads a request whole.
func (c *conn) decode(body []byte) (kmsg.Request, error) {
	req := kmsg.RequestForKey(c.request.key)
	req.SetVersion(c.request.version)
	if err := req.ReadFrom(body); err != nil {
		return nil, fmt.Errorf("read %s: %w", kmsg.NameForKey(req.Key()), err)
	}
	return req, nil
}

// limit takes out of a request for topics what the declared limits forbid.
func (c *conn) limit(req kmsg.Request) error {
	switch req := req.(type) {
	case *kmsg.CreateTopicsRequest:
		free, err := c.freePartitions()
		if err != nil {
			return err
		}
		req.Topics = slices.DeleteFunc(req.Topics, func(t kmsg.CreateTopicsRequestTopic) bool {
			if c.listener.cluster.directory.named(t.Topic) != nil {
				return false // kafka says that it exists
			}
			partitions, _ := sizeOf(t)
			return c.refuseIf(c.limitMore(t.Topic, partitions, &free, req.ValidateOnly))
		})
	case *kmsg.CreatePartitionsRequest:
		free, err := c.freePartitions()
		if err != nil {
			return err
		}
		req.Topics = slices.DeleteFunc(req.Topics, func(t kmsg.CreatePartitionsRequestTopic) bool {
			more := int(t.Count) - c.listener.cluster.partitions(t.Topic)
			return c.refuseIf(c.limitMore(t.Topic, more, &free, req.ValidateOnly))
		})
	case *kmsg.DeleteTopicsRequest:
		req.TopicNames = slices.DeleteFunc(req.TopicNames, func(name string) bool { return c.refuseIf(c.limitDeletion(wire.Topic{Name: []byte(name)})) })
		req.Topics = slices.DeleteFunc(req.Topics, func(t kmsg.DeleteTopicsRequestTopic) bool {
			if t.Topic != nil {
				return c.refuseIf(c.limitDeletion(wire.Topic{Name: []byte(*t.Topic)}))
			}
			return c.refuseIf(c.limitDeletion(wire.Topic{ID: t.TopicID}))
		})
	}
	return nil
}

// sizeOf is how many partitions a topic is to have, and replicas of each; -1 replicas:
// as the cluster likes.
func sizeOf(t kmsg.CreateTopicsRequestTopic) (partitions, copies int) {
	switch n := len(t.ReplicaAssignment); {
	case n > 0:
		return n, len(t.ReplicaAssignment[0].Replicas)
	case t.NumPartitions == -1:
		return defaultPartitions, int(t.ReplicationFactor)
	}
	return int(t.NumPartitions), int(t.ReplicationFactor)
}

// limitMore is nil where a topic may have so many more partitions.
func (c *conn) limitMore(topic string, more int, free *int, validate bool) *refusal {
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
	refused := c.limitChange(refusal{name: topic}, more)
	if refused == nil {
		*free -= more
	}
	return refused
}

// limitDeletion is nil for a topic that may be deleted.
func (c *conn) limitDeletion(named wire.Topic) *refusal {
	cluster := c.listener.cluster
	if t := cluster.directory.find(named); t != nil {
		return c.limitChange(refusal{name: t.name, id: t.id}, cluster.partitions(t.name))
	}
	return nil // kafka says that it is not there
}

// limitChange charges partitions that are made or removed.
func (c *conn) limitChange(r refusal, partitions int) *refusal {
	cluster, ch := c.listener.cluster, &c.request.charge
	refused, pause := cluster.caps.changes.take(cluster.quotas.now(), partitions, refusesChanges(kmsg.Key(c.request.key), c.request.version))
	ch.pause = max(ch.pause, pause)
	if !refused {
		ch.changes[r.name] += partitions
		return nil
	}
	r.code, r.reason = kerr.ThrottlingQuotaExceeded, string(limits.ClusterPartitionChanges)
	r.says = kerr.ThrottlingQuotaExceeded.Description
	return &r
}

// freePartitions is how many partitions the cluster may have more. Where a limit says
// so, it is this connection's turn to make them.
func (c *conn) freePartitions() (int, error) {
	cluster := c.listener.cluster
	free := cluster.caps.partitions
	if free <= 0 {
		return math.MaxInt, nil
	}
	if err := c.takeTurn(); err != nil {
		return 0, err
	}
	for _, t := range cluster.directory.all() {
		free -= cluster.partitions(t.name)
	}
	return free, nil
}

// partitions asks kafka how many partitions a topic has; 0 where it has none of it.
func (c *Cluster) partitions(topic string) (n int) {
	c.ask(func(k *kfake.Cluster) { n = len(k.PartitionInfos(topic)) })
	return n
}
