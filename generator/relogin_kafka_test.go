package generator_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"msklt/generator"
	"msklt/internal/access"
	"msklt/internal/kafkatest"
	"msklt/internal/kafkatest/need"
	"msklt/report"
	"msklt/scenario"
)

const (
	againTime     = 20 * time.Minute
	againLifetime = time.Minute // of what a login grants
)

// TestKafkaLoginsAgainLong runs for 20 minutes with logins that last for one, by IAM's
// tokens over TLS: no record is lost, every login on an old connection is counted, and
// latencies are those of the seconds without any.
func TestKafkaLoginsAgainLong(t *testing.T) {
	need.Require(t, need.Long())
	const key, secret, region = "AKIDEXAMPLE", "secret", "eu-west-1"
	b := kafkatest.Start(t, kafkatest.Options{
		Secured:    &kafkatest.Secured{Keys: map[string]string{key: secret}, Region: region, Lifetime: againLifetime},
		Properties: map[string]string{"connections.max.reauth.ms": "3600000"},
	})
	b.SetACLs(t, "User:"+key, kafkatest.Runs()...)
	t.Setenv("AWS_ACCESS_KEY_ID", key)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	way, err := access.Open(t.Context(), &scenario.Target{
		Name: "secured", Bootstrap: b.At(kafkatest.Tokens), AWS: scenario.AWS{Region: region},
		Auth: scenario.Auth{Mechanism: scenario.MSKIAM}, TLS: scenario.TLS{Set: true, CA: b.Authority().File},
	})
	if err != nil {
		t.Fatal(err)
	}
	logins, dials := &counted{Mechanism: way.Auth}, atomic.Int64{}
	out, err := generator.Run(t.Context(), generator.Config{
		Scenario: parse(t, fmt.Sprintf(`
version: 1
name: again
topics:
  t: {partitions: 6}
producers:
  p: {topic: t, clients: 2, rate: 1000/s, value: {size: 200B}}
consumers:
  g: {topics: [t], clients: 2}
phases:
  - {name: steady, duration: %s}
`, againTime)),
		Target: report.Target{Bootstrap: way.Bootstrap}, Auth: logins,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := way.Dial(ctx, network, address)
			if err == nil {
				dials.Add(1)
			}
			return conn, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := out.Result
	t.Logf("%d logins, %d connections, %+v, %+v, response %+v", logins.began.Load(), dials.Load(), r.Logins, r.Totals, r.Latency.Response)
	n, scheduled := r.Totals, int64(1000*againTime.Seconds())
	if n.Scheduled != scheduled || n.Acked != scheduled || n.Failed != 0 || n.LogEndDelta != scheduled || n.Consumed != scheduled || n.Duplicates != 0 {
		t.Errorf("records were lost: %+v", n)
	}
	if len(r.Errors) > 0 {
		t.Errorf("errors: %+v", r.Errors)
	}
	// Each producer has a connection that writes, each member of the group one that
	// reads and one that keeps it in the group: six, which log in before each minute ends.
	least := 6 * int64(againTime/againLifetime-1)
	if r.Logins == nil || r.Logins.Again < least || r.Logins.Again != logins.began.Load()-dials.Load() {
		t.Fatalf("%+v, want the %d of %d logins that were on old connections, and %d at least", r.Logins, logins.began.Load()-dials.Load(), logins.began.Load(), least)
	}
	with, without := p99s(r)
	t.Logf("median p99 of %d seconds with logins %.2f ms, of the other %d %.2f ms", len(with), median(with), len(without), median(without))
	// While a connection logs in it carries nothing else, and no record waits longer for it.
	if median(with) > median(without)+r.Logins.Longest {
		t.Errorf("seconds with logins have a median p99 of %.2f ms, others of %.2f ms, and the longest login took %.2f ms", median(with), median(without), r.Logins.Longest)
	}
}

// p99s are the 99th percentiles of the response in the seconds with logins on old
// connections, and in the others.
func p99s(r *report.Result) (with, without []float64) {
	for _, s := range r.Timeline {
		again := slices.ContainsFunc(r.Events, func(e report.Event) bool {
			return e.Kind == "login_again" && e.At < float64(s.Second+1) && e.Until >= float64(s.Second)
		})
		switch {
		case s.AckedRecords == 0:
		case again:
			with = append(with, s.P99)
		default:
			without = append(without, s.P99)
		}
	}
	return with, without
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
