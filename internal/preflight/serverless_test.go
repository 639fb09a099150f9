package preflight_test

import (
	"strings"
	"testing"

	"msklt/internal/access"
	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/internal/preflight"
	"msklt/scenario"
)

// TestServerless looks at a cluster that passes for MSK Serverless: what it refuses of
// Apache Kafka is not asked for, and its limits are what there is room in.
func TestServerless(t *testing.T) {
	iam := embedded.NewIAM()
	declared, err := limits.Resolve(scenario.Limits{Extends: "msk-serverless"})
	if err != nil {
		t.Fatal(err)
	}
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
	look := preflight.Config{
		Access: way, Target: target, Scenarios: []*scenario.Scenario{s}, Limits: []limits.Limits{declared}, Prefix: "msklt-abc-",
	}
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
