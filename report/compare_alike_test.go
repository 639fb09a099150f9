package report

import (
	"slices"
	"strings"
	"testing"
)

// Each kind of difference is told, in one sentence, and nothing else is.
func TestUnlike(t *testing.T) {
	resolved := func(from, to string) func(*Result) {
		return func(r *Result) { r.Scenario.Resolved = strings.Replace(full, from, to, 1) }
	}
	for name, test := range map[string]struct {
		change func(*Result)
		want   string
	}{
		"interrupted":   {func(r *Result) { r.Interrupted = true }, "Interrupted: run 2 after."},
		"aborted":       {func(r *Result) { r.Aborted = &Aborted{} }, "Stopped by a threshold: run 2 after."},
		"invalid":       {func(r *Result) { r.Validity.Valid = false }, "Invalid: run 2 after."},
		"kind":          {func(r *Result) { r.Target.Kind = "kafka" }, "The kind of target differs: embedded before, embedded and kafka after."},
		"brokers":       {func(r *Result) { r.Target.Brokers = 6 }, "The number of brokers differs: 3 before, 3 and 6 after."},
		"msklt":         {func(r *Result) { r.Versions.Msklt = "" }, "The version of msklt differs: 0.1.0 before, not known and 0.1.0 after."},
		"franz-go":      {func(r *Result) { r.Versions.FranzGo = "v2" }, "The version of franz-go differs: v1.22.2 before, v1.22.2 and v2 after."},
		"go":            {func(r *Result) { r.Versions.Go = "go2" }, "The version of Go differs: go1.26.8 before, go1.26.8 and go2 after."},
		"profile":       {func(r *Result) { r.Scenario.Limits = "none" }, "The profile of limits differs: msk-serverless before, msk-serverless and none after."},
		"partitions":    {resolved("partitions: 12", "partitions: 24"), "The scenarios differ in partitions."},
		"value sizes":   {resolved("size: 1KiB", "size: 2KiB"), "The scenarios differ in value sizes."},
		"acks":          {resolved("acks: all", "acks: 1"), "The scenarios differ in acks."},
		"compression":   {resolved("compression: none", "compression: zstd"), "The scenarios differ in compression."},
		"clients":       {resolved("clients: 4", "clients: 5"), "The scenarios differ in client counts."},
		"readers":       {resolved("clients: 3", "clients: 5"), "The scenarios differ in client counts."},
		"rate":          {resolved("rate: 8MB/s", "rate: 9MB/s"), "The scenarios differ in rate."},
		"duration":      {resolved("duration: 40s", "duration: 50s"), "The scenarios differ in duration."},
		"load":          {resolved("load: 100%", "load: 90%"), "The scenarios differ in phases."},
		"limits":        {resolved("limits: msk-serverless", "limits: {partition: {ingress: 5MB/s}}"), "The scenarios differ in limits."},
		"another fleet": {resolved("idle: {}", "idle: {i: {connections: 5}}"), "The scenarios differ in client counts and idle."},
		"unreadable":    {resolved("idle: {}", "idle: {"), "The scenarios differ, and one of them cannot be read: "},
		"an alias":      {resolved("idle: {}", "idle: {a: &a {b: 1}, c: *a}"), "The scenarios differ, and one of them cannot be read: it has an alias"},
		"too deep":      {resolved("idle: {}", "idle: "+strings.Repeat("[", 600)+strings.Repeat("]", 600)), "The scenarios differ, and one of them cannot be read: it is nested"},
		"too long":      {resolved("idle: {}", "idle: "+strings.Repeat("x", 1<<20)), "The scenarios differ, and one of them cannot be read: it has 1,049,047 bytes"},
		"name":          {resolved("name: steady", "name: other"), ""},
		"description":   {resolved("description: even", "description: odd"), ""},
		"thresholds":    {resolved("response.p99 < 500ms", "response.p99 < 100ms"), ""},
		"order":         {resolved("{acks: all, compression: none}", "{compression: none, acks: all}"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := runs(day(1), 1, 1.01), runs(day(2), 1.02, 1.03)
			for _, r := range slices.Concat(before, after) {
				r.Scenario.Resolved = full
			}
			test.change(after[1])
			c := Compare(before, after, usual())
			switch {
			case test.want == "" && len(c.Unlike) == 0:
			case test.want == "", len(c.Unlike) != 1, !strings.HasPrefix(c.Unlike[0], test.want):
				t.Errorf("got %q, want %q", c.Unlike, test.want)
			}
			if len(c.Beware) > 0 {
				t.Errorf("beware of %q", c.Beware)
			}
		})
	}
}

const full = `version: 1
name: steady
description: even
seed: 42
limits: msk-serverless
topics:
  orders: {partitions: 12}
producers:
  checkout:
    topic: orders
    clients: 4
    rate: 8MB/s
    value: {size: 1KiB}
    settings: {acks: all, compression: none}
idle: {}
consumers:
  billing: {topics: [orders], clients: 3}
phases:
- {name: warm-up, duration: 5s, load: 25%, measure: false}
- {name: steady, duration: 40s, load: 100%, measure: true}
thresholds:
- response.p99 < 500ms
`

// What may be the very thing that is compared is told, and does not forbid it.
func TestBeware(t *testing.T) {
	for want, change := range map[string]func(*Result){
		"The target differs: embedded before, b:9092 after.":                      func(r *Result) { r.Target.Kind, r.Target.Name = "", "b:9092" },
		"The API level of the target differs: Kafka 4.3 before, Kafka 4.4 after.": func(r *Result) { r.Target.APILevel = "Kafka 4.4" },
		"The way to log in differs: none before, aws-msk-iam after.":              func(r *Result) { r.Target.Auth = "aws-msk-iam" },
		"The encryption differs: none before, TLS after.":                         func(r *Result) { r.Target.TLS = true },
		"The seed differs: 42 before, 43 after.":                                  func(r *Result) { r.Seed = 43 },
		"The operating system differs: linux/amd64 before, darwin/arm64 after.":   func(r *Result) { r.Environment.OS, r.Environment.Arch = "darwin", "arm64" },
		"The number of processors differs: 2 before, 8 after.":                    func(r *Result) { r.Environment.CPUs = 8 },
		"The kernel differs: 6.12.0 before, not known after.":                     func(r *Result) { r.Environment.Kernel = "" },
	} {
		before, after := runs(day(1), 1), runs(day(2), 1)
		change(after[0])
		if after[0].Target.Kind == "" {
			before[0].Target.Kind = ""
			before[0].Target.Name = "embedded"
		}
		if c := Compare(before, after, usual()); len(c.Unlike) > 0 || !slices.Equal(c.Beware, []string{want}) {
			t.Errorf("got %q and %q, want to beware of %q", c.Unlike, c.Beware, want)
		}
	}
	// An embedded cluster has other ports each time.
	before, after := runs(day(1), 1), runs(day(2), 1)
	after[0].Target.Bootstrap, after[0].Target.Name = []string{"127.0.0.1:50000"}, "127.0.0.1:50000"
	if c := Compare(before, after, usual()); len(c.Unlike) > 0 || len(c.Beware) > 0 {
		t.Errorf("got %q and %q", c.Unlike, c.Beware)
	}
}

func TestSameResult(t *testing.T) {
	for name, test := range map[string]struct {
		before, after []*Result
		want          []string
	}{
		"on both sides":   {runs(day(1), 1, 1.1), runs(day(1), 1), []string{"The same result was given twice: as run 1 before and as run 1 after."}},
		"on one side":     {runs(day(1), 1), append(runs(day(2), 1), runs(day(2), 1)...), []string{"The same result was given twice: as run 1 after and as run 2 after."}},
		"in one second":   {runs(day(1), 1), runs(day(1), 1.1), nil},
		"the same values": {runs(day(1), 1), runs(day(2), 1), nil},
	} {
		if c := Compare(test.before, test.after, usual()); !slices.Equal(c.Unlike, test.want) {
			t.Errorf("%s: got %q, want %q", name, c.Unlike, test.want)
		}
	}
}

func TestScenarioChanges(t *testing.T) {
	before, after := runs(day(1), 1, 1), runs(day(2), 1, 1)
	for _, r := range slices.Concat(before, after) {
		r.Scenario.Resolved = full
	}
	edit := strings.NewReplacer("partitions: 12", "partitions: 24", "duration: 40s", "duration: 20s", "limits: msk-serverless", "limits: {partition: {ingress: 5MB/s}}", "name: steady\n", "name: other\n", "topics: [orders]", "topics: [orders, refunds]")
	after[0].Scenario.Resolved = edit.Replace(full)
	after[1].Scenario.Resolved = strings.Replace(after[0].Scenario.Resolved, "partitions: 24", "partitions: 48", 1)
	want := []Change{
		{"limits.partition.ingress", "–", "5MB/s"},
		{"topics.orders.partitions", "12", "24 and 48"},
		{"consumers.billing.topics.1", "–", "refunds"},
		{"phases.steady.duration", "40s", "20s"},
		{"limits", "msk-serverless", "–"},
	}
	if c := Compare(before, after, usual()); !slices.Equal(c.Changes, want) {
		t.Errorf("got %v, want %v", c.Changes, want)
	}
	if c := Compare(before, before, usual()); len(c.Changes) > 0 {
		t.Errorf("the same scenario has changed: %v", c.Changes)
	}
}

func TestEnumerated(t *testing.T) {
	for want, values := range map[string][]string{
		"": nil, "3": {"3"}, "3 and 6": {"3", "6"}, "3, 6 and 9": {"3", "6", "9"}, "3, 6 and 2 more": {"3", "6", "9", "12"}, "not known": {""},
	} {
		if got := enumerated(values, 3); got != want {
			t.Errorf("%q: got %q, want %q", values, got, want)
		}
	}
}
