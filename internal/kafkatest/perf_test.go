package kafkatest

import (
	"strings"
	"testing"
	"time"
)

// What kafka-producer-perf-test 4.3.0 printed, shortened.
const perfOutput = `37480 records sent, 7494.5 records/sec (7.15 MB/sec), 315.0 ms avg latency, 944.0 ms max latency.
16696 records sent, 3017.5 records/sec (2.88 MB/sec), 46.2 ms avg latency, 3313.0 ms max latency.
90000 records sent, 5653.976630 records/sec (5.50 MB/sec), 1867.97 ms avg latency, 5045.00 ms max latency, 694 ms 50th, 4863 ms 95th, 5005 ms 99th, 5035 ms 99.9th.

Metric Name                                                                     Value
producer-metrics:produce-throttle-time-avg:{client-id=greedy}                 : 1.398
producer-metrics:produce-throttle-time-max:{client-id=greedy}                 : 1003.000
producer-metrics:reauthentication-latency-avg:{client-id=greedy}              : NaN
`

func TestParsePerf(t *testing.T) {
	got, err := parsePerf(perfOutput)
	if err != nil {
		t.Fatal(err)
	}
	want := PerfResult{
		Records:          90000,
		RecordsPerSecond: 5653.97663,
		BytesPerSecond:   5767168, // 5.5 × 2^20
		LatencyAvg:       1867970 * time.Microsecond,
		LatencyMax:       5045 * time.Millisecond,
		ThrottleAvg:      1398 * time.Microsecond,
		ThrottleMax:      1003 * time.Millisecond,
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestParsePerfRefusesWhatIsIncomplete(t *testing.T) {
	lines := strings.SplitAfter(perfOutput, "\n")
	for _, missing := range []string{"90000 records", "time-avg", "time-max"} {
		var rest strings.Builder
		for _, line := range lines {
			if !strings.Contains(line, missing) {
				rest.WriteString(line)
			}
		}
		if got, err := parsePerf(rest.String()); err == nil {
			t.Errorf("without the line of %q: got %+v, want an error", missing, got)
		}
	}
}
