package scenario

import (
	"math"
	"time"
)

const (
	slowestConnects = 0.001 // per second
	fastestConnects = 1e6
)

func idle(o *object) []Idle {
	all := o.child("idle")
	if all == nil {
		return nil
	}
	var list []Idle
	all.entries(maxName, func(name string, e *object) {
		if e == nil {
			return
		}
		e.require("connections", "500")
		i := Idle{
			Name:        name,
			Connections: e.integer("connections", 1, 1, mostClients),
			ConnectRate: connectRate(e),
			Pos:         e.pos(e.anchor),
		}
		if e.sound("connections", "connect_rate") {
			e.checkConnecting("connections", i.Connections, i.ConnectRate)
		}
		list = append(list, i)
	})
	return list
}

// connectRate reads how many connections a fleet tries to open per second; 0,
// when it is absent, is all at once.
func connectRate(o *object) float64 {
	rate := read(o, "connect_rate", wantCountRate, 0, parseCountRate)
	between(o, "connect_rate", rate, slowestConnects, fastestConnects, formatCountRate)
	return rate
}

// checkConnecting reports a fleet that would still be connecting when the run is
// over.
func (o *object) checkConnecting(what string, count int, perSecond float64) {
	if perSecond == 0 {
		return
	}
	o.later = append(o.later, func(s *Scenario) {
		var lasts time.Duration
		for _, p := range s.Phases {
			lasts += p.Duration
		}
		takes := float64(count) / perSecond
		if len(s.Phases) > 0 && takes > lasts.Seconds() {
			o.fail("connect_rate", "", "%s %s at %s take %s to connect, and the phases last %s in all",
				grouped(float64(count)), what, formatCountRate(perSecond),
				wholeSeconds(takes), formatDuration(lasts))
		}
	})
}

// seconds writes a time that was worked out from a rate, and may be longer than a
// duration can be.
func wholeSeconds(n float64) string { return grouped(math.Round(n)) + "s" }
