package limits

import (
	"math"
	"strings"
	"testing"
	"time"
)

// TestTurnedAway holds which limit is named by connections that a cluster turns away,
// with what value, and that none is where none was met.
func TestTurnedAway(t *testing.T) {
	attempts, number := map[Name]float64{ClusterAttempts: 100}, map[Name]float64{ClusterConnections: 500}
	both := map[Name]float64{ClusterAttempts: 100, ClusterConnections: 500}
	type second struct{ tried, away, held int64 }
	for name, c := range map[string]struct {
		values   map[Name]float64
		seconds  []second
		limit    Name // "" for none
		observed float64
		since    float64 // of traffic, which begins after 2 s
	}{
		"attempts":              {both, []second{{0, 0, 0}, {0, 0, 0}, {0, 0, 0}, {400, 200, 150}, {300, 200, 300}, {250, 150, 400}, {110, 10, 450}}, ClusterAttempts, 100, 1},
		"attempts, one second":  {attempts, []second{{0, 0, 0}, {0, 0, 0}, {150, 40, 100}}, ClusterAttempts, 110, 0},
		"before the traffic":    {attempts, []second{{150, 40, 100}}, ClusterAttempts, 110, 0},
		"number":                {both, []second{{80, 0, 80}, {80, 0, 400}, {80, 0, 480}, {50, 40, 500}, {50, 50, 500}}, ClusterConnections, 500, 1},
		"number, a little less": {number, []second{{0, 0, 0}, {0, 0, 0}, {40, 30, 460}}, ClusterConnections, 460, 0},
		"neither met":           {both, []second{{0, 0, 0}, {50, 50, 100}, {50, 50, 100}}, "", 0, 0},
		"none declared":         {nil, []second{{0, 0, 0}, {5000, 5000, 100}}, "", 0, 0},
		"too few":               {both, []second{{0, 0, 0}, {0, 0, 0}, {400, 2, 100}}, "", 0, 0},
		"while it is drained":   {attempts, []second{11: {150, 40, 100}}, ClusterAttempts, 110, 9},
		"after the traffic":     {both, []second{13: {400, 300, 100}}, "", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReplay()
			scope := r.Scope(Instance{Limit: ClusterAttempts})
			for i, s := range c.seconds {
				at := time.Duration(i) * time.Second
				for range s.tried {
					r.Add(at, []Charge{{Scope: scope, N: 1}}, 0, Source{})
				}
				for range s.away {
					r.TurnAway(at, at, 1, s.held, s.held)
				}
			}
			binding, unexplained := Attribute(Evidence{Replay: r, Limits: Limits{Values: c.values}, Start: 2 * time.Second, End: 10 * time.Second, Drained: 12 * time.Second})
			if unexplained {
				t.Error("unexplained")
			}
			if c.limit == "" {
				if len(binding) > 0 {
					t.Errorf("named %+v", binding)
				}
				return
			}
			if len(binding) != 1 {
				t.Fatalf("named %+v, want %s", binding, c.limit)
			}
			b := binding[0]
			if b.Limit != c.limit || b.Scope != "cluster" || *b.Declared != c.values[c.limit] || b.Unit != c.limit.Unit() || b.ObservedBy != "plateau" {
				t.Errorf("named %+v, want %s", b, c.limit)
			}
			if math.Abs(b.Observed-c.observed) > 1e-9 || *b.Plateau != b.Observed || b.SinceSeconds != c.since {
				t.Errorf("observed %v since %v s, want %v since %v s", b.Observed, b.SinceSeconds, c.observed, c.since)
			}
			if len(b.Evidence) != 2 || !strings.Contains(b.Evidence[0], "connections away") {
				t.Errorf("evidence %q", b.Evidence)
			}
		})
	}
}

// TestTurnedAwayByBrokers holds that a broker's limits are named for the brokers that
// met them, with what came about there, and for no others.
func TestTurnedAwayByBrokers(t *testing.T) {
	type second struct{ tried, away, held int64 }
	brokers := map[int32][]second{
		1:             {{50, 0, 0}, {300, 200, 90}, {300, 200, 180}, {250, 150, 270}, {110, 10, 370}},
		2:             {{80, 0, 80}, {80, 0, 160}, {60, 0, 220}, {60, 0, 280}, {30, 30, 300}},
		3:             {{20, 0, 20}, {20, 20, 20}},
		UnknownBroker: {{5, 0, 0}, {90, 90, 300}},
	}
	r, all := NewReplay(), int64(0)
	for i := range 5 {
		at := time.Duration(i) * time.Second
		for broker, seconds := range brokers {
			if i >= len(seconds) {
				continue
			}
			s := seconds[i]
			for range s.tried {
				charges := []Charge{{Scope: r.Scope(Instance{Limit: ClusterAttempts}), N: 1}}
				if broker != UnknownBroker {
					charges = append(charges, Charge{Scope: r.Scope(Instance{Limit: BrokerAttempts, Broker: broker}), N: 1})
				}
				r.Add(at, charges, 0, Source{})
			}
			for range s.away {
				r.TurnAway(at, at, broker, all, s.held)
			}
		}
	}
	values := map[Name]float64{BrokerAttempts: 100, BrokerConnections: 300}
	binding, unexplained := Attribute(Evidence{Replay: r, Limits: Limits{Values: values}, End: 10 * time.Second})
	if len(binding) != 2 || unexplained {
		t.Fatalf("named %+v", binding)
	}
	for i, want := range []struct {
		limit    Name
		broker   int32
		observed float64
		away     string
	}{{BrokerAttempts, 1, 100, "Broker 1 turned 560 connections away"}, {BrokerConnections, 2, 300, "Broker 2 turned 30 connections away"}} {
		b := binding[i]
		if b.Limit != want.limit || b.Broker == nil || *b.Broker != want.broker || b.Observed != want.observed || *b.Declared != values[want.limit] {
			t.Errorf("named %+v, want %+v", b, want)
		}
		if !strings.HasPrefix(b.Evidence[0], want.away) {
			t.Errorf("evidence %q, want %q", b.Evidence, want.away)
		}
	}
}

// TestLikelySettings holds that what nobody declared is put down to the settings of a broker
// that do what it did.
func TestLikelySettings(t *testing.T) {
	const perIP, all = "max.connections.per.ip;", "over max.connections, of"
	for name, c := range map[string]struct {
		closed, left, told int
		says, not          string
	}{
		"closed":       {9, 0, 0, perIP, all},
		"left waiting": {0, 9, 0, all, perIP},
		"both":         {5, 4, 0, "4 of them were left waiting, the others closed.", "They were"},
		"told":         {9, 0, 9, "The broker gave their number as the reason", "Apache Kafka"},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReplay()
			for i := range c.closed + c.left {
				at := time.Duration(i) * time.Second
				since := at
				if i < c.left {
					at += 5 * time.Second
				}
				if r.TurnAway(since, at, 1, 12, 12); i < c.told {
					r.Told(1)
				}
			}
			binding, unexplained := Attribute(Evidence{Replay: r, End: time.Minute})
			if len(binding) != 1 || !unexplained || binding[0].Observed != 12 || binding[0].SinceSeconds != 0 {
				t.Fatalf("named %+v", binding)
			}
			if said := binding[0].Evidence[2]; !strings.Contains(said, c.says) || strings.Contains(said, c.not) {
				t.Errorf("it says %q, want %q and not %q", said, c.says, c.not)
			}
			if said := binding[0].Evidence[1]; said != "12 connections stood then." {
				t.Errorf("it says %q", said)
			}
		})
	}
}

// TestPacedAttempts: a run keeps within the least of the limits on attempts, a
// broker's being taken as one for all.
func TestPacedAttempts(t *testing.T) {
	for _, c := range []struct{ rate, cluster, broker, want float64 }{
		{0, 0, 0, 0}, {0, 100, 0, 80}, {0, 0, 4, 3.2}, {0, 100, 4, 3.2}, {0, 10, 100, 8}, {7, 100, 4, 7},
	} {
		l := Limits{ConnectRate: c.rate, Values: map[Name]float64{}}
		for n, v := range map[Name]float64{ClusterAttempts: c.cluster, BrokerAttempts: c.broker} {
			if v > 0 {
				l.Values[n] = v
			}
		}
		if got := PacedAttempts(l); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestUndeclaredLimitOnConnections: connections that a broker turns away for a while,
// while it serves others, name a limit that nobody declared; those of a broker that
// goes away, or of a moment, do not.
func TestUndeclaredLimitOnConnections(t *testing.T) {
	type second struct{ tried, away, held int64 }
	for name, c := range map[string]struct {
		seconds  []second
		waited   time.Duration // of each that was turned away
		limit    Name          // "" for none
		observed float64
	}{
		"number":       {[]second{{12, 0, 12}, {50, 50, 12}, {50, 50, 12}, {50, 50, 11}, {50, 50, 12}}, 0, BrokerConnections, 12},
		"waiting":      {[]second{10: {8, 8, 12}}, 10 * time.Second, BrokerConnections, 12},
		"rate":         {[]second{{50, 40, 10}, {50, 40, 20}, {50, 40, 30}, {50, 40, 40}}, 0, BrokerAttempts, 10},
		"broker gone":  {[]second{{12, 0, 12}, {50, 50, 0}, {50, 50, 0}, {50, 50, 0}, {50, 50, 5}}, 0, "", 0},
		"for a moment": {[]second{{12, 0, 12}, {50, 50, 12}, {50, 50, 12}, {12, 0, 12}}, 0, "", 0},
		"too few":      {[]second{{12, 0, 12}, {1, 1, 12}, {0, 0, 12}, {0, 0, 12}, {1, 1, 12}}, 0, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReplay()
			for i, s := range c.seconds {
				at := time.Duration(i) * time.Second
				for range s.tried {
					r.Add(at, []Charge{{Scope: r.Scope(Instance{Limit: BrokerAttempts, Broker: 1}), N: 1}}, 0, Source{})
				}
				for range s.away {
					r.TurnAway(at-c.waited, at, 1, s.held, s.held)
				}
			}
			values := map[Name]float64{BrokerConnections: 3000, ClusterAttempts: 1000}
			binding, unexplained := Attribute(Evidence{Replay: r, Limits: Limits{Values: values}, End: 20 * time.Second})
			if unexplained != (c.limit != "") || len(binding) != len(strings.Fields(string(c.limit))) {
				t.Fatalf("named %+v, unexplained %v", binding, unexplained)
			}
			for _, b := range binding {
				if b.Limit != c.limit || b.Declared != nil || *b.Broker != 1 || b.Observed != c.observed || !strings.Contains(b.Evidence[2], "No declared limit explains it") {
					t.Errorf("named %+v", b)
				}
			}
		})
	}
}

// TestToldTooMany: three logins that are told "too many connects" are a finding without a
// declared limit and within a moment; two, or closes without a reason, are none.
func TestToldTooMany(t *testing.T) {
	for name, c := range map[string]struct {
		away, told int
		found      bool
	}{
		"three": {3, 3, true}, "two": {2, 2, false}, "no reason": {50, 0, false}, "hardly one": {50, 2, false},
	} {
		r := NewReplay()
		for range 40 {
			r.Add(time.Second, []Charge{{Scope: r.Scope(Instance{Limit: BrokerAttempts, Broker: 1}), N: 1}}, 0, Source{})
		}
		for range c.away {
			r.TurnAway(time.Second, time.Second, 1, 9, 9)
		}
		for range c.told {
			r.Told(1)
		}
		binding, unexplained := Attribute(Evidence{Replay: r, End: 10 * time.Second})
		if unexplained != c.found || (len(binding) == 1) != c.found {
			t.Errorf("%s: unexplained %v, named %+v", name, unexplained, binding)
		} else if c.found && (binding[0].Limit != BrokerAttempts || binding[0].Declared != nil || binding[0].Observed != 37) {
			t.Errorf("%s: named %+v", name, binding[0])
		}
	}
}
