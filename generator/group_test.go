package generator

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/cluster"
	"msklt/report"
	"msklt/scenario"
)

// TestReceive holds how offsets that a group passes are counted: with the log's
// start, retention explains a gap up to there, and nothing beyond it.
func TestReceive(t *testing.T) {
	record := func(offset int64) *kgo.Record { return &kgo.Record{Offset: offset} }
	p := &readProgress{begin: 10, next: 10, before: 20}
	for _, step := range []struct {
		offsets        []int64
		first          int64 // log start
		fresh          int64
		next, consumed int64
		expired        int64
		skipped        int64
		duplicates     int64
	}{
		{[]int64{10, 11}, 0, 10, 12, 2, 0, 0, 0},
		{[]int64{11, 12}, 0, 12, 13, 3, 0, 0, 1},
		{[]int64{15}, 15, 13, 16, 4, 2, 0, 1},        // 13 and 14 have expired
		{[]int64{18}, 16, 16, 19, 5, 2, 2, 1},        // 16 and 17 are in the log
		{[]int64{25}, 22, 19, 26, 6, 5, 5, 1},        // 19 to 21 have expired, 22 to 24 hold nothing
		{[]int64{26}, 1000, 26, 27, 7, 5, 5, 1},      // it came, so it had not expired yet
		{[]int64{28}, -1, 27, 29, 8, 5, 6, 1},        // an old broker does not tell its log start
		{nil, 500, 29, 29, 8, 5, 6, 1},               // nothing came
		{[]int64{27, 28, 29}, 0, 29, 30, 9, 5, 6, 3}, // an owner before had read two
	} {
		var records []*kgo.Record
		for _, o := range step.offsets {
			records = append(records, record(o))
		}
		if fresh := p.receive(records, step.first); fresh != step.fresh {
			t.Errorf("%v: fresh from %d on, want %d", step.offsets, fresh, step.fresh)
		}
		if p.next != step.next || p.consumed != step.consumed || p.expired != step.expired || p.skipped != step.skipped || p.duplicates != step.duplicates {
			t.Errorf("%v: %+v, want %+v", step.offsets, p, step)
		}
		if p.consumed+p.expired+p.skipped != p.next-p.begin {
			t.Errorf("%v: %d offsets passed, %d counted", step.offsets, p.next-p.begin, p.consumed+p.expired+p.skipped)
		}
	}
	if p.finish(33, 40); p.expired != 8 || p.unread != 7 {
		t.Errorf("after the run %+v", p)
	}
}

// TestGapsAreExplained holds that offsets without a record make a run invalid,
// unless something is known that leaves as many.
func TestGapsAreExplained(t *testing.T) {
	compacted := scenario.Topic{Name: "t", Config: map[string]string{"cleanup.policy": "compact,delete"}}
	for name, c := range map[string]struct {
		topic     scenario.Topic
		created   bool
		load      *partitionLoad
		committed bool // the group reads only what was committed
		skipped   int64
		lost      float64
	}{
		"no gap":                {topic: scenario.Topic{Name: "t"}, created: true},
		"a gap":                 {topic: scenario.Topic{Name: "t"}, created: true, skipped: 2, lost: 2},
		"of a template":         {topic: scenario.Topic{Name: "t", Count: 1}, created: true, skipped: 1, lost: 1},
		"markers":               {topic: scenario.Topic{Name: "t"}, created: true, load: &partitionLoad{markers: 2, unsure: 1}, skipped: 3},
		"more than markers":     {topic: scenario.Topic{Name: "t"}, created: true, load: &partitionLoad{markers: 2, unsure: 1}, skipped: 4, lost: 1},
		"aborted, but all read": {topic: scenario.Topic{Name: "t"}, created: true, load: &partitionLoad{markers: 1, aborted: 5}, skipped: 6, lost: 5},
		"aborted":               {topic: scenario.Topic{Name: "t"}, created: true, load: &partitionLoad{markers: 1, aborted: 5}, committed: true, skipped: 6},
		"compaction":            {topic: compacted, created: true, skipped: 5},
		"others":                {topic: scenario.Topic{Name: "t", Existing: true}, skipped: 5},
	} {
		if c.load == nil {
			c.load = newPartitionLoad()
		}
		instance := c.topic.Instances()[0].Name
		topic := &cluster.Topic{Name: instance, Actual: "run-t", Created: c.created, Start: []int64{0}, End: []int64{10}, First: []int64{0}}
		g := &group{topics: []*cluster.Topic{topic}, progress: map[string][]*readProgress{
			"run-t": {{next: 10, consumed: 10 - c.skipped, skipped: c.skipped}},
		}}
		g.Settings.ReadCommitted = c.committed
		r := &run{
			Config: Config{Scenario: &scenario.Scenario{Topics: []scenario.Topic{c.topic}}}, ends: true,
			groups: []*group{g}, loads: map[string][]*partitionLoad{"run-t": {c.load}},
		}
		seen := false
		r.checkCounts(&report.Result{}, func(ok bool, reason report.Reason) {
			if reason.Check == "consumed" {
				seen = true
				if ok != (c.lost == 0) || reason.Observed != c.lost {
					t.Errorf("%s: %v, %+v, want %.0f", name, ok, reason, c.lost)
				}
			}
		})
		if !seen {
			t.Errorf("%s: not checked", name)
		}
	}
}
