package generator

import (
	"math"
	"testing"
	"time"

	"msklt/scenario"
)

// BenchmarkSnapshot is what a snapshot takes for each producing client, once a second:
// latencies lie between 1 and 100 ms, evenly on a log scale. Its lock is held for a
// quarter of that at a time, four times.
func BenchmarkSnapshot(b *testing.B) {
	const clients = 400
	f := &fleet{Producer: scenario.Producer{Name: "f", Clients: clients}, recordBytes: 1000}
	r := &run{fleets: []*fleet{f}}
	for range clients {
		p := &producer{fleet: f, recorder: newRecorder()}
		for i := range 10_000 {
			d := time.Duration(1e6 * math.Pow(100, float64(i)/10_000))
			for _, l := range []*distribution{&p.recorder.response, &p.recorder.service, &p.recorder.wait, &p.recorder.lag} {
				l.exact.record(d)
			}
		}
		r.producer = append(r.producer, p)
	}
	sum := newLatencies(digits)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%clients == 0 { // an operation is a client
			r.fleetSnapshot(f, sum)
		}
	}
}
