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
		"after the traffic":     {both, []second{11: {400, 300, 100}}, "", 0, 0},
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
					r.TurnAway(at, s.held)
				}
			}
			binding, unexplained := Attribute(Evidence{Replay: r, Limits: Limits{Values: c.values}, Start: 2 * time.Second, End: 10 * time.Second})
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
