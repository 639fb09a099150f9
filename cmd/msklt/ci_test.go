package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"msklt/report"
)

// TestCIExitCodes holds that files for CI that could not be written count as a result
// that could not: unless the run ended worse.
func TestCIExitCodes(t *testing.T) {
	for _, c := range []struct {
		err   error
		wants int
	}{{nil, 5}, {exitError(0), 5}, {exitError(exitThreshold), 5}, {exitError(exitInvalid), 5}, {exitError(exitEnvironment), 5}, {exitError(exitInterrupted), 130}, {usageError{errors.New("bad")}, 2}} {
		var stderr bytes.Buffer
		p := &process{stdout: &bytes.Buffer{}, stderr: &stderr, signalled: func() os.Signal { return nil }}
		ci, err := p.openCI(ciFlags{junit: "/dev/full"}, false)
		if err != nil {
			t.Skip("this system has no file that is always full:", err)
		}
		ci.add("run", nil, errors.New("no cluster"))
		if code := p.exitCode(ci.end(c.err)); code != c.wants {
			t.Errorf("after %v: exit code %d, want %d", c.err, code, c.wants)
		}
		if !strings.Contains(stderr.String(), "msklt: writing the JUnit file: write /dev/full: no space left on device\n") {
			t.Errorf("stderr is %q", stderr.String())
		}
	}
}

// TestCIOfSeries holds that each run of a series has a suite and a section of its own,
// and that what a file held before is gone from the XML and stays in the Markdown.
func TestCIOfSeries(t *testing.T) {
	dir := t.TempDir()
	f := ciFlags{junit: filepath.Join(dir, "junit.xml"), markdown: filepath.Join(dir, "summary.md")}
	for _, path := range []string{f.junit, f.markdown} {
		if err := os.WriteFile(path, []byte("before\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ci, err := new(process).openCI(f, true)
	if err != nil {
		t.Fatal(err)
	}
	ci.add("hot-key A 1", &report.Result{}, nil)
	ci.add("steady B 1", nil, errors.New("no cluster"))
	if err := ci.end(exitError(5)); err != exitError(5) {
		t.Errorf("the series ends with %v", err)
	}
	junit, err := os.ReadFile(f.junit)
	if err != nil {
		t.Fatal(err)
	}
	summary, err := os.ReadFile(f.markdown)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(junit); strings.Contains(text, "before") || !strings.Contains(text, `<testsuite name="hot-key A 1"`) || !strings.Contains(text, `<testsuite name="steady B 1"`) {
		t.Errorf("the XML is\n%s", text)
	}
	if text := string(summary); !strings.HasPrefix(text, "before\n## msklt hot-key A 1: ") || !strings.Contains(text, "\n## msklt steady B 1: no result\n") {
		t.Errorf("the Markdown is\n%s", text)
	}
}
