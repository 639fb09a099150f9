package generator

import (
	"testing"
	"time"

	"msklt/internal/wire"
)

// TestFullness steps through wake-ups 10 ms apart.
func TestFullness(t *testing.T) {
	type stretch struct {
		wakes          int
		full, heldBack bool
	}
	for name, c := range map[string]struct {
		stretches []stretch
		own       time.Duration
	}{
		"never full":              {[]stretch{{100, false, false}}, 0},
		"full":                    {[]stretch{{10, false, false}, {20, true, false}}, 200 * time.Millisecond},
		"full with room between":  {[]stretch{{20, true, false}, {1, false, false}, {5, true, false}}, 50 * time.Millisecond},
		"held back":               {[]stretch{{1000, true, true}}, 0},
		"held back, making up":    {[]stretch{{50, true, true}, {50, true, false}}, 0},
		"held back, then too low": {[]stretch{{50, true, true}, {80, true, false}}, 300 * time.Millisecond},
		"held back now and then":  {[]stretch{{10, true, true}, {90, true, false}, {10, true, true}, {90, true, false}}, 800 * time.Millisecond},
		"held back again":         {[]stretch{{50, true, false}, {1, true, true}}, 0},
		"what is made up is gone": {[]stretch{{50, true, true}, {1, false, false}, {30, true, false}}, 300 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			var f fullness
			now := time.Duration(0)
			for _, s := range c.stretches {
				for range s.wakes {
					now += 10 * time.Millisecond
					f.wake(now, s.full, s.heldBack)
				}
			}
			if f.own != c.own {
				t.Errorf("full on its own for %s, want %s", f.own, c.own)
			}
		})
	}
}

// TestPushBack holds what a client's connections say of the cluster: a throttle until
// it ends, a produce request once it is old, a fetch never.
func TestPushBack(t *testing.T) {
	var b pushBack
	now := time.Now()
	expect := func(when string, at time.Time, throttled, slow bool) {
		t.Helper()
		if gotThrottled, gotSlow := b.state(at); gotThrottled != throttled || gotSlow != slow {
			t.Errorf("%s: throttled %v, slow %v; want %v, %v", when, gotThrottled, gotSlow, throttled, slow)
		}
	}
	expect("no connection", now, false, false)
	producing, fetching := &tapConn{}, &tapConn{}
	b.opened(producing)
	b.opened(fetching)
	producing.waiting = []*exchange{{key: wire.Produce, at: now}, {key: wire.Produce, at: now.Add(time.Second)}}
	fetching.waiting = []*exchange{{key: wire.Fetch, at: now}}
	expect("just sent", now.Add(slowAnswer-1), false, false)
	expect("without an answer", now.Add(slowAnswer), false, true)
	producing.waiting = producing.waiting[1:]
	expect("answered", now.Add(slowAnswer), false, false)
	b.closed(producing)
	expect("closed", now.Add(time.Minute), false, false)

	before := time.Now()
	b.throttled(time.Minute)
	b.throttled(time.Second)
	b.throttled(0)
	after := time.Now()
	expect("throttled", before.Add(time.Minute-1), true, false)
	expect("after the throttle", after.Add(time.Minute), false, false)
}
