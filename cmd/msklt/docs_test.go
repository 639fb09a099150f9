package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"msklt/internal/limits"
)

// TestDocs runs the commands of the pages' console blocks, each page in a folder
// of its own with the ready scenarios beside it, and holds the output that is
// shown against the real one; "…" stands for anything, on a line of its own for
// any lines. Runs are left out: they have tests of their own.
func TestDocs(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal("no pages", err)
	}
	for _, page := range append(pages, "../../README.md") {
		t.Run(filepath.Base(page), func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := os.CopyFS(filepath.Join(dir, "scenarios"), os.DirFS("../../scenarios")); err != nil {
				t.Fatal(err)
			}
			for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllSubmatch(text, -1) {
				for _, part := range regexp.MustCompile(`(?m)^\$ `).Split(string(block[1]), -1)[1:] {
					line, shown, _ := strings.Cut(part, "\n")
					checkCommand(t, dir, line, shown)
				}
			}
		})
	}
}

// TestLimitsPage holds that every profile is on the page of limits.
func TestLimitsPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range limits.Profiles() {
		for _, family := range []string{"msk-express-", "msk-standard-"} {
			if size, ok := strings.CutPrefix(name, family); ok && strings.Contains(string(page), "`"+family+"SIZE") {
				name = size
			}
		}
		if !regexp.MustCompile("`" + regexp.QuoteMeta(name) + "(`|:)").Match(page) {
			t.Errorf("docs/limits.md lacks %s", name)
		}
	}
}

// checkCommand runs one command line and compares what is shown of its output.
func checkCommand(t *testing.T, dir, line, shown string) {
	t.Helper()
	args := strings.Fields(line)
	if args[0] != "msklt" || args[1] == "run" || args[1] == "cluster" {
		return
	}
	args, to, redirected := args[1:], "", false
	if n := len(args); n > 2 && args[n-2] == ">" {
		args, to, redirected = args[:n-2], args[n-1], true
	}
	p := command(t.Context(), args...)
	p.Dir = dir
	code := p.code(t)
	if redirected {
		if err := os.WriteFile(filepath.Join(dir, to), p.stdout.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		p.stdout.Reset()
	}
	got := string(bytes.TrimSpace(append(p.stdout.Bytes(), p.stderr.Bytes()...)))
	if mistakes := strings.Contains(shown, "hint:"); (code != 0) != mistakes {
		t.Errorf("%s: exit code %d\n%s", line, code, got)
	}
	pattern := regexp.QuoteMeta(strings.TrimSpace(shown))
	pattern = regexp.MustCompile(`(?m)^…$`).ReplaceAllString(pattern, `(?s:.*?)`)
	pattern = strings.ReplaceAll(pattern, "…", ".*?")
	if shown != "" && !regexp.MustCompile("^"+pattern+"$").MatchString(got) {
		t.Errorf("%s: the page shows\n%s\nthe program says\n%s", line, shown, got)
	}
}
