package generator

import (
	"time"

	"msklt/report"
)

// spent fills in where the time of the records went, for each second, and returns it
// for the measured records over the whole run. How long records waited in a second is
// exact: N records wait at any instant, and the integral of N is a sum over those that
// began and ended. That sum is shared out by what each client's records were seen to
// wait for, as far as they were acknowledged; what was never handed waited for those
// that filled the buffer.
func (r *run) spent(timeline []report.Second) report.Spent {
	var measured parts
	for _, p := range r.producer {
		var all, own integral
		var lag integral
		last := parts{client: 1} // of a second in which nobody waited with the client
		if len(p.waits.seconds) == 0 {
			last = p.waits.unsettled()
		}
		for s := range timeline {
			row := &timeline[s]
			var c clientSecond
			if s < len(p.recorder.seconds) {
				c = p.recorder.seconds[s]
			}
			end := r.finished - time.Duration(s)*time.Second
			waited := all.add(c.waiting, end)
			late := lag.add(sojourn{
				begun: c.waiting.begun, ended: c.offered, begunRest: c.waiting.begunRest, endedRest: c.foundRest,
			}, end)
			now := parts{}
			if i := s + int(r.shift()/time.Second); i < len(p.waits.seconds) {
				now = p.waits.seconds[i]
			}
			if now.sum() > 0 {
				last = now
			}
			here := share(last, waited, min(late, waited), row.Instrument.Stalled/1000)
			add(&row.Spent, here)
			if n := own.add(c.measured, end); waited > 0 {
				measured.add(here.times(n / waited))
			}
		}
	}
	if all := measured.sum(); all > 0 {
		r.paced = measured.pace / all
	}
	var out report.Spent
	add(&out, measured)
	return out
}

// integral is the time that records wait, second by second.
type integral struct{ n int64 } // that wait at the beginning of the next second

// add returns the record-seconds of the next second, of which the run goes on for so
// long.
func (i *integral) add(s sojourn, length time.Duration) float64 {
	before := i.n
	i.n += s.begun - s.ended
	if length <= 0 {
		return 0
	}
	total := before*int64(time.Second) + int64(s.begunRest-s.endedRest)
	if length < time.Second {
		total -= i.n * int64(time.Second-length) // nobody waits after the end of the run
	}
	return max(0, float64(total)/1e9)
}

// share splits the record-seconds of a client's second: late are those that the
// generator had not looked at yet; stalled is the part of the second in which this
// process did not run.
func share(seen parts, waited, late, stalled float64) parts {
	stalled = min(1, max(0, stalled))
	out := parts{client: late + (waited-late)*stalled}
	rest := (waited - late) * (1 - stalled) / seen.sum()
	out.throttle += rest * seen.throttle
	out.broker += rest * seen.broker
	out.network += rest * seen.network
	out.client += rest * seen.client
	out.pace += rest * seen.pace
	return out
}

func (p parts) sum() float64 { return p.throttle + p.broker + p.network + p.client + p.pace }

func (p parts) times(f float64) parts {
	return parts{p.throttle * f, p.broker * f, p.network * f, p.client * f, p.pace * f}
}

func (p *parts) add(o parts) {
	p.throttle += o.throttle
	p.broker += o.broker
	p.network += o.network
	p.client += o.client
	p.pace += o.pace
}

// add has the time for which the run itself kept clients from connecting be theirs.
func add(to *report.Spent, p parts) {
	to.Throttle += p.throttle
	to.Broker += p.broker
	to.Network += p.network
	to.Client += p.client + p.pace
}
