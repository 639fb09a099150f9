package generator

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

// backlogAt is the group's backlog at the end of a second of the run; ok is false
// for one that has not ended.
func (g *group) backlogAt(second int) (n int64, ok bool) {
	if second < 0 || second >= len(g.backlogs) {
		return 0, false
	}
	return g.backlogs[second], true
}

// worstBacklog is a group's highest backlog at the end of a measured second.
func (r *run) worstBacklog(g *group) (worst int64) {
	for second, n := range g.backlogs {
		if r.wholly(second) {
			worst = max(worst, n)
		}
	}
	return worst
}
