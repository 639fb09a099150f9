package generator_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/report"
	"msklt/scenario"
)

// onServerless runs a scenario against a cluster that passes for Amazon MSK
// Serverless, with a fifth of its limit on a partition, and logins that last so long.
func onServerless(t *testing.T, text string, session time.Duration, prepare func(*testing.T, []kgo.Opt), check func(*testing.T, *generator.Output, []embedded.Row)) {
	t.Helper()
	s := parse(t, text)
	l, err := limits.Resolve(scenario.Limits{Extends: "msk-serverless"})
	if err != nil {
		t.Fatal(err)
	}
	// Pacing connections takes time, for which franz-go holds a mutex that others wait
	// for: virtual time would stand still.
	delete(l.Values, limits.ClusterAttempts)
	l.Values[limits.PartitionIngress] /= 5
	synctest.Test(t, func(t *testing.T) {
		network, iam := new(kfake.VirtualNetwork), embedded.NewIAM()
		iam.Session = session
		c, err := embedded.Start(t.Context(), embedded.Config{
			As: embedded.MSKServerless, IAM: iam, Limits: l, Listen: "127.0.0.1:9092", OnNetwork: network.Listen,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if prepare != nil {
			prepare(t, []kgo.Opt{kgo.SeedBrokers(c.Bootstrap()...), kgo.Dialer(network.DialContext), kgo.SASL(iam.Mechanism())})
		}
		out, err := generator.Run(t.Context(), generator.Config{
			Scenario: s, Limits: l, Dial: network.DialContext, Auth: iam.Mechanism(),
			Target: report.Target{Kind: string(limits.EmbeddedCluster), Bootstrap: c.Bootstrap()},
		})
		if err != nil {
			t.Fatal(err)
		}
		if out.Left != nil {
			t.Errorf("left on the cluster: %v", out.Left)
		}
		check(t, out, c.Truth().Rows())
	})
}

// TestVirtualServerless: all that a run asks of a cluster is offered at the API
// versions of Amazon MSK Serverless, to clients that log in again and again.
func TestVirtualServerless(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text    string
		session time.Duration
		prepare func(*testing.T, []kgo.Opt)
		limit   limits.Name // that binds, or ""
	}{
		"a hot partition": {text: fmt.Sprintf(serverlessLoad, "1.8MB/s", "{hot: {keys: 1, share: 80%}, keys: 100}", ""), limit: limits.PartitionIngress},
		"transactions":    {text: fmt.Sprintf(serverlessLoad, "300KB/s", "{keys: 100}", ", transactions: {records: 20, aborted: 20%}"), session: 10 * time.Second},
		"existing topics": {text: beginning("from: committed, committed_by: prod, settings: {isolation: read_committed}"), session: 5 * time.Second, prepare: earlier},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onServerless(t, c.text, c.session, c.prepare, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
				r := out.Result
				if n := r.Totals; !r.Validity.Valid || n.Failed != 0 || n.Acked+n.Markers != n.LogEndDelta || n.Scheduled != n.Acked+n.Unsent {
					t.Errorf("%+v; %+v", n, r.Validity.Reasons)
				}
				for _, g := range r.Groups {
					if g.Consumed+g.Skipped != g.LogEndDelta || g.Unread != 0 || g.Duplicates != 0 {
						t.Errorf("group %s: %+v", g.Name, g)
					}
				}
				for _, e := range r.Errors {
					t.Errorf("error: %+v", e)
				}
				if bound := len(r.Verdict.Binding) > 0; bound != (c.limit != "") || bound && r.Verdict.Binding[0].Limit != c.limit {
					t.Errorf("binding %+v, want %q", r.Verdict.Binding, c.limit)
				}
				var attempts, logins int64
				for _, row := range truth {
					if row.Scope == "refusal" {
						t.Errorf("refused: %+v", row)
					}
					if row.Scope == "cluster" {
						attempts += row.Attempts
						logins += row.Logins
					}
				}
				// A throttled client's requests may come after its login's end, and Apache
				// Kafka then closes the connection: only those that are not log in again.
				if again := logins > attempts; again != (c.session > 0) {
					t.Errorf("%d logins on %d connections", logins, attempts)
				}
				if r.Target.APILevel != "produce v9, fetch v12" {
					t.Errorf("API level %q", r.Target.APILevel)
				}
			})
		})
	}
}

const serverlessLoad = `
version: 1
name: serverless
topics:
  t: {partitions: 6, config: {retention.bytes: 10000000, max.message.bytes: 8388608}}
  more: {count: 3, partitions: 2}
producers:
  p:
    topic: t
    clients: 2
    rate: %s
    key: %s
    value: {size: 1000B}
    settings: {buffer: 1MiB%s}
  q: {topic: more, rate: 50/s, value: {size: 200B}}
consumers:
  g: {topics: [t], clients: 2, settings: {isolation: read_committed}}
  h: {topics: [more]}
phases:
  - {name: steady, duration: 30s}
`
