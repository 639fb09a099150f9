package scenario

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

const (
	// mostTopics is how many topics a template may stand for.
	mostTopics = 10_000
	// mostPartitions bounds the partitions of one scenario: what one Kafka
	// cluster serves in its largest installations.
	mostPartitions = 100_000
)

func topics(o *object) []Topic {
	o.require("topics", "{orders: {partitions: 12}}")
	all := o.child("topics")
	if all == nil {
		return nil
	}
	if len(all.keys) == 0 {
		o.fail("topics", "", "there is no topic")
	}
	var list []Topic
	var entries []*object
	all.entries(maxExistingName, func(name string, e *object) {
		t := Topic{Name: name}
		if e != nil {
			t = topic(name, e)
		}
		list = append(list, t)
		entries = append(entries, e)
	})
	checkTemplates(list, entries)
	checkPartitions(list, entries)
	return list
}

func topic(name string, o *object) Topic {
	t := Topic{Name: name, ReplicationFactor: -1}
	t.Existing = o.flag("existing", false)
	t.Count = o.integer("count", 0, 2, mostTopics)
	t.Partitions = int32(o.integer("partitions", 0, 1, mostPartitions))
	t.ReplicationFactor = int16(o.integer("replication_factor", -1, -1, math.MaxInt16))
	if o.sound("replication_factor") && t.ReplicationFactor == 0 {
		o.fail("replication_factor", "", "must be at least 1, or -1 for the cluster's default, is 0")
	}
	t.Config = config(o.child("config"))
	if !t.Existing {
		if o.sound("existing") {
			o.require("partitions", "12")
		}
		which := ""
		if t.Count > 0 {
			name, which = t.instance(t.Count-1), " of its last topic"
		}
		if len(name) > maxName {
			o.report(o.anchor, "", "the name%s is %d characters long, at most %d are allowed for a topic that the run creates", which, len(name), maxName)
		}
		return t
	}
	for _, field := range []string{"count", "partitions", "replication_factor", "config"} {
		if o.has(field) {
			o.fail(field, "remove it, or existing: true", "cannot be given for an existing topic, which is used as it is")
		}
	}
	return t
}

// checkTemplates reports templates one of whose topics is declared on its own.
// Topics of two templates never have one name: they differ before the last dash.
func checkTemplates(list []Topic, entries []*object) {
	for _, t := range list {
		dash := strings.LastIndexByte(t.Name, '-')
		if dash < 0 {
			continue
		}
		i := slices.IndexFunc(list, func(other Topic) bool { return other.Name == t.Name[:dash] })
		number, err := strconv.Atoi(t.Name[dash+1:])
		if i < 0 || err != nil || number < 0 || number >= list[i].Count || list[i].instance(number) != t.Name {
			continue
		}
		entries[i].fail("count", "rename one of them", "topic %d of %s is called %s, and so is another topic", number, list[i].Name, t.Name)
	}
}

// checkPartitions reports the topic with which the scenario has too many
// partitions.
func checkPartitions(list []Topic, entries []*object) {
	total := 0
	for i, t := range list {
		before := total
		total += int(t.Partitions) * max(1, t.Count)
		if before > mostPartitions || total <= mostPartitions || !entries[i].sound("count", "partitions") {
			continue
		}
		field := "partitions"
		if t.Count > 0 {
			field = "count"
		}
		entries[i].fail(field, "", "brings the scenario to %s partitions, at most %s are allowed", grouped(float64(total)), grouped(mostPartitions))
	}
}

// config reads topic configs, whose names and values the broker judges.
func config(o *object) map[string]string {
	if o == nil || len(o.keys) == 0 {
		return nil
	}
	values := map[string]string{}
	for _, name := range o.names() {
		values[name] = o.string(name, "text or a number")
	}
	return values
}

// topicNames are the names of all topics, for hints.
func topicNames(topics []Topic) []string {
	names := make([]string, len(topics))
	for i, t := range topics {
		names[i] = t.Name
	}
	return names
}

// knows tells whether a topic is declared.
func knows(topics []Topic, name string) bool {
	return slices.ContainsFunc(topics, func(t Topic) bool { return t.Name == name })
}
