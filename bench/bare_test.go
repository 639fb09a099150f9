package main

import (
	"testing"
	"time"

	"msklt/internal/embedded"
)

// The bare loops are half of every ratio: what they count must be what the cluster
// has.
func TestBareLoops(t *testing.T) {
	c, err := embedded.Start(t.Context(), embedded.Config{Brokers: 1, Topics: map[string]int32{benchTopic: partitions}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	o := bareOptions{
		bootstrap: c.Bootstrap()[0], topic: benchTopic, group: "g",
		size: 100, batch: 16 << 10, duration: 200 * time.Millisecond, rate: 10_000,
	}
	sent, err := bareProduce(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if sent.Records != 2000 || sent.Failed != 0 || sent.Seconds < 0.2 { // at whose end the last is due
		t.Errorf("paced: %+v, want 2000 records in 0.2 s", sent)
	}
	o.rate, o.duration = 0, 200*time.Millisecond
	flat, err := bareProduce(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if flat.Records == 0 || flat.Failed != 0 || flat.Seconds < o.duration.Seconds() {
		t.Errorf("flat out: %+v", flat)
	}
	o.records = sent.Records + flat.Records
	read, err := barePoll(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if read.Records != o.records {
		t.Errorf("read %d records of %d written", read.Records, o.records)
	}
	var logged int64
	for _, r := range c.Truth().Rows() {
		if r.Scope == "log" {
			logged += r.RecordsIn
		}
	}
	if logged != o.records {
		t.Errorf("the loops say that they wrote %d records, the log holds %d", o.records, logged)
	}
}
