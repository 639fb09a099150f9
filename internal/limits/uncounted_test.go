package limits

import (
	"fmt"
	"strings"
	"testing"

	"msklt/scenario"
)

// uncounted has 5 MB/s for a topic that is one of 12 partitions, or exists, and is read
// once.
const uncounted = `{version: 1, name: uncounted, topics: {t: %s}, consumers: {g: {topics: [t]}},
  limits: {extends: msk-serverless, broker: {ingress: 100MB/s}, client: {egress: 100MB/s}},
  producers: {p: {topic: t, rate: %s, value: {size: 1KB}}}, phases: [{name: steady, duration: 100s}]}`

func planUncounted(t *testing.T, topic, rate string) Plan {
	t.Helper()
	s, err := scenario.Parse("uncounted.yaml", fmt.Appendf(nil, uncounted, topic, rate), scenario.Options{Profiles: Profiles()})
	if err != nil {
		t.Fatal(err)
	}
	l, err := Resolve(s.Limits)
	if err != nil {
		t.Fatal(err)
	}
	return MakePlan(s, l, 3)
}

// TestPlanOfUncountedTopic: what goes to an existing topic counts in all sums, whose
// partitions nobody has counted; what a partition, a broker or a client gets is said
// not to be known.
func TestPlanOfUncountedTopic(t *testing.T) {
	known, p := planUncounted(t, "{partitions: 12}", "5MB/s"), planUncounted(t, "{existing: true}", "5MB/s")
	want := known.Totals
	want.Partitions, want.Uncounted, want.UncountedBytesInPerSecond = 0, 1, want.BytesInPerSecond
	if p.Totals != want || want.BytesInPerSecond < 5e6 || want.RunBytesOut < 500e6 {
		t.Errorf("totals %+v, want %+v", p.Totals, want)
	}
	if len(p.Partitions) > 0 || p.Creation.Partitions > 0 {
		t.Errorf("partitions %v, creation %+v", p.Partitions, p.Creation)
	}
	for i, l := range p.Limits {
		scope, _, _ := strings.Cut(string(l.Limit), ".")
		unknown := scope != "cluster" || l.Limit == ClusterPartitions
		if l.LowerBound != unknown || known.Limits[i].LowerBound {
			t.Errorf("%s: a lower bound: %v", l.Limit, l.LowerBound)
		}
		if predicted := known.Limits[i].Predicted; !unknown && l.Predicted != predicted || unknown && l.Predicted != 0 {
			t.Errorf("%s: %v, of a topic with 12 partitions %v", l.Limit, l.Predicted, predicted)
		}
	}
	if all := strings.Join(p.Assumptions, "\n"); !strings.Contains(all, "Topic t exists, and how many partitions it has is not known") {
		t.Error(all)
	}
}

// TestPlanWithoutRate: what is sent as fast as it goes is in no limit on the load.
func TestPlanWithoutRate(t *testing.T) {
	p := planUncounted(t, "{partitions: 12}", "max")
	if p.Totals.LowerBound != "p" {
		t.Errorf("totals %+v", p.Totals)
	}
	for _, l := range p.Limits {
		if load := strings.HasSuffix(string(l.Limit), "gress") || l.Limit == ClusterRequests; l.LowerBound != load {
			t.Errorf("%s: a lower bound: %v", l.Limit, l.LowerBound)
		}
	}
	for _, c := range p.Clients {
		if !c.LowerBound || c.UpperBound { // of the group, too: what it reads is not known
			t.Errorf("%+v", c)
		}
	}
	for _, c := range planUncounted(t, "{partitions: 12}", "5MB/s").Clients {
		if c.LowerBound || c.UpperBound != (c.Fleet == "g") {
			t.Errorf("%+v", c)
		}
	}
}
