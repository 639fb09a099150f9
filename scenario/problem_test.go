package scenario

import (
	"strings"
	"testing"
)

// TestProblemPrints holds the form of a problem, with the caret below its column
// whatever comes before it.
func TestProblemPrints(t *testing.T) {
	for _, c := range []struct {
		p    Problem
		want []string
	}{
		{Problem{Pos{"a.yaml", 3, 7}, "name: my scenario", "not a name", ""},
			[]string{"a.yaml:3:7: not a name", "    name: my scenario", "          ^"}},
		{Problem{Pos{"a.yaml", 3, 3}, "\tä: x", "m", "h"},
			[]string{"a.yaml:3:3: m", "    \tä: x", "    \t ^", "  hint: h"}},
		{Problem{Pos{"a.yaml", 1, 9}, "abc", "m", ""}, // behind the line
			[]string{"a.yaml:1:9: m", "    abc", "       ^"}},
		{Problem{Pos{"a.yaml", 1, 1}, "", "m", "h"},
			[]string{"a.yaml:1:1: m", "  hint: h"}},
	} {
		if got, want := c.p.String(), strings.Join(c.want, "\n"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// TestProblemsAreClean holds that names from a file cannot break lines or reach
// the terminal as control characters.
func TestProblemsAreClean(t *testing.T) {
	_, err := Parse("a.yaml", []byte(`topics: {"a\nb\e[31m": 1}`), Options{Set: []string{"topics.x\r\x1b=1"}})
	checkProblems(t, err)
	if !strings.Contains(err.Error(), "topics.a\ufffdb\ufffd[31m: want a mapping") || !strings.Contains(err.Error(), "topics.x\ufffd\ufffd: want a mapping") {
		t.Errorf("the names are missing: %v", err)
	}
	if strings.ContainsAny(err.Error(), "\r\x1b") {
		t.Errorf("%q", err)
	}
}

// TestPositions holds that lines and columns are those that an editor shows:
// characters, not bytes, whatever ends the lines and with a byte order mark.
func TestPositions(t *testing.T) {
	for name, data := range map[string]string{
		"unix":    "version: 1\n{ü: x}: 1\n",
		"windows": "version: 1\r\n{ü: x}: 1\r\n",
		"mark":    "\ufeffversion: 1\n{ü: x}: 1\n",
	} {
		_, err := Parse("a.yaml", []byte(data), Options{})
		if err == nil || !strings.Contains(err.Error(), "a.yaml:2:1: a field's name must be plain text, got a mapping\n    {ü: x}: 1\n    ^") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, data := range map[string]string{
		"unix": "name: ü\nversion: \"ü\" \x01", "windows": "name: ü\r\nversion: \"ü\" \x01", "old": "name: ü\rversion: \"ü\" \x01",
	} {
		_, err := Parse("a.yaml", []byte(data), Options{})
		if err == nil || !strings.HasPrefix(err.Error(), "a.yaml:2:14: control character U+0001 is not allowed\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, data := range map[string]string{"plain": "version: x", "mark": "\ufeffversion: x"} {
		_, err := Parse("a.yaml", []byte(data), Options{})
		if err == nil || !strings.Contains(err.Error(), "a.yaml:1:10: version: want a whole number, got \"x\"\n    version: x\n             ^") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"partitions", "replication_factor", "config", "a"}
	for word, want := range map[string]string{
		"partitons": `did you mean "partitions"?`, "Config": `did you mean "config"?`, "confg": `did you mean "config"?`,
		"b": "known here: partitions, replication_factor, config, a", "retention": "known here: partitions, replication_factor, config, a",
	} {
		if got := suggest(word, known); got != want {
			t.Errorf("%s: got %s, want %s", word, got, want)
		}
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "bc", 1}, {"abcd", "badc", 3}, {"ümlaut", "umlaut", 1}, {"a", "abcd", 3}} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
