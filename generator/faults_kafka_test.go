package generator_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"msklt/generator"
	"msklt/internal/cluster"
	"msklt/internal/faulttable"
	"msklt/internal/kafkatest"
	"msklt/report"
)

// credentials are a user's, which expire: for a while there are none, and then
// stale ones.
type credentials struct {
	state  atomic.Int32
	logins atomic.Int64
}

const (
	valid int32 = iota
	none
	stale
)

var errExpired = errors.New("the token has expired")

func (c *credentials) Name() string { return "PLAIN" }

func (c *credentials) Authenticate(ctx context.Context, host string) (sasl.Session, []byte, error) {
	password := "new"
	switch c.state.Load() {
	case none:
		return nil, nil, errExpired
	case stale:
		password = "old"
	}
	c.logins.Add(1)
	return plain.Auth{User: "loader", Pass: password}.AsMechanism().Authenticate(ctx, host)
}

// TestKafkaLogin has every connection log in again every 3 s, and lets credentials
// expire for 5.5 s.
func TestKafkaLogin(t *testing.T) {
	kafkatest.Need(t)
	t.Parallel()
	b := kafkatest.Start(t, kafkatest.Options{
		Users: map[string]string{"loader": "new"}, Properties: map[string]string{"connections.max.reauth.ms": "4000"},
	})
	s := parse(t, `
version: 1
name: login
topics:
  t: {partitions: 3}
producers:
  p: {topic: t, rate: 500/s, key: {keys: 1000}, value: {size: 200B}}
consumers:
  g: {topics: [t]}
idle:
  dashboards: {connections: 3}
phases:
  - {name: steady, duration: 14s}
`)
	var c credentials
	target := report.Target{Bootstrap: b.Login()}
	c.state.Store(stale)
	_, err := generator.Run(t.Context(), generator.Config{Scenario: s, Target: target, Auth: &c})
	if !errors.Is(err, cluster.ErrEnvironment) || !strings.Contains(err.Error(), "logging in at "+b.Login()[0]+": SASL_AUTHENTICATION_FAILED") {
		t.Errorf("with a wrong password: %v", err)
	}
	c.state.Store(valid)
	c.logins.Store(0)
	began := time.Now()
	go func() {
		b.Flowing(t, "-t")
		time.Sleep(2 * time.Second)
		c.state.Store(none) // for longer than from one login to the next
		time.Sleep(3500 * time.Millisecond)
		c.state.Store(stale)
		time.Sleep(2 * time.Second)
		c.state.Store(valid)
	}()
	out, err := generator.Run(t.Context(), generator.Config{Scenario: s, Target: target, Auth: &c})
	if err != nil {
		t.Fatal(err)
	}
	r, took := out.Result, time.Since(began)
	t.Logf("%.1f s, %d logins, %+v, %+v", took.Seconds(), c.logins.Load(), r.Totals, r.Latency.Response.Max)
	for _, e := range r.Errors {
		t.Logf("error %+v", e)
	}
	for _, e := range r.Events {
		t.Logf("event %+v", e)
	}
	for _, e := range r.Validity.Reasons {
		t.Logf("reason %+v", e)
	}
	n := r.Totals
	if n.Scheduled != 7000 || n.Sent != 7000 || n.Acked+n.Failed != 7000 || n.LogEndDelta < n.Acked || n.LogEndDelta > n.Acked+n.Failed || n.Consumed != n.LogEndDelta {
		t.Errorf("%+v", n)
	}
	for _, reason := range r.Validity.Reasons {
		if slices.Contains([]string{"log_end_known", "acked_in_log", "log_explained", "consumed"}, reason.Check) {
			t.Errorf("invalid: %+v", reason)
		}
	}
	// 3.5 s without credentials and two with stale ones, and a second until the last
	// connection tries again.
	if n.Acked < 7000-500*13/2 {
		t.Errorf("%d acked of 7,000", n.Acked)
	}
	if last := r.Timeline[13]; last.AckedRecords < 250 {
		t.Errorf("in the last second of traffic %d of 500 records were acked", last.AckedRecords)
	}
	i := slices.IndexFunc(r.Events, func(e report.Event) bool { return e.Kind == "auth" })
	if i < 0 || !strings.Contains(r.Events[i].Text, "logins refused: credentials: the token has expired") || r.Events[i].Until < r.Events[i].At+1 {
		t.Errorf("events %+v", r.Events)
	}
	for _, text := range []string{"credentials: the token has expired", "Invalid username or password"} {
		if !slices.ContainsFunc(r.Errors, func(e report.ErrorCount) bool { return e.Where == "auth" && strings.Contains(e.Error, text) }) {
			t.Errorf("no error says %q: %+v", text, r.Errors)
		}
	}
	// Three idle connections, one or two of the producer, three of the member and the
	// administration's, each logged in before, in between and after.
	if c.logins.Load() < 3*(3+1+3) {
		t.Errorf("%d logins", c.logins.Load())
	}
	if took > 14*time.Second+30*time.Second {
		t.Errorf("it took %s", took)
	}
	faulttable.Check(t, "../docs/method.md", faulttable.Row{
		Fault: "credentials expired for 4 s, every connection logs in every 3 s", Target: "Apache Kafka 4.3",
		Shown: "`auth` from the first login refused to the next accepted; its errors", Records: "what waits for a login that is refused fails, or is late; the rest is acked; all that is in the log is read", Exit: "0",
	})
}
