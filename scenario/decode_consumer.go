package scenario

import (
	"slices"
	"time"
)

func consumers(o *object, s *Scenario) []Consumer {
	all := o.child("consumers")
	if all == nil {
		return nil
	}
	var list []Consumer
	all.entries(maxName, func(name string, e *object) {
		if e != nil {
			list = append(list, consumer(name, e, s))
		}
	})
	return list
}

func consumer(name string, o *object, s *Scenario) Consumer {
	o.require("topics", "[orders]")
	c := Consumer{
		Name:    name,
		From:    FromEnd,
		Clients: o.integer("clients", 1, 1, mostClients),
		Pos:     o.pos(o.anchor),
	}
	for _, item := range o.items("topics") {
		topic, f := o.text(item, "the name of a topic")
		switch {
		case f != nil:
			o.report(item, f.hint, "%s.topics: %s", o.path, f.message)
		case slices.Contains(c.Topics, topic):
			o.report(item, "", "%s.topics: %s is listed twice", o.path, quote(topic))
		case len(s.Topics) == 0: // reported
		case !knows(s.Topics, topic):
			o.report(item, suggest(topic, topicNames(s.Topics)), "%s.topics: no topic is called %s", o.path, quote(topic))
		case !filled(s, topic):
			o.report(item, "add a producer for it, or consume another topic",
				"%s.topics: no producer writes to %s, so there is nothing to read", o.path, topic)
		}
		c.Topics = append(c.Topics, topic)
	}
	c.Settings = consumerSettings(o.child("settings"))
	return c
}

// filled tells whether a topic has or may have records. It may when a producer's
// topic could not be read.
func filled(s *Scenario, topic string) bool {
	return len(s.Producers) == 0 ||
		slices.ContainsFunc(s.Producers, func(p Producer) bool { return p.Topic == topic || !knows(s.Topics, p.Topic) }) ||
		slices.ContainsFunc(s.Topics, func(t Topic) bool { return t.Name == topic && t.Existing })
}

// consumerSettings reads settings; what is absent is what the Java client does.
func consumerSettings(o *object) ConsumerSettings {
	s := ConsumerSettings{
		FetchMaxWait:           500 * time.Millisecond,
		FetchMinBytes:          1,
		FetchMaxBytes:          50 << 20,
		FetchMaxPartitionBytes: 1 << 20,
		MaxPollRecords:         500, CommitInterval: 5 * time.Second,
	}
	if o == nil {
		return s
	}
	const longestWait = 10 * time.Minute
	s.ClientID = o.string("client_id", "text")
	s.FetchMaxWait = o.duration("fetch_max_wait", s.FetchMaxWait, 0, longestWait)
	s.FetchMinBytes = o.size("fetch_min_bytes", s.FetchMinBytes, 0, largestSize)
	s.FetchMaxBytes = o.size("fetch_max_bytes", s.FetchMaxBytes, 1, largestSize)
	s.FetchMaxPartitionBytes = o.size("max_partition_fetch_bytes", s.FetchMaxPartitionBytes, 1, largestSize)
	if o.sound("fetch_min_bytes", "fetch_max_bytes") && s.FetchMinBytes > s.FetchMaxBytes {
		field := "fetch_min_bytes"
		if !o.has(field) {
			field = "fetch_max_bytes"
		}
		o.fail(field, "", "a fetch that waits for %s cannot be held to %s", formatSize(s.FetchMinBytes), formatSize(s.FetchMaxBytes))
	}
	o.done()
	return s
}
