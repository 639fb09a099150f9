package main

import (
	"context"
	"fmt"
	"strconv"

	"msklt/report"
)

// logRecords is how many records a reading peer finds in its topic: as many as
// reading.yaml writes.
const logRecords = 2_000_000

// fillTopic writes what the peers other than msklt read.
func fillTopic(ctx context.Context, b *bench, sinks []server) error {
	b.say("writing %d records to read", logRecords)
	if err := createTopic(ctx, sinks[0].address, benchTopic); err != nil {
		return err
	}
	const perSecond = 125_000
	f, r, err := runBare(ctx, []string{b.self, "bare", "produce", "--bootstrap", sinks[0].address,
		"--rate", strconv.Itoa(perSecond), "--for", strconv.Itoa(logRecords/perSecond) + "s"})
	if err == nil && r.Records != logRecords {
		err = fmt.Errorf("%d of %d records were written: %s", r.Records, logRecords, f.stderr)
	}
	if err != nil {
		return fmt.Errorf("writing what is to be read: %w", err)
	}
	return nil
}

// mskltReader writes and then reads in one run. Its rate is that of the whole
// seconds between the first and the last in which it read.
func mskltReader() peer {
	return peer{"msklt", func(ctx context.Context, b *bench, sinks []server) (measure, error) {
		r, f, err := b.runMsklt(ctx, sinks[0].address, "run", "bench/reading.yaml")
		if err != nil {
			return measure{}, err
		}
		if r.Totals.Consumed != logRecords || r.Latency.EndToEnd.Count != logRecords {
			return measure{}, fmt.Errorf("of %d records %d were read and %d end-to-end times recorded",
				logRecords, r.Totals.Consumed, r.Latency.EndToEnd.Count)
		}
		perSecond, err := readingRate(r)
		if err != nil {
			return measure{}, err
		}
		m, err := f.measured(r.Totals.Consumed, perSecond)
		m.cpu = unknown // of writing and reading together
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
	if len(read) < 4 {
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
	const name = "bare poll loop"
	return peer{name, func(ctx context.Context, b *bench, sinks []server) (measure, error) {
		args := []string{b.self, "bare", "poll", "--bootstrap", sinks[0].address, "--records", strconv.Itoa(logRecords)}
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
	return peer{name, func(ctx context.Context, b *bench, sinks []server) (measure, error) {
		args := b.java("org.apache.kafka.tools.ConsumerPerformance", "--bootstrap-server", sinks[0].address,
			"--topic", benchTopic, "--num-records", strconv.Itoa(logRecords), "--hide-header")
		b.note(name, sinks[0].address, args)
		f, err := execute(ctx, append(args, "--group", newGroup())...)
		if err == nil && f.exit != 0 {
			err = f.failed(name)
		}
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
