package generator_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"msklt/generator"
	"msklt/report"
)

// tokenTime is how long it takes to get a token, and so a login, in virtual time.
const tokenTime = 7 * time.Millisecond

// counted counts the logins by a mechanism that began.
type counted struct {
	sasl.Mechanism
	began atomic.Int64
}

func (c *counted) Authenticate(ctx context.Context, host string) (sasl.Session, []byte, error) {
	c.began.Add(1)
	time.Sleep(tokenTime)
	return c.Mechanism.Authenticate(ctx, host)
}

// TestVirtualLoginAgain holds that each login on an old connection is counted and on
// the timeline, with any number of messages, and that it costs no record and no
// connection.
func TestVirtualLoginAgain(t *testing.T) {
	for name, mechanism := range map[string]sasl.Mechanism{
		"PLAIN":         plain.Auth{User: "load", Pass: "hunter2"}.AsMechanism(),
		"SCRAM-SHA-256": scram.Auth{User: "load", Pass: "hunter2"}.AsSha256Mechanism(),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := new(kfake.VirtualNetwork)
				c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(network.Listen),
					kfake.EnableSASL(), kfake.Superuser(name, "load", "hunter2"), kfake.BrokerConfigs(map[string]string{"connections.max.reauth.ms": "10000"}))
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				logins, dials := &counted{Mechanism: mechanism}, int64(0)
				out, err := generator.Run(t.Context(), generator.Config{
					Scenario: parse(t, `
version: 1
name: logins
topics:
  t: {partitions: 3}
producers:
  p: {topic: t, clients: 2, rate: 100/s, value: {size: 100B}}
phases:
  - {name: steady, duration: 45s}
`),
					Auth: logins, Target: report.Target{Bootstrap: c.ListenAddrs()},
					Dial: func(ctx context.Context, kind, addr string) (net.Conn, error) {
						atomic.AddInt64(&dials, 1)
						return network.DialContext(ctx, kind, addr)
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				r := out.Result
				t.Logf("%d logins, %d connections, %+v, %+v", logins.began.Load(), dials, r.Logins, r.Events)
				// The administration's connection lies idle for longer than its session,
				// and is closed at its login: that begins, and counts as the new one's.
				again := logins.began.Load() - dials - 1
				if r.Logins == nil || r.Logins.Again != again || r.Logins.Again < 6 || r.Logins.Longest != 7 {
					t.Fatalf("%+v, want %d logins on old connections, 7 ms each", r.Logins, again)
				}
				var events int
				for _, e := range r.Events {
					if e.Kind == "login_again" {
						events++
						if e.Until < e.At || e.At < 0 || e.At > 46 {
							t.Errorf("%+v", e)
						}
					}
				}
				// At 95 to 98 % of 10 s each, with the next request.
				if events < 3 || events > 5 {
					t.Errorf("%d events, want one for each of the 4 rounds", events)
				}
				if r.Totals.Acked != r.Totals.Scheduled || len(r.Errors) > 0 || r.Latency.Response.Max > 1000 {
					t.Errorf("%+v, errors %+v, %+v", r.Totals, r.Errors, r.Latency.Response)
				}
			})
		})
	}
}
