package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"msklt/internal/faulttable"
	"msklt/internal/kafkatest"
	"msklt/report"
	"msklt/scenario"
)

const (
	apache    = "Apache Kafka 4.3"
	threeOfIt = apache + ", 3 brokers"
)

// faulted is what came of a run under a fault.
type faulted struct {
	*report.Result
	code   int
	took   time.Duration
	stderr string
}

// underFault runs a scenario against a cluster in a process of its own, and does
// something to the cluster while records flow. No other run beside it may have topics of
// the same names.
func underFault(t *testing.T, b *kafkatest.Broker, text string, fault func(topics []string)) faulted {
	t.Helper()
	s, err := scenario.Parse("fault.yaml", []byte(text), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, topic := range s.Topics {
		names = append(names, "-"+topic.Name)
	}
	dir := t.TempDir()
	path, out := filepath.Join(dir, "fault.yaml"), filepath.Join(dir, "out")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p := command(t.Context(), "run", path, "--out", out, "--bootstrap", b.Bootstrap())
	defer func() {
		if t.Failed() {
			t.Log(p.stderr.String())
		}
	}()
	begin := time.Now()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = p.Wait() }()
	defer func() { _ = p.Process.Kill(); <-ended }()
	topics := b.Flowing(t, names...)
	fault(topics)
	<-ended
	f := faulted{readResult(t, out), p.ProcessState.ExitCode(), time.Since(begin), p.stderr.String()}
	f.log(t)
	f.reconcile(t)
	return f
}

func (f faulted) log(t *testing.T) {
	t.Helper()
	t.Logf("exit %d after %.1f s, %+v", f.code, f.took.Seconds(), f.Totals)
	for _, e := range f.Errors {
		t.Logf("error %+v", e)
	}
	for _, e := range f.Events {
		t.Logf("event %+v", e)
	}
	for _, l := range f.Fleets {
		t.Logf("fleet %s: %d acked, %d failed, response p50 %.1f max %.1f ms", l.Name, l.Acked, l.Failed, l.Latency.Response.P50, l.Latency.Response.Max)
	}
	for _, s := range f.Timeline {
		t.Logf("second %d: %d offered, %d acked, %d failed, %d waiting, backlog %d, p99 %.0f ms", s.Second, s.OfferedRecords, s.AckedRecords, s.Failed, s.Waiting, s.Backlog, s.P99)
	}
	for _, r := range f.Validity.Reasons {
		t.Logf("invalid: %+v", r)
	}
}

// reconcile holds the counts of a result against each other.
func (f faulted) reconcile(t *testing.T) {
	t.Helper()
	if n := f.Totals; n.Scheduled != n.Sent+n.Unsent || n.Sent != n.Acked+n.Failed {
		t.Errorf("counts do not add up: %+v", n)
	}
	var more int64
	for _, p := range f.Partitions {
		if p.LogEndUnknown {
			continue
		}
		if p.AckedRecords > p.LogEndDelta {
			t.Errorf("%s/%d: %d acked, the log grew by %d", p.Topic, p.Partition, p.AckedRecords, p.LogEndDelta)
		}
		more += p.LogEndDelta - p.AckedRecords
	}
	if unsure := f.Totals.Failed + f.Totals.PossibleDuplicates; more > unsure {
		t.Errorf("the logs hold %d records that were not acked; failed and sent again were %d", more, unsure)
	}
	for _, g := range f.Groups {
		for _, p := range g.Partitions {
			if !p.LogEndUnknown && p.Consumed+p.Expired+p.Skipped+p.Unread != p.LogEndDelta {
				t.Errorf("group %s: %+v", g.Name, p)
			}
		}
	}
}

// faultChecks are those of a result's checks that a fault of the cluster can fail, or
// must not. The others are of this machine, which may be too busy for the schedule:
// that says nothing about the fault.
var faultChecks = []string{"log_end_known", "acked_in_log", "log_explained", "consumed", "full_without_push_back"}

// ended holds how a run ended.
func (f faulted) ended(t *testing.T, code int, within time.Duration, reasons ...string) {
	t.Helper()
	busy := false
	for _, r := range f.Validity.Reasons {
		if !slices.Contains(faultChecks, r.Check) {
			busy = true
		} else if !slices.Contains(reasons, r.Check) {
			t.Errorf("invalid: %+v", r)
		}
	}
	if f.code != code && !(busy && f.code == exitInvalid) {
		t.Errorf("exit code %d, want %d", f.code, code)
	}
	if f.took > within {
		t.Errorf("it took %s, more than %s", f.took, within)
	}
}

// says tells whether an error of a place was counted whose text holds another.
func (f faulted) says(where, text string) bool {
	return slices.ContainsFunc(f.Errors, func(e report.ErrorCount) bool {
		return e.Where == where && strings.Contains(e.Error, text)
	})
}

// words are what the terminal showed, on one line.
func (f faulted) words() string { return strings.Join(strings.Fields(f.stderr), " ") }

// event is the first event of a kind; nil when there is none.
func (f faulted) event(kind string) *report.Event {
	for i, e := range f.Events {
		if e.Kind == kind {
			return &f.Events[i]
		}
	}
	return nil
}

func (f faulted) fleet(name string) report.Fleet {
	return f.Fleets[slices.IndexFunc(f.Fleets, func(l report.Fleet) bool { return l.Name == name })]
}

// faultLoad is a scenario of some seconds with one topic and one group.
func faultLoad(name, topic, settings, group string, seconds int) string {
	return fmt.Sprintf(`
version: 1
name: fault
topics:
  %[1]s: {%[2]s}
producers:
  p: {topic: %[1]s, rate: 500/s, key: {keys: 1000}, value: {size: 200B}, settings: {%[3]s}}
consumers:
  g: {topics: [%[1]s]%[4]s}
phases:
  - {name: steady, duration: %[5]ds}
`, name, topic, settings, group, seconds)
}

const replicated = `partitions: 3, replication_factor: 3, config: {min.insync.replicas: "2"}`

// TestKafkaFaults does to three brokers what happens to brokers.
func TestKafkaFaults(t *testing.T) {
	kafkatest.Need(t)
	t.Parallel()
	b := kafkatest.Start(t, kafkatest.Options{Brokers: 3, Properties: map[string]string{
		// A broker that is silent is taken for dead after 5 s, not 9.
		"broker.session.timeout.ms": "5000", "broker.heartbeat.interval.ms": "500",
	}})
	t.Run("each of its topic", func(t *testing.T) {
		for name, fault := range map[string]func(*testing.T, *kafkatest.Broker){"leader moved": leaderMoved, "topic deleted": topicDeleted, "rebalances": rebalances} {
			t.Run(name, func(t *testing.T) { t.Parallel(); fault(t, b) })
		}
	})
	t.Run("killed", func(t *testing.T) { killed(t, b) }) // last: a broker that is back has much to catch up with
}

// killed kills a broker and restarts it: one topic has replicas elsewhere, the
// other has to wait.
func killed(t *testing.T, b *kafkatest.Broker) {
	f := underFault(t, b, `
version: 1
name: killed
topics:
  safe: {`+replicated+`}
  single: {partitions: 3, replication_factor: 1}
producers:
  to-safe: {topic: safe, rate: 500/s, key: {keys: 1000}, value: {size: 200B}}
  to-single: {topic: single, rate: 500/s, key: {keys: 1000}, value: {size: 200B}}
consumers:
  from-safe: {topics: [safe]}
  from-single: {topics: [single]}
phases:
  - {name: steady, duration: 18s}
`, func([]string) {
		time.Sleep(time.Second)
		b.Kill(t, 3)
		time.Sleep(6 * time.Second)
		b.Restart(t, 3)
	})
	f.ended(t, exitOK, 18*time.Second+30*time.Second)
	if n := f.Totals; n.Acked != 18_000 || n.Failed != 0 || n.Unsent != 0 || n.LogEndDelta != n.Acked || n.Consumed != n.Acked {
		t.Errorf("%+v", n)
	}
	if !f.says("connect", "refuses connections") {
		t.Error("no connection was refused")
	}
	lost, back, moved := f.event("disconnected"), f.event("reconnected"), f.event("leader_moved")
	if lost == nil || back == nil || moved == nil || *lost.Broker != 3 || *back.Broker != 3 || back.At < lost.At+6 {
		t.Errorf("events %+v", f.Events)
	}
	// The cluster takes the broker for dead after 5 s at the earliest, but for the
	// half second that a heartbeat may be old.
	if l := f.fleet("to-safe").Latency.Response; l.Max < 4500 || l.Max > 15_000 {
		t.Errorf("to 3 replicas: response times of up to %.0f ms", l.Max)
	}
	// The partition without a replica waits for the restart.
	if l := f.fleet("to-single").Latency.Response; l.Max < 6000 {
		t.Errorf("to 1 replica: response times of up to %.0f ms", l.Max)
	}
	faulttable.Check(t, "../../docs/method.md", faulttable.Row{
		Fault: "a broker killed and restarted, 3 replicas", Target: threeOfIt,
		Shown: "`disconnected`, `leader_moved`, `reconnected`; connections refused; response times of the time without a leader", Records: "all acked, none twice, all read", Exit: "0",
	})
	faulttable.Check(t, "../../docs/method.md", faulttable.Row{
		Fault: "a broker killed and restarted, 1 replica", Target: threeOfIt,
		Shown: "`disconnected`, `reconnected`; connections refused; response times until the broker is back", Records: "all acked, none twice, all read", Exit: "0",
	})
}

// leaderMoved moves the leaders of all partitions, twice.
func leaderMoved(t *testing.T, b *kafkatest.Broker) {
	f := underFault(t, b, faultLoad("moved", replicated, "", "", 12), func(topics []string) {
		for n := range int32(2) {
			time.Sleep(2 * time.Second)
			for p := range int32(3) {
				b.MoveLeader(t, topics[0], p, (p+n)%3+1)
			}
		}
	})
	f.ended(t, exitOK, 12*time.Second+20*time.Second)
	if n := f.Totals; n.Acked != 6000 || n.LogEndDelta != n.Acked || n.Consumed != n.Acked {
		t.Errorf("%+v", n)
	}
	if f.event("leader_moved") == nil {
		t.Errorf("events %+v", f.Events)
	}
	faulttable.Check(t, "../../docs/method.md", faulttable.Row{
		Fault: "leaders of all partitions moved, twice", Target: threeOfIt,
		Shown: "`leader_moved`; response times of the move", Records: "all acked, none twice, all read", Exit: "0",
	})
}

// topicDeleted deletes one topic of two.
func topicDeleted(t *testing.T, b *kafkatest.Broker) {
	var deleted time.Time
	f := underFault(t, b, `
version: 1
name: deleted
topics:
  deleted: {partitions: 3, replication_factor: 3}
  stays: {partitions: 3, replication_factor: 3}
producers:
  to-deleted: {topic: deleted, rate: 500/s, key: {keys: 1000}, value: {size: 200B}}
  to-stays: {topic: stays, rate: 500/s, key: {keys: 1000}, value: {size: 200B}}
consumers:
  both: {topics: [deleted, stays]}
phases:
  - {name: steady, duration: 15s}
`, func(topics []string) {
		time.Sleep(2 * time.Second)
		deleted = time.Now()
		b.DeleteTopic(t, topics[slices.IndexFunc(topics, func(n string) bool { return strings.HasSuffix(n, "-deleted") })])
	})
	f.ended(t, exitInvalid, 15*time.Second+45*time.Second, "log_end_known")
	gone, stays := f.fleet("to-deleted"), f.fleet("to-stays")
	if gone.Scheduled != 7500 || gone.Acked == 0 || gone.Failed == 0 || gone.Sent != gone.Acked+gone.Failed || stays.Acked != 7500 || f.Totals.LogEndKnown {
		t.Errorf("%+v, %+v, %+v", gone, stays, f.Totals)
	}
	for _, p := range f.Partitions {
		if p.LogEndUnknown != (p.Topic == "deleted") || p.Topic == "stays" && p.LogEndDelta != p.AckedRecords {
			t.Errorf("%+v", p)
		}
	}
	if !f.says("produce", "UNKNOWN_TOPIC_OR_PARTITION") {
		t.Error("no record failed for want of its topic")
	}
	e := f.event("topic_deleted")
	if e == nil {
		t.Fatal("nothing on the timeline")
	}
	// The brokers carry a deletion out some time after they have said so, on a busy machine
	// seconds; there is traffic for 15 s.
	if at := deleted.Sub(f.StartedAt).Seconds(); e.At < at-0.1 || e.At > 15 {
		t.Errorf("deleted at %.1f s, on the timeline at %.1f", at, e.At)
	}
	for _, text := range []string{"deleted during the run: topic deleted", "partitions whose log end is not known: 3"} {
		if !strings.Contains(f.words(), text) {
			t.Errorf("the summary does not say %q", text)
		}
	}
	faulttable.Check(t, "../../docs/method.md", faulttable.Row{
		Fault: "a topic of two deleted", Target: threeOfIt,
		Shown: "`topic_deleted` when its leaders first did not know it; UNKNOWN_TOPIC_OR_PARTITION", Records: "what waits fails after some 10 s; its log ends are not known; the other topic is reconciled", Exit: "4, its records cannot be accounted for",
	})
}

// rebalances has members join and leave every second.
func rebalances(t *testing.T, b *kafkatest.Broker) {
	var members []string
	for s := 1; s < 11; s += 2 {
		members = append(members, fmt.Sprintf("{at: %ds, join: 2}, {at: %ds, leave: 2}", s, s+1))
	}
	f := underFault(t, b, faultLoad("rebalanced", replicated, "", ", clients: 2, members: ["+strings.Join(members, ", ")+"]", 12), func([]string) {})
	f.ended(t, exitOK, 12*time.Second+30*time.Second)
	if n := f.Totals; n.Acked != 6000 || n.LogEndDelta != n.Acked || n.Consumed != n.Acked {
		t.Errorf("%+v", n)
	}
	faulttable.Check(t, "../../docs/method.md", faulttable.Row{
		Fault: "members join and leave every second", Target: threeOfIt,
		Shown: "backlog, end-to-end times", Records: "all acked, all read", Exit: "0",
	})
}
