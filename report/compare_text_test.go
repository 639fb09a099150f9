package report

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"msklt/internal/compare"
)

// compared are comparisons with every outcome that there is.
func compared() map[string]*Comparison {
	same, slower := []float64{0.98, 1.02, 1, 0.99, 1.01}, []float64{1.18, 1.22, 1.2, 1.19, 1.21}
	after := runs(day(2), slower...)
	for i, r := range after {
		r.Rates.ConsumedBytesPerSecond *= 1.2 + float64(i)/100
		r.Throttle.Share = 0.02 + float64(i)/1000
		r.Latency.Service.P99 *= 60
		r.Seed = 43
		r.Scenario.Resolved = strings.Replace(r.Scenario.Resolved, "partitions: 12", "partitions: 24", 1)
	}
	after[3].Latency.EndToEnd.P99Censored = true
	return map[string]*Comparison{
		"runs":   Compare(runs(day(1), same...), after, usual()),
		"few":    Compare(runs(day(1), same[:2]...), runs(day(2), same[:2]...), usual()),
		"within": Compare(runs(day(1), 1), runs(day(2), 1.5), usual()),
		"none":   Compare([]*Result{{}}, []*Result{{}}, usual()),
	}
}

// golden holds text against a file; go test ./report -run Comparison -update writes
// it anew.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestComparisonGolden(t *testing.T) {
	for name, c := range compared() {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			WriteComparison(&out, c, false, 80)
			golden(t, "compare-"+name+".txt", out.String())
		})
	}
	t.Run("refused", func(t *testing.T) {
		var out bytes.Buffer
		WriteRefusal(&out, compared()["runs"], false, 0)
		golden(t, "compare-refused.txt", out.String())
	})
}

func TestComparisonFitsItsWidth(t *testing.T) {
	all := compared()
	wild, _ := hostile()
	other, _ := hostile()
	other.Scenario.Resolved = "a: " + strings.Repeat("\x1b[31m<script>", 1000)
	all["hostile"] = Compare([]*Result{wild}, []*Result{other}, usual())
	huge := runs(day(3), 1, 2, 3, 4, 1e300)
	all["huge"] = Compare(runs(day(1), 1e-300, 1e-200, 1e-9, 1, 1), huge, usual())
	for name, c := range all {
		for _, write := range []func(*bytes.Buffer){
			func(b *bytes.Buffer) { WriteComparison(b, c, false, 80) }, func(b *bytes.Buffer) { WriteRefusal(b, c, false, 80) },
		} {
			var out bytes.Buffer
			write(&out)
			for line := range strings.Lines(out.String()) {
				line = strings.TrimSuffix(line, "\n")
				if n := utf8.RuneCountInString(line); n > 80 || strings.Contains(line, "\x1b") {
					t.Errorf("%s: a line has %d characters: %q", name, n, line)
				}
			}
		}
	}
}

// Colour adds nothing but colour.
func TestComparisonColors(t *testing.T) {
	for name, c := range compared() {
		var plain, colored bytes.Buffer
		WriteComparison(&plain, c, false, 80)
		WriteComparison(&colored, c, true, 80)
		if !strings.Contains(colored.String(), "\x1b[") {
			t.Errorf("%s: no colour", name)
		}
		if got := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(colored.String(), ""); got != plain.String() {
			t.Errorf("%s: without colour it is\n%s\nand not\n%s", name, got, plain.String())
		}
	}
}

func TestComparisonJSON(t *testing.T) {
	folders := []string{"before/1", "before/2", "before/3", "before/4", "before/5"}
	c := compared()["runs"]
	data, err := json.MarshalIndent(c.JSON(folders, folders), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "compare-runs.json", string(data)+"\n")
	var back ComparisonJSON
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	for i, m := range back.Metrics {
		f := c.Metrics[i]
		if (m.Finding == nil) != (f.Unknown != "") {
			t.Fatalf("%s: %+v", m.Name, m)
		}
		if m.Finding == nil {
			continue
		}
		if m.Finding.Word != string(f.Word) || m.Finding.Before.N != 5 || (m.Finding.Difference == nil) != math.IsNaN(f.Difference) || (m.Finding.Low != nil) != f.Bounded {
			t.Errorf("%s: %+v, want %+v", m.Name, m.Finding, f)
		}
	}
}

func TestDifference(t *testing.T) {
	nan := math.NaN()
	for want, f := range map[string]compare.Finding{
		"+12 % (+3.1 to +22)":   {Difference: 0.12, Low: 0.031, High: 0.22, Bounded: true},
		"−0.5 % (−1.2 to 0)":    {Difference: -0.005, Low: -0.012, High: 0.0001, Bounded: true},
		"+10 %":                 {Difference: 0.0996},
		"+9.9 %":                {Difference: 0.0994},
		"×43 (+869 to ×1,234)":  {Difference: 42, Low: 8.69, High: 1233, Bounded: true},
		"0 % (0 to 0)":          {Bounded: true},
		"from nothing":          {Difference: nan},
		"not known":             {Before: compare.Side{Median: 1}, Difference: nan},
		"−100 % (−100 to −100)": {Difference: -1, Low: -1, High: -0.9999, Bounded: true},
	} {
		if got := difference(f); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
