package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// hotHistograms are listed with the main one last, and one whose tag the log
// could not hold.
func hotHistograms(t *testing.T, r *Result) []Histogram {
	end := r.StartedAt.Add(45 * time.Second)
	return []Histogram{
		{"service", r.StartedAt.Add(5 * time.Second), end, histogram(t, 1_000_000, 2_000_000, 812_000_000)},
		{"service/a, b\nc", r.StartedAt.Add(5 * time.Second), end, histogram(t, 1_000_000)},
		{"lag", r.StartedAt, end, histogram(t)},
		{"response", r.StartedAt, end.Add(600 * time.Millisecond), histogram(t, 1_000, 11_800_000, 24_700_000_000)},
	}
}

func TestHistogramLogReadsBack(t *testing.T) {
	r, _ := hotKey()
	hist := hotHistograms(t, r)
	var log bytes.Buffer
	if err := writeHistograms(&log, r.StartedAt, hist); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"#[Histogram log format version 1.3]\n",
		"#[StartTime: 1795262400 (seconds since epoch), 2026-11-21T12:00:00Z]\n",
		"#[BaseTime: 1795262400 (seconds since epoch)]\n",
		"\nTag=response,0.000000,45.600000,", // first, relative to the base, in seconds
		"\nTag=service/a__b_c,5.000000,40.000000,",
	} {
		if !strings.Contains(log.String(), line) {
			t.Errorf("the log lacks %q:\n%s", line, log.String())
		}
	}

	reader := hdrhistogram.NewHistogramLogReader(&log)
	for _, want := range []struct {
		tag string
		h   Histogram
	}{{"response", hist[3]}, {"service", hist[0]}, {"service/a__b_c", hist[1]}, {"lag", hist[2]}} {
		got, err := reader.NextIntervalHistogram()
		if err != nil || got == nil {
			t.Fatalf("%s: %v, %v", want.tag, got, err)
		}
		if got.Tag() != want.tag || !got.Equals(want.h.H) {
			t.Errorf("read %q with %d values, want %q with %d", got.Tag(), got.TotalCount(), want.tag, want.h.H.TotalCount())
		}
		// The reader goes through float seconds, which may cut a millisecond.
		if off := want.h.Start.UnixMilli() - got.StartTimeMs(); off < 0 || off > 1 {
			t.Errorf("%s starts %d ms early", want.tag, off)
		}
		if off := want.h.End.UnixMilli() - got.EndTimeMs(); off < 0 || off > 1 {
			t.Errorf("%s ends %d ms early", want.tag, off)
		}
	}
	if rest, err := reader.NextIntervalHistogram(); rest != nil || err != nil {
		t.Errorf("after the last histogram: %v, %v", rest, err)
	}
	if hist[3].H.Tag() != "" || hist[3].H.StartTimeMs() != 0 {
		t.Error("the caller's histogram was changed")
	}
}

// A histogram that began before the run's second moves the base, since readers
// know no negative times.
func TestHistogramLogBase(t *testing.T) {
	start := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	var log bytes.Buffer
	early := Histogram{"lag", start.Add(-1500 * time.Millisecond), start, histogram(t, 5_000)}
	if err := writeHistograms(&log, start, []Histogram{early}); err != nil {
		t.Fatal(err)
	}
	if want := "\nTag=lag,0.500000,1.500000,"; !strings.Contains(log.String(), want) {
		t.Errorf("the log lacks %q:\n%s", want, log.String())
	}
}
