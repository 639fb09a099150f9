package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"msklt/internal/kafkatest"
	"msklt/internal/kafkatest/need"
)

const (
	resultsPage = "../../docs/results.md"
	keptResult  = "../../report/testdata/results/v1/steady"
)

// inResults returns a folder with the result that the page of results speaks of, and
// that page.
func inResults(t *testing.T) (dir, page string) {
	t.Helper()
	text, err := os.ReadFile(resultsPage)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "results", "steady"), os.DirFS(keptResult)); err != nil {
		t.Fatal(err)
	}
	return dir, string(text)
}

// TestPythonQueries runs every query of the page of results, in DuckDB and pandas, and
// holds what comes out against what the page shows below it. With UPDATE_GOLDEN=1 the
// page is written.
func TestPythonQueries(t *testing.T) {
	need.Require(t, need.Python())
	python := os.Getenv("MSKLT_PYTHON")
	if python == "" {
		t.Fatal("MSKLT_PYTHON does not name a Python with DuckDB and pandas; .ci/python.sh makes one")
	}
	dir, page := inResults(t)
	queries := regexp.MustCompile("(?s)```(sql|python)\n(.*?)```\n(?:\n```text\n(.*?)```\n)?").FindAllStringSubmatch(page, -1)
	if len(queries) < 6 {
		t.Fatalf("the page has %d queries", len(queries))
	}
	for _, q := range queries {
		program := q[2]
		if q[1] == "sql" {
			program = "import duckdb\nprint(duckdb.sql('''" + q[2] + "'''))"
		}
		c := exec.CommandContext(t.Context(), python, "-c", program)
		c.Dir = dir
		var stderr bytes.Buffer
		c.Stderr = &stderr
		out, err := c.Output()
		if err != nil {
			t.Errorf("%v\n%s\n%s", err, q[2], stderr.String())
			continue
		}
		got := strings.TrimSpace(string(out)) + "\n"
		if q[1] == "python" {
			got = strings.TrimRight(string(out), "\n") + "\n"
		}
		if os.Getenv("UPDATE_GOLDEN") != "" {
			page = strings.Replace(page, q[0], "```"+q[1]+"\n"+q[2]+"```\n\n```text\n"+got+"```\n", 1)
		} else if got != q[3] {
			t.Errorf("%s\nreturns\n%s\nthe page shows\n%s", q[2], got, q[3])
		}
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(resultsPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKafkaResultsPage runs the command of the page of results for histograms.hlog.
func TestKafkaResultsPage(t *testing.T) {
	kafkatest.Need(t)
	dir, page := inResults(t)
	line := regexp.MustCompile(`(?m)^java -cp HdrHistogram.jar (\S+) (.*)$`).FindStringSubmatch(page)
	if line == nil {
		t.Fatal("the page has no command for histograms.hlog")
	}
	out, err := kafkatest.Java(t, t.Context(), line[1], strings.Fields(strings.ReplaceAll(line[2], "results/", filepath.Join(dir, "results")+"/"))...)
	if err != nil {
		t.Fatal(err)
	}
	p99 := regexp.MustCompile(`(?m)^ *([0-9.]+) +0\.99`).FindStringSubmatch(out)
	if p99 == nil || !strings.Contains(out, "#[Mean") {
		t.Errorf("no percentiles in\n%s", out)
	}
}
