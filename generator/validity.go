package generator

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"msklt/internal/cluster"
	"msklt/report"
	"msklt/scenario"
)

// validity checks whether the numbers are the cluster's and not the generator's,
// and whether every record is accounted for.
func (r *run) validity(res *report.Result) report.Validity {
	v := report.Validity{Valid: true, Reasons: []report.Reason{}}
	check := func(ok bool, c report.Reason) {
		v.Checks = append(v.Checks, c)
		if !ok {
			v.Valid = false
			v.Reasons = append(v.Reasons, c)
		}
	}
	for _, c := range r.evidence(res).checks() {
		check(c.ok, c.Reason)
	}
	r.checkCounts(res, check)
	return v
}

// checkCounts holds the generator's counts against the log's.
func (r *run) checkCounts(res *report.Result, check func(bool, report.Reason)) {
	r.checkKnown(check)
	if !r.ends {
		return
	}
	r.checkLog(res, check)
	var lost float64
	for _, g := range r.groups {
		for _, t := range g.topics {
			if !r.known(t) {
				continue
			}
			for i, p := range g.progress[t.Actual] {
				lost += math.Abs(float64(r.grown(t, i, p.begin) - p.consumed - p.expired - p.skipped - p.unread))
				lost += math.Max(0, float64(p.skipped-r.gaps(g, t, i)))
			}
		}
	}
	check(lost == 0, report.Reason{Check: "consumed", Observed: lost, Bound: 0, Unit: "records",
		Message: fmt.Sprintf("%.0f records were neither read by their group, nor expired, nor left in the log", lost)})
}

// checkKnown tells of logs of which the end is not known.
func (r *run) checkKnown(check func(bool, report.Reason)) {
	c := report.Reason{Check: "log_end_known", Unit: "topics unknown", Message: "the log-end offsets after the run were read"}
	var gone []string
	for _, t := range r.sortedTopics() {
		if !r.known(t) {
			c.Observed++
		}
		if r.gone[t] {
			gone = append(gone, t.Name)
		}
	}
	switch {
	case !r.ends:
		c.Message = "the log-end offsets after the run could not be read; nothing is reconciled"
	case len(gone) > 0:
		c.Message = fmt.Sprintf("deleted during the run: topic %s; what became of its records is not known", strings.Join(gone, ", "))
	}
	check(c.Observed == 0, c)
}

// checkLog holds acknowledgements against the log. What was not acknowledged may be
// there all the same: records that failed, and those that a producer without
// idempotence sent again.
func (r *run) checkLog(res *report.Result, check func(bool, report.Reason)) {
	var missing, extra, explained float64
	n := 0
	for _, t := range r.sortedTopics() {
		for _, l := range r.loads[t.Actual] {
			p := res.Partitions[n]
			n++
			if p.LogEndUnknown {
				continue
			}
			more := float64(p.LogEndDelta - p.AckedRecords - p.Markers)
			missing += math.Max(0, -more)
			extra += math.Max(0, more)
			explained += math.Min(math.Max(0, more), float64(l.failed+l.unsure+p.PossibleDuplicates))
		}
	}
	if r.acksNone() {
		missing = 0 // with acks 0 nothing is acknowledged; what arrived is the log-end delta
	}
	check(missing == 0, report.Reason{Check: "acked_in_log", Observed: missing, Bound: 0, Unit: "records",
		Message: fmt.Sprintf("%.0f acknowledged records or markers of transactions are not in the log", missing)})
	check(extra <= explained || r.shared(), report.Reason{Check: "log_explained", Observed: extra, Bound: explained, Unit: "records",
		Message: fmt.Sprintf("the log grew by %.0f records that were not acknowledged, of which records that failed or were sent again explain %.0f: others write to the topic, or records were appended twice", extra, explained)})
}

// gaps is how many offsets of a partition may hold no record for a group: markers
// of the run's transactions and, where it reads committed records only, what they
// aborted. In a topic that is compacted or that others wrote to it can be any.
func (r *run) gaps(g *group, t *cluster.Topic, partition int) int64 {
	if !t.Created || r.compacted(t) {
		return math.MaxInt64
	}
	l := r.loads[t.Actual][partition]
	n := l.markers + l.unsure
	if g.Settings.ReadCommitted {
		n += l.aborted
	}
	return n
}

func (r *run) compacted(t *cluster.Topic) bool {
	return slices.ContainsFunc(r.Scenario.Topics, func(w scenario.Topic) bool {
		return strings.Contains(w.Config["cleanup.policy"], "compact") &&
			slices.ContainsFunc(w.Instances(), func(i scenario.Topic) bool { return i.Name == t.Name })
	})
}

func (r *run) acksNone() bool {
	for _, f := range r.fleets {
		if f.Settings.Acks == "0" {
			return true
		}
	}
	return false
}

// shared tells whether others may write to a topic of the run.
func (r *run) shared() bool {
	for _, t := range r.topics {
		if !t.Created {
			return true
		}
	}
	return false
}
