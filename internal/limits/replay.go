package limits

import "time"

// Instance is one instance of a limit: partition.ingress of orders/7,
// client.egress of one client id on one broker, cluster.requests of the cluster.
// Fields that the limit's scope does not use are zero.
type Instance struct {
	Limit     Name
	Topic     string
	Partition int32
	Broker    int32
	Client    string
}

// Scope is what one instance of a limit counted, seen from the clients: the
// quota window replayed, and a counter for each second of the run.
type Scope struct {
	Instance
	window  Window
	seconds []int64
}

// Seconds are the counts of each second since the replay's origin.
func (s *Scope) Seconds() []int64 { return s.seconds }

func (s *Scope) add(at time.Duration, n int64) {
	s.window.Record(at, n)
	*s.second(at) += n
}

func (s *Scope) second(at time.Duration) *int64 {
	i := int(at / time.Second)
	for len(s.seconds) <= i {
		s.seconds = append(s.seconds, 0)
	}
	return &s.seconds[i]
}

// Charge is what one answered request puts on one scope: bytes, or 1 for a
// request.
type Charge struct {
	Scope *Scope
	N     int64
}

// Source says which response carried a throttle.
type Source struct {
	API    string // "produce", "fetch", …
	Client int    // the generator's number of the client
	Broker int32
}

// Throttled is one throttle response, with what each scope that may have caused
// it held at that moment.
type Throttled struct {
	Source
	At         time.Duration
	Pause      time.Duration
	Candidates []Candidate
}

// Candidate is a scope that may have caused a throttle: its window held Sum over
// Width.
type Candidate struct {
	Scope *Scope
	Sum   int64
	Width time.Duration
}

// Value is the limit that would have caused a pause: S ÷ (W + X).
func (c Candidate) Value(pause time.Duration) float64 {
	return float64(c.Sum) / (c.Width + pause).Seconds()
}

// maxThrottled bounds the memory of a replay: once so many throttle responses are
// held, every second one is dropped, and from then on every second one is kept.
const maxThrottled = 1 << 15

// Replay rebuilds, from what the clients sent and received, the windows over
// which the cluster compares load with its quotas. It is not safe for concurrent
// use; times are since its origin and must not go backwards.
type Replay struct {
	scopes    map[Instance]*Scope
	order     []*Scope
	throttled []Throttled
	turned    map[int32][]turnedAway // by broker, then by second
	told      map[int32]int          // of those, with the reason
	stride    int                    // one in so many throttle responses is kept
	seen      int
}

// NewReplay returns an empty replay.
func NewReplay() *Replay {
	return &Replay{scopes: map[Instance]*Scope{}, turned: map[int32][]turnedAway{}, told: map[int32]int{}, stride: 1}
}

// Scope returns the scope of an instance, the same one each time.
func (r *Replay) Scope(i Instance) *Scope {
	s, ok := r.scopes[i]
	if !ok {
		s = &Scope{Instance: i}
		r.scopes[i] = s
		r.order = append(r.order, s)
	}
	return s
}

// Scopes are all scopes in the order in which they were first asked for.
func (r *Replay) Scopes() []*Scope { return r.order }

// Lasted is how many seconds the replay holds.
func (r *Replay) Lasted() int {
	n := 0
	for _, s := range r.order {
		n = max(n, len(s.seconds))
	}
	return n
}

// Throttled are the throttle responses that are kept, in order of completion:
// all of them up to some ten thousand, evenly thinned beyond.
func (r *Replay) Throttled() []Throttled { return r.throttled }

// Add records what an answered request put on its scopes. With a pause it is a
// throttle response, and every charged scope may have caused it.
func (r *Replay) Add(at time.Duration, charges []Charge, pause time.Duration, from Source) {
	for _, c := range charges {
		c.Scope.add(at, c.N)
	}
	if pause > 0 && r.sample() {
		t := Throttled{Source: from, At: at, Pause: pause, Candidates: make([]Candidate, 0, len(charges))}
		for _, c := range charges {
			t.Candidates = append(t.Candidates, measure(c.Scope, at))
		}
		r.throttled = append(r.throttled, t)
	}
}

// Gauge notes a level (open connections): a second counts its highest.
func (r *Replay) Gauge(at time.Duration, s *Scope, level int64) {
	p := s.second(at)
	*p = max(*p, level)
}

// Fill repeats a gauge's level over seconds in which nothing changed, up to at.
func (r *Replay) Fill(at time.Duration, s *Scope, level int64) {
	for i := len(s.seconds); i <= int(at/time.Second); i++ {
		s.seconds = append(s.seconds, level)
	}
}

func measure(s *Scope, at time.Duration) Candidate {
	sum, width := s.window.Measure(at)
	return Candidate{Scope: s, Sum: sum, Width: width}
}

// sample says whether to keep the throttle response at hand.
func (r *Replay) sample() bool {
	if len(r.throttled) >= maxThrottled {
		half := r.throttled[:0]
		for i := 0; i < len(r.throttled); i += 2 {
			half = append(half, r.throttled[i])
		}
		clear(r.throttled[len(half):])
		r.throttled = half
		r.stride *= 2
	}
	r.seen++
	return (r.seen-1)%r.stride == 0
}
