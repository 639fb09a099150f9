package limits

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// Tolerances of attribution. A single estimate scatters by 2 to 7 percent, the
// estimate of many by under 3 (measured on Apache Kafka 4.3; DESIGN.md).
const (
	matchTolerance = 0.10 // an estimate this near to a declared value is that limit
	tightSpread    = 0.05 // estimates that scatter less come from one limit
	fewResponses   = 3    // fewer are noise beside a limit that bound for long
	noiseShare     = 0.01
	requestCap     = time.Second // Apache Kafka caps a request quota's throttle at one window
)

// ClusterKind says what can be on the other side; it decides between scopes whose
// loads are proportional and so fit a throttle equally.
type ClusterKind string

const (
	EmbeddedCluster ClusterKind = "embedded"
	ApacheKafka     ClusterKind = "kafka"
	MSKServerless   ClusterKind = "msk-serverless"
)

// scopeOrder lists the scopes that a kind of cluster can have, likeliest first.
// Apache Kafka has quotas per user or client id and broker only; MSK Serverless
// has them per partition and cluster.
func (k ClusterKind) scopeOrder() []string {
	if k == MSKServerless {
		return []string{"partition", "cluster", "client", "broker"}
	}
	return []string{"client", "broker", "cluster", "partition"}
}

// Evidence is what a verdict is reached from.
type Evidence struct {
	Replay *Replay
	Limits Limits
	Kind   ClusterKind
	// Start and End of traffic, since the replay's origin.
	Start, End time.Duration
	// Drained is when the last records of the traffic were acknowledged or given up, since
	// the replay's origin; until then clients connect for them.
	Drained time.Duration
	// Share gives the throttled share of the connections that carry a scope.
	Share func(*Scope) float64
}

// Attribute says which limits bound, in the order in which they did, and whether
// throttling remains that no declared limit explains.
func Attribute(e Evidence) (binding []Binding, unexplained bool) {
	// What is throttled after the traffic is the generator reading up: no load of the
	// scenario's.
	all := slices.DeleteFunc(slices.Clone(e.Replay.Throttled()), func(t Throttled) bool { return e.End > 0 && t.At >= e.End })
	byTime := func(a, b Throttled) int { return cmp.Compare(a.At, b.At) }
	slices.SortStableFunc(all, byTime)
	groups, rest := e.byDeclared(all)
	for _, g := range groups {
		if len(g.responses) < fewResponses && float64(len(g.responses)) < noiseShare*float64(len(all)) {
			continue
		}
		if v, _ := g.estimate(); !near(v, e.Limits.Of(g.scope.Limit)) && !g.allCapped() {
			rest = append(rest, g.responses...)
			continue
		}
		binding = append(binding, e.bind(g, true))
	}
	if len(rest) >= fewResponses && float64(len(rest)) > 5*noiseShare*float64(len(all)) ||
		len(binding) == 0 && len(rest) > 0 {
		slices.SortStableFunc(rest, byTime)
		inferred := e.infer(rest)
		binding = append(binding, inferred...)
		unexplained = len(inferred) > 0
	}
	connecting, more := e.connecting()
	binding, unexplained = append(binding, connecting...), unexplained || more
	slices.SortStableFunc(binding, func(a, b Binding) int { return cmp.Compare(a.SinceSeconds, b.SinceSeconds) })
	return binding, unexplained
}

// group is the throttle responses that one scope explains.
type group struct {
	scope     *Scope
	responses []Throttled
	values    []float64 // what each says of the limit; capped ones say nothing
	also      []string  // scopes that fit as well
}

// grouping collects groups in the order in which their scopes were first met.
type grouping struct {
	of  map[*Scope]*group
	all []*group
}

func newGrouping() *grouping { return &grouping{of: map[*Scope]*group{}} }

func (g *grouping) add(t Throttled, c Candidate) {
	to, ok := g.of[c.Scope]
	if !ok {
		to = &group{scope: c.Scope}
		g.of[c.Scope] = to
		g.all = append(g.all, to)
	}
	to.add(t, c)
}

func (g *group) estimate() (value, spread float64) { return estimate(g.values) }
func (g *group) allCapped() bool                   { return len(g.values) == 0 }

func (g *group) add(t Throttled, c Candidate) {
	g.responses = append(g.responses, t)
	if !capped(c.Scope.Limit, t.Pause) && c.Sum > 0 {
		g.values = append(g.values, c.Value(t.Pause))
	}
}

func capped(limit Name, pause time.Duration) bool {
	return limit == ClusterRequests && pause >= requestCap
}

// byDeclared gives each throttle response to the declared limit that predicts the
// longest pause. A cluster pauses for the longest that any of its limits asks
// for, so for every limit S ÷ T − W ≤ X, with equality for the one that bound.
func (e Evidence) byDeclared(all []Throttled) (groups []*group, rest []Throttled) {
	explained := newGrouping()
	for _, t := range all {
		var best Candidate
		ratio := 0.0
		for _, c := range t.Candidates {
			declared := e.Limits.Of(c.Scope.Limit)
			if declared == 0 {
				continue
			}
			asked := float64(c.Sum) / declared
			if capped(c.Scope.Limit, t.Pause) {
				asked = min(asked, (c.Width + requestCap).Seconds())
			}
			if r := asked / (c.Width + t.Pause).Seconds(); r > ratio {
				best, ratio = c, r
			}
		}
		if ratio < 1-matchTolerance {
			rest = append(rest, t)
			continue
		}
		explained.add(t, best)
	}
	return explained.all, rest
}

func near(value, declared float64) bool {
	return declared > 0 && math.Abs(value/declared-1) <= matchTolerance
}

// infer finds limits that nobody declared: the scope whose estimates agree best,
// then the one that explains what is left, and so on.
func (e Evidence) infer(rest []Throttled) (binding []Binding) {
	first := len(rest)
	for len(rest) > 0 && len(binding) < 16 {
		g := e.bestScope(rest)
		if g == nil {
			break
		}
		if len(binding) > 0 && (len(g.responses) < fewResponses || len(g.responses)*20 < first) {
			break
		}
		binding = append(binding, e.bind(g, false))
		v, _ := g.estimate()
		rest = slices.DeleteFunc(slices.Clone(rest), func(t Throttled) bool {
			return slices.ContainsFunc(t.Candidates, func(c Candidate) bool {
				return c.Scope == g.scope && (math.Abs(c.Value(t.Pause)/v-1) <= matchTolerance || c.Value(t.Pause) > v)
			})
		})
	}
	return binding
}

// bestScope returns the scope whose estimates scatter least, with the responses
// that it is a candidate of. Scopes that fit equally are told apart by what this
// kind of cluster can have.
func (e Evidence) bestScope(rest []Throttled) *group {
	candidates := newGrouping()
	for _, t := range rest {
		for _, c := range t.Candidates {
			candidates.add(t, c)
		}
	}
	groups := candidates.all
	most := 0
	for _, g := range groups {
		most = max(most, len(g.responses))
	}
	// A scope seen in a few responses agrees with itself by chance.
	groups = slices.DeleteFunc(groups, func(g *group) bool {
		return len(g.values) == 0 || len(g.responses) < min(8, most) || len(g.responses)*10 < most
	})
	if len(groups) == 0 {
		return nil
	}
	least := math.Inf(1)
	for _, g := range groups {
		_, s := g.estimate()
		least = min(least, s)
	}
	groups = slices.DeleteFunc(groups, func(g *group) bool {
		_, s := g.estimate()
		return s > 1.5*least+0.005
	})
	order := e.Kind.scopeOrder()
	slices.SortStableFunc(groups, func(a, b *group) int {
		return cmp.Or(
			cmp.Compare(slices.Index(order, a.scope.Limit.scope()), slices.Index(order, b.scope.Limit.scope())),
			cmp.Compare(len(b.responses), len(a.responses)))
	})
	g := groups[0]
	for _, o := range groups[1:] {
		v, _ := o.estimate()
		g.also = append(g.also, fmt.Sprintf("%s of %s at %s", o.scope.Limit, o.scope.Where(), Amount(v, o.scope.Limit)))
	}
	return g
}

// bind makes a Binding of the responses that a scope explains.
func (e Evidence) bind(g *group, declared bool) Binding {
	s := g.scope
	b := Binding{
		Limit: s.Limit, Scope: s.Where(), Unit: s.Limit.Unit(), ObservedBy: "plateau",
		SinceSeconds:   (g.responses[0].At - e.Start).Seconds(),
		ThrottledShare: e.Share(s),
	}
	switch s.Limit.scope() {
	case "partition":
		b.Topic, b.Partition = s.Topic, &s.Partition
	case "client":
		b.Client, b.Broker = s.Client, &s.Broker
	case "broker":
		b.Broker = &s.Broker
	}
	if declared {
		d := e.Limits.Of(s.Limit)
		b.Declared = &d
	}
	since := int(math.Ceil(g.responses[0].At.Seconds()))
	if p, ok := Plateau(s.seconds, since, int(e.End.Seconds())); ok {
		b.Plateau, b.Observed = &p, p
	}
	if len(g.values) > 0 {
		v, spread := g.estimate()
		b.Inverted = &Inverted{Value: v, SpreadPercent: 100 * spread, Responses: len(g.values)}
		if spread <= tightSpread || b.Plateau == nil {
			b.Observed, b.ObservedBy = v, "inversion"
		}
	} else if b.Plateau == nil {
		b.Observed = Used(s.seconds, e.Replay.Lasted())
	}
	b.Evidence = e.sentences(g, b)
	return b
}
