package embedded

import (
	"net"

	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/wire"
)

// noteLogs keeps where the logs end that a request deletes.
func (c *conn) noteLogs(req *kmsg.DeleteTopicsRequest) {
	cluster := c.listener.cluster
	c.request.lastLogs = make(map[*topic][]Row)
	keep := func(wanted wire.Topic) {
		if t := cluster.directory.find(wanted); t != nil {
			c.request.lastLogs[t] = cluster.logOf(t)
		}
	}
	for _, name := range req.TopicNames { // up to v5
		keep(wire.Topic{Name: []byte(name)})
	}
	for _, t := range req.Topics {
		if t.Topic != nil {
			keep(wire.Topic{Name: []byte(*t.Topic)})
		} else {
			keep(wire.Topic{ID: t.TopicID})
		}
	}
}

// answerOther follows up on what kfake did and writes a throttle into the response
// if the request limit asks for one.
func (c *conn) answerOther(b []byte, header int) answer {
	defer c.endTurn()
	r := &c.request
	v, muted := c.listener.cluster.quotas.other(r, c.listener.node)
	a := answer{mutedUntil: muted}
	key := kmsg.Key(r.key)
	misdirected := key == kmsg.Metadata && c.listener.cluster.faults.misdirects()
	follow := misdirected || key == kmsg.CreateTopics || key == kmsg.CreatePartitions || key == kmsg.DeleteTopics ||
		key == kmsg.AlterConfigs || key == kmsg.IncrementalAlterConfigs
	if !follow && v.throttle == 0 {
		return a
	}
	resp := kmsg.ResponseForKey(r.key)
	resp.SetVersion(r.version)
	if resp.ReadFrom(b[header:]) != nil {
		return a // an ApiVersions request of a later version is answered in version 0
	}
	if r.charge.manages {
		c.tellRefused(resp)
	}
	changed := c.listener.cluster.followUp(r, resp) || len(r.refused) > 0
	if metadata, ok := resp.(*kmsg.MetadataResponse); ok && misdirected {
		c.listener.cluster.misdirect(metadata)
		changed = true
	}
	if throttled, ok := resp.(kmsg.SetThrottleResponse); ok && v.throttle > 0 {
		throttled.SetThrottle(v.millis())
		changed = true
	}
	if changed {
		c.out = resp.AppendTo(append(c.out[:0], b[:header]...))
		setLength(c.out)
		a.instead = net.Buffers{c.out}
	}
	return a
}

// followUp does what kfake does not do after an administrative request, and
// reports whether it changed the response.
func (c *Cluster) followUp(r *request, resp kmsg.Response) (changed bool) {
	switch resp := resp.(type) {
	case *kmsg.CreateTopicsResponse:
		for i := range resp.Topics {
			t := &resp.Topics[i]
			if t.Configs == nil {
				t.Configs = []kmsg.CreateTopicsResponseTopicConfig{} // Java fails on null
			}
			for j := range t.Configs { // and on a source of -1
				t.Configs[j].Source = int8(kmsg.ConfigSourceDynamicTopicConfig)
			}
			c.placeLeaders(t.Topic)
		}
		return true
	case *kmsg.CreatePartitionsResponse:
		for _, t := range resp.Topics {
			c.placeLeaders(t.Topic)
		}
	case *kmsg.DeleteTopicsResponse:
		for _, t := range resp.Topics {
			if t.ErrorCode == 0 {
				c.forgetTopic(r, t)
			}
		}
	case *kmsg.AlterConfigsResponse:
		for _, res := range resp.Resources {
			c.configured(res.ErrorCode, res.ResourceType, res.ResourceName)
		}
	case *kmsg.IncrementalAlterConfigsResponse:
		for _, res := range resp.Resources {
			c.configured(res.ErrorCode, res.ResourceType, res.ResourceName)
		}
	}
	return false
}

// forgetTopic drops a topic that has been deleted.
func (c *Cluster) forgetTopic(r *request, deleted kmsg.DeleteTopicsResponseTopic) {
	for t, logs := range r.lastLogs {
		if t.id == deleted.TopicID || deleted.Topic != nil && t.name == *deleted.Topic {
			c.directory.drop(t, logs)
			c.retention.drop(t)
		}
	}
}

// configured reads a topic's settings again after they were changed.
func (c *Cluster) configured(code int16, kind kmsg.ConfigResourceType, name string) {
	if code == 0 && kind == kmsg.ConfigResourceTypeTopic {
		c.directory.named(name)
	}
}
