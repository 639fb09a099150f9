package main

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"msklt/internal/kafkatest"
	"msklt/internal/preflight"
)

// TestKafkaOld looks at Apache Kafka 2.8, whose APIs are the oldest that MSK Serverless
// is known to offer, and runs on it, transactions and all.
func TestKafkaOld(t *testing.T) {
	b := kafkatest.Start(t, kafkatest.Options{Old: true})
	s := &secured{dir: t.TempDir()}
	path, out := s.file(t, "brief.yaml", brief), filepath.Join(t.TempDir(), "out")
	// As fast as it goes there is no ceiling to measure.
	look := s.program(t, nil, "check", path, "--bootstrap", b.Bootstrap(), "--json", "--set", "producers.p.rate=max")
	if code := look.code(t); code != exitOK {
		t.Errorf("exit code %d of check\n%s", code, look.stderr.String())
	}
	var found preflight.Report
	if err := json.Unmarshal(look.stdout.Bytes(), &found); err != nil || !found.Ready || found.Schema != preflight.Schema || len(found.Checks) < 15 {
		t.Errorf("%+v, %v", found, err)
	}
	for _, row := range found.Checks {
		t.Logf("%+v", row)
		if row.Check == "api" && row.Found != "Kafka v2.8; the 17 requests that it takes are offered" {
			t.Errorf("of the APIs it says %q", row.Found)
		}
	}
	b.OnlyTopics(t)
	run := s.program(t, nil, "run", path, "--bootstrap", b.Bootstrap(), "--out", out)
	checkFine(t, run.code(t), out)
	if n := readResult(t, out).Totals; n.Acked == 0 || n.Acked+n.Unsent != 200 || n.Consumed != n.Acked {
		t.Errorf("%+v", n)
	}
	b.OnlyTopics(t)

	b.CreateTopic(t, "theirs", 1)
	writeOnce(t, b.Bootstrap(), "theirs", time.Now())
	refuseLive(t, b.Bootstrap(), s.dir, "theirs", `others may be writing to topic theirs, .*: it was written to`)
}
