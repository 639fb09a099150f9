package preflight_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"msklt/generator"
	"msklt/internal/access"
	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/internal/preflight"
	"msklt/scenario"
)

// TestServerless looks at a cluster that passes for MSK Serverless: what it refuses of
// Apache Kafka is not asked for, and its limits are what there is room in.
func TestServerless(t *testing.T) {
	declared, err := limits.Resolve(scenario.Limits{Extends: "msk-serverless"})
	if err != nil {
		t.Fatal(err)
	}
	look, _ := lookAt(t, declared)
	r := preflight.Look(t.Context(), look)
	if !r.Ready || r.Policy != "" {
		t.Errorf("not ready: %q, policy %s", failures(r), r.Policy)
	}
	want := map[string]string{
		"connection": "3 of 3 bootstrap addresses answer", "login": "aws-msk-iam", "brokers": "3, each entered",
		"topic theirs": "2 partitions", "delete topic": "msklt-*", "room": "all creates 3 of the 2398 that are left of 2400",
	}
	for _, row := range r.Checks {
		t.Logf("%+v", row)
		if strings.Contains(row.Found, want[row.Check]) {
			delete(want, row.Check)
		}
	}
	if len(want) > 0 {
		t.Errorf("it does not say %q", want)
	}

	small := declared
	small.Values = map[limits.Name]float64{limits.ClusterPartitions: 4}
	look.Limits = []limits.Limits{small}
	if got := failures(preflight.Look(t.Context(), look)); len(got) != 1 || !strings.HasPrefix(got[0], "room ") || !strings.Contains(got[0], "there is room for 2") {
		t.Errorf("without room it says %q", got)
	}
}

// lookAt starts a cluster that passes for MSK Serverless, with limits, and is what to
// look at there.
func lookAt(t *testing.T, declared limits.Limits) (preflight.Config, *embedded.Cluster) {
	t.Helper()
	iam := embedded.NewIAM()
	c, err := embedded.Start(t.Context(), embedded.Config{As: embedded.MSKServerless, IAM: iam, Limits: declared, Topics: map[string]int32{"theirs": 2}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	t.Setenv("AWS_ACCESS_KEY_ID", iam.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", iam.SecretKey)
	s, err := scenario.Parse("all.yaml", []byte(all), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	target := &scenario.Target{
		Name: "serverless", Bootstrap: c.Bootstrap(), TLS: scenario.TLS{Off: true},
		Auth: scenario.Auth{Mechanism: scenario.MSKIAM}, AWS: scenario.AWS{Region: iam.Region},
	}
	way, err := access.Open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	return preflight.Config{
		Access: way, Target: target, Scenarios: []*scenario.Scenario{s}, Limits: []limits.Limits{declared}, Prefix: "msklt-abc-",
	}, c
}

// TestWrongRegion: a login that is refused says what its token was signed for and with.
func TestWrongRegion(t *testing.T) {
	look, _ := lookAt(t, limits.Limits{})
	look.Target.AWS.Region = "us-west-1"
	way, err := access.Open(t.Context(), look.Target)
	if err != nil {
		t.Fatal(err)
	}
	look.Access = way
	key := os.Getenv("AWS_ACCESS_KEY_ID")
	want := "the token was signed for region us-west-1, the access key that ends in " + key[len(key)-4:]
	if row := rowOf(preflight.Look(t.Context(), look), "login"); row.State != preflight.Failed || !strings.HasSuffix(row.Fix, want) {
		t.Errorf("want %q in %+v", want, row)
	}
}

// TestTopicSettings: what MSK Serverless has against a scenario's topics is told before
// the run, and nothing is made for it.
func TestTopicSettings(t *testing.T) {
	look, _ := lookAt(t, limits.Limits{})
	s, err := scenario.Parse("topics.yaml", []byte(strings.Replace(all, "  t: {partitions: 3}", `  t: {partitions: 3, config: {retention.ms: "60000"}}
  one: {partitions: 3, replication_factor: 1}
  segments: {partitions: 3, config: {segment.ms: "60000"}}
  plain: {partitions: 3}`, 1)), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	look.Scenarios = []*scenario.Scenario{s}
	r := preflight.Look(t.Context(), look)
	got := strings.Join(failures(r), "\n")
	for _, want := range []string{
		"topic settings all, topic one: INVALID_REPLICATION_FACTOR", "topic settings all, topic segments: INVALID_CONFIG", "can't set topic configuration segment.ms",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if row := rowOf(r, "topic settings"); row.Fix != "leave out topics.one.replication_factor, for the cluster's own" || len(failures(r)) != 2 {
		t.Errorf("%+v\n%s", row, got)
	}
	if all := fmt.Sprint(r.Checks); !strings.Contains(all, "are taken for 1 of 3 topics") {
		t.Errorf("not told what is taken: %s", all)
	}
	if left := topics(t, look.Access); !slices.Equal(left, []string{"theirs"}) {
		t.Errorf("there remain %q", left)
	}
}

// TestTooManyConnects: a look keeps to the limit on a broker's logins, and waits where
// others have used it up.
func TestTooManyConnects(t *testing.T) {
	declared := limits.Limits{Values: map[limits.Name]float64{limits.BrokerAttempts: 20}}
	look, c := lookAt(t, declared)
	unpaced := *look.Access
	look.Access.Dial = generator.Paced(unpaced.Dial, declared)
	refused := func() (n int64) {
		for _, row := range c.Truth().Rows() {
			if row.Scope == "refusal" && row.Reason == string(limits.BrokerAttempts) {
				n += row.Count
			}
		}
		return n
	}
	if r := preflight.Look(t.Context(), look); !r.Ready || refused() > 0 {
		t.Errorf("%d refused, ready %v: %q", refused(), r.Ready, failures(r))
	}
	for _, address := range look.Access.Bootstrap {
		var p *access.Problem
		for p == nil {
			_, err := unpaced.Try(t.Context(), address)
			errors.As(err, &p)
		}
		if !p.TooMany() || !strings.Contains(p.Error(), "lets nobody in for its limits on connections") {
			t.Fatal(p)
		}
	}
	if r := preflight.Look(t.Context(), look); !r.Ready {
		t.Errorf("not ready: %q", failures(r))
	}
}
