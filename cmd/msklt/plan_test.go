package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"msklt/internal/limits"
	"msklt/report"
	"msklt/scenario"
)

// inside runs msklt in this process, with no environment, and returns its exit
// code and what it printed.
func inside(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	p := &process{stdout: &out, stderr: &err, getenv: func(string) (string, bool) { return "", false },
		signalled: func() os.Signal { return nil }}
	code = p.main(context.Background(), args)
	return code, out.String(), err.String()
}

// TestPlanOfShipped holds the plans of all ready scenarios against golden texts.
// With UPDATE_GOLDEN=1 it writes them.
func TestPlanOfShipped(t *testing.T) {
	files, err := filepath.Glob("../../scenarios/*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d scenarios, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		code, stdout, text := inside("plan", file)
		if code != 0 || stdout != "" {
			t.Errorf("%s: exit code %d, stdout %q\n%s", name, code, stdout, text)
		}
		for line := range strings.Lines(text) {
			if n := utf8.RuneCountInString(line) - 1; n > 80 {
				t.Errorf("%s: a line has %d characters: %s", name, n, line)
			}
		}
		golden := filepath.Join("testdata", "plans", name+".txt")
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if text != string(want) {
			t.Errorf("%s: got:\n%s\nwant:\n%s", name, text, want)
		}
	}
}

// TestPublishedExample plans the scenario that is Amazon's own example, and gets
// Amazon's bill, item by item, to the cent.
func TestPublishedExample(t *testing.T) {
	const file = "../../scenarios/aws-price-example.yaml"
	code, stdout, stderr := inside("plan", file, "--hours", "744", "--json")
	if code != 0 {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	var p report.Plan
	if err := json.Unmarshal([]byte(stdout), &p); err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"cluster": 558.00, "partitions": 111.60, "data in": 310.00, "data out": 310.00, "storage": 10.00}
	for _, i := range p.Cost.Items {
		if math.Abs(i.Amount-want[i.Name]) >= 0.005 {
			t.Errorf("%s costs %.4f, Amazon says %.2f", i.Name, i.Amount, want[i.Name])
		}
		delete(want, i.Name)
	}
	if math.Abs(p.Cost.PerMonth-1299.60) >= 0.005 || len(want) > 0 {
		t.Errorf("a month costs %.4f, Amazon says 1299.60; without %v", p.Cost.PerMonth, want)
	}
	_, _, text := inside("plan", file, "--hours", "744")
	for _, line := range []string{
		"a month (744 h, us-east-1)", "$1,299.60 a month",
		"cluster          744 cluster-hour  × $0.75            $558.00",
		"partitions  74,400 partition-hour  × $0.0015          $111.60",
		"data in                 3,100 GiB  × $0.10            $310.00",
		"data out                6,200 GiB  × $0.05            $310.00",
		"storage             100 GiB-month  × $0.10             $10.00",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("it does not print %q", line)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// TestPlanColor holds that colour needs a terminal and no objection.
func TestPlanColor(t *testing.T) {
	for name, c := range map[string]struct {
		terminal, noColor bool
		args              []string
		want              bool
	}{
		"terminal": {true, false, nil, true}, "pipe": {false, false, nil, false},
		"NO_COLOR": {true, true, nil, false}, "flag": {true, false, []string{"--no-color"}, false},
	} {
		var text bytes.Buffer
		p := &process{stdout: &text, stderr: &text, terminal: c.terminal, signalled: func() os.Signal { return nil },
			getenv: func(name string) (string, bool) { return "", c.noColor && name == "NO_COLOR" }}
		if code := p.main(t.Context(), append([]string{"plan", "../../scenarios/steady.yaml"}, c.args...)); code != 0 {
			t.Fatalf("%s: exit code %d\n%s", name, code, text.String())
		}
		if got := strings.Contains(text.String(), "\x1b["); got != c.want {
			t.Errorf("%s: colour %v, want %v", name, got, c.want)
		}
	}
}

// TestPriceOfRun holds what a run is billed: what was acknowledged and read, for
// as long as it lasted, under the limits that it ran with.
func TestPriceOfRun(t *testing.T) {
	run := func(profile string) *report.Result {
		l, err := limits.Resolve(scenario.Limits{Extends: profile})
		if err != nil {
			t.Fatal(err)
		}
		r := &report.Result{DurationSeconds: 1800, Partitions: make([]report.Partition, 12),
			Totals: report.Totals{BytesAcked: 10 << 30, BytesConsumed: 30 << 30}}
		if err := price(r, l); err != nil {
			t.Fatal(err)
		}
		return r
	}
	// Half an hour of the cluster and of 12 partitions, 10 GiB in and 30 out; on the
	// mean half of what came in was stored, for half an hour of a month of 730.
	want := 0.375 + 12*0.5*0.0015 + 10*0.10 + 30*0.05 + 5*0.5/730*0.10
	if r := run("msk-serverless"); r.Cost == nil || math.Abs(r.Cost.Total-want) > 1e-9 || r.CostUnknown != "" {
		t.Errorf("serverless: %+v, %s; want %v", r.Cost, r.CostUnknown, want)
	}
	want = 6*0.5*0.408 + 10*0.01 + 5*0.5/730*0.10
	if r := run("msk-express-m7g.large:6"); r.Cost == nil || math.Abs(r.Cost.Total-want) > 1e-9 {
		t.Errorf("express: %+v, want %v", r.Cost, want)
	}
	if r := run("none"); r.Cost != nil || !strings.Contains(r.CostUnknown, "none") {
		t.Errorf("no profile: %+v, %q", r.Cost, r.CostUnknown)
	}
}
