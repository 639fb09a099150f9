package generator

import (
	"testing"
	"testing/synctest"
	"time"

	"msklt/internal/limits"
)

const someBroker, someAddress = 7, "b:1"

// TestVirtualDoorBeforeItsName holds that connections count as their broker's that were
// there before anybody knew whose they were.
func TestVirtualDoorBeforeItsName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newObserver(time.Now())
		var d *door
		for range 2 {
			d = o.dialled(someAddress, true)
			o.welcome(&tapConn{addr: someAddress, door: d})
		}
		o.setNodes(map[string]int32{someAddress: someBroker})
		if again := o.dialled(someAddress, true); again != d || d.open != 3 || d.welcomed != 2 || !o.stands(someAddress) || o.stands("b:2") {
			t.Errorf("%+v, first %+v", *again, *d)
		}
		time.Sleep(2500 * time.Millisecond)
		o.gauge(o.now())
		scope := limits.Instance{Limit: limits.BrokerConnections, Broker: someBroker}
		used := limits.HeadroomOf(o.replay, limits.Limits{Values: map[limits.Name]float64{limits.BrokerConnections: 10}})
		if len(used) != 1 || used[0].Used != 3 || used[0].Scope != scope.Where() {
			t.Errorf("%+v, want 3 connections used", used)
		}
	})
}

// TestLeftWaiting holds which connections without an answer were left waiting: those
// during which others of the broker had answers, and those before them since one was let
// in last.
func TestLeftWaiting(t *testing.T) {
	type step struct {
		letIn        bool // a new connection had an answer before it
		waited       time.Duration
		heard, shown int // seconds into it, when others had their last answer, -1 for not; how many show
	}
	const long = 10 * time.Second
	for name, steps := range map[string][]step{
		"nobody is answered": {{false, long, -1, 0}, {false, long, -1, 0}},
		"answered early":     {{false, long, 5, 0}},
		"answered late":      {{false, long, 6, 1}},
		"too short to tell":  {{false, silent - 1, 4, 0}},
		"all of a row":       {{false, long, -1, 0}, {false, long, 2, 0}, {false, long, 6, 3}, {false, long, -1, 1}},
		"one let in":         {{false, long, -1, 0}, {true, long, 6, 1}, {true, long, -1, 0}, {false, long, 6, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newObserver(time.Now())
			d, now := o.doorOf(someAddress), time.Minute
			for i, s := range steps {
				if s.letIn {
					o.welcome(&tapConn{door: d})
				}
				if s.heard >= 0 {
					d.heard = now + time.Duration(s.heard)*time.Second
				}
				if n := len(d.leftWaiting(passedOver{since: now, at: now + s.waited})); n != s.shown {
					t.Errorf("step %d: %d show, want %d", i+1, n, s.shown)
				}
				now += s.waited
			}
		})
	}
}
