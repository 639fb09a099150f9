package main

import (
	"context"
	"fmt"
	"strconv"

	"msklt/report"
)

const (
	enough    = 3_000_000 // records to read: some seconds' worth
	mostFills = 10        // runs of fill.yaml, each of which writes half of that where nothing is in its way
)

// fillTopic writes what all reading peers read, stamped by msklt so that whoever reads
// it can tell how old it is.
func fillTopic(ctx context.Context, b *bench, sinks []server) error {
	b.say("writing what is to be read")
	b.written = 0
	if err := createTopic(ctx, sinks[0].address, benchTopic); err != nil {
		return err
	}
	for tries := 0; b.written < enough; tries++ {
		r, f, err := b.runMsklt(ctx, "msklt", sinks[0].address, "run", "bench/fill.yaml")
		if err == nil && (tries == mostFills || r.Totals.Acked != r.Totals.Sent) {
			err = fmt.Errorf("%d of %d records were acknowledged: %s", r.Totals.Acked, r.Totals.Sent, tail(f.stderr))
		}
		if err != nil {
			return fmt.Errorf("writing what is to be read: %w", err)
		}
		b.written += r.Totals.Acked
	}
	return nil
}

// mskltReader reads in a run of its own. Its rate is that of the whole seconds
// between the first and the last in which it read.
func mskltReader() peer {
	return peer{name: "msklt", run: func(ctx context.Context, b *bench, sinks []server) (measure, error) {
		r, f, err := b.runMsklt(ctx, "msklt", sinks[0].address, "run", "bench/reading.yaml")
		if err != nil {
			return measure{}, err
		}
		if r.Totals.Consumed != b.written || r.Latency.EndToEnd.Count != b.written {
			return measure{}, fmt.Errorf("of %d records %d were read and %d end-to-end times recorded",
				b.written, r.Totals.Consumed, r.Latency.EndToEnd.Count)
		}
		perSecond, err := readingRate(r)
		if err != nil {
			return measure{}, err
		}
		m, err := f.measured(r.Totals.Consumed, perSecond)
		m.invalid = invalid(r)
		return m, err
	}}
}

// readingRate is the mean of the full seconds of reading, in records/s.
func readingRate(r *report.Result) (float64, error) {
	var read []int64 // bytes, by second
	for _, s := range r.Timeline {
		if s.ConsumedBytes > 0 {
			read = append(read, s.ConsumedBytes)
		}
	}
	if len(read) < 3 {
		return 0, fmt.Errorf("it read for %d seconds, of which the first and the last are not whole", len(read))
	}
	var bytes int64
	for _, n := range read[1 : len(read)-1] {
		bytes += n
	}
	perRecord := float64(r.Totals.BytesConsumed) / float64(r.Totals.Consumed)
	return float64(bytes) / perRecord / float64(len(read)-2), nil
}

// barePoller is the bare poll loop.
func barePoller() peer {
	const name = "the bare poll loop"
	return peer{name: name, run: func(ctx context.Context, b *bench, sinks []server) (measure, error) {
		args := []string{b.self, "bare", "poll", "--bootstrap", sinks[0].address, "--records", strconv.FormatInt(b.written, 10)}
		b.note(name, sinks[0].address, args)
		f, r, err := runBare(ctx, append(args, "--group", newGroup()))
		if err != nil {
			return measure{}, err
		}
		return f.measured(r.Records, float64(r.Records)/r.Seconds)
	}}
}

// javaConsumer is kafka-consumer-perf-test; its rate leaves joining the group out.
func javaConsumer() peer {
	const name = "kafka-consumer-perf-test"
	return peer{name: name, run: func(ctx context.Context, b *bench, sinks []server) (measure, error) {
		args := b.java(toolHeap, "org.apache.kafka.tools.ConsumerPerformance", "--bootstrap-server", sinks[0].address,
			"--topic", benchTopic, "--num-records", strconv.FormatInt(b.written, 10), "--hide-header")
		b.note(name, sinks[0].address, args)
		f, err := succeed(ctx, name, append(args, "--group", newGroup())...)
		if err != nil {
			return measure{}, err
		}
		row, err := last(f.stdout, consumerLine, 2)
		if err != nil {
			return measure{}, err
		}
		return f.measured(int64(row[0]), row[1])
	}}
}

// consumerLine is the tool's line of results: start, end, MB, MB/s, records,
// records/s, ms of joining, ms of fetching, MB/s and records/s of fetching.
const consumerLine = `(?m)^\d{4}-[^,]*, [^,]*, [\d.]+, [\d.]+, (\d+), [\d.]+, \d+, \d+, [\d.]+, ([\d.]+)`
