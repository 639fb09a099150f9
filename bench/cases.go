package main

// allCases are the tables of README.md. Five rounds take some fifteen minutes in all
// on two processors with nothing else to do.
func allCases() []benchCase {
	return []benchCase{
		keptToo(flatOut("flat-out-1000", "1,000-byte records, flat out",
			load{size: 1000, javaRecords: 1_000_000, rdRecords: 1_000_000},
			thousandBytes()...), load{size: 1000}),
		flatOut("flat-out-100", "100-byte records, flat out",
			load{size: 100, javaRecords: 4_000_000, rdRecords: 4_000_000},
			atLeast("the bare loop", rate, 0.9)),
		flatOut("large-batches", "1,000-byte records, flat out, in batches of up to 1,000,000 bytes as librdkafka's default is",
			load{size: 1000, batch: 1_000_000, javaRecords: 1_000_000, rdRecords: 4_000_000},
			thousandBytes()...),
		onKafka(flatOut("kafka-1000", "1,000-byte records, flat out, to Apache Kafka",
			load{size: 1000, javaRecords: 600_000, rdRecords: 600_000, createsTopics: true},
			thousandBytes()...)),
		paced("paced-1000", "1,000-byte records, 100,000/s", load{size: 1000, rate: 100_000}),
		paced("paced-100", "100-byte records, 100,000/s", load{size: 100, rate: 100_000}),
		{
			name: "reading", what: "Reading what is in 12 partitions, 1,000-byte records, end-to-end times recorded",
			sinks: []sink{apacheKafka()}, prepare: fillTopic,
			peers:   []peer{mskltReader(), barePoller(), javaConsumer()},
			targets: []target{atLeast("the bare poll loop", rate, 0.95)},
		},
		{
			name: "quotas", what: "What enforcing quotas costs: the bare loop's 1,000-byte records to the embedded cluster and to kfake (CPU is the cluster's, memory the loop's)",
			sinks:   []sink{limited(), bareKfake()},
			peers:   []peer{ofSink(0, bareLoop("with quotas", 0, load{size: 1000})), ofSink(1, bareLoop("bare kfake", 1, load{size: 1000}))},
			targets: []target{atLeast("bare kfake", rate, 0.9)},
		},
	}
}

// thousandBytes are the targets for records of 1,000 bytes.
func thousandBytes() []target {
	return []target{
		atLeast("the bare loop", rate, 0.95), atMost("the bare loop", cpu, 1.15),
		atLeast("kafka-producer-perf-test", rate, 3), atLeast("rdkafka_performance", rate, 1),
	}
}

func flatOut(name, what string, l load, targets ...target) benchCase {
	return benchCase{
		name: name, what: what, sinks: []sink{discarding()}, targets: targets,
		peers: []peer{mskltProducer("msklt", "flat-out", l), bareLoop("the bare loop", 0, l), javaProducer(l), rdkafkaProducer(l)},
	}
}

// keptToo has msklt run a second time with values that might be read when the run is
// over, each of which then has bytes and a stamp of its own.
func keptToo(c benchCase, l load) benchCase {
	c.peers = append(c.peers, mskltProducer("msklt --keep", "flat-out", l, "--keep"))
	return c
}

func onKafka(c benchCase) benchCase {
	c.sinks = []sink{apacheKafka()}
	c.prepare = warmUpKafka
	return c
}

func paced(name, what string, l load) benchCase {
	return benchCase{
		name: name, what: what, sinks: []sink{discarding()},
		peers:   []peer{mskltProducer("msklt", "paced", l), bareLoop("the bare loop", 0, l)},
		targets: []target{exact(), lagAtMost(2), atMost("the bare loop", cpu, 1.2)},
	}
}
