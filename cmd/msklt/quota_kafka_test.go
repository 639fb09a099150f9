package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"msklt/internal/cluster"
	"msklt/internal/kafkatest"
	"msklt/scenario"
)

// TestKafkaNeighbours holds that nothing happens to other people's topics and groups on
// Apache Kafka, and that its own quota on changes is waited out.
func TestKafkaNeighbours(t *testing.T) {
	b := kafkatest.Start(t, kafkatest.Options{Properties: map[string]string{"controller.quota.window.num": "2"}})
	leaveAlone(t, b.Bootstrap(), ` by producer id \d+`)
	waitOutQuota(t, b.Bootstrap())
}

// waitOutQuota creates and removes 60 partitions where the controller takes 10 a second,
// two seconds' worth at once.
func waitOutQuota(t *testing.T, bootstrap string) {
	t.Helper()
	const name, perSecond = "changes", 10
	onCluster(t, bootstrap, func(ctx context.Context, admin *kadm.Client) {
		altered, err := admin.AlterClientQuotas(ctx, []kadm.AlterClientQuotaEntry{{
			Entity: kadm.ClientQuotaEntity{{Type: "client-id"}},
			Ops:    []kadm.AlterClientQuotaOp{{Key: "controller_mutation_rate", Value: perSecond}},
		}})
		if err != nil || altered[0].Err != nil {
			t.Fatal(err, altered)
		}
	})
	c, err := cluster.Open(t.Context(), strings.Split(bootstrap, ","))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	refused := 0
	tell := func(p cluster.Progress) {
		if p.Refused {
			refused++
		}
	}
	begin := time.Now()
	topics, err := c.CreateTopics(t.Context(), cluster.NewPrefix(begin), []scenario.Topic{{Name: name, Partitions: 20, Count: 3, ReplicationFactor: -1}}, tell, nil)
	if err != nil || len(topics) != 3 || refused == 0 {
		t.Errorf("%d topics, %d times refused: %v", len(topics), refused, err)
	}
	refused = 0
	gone := c.Remove(t.Context(), topics, nil, tell)
	if gone.Err() != nil || len(gone.Topics) != 3 || refused == 0 {
		t.Errorf("removed %q, %d times refused: %v", gone.Topics, refused, gone.Err())
	}
	t.Logf("60 partitions made and removed at %d/s in %.1f s", perSecond, time.Since(begin).Seconds())
}
