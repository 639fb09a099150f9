package main

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"msklt/internal/kafkatest"
	"msklt/report"
)

// TestKafkaHistogramLog has HdrHistogram's own HistogramLogProcessor read the
// histograms of a run: it finds what the result says.
func TestKafkaHistogramLog(t *testing.T) {
	kafkatest.Need(t)
	t.Parallel()
	out := filepath.Join(t.TempDir(), "out")
	p := command(t.Context(), "run", writeScenario(t, "3s"), "--out", out, "--quiet")
	if code := p.code(t); code != exitOK && code != exitInvalid { // which a busy machine makes it
		t.Fatalf("exit code %d\n%s", code, p.stderr.String())
	}
	l := readResult(t, out).Latency
	for tag, want := range map[string]report.Latency{
		"response": l.Response, "service": l.Service, "client_wait": l.ClientWait, "lag": l.Lag, "end_to_end": l.EndToEnd,
	} {
		count, java := processed(t, out, tag)
		if count != want.Count || count == 0 {
			t.Errorf("%s: Java counts %d values, the result has %d", tag, count, want.Count)
		}
		for i, ms := range []float64{want.P50, want.P90, want.P99, want.P999, want.Max} {
			// It prints three decimals.
			if math.Abs(java[i]-ms) > 0.0005+1e-9 {
				t.Errorf("%s: Java reads %v ms, the result has %v (p50, p90, p99, p99.9, max)", tag, java, want)
				break
			}
		}
	}
}

// processed is what HistogramLogProcessor makes of one tag: how many values, and
// their p50, p90, p99, p99.9 and maximum in milliseconds.
func processed(t *testing.T, dir, tag string) (count int64, ms [5]float64) {
	t.Helper()
	to := filepath.Join(t.TempDir(), tag)
	if said, err := kafkatest.Java(t, t.Context(), "org.HdrHistogram.HistogramLogProcessor", "-i", filepath.Join(dir, "histograms.hlog"), "-tag", tag, "-o", to); err != nil {
		t.Fatal(err, said)
	}
	data, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	const number = ` +([0-9.]+)`
	row := regexp.MustCompile(` T:([0-9]+) \(` + number + number + number + number + number + number + ` \)`).FindSubmatch(data)
	if row == nil {
		t.Fatalf("no totals of %s in\n%s", tag, data)
	}
	if count, err = strconv.ParseInt(string(row[1]), 10, 64); err != nil {
		t.Fatal(err)
	}
	for i, column := range []int{2, 3, 4, 5, 7} { // 6 is p99.99
		if ms[i], err = strconv.ParseFloat(string(row[column]), 64); err != nil {
			t.Fatal(err)
		}
	}
	return count, ms
}
