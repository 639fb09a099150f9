package generator

import (
	"fmt"
	"math"
	"time"

	"msklt/report"
)

// Bounds of the checks of the instrument on itself; DESIGN.md has what they were
// calibrated on. Lag and the wait for a processor may be a tenth of the response:
// beside a throttle of seconds they add nothing. What is lost of the time stays under
// half of what lies beyond a 99th percentile.
const (
	leastOffered = 0.99 // of what was scheduled must be attempted
	mostLag      = 10.0 // ms
	mostWait     = 5.0  // ms
	ofResponse   = 0.1
	mostGC       = 0.1   // of the processors' time
	mostUsedUp   = 0.05  // of the seconds
	mostLost     = 0.005 // of the time
	mostBehind   = 0.01  // of a fleet's records
)

// evidence is how the instrument itself fared in the measured phases. Times are in
// ms, at the 99th percentile.
type evidence struct {
	attempted, scheduled int64 // to the end of sending
	flatOut              bool  // no fleet has a schedule: the generator is to use all that it can get
	lag, response        float64
	health               healthSummary
	stalled              time.Duration
	paced                float64 // share of the records' time that they waited for the run's own pace of connecting
	measured             time.Duration
	fleet                string // that fell behind most
	behind, due          int64  // its records that came due while their client was full for no reason of the cluster's, of how many
}

// verdict is a check, and whether the run passes it.
type verdict struct {
	report.Reason
	ok bool
}

// checks are all checks of the instrument on itself.
func (e evidence) checks() []verdict {
	all := []verdict{e.offered(), e.lagged(), e.full(), e.connecting(), e.stalls(), e.throttled()}
	if !e.flatOut {
		all = append(all, e.scheduler(), e.collector(), e.processors())
	}
	return all
}

func (e evidence) offered() verdict {
	share := 1.0
	if e.scheduled > 0 {
		share = float64(e.attempted) / float64(e.scheduled)
	}
	return verdict{report.Reason{
		Check: "offered", Observed: share, Bound: leastOffered, Unit: "of scheduled",
		Message: fmt.Sprintf("the generator attempted %d of %d scheduled records within %s of their time", e.attempted, e.scheduled, timelyLag),
	}, share >= leastOffered}
}

// bound is what a delay may be: more beside a long response, unless that may be long
// because this process was kept from its processors.
func (e evidence) bound(least float64) float64 {
	if e.health.usedUp > mostUsedUp || e.health.throttled > mostLost || e.lost() > mostLost {
		return least
	}
	return math.Max(least, ofResponse*e.response)
}

func (e evidence) lagged() verdict {
	bound := e.bound(mostLag)
	return verdict{report.Reason{
		Check: "lag", Observed: e.lag, Bound: bound, Unit: "ms (p99)",
		Message: fmt.Sprintf("records were attempted %.1f ms after their intended time (p99)", e.lag),
	}, e.lag <= bound}
}

func (e evidence) full() verdict {
	share, message := 0.0, "no client was full for long but when the cluster pushed back"
	if e.behind > 0 {
		share = float64(e.behind) / float64(max(1, e.due))
		message = fmt.Sprintf("%d of the %d records of fleet %s came due while their client had been full for over %s though the cluster neither throttled nor was slow: the client is too small or this machine too slow", e.behind, e.due, e.fleet, fullLong)
	}
	return verdict{report.Reason{
		Check: "full_without_push_back", Observed: share, Bound: mostBehind, Unit: "of a fleet's due", Message: message,
	}, share <= mostBehind}
}

func (e evidence) connecting() verdict {
	return verdict{report.Reason{
		Check: "connect_pace", Observed: e.paced, Bound: ofResponse, Unit: "of the records' time",
		Message: fmt.Sprintf("%.1f %% of the time that records waited, they waited for connections that msklt opened no faster than its own pace (connect_rate, or its default)", 100*e.paced),
	}, e.paced <= ofResponse}
}

// lost is the share of the time in which this process did not run.
func (e evidence) lost() float64 {
	if e.measured == 0 {
		return 0
	}
	return e.stalled.Seconds() / e.measured.Seconds()
}

func (e evidence) stalls() verdict {
	share := e.lost()
	return verdict{report.Reason{
		Check: "stalled", Observed: share, Bound: mostLost, Unit: "of the time",
		Message: fmt.Sprintf("this process did not run for %.1f of %.0f measured seconds, in pieces over %s", e.stalled.Seconds(), e.measured.Seconds(), stallLong),
	}, share <= mostLost}
}

func (e evidence) throttled() verdict {
	h := e.health
	return known(h.known && h.throttledKnown, verdict{report.Reason{
		Check: "cgroup_throttled", Observed: h.throttled, Bound: mostLost, Unit: "of the time",
		Message: fmt.Sprintf("the control group's quota kept this process from its processors for %.1f %% of the time", 100*h.throttled),
	}, h.throttled <= mostLost})
}

func (e evidence) scheduler() verdict {
	wait, bound := millis(e.health.scheduler), e.bound(mostWait)
	return known(e.health.known, verdict{report.Reason{
		Check: "scheduler_latency", Observed: wait, Bound: bound, Unit: "ms (p99)",
		Message: fmt.Sprintf("goroutines that were ready waited up to %.1f ms for a processor (p99)", wait),
	}, wait <= bound})
}

func (e evidence) collector() verdict {
	h := e.health
	return known(h.known, verdict{report.Reason{
		Check: "gc", Observed: h.gc, Bound: mostGC, Unit: "of the processors",
		Message: fmt.Sprintf("the garbage collector took %.1f %% of the processors' time", 100*h.gc),
	}, h.gc <= mostGC})
}

func (e evidence) processors() verdict {
	h := e.health
	return known(h.known && h.cpuKnown, verdict{report.Reason{
		Check: "cpu", Observed: h.usedUp, Bound: mostUsedUp, Unit: "of the seconds",
		Message: fmt.Sprintf("this process used %.0f %% of its processors' time; in %.0f %% of the seconds it used them up, so that goroutines waited over %s for one (p99)", 100*h.cpu, 100*h.usedUp, longWait),
	}, h.usedUp <= mostUsedUp})
}

// known is a check, or that it could not be made.
func known(is bool, v verdict) verdict {
	if is {
		return v
	}
	return verdict{report.Reason{Check: v.Check, Bound: v.Bound, Unit: v.Unit, Unknown: true, Message: "this system does not tell"}, true}
}

// evidence gathers what the run knows of the instrument.
func (r *run) evidence(res *report.Result) evidence {
	e := evidence{paced: r.paced, lag: res.Latency.Lag.P99, response: res.Latency.Response.P99, flatOut: r.flatOut()}
	e.attempted, e.scheduled = r.offered()
	e.health = r.health.summary(r.wholly)
	spans, total := r.measured()
	for i := range spans {
		spans[i].from -= r.shift()
		spans[i].to -= r.shift()
	}
	e.stalled, e.measured = within(r.health.stalls, spans), total
	for _, f := range r.fleets {
		var behind, due int64
		for _, p := range r.producer {
			if p.fleet == f {
				behind += p.fullness.behind
				due += p.recorder.lag.exact.TotalCount()
			}
		}
		behind = min(behind, due) // a wake-up counts as a whole, also over a phase's edge
		if float64(behind)*float64(max(1, e.due)) > float64(e.behind)*float64(max(1, due)) {
			e.fleet, e.behind, e.due = f.Name, behind, due
		}
	}
	return e
}

// offered is how many of the records scheduled up to the end of sending were
// attempted within a second of their time, and how many there were.
func (r *run) offered() (attempted, scheduled int64) {
	for _, p := range r.producer {
		attempted += p.recorder.timely
		if p.Rate.Max {
			scheduled += p.recorder.found
		} else {
			scheduled += p.due(p.number, r.stopped)
		}
	}
	return attempted, scheduled
}

// flatOut tells that no fleet has a schedule, of those that there are.
func (r *run) flatOut() bool {
	for _, f := range r.fleets {
		if !f.Rate.Max {
			return false
		}
	}
	return len(r.fleets) > 0
}
