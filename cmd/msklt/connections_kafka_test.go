package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"msklt/internal/limits"
)

// crowded reads, with a few connections, while 20 more are to be held.
const crowded = `
version: 1
name: crowded
topics:
  crowded: {existing: true}
consumers:
  g: {topics: [crowded]}
idle:
  dashboards: {connections: 20}
phases:
  - {name: steady, duration: 4s}
`

// fewConnections holds what a run says on an Apache Kafka that takes fewer connections
// than it needs: which limit that looks like, though nobody declared it, where, and
// what helps. It goes on with those that it has.
func fewConnections(t *testing.T, bootstrap string) {
	const allowed = 12
	s := &secured{dir: t.TempDir()}
	path := s.file(t, "crowded.yaml", crowded)
	onCluster(t, bootstrap, func(ctx context.Context, admin *kadm.Client) {
		if _, err := admin.CreateTopic(ctx, 2, 1, nil, "crowded"); err != nil {
			t.Fatal(err)
		}
		set := func(key string, op kadm.IncrementalOp) {
			t.Helper()
			value := "12"
			r, err := admin.AlterBrokerConfigs(ctx, []kadm.AlterConfig{{Name: key, Value: &value, Op: op}})
			if err != nil || r[0].Err != nil {
				t.Fatal(err, r)
			}
		}
		for key, says := range map[string]string{
			"max.connections.per.ip":                  "the broker closed a new connection before its first answer",
			"listener.name.plaintext.max.connections": "the broker took a new connection and gave it no answer",
		} {
			set(key, kadm.SetConfig)
			time.Sleep(time.Second)
			out, began := filepath.Join(t.TempDir(), "out"), time.Now()
			run := s.program(t, nil, "run", path, "--yes", "--bootstrap", bootstrap, "--out", out)
			if code := run.code(t); code != exitOK && code != exitInvalid { // a busy machine
				t.Fatalf("%s: exit code %d\n%s", key, code, run.stderr.String())
			}
			took := time.Since(began)
			set(key, kadm.DeleteConfig)
			r := readResult(t, out)
			t.Logf("%s: %s, %+v, %+v, %+v", key, took, r.Verdict, r.Errors, r.Idle)
			if len(r.Verdict.Binding) != 1 {
				t.Fatalf("%s: %+v\n%s", key, r.Verdict, run.stderr.String())
			}
			// The test's own connections count there, too.
			b := r.Verdict.Binding[0]
			if b.Limit != limits.BrokerConnections || b.Broker == nil || *b.Broker != 1 || b.Declared != nil || b.Observed > allowed || b.Observed < allowed-3 {
				t.Errorf("%s: named %+v", key, b)
			}
			if len(r.Verdict.Advice) != 1 || !strings.Contains(r.Verdict.Advice[0].Text, "connections to one broker, and") {
				t.Errorf("%s: advice %+v", key, r.Verdict.Advice)
			}
			for _, e := range r.Errors {
				if e.Where != "connect" || e.Error != says && !strings.HasPrefix(e.Error, "closed by the cluster") {
					t.Errorf("%s: error %+v, want %q", key, e, says)
				}
			}
			if i := r.Idle[0]; i.Held == 0 || i.Held >= 20 || i.Failed == 0 {
				t.Errorf("%s: %+v", key, i)
			}
		}
	})
}
