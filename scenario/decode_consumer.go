package scenario

import (
	"slices"
	"time"
)

// pollLimit is the Java client's max.poll.interval.ms: a member that takes longer
// between two polls is out of its group.
const pollLimit = 5 * time.Minute

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
		Name:        name,
		Clients:     o.integer("clients", 1, 1, mostClients),
		From:        Position(o.word("from", string(FromEnd), string(FromEnd), string(FromStart), string(FromCommitted))),
		CommittedBy: o.string("committed_by", "the name of a group"),
		Pos:         o.pos(o.anchor),
	}
	c.Topics = groupTopics(o, c, s)
	checkCommittedBy(o, c)
	settings := o.child("settings")
	c.Settings = consumerSettings(settings)
	c.Batches = batches(o.child("batches"))
	work := o.child("processing")
	c.Processing = processing(work)
	if settings == nil || settings.sound("max_poll_records") {
		checkProcessing(work, c)
	}
	end := runTime(s.Phases)
	c.Pauses = pauses(o, end)
	c.Members = memberChanges(o, c.Clients, end)
	return c
}

// groupTopics reads which topics a group reads.
func groupTopics(o *object, c Consumer, s *Scenario) (topics []string) {
	for _, item := range o.items("topics") {
		topic, f := o.text(item, "the name of a topic")
		switch {
		case f != nil:
			o.report(item, f.hint, "%s.topics: %s", o.path, f.message)
		case slices.Contains(topics, topic):
			o.report(item, "", "%s.topics: %s is listed twice", o.path, quote(topic))
		case len(s.Topics) == 0: // reported
		case !knows(s.Topics, topic):
			o.report(item, suggest(topic, topicNames(s.Topics)), "%s.topics: no topic is called %s", o.path, quote(topic))
		case !o.filled(s, topic):
			o.report(item, "add a producer for it, or consume another topic",
				"%s.topics: no producer writes to %s, so there is nothing to read", o.path, topic)
		case c.From == FromCommitted && !existing(s, topic):
			o.report(item, "begin at the end or the start, or read a topic with existing: true",
				"%s.topics: the run creates %s, so that no group has committed offsets in it", o.path, topic)
		}
		topics = append(topics, topic)
	}
	return topics
}

// filled tells whether a topic has or may have records. It may when the producers, or
// the topic of one, could not be read.
func (o *object) filled(s *Scenario, topic string) bool {
	return len(s.Producers) == 0 && o.given("producers") || existing(s, topic) ||
		slices.ContainsFunc(s.Producers, func(p Producer) bool { return p.Topic == topic || !knows(s.Topics, p.Topic) })
}

func existing(s *Scenario, topic string) bool {
	return slices.ContainsFunc(s.Topics, func(t Topic) bool { return t.Name == topic && t.Existing })
}

// checkCommittedBy reports a group without a position, and a position without its
// group.
func checkCommittedBy(o *object, c Consumer) {
	if !o.sound("from", "committed_by") {
		return
	}
	switch {
	case c.From == FromCommitted && c.CommittedBy == "":
		o.fail("committed_by", "add committed_by: and the name of a group on the cluster; its offsets are only read",
			"from: committed needs the group whose committed offsets are meant")
	case c.From != FromCommitted && o.has("committed_by"):
		o.fail("committed_by", "add from: committed, or remove it", "means nothing with from: %s", c.From)
	}
}

func processing(o *object) Processing {
	if o == nil {
		return Processing{}
	}
	p := Processing{
		PerRecord: o.duration("per_record", 0, 0, pollLimit),
		PerBatch:  o.duration("per_batch", 0, 0, pollLimit),
	}
	o.done()
	return p
}

// checkProcessing reports a member that would be thrown out of its group.
func checkProcessing(o *object, c Consumer) {
	if o == nil || !o.sound("per_record", "per_batch") {
		return
	}
	records, fewer := c.Settings.MaxPollRecords, "settings.max_poll_records"
	if c.Batches.Records > 0 {
		records, fewer = c.Batches.Records, "batches.records"
	}
	if takes := c.Processing.Of(records); takes > pollLimit {
		field := "per_record"
		if !o.has(field) {
			field = "per_batch"
		}
		o.fail(field, "lower it or "+fewer, "%s records at once take %s, and a member that does not poll for %s is out of its group",
			grouped(float64(records)), formatDuration(takes), formatDuration(pollLimit))
	}
}

// batches reads how members collect records; what is absent is what AWS Lambda's
// event source mapping for Kafka does.
func batches(o *object) Batches {
	const (
		mostRecords   = 100_000
		longestWindow = 10 * time.Minute
	)
	if o == nil {
		return Batches{}
	}
	b := Batches{
		Records: o.integer("records", 100, 1, mostRecords),
		Window:  o.duration("window", 500*time.Millisecond, 0, longestWindow),
		Bytes:   o.size("bytes", 6e6, 1, largestSize),
	}
	o.done()
	return b
}

// consumerSettings reads settings; what is absent is what the Java client does.
func consumerSettings(o *object) ConsumerSettings {
	s := ConsumerSettings{
		FetchMaxWait:           500 * time.Millisecond,
		FetchMinBytes:          1,
		FetchMaxBytes:          50 << 20,
		FetchMaxPartitionBytes: 1 << 20,
		MaxPollRecords:         500,
		CommitInterval:         5 * time.Second,
	}
	if o == nil {
		return s
	}
	const (
		longestWait    = 10 * time.Minute
		shortestCommit = 100 * time.Millisecond
		mostRecords    = 1_000_000
		uncommitted    = "read_uncommitted"
		committed      = "read_committed"
	)
	s.ClientID = o.string("client_id", "text")
	s.FetchMaxWait = o.duration("fetch_max_wait", s.FetchMaxWait, 0, longestWait)
	s.FetchMinBytes = o.size("fetch_min_bytes", s.FetchMinBytes, 0, largestSize)
	s.FetchMaxBytes = o.size("fetch_max_bytes", s.FetchMaxBytes, 1, largestSize)
	s.FetchMaxPartitionBytes = o.size("max_partition_fetch_bytes", s.FetchMaxPartitionBytes, 1, largestSize)
	s.MaxPollRecords = o.integer("max_poll_records", s.MaxPollRecords, 1, mostRecords)
	s.CommitInterval = o.duration("commit_interval", s.CommitInterval, shortestCommit, longestWait)
	s.ReadCommitted = o.word("isolation", uncommitted, uncommitted, committed) == committed
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
