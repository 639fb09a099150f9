package embedded

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/limits"
)

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
		c.listener.cluster.serverless.changes.give(c.request.charge.changes[topic])
	}
}

// oversize reports whether a produce request has a batch above the limit.
func (c *conn) oversize(most int64) bool {
	for _, s := range c.request.sent {
		if s.bytes > most {
			return true
		}
	}
	return false
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
