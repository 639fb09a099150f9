package limits

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// A cluster over a limit on connections says so by closing new ones: MSK Serverless
// and the embedded cluster before their first answer, MSK's IAM listeners at the login
// ("Too many connects").

// TooManyConnects tells what a broker says of a login that it refuses for the rate of
// logins, not for who logs in (AWS, MSK Developer Guide, "Troubleshooting").
func TooManyConnects(said string) bool {
	return strings.Contains(strings.ToLower(said), "too many connects")
}

// UnknownBroker is the broker behind an address that none advertises.
const UnknownBroker = -1

// turnedAway counts the connections of one second that a broker closed so.
type turnedAway struct {
	count int64
	held  int64 // the most connections that stood then
	there int64 // … at this broker
	first time.Duration
	last  time.Duration
}

// TurnAway notes a connection that a broker closed before it was of use, while so
// many others stood, and so many of them at that broker.
func (r *Replay) TurnAway(at time.Duration, broker int32, held, there int64) {
	i, seconds := int(at/time.Second), r.turned[broker]
	for len(seconds) <= i {
		seconds = append(seconds, turnedAway{})
	}
	r.turned[broker] = seconds
	t := &seconds[i]
	if t.count++; t.count == 1 {
		t.first = at
	}
	t.last, t.held, t.there = at, max(t.held, held), max(t.there, there)
}

// turnedSeconds is the second after the last in which connections were turned away.
func (r *Replay) turnedSeconds() (n int) {
	for _, seconds := range r.turned {
		n = max(n, len(seconds))
	}
	return n
}

// turnedIn is how many were turned away in a second where a limit counts.
func (r *Replay) turnedIn(second int, of Instance) (n int64) {
	for broker, seconds := range r.turned {
		if second < len(seconds) && (of.Limit.scope() == "cluster" || broker == of.Broker) {
			n += seconds[second].count
		}
	}
	return n
}

// tried are the attempts of each second where a limit counts.
func (r *Replay) tried(of Instance) []int64 {
	if of.Limit.scope() == "broker" {
		of.Limit = BrokerAttempts
	} else {
		of = Instance{Limit: ClusterAttempts}
	}
	return r.Scope(of).seconds
}

// connecting finds the limits on connections that turned some away: the declared one
// that was reached when they were. What no declared limit explains is no finding:
// brokers that go away close connections, too.
func (e Evidence) connecting() []Binding {
	met := map[Instance]*turns{}
	for i := range e.Replay.turnedSeconds() {
		for _, broker := range slices.Sorted(maps.Keys(e.Replay.turned)) {
			seconds := e.Replay.turned[broker]
			if i >= len(seconds) || seconds[i].count == 0 || e.End > 0 && seconds[i].first >= e.End {
				continue
			}
			at, ok := e.reached(i, broker, seconds[i])
			if !ok {
				continue
			}
			if met[at] == nil {
				met[at] = &turns{}
			}
			met[at].add(i, seconds[i])
		}
	}
	byPlace := func(a, b Instance) int {
		return cmp.Or(cmp.Compare(slices.Index(order(), a.Limit), slices.Index(order(), b.Limit)), cmp.Compare(a.Broker, b.Broker))
	}
	var binding []Binding
	for _, at := range slices.SortedFunc(maps.Keys(met), byPlace) {
		if t := met[at]; t.count >= fewResponses {
			binding = append(binding, e.turned(at, *t))
		}
	}
	return binding
}

// reached is the limit that was fullest when a broker turned connections away in a
// second; ok is false where none was full.
func (e Evidence) reached(second int, broker int32, t turnedAway) (at Instance, ok bool) {
	fullest := 1 - matchTolerance
	for _, of := range []Instance{{Limit: ClusterAttempts}, {Limit: BrokerAttempts, Broker: broker}, {Limit: ClusterConnections}, {Limit: BrokerConnections, Broker: broker}} {
		load := 0.0
		switch {
		case of.Broker == UnknownBroker:
			continue
		case of.Limit == ClusterConnections:
			load = float64(t.held)
		case of.Limit == BrokerConnections:
			load = float64(t.there)
		default:
			load = float64(most(e.Replay.tried(of), second-1, second))
		}
		if use := over(load, e.Limits.Of(of.Limit)); use > fullest || !ok && use == fullest {
			at, ok, fullest = of, true, use
		}
	}
	return at, ok
}

// over is how far a load is over a limit; 0 where there is none.
func over(load, limit float64) float64 {
	if limit <= 0 {
		return 0
	}
	return load / limit
}

// most is the highest count of the seconds from one to another.
func most(seconds []int64, from, to int) (out int64) {
	for i := max(0, from); i <= to && i < len(seconds); i++ {
		out = max(out, seconds[i])
	}
	return out
}

// turns are what one limit turned away, from one second to another.
type turns struct {
	turnedAway
	from, to int
}

func (t *turns) add(second int, more turnedAway) {
	if t.count == 0 {
		t.from, t.first = second, more.first
	}
	t.count += more.count
	t.held, t.there = max(t.held, more.held), max(t.there, more.there)
	t.to, t.first, t.last = second, min(t.first, more.first), max(t.last, more.last)
}

// admitted is how many connections per second came about while a limit turned some
// away. The first and the last second are left out where there are others: a limit that
// was not used lets more through at first, and in the end fewer are tried.
func (r *Replay) admitted(of Instance, t turns) float64 {
	from, to, tried := t.from, t.to, r.tried(of)
	if to-from >= 2 {
		from, to = from+1, to-1
	}
	sum := int64(0)
	for i := from; i <= to && i < len(tried); i++ {
		sum += max(0, tried[i]-r.turnedIn(i, of))
	}
	return float64(sum) / float64(to-from+1)
}

// turned makes a Binding of what a limit turned away.
func (e Evidence) turned(at Instance, t turns) Binding {
	n, declared, who := at.Limit, e.Limits.Of(at.Limit), "The cluster"
	b := Binding{Limit: n, Scope: at.Where(), Declared: &declared, Unit: n.Unit(), ObservedBy: "plateau"}
	if n.scope() == "broker" {
		b.Broker, who = &at.Broker, fmt.Sprintf("Broker %d", at.Broker)
	}
	also := ""
	switch n {
	case ClusterConnections, BrokerConnections:
		b.Observed = float64(t.held)
		if n == BrokerConnections {
			b.Observed = float64(t.there)
		}
		also = fmt.Sprintf("%.0f connections stood then.", b.Observed)
	default:
		b.Observed = e.Replay.admitted(at, t)
		also = fmt.Sprintf("Up to %d were tried in one second; %s of them came about.", most(e.Replay.tried(at), t.from, t.to), Amount(b.Observed, n))
	}
	plateau := b.Observed
	b.Plateau = &plateau
	since := (t.first - e.Start).Seconds()
	when := fmt.Sprintf("the first %.1f s after the start of traffic", since)
	if since < 0 {
		when = fmt.Sprintf("the first %.1f s before the traffic", -since)
	}
	b.SinceSeconds = math.Max(0, since)
	b.Evidence = []string{
		fmt.Sprintf("%s turned %d connections away before they were of use, %s, the last %.1f s after the first.",
			who, t.count, when, (t.last - t.first).Seconds()),
		also,
	}
	return b
}
