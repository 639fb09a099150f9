package preflight_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/access"
	"msklt/internal/kafkatest"
	"msklt/internal/limits"
	"msklt/internal/preflight"
	"msklt/scenario"
)

const all = `
version: 1
name: all
topics:
  t: {partitions: 3}
  theirs: {existing: true}
producers:
  p: {topic: t, rate: 100/s, value: {size: 100B}}
  x: {topic: theirs, rate: 100/s, value: {size: 100B}, settings: {transactions: {records: 10}}}
consumers:
  g: {topics: [t, theirs]}
phases:
  - {name: steady, duration: 1s}
`

// acls are the permissions that the scenario takes, and no others, by the row that
// tells of each.
func acls() map[string]kafkatest.ACL {
	on := func(what kmsg.ACLResourceType, o kmsg.ACLOperation) kafkatest.ACL {
		return kafkatest.ACL{On: what, Name: "msklt-", Prefix: true, Operation: o}
	}
	const topic, group, txn = kmsg.ACLResourceTypeTopic, kmsg.ACLResourceTypeGroup, kmsg.ACLResourceTypeTransactionalId
	theirs := func(o kmsg.ACLOperation) kafkatest.ACL {
		return kafkatest.ACL{On: topic, Name: "theirs", Operation: o}
	}
	return map[string]kafkatest.ACL{
		"create topic msklt-*":           on(topic, kmsg.ACLOperationCreate),
		"alter topic msklt-*":            on(topic, kmsg.ACLOperationAlter),
		"write topic msklt-*":            on(topic, kmsg.ACLOperationWrite),
		"read topic msklt-*":             on(topic, kmsg.ACLOperationRead),
		"delete topic msklt-*":           on(topic, kmsg.ACLOperationDelete),
		"write topic theirs":             theirs(kmsg.ACLOperationWrite),
		"read topic theirs":              theirs(kmsg.ACLOperationRead),
		"read group msklt-*":             on(group, kmsg.ACLOperationRead),
		"delete group msklt-*":           on(group, kmsg.ACLOperationDelete),
		"write transactional id msklt-*": on(txn, kmsg.ACLOperationWrite),
	}
}

// TestKafkaPermissions takes one permission after the other from a client, and holds
// that the look names that one; then all of them, and gives back what the look says.
func TestKafkaPermissions(t *testing.T) {
	b := kafkatest.Start(t, kafkatest.Options{Brokers: 3, Secured: &kafkatest.Secured{Users: map[string]string{"loader": "right"}}})
	b.CreateTopic(t, "theirs", 3)
	s, err := scenario.Parse("all.yaml", []byte(all), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	target := &scenario.Target{
		Name: "secured", Bootstrap: b.At(kafkatest.Passwords),
		Auth: scenario.Auth{Mechanism: scenario.SCRAM512, Username: "loader", Password: "right"},
		TLS:  scenario.TLS{Set: true, CA: b.Authority().File},
	}
	way, err := access.Open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	// Of the topic's three partitions two may be made at once.
	allowed := []limits.Limits{{Profile: "test", Values: map[limits.Name]float64{limits.ClusterPartitionChanges: 2.0 / 300}}}
	looks := 0
	look := func(t *testing.T) *preflight.Report {
		looks++
		return preflight.Look(t.Context(), preflight.Config{
			Access: way, Target: target, Scenarios: []*scenario.Scenario{s}, Limits: allowed, Prefix: fmt.Sprintf("msklt-%d-", looks),
		})
	}
	const user = "User:loader"
	every := acls()
	b.SetACLs(t, user, slices.Collect(maps.Values(every))...)
	if r := look(t); !r.Ready {
		t.Fatalf("with every permission: %+v", failures(r))
	} else {
		for _, row := range r.Checks {
			t.Logf("%+v", row)
			if row.Check == "brokers" && row.Found != "3, each entered where it says that it is; racks rack-1, rack-2, rack-3" {
				t.Errorf("of the brokers it says %q", row.Found)
			}
		}
	}
	for name := range every {
		t.Run(name, func(t *testing.T) {
			rest := maps.Clone(every)
			delete(rest, name)
			b.SetACLs(t, user, slices.Collect(maps.Values(rest))...)
			r := look(t)
			got := failures(r)
			if name == "write transactional id msklt-*" { // which gave describe, too
				name = "describe transactional id msklt-*"
			}
			if r.Ready || len(got) != 1 || !strings.HasPrefix(got[0], name+": ") || !strings.Contains(got[0], "kafka-acls.sh") {
				t.Errorf("without %s the look says %q", name, got)
			}
			if left := fmt.Sprintf("msklt-%d-check", looks); name == "delete topic msklt-*" {
				if !strings.Contains(got[0], "the topic "+left+" remains") {
					t.Errorf("it does not say what it has left: %q", got)
				}
				b.DeleteTopic(t, left)
			}
		})
	}
	t.Run("what it says gives them", func(t *testing.T) {
		b.SetACLs(t, user)
		for _, row := range look(t).Checks {
			if row.State == preflight.Failed {
				give(t, b, row.Fix)
			}
		}
		if r := look(t); !r.Ready {
			t.Errorf("after all that it said: %q", failures(r))
		}
	})
	b.OnlyTopics(t, "theirs")
	if ends := b.LogEnd(t, "theirs"); ends[0]+ends[1]+ends[2] != 0 {
		t.Errorf("something was written to a topic that is not msklt's: %v", ends)
	}
}

// give runs a command of a fix with Kafka's own tool, as somebody who may.
func give(t *testing.T, b *kafkatest.Broker, command string) {
	t.Helper()
	words := strings.Fields(strings.ReplaceAll(command, "'", ""))
	if len(words) < 5 || words[0] != "kafka-acls.sh" || words[1] != "--bootstrap-server" || words[3] != "--command-config" {
		t.Fatalf("no command to give a permission: %q", command)
	}
	args := append([]string{"--bootstrap-server", b.Bootstrap()}, words[5:]...)
	if _, err := kafkatest.Java(t, t.Context(), "org.apache.kafka.tools.AclCommand", args...); err != nil {
		t.Fatalf("%s: %v", command, err)
	}
}

func failures(r *preflight.Report) []string {
	var out []string
	for _, row := range r.Checks {
		if row.State == preflight.Failed {
			out = append(out, row.Check+" "+row.Found+" → "+row.Fix)
		}
	}
	return out
}
