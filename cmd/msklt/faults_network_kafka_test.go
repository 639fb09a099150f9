package main

import (
	"testing"
	"time"

	"msklt/internal/faultproxy"
	"msklt/internal/faulttable"
	"msklt/internal/kafkatest"
)

// TestKafkaNetworkFaults does to the network between a run and its broker what
// happens to networks.
func TestKafkaNetworkFaults(t *testing.T) {
	kafkatest.Need(t)
	t.Parallel()
	var proxy *faultproxy.Proxy
	b := kafkatest.Start(t, kafkatest.Options{Advertise: func(t testing.TB, address string) string {
		proxy = faultproxy.Start(t, address)
		return proxy.Address()
	}})
	var cut float64 // seconds
	const single = "partitions: 3"
	for _, c := range []struct {
		name     string
		row      faulttable.Row
		settings string
		fault    func()
		check    func(*testing.T, faulted)
	}{
		{"silent", faulttable.Row{
			Fault: "network silent for 5 s", Shown: "no answers; response times of 5 s", Records: "all acked, none twice, all read",
		}, "", func() {
			begin := time.Now()
			proxy.Cut()
			time.Sleep(5 * time.Second)
			proxy.Heal()
			cut = time.Since(begin).Seconds()
		}, func(t *testing.T, f faulted) {
			if l := f.Latency.Response; l.Max < 5000 || l.Max > 1000*cut+3000 {
				t.Errorf("response times of up to %.0f ms, after a cut of %.1f s", l.Max, cut)
			}
		}},
		{"broken", faulttable.Row{
			Fault: "all connections broken, four times", Shown: "`disconnected`, `reconnected`", Records: "all acked, none twice, all read",
		}, "", func() {
			for range 4 {
				proxy.Break()
				time.Sleep(time.Second)
			}
		}, func(t *testing.T, f faulted) {
			if f.event("disconnected") == nil || f.event("reconnected") == nil {
				t.Errorf("events %+v", f.Events)
			}
		}},
		{"slow", faulttable.Row{
			Fault: "network slow: half of what the load needs, for 4 s", Shown: "response times of over a second; backlog", Records: "all acked, none twice, all read",
		}, "", func() {
			proxy.Slow(60_000) // of some 120 kB/s
			time.Sleep(4 * time.Second)
			proxy.Slow(0)
		}, func(t *testing.T, f faulted) {
			// After 4 s at half the load, 2 s of it wait.
			if l := f.Latency.Response; l.Max < 1000 {
				t.Errorf("response times of up to %.0f ms", l.Max)
			}
		}},
		{"answers lost", faulttable.Row{
			Fault: "answers lost, no idempotence", Shown: "`disconnected`, `reconnected`", Records: "all acked, some twice: as many as `possible_duplicates` at most",
		}, "idempotent: false, acks: 1", func() {
			for range 3 {
				proxy.Mute()
				time.Sleep(500 * time.Millisecond)
				proxy.Break()
				proxy.Heal()
				time.Sleep(time.Second)
			}
		}, func(t *testing.T, f faulted) {
			if f.event("disconnected") == nil || f.event("reconnected") == nil {
				t.Errorf("events %+v", f.Events)
			}
			if twice := f.Totals.LogEndDelta - f.Totals.Acked; twice == 0 || f.Totals.PossibleDuplicates < twice {
				t.Errorf("%d records are in the log twice, %d possibly", twice, f.Totals.PossibleDuplicates)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := underFault(t, b, faultLoad("t", single, c.settings, "", 10), func([]string) {
				time.Sleep(2 * time.Second)
				c.fault()
			})
			f.ended(t, exitOK, 10*time.Second+20*time.Second)
			if n := f.Totals; n.Acked != 5000 || n.Failed != 0 || n.Consumed != n.LogEndDelta {
				t.Errorf("%+v", n)
			}
			if n := f.Totals; c.settings == "" && n.LogEndDelta != n.Acked {
				t.Errorf("%d acked, %d in the log", n.Acked, n.LogEndDelta)
			}
			c.check(t, f)
			c.row.Target, c.row.Exit = apache, "0"
			faulttable.Check(t, "../../docs/method.md", c.row)
		})
	}
}
