package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// pages are those of the guide.
func pages(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(all) == 0 {
		t.Fatal("no pages", err)
	}
	return append(all, "../../README.md")
}

// TestLinks holds that every link within the repository leads to a file that is there,
// and to a heading of it where it names one.
func TestLinks(t *testing.T) {
	links := 0
	for _, page := range append(pages(t), "../../DESIGN.md", "../../bench/README.md") {
		for _, m := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(prose(t, page), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			file, anchor, inside := strings.Cut(m[1], "#")
			to := page
			if file != "" {
				to = filepath.Join(filepath.Dir(page), file)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			} else if inside && !anchors(prose(t, to))[anchor] {
				t.Errorf("%s links to %s, but no heading of that page is called so", page, m[1])
			}
		}
	}
	if links < 40 {
		t.Errorf("%d links; were all of them read?", links)
	}
}

// prose is a page without its blocks of code.
func prose(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(string(text), "")
}

// anchors are what GitHub calls a page's headings: lower case, without punctuation, with
// hyphens for spaces, and numbered from the second of a name on.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#{1,6} +(.*)$`).FindAllStringSubmatch(text, -1) {
		title := regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`).ReplaceAllString(m[1], "$1")
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(title))
		for base, i := name, 1; all[name]; i++ {
			name = fmt.Sprintf("%s-%d", base, i)
		}
		all[name] = true
	}
	return all
}

func TestAnchors(t *testing.T) {
	got := anchors("# Runbook: is it true?\n## 3. Check, right and wrong\n## `msklt clean`\n### Secrets\n### Secrets\n")
	for _, want := range []string{"runbook-is-it-true", "3-check-right-and-wrong", "msklt-clean", "secrets", "secrets-1"} {
		if !got[want] {
			t.Errorf("%q is missing among %v", want, got)
		}
	}
}
