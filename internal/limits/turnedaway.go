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
// ("Too many connects"). Apache Kafka closes those over max.connections.per.ip, and
// leaves those over max.connections waiting.

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
	left  int64 // of those, the ones that it did not close, but left waiting
	held  int64 // the most connections that stood then
	there int64 // … at this broker
	least int64 // the fewest there
	first time.Duration
	last  time.Duration
}

// TurnAway notes a connection that a broker closed before it was of use, or left
// waiting since a time, while so many others stood, and so many of them at that broker.
func (r *Replay) TurnAway(since, at time.Duration, broker int32, held, there int64) {
	i, seconds := int(at/time.Second), r.turned[broker]
	for len(seconds) <= i {
		seconds = append(seconds, turnedAway{})
	}
	r.turned[broker] = seconds
	t := &seconds[i]
	if t.count++; t.count == 1 {
		t.first, t.least = since, there
	}
	if since < at {
		t.left++
	}
	t.first, t.last = min(t.first, since), at
	t.held, t.there, t.least = max(t.held, held), max(t.there, there), min(t.least, there)
}

// Told notes that a broker gave the number of connections as the reason.
func (r *Replay) Told(broker int32) { r.told[broker]++ }

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
// that was reached when they were, or where none was, one that nobody declared.
func (e Evidence) connecting() (binding []Binding, unexplained bool) {
	met, other := map[Instance]*turns{}, map[int32]*turns{}
	for i := range e.Replay.turnedSeconds() {
		for _, broker := range slices.Sorted(maps.Keys(e.Replay.turned)) {
			seconds := e.Replay.turned[broker]
			if i >= len(seconds) || seconds[i].count == 0 || e.End > 0 && seconds[i].first >= max(e.End, e.Drained) {
				continue
			}
			if at, ok := e.reached(i, broker, seconds[i]); ok {
				noteTurn(met, at, i, seconds[i])
			} else {
				noteTurn(other, broker, i, seconds[i])
			}
		}
	}
	byPlace := func(a, b Instance) int {
		return cmp.Or(cmp.Compare(slices.Index(order(), a.Limit), slices.Index(order(), b.Limit)), cmp.Compare(a.Broker, b.Broker))
	}
	for _, at := range slices.SortedFunc(maps.Keys(met), byPlace) {
		if t := met[at]; t.count >= fewResponses {
			binding = append(binding, e.turned(at, *t, true))
		}
	}
	for _, broker := range slices.Sorted(maps.Keys(other)) {
		if at, ok := e.undeclared(broker, *other[broker]); ok {
			binding, unexplained = append(binding, e.turned(at, *other[broker], false)), true
		}
	}
	return binding, unexplained
}

func noteTurn[K comparable](all map[K]*turns, at K, second int, t turnedAway) {
	if all[at] == nil {
		all[at] = &turns{}
	}
	all[at].add(second, t)
}

// undeclared is the limit that turns connections away for a while, which no declared one
// explains, while others stand at the same broker all the time: a broker that goes away
// closes those, too. Where more and more stand it is on their rate, else on their number.
// A broker that gives the reason needs no while; it is then taken for the rate's, as MSK's
// IAM listeners give it.
func (e Evidence) undeclared(broker int32, t turns) (at Instance, ok bool) {
	const lasting = 2 * time.Second
	short := t.last-t.first < lasting || t.least < 1
	if broker == UnknownBroker || t.count < fewResponses || short && e.Replay.told[broker] < fewResponses {
		return at, false
	}
	at = Instance{Limit: BrokerConnections, Broker: broker}
	if grown := float64(t.late - t.early); short || grown > max(2, matchTolerance*float64(t.late)) {
		at.Limit = BrokerAttempts
	}
	return at, true
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

	early, late int64 // connections at the broker in the second such second, and in the last
}

func (t *turns) add(second int, more turnedAway) {
	if t.count == 0 {
		t.from, t.first, t.least = second, more.first, more.least
	}
	if second > t.from {
		if t.late = more.there; t.early == 0 {
			t.early = more.there
		}
	}
	t.count += more.count
	t.left += more.left
	t.least = min(t.least, more.least)
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
func (e Evidence) turned(at Instance, t turns, declared bool) Binding {
	n, who := at.Limit, "The cluster"
	b := Binding{Limit: n, Scope: at.Where(), Unit: n.Unit(), ObservedBy: "plateau"}
	if value := e.Limits.Of(n); declared {
		b.Declared = &value
	}
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
	if !declared {
		b.Evidence = append(b.Evidence, "No declared limit explains it. "+t.likely(e.Replay.told[at.Broker]))
	}
	return b
}

// likely is which settings of a broker do so: they tell themselves by what they do, unless
// it gave the reason, so many times.
func (t turns) likely(told int) string {
	const closes, waits = "Apache Kafka closes connections over max.connections.per.ip", "over max.connections, of the broker or of a listener"
	switch {
	case told > 0:
		return "The broker gave their number as the reason; other clients count there, too."
	case t.left == 0:
		return "They were closed. " + closes + "; other clients of the same address count there, too."
	case t.left == t.count:
		return "They were left waiting, as Apache Kafka leaves those " + waits + "; other clients count there, too."
	}
	return fmt.Sprintf("%d of them were left waiting, the others closed. %s, and leaves those %s, waiting; other clients count there, too.", t.left, closes, waits)
}
