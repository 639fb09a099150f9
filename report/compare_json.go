package report

import (
	"math"
	"time"

	"msklt/internal/compare"
)

// ComparisonSchema names the version of what msklt compare --json prints.
const ComparisonSchema = "msklt.comparison/v1"

// ComparisonJSON is a comparison for programs: without the results, which have
// files of their own, and with null for what is not known.
type ComparisonJSON struct {
	Schema       string        `json:"schema"`
	Confidence   float64       `json:"confidence"`
	MinEffect    float64       `json:"min_effect"`
	WithinOneRun bool          `json:"within_one_run"`
	Before       []ComparedRun `json:"before"`
	After        []ComparedRun `json:"after"`
	Unlike       []string      `json:"unlike"`
	Beware       []string      `json:"beware"`
	Changes      []Change      `json:"changes"`
	Metrics      []MetricJSON  `json:"metrics"`
}

// ComparedRun tells which run was compared.
type ComparedRun struct {
	Folder    string    `json:"folder"`
	Scenario  string    `json:"scenario"`
	Hash      string    `json:"hash"`
	StartedAt time.Time `json:"started_at"`
}

// MetricJSON is one metric: a finding, or why there is none.
type MetricJSON struct {
	Name    string       `json:"name"`
	Unit    string       `json:"unit"`
	Better  string       `json:"better"` // "lower" or "higher"
	Unknown string       `json:"unknown,omitempty"`
	Finding *FindingJSON `json:"finding"`
}

// FindingJSON is a finding. Differences are shares of before's median.
type FindingJSON struct {
	Before     SideJSON `json:"before"`
	After      SideJSON `json:"after"`
	Difference *float64 `json:"difference"`
	Low        *float64 `json:"low"`
	High       *float64 `json:"high"`
	P          *float64 `json:"p"`
	Word       string   `json:"word"`
	MoreRuns   int      `json:"more_runs"`
	Method     string   `json:"method"`
}

// SideJSON is one side of a finding.
type SideJSON struct {
	N      int      `json:"n"`
	Median *float64 `json:"median"`
}

// JSON is the comparison for programs; the folders are those of the runs, in their
// order.
func (c *Comparison) JSON(before, after []string) ComparisonJSON {
	out := ComparisonJSON{
		Schema: ComparisonSchema, Confidence: c.Options.Confidence, MinEffect: c.Options.MinEffect, WithinOneRun: c.Within,
		Before: comparedRuns(c.Before, before), After: comparedRuns(c.After, after),
		Unlike: append([]string{}, c.Unlike...), Beware: append([]string{}, c.Beware...), Changes: append([]Change{}, c.Changes...),
	}
	for _, m := range c.Metrics {
		metric := MetricJSON{Name: m.Name, Unit: m.Unit, Better: "lower", Unknown: m.Unknown}
		if m.Better == compare.Higher {
			metric.Better = "higher"
		}
		if m.Unknown == "" {
			metric.Finding = findingJSON(m.Finding)
		}
		out.Metrics = append(out.Metrics, metric)
	}
	return out
}

func comparedRuns(runs []*Result, folders []string) (list []ComparedRun) {
	for i, r := range runs {
		list = append(list, ComparedRun{folders[i], r.Scenario.Name, r.Scenario.Hash, r.StartedAt})
	}
	return list
}

func findingJSON(f compare.Finding) *FindingJSON {
	out := &FindingJSON{
		Before: SideJSON{f.Before.N, number(f.Before.Median)}, After: SideJSON{f.After.N, number(f.After.Median)},
		Difference: number(f.Difference), P: number(f.P), Word: string(f.Word), MoreRuns: f.MoreRuns, Method: f.Method,
	}
	if f.Bounded {
		out.Low, out.High = number(f.Low), number(f.High)
	}
	return out
}

// number is null where there is none.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
