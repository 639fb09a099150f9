package limits_test

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"msklt/internal/embedded"
	"msklt/internal/kafkatest/need"
	"msklt/internal/limits"
	"msklt/scenario"
)

// What a plan may be off by (issue 4, "What gets checked").
const (
	bytesTolerance    = 0.02
	requestsTolerance = 0.25
	loadTolerance     = 0.05 // a run at 0.95 times the load factor fits, one at 1.05 binds
	timeTolerance     = 0.15
	throughTolerance  = 0.10 // what gets through beyond a limit
	mostLoad          = 3.5  // loads beyond it are not run: logs of 128 MiB lose what a paused group has to read
)

// TestPlanAgainstTruth holds the plan of one scenario against the truth of its runs,
// TestPlanAgainstTruthLong those of all.
func TestPlanAgainstTruth(t *testing.T) { calibrate(t, "testdata/plans/eager.yaml") }

func TestPlanAgainstTruthLong(t *testing.T) {
	need.Require(t, need.Long())
	for _, pattern := range []string{"testdata/plans/*.yaml", "../../scenarios/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no scenarios in %s (%v)", pattern, err)
		}
		for _, file := range files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) { calibrate(t, file) })
		}
	}
}

func calibrate(t *testing.T, file string) {
	s, err := scenario.Load(file, scenario.Options{Profiles: limits.Profiles()})
	if err != nil {
		t.Fatal(err)
	}
	l, err := limits.Resolve(s.Limits)
	if err != nil {
		t.Fatal(err)
	}
	plan := limits.MakePlan(s, l, brokers)
	t.Run("load", func(t *testing.T) { checkLoad(t, s, plan) })
	if plan.First == nil {
		return
	}
	t.Logf("first %s of %s at %.3f times the load", plan.First.Limit, plan.First.Scope, plan.First.LoadFactor)
	t.Run("limits", func(t *testing.T) { checkLimits(t, s, l, plan) })
	if plan.First.LoadFactor > mostLoad {
		return
	}
	t.Run("fits", func(t *testing.T) { checkEdge(t, s, l, plan, (1-loadTolerance)*plan.First.LoadFactor, false) })
	t.Run("binds", func(t *testing.T) { checkEdge(t, s, l, plan, (1+loadTolerance)*plan.First.LoadFactor, true) })
}

// checkLoad runs without limits and compares bytes of every partition, requests and
// connections.
func checkLoad(t *testing.T, s *scenario.Scenario, plan limits.Plan) {
	r := play(t, s, limits.Limits{}, brokers)
	type bytes struct{ in, out float64 }
	truth := map[string]*bytes{}
	records := map[string]float64{}
	seconds := 0.0
	for _, p := range s.Phases {
		if p.Measure {
			seconds += p.Duration.Seconds()
		}
	}
	for _, row := range r.rows {
		if row.Scope != "partition" || !r.measured(row.Second) {
			continue
		}
		where := named(row)
		if truth[where] == nil {
			truth[where] = &bytes{}
		}
		truth[where].in += float64(row.BytesIn) / seconds
		truth[where].out += float64(row.BytesOut) / seconds
		records[where] += float64(row.RecordsIn)
	}
	worst := 0.0
	for _, load := range limits.Predict(s, brokers) {
		where := fmt.Sprintf("%s/%d", load.Topic, load.Partition)
		got := truth[where]
		if got == nil {
			got = &bytes{}
		}
		within := max(bytesTolerance, 3*samplingError(s, load, records[where], plan))
		off := math.Abs(got.in/load.MeanIngress - 1)
		if load.MeanIngress == 0 {
			off = got.in
		}
		worst = max(worst, off/within)
		if !(off <= within) {
			t.Errorf("%s: %.0f bytes/s in, predicted %.0f (%.1f %% off, %.1f %% allowed)", where, got.in, load.MeanIngress, 100*off, 100*within)
		}
		if ahead := fetchedAhead(s, seconds); load.MeanEgress > 0 && !(math.Abs(got.out-load.MeanEgress) <= within*load.MeanEgress+ahead) {
			t.Errorf("%s: %.0f bytes/s out, predicted %.0f", where, got.out, load.MeanEgress)
		}
	}
	t.Logf("bytes of partitions: at worst %.0f %% of what is allowed", 100*worst)
	checkRequests(t, s, plan, r)
	open := int64(0)
	for _, row := range r.rows {
		open = max(open, row.Connections)
	}
	t.Logf("%d connections at most, planned %.0f", open, plan.Connections.Open)
	if !(math.Abs(float64(open)/plan.Connections.Open-1) <= 0.25) {
		t.Errorf("%d connections at most, planned %.0f", open, plan.Connections.Open)
	}
}

// fetchedAhead is by how many bytes per second what is read of a partition may be
// more or less than planned, because groups that process their records have fetched
// more than they have processed: the fetch that is being processed, and one more.
func fetchedAhead(s *scenario.Scenario, seconds float64) (sum float64) {
	for _, g := range s.Consumers {
		if g.Processing != (scenario.Processing{}) {
			sum += 2 * float64(g.Settings.FetchMaxPartitionBytes) / seconds
		}
	}
	return sum
}

// named is the partition of a row as the scenario calls it.
func named(row embedded.Row) string {
	topic := row.Topic
	if parts := strings.SplitN(topic, "-", 3); len(parts) == 3 && parts[0] == "msklt" {
		topic = parts[2]
	}
	return fmt.Sprintf("%s/%d", topic, row.Partition)
}

// samplingError is the standard error of a partition's bytes: keys and sizes are
// drawn record by record, and records without a key fall to a partition batch by
// batch.
func samplingError(s *scenario.Scenario, load limits.Load, records float64, plan limits.Plan) float64 {
	if records == 0 {
		return 1
	}
	spread, each := 0.0, 1.0
	for i, f := range s.Producers {
		v, values := 0.0, scenario.NewValues(f.Value, s.Seed, f.Name)
		const n = 4096
		for slot := range int64(n) {
			size, _, _ := values.Draw(slot)
			v += math.Pow(float64(size)/f.Value.MeanBytes(), 2) / n
		}
		spread = max(spread, v-1)
		if f.Key.Keys == 0 && !f.Partition.Fixed && !f.Partition.RoundRobin {
			each = max(each, plan.Clients[i].RecordsPerBatch)
		}
	}
	return math.Sqrt((1 + spread) * each / records)
}

// checkRequests compares the requests of fleets, as far as their rates are steady,
// and holds those of groups under their bound.
func checkRequests(t *testing.T, s *scenario.Scenario, plan limits.Plan, r trial) {
	for i, f := range s.Producers {
		if !steadyRate(s, f) {
			continue
		}
		got, want := r.requests(f.Name, f.Settings.ClientID), plan.Clients[i].RequestsPerSecond
		t.Logf("%s: %.0f requests/s, planned %.0f (%+.1f %%)", f.Name, got, want, 100*(want/got-1))
		if !(math.Abs(want/got-1) <= requestsTolerance) {
			t.Errorf("%s: %.0f requests/s, planned %.0f", f.Name, got, want)
		}
	}
	for i, g := range s.Consumers {
		got, most := r.requests(g.Name, g.Settings.ClientID), plan.Clients[len(s.Producers)+i].RequestsPerSecond
		t.Logf("%s: %.0f requests/s, planned at most %.0f", g.Name, got, most)
		if !(got <= 1.02*most) {
			t.Errorf("%s: %.0f requests/s, planned at most %.0f", g.Name, got, most)
		}
	}
}

// steadyRate tells whether a fleet's rate stays the same through the measured phases.
func steadyRate(s *scenario.Scenario, f scenario.Producer) bool {
	for _, p := range s.Phases {
		if p.Measure && (p.Load.Shape != scenario.Constant || p.Load.To != 1) {
			return false
		}
	}
	return f.Rate.Curve.Shape == scenario.Constant
}

// checkLimits runs at load 1 and compares which limits are met, when the first one
// is, and what gets through.
func checkLimits(t *testing.T, s *scenario.Scenario, l limits.Limits, plan limits.Plan) {
	r := play(t, s, l, brokers)
	met := r.throttles()
	for _, p := range plan.Limits {
		at, did := met[p.Limit]
		if did != p.Met && p.Limit.Observed() {
			t.Errorf("%s: met %v, planned %v (%v)", p.Limit, did, p.Met, at)
		}
		if p.Limit != plan.First.Limit || !did || p.BindsAfterSeconds == nil {
			continue
		}
		// The truth says which second.
		t.Logf("%s: first throttled within %.0f to %.0f s, planned %.2f s", p.Limit, at, at+1, *p.BindsAfterSeconds)
		if !(*p.BindsAfterSeconds >= at*(1-timeTolerance) && *p.BindsAfterSeconds <= (at+1)*(1+timeTolerance)) {
			t.Errorf("%s: first throttled within %.0f to %.0f s, planned %.2f s", p.Limit, at, at+1, *p.BindsAfterSeconds)
		}
	}
	steady := !slices.ContainsFunc(s.Producers, func(f scenario.Producer) bool { return !steadyRate(s, f) })
	if plan.Beyond != nil && steady && s.Producers[0].Key.HotMoves == 0 {
		checkThrough(t, r, plan)
	}
}

// checkThrough compares what got through in the last eleven seconds.
func checkThrough(t *testing.T, r trial, plan limits.Plan) {
	last := int64(0)
	for _, row := range r.rows {
		if r.measured(row.Second) {
			last = max(last, row.Second)
		}
	}
	egress := strings.HasSuffix(string(plan.First.Limit), "egress")
	sum := 0.0
	for _, row := range r.rows {
		if row.Scope == "partition" && row.Second > last-11 && row.Second <= last {
			if egress {
				sum += float64(row.BytesOut) / 11
			} else {
				sum += float64(row.BytesIn) / 11
			}
		}
	}
	t.Logf("%.0f bytes/s got through in the last 11 s, planned %.0f", sum, plan.Beyond.SharedBytesPerSecond)
	if !(math.Abs(sum/plan.Beyond.SharedBytesPerSecond-1) <= throughTolerance) {
		t.Errorf("%.0f bytes/s got through in the last 11 s, planned %.0f", sum, plan.Beyond.SharedBytesPerSecond)
	}
}

// checkEdge runs at a load just below or above the first limit's.
func checkEdge(t *testing.T, s *scenario.Scenario, l limits.Limits, plan limits.Plan, load float64, binds bool) {
	met := play(t, at(s, load), l, brokers).throttles()
	first, earliest := limits.Name(""), math.Inf(1)
	for _, n := range slices.Sorted(maps.Keys(met)) {
		if met[n] < earliest {
			first, earliest = n, met[n]
		}
	}
	switch {
	case !binds && first != "":
		t.Errorf("at %.3f times the load %s throttles after %.0f s", load, first, earliest)
	case binds && first != plan.First.Limit:
		t.Errorf("at %.3f times the load %q throttles first, planned %s", load, first, plan.First.Limit)
	}
}
