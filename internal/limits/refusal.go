package limits

import (
	"slices"
	"time"
)

// Refusals follows the fetch responses of one connection. A fetch over quota is
// answered without the data that was counted for its throttle, and taken off the
// count again. The client asks for the same offsets after the pause, so the size
// of what was refused is the size of the next answer that carries it:
// T = (S + F) ÷ (W + X).
type Refusals struct {
	partitions []*Scope // every partition that this connection has brought data of
	open       []refusal
}

type refusal struct {
	response Throttled // candidates settled so far
	whole    []Candidate
	parts    []Candidate
}

// Answer records one fetch response: parts are its partitions with data, whole
// the scopes that count the response as such, requests those that count requests.
func (f *Refusals) Answer(r *Replay, at time.Duration, parts, whole, requests []Charge, pause time.Duration, from Source) {
	hasData := false
	for _, p := range parts {
		hasData = hasData || p.N > 0
		if p.N > 0 && !slices.Contains(f.partitions, p.Scope) {
			f.partitions = append(f.partitions, p.Scope)
		}
	}
	if hasData {
		f.settle(r, parts, whole, pause == 0)
		for _, c := range parts {
			c.Scope.add(at, c.N)
		}
	}
	// An empty answer over quota is un-recorded; any other one counts.
	if hasData || pause == 0 {
		for _, c := range whole {
			c.Scope.add(at, c.N)
		}
	}
	for _, c := range requests {
		c.Scope.add(at, c.N)
	}
	if pause > 0 {
		f.refuse(r, at, parts, whole, requests, hasData, pause, from)
	}
}

// refuse opens a refusal. Where data came with the throttle, only partitions
// without data (or a limit on requests) can have caused it.
func (f *Refusals) refuse(r *Replay, at time.Duration, parts, whole, requests []Charge, hasData bool, pause time.Duration, from Source) {
	if !r.sample() {
		return
	}
	o := refusal{response: Throttled{Source: from, At: at, Pause: pause}}
	for _, c := range requests {
		o.response.Candidates = append(o.response.Candidates, measure(c.Scope, at))
	}
	if !hasData {
		for _, c := range whole {
			o.whole = append(o.whole, measure(c.Scope, at))
		}
	}
	for _, s := range f.partitions {
		if !slices.ContainsFunc(parts, func(c Charge) bool { return c.Scope == s && c.N > 0 }) {
			o.parts = append(o.parts, measure(s, at))
		}
	}
	f.open = append(f.open, o)
}

// settle completes open refusals with the sizes of an answer that carries data.
// One that came without a throttle ends them: nothing more is outstanding.
func (f *Refusals) settle(r *Replay, parts, whole []Charge, final bool) {
	for i := range f.open {
		o := &f.open[i]
		o.whole = claim(&o.response, o.whole, whole)
		o.parts = claim(&o.response, o.parts, parts)
	}
	if !final {
		return
	}
	for _, o := range f.open {
		if len(o.response.Candidates) > 0 {
			r.throttled = append(r.throttled, o.response)
		}
	}
	f.open = f.open[:0]
}

// claim moves candidates whose refused size is now known to the response.
func claim(t *Throttled, waiting []Candidate, sizes []Charge) []Candidate {
	return slices.DeleteFunc(waiting, func(c Candidate) bool {
		i := slices.IndexFunc(sizes, func(s Charge) bool { return s.Scope == c.Scope && s.N > 0 })
		if i < 0 {
			return false
		}
		c.Sum += sizes[i].N
		t.Candidates = append(t.Candidates, c)
		return true
	})
}
