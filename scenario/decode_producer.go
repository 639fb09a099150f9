package scenario

import (
	"math"
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
	if !o.has("consumers") { // else it only reads
		o.require("producers", "{checkout: {topic: orders, rate: 1MB/s, value: {size: 1KiB}}}")
	}
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
	p.Poisson = poisson(o, p.Rate)
	if o.sound("topic") && len(topics) > 0 && !knows(topics, p.Topic) {
		o.fail("topic", suggest(p.Topic, topicNames(topics)), "no topic is called %s", quote(p.Topic))
	}
	p.Partition = partition(o, topics, p.Topic)
	p.Headers = headers(o.child("headers"))
	values := o.child("value")
	p.Value = value(values)
	settings := o.child("settings")
	p.Settings = producerSettings(settings)
	if settings != nil {
		checkFleet(p, o, settings)
	}
	if values != nil && len(values.bad) == 0 {
		compareSizes(p, o, values, settings)
	}
	return p
}

// compareSizes reports sizes that contradict each other.
func compareSizes(p Producer, o, value, settings *object) {
	largest, field := p.Value.MaxBytes(), "size"
	if value.has("file") {
		field = "file"
	}
	if (settings == nil || settings.sound("buffer")) && largest > p.Settings.BufferBytes {
		value.fail(field, "", "a value of %s never fits into the buffer of %s",
			formatSize(largest), formatSize(p.Settings.BufferBytes))
	}
	mean := p.Value.MeanBytes()
	if mean == 0 {
		mean = p.MeanBytes()
	}
	switch {
	case !o.sound("rate") || p.Rate.Bytes == 0:
	case mean == 0:
		o.fail("rate", "give a rate in records, such as 100/s", "a rate in bytes says nothing of records without key and value")
	case p.Rate.Bytes/mean > mostRecords:
		o.fail("rate", "", "%s of values of %s is more than %s records/s",
			p.Rate, formatSize(int(math.Ceil(mean))), grouped(mostRecords))
	}
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
		InFlight:    5, CompressionLevel: DefaultLevel,
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
	fleetSettings(o, &s)
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
