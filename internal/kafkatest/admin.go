package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const adminTimeout = 30 * time.Second

// CreateTopic creates a topic with one replica and waits until every partition
// has a leader.
func (b *Broker) CreateTopic(t testing.TB, name string, partitions int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), adminTimeout)
	defer cancel()
	if _, err := b.admin.CreateTopic(ctx, int32(partitions), 1, nil, name); err != nil {
		t.Fatalf("creating topic %s: %v", name, err)
	}
	for _, address := range b.bootstrap {
		waitFor(ctx, t, "leaders of "+name+" on "+address, func() (bool, error) {
			known, err := metadata(ctx, address, name)
			if err != nil {
				return false, err
			}
			led := 0
			for _, p := range known.Topics[0].Partitions {
				if p.ErrorCode == 0 && p.Leader >= 0 {
					led++
				}
			}
			return led == partitions, kerr.ErrorForCode(known.Topics[0].ErrorCode)
		})
	}
}

// ClientQuota sets the quotas of a client id in bytes per second, which hold on
// each broker by itself; "" is the default of all client ids, 0 removes a quota.
// It returns when every broker describes them so.
func (b *Broker) ClientQuota(t testing.TB, clientID string, producerBytes, consumerBytes float64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), adminTimeout)
	defer cancel()
	entity := kadm.ClientQuotaEntityComponent{Type: "client-id"}
	if clientID != "" {
		entity.Name = &clientID
	}
	altered, err := b.admin.AlterClientQuotas(ctx, []kadm.AlterClientQuotaEntry{{
		Entity: kadm.ClientQuotaEntity{entity},
		Ops: []kadm.AlterClientQuotaOp{
			{Key: "producer_byte_rate", Value: producerBytes, Remove: producerBytes == 0},
			{Key: "consumer_byte_rate", Value: consumerBytes, Remove: consumerBytes == 0},
		},
	}})
	for _, a := range altered {
		if err == nil {
			err = a.Err
		}
	}
	if err != nil {
		t.Fatalf("setting the quotas of client id %q: %v", clientID, err)
	}
	for _, address := range b.bootstrap {
		waitFor(ctx, t, "quotas of client id "+clientID+" on "+address, func() (bool, error) {
			got, err := describeQuotas(ctx, address, entity.Name)
			return got["producer_byte_rate"] == producerBytes && got["consumer_byte_rate"] == consumerBytes, err
		})
	}
}

// metadata asks the broker at an address for what it knows itself about the
// brokers and the named topics. (kadm answers such questions from a cache.)
func metadata(ctx context.Context, address string, topics ...string) (*kmsg.MetadataResponse, error) {
	request := kmsg.NewPtrMetadataRequest()
	request.Topics = []kmsg.MetadataRequestTopic{} // nil would mean all
	for _, name := range topics {
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = &name
		request.Topics = append(request.Topics, topic)
	}
	answer, err := ask(ctx, address, request)
	if err != nil {
		return nil, err
	}
	return answer.(*kmsg.MetadataResponse), nil
}

// ask sends one request to the broker at an address.
func ask(ctx context.Context, address string, request kmsg.Request) (kmsg.Response, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(address))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return client.SeedBrokers()[0].Request(ctx, request)
}

// describeQuotas asks the broker at an address for what it knows itself about
// the quotas of a client id (nil: the default).
func describeQuotas(ctx context.Context, address string, clientID *string) (map[string]float64, error) {
	const matchExactly, matchDefault = 0, 1
	component := kmsg.NewDescribeClientQuotasRequestComponent()
	component.EntityType, component.Match, component.MatchType = "client-id", clientID, matchExactly
	if clientID == nil {
		component.MatchType = matchDefault
	}
	request := kmsg.NewPtrDescribeClientQuotasRequest()
	request.Strict = true
	request.Components = append(request.Components, component)
	answer, err := ask(ctx, address, request)
	if err != nil {
		return nil, err
	}
	response := answer.(*kmsg.DescribeClientQuotasResponse)
	if err := kerr.ErrorForCode(response.ErrorCode); err != nil {
		return nil, err
	}
	quotas := map[string]float64{}
	for _, entry := range response.Entries {
		for _, v := range entry.Values {
			quotas[v.Key] = v.Value
		}
	}
	return quotas, nil
}

// LogEnd returns the log-end offset of each partition of a topic as Kafka's own
// GetOffsetShell reads it.
func (b *Broker) LogEnd(t testing.TB, topic string) map[int32]int64 {
	t.Helper()
	out, err := Java(t, t.Context(), "org.apache.kafka.tools.GetOffsetShell",
		"--bootstrap-server", b.Bootstrap(), "--topic", regexp.QuoteMeta(topic))
	if err != nil {
		t.Fatalf("reading the log-end offsets of %s: %v", topic, err)
	}
	ends := map[int32]int64{}
	for line := range strings.Lines(out) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) != 3 || fields[0] != topic {
			t.Fatalf("reading the log-end offsets of %s: unexpected line %q", topic, line)
		}
		partition, err := strconv.ParseInt(fields[1], 10, 32)
		if err != nil {
			t.Fatalf("reading the log-end offsets of %s: %v", topic, err)
		}
		ends[int32(partition)], err = strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			t.Fatalf("reading the log-end offsets of %s: %v", topic, err)
		}
	}
	return ends
}

// waitFor fails the test unless done reports true before ctx ends.
func waitFor(ctx context.Context, t testing.TB, what string, done func() (bool, error)) {
	t.Helper()
	for {
		ok, err := done()
		if ok && err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waiting for %s: %v (last error: %v)", what, ctx.Err(), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// MoveLeader makes another replica the leader of a partition: it becomes the
// preferred one, and is elected. It returns when the controller has done so.
func (b *Broker) MoveLeader(t testing.TB, topic string, partition, to int32) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), adminTimeout)
	defer cancel()
	found, err := b.admin.ListTopics(ctx, topic)
	if err != nil || found[topic].Err != nil {
		t.Fatalf("reading topic %s: %v %v", topic, err, found[topic].Err)
	}
	replicas := []int32{to}
	for _, id := range found[topic].Partitions[partition].Replicas {
		if id != to {
			replicas = append(replicas, id)
		}
	}
	var change kadm.AlterPartitionAssignmentsReq
	change.Assign(topic, partition, replicas)
	changed, err := b.admin.AlterPartitionAssignments(ctx, change)
	if err == nil {
		err = changed.Error()
	}
	if err != nil {
		t.Fatalf("making %d the preferred leader of %s/%d: %v", to, topic, partition, err)
	}
	var what kadm.TopicsSet
	what.Add(topic, partition)
	waitFor(ctx, t, "the election of a leader", func() (bool, error) {
		elected, err := b.admin.ElectLeaders(ctx, kadm.ElectPreferredReplica, what)
		if err != nil {
			return false, err
		}
		err = elected[topic][partition].Err
		if errors.Is(err, kerr.ElectionNotNeeded) {
			err = nil // it leads already
		}
		return err == nil, err
	})
}

// DeleteTopic deletes a topic.
func (b *Broker) DeleteTopic(t testing.TB, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), adminTimeout)
	defer cancel()
	if _, err := b.admin.DeleteTopic(ctx, name); err != nil {
		t.Fatalf("deleting topic %s: %v", name, err)
	}
}

// OnlyTopics fails the test unless soon each broker knows just these topics, but for
// Kafka's own.
func (b *Broker) OnlyTopics(t testing.TB, want ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), adminTimeout)
	defer cancel()
	for _, address := range b.bootstrap {
		waitFor(ctx, t, fmt.Sprintf("just the topics %q on %s", want, address), func() (bool, error) {
			answer, err := ask(ctx, address, kmsg.NewPtrMetadataRequest()) // of all
			if err != nil {
				return false, err
			}
			var names []string
			for _, topic := range answer.(*kmsg.MetadataResponse).Topics {
				if !topic.IsInternal {
					names = append(names, *topic.Topic)
				}
			}
			slices.Sort(names)
			if !slices.Equal(names, want) {
				return false, fmt.Errorf("there are %q", names)
			}
			return true, nil
		})
	}
}

// Flowing returns the topics that clients made whose names end with one of names, once
// there is one for each and each holds records.
func (b *Broker) Flowing(t testing.TB, names ...string) (topics []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), adminTimeout)
	defer cancel()
	waitFor(ctx, t, "records in topics "+strings.Join(names, " and "), func() (bool, error) {
		all, err := b.admin.ListTopics(ctx) // without Kafka's own
		if err != nil {
			return false, err
		}
		topics = slices.DeleteFunc(all.Names(), func(topic string) bool {
			return !slices.ContainsFunc(names, func(name string) bool { return strings.HasSuffix(topic, name) })
		})
		if len(topics) < len(names) {
			return false, nil
		}
		ends, err := b.admin.ListEndOffsets(ctx, topics...)
		for _, topic := range topics {
			var sum int64
			for _, p := range ends[topic] {
				sum += p.Offset
			}
			if sum == 0 {
				return false, err
			}
		}
		return true, err
	})
	return topics
}
