package generator_test

import (
	"context"
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/generator"
	"msklt/report"
	"msklt/scenario"
)

// TestInterruptedSetUp interrupts a run while the cluster is not through with the topics
// that it has made: the interrupt is why there is no run, not what it kept from being
// awaited, and what was made is removed.
func TestInterruptedSetUp(t *testing.T) {
	s, err := scenario.Parse("quiet.yaml", []byte(quietLoad), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]kmsg.Key{"no leader yet": kmsg.Metadata, "offsets not known": kmsg.ListOffsets} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kafka, err := kfake.NewCluster(kfake.NumBrokers(1))
			if err != nil {
				t.Fatal(err)
			}
			defer kafka.Close()
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			kafka.ControlKey(key.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
				kafka.KeepControl()
				answer := r.ResponseKind()
				switch r := r.(type) {
				case *kmsg.MetadataRequest:
					if ctx.Err() != nil || len(r.Topics) == 0 {
						return nil, nil, false
					}
					for _, t := range r.Topics {
						one := kmsg.NewMetadataResponseTopic()
						one.Topic, one.ErrorCode = t.Topic, kerr.LeaderNotAvailable.Code
						answer.(*kmsg.MetadataResponse).Topics = append(answer.(*kmsg.MetadataResponse).Topics, one)
					}
				case *kmsg.ListOffsetsRequest:
					for _, t := range r.Topics {
						one := kmsg.NewListOffsetsResponseTopic()
						one.Topic = t.Topic
						for _, p := range t.Partitions {
							q := kmsg.NewListOffsetsResponseTopicPartition()
							q.Partition, q.ErrorCode = p.Partition, kerr.NotLeaderForPartition.Code
							one.Partitions = append(one.Partitions, q)
						}
						answer.(*kmsg.ListOffsetsResponse).Topics = append(answer.(*kmsg.ListOffsetsResponse).Topics, one)
					}
				}
				interrupt()
				return answer, nil, true
			})
			_, err = generator.Run(ctx, generator.Config{
				Scenario: s, Target: report.Target{Bootstrap: kafka.ListenAddrs()},
			})
			if !errors.Is(err, context.Canceled) || err.Error() != context.Canceled.Error() {
				t.Errorf("the run ended with %v, want that it was interrupted, and nothing else", err)
			}
			client, err := kgo.NewClient(kgo.SeedBrokers(kafka.ListenAddrs()...))
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			if left, err := kadm.NewClient(client).ListTopics(t.Context()); err != nil || len(left) > 0 {
				t.Errorf("left %v: %v", left.Names(), err)
			}
		})
	}
}
