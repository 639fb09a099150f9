package report

import (
	"slices"
	"strings"
	"testing"

	"msklt/internal/limits"
)

// twoPartitions is a run of so many seconds, of which the page shows both partitions.
func twoPartitions(length int) *Result {
	return &Result{
		DurationSeconds: float64(length), Timeline: make([]Second, length),
		Partitions: []Partition{{Topic: "t", Partition: 1}, {Topic: "t", Partition: 2}},
		Verdict:    Verdict{Headroom: []Headroom{{Limit: limits.PartitionIngress, Declared: 1000}}},
	}
}

// Steps of several seconds keep their extremes, and a second that the series
// leaves out counts as nothing.
func TestGridThins(t *testing.T) {
	var rows []PartitionSecond
	for s := range 1200 { // two seconds in each of 600 columns
		if s != 7 {
			rows = append(rows, PartitionSecond{Second: s, Topic: "t", Partition: 1, AckedBytes: int64(100 + s), Throttled: 0.5})
		}
	}
	rows = append(rows, PartitionSecond{Second: 3, Topic: "t", Partition: 2, AckedBytes: 1e9})
	g := gather(t, twoPartitions(1200), rows).grid()
	if g.step != 2 || g.columns != 600 {
		t.Fatalf("step %d, %d columns", g.step, g.columns)
	}
	if g.low[0][1] != 102 || g.high[0][1] != 103 {
		t.Errorf("seconds 2 and 3: %v to %v", g.low[0][1], g.high[0][1])
	}
	if g.low[0][3] != 0 || g.high[0][3] != 106 {
		t.Errorf("seconds 6 and 7: %v to %v", g.low[0][3], g.high[0][3])
	}
	if g.low[1][1] != 0 || g.high[1][1] != 1e9 || g.high[1][599] != 0 {
		t.Errorf("the partition with one second: %v to %v, then %v", g.low[1][1], g.high[1][1], g.high[1][599])
	}
	// The limit is 1,000 bytes/s: seconds 901 to 1,199 have more.
	if got, want := g.total[0], (rowTotal{above: 299, throttled: 1199 * 0.5}); got != want {
		t.Errorf("in all %+v, want %+v", got, want)
	}
}

// What is no second or no partition of the run is refused; some seconds after its
// end are not.
func TestGatherRefuses(t *testing.T) {
	for want, row := range map[string]PartitionSecond{
		"":                                      {Second: 70, Topic: "t", Partition: 2},
		"second -1 of t/1 lies far beyond":      {Second: -1, Topic: "t", Partition: 1},
		"second 1200 of t/1 lies far beyond":    {Second: 1200, Topic: "t", Partition: 1},
		"t/3 is not among the result's partiti": {Topic: "t", Partition: 3},
		"u/1 is not among the result's partiti": {Topic: "u", Partition: 1},
	} {
		_, err := Gather(twoPartitions(60), slices.Values([]PartitionSecond{row}))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", row, err, want)
		}
	}
}
