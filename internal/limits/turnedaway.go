package limits

import (
	"fmt"
	"math"
	"time"
)

// A cluster over a limit on connections says so by closing new ones: MSK Serverless
// and the embedded cluster before their first answer, MSK's IAM listeners at the login
// ("Too many connects").

// turnedAway counts the connections of one second that were closed so.
type turnedAway struct {
	count int64
	held  int64 // the most connections that stood then
	first time.Duration
	last  time.Duration
}

// TurnAway notes a connection that the cluster closed before it was of use, while so
// many others stood.
func (r *Replay) TurnAway(at time.Duration, held int64) {
	i := int(at / time.Second)
	for len(r.turned) <= i {
		r.turned = append(r.turned, turnedAway{})
	}
	t := &r.turned[i]
	if t.count++; t.count == 1 {
		t.first = at
	}
	t.last, t.held = at, max(t.held, held)
}

// connecting finds the limits on connections that turned some away: the declared one
// that was reached when they were. What no declared limit explains is no finding:
// brokers that go away close connections, too.
func (e Evidence) connecting() []Binding {
	tried := e.Replay.Scope(Instance{Limit: ClusterAttempts}).seconds
	var byAttempts, byNumber turns
	for i, t := range e.Replay.turned {
		if t.count == 0 || e.End > 0 && t.first >= e.End {
			continue
		}
		attempts := float64(most(tried, i-1, i))
		rate, number := over(attempts, e.Limits.Of(ClusterAttempts)), over(float64(t.held), e.Limits.Of(ClusterConnections))
		switch {
		case max(rate, number) < 1-matchTolerance:
		case rate >= number:
			byAttempts.add(i, t)
		default:
			byNumber.add(i, t)
		}
	}
	var binding []Binding
	if byAttempts.count >= fewResponses {
		observed := byAttempts.admitted(tried, e.Replay.turned)
		binding = append(binding, e.turned(ClusterAttempts, byAttempts, observed, fmt.Sprintf(
			"Up to %d were tried in one second; %s of them came about.", most(tried, byAttempts.from, byAttempts.to), Amount(observed, ClusterAttempts))))
	}
	if byNumber.count >= fewResponses {
		binding = append(binding, e.turned(ClusterConnections, byNumber, float64(byNumber.held), fmt.Sprintf(
			"%d connections stood then.", byNumber.held)))
	}
	return binding
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
	t.held = max(t.held, more.held)
	t.to, t.last = second, more.last
}

// admitted is how many connections per second came about while some were turned away.
// The first and the last second are left out where there are others: a limit that was
// not used lets more through at first, and in the end fewer are tried.
func (t turns) admitted(tried []int64, away []turnedAway) float64 {
	from, to := t.from, t.to
	if to-from >= 2 {
		from, to = from+1, to-1
	}
	sum := int64(0)
	for i := from; i <= to && i < len(tried); i++ {
		sum += max(0, tried[i]-away[i].count)
	}
	return float64(sum) / float64(to-from+1)
}

// turned makes a Binding of what a limit turned away.
func (e Evidence) turned(n Name, t turns, observed float64, also string) Binding {
	declared := e.Limits.Of(n)
	since := (t.first - e.Start).Seconds()
	when := fmt.Sprintf("the first %.1f s after the start of traffic", since)
	if since < 0 {
		when = fmt.Sprintf("the first %.1f s before the traffic", -since)
	}
	return Binding{
		Limit: n, Scope: Instance{Limit: n}.Where(), Declared: &declared, Unit: n.Unit(),
		Observed: observed, ObservedBy: "plateau", Plateau: &observed,
		SinceSeconds: math.Max(0, since),
		Evidence: []string{
			fmt.Sprintf("The cluster turned %d connections away before they were of use, %s, the last %.1f s after the first.",
				t.count, when, (t.last - t.first).Seconds()),
			also,
		},
	}
}
