package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	unsafe "github.com/yuin/goldmark/renderer/html"
	"pgregory.net/rapid"

	"msklt/internal/limits"
)

// attempts are what CI may be told of.
func attempts() map[string][]Attempt {
	one := func(fixture func() (*Result, []PartitionSecond)) Attempt {
		r, _ := fixture()
		return Attempt{Name: r.Scenario.Name, Result: r}
	}
	return map[string][]Attempt{
		"hot-key": {one(hotKey)},
		"gated":   {one(gated)},
		"several": {one(steady), one(stopped), {Name: "absent", Err: errors.New("connecting to 127.0.0.1:1: connection refused")}},
	}
}

func junit(t interface{ Fatal(...any) }, runs ...Attempt) string {
	var out bytes.Buffer
	if err := JUnit(&out, runs); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func markdownOf(t interface{ Fatal(...any) }, runs ...Attempt) string {
	var out bytes.Buffer
	if err := Markdown(&out, runs); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestJUnitGolden(t *testing.T) {
	for name, runs := range attempts() {
		goldenText(t, "junit-"+name, junit(t, runs...))
	}
}

func TestMarkdownGolden(t *testing.T) {
	for name, runs := range attempts() {
		goldenText(t, "markdown-"+name, markdownOf(t, runs...))
	}
}

// parseJUnit reads a file back as CI does, and holds that its counts are those of its
// cases.
func parseJUnit(t interface{ Fatalf(string, ...any) }, text string) testSuites {
	var all testSuites
	if err := xml.Unmarshal([]byte(text), &all); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	var sum testSuites
	for _, s := range all.Suites {
		var failures, problems, skipped int
		for _, c := range s.Cases {
			if c.Failure != nil {
				failures++
			}
			if c.Error != nil {
				problems++
			}
			if c.Skipped != nil {
				skipped++
			}
		}
		if s.Tests != len(s.Cases) || s.Failures != failures || s.Errors != problems || s.Skipped != skipped {
			t.Fatalf("suite %s counts %d, %d, %d, %d; its cases are %d, %d, %d, %d", s.Name, s.Tests, s.Failures, s.Errors, s.Skipped, len(s.Cases), failures, problems, skipped)
		}
		sum.Tests, sum.Failures, sum.Errors, sum.Skipped = sum.Tests+s.Tests, sum.Failures+failures, sum.Errors+problems, sum.Skipped+skipped
	}
	if all.Tests != sum.Tests || all.Failures != sum.Failures || all.Errors != sum.Errors || all.Skipped != sum.Skipped {
		t.Fatalf("all suites count %+v, want %+v", all, sum)
	}
	return all
}

// TestJUnitIsGreen holds that a suite is green if and only if the run ends with exit
// code 0: not interrupted, valid, and all thresholds passed.
func TestJUnitIsGreen(t *testing.T) {
	for _, interrupted := range []bool{false, true} {
		for _, valid := range []bool{false, true} {
			for _, known := range []bool{false, true} {
				for _, passed := range []bool{false, true} {
					r, _ := steady()
					r.Interrupted = interrupted
					r.Thresholds[1].Known, r.Thresholds[1].Passed = known, known && passed
					if !valid {
						r.Validity.Valid, r.Validity.Reasons = false, r.Validity.Checks[:1]
					}
					s := parseJUnit(t, junit(t, Attempt{Name: "stopped", Result: r})).Suites[0]
					want := !interrupted && valid && r.ThresholdsHold()
					if green := s.Failures+s.Errors == 0; green != want {
						t.Errorf("interrupted %v, valid %v, threshold known %v and passed %v: green is %v", interrupted, valid, known, known && passed, green)
					}
				}
			}
		}
	}
	// The reconciliation failed, and no check of the run knows why.
	r, _ := stopped()
	r.Interrupted = false
	failed := parseJUnit(t, junit(t, Attempt{Name: "stopped", Result: r})).Suites[0].Cases
	if !slices.ContainsFunc(failed, func(c testCase) bool { return c.Class == "stopped.counts" && c.Name == "scheduled" && c.Error != nil }) {
		t.Errorf("counts that do not add up are no error: %+v", failed)
	}
	// A reason that is not among the checks makes a suite red all the same.
	r, _ = steady()
	r.Validity = Validity{Reasons: []Reason{{Check: "from another version", Message: "because"}}}
	if s := parseJUnit(t, junit(t, Attempt{Name: "stopped", Result: r})).Suites[0]; s.Errors != 1 {
		t.Errorf("an unknown reason gives %d errors", s.Errors)
	}
}

// xmlText is what of a text XML can hold: what it cannot is replaced.
func xmlText(text string) string {
	return strings.Map(func(r rune) rune {
		if r == 0xFFFE || r == 0xFFFF {
			return '\uFFFD'
		}
		return r
	}, text)
}

// named is a gated run with names wherever a name can stand.
func named(name string) *Result {
	r, _ := gated()
	r.Scenario.Name, r.Verdict.Summary, r.Verdict.Status = name, name, limits.Status(name)
	r.Thresholds[0].Expression, r.Thresholds[0].Of, r.Thresholds[0].Message = name, name, name
	r.Validity.Checks[0].Check, r.Validity.Checks[0].Message, r.Validity.Checks[0].Unit = name, name, name
	r.Validity.Valid, r.Validity.Reasons = false, r.Validity.Checks[:1]
	r.Groups[0].Name, r.Fleets[0].Name, r.Aborted.Expression = name, name, name
	r.Verdict.Binding[0].Scope, r.Verdict.Binding[0].ObservedBy, r.Verdict.Binding[0].Unit = name, name, name
	r.Verdict.Advice = []Advice{{Text: name}}
	r.Scenario.Hash, r.Scenario.Limits, r.Target.Name, r.Target.APILevel, r.Versions = name, name, name, name, Versions{name, name, name}
	r.Errors = []ErrorCount{{Where: name, Error: name, Count: 1}}
	return r
}

// FuzzNames holds that no name breaks what CI reads: the XML is well-formed and has the
// names, the Markdown has as many rows and columns, and no markup, as with plain ones.
func FuzzNames(f *testing.F) {
	for _, name := range []string{
		"plain", "", "]]>", "<script>alert(1)</script>", "a\x00b\x1b[2J\r\n\x07", "\xff\xfe", "\uFFFE\uFFFF\u2028\u202E", "&lt;&#0;", "\"'`",
		"| a | b |", "\\", "\\|", "``x``", "# head", "- item", "1. item", "> quote", "[x](http://x)", "![x](y)", "**b**", "~~~", "@octocat", "<!-- -->", "</details>",
		"$x$", "http://x.invalid", strings.Repeat("x", 10_000), strings.Repeat("|", 300), "   ", "    code",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		runs := []Attempt{{Name: name, Result: named(name)}, {Name: name, Err: errors.New(name)}}
		text := junit(t, runs...)
		all := parseJUnit(t, text)
		if want := xmlText(clip(name, 80)); all.Suites[0].Name != want || all.Suites[1].Name != want || all.Suites[0].Cases[1].Name != xmlText(clip(name, 80)+of(name)) {
			t.Errorf("the names are %q, %q and %q, want %q", all.Suites[0].Name, all.Suites[1].Name, all.Suites[0].Cases[1].Name, want)
		}
		if got, plain := shape(t, markdownOf(t, runs...)), shape(t, markdownOf(t, Attempt{Name: "plain", Result: named("plain")}, Attempt{Name: "plain", Err: errors.New("plain")})); name != "" && got != plain {
			t.Errorf("the markup is\n%s\nwith a plain name\n%s", got, plain)
		}
		if len(text) > 60_000 {
			t.Errorf("%d bytes", len(text))
		}
	})
}

// render is what GitHub makes of Markdown, as far as it follows its own specification.
func renderMarkdown(t interface{ Fatal(...any) }, text string) string {
	var out bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList), goldmark.WithRendererOptions(unsafe.WithUnsafe()))
	if err := md.Convert([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// shape is the tags of a text that is rendered, one after the other.
func shape(t interface{ Fatal(...any) }, text string) string {
	return strings.Join(regexp.MustCompile(`<[^>]*>`).FindAllString(renderMarkdown(t, text), -1), "")
}

// TestMarkdownText holds that any text comes out of a table's cell as it went in.
func TestMarkdownText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune("\\|`*_{}[]()<>#+-.!~@&;$:/ ax1\n\t\x1b")), rapid.Rune())).Draw(t, "text")
		out := renderMarkdown(t, "| a | b |\n|---|---|\n| x "+inline(text, 100)+" x | y |\n")
		cells := regexp.MustCompile(`(?s)<td>(.*?)</td>`).FindAllStringSubmatch(out, -1)
		if len(cells) != 2 {
			t.Fatalf("%q makes %d cells of 2: %s", text, len(cells), out)
		}
		got := strings.ReplaceAll(html.UnescapeString(cells[0][1]), "@\u2060", "@")
		want := "x " + strings.Map(func(r rune) rune {
			if strings.ContainsRune("\u061C\u200E\u200F\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069\u2028\u2029", r) {
				return '\uFFFD'
			}
			return r
		}, clip(text, 100)) + " x"
		if got != want {
			t.Fatalf("%q comes out as %q", want, got)
		}
	})
}

// TestMarkdownFits holds that a summary stays below what services take for a comment,
// whatever a result holds.
func TestMarkdownFits(t *testing.T) {
	r, _ := hostile()
	for range 500 {
		r.Thresholds = append(r.Thresholds, r.Thresholds[0])
		r.Verdict.Binding = append(r.Verdict.Binding, r.Verdict.Binding[0])
		r.Verdict.Headroom = append(r.Verdict.Headroom, r.Verdict.Headroom[0])
		r.Verdict.Advice = append(r.Verdict.Advice, r.Verdict.Advice[0])
		r.Groups = append(r.Groups, r.Groups[0])
		r.Idle = append(r.Idle, Idle{Name: strings.Repeat("i", 1000)})
	}
	text := markdownOf(t, Attempt{Name: "stopped", Result: r})
	if n := utf8.RuneCountInString(text); n > 65_536 {
		t.Errorf("%d characters, GitHub takes 65,536 for a comment", n)
	}
	if !strings.Contains(text, "and 481 more.") {
		t.Error("does not say that thresholds were left out")
	}
	if strings.Contains(text, "NaN") || strings.ContainsAny(text, "\x1b\r\x07") {
		t.Error("a name or a number is not rendered")
	}
}
