package generator

import "time"

// backlog is how many records the group has still to receive: those that were in
// the logs before the traffic, from where the group began, and those that the
// run's producers have had acknowledged. What others write to the same topics is
// not in it. Markers of transactions do not count.
func (g *group) backlog() (n int64) {
	for _, t := range g.topics {
		loads := g.loads[t.Actual]
		for i, p := range g.progress[t.Actual] {
			// The position first: what is acknowledged meanwhile is not yet read.
			passed := p.passed()
			n += max(0, p.before+loads[i].ackedSoFar()-passed)
		}
	}
	return n
}

// worstBacklog is a group's highest backlog at the end of a measured second that was
// over by a time; known is false when there was none. Like the sampling, it is for
// the goroutine that watches, or for after the run.
func (r *run) worstBacklog(g *group, end time.Duration) (worst int64, known bool) {
	for second, n := range g.backlogs {
		if r.whollyTo(second, end) {
			worst, known = max(worst, n), true
		}
	}
	return worst, known
}
