package report

import (
	"fmt"
	"strings"
	"testing"
)

func TestSpentFinding(t *testing.T) {
	for _, c := range []struct {
		spent Spent
		want  string
	}{
		{Spent{}, "No record waited in the measured phases"},
		{Spent{Client: 7}, "Of the records’ waiting time 100 % was the client"},
		{Spent{Throttle: 93, Broker: 2, Client: 5}, "Of the records’ waiting time 93.0 % was throttling, 5.0 % the client, 2.0 % the broker"},
		{Spent{Network: 0.5, Broker: 0.5, Client: 0.0009}, "Of the records’ waiting time 50.0 % was the broker, 50.0 % the network"},
	} {
		if got := spentFinding(c.spent); got != c.want {
			t.Errorf("%+v: %q, want %q", c.spent, got, c.want)
		}
	}
}

// The chart stacks what two seconds waited for: 2 records, half of them for the
// client, then 4, all of them for a throttle. Its top is 6 % above the highest.
func TestSpentChart(t *testing.T) {
	r := &Result{DurationSeconds: 2, Timeline: []Second{
		{Second: 0, Spent: Spent{Broker: 1, Client: 1}}, {Second: 1, Spent: Spent{Throttle: 4}},
	}}
	p := spentChart(r)
	height := func(records float64) int { return int(1000*(1-records/(4*1.06)) + 0.5) }
	want := []line{
		{fmt.Sprintf("M0 1000L1000 1000L1000 %[1]dL2000 %[1]dL2000 1000L1000 1000L1000 1000L0 1000Z", height(4)), "throttle"},
		{fmt.Sprintf("M0 %[1]dL1000 %[1]dL1000 %[2]dL2000 %[2]dL2000 %[2]dL1000 %[2]dL1000 1000L0 1000Z", height(1), height(4)), "broker"},
		{fmt.Sprintf("M0 %[1]dL1000 %[1]dL1000 %[2]dL2000 %[2]dL2000 %[2]dL1000 %[2]dL1000 %[3]dL0 %[3]dZ", height(2), height(4), height(1)), "client"},
	}
	if fmt.Sprint(p.Areas) != fmt.Sprint(want) {
		t.Errorf("areas\n%v, want\n%v", p.Areas, want)
	}
	if got := p.Readout.T[0]; got != "0 s: 2.00 records wait: 50.0 % the broker, 50.0 % the client" {
		t.Error(got)
	}
}

// Events are numbered lines; those that lie too close share one, and have no number on
// narrow screens where the one before has its there.
func TestMarks(t *testing.T) {
	r := &Result{DurationSeconds: 100, Events: []Event{
		{At: 10, Text: "a"}, {At: 10, Text: "b"}, {At: 12, Text: "c"}, {At: 12.6, Text: "<d>"}, {At: 28.5, Text: "e"}, {At: 101, Text: "after"},
	}}
	got := newTimeline(r).marks(r, 0.025)
	want := []mark{{"10%", "1–3", "1: a\n2: b\n3: c", false}, {"12.6%", "4", "4: <d>", true}, {"28.5%", "5", "5: e", false}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	fixture, series := stopped()
	html := render(t, fixture, series)
	for _, s := range []string{"<h2>Events and errors</h2>", "leader moved", "orders/1, orders/4, orders/7 and 1 more: broker 1 → 2", `<svg class="mark"`} {
		if !strings.Contains(html, s) {
			t.Errorf("the page lacks %q", s)
		}
	}
}
