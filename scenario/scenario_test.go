package scenario

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// javaProducer are the Java client's defaults for producing (blueprint, §4).
func javaProducer() ProducerSettings {
	return ProducerSettings{Acks: "all", Idempotent: true, Compression: "none",
		Linger: 5 * time.Millisecond, BatchBytes: 16384, BufferBytes: 33554432, InFlight: 5, CompressionLevel: DefaultLevel}
}

// javaConsumer are the Java client's defaults for consuming.
func javaConsumer() ConsumerSettings {
	return ConsumerSettings{FetchMaxWait: 500 * time.Millisecond, FetchMinBytes: 1,
		FetchMaxBytes: 52428800, FetchMaxPartitionBytes: 1048576, MaxPollRecords: 500, CommitInterval: 5 * time.Second}
}

func TestHotKey(t *testing.T) {
	const file = "testdata/hot-key.yaml"
	got, err := Load(file, Options{Profiles: profiles()})
	if err != nil {
		t.Fatal(err)
	}
	settings := javaProducer()
	settings.BufferBytes = 4 << 20
	want := &Scenario{
		Version:     1,
		Name:        "hot-key",
		Description: "One celebrity customer overloads one partition while the cluster idles.",
		Seed:        42,
		Limits:      Limits{Extends: "msk-serverless", Pos: Pos{file, 6, 9}},
		Topics:      []Topic{{Name: "orders", Partitions: 12, ReplicationFactor: -1}},
		Producers: []Producer{{Name: "checkout", Topic: "orders", Clients: 4, Rate: Rate{Bytes: 40e6},
			Key: Key{Keys: 10000, HotKeys: 1, HotShare: 0.3}, Value: Value{Size: Fixed(1024), Entropy: 1}, Settings: settings, Pos: Pos{file, 12, 3}}},
		Consumers: []Consumer{{Name: "billing", Topics: []string{"orders"}, Clients: 3, From: FromEnd, Settings: javaConsumer(), Pos: Pos{file, 21, 3}}},
		Phases:    []Phase{{"warm-up", 5 * time.Second, Always(0.25), false}, {"steady", 40 * time.Second, Always(1), true}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func everything(t *testing.T) *Scenario {
	t.Helper()
	s, err := Load("testdata/everything.yaml", Options{Profiles: profiles(), Getenv: func(name string) (string, bool) {
		return "24", name == "PARTITIONS"
	}})
	if err != nil {
		t.Fatal(err)
	}
	return withoutPositions(s)
}

// fileIn is a file of testdata, with its hash.
func fileIn(t *testing.T, name string) File {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return File{name, hex.EncodeToString(sum[:])}
}

func withoutPositions(s *Scenario) *Scenario {
	s.Limits.Pos = Pos{}
	for i := range s.Producers {
		s.Producers[i].Pos = Pos{}
	}
	for i := range s.Idle {
		s.Idle[i].Pos = Pos{}
	}
	for i := range s.Consumers {
		s.Consumers[i].Pos = Pos{}
	}
	for i := range s.Thresholds {
		s.Thresholds[i].Pos = Pos{}
	}
	return s
}

func TestEverything(t *testing.T) {
	slow := ProducerSettings{Acks: "0", Compression: "zstd", Linger: 90 * time.Second,
		BatchBytes: 1_000_000, BufferBytes: 4 << 20, InFlight: 2, CompressionLevel: 19, ClientID: "app 1", ConnectRate: 0.5}
	unsafe := javaProducer()
	unsafe.Idempotent = false
	curved := func(name string, r Rate) Producer {
		return Producer{Name: name, Topic: "orders", Clients: 1, Rate: r, Value: Value{Size: Fixed(100), Entropy: 1}, Settings: javaProducer()}
	}
	committing := javaProducer()
	committing.Transactions = Transactions{Records: 100, Aborted: 0.02}
	want := &Scenario{
		Version:     1,
		Name:        "everything",
		Description: "a first line\nand somebody, ${LITERAL}",
		Seed:        18446744073709551615,
		Limits: Limits{Extends: "msk-serverless", Values: map[string]float64{
			"partition.ingress": 4e6, "partition.egress": 8 << 20, "partition.records": 4000,
			"broker.ingress": 60e6, "broker.egress": 500e6,
			"cluster.ingress": 20e6, "cluster.egress": 40e6, "cluster.requests": 15000,
			"cluster.connections": 3000, "cluster.connection_attempts": 0.5,
			"broker.partitions": 1500, "broker.connections": 1000, "broker.connection_attempts": 20,
			"cluster.message": 8 << 20, "cluster.fetch": 55e6, "cluster.partitions": 2400,
			"cluster.partition_changes": 250.0 / 300, "cluster.topic_requests": 2, "cluster.groups": 500,
			"client.ingress": 5000001, "client.egress": 10e6,
		}},
		Topics: []Topic{
			{Name: "orders", Partitions: 24, ReplicationFactor: 3, Config: map[string]string{"retention.ms": "60000", "cleanup.policy": "delete"}},
			{Name: "there.already", ReplicationFactor: -1, Existing: true},
			{Name: "sensor", Count: 200, Partitions: 2, ReplicationFactor: -1},
		},
		Producers: []Producer{
			{Name: "hot", Topic: "orders", Clients: 4, Rate: Rate{Bytes: 1.5 * (1 << 20)}, Key: Key{Keys: 100, HotKeys: 2, HotShare: 0.29}, Value: Value{Size: Fixed(1024), Entropy: 1}, Settings: slow},
			{Name: "skewed", Topic: "orders", Clients: 1, Poisson: true, Rate: Rate{Records: 333.3, Curve: Curve{Shape: Sine, From: 0.5, To: 333.3, Over: 90 * time.Minute}}, Key: Key{Keys: 1000, Zipf: 0.99}, Value: Value{Size: Fixed(1), Entropy: 1}, Settings: slow},
			{Name: "flood", Topic: "there.already", Clients: 1, Rate: Rate{Max: true}, Value: Value{Size: Fixed(100), Entropy: 1}, Settings: unsafe},
			curved("ramped", Rate{Bytes: 1.5e6, Curve: Curve{Shape: Ramp, To: 1.5e6, Over: 90 * time.Second}}),
			curved("stepped", Rate{Bytes: 20480, Curve: Curve{Shape: Steps, Steps: []Step{{10e3, 20 * time.Second}, {100, time.Millisecond}, {20480, 0}}}}),
			curved("bursting", Rate{Records: 1000, Curve: Curve{Shape: Burst, To: 1000, Over: time.Minute, Lasts: 1500 * time.Millisecond}}),
			curved("recorded", Rate{Records: 4000.25, Curve: Curve{Shape: Replay,
				Steps: []Step{{1200, 60 * time.Second}, {0, 30500 * time.Millisecond}, {4000.25, 0}},
				File:  File{Name: "traffic.csv", SHA256: "a860c1c50e23ac223c8436194aaa639f8e7960f40a06b555aed63280d70456a1"}}}),
			{Name: "moving", Topic: "orders", Partition: Partition{Fixed: true, Number: 3}, Clients: 1, Rate: Rate{Records: 10},
				Key:     Key{Keys: 50, HotKeys: 5, HotShare: 0.4, HotMoves: time.Minute, Size: 24},
				Value:   Value{Size: Size{Shape: LognormalSize, Min: 1, Max: 16 * 20480, Median: 800, P99: 20480}, Entropy: 0.6, Tombstones: 0.01},
				Headers: []Header{{"source", "web"}, {"version", "2"}, {"empty", ""}}, Settings: javaProducer()},
			{Name: "turns", Topic: "orders", Partition: Partition{RoundRobin: true}, Clients: 1, Rate: Rate{Records: 10}, Key: Key{Keys: 7, InTurn: true},
				Value: Value{Size: Size{Shape: NormalSize, Min: 10, Max: 4096, Mean: 1024, StdDev: 200}, Entropy: 1}, Settings: javaProducer()},
			{Name: "weighted", Topic: "orders", Clients: 1, Rate: Rate{Records: 10}, Key: Key{Keys: 2, Weighted: []WeightedKey{{"customer-1", 30}, {"other", 0.5}}},
				Value: Value{Size: Size{Shape: BucketSizes, Min: 200, Max: 4096, Buckets: []SizeBucket{{4096, 0.3}, {200, 0.7}}}, Entropy: 1}, Settings: javaProducer()},
			{Name: "files", Topic: "orders", Clients: 1, Rate: Rate{Records: 10},
				Key:      Key{Keys: 2, Weighted: []WeightedKey{{"customer-1", 300}, {"last, first", 150}}, File: fileIn(t, "keys.csv")},
				Value:    Value{Size: Size{Shape: EmpiricalSize, Min: 100, Max: 4096, Buckets: []SizeBucket{{4096, 0.25}, {100, 0.75}}, File: fileIn(t, "sizes.csv")}, Entropy: 1},
				Settings: javaProducer()},
			{Name: "samples", Topic: "orders", Clients: 1, Rate: Rate{Records: 10}, Value: Value{Samples: [][]byte{[]byte(`{"order":1,"items":[]}`), []byte(`{"order":2}`)},
				Entropy: 1, Tombstones: 0.1, File: fileIn(t, "samples.jsonl")}, Settings: javaProducer()},
			{Name: "uniform", Topic: "orders", Clients: 1, Rate: Rate{Records: 10}, Value: Value{Size: Size{Shape: UniformSize, Min: 100, Max: 10240}, Entropy: 1}, Settings: javaProducer()},
			{Name: "ledger", Topic: "sensor", Clients: 1, Rate: Rate{Records: 50}, Value: Value{Size: Fixed(100), Entropy: 1}, Settings: committing},
		},
		Idle: []Idle{{Name: "dashboards", Connections: 500, ConnectRate: 50}, {Name: "leaked", Connections: 1}},
		Consumers: []Consumer{{Name: "billing", Topics: []string{"orders", "there.already"}, Clients: 3, From: FromStart,
			Processing: Processing{PerRecord: 100 * time.Microsecond, PerBatch: 10 * time.Millisecond},
			Batches:    Batches{Records: 1000, Window: 5 * time.Minute, Bytes: 5_000_000},
			Pauses:     []Pause{{20 * time.Second, 10 * time.Second}, {time.Minute, time.Millisecond}},
			Members:    []MemberChange{{0, 2, 0}, {time.Hour, 0, 4}},
			Settings: ConsumerSettings{ClientID: "b", FetchMinBytes: 65536, FetchMaxBytes: 1 << 20, FetchMaxPartitionBytes: 100,
				MaxPollRecords: 50, CommitInterval: 100 * time.Millisecond, ReadCommitted: true}},
			{Name: "audit", Topics: []string{"there.already"}, Clients: 1, From: FromCommitted, CommittedBy: "audit prod", Settings: javaConsumer()},
		},
		Phases: []Phase{{"warm-up", 2 * time.Minute, Always(0.125), false}, {"pause", 1500 * time.Millisecond, Always(0), true}, {"peak", time.Hour, Always(1.1), true},
			{"up", 30 * time.Second, Curve{Shape: Ramp, To: 1, Over: 30 * time.Second}, false},
			{"down", 30 * time.Second, Curve{Shape: Ramp, From: 1, To: 0.125, Over: 20 * time.Second}, false},
			{"stairs", 30 * time.Second, Curve{Shape: Steps, Steps: []Step{{0.5, 10 * time.Second}, {1, 0}}}, false},
			{"waves", 30 * time.Second, Curve{Shape: Sine, To: 1.5, Over: 10 * time.Second}, false},
			{"bursts", 30 * time.Second, Curve{Shape: Burst, From: 0.1, To: 10, Over: 5 * time.Second, Lasts: time.Second}, false}},
		Thresholds: []Threshold{
			{Expression: "response.p99 < 500ms", Metric: "response.p99", Operator: "<", Bound: 500, Partition: -1},
			{Expression: "end_to_end.p999 <= 1m30s", Metric: "end_to_end.p999", Operator: "<=", Bound: 90_000, Partition: -1},
			{Expression: "throttled.share < 0.5%", Metric: "throttled.share", Operator: "<", Bound: 0.005, Fleet: "hot", Partition: -1, Abort: true},
			{Expression: "backlog < 10000", Metric: "backlog", Operator: "<", Bound: 10_000, Group: "billing", Partition: -1},
			{Expression: "response.max > 1us", Metric: "response.max", Operator: ">", Bound: 0.001, Topic: "there.already", Partition: -1},
			{Expression: "response.p50 >= 1ms", Metric: "response.p50", Operator: ">=", Bound: 1, Topic: "orders", Partition: 0},
			{Expression: "failed == 0", Metric: "failed", Operator: "==", Partition: -1, Abort: true},
			{Expression: "acked.rate > 1.5MiB/s", Metric: "acked.rate", Operator: ">", Bound: 1.5 * (1 << 20), Partition: -1},
		},
	}
	if got := everything(t); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestResolved holds that the resolved scenario is a scenario, says the same, and
// stays the same when it is resolved again.
func TestResolved(t *testing.T) {
	s := everything(t)
	data := s.YAML()
	again, err := Parse("resolved.yaml", data, Options{ReadFile: readBeside("testdata/everything.yaml")})
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	if !reflect.DeepEqual(withoutPositions(again), s) {
		t.Errorf("got  %+v\nwant %+v\n%s", again, s, data)
	}
	if string(again.YAML()) != string(data) || again.Hash() != s.Hash() {
		t.Errorf("resolving twice changes\n%s\ninto\n%s", data, again.YAML())
	}
	other := *s
	other.Seed--
	if other.Hash() == s.Hash() {
		t.Error("another seed has the same hash")
	}
	if ok := strings.HasPrefix(s.Hash(), "sha256:") && len(s.Hash()) == len("sha256:")+16; !ok {
		t.Errorf("hash is %s, want sha256: and 16 hex digits", s.Hash())
	}
}

func TestSeedAndDuration(t *testing.T) {
	seed := uint64(7)
	s, err := Load("testdata/everything.yaml", Options{Seed: &seed, Duration: 90 * time.Second,
		Set: []string{"topics.orders.partitions=4"}})
	if err != nil {
		t.Fatal(err)
	}
	// Measured are 1.5 s and 3600 s; 90 s are shared in that proportion:
	// 90 × 1.5 ÷ 3601.5 = 0.037484381507… s. The warm-up stays.
	want := []time.Duration{2 * time.Minute, 37484382, 90*time.Second - 37484382}
	for i, p := range s.Phases[:3] { // those after them are not measured
		if p.Duration != want[i] {
			t.Errorf("phase %s lasts %d ns, want %d", p.Name, p.Duration, want[i])
		}
	}
	if s.Seed != 7 {
		t.Errorf("seed is %d, want 7", s.Seed)
	}
	for _, bad := range []time.Duration{-time.Second, time.Microsecond, 10 * time.Millisecond, 1000 * 24 * time.Hour} {
		_, err := Load("testdata/everything.yaml", Options{Duration: bad, Set: []string{"topics.orders.partitions=4"}})
		if err == nil {
			t.Fatalf("a duration of %s was accepted", bad)
		}
		checkProblems(t, err)
		if !strings.HasPrefix(err.Error(), "--duration:1:1: ") {
			t.Errorf("%s does not name the flag: %v", bad, err)
		}
	}
}

func TestVariables(t *testing.T) {
	env := map[string]string{"SET": "value", "EMPTY": "", "NESTED": "${SET}", "BYTES": "\xff"}
	o := Options{Getenv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
	for _, c := range []struct{ text, want, problem string }{
		{"plain", "plain", ""},
		{"a ${SET} b ${SET}", "a value b value", ""},
		{"${EMPTY}", "", ""},
		{"${EMPTY:-standard}", "standard", ""}, // as in a shell
		{"${UNSET:-standard}", "standard", ""},
		{"${UNSET:-}", "", ""},
		{"${UNSET:-a:-b}", "a:-b", ""},
		{"${NESTED}", "${SET}", ""}, // what a variable holds is not searched again
		{"$SET $${SET} $$ $", "$SET ${SET} $$ $", ""},
		{"$$${SET}", "$${SET}", ""},
		{"${UNSET}", "", "the environment variable UNSET is not set"},
		{"${BYTES}", "", "the environment variable BYTES is not UTF-8 text"},
		{"${SET", "", `"${SET" does not name a variable`},
		{"${}", "", `"${}" does not name a variable`},
		{"${1A}", "", `"${1A}" does not name a variable`},
	} {
		got, f := o.expand(c.text)
		problem := ""
		if f != nil {
			problem = f.message
		}
		if got != c.want || problem != c.problem {
			t.Errorf("%s: got %q, %q; want %q, %q", c.text, got, problem, c.want, c.problem)
		}
	}
}

// TestLimitsFiles holds that Load reads limits files, relative to the file that
// names them, and that Parse leaves them.
func TestLimitsFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	base, err := os.ReadFile("testdata/hot-key.yaml")
	if err != nil {
		t.Fatal(err)
	}
	scenario := func(limits string) string {
		return write("s.yaml", strings.Replace(string(base), "limits: msk-serverless", "limits: "+limits, 1))
	}
	write("base.yaml", "extends: msk-serverless\npartition: {ingress: 1MB/s, egress: 2MB/s}\n")
	write("mine.yaml", "extends: ./base.yaml\npartition: {egress: 3MB/s}\n")
	write("loop.yaml", "extends: loop.yaml\n")
	write("bad.yaml", "partition: {ingres: 1MB/s}\n")

	path := scenario("{extends: mine.yaml, cluster: {requests: 100/s}}")
	s, err := Load(path, Options{Profiles: profiles()})
	if err != nil {
		t.Fatal(err)
	}
	want := Limits{Extends: "msk-serverless", Pos: Pos{path, 6, 1}, Values: map[string]float64{
		"partition.ingress": 1e6, "partition.egress": 3e6, "cluster.requests": 100}}
	if !reflect.DeepEqual(s.Limits, want) {
		t.Errorf("got  %+v\nwant %+v", s.Limits, want)
	}
	parsed, err := Parse("s.yaml", []byte(strings.Replace(string(base), "msk-serverless", "gone/mine.yaml", 1)), Options{Profiles: profiles()})
	if err != nil || parsed.Limits.Extends != "gone/mine.yaml" {
		t.Errorf("Parse gives %+v, %v; want the file's name as it stands", parsed, err)
	}
	for limits, message := range map[string]string{
		"loop.yaml":       "loop.yaml:1:1: the limits file " + filepath.Join(dir, "loop.yaml") + " extends itself",
		"gone.yaml":       "s.yaml:6:9: read limits: open " + filepath.Join(dir, "gone.yaml") + ": no such file or directory",
		"bad.yaml":        `bad.yaml:1:13: partition: unknown field "ingres"`,
		"msk-provisioned": `s.yaml:6:9: limits: no limit profile is called "msk-provisioned"`,
	} {
		_, err := Load(scenario(limits), Options{Profiles: profiles()})
		if err == nil || !strings.HasPrefix(err.Error(), filepath.Join(dir, message[:strings.Index(message, ":")])+message[strings.Index(message, ":"):]) {
			t.Errorf("%s: got %v\nwant %s", limits, err, message)
			continue
		}
		checkProblems(t, err)
	}
}

func TestParseLimits(t *testing.T) {
	got, err := ParseLimits("l.yaml", []byte("partition: {ingress: 5MB/s}\ncluster: {connections: 3000}\n"))
	want := Limits{Values: map[string]float64{"partition.ingress": 5e6, "cluster.connections": 3000}, Pos: Pos{"l.yaml", 1, 1}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	_, err = ParseLimits("l.yaml", []byte("partition: {ingress: 5MB}\nclustr: {}\n"))
	if err == nil || strings.Count(err.Error(), "\n    ^")+strings.Count(err.Error(), " ^") < 2 {
		t.Errorf("want two problems, got %v", err)
	}
}

func TestMissingFile(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "gone.yaml"), Options{})
	if err == nil || !strings.HasPrefix(err.Error(), "read scenario: ") {
		t.Errorf("got %v, want an error that says it was reading the scenario", err)
	}
}

// TestExistingTopic holds that a topic that is there may be read without anybody
// who writes to it in the run.
func TestExistingTopic(t *testing.T) {
	data, err := os.ReadFile("testdata/hot-key.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Parse("s.yaml", data, Options{Set: []string{"topics.archive={existing: true}", "consumers.billing.topics=[archive]"}})
	if err != nil {
		t.Error(err)
	}
}
