package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/scenario"
)

// guardText has the guard look at a scenario on a target, and returns what it showed and
// what stands against the run.
func guardText(t *testing.T, scenarioText, target string, f runFlags) (shown string, refused error) {
	t.Helper()
	var stderr bytes.Buffer
	p := &process{stderr: &stderr, getenv: os.LookupEnv, stdin: strings.NewReader("")}
	dir := t.TempDir()
	for name, text := range map[string]string{"s.yaml": "{version: 1, name: s, phases: [{name: steady, duration: 10s}], " + scenarioText + "}", "t.yaml": target} {
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	j, err := p.job(dir+"/s.yaml", place{file: dir + "/t.yaml"}, f, nil)
	if err != nil {
		t.Fatal(err)
	}
	one, err := foresee(t.Context(), j, 1)
	if err != nil {
		t.Fatal(err)
	}
	one.show(p)
	if err := withinCost([]planned{one}, f.maxCost); err != nil {
		return stderr.String(), err
	}
	if why := beyondFree([]planned{one}); why != "" {
		refused = usageError{errorText(why)}
	}
	return stderr.String(), refused
}

type errorText string

func (e errorText) Error() string { return string(e) }

// TestGuardCountsExisting: what is written to a topic that exists is counted as to a new
// one, and the cluster is asked how many partitions it has.
func TestGuardCountsExisting(t *testing.T) {
	c, err := embedded.Start(t.Context(), embedded.Config{Brokers: 1, Topics: map[string]int32{"payments": 7}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	target := "{version: 1, bootstrap: ['" + strings.Join(c.Bootstrap(), "','") + "'], limits: msk-serverless}"
	const text = "topics: {payments: {existing: true}}, producers: {p: {topic: payments, rate: 2GB/s, value: {size: 10KB}}}"
	shown, refused := guardText(t, text, target, runFlags{})
	// 20 GB, and 0.7 % of headers.
	if !strings.Contains(shown, ": 2.01 GB/s in and 0 B/s out on the mean, 20.1 GB in") || !strings.Contains(shown, "creates no topic") {
		t.Errorf("shown is\n%s", shown)
	}
	if refused == nil || !strings.HasPrefix(refused.Error(), "the plan is to write and read 20.1 GB") {
		t.Errorf("refused: %v", refused)
	}
	// 18.8 GiB at $0.10.
	if _, err := guardText(t, text, target, runFlags{maxCost: 1}); err == nil || !strings.HasPrefix(err.Error(), "--max-cost 1: the plan comes to $1.8") {
		t.Error(err)
	}
	p := &process{getenv: os.LookupEnv}
	s, err := scenario.Parse("s.yaml", []byte("{version: 1, name: s, phases: [{name: steady, duration: 10s}], "+text+"}"), p.options())
	if err != nil {
		t.Fatal(err)
	}
	plain, err := scenario.PlainTarget(strings.Join(c.Bootstrap(), ","), p.options())
	if err != nil {
		t.Fatal(err)
	}
	one, err := foresee(t.Context(), job{path: "s.yaml", scenario: s, limits: limits.Limits{Profile: "none"}, target: plain, way: new(way)}, 1)
	if err != nil || len(one.plan.Partitions) != 7 {
		t.Errorf("%v, planned %v", err, one.plan.Partitions)
	}
}

// TestGuardAmazon: what a target's address tells of limits and prices, and what needs a
// yes there.
func TestGuardAmazon(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "example")
	const small = "topics: {t: {partitions: 2}}, producers: {p: {topic: t, rate: 1/s, value: {size: 1B}}}"
	const crowd = "topics: {t: {partitions: 2}}, idle: {others: {connections: 3100}}, producers: {p: {topic: t, rate: 1/s, value: {size: 1B}}}"
	const serverless = "{version: 1, bootstrap: ['boot-abc.c1.kafka-serverless.eu-west-1.amazonaws.com:9098'], auth: {mechanism: aws-msk-iam}}"
	for name, c := range map[string]struct {
		scenario, target string
		flags            runFlags
		shows, refused   string
	}{
		"serverless": {small, serverless, runFlags{}, "  limits: msk-serverless, as the host's name says", ""},
		"prices":     {small, serverless, runFlags{}, "(prices of us-east-1; those of eu-west-1 are not known here: msklt plan takes them with --price-file)", ""},
		"max-cost":   {small, serverless, runFlags{maxCost: 0.0001}, "", "(prices of us-east-1; those of eu-west-1 are not known"},
		"crowd":      {crowd, serverless, runFlags{}, "", "of the 3,000 that cluster.connections of cluster allows, which keeps others out of"},
		"IAM": {small, "{version: 1, bootstrap: ['b-1.demo.abc.c2.kafka.us-east-1.amazonaws.com:9098'], auth: {mechanism: aws-msk-iam}}", runFlags{},
			"limits: not known, as neither target nor scenario declares them; connections are opened at 80/s, for MSK's 100 logins with IAM per second and broker (brokers of type t3: 4, for which connect_rate of the target is to be 3/s)",
			"what it costs is not known (only profiles of Amazon MSK have prices, and the limits name none)"},
		"own limits": {small + ", limits: {partition: {ingress: 1MB/s}}", serverless, runFlags{}, "opens about", "what it costs is not known"},
		"no MSK":     {small, "{version: 1, bootstrap: ['kafka.example:9092']}", runFlags{}, "cost not known", ""},
		"here":       {small, "{version: 1, bootstrap: ['localhost:9098']}", runFlags{}, "cost not known", ""},
	} {
		shown, err := guardText(t, c.scenario, c.target, c.flags)
		if !strings.Contains(shown, c.shows) {
			t.Errorf("%s: shown is\n%s, want %q", name, shown, c.shows)
		}
		if (err != nil) != (c.refused != "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: %v, want %q", name, err, c.refused)
		}
	}
}
