package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"msklt/internal/kafkatest/need"
	"msklt/report"
)

// TestCompareExitCodes: 0 where nothing is worse, 3 where something is, 2 where there
// is nothing to compare.
func TestCompareExitCodes(t *testing.T) {
	dir := t.TempDir()
	var before, after, other []string
	for i := range 4 {
		r := &report.Result{Schema: report.Schema, Validity: report.Validity{Valid: true}}
		r.Latency.Response = report.Latency{Count: 1000, P50: 1, P99: 10 + float64(i)/10, P999: 100}
		before = append(before, writeResult(t, dir, fmt.Sprintf("before-%d", i), r))
		r.Latency.Response.P99 *= 1.5
		after = append(after, writeResult(t, dir, fmt.Sprintf("after-%d", i), r))
		r.Target.Brokers = 6
		other = append(other, writeResult(t, dir, fmt.Sprintf("other-%d", i), r))
	}
	for name, test := range map[string]struct {
		before, after []string
		code          int
	}{
		"worse":              {before, after, exitThreshold},
		"better":             {after, before, exitOK},
		"too few runs":       {before[:2], after[:2], exitOK},
		"unlike":             {before, other, exitUsage},
		"unlike, and worse":  {before, slices.Concat(other, []string{"--anyway"}), exitThreshold},
		"unlike, and better": {other, slices.Concat(before, []string{"--anyway"}), exitOK},
		"worse, as JSON":     {before, slices.Concat(after, []string{"--json"}), exitThreshold},
		"no result":          {before, []string{dir}, exitUsage},
		"no second group":    {before, nil, exitUsage},
	} {
		t.Run(name, func(t *testing.T) {
			p := command(t.Context(), slices.Concat([]string{"compare"}, test.before, []string{"--with"}, test.after)...)
			if code := p.code(t); code != test.code {
				t.Errorf("exit code %d, want %d\n%s", code, test.code, p.stderr.String())
			}
		})
	}
}

// writeResult writes a folder with what compare reads of a result.
func writeResult(t *testing.T, dir, name string, r *report.Result) string {
	t.Helper()
	dir = filepath.Join(dir, name)
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "result.json"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestRealTimeCompare compares real runs: two of one scenario are alike, one with larger
// values is refused, and compared when asked for.
func TestRealTimeCompare(t *testing.T) {
	need.Require(t, need.RealTime())
	t.Parallel()
	dir, path := t.TempDir(), writeScenario(t, "2s")
	for _, args := range [][]string{
		{"--out", filepath.Join(dir, "a")}, {"--out", filepath.Join(dir, "b")},
		{"--out", filepath.Join(dir, "c"), "--set", "producers.p.value.size=1KB"},
	} {
		p := command(t.Context(), append([]string{"run", path, "--quiet"}, args...)...)
		if code := p.code(t); code != 0 && code != exitInvalid { // a machine that is too busy
			t.Fatalf("exit code %d\n%s", code, p.stderr.String())
		}
	}
	compare := func(after string, more ...string) (*program, int) {
		p := command(t.Context(), append([]string{"compare", filepath.Join(dir, "a"), "--with", filepath.Join(dir, after)}, more...)...)
		return p, p.code(t)
	}
	p, code := compare("b")
	if strings.Contains(p.stderr.String(), "unlike  ") != (code == exitUsage) || strings.Contains(p.stderr.String(), "differ in") {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	p, code = compare("c")
	if code != exitUsage || !strings.Contains(p.stderr.String(), "producers.p.value.size: 500B → 1KB") {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	p, code = compare("c", "--anyway", "--json")
	if code != 0 { // two seconds are too few to call anything
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	var c report.ComparisonJSON
	if err := json.Unmarshal(p.stdout.Bytes(), &c); err != nil {
		t.Fatal(err)
	}
	// The seconds that are compared are those that the run's rates are means of: the sum
	// of two whole numbers is exact.
	m := c.Metrics[0]
	if m.Name != "acked.rate" || m.Finding == nil || m.Finding.Before.N != 2 {
		t.Fatalf("%+v", m)
	}
	for dir, median := range map[string]*float64{"a": m.Finding.Before.Median, "c": m.Finding.After.Median} {
		if want := readResult(t, filepath.Join(filepath.Dir(c.Before[0].Folder), dir)).Rates.AckedBytesPerSecond; *median != want || want == 0 {
			t.Errorf("%s: acked %v bytes/s, the result says %v", dir, *median, want)
		}
	}
}
