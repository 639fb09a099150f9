package kafkatest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// PerfOptions says what the Java producer sends.
type PerfOptions struct {
	Records          int
	RecordBytes      int      // random upper-case letters, as the tool makes them
	RecordsPerSecond float64  // 0 means as fast as it goes
	Settings         []string // of the producer, as in "client.id=a"
}

// PerfResult is what the Java producer says of its own run.
type PerfResult struct {
	Records          int64
	RecordsPerSecond float64
	BytesPerSecond   float64 // keys and values, from a figure of 0.01 MiB/s
	LatencyAvg       time.Duration
	LatencyMax       time.Duration
	// Of the produce responses of the last minute at most (the client's metrics
	// window), unthrottled ones included.
	ThrottleAvg, ThrottleMax time.Duration
}

// ProducerPerf runs kafka-producer-perf-test (--print-metrics) against a topic.
func ProducerPerf(t testing.TB, bootstrap, topic string, o PerfOptions) PerfResult {
	t.Helper()
	throughput := "-1"
	if o.RecordsPerSecond > 0 {
		throughput = strconv.FormatFloat(o.RecordsPerSecond, 'f', -1, 64)
	}
	args := []string{
		"--bootstrap-server", bootstrap, "--topic", topic,
		"--num-records", strconv.Itoa(o.Records),
		"--record-size", strconv.Itoa(o.RecordBytes),
		"--throughput", throughput, "--print-metrics",
	}
	if len(o.Settings) > 0 {
		args = append(append(args, "--command-property"), o.Settings...)
	}
	out, err := Java(t, t.Context(), "org.apache.kafka.tools.ProducerPerformance", args...)
	if err != nil {
		t.Fatalf("producing with the Java client: %v\n%s", err, out)
	}
	r, err := parsePerf(out)
	if err != nil {
		t.Fatalf("reading what the Java producer printed: %v\n%s", err, out)
	}
	return r
}

func parsePerf(out string) (PerfResult, error) {
	// Only the line of the whole run has percentiles; those of the intervals before it do not.
	totals := regexp.MustCompile(`(?m)^(\d+) records sent, ([\d.]+) records/sec \(([\d.]+) MB/sec\), ` +
		`([\d.]+) ms avg latency, ([\d.]+) ms max latency, .*99th`)
	metrics := regexp.MustCompile(`(?m)^producer-metrics:produce-throttle-time-(avg|max):\{[^}]*\}\s*:\s*([\d.]+)`)
	total := totals.FindStringSubmatch(out)
	if total == nil {
		return PerfResult{}, fmt.Errorf("no line of totals")
	}
	v, err := parseFloats(total[1:])
	if err != nil {
		return PerfResult{}, err
	}
	r := PerfResult{
		Records:          int64(v[0]),
		RecordsPerSecond: v[1],
		BytesPerSecond:   v[2] * (1 << 20), // the tool's MB is 2^20
		LatencyAvg:       milliseconds(v[3]),
		LatencyMax:       milliseconds(v[4]),
	}
	throttle := map[string]time.Duration{}
	for _, m := range metrics.FindAllStringSubmatch(out, -1) {
		v, err := parseFloats(m[2:])
		if err != nil {
			return PerfResult{}, err
		}
		throttle[m[1]] = milliseconds(v[0])
	}
	if len(throttle) != 2 {
		return PerfResult{}, fmt.Errorf("found %d of the 2 produce-throttle-time metrics", len(throttle))
	}
	r.ThrottleAvg, r.ThrottleMax = throttle["avg"], throttle["max"]
	return r, nil
}

func parseFloats(texts []string) ([]float64, error) {
	values := make([]float64, len(texts))
	for i, text := range texts {
		v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil {
			return nil, fmt.Errorf("reading a figure: %w", err)
		}
		values[i] = v
	}
	return values, nil
}

func milliseconds(v float64) time.Duration {
	return time.Duration(v * float64(time.Millisecond))
}
