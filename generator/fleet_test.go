package generator_test

import (
	"fmt"
	"math"
	"testing"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/limits"
)

// TestVirtualTemplate writes to 200 topics in turn, reads them with one group, and
// lists each under its own name.
func TestVirtualTemplate(t *testing.T) {
	t.Parallel()
	const text = `
version: 1
name: sensors
topics:
  sensor: {partitions: 2, count: 200}
  orders: {partitions: 1}
producers:
  p: {topic: sensor, clients: 3, rate: 200/s, key: {keys: 50}, value: {size: 100B}}
  q: {topic: orders, rate: 10/s, value: {size: 100B}}
consumers:
  g: {topics: [sensor, orders], clients: 2}
phases:
  - {name: steady, duration: 10s}
`
	inVirtualTime(t, text, nil, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		r := out.Result
		checkLogs(t, r, truth)
		if len(r.Partitions) != 401 || r.Totals.Acked != 2_100 || r.Totals.Consumed != 2_100 {
			t.Fatalf("%d partitions, %+v", len(r.Partitions), r.Totals)
		}
		acked := map[string]int64{}
		for _, p := range r.Partitions {
			acked[p.Topic] += p.AckedRecords
			// The fleet's load is spread over the topics; the keys over the partitions.
			if p.Topic != "orders" && (p.Predicted < 20 || p.Predicted > 200) {
				t.Errorf("%s/%d: predicted %.0f bytes/s", p.Topic, p.Partition, p.Predicted)
			}
		}
		for i := range 200 {
			if n := acked[fmt.Sprintf("sensor-%d", i)]; n != 10 { // 2,000 slots in turn
				t.Errorf("%d records in sensor-%d, want 10", n, i)
			}
		}
	})
}

// TestVirtualIdle holds exactly as many connections as asked for, opened at the
// rate asked for, and none in the way of the records.
func TestVirtualIdle(t *testing.T) {
	t.Parallel()
	const text = `
version: 1
name: idle
topics:
  t: {partitions: 2}
producers:
  p: {topic: t, rate: 10/s, value: {size: 100B}}
%s
phases:
  - {name: steady, duration: 15m}
`
	most := func(idle string) (connections, attempts, second int64) {
		inVirtualTime(t, fmt.Sprintf(text, idle), nil, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
			checkLogs(t, out.Result, truth)
			for _, row := range truth {
				if row.Scope != "cluster" {
					continue
				}
				connections = max(connections, row.Connections)
				attempts += row.Attempts
				second = max(second, row.Attempts)
			}
			for _, f := range out.Result.Idle {
				if int(f.Held) != f.Connections || f.Failed != 0 {
					t.Errorf("%+v", f)
				}
			}
		})
		return connections, attempts, second
	}
	connections, attempts, second := most("")
	with, tried, busiest := most("idle:\n  dashboards: {connections: 400, connect_rate: 50/s}\n  leaked: {connections: 100, connect_rate: 100/s}")
	// Nothing but the idle connections is added: no metadata, no second connection
	// in a quarter of an hour. Which of the others stand at once depends on when each
	// has been idle for 9 minutes.
	if d := with - connections - 500; d < -1 || d > 1 || tried != attempts+500 {
		t.Errorf("%d connections and %d attempts, without idle ones %d and %d", with, tried, connections, attempts)
	}
	// The two fleets open 150 a second between them; a second's edges let one more
	// of each through, and the producer's own may come then.
	if busiest > 150+2+second {
		t.Errorf("%d attempts in one second", busiest)
	}
}

// TestVirtualIdleRefused keeps trying for what the cluster refuses, once a second
// and no faster, and counts it.
func TestVirtualIdleRefused(t *testing.T) {
	t.Parallel()
	const text = `
version: 1
name: idle
topics:
  t: {partitions: 2}
producers:
  p: {topic: t, rate: 10/s, value: {size: 100B}}
idle:
  dashboards: {connections: 50}
phases:
  - {name: steady, duration: 20s}
`
	inVirtualTime(t, text, map[limits.Name]float64{limits.ClusterConnections: 30}, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		f := out.Result.Idle[0]
		var refused, attempts int64
		for _, row := range truth {
			if row.Scope == "cluster" {
				refused += row.Refused
				attempts += row.Attempts
			}
		}
		t.Logf("%+v, %d attempts, %d refused; %+v", f, attempts, refused, out.Result.Errors)
		// The producer finds no connection left either, and tries too.
		var counted int64
		for _, e := range out.Result.Errors {
			if e.Where == "connect" {
				counted += e.Count
			}
		}
		if counted < f.Failed || f.Failed > refused {
			t.Errorf("%d errors counted, %d of idle connections, of %d refused", counted, f.Failed, refused)
		}
		if f.Held < 20 || f.Held > 29 {
			t.Errorf("%d of 30 connections are idle ones", f.Held)
		}
		// Those without a connection try once a second until the drain is over.
		if n := float64(f.Failed) / float64(50-f.Held); math.Abs(n-out.Result.DurationSeconds) > 2 {
			t.Errorf("%.1f attempts for each connection in %.1f s", n, out.Result.DurationSeconds)
		}
		if !out.Result.Totals.LogEndKnown || out.Left != nil {
			t.Errorf("the end of the log is not known, or %v is left", out.Left)
		}
	})
}

// TestVirtualConnectRate connects a fleet before the traffic at its rate, so that
// the first records meet clients that are ready.
func TestVirtualConnectRate(t *testing.T) {
	t.Parallel()
	const text = `
version: 1
name: rate
topics:
  t: {partitions: 2}
producers:
  p: {topic: t, clients: 20, rate: 1000/s, value: {size: 100B}, settings: {linger: 0s, connect_rate: 5/s}}
phases:
  - {name: steady, duration: 20s}
`
	inVirtualTime(t, text, nil, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		r := out.Result
		checkLogs(t, r, truth)
		start := r.StartedAt.Unix()
		var before, after int64
		for _, row := range truth {
			if row.Scope == "cluster" {
				if row.Second < start {
					before += row.Attempts
				} else {
					after += row.Attempts
				}
				if row.Attempts > 6 && before > 10 {
					t.Errorf("%d attempts in a second", row.Attempts)
				}
			}
		}
		t.Logf("%d attempts before, %d after the start; response %+v", before, after, r.Latency.Response.Max)
		// One bootstrap connection and one to each broker for each client.
		if before < 60 {
			t.Errorf("%d attempts before the start", before)
		}
		if r.Latency.Response.Max > 10 || math.IsNaN(r.Latency.Response.Max) {
			t.Errorf("response of %.1f ms", r.Latency.Response.Max)
		}
	})
}
