package report

import (
	"slices"

	"msklt/internal/compare"
)

// Comparison is two groups of runs held against each other.
type Comparison struct {
	Before, After []*Result
	Options       compare.Options
	Metrics       []MetricFinding
	// Unlike is in what the runs differ that makes them not comparable, one
	// sentence each.
	Unlike []string
	// Beware is in what else they differ, and does not forbid a comparison.
	Beware []string
	// Changes are the lines in which the resolved scenarios differ, as far as they
	// decide what a run measures.
	Changes []Change
	// Within says that there is one run a side, of which seconds are compared.
	Within bool
}

// MetricFinding is what came of one metric.
type MetricFinding struct {
	Name   string // as thresholds name it, where they do
	Unit   string // "bytes/s", "ms", "share", or a currency an hour
	Better compare.Better
	compare.Finding
	// Unknown says why there is nothing to compare; the finding is then empty.
	Unknown string
}

// Compare compares runs before with runs after, both at least one. Every metric
// is compared that all runs have; whether they should be is for the caller to
// decide by Unlike.
func Compare(before, after []*Result, o compare.Options) *Comparison {
	c := &Comparison{Before: before, After: after, Options: o, Within: len(before) == 1 && len(after) == 1}
	changed, unread := scenarioChanges(before, after)
	c.Changes = changed
	c.Unlike = slices.Concat(unread, unlikeScenarios(changed), c.traits(decidingTraits()), c.unfit(), c.repeated())
	c.Beware = c.traits(incidentalTraits())
	for _, m := range comparedMetrics() {
		c.Metrics = append(c.Metrics, c.find(m))
	}
	return c
}

// Worse tells whether any metric is worse after.
func (c *Comparison) Worse() bool { return len(c.called(compare.Worsened)) > 0 }

// called names the metrics of a word.
func (c *Comparison) called(word compare.Word) (names []string) {
	for _, m := range c.compared() {
		if m.Word == word {
			names = append(names, m.Name)
		}
	}
	return names
}

// compared are the metrics that all runs have.
func (c *Comparison) compared() (known []MetricFinding) {
	for _, m := range c.Metrics {
		if m.Unknown == "" {
			known = append(known, m)
		}
	}
	return known
}

// MoreRuns is how many more runs a side it takes at least; 0 where there are
// enough.
func (c *Comparison) MoreRuns() (n int) {
	for _, m := range c.compared() {
		if m.Word == compare.TooFewRuns {
			n = max(n, m.MoreRuns)
		}
	}
	return n
}

// find compares one metric: run by run, or second by second where there is one
// run a side and its seconds tell.
func (c *Comparison) find(m comparedMetric) MetricFinding {
	f := MetricFinding{Name: m.name, Unit: m.unit, Better: m.better}
	before, whyBefore := m.values(c.Before)
	after, whyAfter := m.values(c.After)
	if f.Unknown = lacking(len(c.Before), whyBefore, len(c.After), whyAfter); f.Unknown != "" {
		return f
	}
	if c.Within && m.second != nil {
		b, a := m.seconds(c.Before[0]), m.seconds(c.After[0])
		if len(b) > 0 && len(a) > 0 {
			f.Finding = compare.Within(b, a, m.statistic, m.better, c.Options)
			return f
		}
	}
	f.Finding = compare.Runs(before, after, m.better, c.Options)
	return f
}
