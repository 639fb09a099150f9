package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"msklt/internal/limits"
)

// A median is exact where every bound lies above it, whatever the bounds' values are.
func TestMedianOfBounds(t *testing.T) {
	exact := func(v float64) orMore { return orMore{value: v} }
	least := func(v float64) orMore { return orMore{value: v, lower: true} }
	for _, test := range []struct {
		all  []orMore
		want orMore
	}{
		{[]orMore{exact(3), exact(1), exact(2)}, exact(2)},
		{[]orMore{exact(1), exact(4)}, exact(2.5)},
		{[]orMore{least(9), exact(1), exact(2)}, exact(2)},     // 9 or more: still 2
		{[]orMore{least(1.5), exact(1), exact(2)}, least(1.5)}, // 1.5 to 2
		{[]orMore{exact(1), least(2)}, least(1.5)},
		{[]orMore{exact(1), exact(2), exact(3), least(3)}, exact(2.5)},
		{[]orMore{exact(1), least(2), exact(3), exact(4)}, least(2.5)},
		{[]orMore{least(5)}, least(5)},
	} {
		if got := medianOfBounds(test.all); got != test.want {
			t.Errorf("%v: %v, want %v", test.all, got, test.want)
		}
	}
}

// The median curve goes as far as all runs do, and knows what is a bound.
func TestMedianCurve(t *testing.T) {
	curved := func(factor float64, points int, censoredFrom float64) *Result {
		r := &Result{}
		for i := range points {
			q := 1 - math.Exp2(-float64(i)/8)
			r.Latency.Response.Curve = append(r.Latency.Response.Curve, CurvePoint{Quantile: q, Millis: factor * float64(i+1), Censored: q >= censoredFrom})
		}
		return r
	}
	runs := []*Result{curved(1, 40, 2), curved(3, 30, 0.9), curved(2, 50, 2), {}} // one without a curve
	got := medianCurve(runs, responseOf)
	if len(got) != 30 {
		t.Fatalf("%d points, want the 30 that all have", len(got))
	}
	for i, p := range got {
		// The middle one of the three is that of factor 2: the bounds lie above it.
		if want := (CurvePoint{Quantile: 1 - math.Exp2(-float64(i)/8), Millis: 2 * float64(i+1)}); p != want {
			t.Errorf("point %d is %+v, want %+v", i, p, want)
		}
	}
	for i, p := range medianCurve(runs[:2], responseOf) {
		if want := (CurvePoint{Quantile: 1 - math.Exp2(-float64(i)/8), Millis: 2 * float64(i+1), Censored: 1-math.Exp2(-float64(i)/8) >= 0.9}); p != want {
			t.Errorf("of two, point %d is %+v, want %+v", i, p, want)
		}
	}
}

// madeUp are runs of some seconds over partitions, whose bytes are given by run, second and
// partition.
func madeUp(t *testing.T, seconds, partitions []int, bytes func(run, second, partition int) int64) []sample {
	t.Helper()
	var list []sample
	for run := range seconds {
		r := &Result{DurationSeconds: float64(seconds[run]), Fleets: []Fleet{{Name: "f"}}, Rates: Rates{AckedBytesPerSecond: 1, OfferedBytesPerSecond: 1}}
		r.Verdict.Headroom = []Headroom{{Limit: limits.PartitionIngress, Declared: 5e6}}
		var rows []PartitionSecond
		for second := range seconds[run] {
			r.Timeline = append(r.Timeline, Second{Second: second})
			for p := range partitions[run] {
				n := bytes(run, second, p)
				r.Timeline[second].AckedBytes += n
				rows = append(rows, PartitionSecond{Second: second, Topic: "t", Partition: int32(p), AckedBytes: n})
			}
		}
		for p := range partitions[run] {
			r.Partitions = append(r.Partitions, Partition{Topic: "t", Partition: int32(p), Acked: float64(run+1) * 1e6 * float64(p+1)})
		}
		list = append(list, sample{r, rows})
	}
	return list
}

// Each cell is the median over a side's runs, as far as all of them go; the difference is
// that of the medians, where both sides have one.
func TestComparedCells(t *testing.T) {
	before := madeUp(t, []int{6, 8, 7}, []int{3, 3, 3}, func(run, second, p int) int64 {
		return []int64{1e6, 4e6, 2e6}[run] * int64(p+1) // the median: 2 MB/s × (p+1)
	})
	after := madeUp(t, []int{5, 9}, []int{2, 2}, func(run, second, p int) int64 {
		return int64(1+2*run) * 1e6 * int64(second) // the median: 2 MB/s × second
	})
	pathsBefore, resultsBefore := folders(t, before...)
	pathsAfter, resultsAfter := folders(t, after...)
	c := Compare(resultsBefore, resultsAfter, usual())
	s, err := c.ReadSeries(pathsBefore, pathsAfter)
	if err != nil {
		t.Fatal(err)
	}
	maps := heatMaps(c, s, newSide("before", resultsBefore), newSide("after", resultsAfter))
	want := [3][3][9]string{}
	for p := range 3 {
		for second := range 9 {
			b, a, d := "–", "–", "–"
			if second < 6 {
				b = megabytes(2e6 * float64(p+1))
			}
			if second < 5 && p < 2 {
				a = megabytes(2e6 * float64(second))
				d = signedMegabytes(2e6*float64(second) - 2e6*float64(p+1))
			}
			want[0][p][second], want[1][p][second], want[2][p][second] = b, a, d
		}
	}
	for m, h := range maps {
		if h.Columns != 9 || len(h.Readout.Rows) != 3 {
			t.Fatalf("%s has %d columns, rows %q", h.ID, h.Columns, h.Readout.Rows)
		}
		for p, row := range h.Readout.V {
			if !slices.Equal(row, want[m][p][:]) {
				t.Errorf("%s of t/%d: %q, want %q", h.ID, p, row, want[m][p])
			}
		}
		if h.Top != map[bool]string{false: "8.00 MB/s", true: "+6.00 MB/s"}[m == 2] { // most: 2 × 4, and 2·4 − 2·1
			t.Errorf("%s goes to %s", h.ID, h.Top)
		}
	}
	// The means are 2, 4, 6 and 1.5, 3 MB/s.
	if got := rankedChanges(s.frame.direction, newSide("before", resultsBefore), newSide("after", resultsAfter)); len(got) != 2 ||
		got[0].Name != "t/1" || got[0].Before != "4.00" || got[0].After != "3.00" || got[0].By != "−1.00" || got[1].By != "−0.500" {
		t.Errorf("ranked %+v", got)
	}
	load := loadOver(c, newSide("before", resultsBefore), newSide("after", resultsAfter))
	if got, want := load.Table.Rows[4], []string{"4", "0", "0", "12.0", "16.0"}; !slices.Equal(got, want) { // 2·(1+2+3), and 2 partitions of 2·4
		t.Errorf("second 4 is %q, want %q", got, want)
	}
	if got := load.Table.Rows[5]; got[4] != "–" || len(load.Table.Rows) != 6 {
		t.Errorf("%d rows, second 5 is %q", len(load.Table.Rows), got)
	}
}

// The shades of a difference are as wide on both sides of none.
func TestDifferenceLevels(t *testing.T) {
	for v, class := range map[float64]string{
		-9: "less4", -7.1: "less4", -6.9: "less3", -1.1: "less1", -0.9: "same", 0: "same", 0.9: "same", 1.1: "more1", 6.9: "more3", 7.1: "more4", 9: "more4",
	} {
		if got := differenceClass(differenceLevel(v, 9)); got != class {
			t.Errorf("%v of 9 is %s, want %s", v, got, class)
		}
	}
	if got := differenceLevel(math.NaN(), 9); got != -1 {
		t.Errorf("what is not compared has level %d", got)
	}
	if got := differenceClass(differenceLevel(0, 0)); got != "same" {
		t.Errorf("no difference at all is %s", got)
	}
}

// Lines are those of the scenarios, each with whose it is; long ones and many are cut.
func TestScenarioLines(t *testing.T) {
	of := func(text string) *Result { return &Result{Scenario: Scenario{Resolved: text}} }
	c := &Comparison{Before: []*Result{of("a: 1\nb: 2\nc: 3\n")}, After: []*Result{of("a: 1\nb: 4\nc: 3")}}
	lines, note := c.scenarioLines()
	want := []diffLine{{"", "a: 1"}, {"before", "b: 2"}, {"after", "b: 4"}, {"", "c: 3"}}
	if !slices.Equal(lines, want) || note != "" {
		t.Errorf("%+v %q, want %+v", lines, note, want)
	}
	c.After[0] = of("a: 1\nb: 2\nc: 3")
	if lines, note := c.scenarioLines(); len(lines) != 0 || note != "" {
		t.Errorf("the same: %+v %q", lines, note)
	}
	c.After = append(c.After, of("d: 5"))
	if _, note := c.scenarioLines(); !strings.Contains(note, "more than one scenario") {
		t.Errorf("note %q", note)
	}
	var many strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&many, "k%d: \t\x1b[1m\n", i)
	}
	c.After = []*Result{of(many.String())}
	lines, note = c.scenarioLines()
	if len(lines) != maxDiffLines || !strings.HasPrefix(note, "The first 2,000 lines") || strings.ContainsAny(lines[10].Text, "\x1b\t") {
		t.Errorf("%d lines, note %q, %q", len(lines), note, lines[10])
	}
	c.After = []*Result{of(strings.Repeat("x", maxScenarioBytes+1))}
	if lines, note := c.scenarioLines(); len(lines) != 0 || !strings.HasPrefix(note, "Not compared line by line") {
		t.Errorf("%d lines, note %q", len(lines), note)
	}
}
