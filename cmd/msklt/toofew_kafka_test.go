package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"msklt/internal/kafkatest"
	"msklt/internal/limits"
	"msklt/report"
)

// crowd is a scenario of more clients than there is room for. Each needs three
// connections; those that get one keep it, and wait for the others.
const crowd = `
version: 1
name: crowd
topics:
  t: {partitions: 4}
producers:
  p: {topic: t, clients: 20, rate: 200/s, value: {size: 100B}}
phases:
  - {name: steady, duration: 2s}
`

// room is how many connections a listener of TestKafkaTooFewConnections has room for.
const (
	room   = 12
	noRoom = 2 // for the administration alone takes three
)

// TestKafkaTooFewConnections holds what is said of a broker of Apache Kafka that has room
// for fewer connections than a run needs: with some, the run ends as limited, with their
// exact number; with hardly any there is none, and what lacks is named. What a firewall
// does is never the first guess.
func TestKafkaTooFewConnections(t *testing.T) {
	t.Parallel()
	b := kafkatest.Start(t, kafkatest.Options{Users: map[string]string{"loader": rightPassword}, Properties: map[string]string{
		"listener.name.plaintext.max.connections":      strconv.Itoa(room),
		"listener.name.sasl_plaintext.max.connections": strconv.Itoa(noRoom),
	}})
	s := &secured{dir: t.TempDir()}
	path := s.file(t, "crowd.yaml", crowd)
	t.Run("at once", func(t *testing.T) {
		t.Run("some", func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "out")
			p := s.program(t, nil, "run", path, "--bootstrap", b.Bootstrap(), "--out", out)
			checkFine(t, p.code(t), out)
			crowded(t, readResult(t, out))
			if said := p.stderr.String(); strings.Contains(said, "may drop connections") {
				t.Errorf("it speaks of a firewall:\n%s", said)
			}
		})
		t.Run("hardly any", func(t *testing.T) {
			t.Parallel()
			target := s.file(t, "target.yaml", fmt.Sprintf("version: 1\nbootstrap: %q\nauth: {mechanism: plain, username: loader, password: %q}\ntls: off\n", b.Login()[0], rightPassword))
			says := b.Login()[0] + " answered before, and leaves new connections without an answer: it may have all that it takes (in Apache Kafka max.connections,"
			s.refused(t, exitEnvironment, nil, []string{"✓ brokers 1,", "– round trip not told: see connections ✗ connections " + says, "have the limit raised"},
				"check", path, "--target", target)
			s.refused(t, exitEnvironment, nil, []string{"msklt: creating topic msklt-", "-t: " + says}, "run", path, "--target", target)
		})
	})
	b.OnlyTopics(t) // none is left
}

// crowded holds the verdict on a run with too few connections, and that each connection
// that came to nothing is counted, and none twice.
func crowded(t *testing.T, r *report.Result) {
	t.Helper()
	t.Logf("%+v, %+v, errors %+v", r.Verdict, r.Totals, r.Errors)
	n := r.Totals
	if n.Scheduled != 400 || n.Acked+n.Failed+n.Unsent != 400 || n.Failed == 0 || n.Acked != n.LogEndDelta {
		t.Errorf("totals %+v", n)
	}
	if len(r.Verdict.Binding) != 1 || r.Validity.Valid && r.Verdict.Status != limits.LimitedUnexplained {
		t.Fatalf("%s, bound by %+v", r.Verdict.Status, r.Verdict.Binding)
	}
	bound := r.Verdict.Binding[0]
	if bound.Limit != limits.BrokerConnections || bound.Broker == nil || *bound.Broker != 1 || bound.Observed != room || bound.Declared != nil {
		t.Errorf("%+v, want broker.connections of broker 1 at %d", bound, room)
	}
	words := strings.Join(bound.Evidence, " ")
	if !strings.Contains(words, "They were left waiting, as Apache Kafka leaves those over max.connections, of the broker or of a listener") {
		t.Errorf("evidence %q", words)
	}
	var counted int64
	first := 0.0
	for _, e := range r.Errors {
		switch {
		case e.Where == "produce":
		case e.Where == "connect" && (strings.Contains(e.Error, "gave it no answer, as Apache Kafka does over max.connections") || strings.Contains(e.Error, "took no new connection while others stood")):
			if counted == 0 || e.FirstAt < first {
				first = e.FirstAt
			}
			counted += e.Count
		default:
			t.Errorf("error %+v", e)
		}
	}
	// Those that still wait when the run ends are no errors. They are one for each of a
	// client's connections at most. Where the machine starved the run, connections that the
	// broker took may have been given up.
	turned, _ := strconv.ParseInt(regexp.MustCompile(`turned (\d+) connections away`).FindStringSubmatch(words)[1], 10, 64)
	if counted == 0 || r.Validity.Valid && turned < counted || float64(turned) > float64(counted)+r.Plan.Connections.Open {
		t.Errorf("%d connections turned away, %d errors", turned, counted)
	}
	// An error is told when the client has given up, five seconds after it dialled or ten.
	if bound.SinceSeconds > first-4.9 {
		t.Errorf("since %.1f s, the first error at %.1f s", bound.SinceSeconds, first)
	}
	if w := r.Spent; w.Broker < w.Client || w.Broker < w.Network {
		t.Errorf("the records waited %+v", w)
	}
}
