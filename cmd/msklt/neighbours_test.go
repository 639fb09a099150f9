package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/kafkatest/need"
)

// neighbours are other people on a cluster: topics with settings, one that somebody
// writes to now and then, a group that has committed, and one that reads what somebody
// writes all the time.
type neighbours struct {
	bootstrap string
	stop      func()
	failed    error // of those at work, after stop
}

func (n *neighbours) moveIn(t *testing.T) {
	t.Helper()
	onCluster(t, n.bootstrap, func(ctx context.Context, admin *kadm.Client) {
		hour, big := "3600000", "2097152"
		for name, configs := range map[string]map[string]*string{
			"billing": {"retention.ms": &hour}, "live": nil, "hourly": nil, "msklt-payments-orders": {"max.message.bytes": &big}, "msklt-1lg4m80in16q": nil,
		} {
			if _, err := admin.CreateTopic(ctx, 3, 1, configs, name); err != nil {
				t.Fatal(err)
			}
		}
		at := kadm.Offsets{}
		at.AddOffset("billing", 1, 0, -1)
		eventually(t, "a commit", func() error { return admin.CommitAllOffsets(ctx, "msklt-auditors", at) })
	})
	writeOnce(t, n.bootstrap, "hourly", time.Now())
	ctx, cancel := context.WithCancel(t.Context())
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(n.bootstrap, ",")...), kgo.DefaultProduceTopic("live"),
		kgo.ConsumerGroup("dashboards"), kgo.ConsumeTopics("live"), kgo.ProducerLinger(0))
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	work.Go(func() {
		for ctx.Err() == nil {
			if err := client.ProduceSync(ctx, kgo.StringRecord("theirs")).FirstErr(); err != nil && ctx.Err() == nil {
				n.failed = err
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	work.Go(func() {
		for ctx.Err() == nil {
			client.PollFetches(ctx)
		}
	})
	n.stop = sync.OnceFunc(func() { cancel(); work.Wait(); client.Close() })
	t.Cleanup(n.stop)
	onCluster(t, n.bootstrap, func(ctx context.Context, admin *kadm.Client) {
		eventually(t, "the group that reads", func() error {
			all, err := admin.DescribeGroups(ctx, "dashboards")
			if err == nil && len(all["dashboards"].Members) != 1 {
				err = fmt.Errorf("it is %+v", all["dashboards"])
			}
			return err
		})
	})
}

// writeOnce writes a record of some time to a topic.
func writeOnce(t *testing.T, bootstrap, topic string, at time.Time) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: []byte("theirs"), Timestamp: at}).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// eventually does something until it succeeds.
func eventually(t *testing.T, what string, do func() error) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		err := do()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// picture is all that must be the same after msklt was there.
type picture struct {
	Topics  map[string]string // id, partitions and replicas, and settings
	Groups  []string
	Commits map[string]int64 // of the group that rests
	Ends    map[string]int64 // of the topics that rest
}

func (n *neighbours) picture(t *testing.T) string {
	t.Helper()
	p := picture{map[string]string{}, nil, map[string]int64{}, map[string]int64{}}
	onCluster(t, n.bootstrap, func(ctx context.Context, admin *kadm.Client) {
		topics, err := admin.ListTopics(ctx)
		if err != nil {
			t.Fatal(err)
		}
		configs, err := admin.DescribeTopicConfigs(ctx, topics.Names()...)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range configs {
			d := topics[c.Name]
			text := fmt.Sprintf("%x %d×%d", d.ID, len(d.Partitions), d.Partitions.NumReplicas())
			for _, k := range slices.SortedFunc(slices.Values(c.Configs), func(a, b kadm.Config) int { return strings.Compare(a.Key, b.Key) }) {
				text += " " + k.Key + "=" + k.MaybeValue()
			}
			p.Topics[c.Name] = text
		}
		groups, err := admin.ListGroups(ctx)
		if err != nil {
			t.Fatal(err)
		}
		p.Groups = slices.Sorted(slices.Values(groups.Groups()))
		commits, err := admin.FetchOffsets(ctx, "msklt-auditors")
		if err != nil {
			t.Fatal(err)
		}
		commits.Each(func(o kadm.OffsetResponse) { p.Commits[fmt.Sprint(o.Topic, "/", o.Partition)] = o.At })
		ends, err := admin.ListEndOffsets(ctx, topics.Names()...)
		if err != nil {
			t.Fatal(err)
		}
		ends.Each(func(o kadm.ListedOffset) {
			if o.Topic != "live" {
				p.Ends[fmt.Sprint(o.Topic, "/", o.Partition)] = o.Offset
			}
		})
	})
	text, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// leaveAlone runs, interrupts and kills msklt, and cleans up after it, beside
// neighbours: to them nothing has happened. By is what the cluster tells of who wrote
// to a topic, as a regular expression.
func leaveAlone(t *testing.T, bootstrap, by string) {
	n := &neighbours{bootstrap: bootstrap}
	n.moveIn(t)
	before := n.picture(t)
	same := func(after string) {
		t.Helper()
		if now := n.picture(t); now != before {
			t.Errorf("after %s the cluster is not as before:\n%s\nbefore:\n%s", after, now, before)
		}
	}
	dir := t.TempDir()
	refuseLive(t, bootstrap, dir, "hourly", `others may be writing to topic hourly, .*: it was written to \d+ s ago`+by+` \(`)
	comma := strings.Replace(by, " by", ", the last by", 1)
	refuseLive(t, bootstrap, dir, "live", `others are writing to topic live, .*: it grew by \d+ offset\(s\) in 2 s`+comma+`; `)
	same("two refusals to load a live topic")

	ordinary := command(t.Context(), "run", writeScenario(t, "1s"), "--bootstrap", bootstrap, "--out", filepath.Join(dir, "run"))
	checkFine(t, ordinary.code(t), filepath.Join(dir, "run"))
	if want := "creates 1 topic with 3 partitions, opens about "; !strings.Contains(ordinary.stderr.String(), want) {
		t.Errorf("before the run it does not say %q:\n%s", want, ordinary.stderr.String())
	}
	same("a run")

	interrupted, out := command(t.Context(), "run", writeScenario(t, "60s"), "--bootstrap", bootstrap, "--out", filepath.Join(dir, "int")), filepath.Join(dir, "int")
	interrupted.begin(t, out, bootstrap)
	if err := interrupted.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := interrupted.ended(t); code != exitInterrupted {
		t.Errorf("exit code %d of an interrupted run\n%s", code, interrupted.stderr.String())
	}
	same("an interrupt")

	cleanAfterKills(t, bootstrap, dir)
	same("msklt clean")
	if n.stop(); n.failed != nil {
		t.Errorf("the neighbours at work met %v", n.failed)
	}
}

// refuseLive has msklt load a topic that others write to, or did a moment ago.
func refuseLive(t *testing.T, bootstrap, dir, topic, says string) {
	t.Helper()
	path := filepath.Join(dir, topic+".yaml")
	text := fmt.Sprintf("{version: 1, name: live, topics: {%[1]s: {existing: true}}, producers: {p: {topic: %[1]s, rate: 10/s, value: {size: 10B}}}, phases: [{name: a, duration: 1s}]}", topic)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p := command(t.Context(), "run", path, "--bootstrap", bootstrap, "--out", filepath.Join(dir, topic))
	code := p.code(t)
	if !regexp.MustCompile(says).MatchString(p.stderr.String()) || code != exitEnvironment || !strings.Contains(p.stderr.String(), "--allow-live-topics") {
		t.Errorf("exit code %d, want 5 and %q:\n%s", code, says, p.stderr.String())
	}
}

// ofRuns are the topics and groups of runs on a cluster.
func ofRuns(t *testing.T, bootstrap string) (topics, groups []string) {
	t.Helper()
	onCluster(t, bootstrap, func(ctx context.Context, admin *kadm.Client) {
		all, err := admin.ListTopics(ctx)
		if err != nil {
			t.Fatal(err)
		}
		known, err := admin.ListGroups(ctx)
		if err != nil {
			t.Fatal(err)
		}
		// By another rule than the program's: its form is held by TestRunNames.
		run := regexp.MustCompile(`^msklt-[0-9a-v]{12}-`)
		others := func(name string) bool { return !run.MatchString(name) }
		topics = slices.DeleteFunc(slices.Sorted(maps.Keys(all)), others)
		groups = slices.DeleteFunc(known.Groups(), others)
	})
	return topics, groups
}

// TestRealTimeNeighbours holds that nothing happens to other people's topics and
// groups, on the embedded cluster.
func TestRealTimeNeighbours(t *testing.T) {
	need.Require(t, need.RealTime())
	leaveAlone(t, startCluster(t), "") // which tells of transactions only
}

// paced is a load whose topic takes up nearly all changes of five minutes.
const paced = `
version: 1
name: paced
limits: {cluster: {partition_changes: 4/5m}}
topics: {t: {partitions: PARTITIONS}}
producers: {p: {topic: t, rate: 500/s, value: {size: 100B}}}
phases: [{name: steady, duration: 2s}]
`

// TestRealTimeInterruptedRemoval: a removal that has to wait tells how long, can be
// left, and says what is left then; the result is there before.
func TestRealTimeInterruptedRemoval(t *testing.T) {
	need.Require(t, need.RealTime())
	bootstrap, dir := startCluster(t), t.TempDir()
	start := func(name, partitions, until string) (p *program, out string) {
		t.Helper()
		path, out := filepath.Join(dir, name+".yaml"), filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.Replace(paced, "PARTITIONS", partitions, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		p = command(t.Context(), "run", path, "--bootstrap", bootstrap, "--out", out)
		p.watch(t, until)
		if err := p.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		return p, out
	}
	p, out := start("after", "3", "removing topics: 0 of 3 partitions, about ")
	code := p.ended(t)
	said := p.Stderr.(*watched).text()
	for _, want := range []string{"1 topic(s) and 0 group(s), of which topic msklt-", "to remove the rest: msklt clean --bootstrap " + bootstrap, "result: " + out} {
		if code != exitInterrupted || !strings.Contains(said, want) {
			t.Errorf("exit code %d, want 130 and %q:\n%s", code, want, said)
		}
	}
	if r := readResult(t, out); r.Totals.Acked != 1000 || r.Interrupted {
		t.Errorf("totals %+v, interrupted %v", r.Totals, r.Interrupted)
	}

	// Interrupted while its topics are being created, and again while it waits for
	// their removal, it leaves at once and says so.
	p, _ = start("amid", "8", "creating topics: 4 of 8 partitions, about ")
	stderr := p.Stderr.(*watched)
	stderr.await(t, "removing topics: 0 of 4 partitions, about ")
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code, want := p.ended(t), "left at once; topics and groups that begin with msklt-"; code != exitInterrupted || !strings.Contains(stderr.text(), want) || !strings.Contains(stderr.text(), "msklt clean --bootstrap") {
		t.Errorf("exit code %d, want 130 and %q:\n%s", code, want, stderr.text())
	}
	if topics, _ := ofRuns(t, bootstrap); len(topics) != 2 {
		t.Errorf("left are %q", topics)
	}

	// What it says then removes it at once, without an hour's wait.
	_, line, _ := strings.Cut(stderr.text(), "to remove them: msklt ")
	removal := command(t.Context(), append(strings.Fields(line), "--yes")...)
	if code := removal.code(t); code != exitOK {
		t.Errorf("%q: exit code %d\n%s", line, code, removal.stderr.String())
	}
	if topics, _ := ofRuns(t, bootstrap); len(topics) != 1 {
		t.Errorf("after %q there is %q", line, topics)
	}
}

// watched is what a program says, as it says it.
type watched struct {
	mu   sync.Mutex
	said strings.Builder
}

// watch starts the program and returns what it says once it has said some text.
func (p *program) watch(t *testing.T, text string) *watched {
	t.Helper()
	said := new(watched)
	p.Stderr = said
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	said.await(t, text)
	return said
}

// says is what the program has said on stderr so far, or in all when it has ended.
func (p *program) says() string {
	if said, ok := p.Stderr.(*watched); ok {
		return said.text()
	}
	return p.stderr.String()
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.said.Write(p)
}

func (w *watched) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.said.String()
}

func (w *watched) await(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !strings.Contains(w.text(), text); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never says %q:\n%s", text, w.text())
		}
	}
}
