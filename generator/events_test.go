package generator

import (
	"testing"
	"time"
)

// TestEventsBeyondTheBound holds that what is not listed is counted, with the time
// that it took.
func TestEventsBeyondTheBound(t *testing.T) {
	l := newEventLog()
	l.add("stalled", 0, 0, -1, "once")
	for i := range maxEvents + 30 {
		l.add("error", time.Duration(i)*time.Second, 0, 1, "again")
	}
	l.add("error", time.Second, 0, 1, "told late")
	all := l.list()
	if len(all) != maxEvents+2 {
		t.Fatalf("%d events are listed, want %d, one of another kind and one for the rest", len(all), maxEvents)
	}
	var rest int
	for _, e := range all {
		if e.Text == "31 more of this kind, which are not listed" && e.Kind == "error" && e.At == 1 && e.Until == maxEvents+29 && e.Broker == nil {
			rest++
		}
	}
	if rest != 1 {
		t.Errorf("the rest is told %d times, want once: %+v", rest, all[:4])
	}
}
