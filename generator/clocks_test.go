package generator_test

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/kafkatest/need"
	"msklt/report"
)

// One run writes, another reads. The reader's measured phase holds all of the
// writer's traffic, which begins some seconds after it.
const (
	writes = `
version: 1
name: writes
topics:
  t: {existing: true}
producers:
  p: {topic: t, rate: 1000/s, key: {keys: 100}, value: {size: 100B}}
phases:
  - {name: steady, duration: 4s}
`
	onlyReads = `
version: 1
name: reads
topics:
  t: {existing: true}
consumers:
  g: {topics: [t], clients: 2}
phases:
  - {name: steady, duration: 20s}
`
	writtenRecords = 4000
	clocksApart    = 300 * time.Millisecond
)

// checkClocks holds what a reader says when the writers' clock is ahead by a known
// offset and the truth is that records take typical at the median, and between
// least and most. Nothing is dropped.
func checkClocks(t *testing.T, r *report.Result, ahead time.Duration, least, most float64) {
	t.Helper()
	if !r.Validity.Valid {
		t.Errorf("invalid: %+v", r.Validity.Reasons)
	}
	l, offset := r.Latency.EndToEnd, 1000*ahead.Seconds()
	if r.Totals.Consumed != writtenRecords || l.Count != writtenRecords || l.Clamped != 0 || l.Censored != 0 {
		t.Errorf("%d consumed, %d end-to-end times (%d clamped, %d censored), want %d of both", r.Totals.Consumed, l.Count, l.Clamped, l.Censored, writtenRecords)
	}
	if ahead <= 0 {
		// Three digits: a value stands for those within 0.1 % of it.
		if low, high := (least-offset)*0.999, (most-offset)*1.001; l.Negative != 0 || l.ClockOffset != nil || l.P50 < low || l.Max > high {
			t.Errorf("%d negative, p50 %.1f ms, max %.1f ms; want none, and %.1f to %.1f", l.Negative, l.P50, l.Max, low, high)
		}
		return
	}
	// Half of the clock's lowest step is 0.0005 ms.
	if l.Negative != writtenRecords || l.Max > 0.001 || l.ClockOffset == nil {
		t.Fatalf("%d negative, max %v ms, offset %v; want %d, 0 and one", l.Negative, l.Max, l.ClockOffset, writtenRecords)
	}
	if *l.ClockOffset > offset-least || *l.ClockOffset < offset-most {
		t.Errorf("the writers' clock is ahead by at least %.3f ms, the truth is %.0f; want %.3f to %.3f", *l.ClockOffset, offset, offset-most, offset-least)
	}
}

// TestVirtualClocksApart reads in one run what another writes, whose clock is ahead,
// behind or right. In virtual time only linger and wake-ups take time, and those
// are all that a record waits for.
func TestVirtualClocksApart(t *testing.T) {
	t.Parallel()
	for name, ahead := range map[string]time.Duration{"ahead": clocksApart, "behind": -clocksApart, "right": 0} {
		t.Run(name, func(t *testing.T) {
			writing, reading := parse(t, writes), parse(t, onlyReads)
			synctest.Test(t, func(t *testing.T) {
				network := new(kfake.VirtualNetwork)
				c, err := embedded.Start(t.Context(), embedded.Config{Brokers: 2, Listen: "127.0.0.1:9092", Topics: map[string]int32{"t": 4}, OnNetwork: network.Listen})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				target := report.Target{Bootstrap: c.Bootstrap()}
				var writer sync.WaitGroup
				writer.Go(func() {
					time.Sleep(3 * time.Second)
					config := generator.Config{Scenario: writing, Target: target, Dial: network.DialContext}
					config.SetSkew(ahead)
					out, err := generator.Run(t.Context(), config)
					if err != nil || out.Result.Totals.Acked != writtenRecords {
						t.Errorf("writing: %v", err)
					}
				})
				out, err := generator.Run(t.Context(), generator.Config{Scenario: reading, Target: target, Dial: network.DialContext})
				if err != nil {
					t.Fatal(err)
				}
				writer.Wait()
				// Linger is 5 ms, a wake-up 0.2 ms at most.
				checkClocks(t, out.Result, ahead, 0, 5.3)
				if n := len(out.Result.Timeline); n < 20 || out.Result.Timeline[0].Phase != "steady" {
					t.Errorf("%d seconds on the timeline", n)
				}
			})
		})
	}
}

// TestRealTimeClocksApart does the same with two processes on real sockets: this
// test's program again is the writer. Its clock is made out to be off by what the
// environment says: everything that it stamps is.
func TestRealTimeClocksApart(t *testing.T) {
	need.Require(t, need.RealTime())
	const address, offset = "MSKLT_TEST_WRITE_TO", "MSKLT_TEST_CLOCK_AHEAD"
	if to := os.Getenv(address); to != "" {
		ahead, err := time.ParseDuration(os.Getenv(offset))
		if err != nil {
			t.Fatal(err)
		}
		config := generator.Config{Scenario: parse(t, writes), Target: report.Target{Bootstrap: strings.Split(to, ",")}}
		config.SetSkew(ahead)
		if _, err := generator.Run(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		return
	}
	for name, ahead := range map[string]time.Duration{"ahead": clocksApart, "behind": -clocksApart} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := embedded.Start(t.Context(), embedded.Config{Topics: map[string]int32{"t": 4}, OnNetwork: net.Listen})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			writer := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRealTimeClocksApart$", "-test.count=1")
			writer.Env = append(os.Environ(), address+"="+strings.Join(c.Bootstrap(), ","), offset+"="+ahead.String())
			wrote := make(chan struct{})
			time.AfterFunc(3*time.Second, func() {
				defer close(wrote)
				if said, err := writer.CombinedOutput(); err != nil {
					t.Errorf("the writer: %v\n%s", err, said)
				}
			})
			defer func() { <-wrote }()
			out, err := generator.Run(t.Context(), generator.Config{Scenario: parse(t, onlyReads), Target: report.Target{Bootstrap: c.Bootstrap()}})
			if err != nil {
				t.Fatal(err)
			}
			// On a busy machine a record may take long, but none takes 300 ms at the
			// median, nor no time at all. The writer begins late, and has ten seconds more.
			l := out.Result.Latency.EndToEnd
			t.Logf("p50 %.1f ms, max %.1f ms, %d negative", l.P50, l.Max, l.Negative)
			checkCloseBy(t, out.Result, ahead)
		})
	}
}

// checkCloseBy holds what can be held on a busy machine: nothing is dropped, and the
// median and the offset tell the clocks' difference within 100 ms.
func checkCloseBy(t *testing.T, r *report.Result, ahead time.Duration) {
	t.Helper()
	const tolerance = 100.0
	l, offset := r.Latency.EndToEnd, 1000*ahead.Seconds()
	if r.Totals.Consumed != writtenRecords || l.Count != writtenRecords || l.Clamped != 0 || l.Censored != 0 {
		t.Errorf("%d consumed, %d end-to-end times, want %d of both", r.Totals.Consumed, l.Count, writtenRecords)
	}
	switch {
	case ahead < 0:
		if l.Negative != 0 || l.ClockOffset != nil || l.P50 < -offset || l.P50 > tolerance-offset {
			t.Errorf("%d negative, p50 %.1f ms; want none, and %.0f to %.0f", l.Negative, l.P50, -offset, tolerance-offset)
		}
	case l.Negative <= writtenRecords/2 || l.ClockOffset == nil || l.P50 > 0.001:
		t.Errorf("%d negative, p50 %.1f ms, offset %v; want nearly all, 0 and one", l.Negative, l.P50, l.ClockOffset)
	case *l.ClockOffset > offset || *l.ClockOffset < offset-tolerance:
		t.Errorf("the clock is ahead by at least %.1f ms, the truth is %.0f", *l.ClockOffset, offset)
	}
}
