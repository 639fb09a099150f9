// Package faulttable keeps the table of faults and their outcomes in
// docs/method.md true: each test of a fault states its row, made of what it
// measured, and fails when the page says something else. It is used by tests only.
package faulttable

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Row is one fault and what came of it. Its texts hold nothing that differs from
// run to run.
type Row struct {
	Fault   string // "broker killed and restarted"
	Target  string // "Apache Kafka 4.3, 3 brokers" or "embedded"
	Shown   string // where the user sees it: the kinds of events, the error, the check
	Records string // what became of the records
	Exit    string // the exit code, and what it stands for
}

const head = "| Fault | Against | Shown as | Records | Exit code |\n|---|---|---|---|---|\n"

func (r Row) line() string {
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", r.Fault, r.Target, r.Shown, r.Records, r.Exit)
}

// Check holds a row against the page at path; with UPDATE_GOLDEN=1 it puts the row
// there, in place of the one of the same fault and target.
func Check(t testing.TB, path string, r Row) {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("reading the table of faults: %v", err)
	}
	before, rest, ok := strings.Cut(string(page), head)
	if !ok {
		t.Fatalf("%s holds no table of faults that begins with\n%s", path, head)
	}
	var rows, after string
	for line := range strings.Lines(rest) {
		if after != "" || !strings.HasPrefix(line, "|") {
			after += line
		} else {
			rows += line
		}
	}
	if strings.Contains(rows, r.line()) {
		return
	}
	if os.Getenv("UPDATE_GOLDEN") == "" {
		t.Fatalf("%s does not say\n%swhich is what happened; UPDATE_GOLDEN=1 puts it there. The table is\n%s", path, r.line(), rows)
	}
	var kept []string
	placed := false
	for line := range strings.Lines(rows) {
		if strings.HasPrefix(line, fmt.Sprintf("| %s | %s |", r.Fault, r.Target)) {
			line, placed = r.line(), true
		}
		kept = append(kept, line)
	}
	if !placed {
		kept = append(kept, r.line())
	}
	if err := os.WriteFile(path, []byte(before+head+strings.Join(kept, "")+after), 0o644); err != nil {
		t.Fatalf("writing the table of faults: %v", err)
	}
}
