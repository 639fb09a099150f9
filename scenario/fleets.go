package scenario

import (
	"slices"
	"time"
)

// The ranges of fleets. They keep every count inside its type and catch slips of
// the unit; no cluster comes near them.
const (
	mostClients = 10_000
	mostKeys    = 10_000_000
	mostRecords = 1e8  // per second; 10 times that is Schedule's bound
	mostBytes   = 1e12 // per second
	largestSize = 1 << 30
)

func producers(o *object, topics []Topic) []Producer {
	o.require("producers", "{checkout: {topic: orders, rate: 1MB/s, value: {size: 1KiB}}}")
	all := o.child("producers")
	if all == nil {
		return nil
	}
	if len(all.keys) == 0 {
		o.fail("producers", "", "there is no producer")
	}
	var list []Producer
	all.entries(maxName, func(name string, e *object) {
		if e == nil {
			list = append(list, Producer{Name: name})
			return
		}
		list = append(list, producer(name, e, topics))
	})
	return list
}

func producer(name string, o *object, topics []Topic) Producer {
	for _, field := range [][2]string{{"topic", "orders"}, {"rate", "1MB/s"}, {"value", "{size: 1KiB}"}} {
		o.require(field[0], field[1])
	}
	p := Producer{
		Name:    name,
		Topic:   o.string("topic", "the name of a topic"),
		Clients: o.integer("clients", 1, 1, mostClients),
		Rate:    rate(o),
		Key:     key(o.child("key")),
		Pos:     o.pos(o.anchor),
	}
	if o.sound("topic") && len(topics) > 0 && !knows(topics, p.Topic) {
		o.fail("topic", suggest(p.Topic, topicNames(topics)), "no topic is called %s", quote(p.Topic))
	}
	value := o.child("value")
	if value != nil {
		value.require("size", "1KiB")
		p.Value.Size = value.size("size", 1, 1, largestSize)
		value.done()
	}
	settings := o.child("settings")
	p.Settings = producerSettings(settings)
	if value != nil && value.sound("size") {
		compareSizes(p, o, value, settings)
	}
	return p
}

// compareSizes reports sizes that contradict each other.
func compareSizes(p Producer, o, value, settings *object) {
	if (settings == nil || settings.sound("buffer")) && p.Value.Size > p.Settings.BufferBytes {
		value.fail("size", "", "a value of %s never fits into the buffer of %s",
			formatSize(p.Value.Size), formatSize(p.Settings.BufferBytes))
	}
	if o.sound("rate") && p.Rate.Bytes/float64(p.Value.Size) > mostRecords {
		o.fail("rate", "", "%s of values of %s is more than %s records/s",
			p.Rate, formatSize(p.Value.Size), grouped(mostRecords))
	}
}

func rate(o *object) Rate {
	const (
		leastRecords = 0.001
		leastBytes   = 1
	)
	r := read(o, "rate", wantRate, Rate{Max: true}, parseRate)
	if r.Max || !o.sound("rate") {
		return r
	}
	low, high := Rate{Records: leastRecords}, Rate{Records: mostRecords}
	if r.Bytes != 0 {
		low, high = Rate{Bytes: leastBytes}, Rate{Bytes: mostBytes}
	}
	if r.Bytes+r.Records < low.Bytes+low.Records || r.Bytes+r.Records > high.Bytes+high.Records {
		o.fail("rate", "", "must be between %s and %s, is %s", low, high, r)
	}
	return r
}

func key(o *object) Key {
	if o == nil {
		return Key{}
	}
	const (
		leastZipf, mostZipf = 0.001, 10
		leastShare          = 1e-6
	)
	o.require("keys", "10000")
	k := Key{
		Keys: o.integer("keys", 1, 1, mostKeys),
		Zipf: o.number("zipf", 0, leastZipf, mostZipf),
	}
	if hot := o.child("hot"); hot != nil {
		hot.require("keys", "1")
		hot.require("share", "30%")
		k.HotKeys = hot.integer("keys", 1, 1, mostKeys)
		k.HotShare = hot.share("share", 1, leastShare, 1)
		if hot.sound("keys") && o.sound("keys") && k.HotKeys >= k.Keys {
			hot.fail("keys", "the hot keys count among keys, and the others share the rest",
				"%s of %s keys are hot, which leaves none for the rest", grouped(float64(k.HotKeys)), grouped(float64(k.Keys)))
		}
		hot.done()
	}
	if o.has("hot") && o.has("zipf") {
		o.fail("zipf", "keep one of them", "a key set is either hot or zipf, not both")
	}
	o.done()
	return k
}

// producerSettings reads settings; what is absent is what the Java client does.
func producerSettings(o *object) ProducerSettings {
	s := ProducerSettings{
		Acks:        "all",
		Idempotent:  true,
		Compression: "none",
		Linger:      5 * time.Millisecond,
		BatchBytes:  16 << 10,
		BufferBytes: 32 << 20,
	}
	if o == nil {
		return s
	}
	const longestLinger = 10 * time.Minute
	s.Acks = o.word("acks", s.Acks, "all", "1", "0")
	// Like the Java client: fewer acks switch it off unless it is asked for.
	s.Idempotent = o.flag("idempotent", s.Acks == "all")
	s.Compression = o.word("compression", s.Compression, "none", "gzip", "snappy", "lz4", "zstd")
	s.Linger = o.duration("linger", s.Linger, 0, longestLinger)
	s.BatchBytes = o.size("batch", s.BatchBytes, 1, largestSize)
	s.BufferBytes = o.size("buffer", s.BufferBytes, 1, 64<<30)
	s.ClientID = o.string("client_id", "text")
	if o.sound("acks", "idempotent") && s.Idempotent && s.Acks != "all" {
		o.fail("idempotent", "remove it, or acks: "+s.Acks, "an idempotent producer needs acks all, not %s", s.Acks)
	}
	if o.sound("batch", "buffer") && s.BufferBytes < s.BatchBytes {
		field := "buffer"
		if !o.has(field) {
			field = "batch"
		}
		o.fail(field, "", "the buffer of %s holds no batch of %s", formatSize(s.BufferBytes), formatSize(s.BatchBytes))
	}
	o.done()
	return s
}

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
