package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"msklt/internal/limits"
)

// TestNotKnownBefore: where fleets send as fast as they can, no number stands for what
// nobody knew before the run.
func TestNotKnownBefore(t *testing.T) {
	r, _ := hotKey()
	for i := range r.Partitions {
		r.Partitions[i].Predicted, r.Partitions[i].PredictedConsumed = 0, 0
	}
	r.Plan.Totals.LowerBound = "checkout"
	none, some := &r.Plan.Limits[0], &r.Plan.Limits[1]
	none.LowerBound, none.Predicted, none.Use = true, 0, 0
	some.LowerBound, some.UpperBound = true, false
	for _, c := range []struct {
		limit     *limits.PlannedLimit
		predicted string
	}{{none, "not known"}, {some, "≥ " + plannedQuantity(some.Predicted, some.Unit)}} {
		named := func(name string) bool { return name == string(c.limit.Limit) }
		all, used := forecasts(r), plannedUses(r)
		f := all[slices.IndexFunc(all, func(f forecast) bool { return named(f.Limit) })]
		u := used[slices.IndexFunc(used, func(u plannedUse) bool { return named(u.Limit) })]
		if f.Predicted != c.predicted || u.Predicted != c.predicted || u.PredictedShare != -1 {
			t.Errorf("%s: %+v, %+v, want %s", c.limit.Limit, f, u, c.predicted)
		}
	}
	var summary bytes.Buffer
	Summary(&summary, r, false, 80)
	if said := summary.String(); !strings.Contains(said, "hottest ") || strings.Contains(said, "predicted") {
		t.Error(said)
	}
	if row := partitionTable(r, "").Rows[0]; row[3] != "–" {
		t.Errorf("%q", row)
	}
	p := &Plan{Plan: *r.Plan}
	p.Clients = []limits.PlannedFleet{{Fleet: "checkout", Clients: 4, LowerBound: true}, {Fleet: "billing", Clients: 1, LowerBound: true}}
	var plan bytes.Buffer
	WritePlan(&plan, p, false, 80)
	if said := plan.String(); !strings.Contains(said, "hottest      not known (fleet checkout sends as fast as it can)\n") ||
		strings.Count(said, ", requests not known") != 2 {
		t.Error(said)
	}
}
