package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"msklt/report"
)

// load is what the producing peers of a case send. Those that run for a time send
// for runTime; those that are told a number of records get one that keeps them
// busy for about as long.
type load struct {
	size, batch   int
	rate          int // records/s; 0 is flat out
	javaRecords   int
	rdRecords     int
	createsTopics bool // the sink has no topic from the start
}

const (
	runTime = 6 * time.Second
	// warmUp is the share of the Java producer's records that its rate leaves out:
	// the virtual machine compiles itself while they are sent.
	warmUp = 5
)

// exitInvalid is msklt's exit code for a run that the generator itself held up; its
// numbers are still what it did.
const exitInvalid = 4

// mskltProducer runs a scenario as a user does, with further arguments: every record's
// times are recorded, the report is written.
func mskltProducer(name, scenario string, l load, further ...string) peer {
	fleet := map[string]string{"flat-out": "flood", "paced": "steady"}[scenario]
	args := append([]string{"run", "bench/" + scenario + ".yaml", "--set", fmt.Sprintf("producers.%s.value.size=%dB", fleet, l.size)}, further...)
	if l.batch > 0 {
		args = append(args, "--set", fmt.Sprintf("producers.%s.settings.batch=%dB", fleet, l.batch))
	}
	return peer{name: name, run: func(ctx context.Context, b *bench, sinks []server) (measure, error) {
		r, f, err := b.runMsklt(ctx, name, sinks[0].address, args...)
		if err != nil {
			return measure{}, err
		}
		if r.Totals.Acked != r.Totals.Sent {
			return measure{}, fmt.Errorf("of %d records %d were acknowledged", r.Totals.Sent, r.Totals.Acked)
		}
		m, err := f.measured(r.Totals.Acked, r.Rates.AckedRecordsPerSecond)
		m.lag = r.Latency.Lag.P99
		m.exact = r.Totals.Acked == int64(l.rate)*int64(runTime/time.Second)
		m.invalid = invalid(r)
		return m, err
	}}
}

// runMsklt runs msklt, as the peer of a name, and reads its result.
func (b *bench) runMsklt(ctx context.Context, name, address string, args ...string) (*report.Result, finished, error) {
	out := filepath.Join(b.dir, "results", strconv.FormatInt(time.Now().UnixNano(), 36))
	args = append([]string{b.msklt}, args...)
	args = append(args, "--bootstrap", address, "--yes")
	b.note(name, address, args)
	f, err := execute(ctx, append(args, "--quiet", "--out", out)...)
	if err != nil {
		return nil, f, err
	}
	if f.exit != 0 && f.exit != exitInvalid {
		return nil, f, f.failed("msklt")
	}
	r, _, err := report.Read(out)
	return r, f, err
}

// invalid is why msklt calls a run invalid.
func invalid(r *report.Result) string {
	if r.Validity.Valid {
		return ""
	}
	return r.Verdict.Summary
}

// bareLoop is the bare loop of this package, against one of the case's sinks.
func bareLoop(name string, on int, l load) peer {
	return peer{name: name, run: func(ctx context.Context, b *bench, sinks []server) (measure, error) {
		args := []string{b.self, "bare", "produce", "--bootstrap", sinks[on].address,
			"--size", strconv.Itoa(l.size), "--for", runTime.String(), "--rate", strconv.Itoa(l.rate)}
		if l.batch > 0 {
			args = append(args, "--batch", strconv.Itoa(l.batch))
		}
		b.note(name, sinks[on].address, args)
		var m measure
		err := onTopic(ctx, l, sinks[on], func() error {
			f, r, err := runBare(ctx, args)
			if err != nil {
				return err
			}
			if r.Failed > 0 {
				return fmt.Errorf("%d records failed", r.Failed)
			}
			m, err = f.measured(r.Records, float64(r.Records)/r.Seconds)
			return err
		})
		return m, err
	}}
}

func runBare(ctx context.Context, args []string) (finished, bareResult, error) {
	var r bareResult
	f, err := succeed(ctx, "the bare loop", args...)
	if err == nil {
		err = json.Unmarshal([]byte(f.stdout), &r)
	}
	return f, r, err
}

// onTopic makes the topic that a peer needs and cannot make itself.
func onTopic(ctx context.Context, l load, s server, do func() error) error {
	if !l.createsTopics {
		return do()
	}
	return withTopic(ctx, s.address, benchTopic, do)
}

// javaProducer is kafka-producer-perf-test. Its rate leaves its warm-up out, its
// CPU does not.
func javaProducer(l load) peer {
	const name = "kafka-producer-perf-test"
	return peer{name: name, lacks: lacksJars, run: func(ctx context.Context, b *bench, sinks []server) (measure, error) {
		args := b.java(toolHeap, "org.apache.kafka.tools.ProducerPerformance",
			"--bootstrap-server", sinks[0].address, "--topic", benchTopic,
			"--num-records", strconv.Itoa(l.javaRecords), "--warmup-records", strconv.Itoa(l.javaRecords/warmUp),
			"--record-size", strconv.Itoa(l.size), "--throughput", "-1",
			"--command-property", "acks=all", "linger.ms=5", fmt.Sprintf("batch.size=%d", batchOf(l)), "buffer.memory=33554432")
		b.note(name, sinks[0].address, args)
		var m measure
		err := onTopic(ctx, l, sinks[0], func() error {
			f, err := succeed(ctx, name, args...)
			if err != nil {
				return err
			}
			steady, err := last(f.stdout, steadyLine, 1)
			if err != nil {
				return err
			}
			m, err = f.measured(int64(l.javaRecords), steady[0])
			return err
		})
		return m, err
	}}
}

func batchOf(l load) int {
	if l.batch > 0 {
		return l.batch
	}
	return 16 << 10
}

const (
	steadyLine = `(?m)^\d+ steady state records sent, ([\d.]+) records/sec`
	// rdkafkaLine is a row of rdkafka_performance's table: milliseconds, messages,
	// bytes, round trip, delivered, delivered per second, …
	rdkafkaLine = `(?m)^\|\s+(\d+)\s+\|\s+(\d+)\s+\|\s+\d+\s+\|\s+\d+\s+\|\s+(\d+)\s+\|\s+(\d+)\s`
)

// last returns the numbers of the last line that matches.
func last(text, pattern string, count int) ([]float64, error) {
	all := regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		return nil, fmt.Errorf("it printed no line of results: %s", tail(text))
	}
	numbers := make([]float64, count)
	for i := range numbers {
		n, err := strconv.ParseFloat(all[len(all)-1][i+1], 64)
		if err != nil {
			return nil, fmt.Errorf("reading a figure: %w", err)
		}
		numbers[i] = n
	}
	return numbers, nil
}

// rdkafkaProducer is rdkafka_performance, which sends the same bytes in every record.
func rdkafkaProducer(l load) peer {
	const name = "rdkafka_performance"
	lacks := func(b *bench) error { return b.noRdkafka }
	return peer{name: name, lacks: lacks, run: func(ctx context.Context, b *bench, sinks []server) (measure, error) {
		args := []string{b.rdkafka, "-P", "-t", benchTopic, "-b", sinks[0].address,
			"-s", strconv.Itoa(l.size), "-c", strconv.Itoa(l.rdRecords), "-a", "-1", "-u",
			"-X", "linger.ms=5", "-X", fmt.Sprintf("batch.size=%d", batchOf(l)), "-X", "enable.idempotence=true"}
		b.note(name, sinks[0].address, args)
		var m measure
		err := onTopic(ctx, l, sinks[0], func() error {
			f, err := succeed(ctx, name, args...)
			if err != nil {
				return err
			}
			row, err := last(f.stdout, rdkafkaLine, 4)
			if err == nil && int(row[2]) != l.rdRecords {
				err = fmt.Errorf("it delivered %.0f of %d records: %s", row[2], l.rdRecords, strings.TrimSpace(tail(f.stderr)))
			}
			if err != nil {
				return err
			}
			m, err = f.measured(int64(l.rdRecords), row[2]/row[0]*1000)
			return err
		})
		return m, err
	}}
}
