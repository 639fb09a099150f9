package generator_test

import (
	"strings"
	"testing"

	"msklt/generator"
	"msklt/internal/kafkatest"
	"msklt/report"
)

// TestKafkaReaders lets members of a group on Apache Kafka join, leave and pause:
// every record is read once, and the pause leaves the backlog that it must.
func TestKafkaReaders(t *testing.T) {
	kafkatest.Need(t)
	t.Parallel()
	const rate = 1000
	b := kafkatest.Start(t, kafkatest.Options{})
	s := parse(t, `
version: 1
name: readers
topics:
  t: {partitions: 6}
producers:
  p: {topic: t, rate: 1000/s, key: {keys: 1000}, value: {size: 200B}}
consumers:
  g:
    topics: [t]
    clients: 2
    processing: {per_record: 100us}
    members: [{at: 3s, join: 2}, {at: 14s, leave: 2}]
    pauses: [{at: 24s, for: 6s}]
phases:
  - {name: steady, duration: 36s}
`)
	out, err := generator.Run(t.Context(), generator.Config{Scenario: s, Target: report.Target{Bootstrap: strings.Split(b.Bootstrap(), ",")}})
	if err != nil {
		t.Fatal(err)
	}
	r := out.Result
	for _, reason := range r.Validity.Reasons {
		if reason.Check != "lag" && reason.Check != "offered" { // a busy machine's, which loses no record
			t.Errorf("invalid: %+v", reason)
		}
	}
	g := r.Groups[0]
	t.Logf("end to end p50 %.1f ms, max %.0f ms", g.EndToEnd.P50, g.EndToEnd.Max)
	if g.Consumed != 36*rate || g.LogEndDelta != g.Consumed || g.Duplicates != 0 || g.Unread != 0 || g.Skipped != 0 {
		t.Errorf("%d consumed, %d duplicates, %d unread, %d skipped of %d", g.Consumed, g.Duplicates, g.Unread, g.Skipped, g.LogEndDelta)
	}
	if len(r.Errors) > 0 {
		t.Errorf("errors %+v", r.Errors)
	}
	// A second is sampled when a busy machine comes to it: within half of one.
	for second := 24; second < 29; second++ {
		near(t, "backlog in the pause", int(r.Timeline[second].Backlog), (second+1-24)*rate, rate/2)
	}
	near(t, "backlog before the end", int(r.Timeline[34].Backlog), 0, rate/2)
}
