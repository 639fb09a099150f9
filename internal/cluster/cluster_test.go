package cluster_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/cluster"
	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/scenario"
)

func start(t *testing.T) (*cluster.Cluster, *kadm.Client) {
	t.Helper()
	e, err := embedded.Start(t.Context(), embedded.Config{Brokers: 2, Topics: map[string]int32{"theirs": 3}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	c, err := cluster.Open(t.Context(), e.Bootstrap())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(e.Bootstrap()...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return c, kadm.NewClient(client)
}

func ignore(cluster.Progress) {}

// TestTopicsComeAndGo creates a run's topic beside one of somebody else's, and
// removes only its own.
func TestTopicsComeAndGo(t *testing.T) {
	c, admin := start(t)
	if len(c.Brokers) != 2 || len(c.Nodes) != 2 || c.Kind != limits.ApacheKafka || c.APILevel == "" {
		t.Errorf("brokers %v, nodes %v, kind %s, API level %q", c.Brokers, c.Nodes, c.Kind, c.APILevel)
	}
	topics, err := c.CreateTopics(t.Context(), "run-", []scenario.Topic{
		{Name: "orders", Partitions: 4, ReplicationFactor: -1}, {Name: "theirs", Existing: true},
	}, ignore, nil)
	if err != nil {
		t.Fatal(err)
	}
	if o := topics[0]; o.Actual != "run-orders" || !o.Created || !slices.Equal(o.Leaders, []int32{0, 1, 0, 1}) {
		t.Errorf("%+v", o)
	}
	if o := topics[1]; o.Actual != "theirs" || o.Created || len(o.Leaders) != 3 {
		t.Errorf("%+v", o)
	}
	ends, err := c.LogEnds(t.Context(), topics)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range topics {
		if o.Start = ends[i]; len(o.Start) != len(o.Leaders) {
			t.Fatal(o.Start)
		}
	}
	begin := [][]int64{{0, 0}, {0, 7, 0}}
	if err := c.StartGroup(t.Context(), "run-g", topics, begin); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Committed(t.Context(), "run-g", topics[1:]); err != nil || len(got) != 1 || !slices.Equal(got[0], begin[1]) {
		t.Errorf("committed %v, %v; want %v", got, err, begin[1:])
	}
	_, err = c.Committed(t.Context(), "run-g", topics)
	if !errors.Is(err, cluster.ErrEnvironment) || !strings.Contains(err.Error(), "group run-g has committed no offset for run-orders/2") {
		t.Errorf("a partition without an offset: %v", err)
	}
	_, err = c.Committed(t.Context(), "nobody", topics[1:])
	if !errors.Is(err, cluster.ErrEnvironment) || !strings.Contains(err.Error(), "group nobody") {
		t.Errorf("a group that is not there: %v", err)
	}
	gone := c.Remove(t.Context(), topics, []string{"run-g", "run-never-formed"}, ignore)
	if err := gone.Err(); err != nil || !slices.Equal(gone.Topics, []string{"run-orders"}) || !slices.Equal(gone.Groups, []string{"run-g", "run-never-formed"}) {
		t.Errorf("%+v, %v", gone, err)
	}
	left, err := admin.ListTopics(t.Context())
	if err != nil || !slices.Equal(left.Names(), []string{"theirs"}) {
		t.Errorf("left %v, %v", left.Names(), err)
	}
}

// TestRefusals are errors of the environment that say what was refused.
func TestRefusals(t *testing.T) {
	c, _ := start(t)
	for name, topic := range map[string]scenario.Topic{
		"too many replicas": {Name: "a", Partitions: 1, ReplicationFactor: 9},
		"not there":         {Name: "nowhere", Existing: true},
	} {
		_, err := c.CreateTopics(t.Context(), "", []scenario.Topic{topic}, ignore, nil)
		if !errors.Is(err, cluster.ErrEnvironment) || !strings.Contains(err.Error(), topic.Name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOpenWaitsForOthers: a login that is refused for a limit on connections is tried
// again, and said to be no more than that.
func TestOpenWaitsForOthers(t *testing.T) {
	for name, leave := range map[string]time.Duration{"for a while": 3 * time.Second, "for good": time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network, iam := new(kfake.VirtualNetwork), embedded.NewIAM()
				e, err := embedded.Start(t.Context(), embedded.Config{
					As: embedded.MSKServerless, IAM: iam, Brokers: 1, Listen: "127.0.0.1:9092", OnNetwork: network.Listen,
					Limits: limits.Limits{Values: map[limits.Name]float64{limits.BrokerConnections: 2}},
				})
				if err != nil {
					t.Fatal(err)
				}
				defer e.Close()
				opts := []kgo.Opt{kgo.SeedBrokers(e.Bootstrap()...), kgo.Dialer(network.DialContext), kgo.SASL(iam.Mechanism())}
				for range 2 {
					other, err := kgo.NewClient(opts...)
					if err != nil {
						t.Fatal(err)
					}
					defer other.Close()
					if err := other.Ping(t.Context()); err != nil {
						t.Fatal(err)
					}
					time.AfterFunc(leave, other.Close)
				}
				began := time.Now()
				c, err := cluster.Open(t.Context(), e.Bootstrap(), opts...)
				took := time.Since(began)
				if leave < time.Hour {
					if err != nil || took > leave+time.Second {
						t.Fatalf("after %s: %v", took, err)
					}
					c.Close()
					return
				}
				if !errors.Is(err, cluster.ErrEnvironment) || !strings.Contains(err.Error(), "127.0.0.1:9092 let nobody in for 10s, for their limits on connections") || took != 10*time.Second {
					t.Errorf("after %s: %v", took, err)
				}
			})
		})
	}
}
