package report

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"msklt/internal/browsertest"
)

// The page of a comparison in a real browser: nothing to complain of, nothing asked for,
// nothing wider than the window, nothing serious for axe-core; the three maps are read
// and followed together.
func TestChromiumComparison(t *testing.T) {
	browsertest.Need(t)
	t.Parallel()
	b := browsertest.Start(t)
	fewer := func(_ int, s *sample) { s.r.Partitions = s.r.Partitions[:8] }
	before := samples(3, hotKey, nil)
	after := samples(2, steady, fewer)
	for i := range after {
		var kept []PartitionSecond
		for _, row := range after[i].series {
			if row.Partition < 8 {
				kept = append(kept, row)
			}
		}
		after[i].series = kept
	}
	path := filepath.Join(t.TempDir(), "comparison.html")
	if err := os.WriteFile(path, []byte(comparisonPageOf(t, before, after)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, v := range []browsertest.View{{Width: 320}, {Width: 320, Dark: true}, {Width: 1280, Dark: true}, {Width: 2560}} {
		tab := b.Visit(t, path, v)
		var scroll int
		if tab.Evaluate(`document.documentElement.scrollWidth`, &scroll); scroll > v.Width {
			t.Errorf("%+v: the page is %d pixels wide", v, scroll)
		}
		tab.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil)
		for _, violation := range tab.Violations() {
			t.Errorf("%+v: %s", v, violation)
		}
		quiet(t, tab)
	}
	tab := b.Visit(t, path, browsertest.View{Fragment: "chart=heat-difference&partition=orders/7"})
	var veils []string
	tab.Evaluate(`[...document.querySelectorAll(".veil")].map(e => e.closest("figure").id)`, &veils)
	if fmt.Sprint(veils) != "[heat-before heat-after heat-difference]" {
		t.Errorf("orders/7 is followed in %v", veils)
	}
	tab.Move(moment(tab, "heat-difference", 20, 0, axisEnd, 7.5/12))
	want := cellAt(before, after, 20, 7)
	if got := tab.Text("#heat-difference output"); got != want {
		t.Errorf("the difference reads %q, want %q", got, want)
	}
	for _, violation := range tab.Violations() {
		t.Error(violation)
	}
	quiet(t, tab)
	plain := b.Visit(t, path, browsertest.View{NoScript: true})
	var charts, whole int
	plain.Evaluate(`document.querySelectorAll("figure.chart").length`, &charts)
	plain.Evaluate(`[...document.querySelectorAll("figure.chart")].filter(f => f.querySelector("svg.area path") && f.querySelector("tbody tr") &&
		f.querySelector("a.self").getAttribute("href") === "#" + f.id).length`, &whole)
	if charts != 6 || whole != charts {
		t.Errorf("without JavaScript: %d charts, %d of them with all they need, want 6", charts, whole)
	}
}

// cellAt is what the map of the difference says of a second of a partition, from the
// series: the runs of a side are the same.
func cellAt(before, after []sample, second int, partition int32) string {
	of := func(s sample) float64 {
		for _, row := range s.series {
			if row.Second == second && row.Partition == partition {
				return float64(row.AckedBytes)
			}
		}
		return 0
	}
	return fmt.Sprintf("%d s: orders/%d %s MB/s", second, partition, signedMegabytes(of(after[0])-of(before[0])))
}
