package embedded

import (
	"encoding/binary"
	"net"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/limits"
	"msklt/internal/wire"
)

// refusal is what is not done of a request, and why.
type refusal struct {
	name   string // of the topic or resource
	id     [16]byte
	kind   kmsg.ConfigResourceType
	code   *kerr.Error // nil: the connection is closed
	says   string      // to the client
	reason string      // to the truth: a limit, or a word
}

// refuse notes what is not done, and counts it in the truth.
func (c *conn) refuse(r refusal) {
	c.request.refused = append(c.request.refused, r)
	key := refusalKey{api: apiName(c.request.key), code: "closed", reason: r.reason, client: c.request.client, broker: c.listener.node}
	if r.code != nil {
		key.code = r.code.Message
	}
	c.listener.cluster.quotas.refused(key)
}

// refuseIf refuses where there is something to refuse.
func (c *conn) refuseIf(r *refusal) bool {
	if r != nil {
		c.refuse(*r)
	}
	return r != nil
}

// tellRefused adds to a response what kfake was not asked to do, and gives back the
// charge for what it did not do.
func (c *conn) tellRefused(resp kmsg.Response) {
	r := &c.request
	switch resp := resp.(type) {
	case *kmsg.CreateTopicsResponse:
		for _, t := range resp.Topics {
			c.giveBack(t.Topic, t.ErrorCode)
		}
		for _, refused := range r.refused {
			t := kmsg.NewCreateTopicsResponseTopic()
			t.Topic, t.ErrorCode, t.ErrorMessage = refused.name, refused.code.Code, &refused.says
			resp.Topics = append(resp.Topics, t)
		}
	case *kmsg.CreatePartitionsResponse:
		for _, t := range resp.Topics {
			c.giveBack(t.Topic, t.ErrorCode)
		}
		for _, refused := range r.refused {
			t := kmsg.NewCreatePartitionsResponseTopic()
			t.Topic, t.ErrorCode, t.ErrorMessage = refused.name, refused.code.Code, &refused.says
			resp.Topics = append(resp.Topics, t)
		}
	case *kmsg.DeleteTopicsResponse:
		for _, t := range resp.Topics {
			if t.Topic != nil {
				c.giveBack(*t.Topic, t.ErrorCode)
			}
		}
		for _, refused := range r.refused {
			t := kmsg.NewDeleteTopicsResponseTopic()
			t.Topic, t.TopicID, t.ErrorCode, t.ErrorMessage = &refused.name, refused.id, refused.code.Code, &refused.says
			resp.Topics = append(resp.Topics, t)
		}
	case *kmsg.AlterConfigsResponse:
		for _, refused := range r.refused {
			t := kmsg.NewAlterConfigsResponseResource()
			t.ResourceName, t.ResourceType, t.ErrorCode, t.ErrorMessage = refused.name, refused.kind, refused.code.Code, &refused.says
			resp.Resources = append(resp.Resources, t)
		}
	case *kmsg.IncrementalAlterConfigsResponse:
		for _, refused := range r.refused {
			t := kmsg.NewIncrementalAlterConfigsResponseResource()
			t.ResourceName, t.ResourceType, t.ErrorCode, t.ErrorMessage = refused.name, refused.kind, refused.code.Code, &refused.says
			resp.Resources = append(resp.Resources, t)
		}
	}
}

func (c *conn) giveBack(topic string, code int16) {
	if code != 0 {
		changes := c.request.charge.changes
		c.listener.cluster.caps.changes.give(changes[topic])
		delete(changes, topic) // told twice where it was asked for twice
	}
}

// refuseProduce refuses a whole produce request, as AWS says of messages that are too
// large. One that wants no answer loses its connection, as in Apache Kafka.
func (c *conn) refuseProduce(body []byte) error {
	c.refuse(refusal{code: kerr.InvalidRequest, reason: string(limits.ClusterMessage)})
	req := kmsg.NewPtrProduceRequest()
	req.Version = c.request.version
	if err := req.ReadFrom(body); err != nil || req.Acks == 0 {
		return errFrameSize
	}
	resp := req.ResponseKind().(*kmsg.ProduceResponse)
	for _, topic := range req.Topics {
		t := kmsg.NewProduceResponseTopic()
		t.Topic = topic.Topic
		for _, partition := range topic.Partitions {
			p := kmsg.NewProduceResponseTopicPartition()
			p.Partition, p.ErrorCode, p.BaseOffset = partition.Partition, kerr.InvalidRequest.Code, -1
			t.Partitions = append(t.Partitions, p)
		}
		resp.Topics = append(resp.Topics, t)
	}
	c.request.own = resp
	return nil
}

// refuseFetch refuses a fetch that asks for too much at once.
func (c *conn) refuseFetch() {
	c.refuse(refusal{code: kerr.InvalidRequest, reason: string(limits.ClusterFetch)})
	resp := kmsg.NewPtrFetchResponse()
	resp.Version, resp.ErrorCode = c.request.version, kerr.InvalidRequest.Code
	c.request.own = resp
}

// askForVersions turns a request into another one that kfake always answers and that
// changes nothing: ApiVersions, in the version that has no body.
func askForVersions(frame []byte) {
	binary.BigEndian.PutUint16(frame, uint16(wire.ApiVersions))
	binary.BigEndian.PutUint16(frame[2:], 0)
}

// answerOwn writes the answer that the guard has made, in place of kfake's.
func (c *conn) answerOwn(b []byte) answer {
	r := &c.request
	v, muted := c.listener.cluster.quotas.other(r, c.listener.node)
	if throttled, ok := r.own.(kmsg.SetThrottleResponse); ok && v.throttle > 0 {
		throttled.SetThrottle(v.millis())
	}
	c.out = append(c.out[:0], b[:8]...) // length and correlation id
	if r.own.IsFlexible() && r.key != wire.ApiVersions {
		c.out = append(c.out, 0) // no tags
	}
	c.out = r.own.AppendTo(c.out)
	setLength(c.out)
	return answer{mutedUntil: muted, instead: net.Buffers{c.out}, last: r.last}
}
