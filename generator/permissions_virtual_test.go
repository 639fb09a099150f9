package generator_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"msklt/generator"
	"msklt/internal/cluster"
	"msklt/internal/limits"
	"msklt/report"
)

// twoTopics has a second one, which may be refused when the first is there.
const twoTopics = `
version: 1
name: two
topics:
  a: {partitions: 3}
  b: {partitions: 9}
producers:
  p: {topic: a, rate: 100/s, value: {size: 100B}}
  q: {topic: b, rate: 100/s, value: {size: 100B}}
consumers:
  g: {topics: [a, b]}
phases:
  - {name: steady, duration: 5s}
`

// denied is one permission that the client of a run lacks, on a name with the run's
// prefix.
type denied struct {
	on        kmsg.ACLResourceType
	name      string
	operation kmsg.ACLOperation
}

// TestVirtualRefusedLater takes a permission from a client that shows only when a part of
// what a run makes is there: the run names it, and removes what it has made.
func TestVirtualRefusedLater(t *testing.T) {
	const topic, group = kmsg.ACLResourceTypeTopic, kmsg.ACLResourceTypeGroup
	slowly := limits.Limits{Values: map[limits.Name]float64{limits.ClusterPartitionChanges: 10.0 / 300}}
	both := []string{"a", "b"}
	for name, c := range map[string]struct {
		denied denied
		limits limits.Limits
		says   string   // of the permission; the run's prefix and the denied name follow
		asked  []string // for which topics
		left   []string
	}{
		"nothing":                  {asked: both},
		"creating the second":      {denied: denied{topic, "b", kmsg.ACLOperationCreate}, says: "the permission create on the topic", asked: both},
		"writing to the second":    {denied: denied{topic, "b", kmsg.ACLOperationWrite}, says: "the permission write on topic ", asked: both},
		"reading the second":       {denied: denied{topic, "b", kmsg.ACLOperationRead}, says: "the permission read on topic ", asked: both},
		"describing the group":     {denied: denied{group, "g", kmsg.ACLOperationDescribe}, says: "the permission describe on group ", asked: both},
		"joining the group":        {denied: denied{group, "g", kmsg.ACLOperationRead}, says: "the permission read on the group", asked: both}, // as kfake has no say in a heartbeat to none, it shows later
		"deleting the second":      {denied: denied{topic, "b", kmsg.ACLOperationDelete}, says: "the permission delete on topic ", asked: both, left: []string{"b"}},
		"the first, made alone":    {denied: denied{topic, "a", kmsg.ACLOperationWrite}, limits: slowly, says: "the permission write on topic ", asked: []string{"a"}},
		"the second, made later":   {denied: denied{topic, "b", kmsg.ACLOperationCreate}, limits: slowly, says: "the permission create on the topic", asked: both},
		"the group, after a topic": {denied: denied{group, "g", kmsg.ACLOperationDelete}, limits: slowly, says: "the permission delete on group ", asked: []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				prefix := generator.NewPrefix()
				network, asked, remaining := limited(t, prefix, c.denied)
				out, err := generator.Run(t.Context(), generator.Config{
					Scenario: parse(t, twoTopics), Limits: c.limits, Prefix: prefix, Dial: network.DialContext,
					Auth: plain.Auth{User: "load", Pass: "hunter2"}.AsMechanism(), Target: report.Target{Bootstrap: []string{"127.0.0.1:9092"}},
				})
				switch {
				case c.says == "":
					if err != nil || out.Left != nil || !out.Result.Validity.Valid || out.Result.Totals.Acked != 1000 {
						t.Errorf("%v, %+v", err, out)
					}
				case !errors.Is(err, cluster.ErrEnvironment) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), prefix+c.denied.name):
					t.Errorf("it says %v, want %q and %q", err, c.says, prefix+c.denied.name)
				}
				var left *generator.LeftError
				if errors.As(err, &left) != (c.left != nil) {
					t.Errorf("left: %v", err)
				}
				named := func(names []string) (all []string) {
					for _, name := range names {
						all = append(all, prefix+name)
					}
					return all
				}
				if want := append(named(c.left), "theirs"); !slices.Equal(remaining(), want) {
					t.Errorf("there are %v, want %v", remaining(), want)
				}
				if want := named(c.asked); !slices.Equal(*asked, want) {
					t.Errorf("it asked for %v, want %v", *asked, want)
				}
			})
		})
	}
}

// limited is a cluster on a network of its own that lets a client do what runs do but for
// one thing. It notes which topics were asked for; remaining are its topics, then its groups.
func limited(t *testing.T, prefix string, lacks denied) (network *kfake.VirtualNetwork, asked *[]string, remaining func() []string) {
	t.Helper()
	acl := func(on kmsg.ACLResourceType, o kmsg.ACLOperation) kfake.ACL {
		return kfake.ACL{Resource: on, Name: "msklt-", Pattern: kmsg.ACLResourcePatternTypePrefixed, Operation: o, Allow: true}
	}
	const topic, group = kmsg.ACLResourceTypeTopic, kmsg.ACLResourceTypeGroup
	acls := []kfake.ACL{
		acl(topic, kmsg.ACLOperationCreate), acl(topic, kmsg.ACLOperationDescribe), acl(topic, kmsg.ACLOperationWrite), acl(topic, kmsg.ACLOperationRead), acl(topic, kmsg.ACLOperationDelete),
		acl(group, kmsg.ACLOperationDescribe), acl(group, kmsg.ACLOperationRead), acl(group, kmsg.ACLOperationDelete),
	}
	if lacks.name != "" {
		acls = append(acls, kfake.ACL{Resource: lacks.on, Name: prefix + lacks.name, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: lacks.operation})
	}
	network, asked = new(kfake.VirtualNetwork), new([]string)
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(network.Listen), kfake.SeedTopics(1, "theirs"),
		kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser("PLAIN", "admin", "pw"), kfake.User("PLAIN", "load", "hunter2", acls...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	c.ControlKey(int16(kmsg.CreateTopics), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		for _, topic := range r.(*kmsg.CreateTopicsRequest).Topics {
			*asked = append(*asked, topic.Topic)
		}
		return nil, nil, false
	})
	return network, asked, func() []string {
		client, err := kgo.NewClient(kgo.SeedBrokers("127.0.0.1:9092"), kgo.Dialer(network.DialContext), kgo.SASL(plain.Auth{User: "admin", Pass: "pw"}.AsMechanism()))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		all, err := kadm.NewClient(client).ListTopics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		listed, err := kadm.NewClient(client).ListGroups(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return append(all.Names(), listed.Groups()...)
	}
}
