package main

import (
	"bufio"
	"context"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/cluster"
	"msklt/internal/faulttable"
	"msklt/internal/kafkatest/need"
	"msklt/report"
)

const methodPage = "../../docs/method.md"

// startCluster starts the embedded cluster as a process of its own and returns its
// address.
func startCluster(t *testing.T) (bootstrap string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], "cluster", "--brokers", "2")
	c.Env = append(os.Environ(), "MSKLT_TEST_MAIN=1")
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// begin starts the program and returns the hidden folder of its run once there is
// traffic: the first of its topics has records.
func (p *program) begin(t *testing.T, out, bootstrap string) (partial string) {
	t.Helper()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no traffic in 2 min\n%s", p.stderr.String())
		}
		notes, _ := filepath.Glob(filepath.Join(filepath.Dir(out), "."+filepath.Base(out)+".partial-*", "run.json"))
		if len(notes) == 1 && written(t, bootstrap, notes[0]) {
			return filepath.Dir(notes[0])
		}
	}
}

// written tells whether a run has written records: whether the topics that begin
// with the prefix in its note have some.
func written(t *testing.T, bootstrap, note string) bool {
	t.Helper()
	data, err := os.ReadFile(note)
	if err != nil {
		return false
	}
	var n report.Note
	if err := json.Unmarshal(data, &n); err != nil {
		t.Fatal(err)
	}
	records := int64(0)
	onCluster(t, bootstrap, func(ctx context.Context, admin *kadm.Client) {
		ends, err := admin.ListEndOffsets(ctx)
		if err != nil {
			t.Fatal(err)
		}
		ends.Each(func(o kadm.ListedOffset) {
			if strings.HasPrefix(o.Topic, n.Prefix) {
				records += o.Offset
			}
		})
	})
	return records > 0
}

func onCluster(t *testing.T, bootstrap string, do func(context.Context, *kadm.Client)) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	do(t.Context(), kadm.NewClient(client))
}

// ended waits for the program's end and returns its exit code.
func (p *program) ended(t *testing.T) int {
	t.Helper()
	_ = p.Wait()
	return p.ProcessState.ExitCode()
}

// checkWhole holds that a result's records are accounted for: the 500 of the
// warm-up and 2,000 a second for as long as small ran.
func checkWhole(t *testing.T, r *report.Result, scheduled int64) {
	t.Helper()
	n := r.Totals
	if n.Scheduled != scheduled || n.Scheduled != n.Sent+n.Unsent || n.Sent != n.Acked+n.Failed || n.Acked != n.LogEndDelta || n.Consumed != n.LogEndDelta {
		t.Errorf("totals %+v, want %d scheduled and all accounted for", n, scheduled)
	}
	if n.Failed != 0 || n.Unsent != 0 {
		t.Errorf("%d failed, %d unsent", n.Failed, n.Unsent)
	}
}

// checkFine holds that a run ended with exit code 0, or that nothing but a busy machine
// made it another: checks of the instrument, none of the records.
func checkFine(t *testing.T, code int, out string) {
	t.Helper()
	if code == exitOK {
		return
	}
	for _, reason := range readResult(t, out).Validity.Reasons {
		switch reason.Check {
		case "log_end_known", "acked_in_log", "log_explained", "consumed":
			t.Error(reason.Message)
		}
	}
	if code != exitInvalid {
		t.Errorf("exit code %d, want 0", code)
	}
}

// undisturbed runs a scenario whose result is to be valid, into the folder out of dir. A run
// that others who use this machine made invalid says nothing about the program: it is made
// again after a rest, twice at most; the third stays as it is.
func undisturbed(t *testing.T, args func(dir string) []string) (p *program, dir string) {
	t.Helper()
	for try := 1; ; try++ {
		dir = t.TempDir()
		p = command(t.Context(), append([]string{"run", "--out", filepath.Join(dir, "out")}, args(dir)...)...)
		code := p.code(t)
		if code == exitOK {
			return p, dir
		}
		if code != exitInvalid {
			t.Fatalf("exit code %d of run %d\n%s", code, try, p.stderr.String())
		}
		for _, reason := range readResult(t, filepath.Join(dir, "out")).Validity.Reasons {
			if slices.Contains(faultChecks, reason.Check) {
				t.Fatalf("run %d: %s", try, reason.Message)
			}
			t.Logf("run %d: %s", try, reason.Message)
		}
		if try == 3 {
			return p, dir
		}
		time.Sleep(5 * time.Second)
	}
}

// TestRealTimeFullDisk fills the disk of the result folder during a run: the verdict is
// printed, and says where the whole result is.
func TestRealTimeFullDisk(t *testing.T) {
	need.Require(t, need.RealTime())
	t.Parallel()
	dir, bootstrap := t.TempDir(), startCluster(t)
	out, temporary := filepath.Join(dir, "out"), t.TempDir()
	p := command(t.Context(), "run", writeScenario(t, "2s"), "--out", out, "--bootstrap", bootstrap)
	p.Env = append(p.Env, "TMPDIR="+temporary)
	partial := p.begin(t, out, bootstrap)
	if err := os.Symlink("/dev/full", filepath.Join(partial, "result.json")); err != nil {
		t.Fatal(err)
	}
	if code := p.ended(t); code != exitEnvironment {
		t.Errorf("exit code %d, want 5", code)
	}
	places, _ := filepath.Glob(filepath.Join(temporary, "msklt-out-*"))
	if len(places) != 1 {
		t.Fatalf("in the temporary folder there is %v\n%s", places, p.stderr.String())
	}
	r := readResult(t, places[0])
	checkWhole(t, r, 5000)
	for _, want := range []string{plain(r.Verdict.Summary), "no space left on device; the whole result is in " + places[0]} {
		if !strings.Contains(plain(p.stderr.String()), want) {
			t.Errorf("stderr lacks %q:\n%s", want, p.stderr.String())
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("beside the result there remain %v, %v", entries, err)
	}
	faulttable.Check(t, methodPage, faulttable.Row{
		Fault: "disk of the result folder full", Target: "embedded",
		Shown: "verdict, then `no space left on device; the whole result is in` the temporary folder", Records: "all in the result", Exit: "5, the disk",
	})
}

// TestRealTimeFolderRemoved removes the folder that results go to during a run: it is made
// again, and the result is whole.
func TestRealTimeFolderRemoved(t *testing.T) {
	need.Require(t, need.RealTime())
	t.Parallel()
	dir, bootstrap := filepath.Join(t.TempDir(), "results"), startCluster(t)
	out := filepath.Join(dir, "out")
	p := command(t.Context(), "run", writeScenario(t, "2s"), "--out", out, "--bootstrap", bootstrap)
	p.begin(t, out, bootstrap)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	checkFine(t, p.ended(t), out)
	checkWhole(t, readResult(t, out), 5000)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("in the folder there is %v, %v", entries, err)
	}
	faulttable.Check(t, methodPage, faulttable.Row{
		Fault: "result folder removed in mid-run", Target: "embedded",
		Shown: "nowhere: it is made again", Records: "all in the result", Exit: "0",
	})
}

// TestRealTimeKilled kills one of two runs in the middle: the next run says what it may have
// left, and the one that lives is left alone.
func TestRealTimeKilled(t *testing.T) {
	need.Require(t, need.RealTime())
	t.Parallel()
	dir, bootstrap := t.TempDir(), startCluster(t)
	run := func(name, duration string) (*program, string) {
		out := filepath.Join(dir, name)
		return command(t.Context(), "run", writeScenario(t, duration), "--out", out, "--bootstrap", bootstrap), out
	}
	living, livingOut := run("living", "6s")
	livingPartial := living.begin(t, livingOut, bootstrap)
	dead, deadOut := run("dead", "60s")
	deadPartial := dead.begin(t, deadOut, bootstrap)
	if err := dead.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	dead.ended(t)
	prefix := left(t, bootstrap, deadPartial)

	says := []string{
		"a run of scenario small was killed and has no result: started ",
		"topics and groups that begin with " + prefix + " on " + bootstrap,
		"    msklt clean --bootstrap " + bootstrap + " --run " + cluster.RunID(prefix) + "\n",
	}
	again := command(t.Context(), "report", deadOut)
	if code := again.code(t); code != exitUsage {
		t.Errorf("exit code %d of a report of what is not there, want 2", code)
	}
	for _, want := range says {
		if !strings.Contains(again.stderr.String(), want) {
			t.Errorf("report does not say %q:\n%s", want, again.stderr.String())
		}
	}
	next, nextOut := run("next", "1s")
	checkFine(t, next.code(t), nextOut)
	for _, want := range append(says, deadPartial+", is removed now") {
		if strings.Count(next.stderr.String(), want) != 1 {
			t.Errorf("the next run does not say %q once:\n%s", want, next.stderr.String())
		}
	}
	checkFine(t, living.ended(t), livingOut)
	if strings.Contains(next.stderr.String(), livingPartial) {
		t.Errorf("the next run speaks of the one that lives:\n%s", next.stderr.String())
	}
	checkWhole(t, readResult(t, livingOut), 13_000)
	checkWhole(t, readResult(t, nextOut), 3000)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("in the folder there is %v, %v", entries, err)
	}
	faulttable.Check(t, methodPage, faulttable.Row{
		Fault: "`SIGKILL` of the generator", Target: "embedded",
		Shown: "by the next command: which run, and what it may have left on the cluster", Records: "no result; its topics and groups remain", Exit: "none",
	})
}

// left returns the prefix in a killed run's note, and fails unless a topic and a
// group on the cluster begin with it.
func left(t *testing.T, bootstrap, partial string) (prefix string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(partial, "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	var n report.Note
	if err := json.Unmarshal(data, &n); err != nil {
		t.Fatal(err)
	}
	onCluster(t, bootstrap, func(ctx context.Context, admin *kadm.Client) {
		topics, err := admin.ListTopics(ctx)
		if err != nil {
			t.Fatal(err)
		}
		groups, err := admin.ListGroups(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if !topics.Has(n.Prefix+"t") || !slices.Contains(groups.Groups(), n.Prefix+"g") {
			t.Errorf("topics %v and groups %v lack those that begin with %q", topics.Names(), groups.Groups(), n.Prefix)
		}
	})
	return n.Prefix
}

// TestRealTimeStopped stops the generator for 5 s, while the cluster goes on: every
// record is accounted for, the response times show the stop, and the run is
// invalid, because the generator was the bottleneck.
func TestRealTimeStopped(t *testing.T) {
	need.Require(t, need.RealTime())
	const stop = 5 * time.Second
	bootstrap, out := startCluster(t), filepath.Join(t.TempDir(), "out")
	p := command(t.Context(), "run", writeScenario(t, "10s"), "--out", out, "--bootstrap", bootstrap)
	p.begin(t, out, bootstrap)
	time.Sleep(2 * time.Second) // into the measured phase, which begins after 1 s
	begun := time.Now()
	if err := p.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(stop)
	if err := p.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	stopped := time.Since(begun)
	if code := p.ended(t); code != exitInvalid {
		t.Errorf("exit code %d, want 4\n%s", code, p.stderr.String())
	}
	r := readResult(t, out)
	checkWhole(t, r, 21_000)
	// The first record of the stop waits for all of it. A tenth of the 20,000 measured
	// ones were due in its first second: they wait a second less, or more. A busy
	// machine takes a while to catch up: a second at 10,000 records/s.
	longest, p90 := 1000*stopped.Seconds(), 1000*stopped.Seconds()-1000
	if l := r.Latency.Response; l.Max < longest-50 || l.Max > longest+1000 || l.P90 < p90-50 || l.P90 > p90+1000 {
		t.Errorf("the longest response time is %.0f ms, p90 %.0f ms; want %.0f and %.0f", l.Max, l.P90, longest, p90)
	}
	var checks []string
	for _, reason := range r.Validity.Reasons {
		checks = append(checks, reason.Check)
	}
	for _, want := range []string{"offered", "lag", "stalled"} {
		if !slices.Contains(checks, want) {
			t.Errorf("the checks that failed are %v, want %s among them", checks, want)
		}
	}
	stalls := slices.DeleteFunc(slices.Clone(r.Events), func(e report.Event) bool { return e.Kind != "stalled" || e.Until-e.At < 1 })
	// Shorter ones before or after it are the machine's, and may adjoin it.
	if len(stalls) != 1 || math.Abs(stalls[0].Until-stalls[0].At-stopped.Seconds()) > 1 {
		t.Errorf("stalls of a second or more: %+v; want one of %.1f s", stalls, stopped.Seconds())
	}
	// The 10,000 records of the stop wait 2.5 s for it on average: 25,000
	// record-seconds. The others wait for a linger of 5 ms, the client too.
	if s := r.Spent; s.Client < 0.9*s.Total() {
		t.Errorf("the records' time is put down to %+v; the client took nearly all of it", s)
	}
	faulttable.Check(t, methodPage, faulttable.Row{
		Fault: "`SIGSTOP` of the generator for 5 s", Target: "embedded",
		Shown: "event stalled; checks stalled, offered and lag; response times up to the stop's length", Records: "all acked, none twice, all read", Exit: "4, the generator was the bottleneck",
	})
}
