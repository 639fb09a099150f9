package generator

import (
	"fmt"
	"strings"
	"time"

	"msklt/internal/cluster"
	"msklt/scenario"
)

// moment is when thresholds look at the run: while traffic flows, or after
// everything is known. What is measured counts up to end.
type moment struct {
	end  time.Duration
	live bool
}

const nothingMeasured = "nothing was measured"

// observe works out a threshold's metric. It may run beside the traffic: locks
// are held for as long as a copy takes.
func (r *run) observe(t scenario.Threshold, m moment) observation {
	if t.Partition >= 0 {
		if n := len(r.topics[t.Topic].Leaders); int(t.Partition) >= n {
			return observation{missing: fmt.Sprintf("%s has %d partitions", t.Topic, n)}
		}
	}
	switch t.Metric {
	case "throttled.share":
		return r.throttledShare(t, m)
	case "failed", "unsent":
		return r.countOf(t)
	case "backlog":
		return r.backlogOf(t, m)
	case "acked.rate", "offered.rate":
		return r.rateOf(t, m)
	}
	latency, point, _ := strings.Cut(t.Metric, ".")
	return r.latencyOf(t, latency, m).named(point)
}

// producersOf are the producing clients that a threshold is of.
func (r *run) producersOf(t scenario.Threshold) []*producer {
	var out []*producer
	for _, p := range r.producer {
		if (t.Fleet == "" || p.Name == t.Fleet) && (t.Topic == "" || p.Topic == t.Topic) {
			out = append(out, p)
		}
	}
	return out
}

// latencyOf merges what the clients recorded of a latency.
func (r *run) latencyOf(t scenario.Threshold, latency string, m moment) distribution {
	if t.Partition >= 0 {
		return r.loads[r.topics[t.Topic].Actual][t.Partition].soFar()
	}
	sum := newDistribution(digits)
	switch {
	case latency == "end_to_end":
		for _, g := range r.groups {
			for _, member := range g.everyMember() {
				if t.Group == "" || g.Name == t.Group {
					sum.merge(member.soFar())
				}
			}
		}
	default:
		for _, p := range r.producersOf(t) {
			sum.merge(p.recorder.soFar(latency, m))
		}
	}
	return sum
}

// named is one point of a latency: p50 to p999, max.
func (d distribution) named(name string) observation {
	all := d.all()
	if all.TotalCount() == 0 {
		return observation{missing: nothingMeasured}
	}
	if name == "max" {
		return observation{value: millis(time.Duration(all.Max())), atLeast: d.censored != nil && d.censored.TotalCount() > 0}
	}
	q := map[string]float64{"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}[name]
	ms, atLeast := d.point(all, q)
	return observation{value: ms, atLeast: atLeast}
}

func (r *run) throttledShare(t scenario.Threshold, m moment) observation {
	topics := r.topicsNamed(t.Topic)
	match := func(l *link) bool {
		switch {
		case t.Fleet+t.Group != "":
			return r.observer.owners[l.client] == t.Fleet+t.Group
		case t.Partition >= 0:
			return l.carries(r.observer.topics.byName[r.topics[t.Topic].Actual].first + int(t.Partition))
		case t.Topic != "":
			return r.carriesOne(l, topics)
		}
		return true
	}
	spans, total := r.measuredTo(m.end)
	r.observer.mu.Lock()
	defer r.observer.mu.Unlock()
	share, known := r.observer.shareIfAny(spans, total, match)
	if !known {
		return observation{missing: "no connection carried records in the measured phases"}
	}
	return observation{value: share}
}

// carriesOne tells whether a link carried a partition of one of the topics.
func (r *run) carriesOne(l *link, topics []*cluster.Topic) bool {
	for _, t := range topics {
		first := r.observer.topics.byName[t.Actual].first
		for p := range t.Leaders {
			if l.carries(first + p) {
				return true
			}
		}
	}
	return false
}

// countOf counts records of the whole run.
func (r *run) countOf(t scenario.Threshold) observation {
	var n int64
	for _, p := range r.producersOf(t) {
		if t.Metric == "unsent" {
			n += p.unsent
			continue
		}
		p.recorder.mu.Lock()
		n += p.recorder.failedRecords
		p.recorder.mu.Unlock()
	}
	return observation{value: float64(n)}
}

// backlogOf is the highest backlog of a group, or of the group that has the highest.
func (r *run) backlogOf(t scenario.Threshold, m moment) observation {
	out := observation{missing: "no group was read in a whole measured second"}
	for _, g := range r.groups {
		if t.Group != "" && g.Name != t.Group {
			continue
		}
		if n, known := r.worstBacklog(g, m.end); known {
			out = observation{value: max(out.value, float64(n))}
		}
	}
	return out
}

// rateOf is a mean over the whole seconds of the measured phases, as [run.rates].
func (r *run) rateOf(t scenario.Threshold, m moment) observation {
	var seconds []int
	for s := range int(m.end / time.Second) {
		if r.whollyTo(s, m.end) {
			seconds = append(seconds, s)
		}
	}
	if len(seconds) == 0 {
		return observation{missing: "no whole second was measured"}
	}
	sum := 0.0
	for _, p := range r.producersOf(t) {
		p.recorder.mu.Lock()
		for _, s := range seconds {
			switch {
			case s >= len(p.recorder.seconds):
			case t.Metric == "acked.rate":
				sum += float64(p.recorder.seconds[s].ackedBytes)
			default:
				sum += float64(p.recorder.seconds[s].offered) * p.recordBytes
			}
		}
		p.recorder.mu.Unlock()
	}
	return observation{value: sum / float64(len(seconds))}
}
