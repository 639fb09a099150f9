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
// expire for 4 s.
func TestKafkaLogin(t *testing.T) {
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
		b.Flowing(t)
		time.Sleep(3 * time.Second)
		c.state.Store(none)
		time.Sleep(2 * time.Second)
		c.state.Store(stale)
		time.Sleep(2 * time.Second)
		c.state.Store(valid)
	}()
	out, err := generator.Run(t.Context(), generator.Config{Scenario: s, Target: target, Auth: &c})
	if err != nil {
		t.Fatal(err)
	}
	r := out.Result
	t.Logf("%.1f s, %d logins, %+v, %+v", time.Since(began).Seconds(), c.logins.Load(), r.Totals, r.Latency.Response.Max)
	for _, e := range r.Errors {
		t.Logf("error %+v", e)
	}
	for _, e := range r.Events {
		t.Logf("event %+v", e)
	}
	for _, e := range r.Validity.Reasons {
		t.Logf("reason %+v", e)
	}
	if i := slices.IndexFunc(r.Events, func(e report.Event) bool { return e.Kind == "auth" }); i < 0 || r.Events[i].Until == 0 {
		t.Errorf("events %+v", r.Events)
	}
}
