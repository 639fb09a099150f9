package scenario

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v4"
)

// scalar returns a field's text with variables replaced. ok is false when the
// field is absent, or is no text or number, which is reported.
func (o *object) scalar(name, want string) (text string, ok bool) {
	n := o.get(name)
	o.recorder.scalar(o, name, want)
	if n == nil {
		return "", false
	}
	text, f := o.text(n, want)
	if f != nil {
		o.fail(name, f.hint, "%s", f.message)
	}
	return text, f == nil
}

// text returns a node's text with variables replaced.
func (d *decoder) text(n *yaml.Node, want string) (string, *fault) {
	d.recorder.item(n, want)
	switch {
	case n.Kind != yaml.ScalarNode || isNull(n):
		return "", &fault{fmt.Sprintf("want %s, got %s", want, describe(n)), ""}
	case n.Style&yaml.TaggedStyle != 0 && n.Tag != "!!str":
		return "", &fault{fmt.Sprintf("want %s, got the tag %s", want, quote(n.Tag)), "remove the tag"}
	}
	return d.options.expand(n.Value)
}

// read reads a field with parse. When it is absent or wrong, which is reported,
// the default is returned.
func read[T any](o *object, name, want string, standard T, parse func(string) (T, *fault)) T {
	text, ok := o.scalar(name, want)
	o.recorder.standard(o, name, want, standard)
	if !ok {
		return standard
	}
	value, f := parse(text)
	if f != nil {
		o.fail(name, f.hint, "%s", f.message)
		return standard
	}
	return value
}

// between reports a number outside of its range, written in the field's units.
func between[T int | int64 | float64 | time.Duration](o *object, name string, value, low, high T, format func(T) string) {
	o.recorder.bounds(o, name, float64(low), float64(high), format(low), format(high))
	if o.has(name) && o.sound(name) && (value < low || value > high) {
		o.fail(name, "", "must be between %s and %s, is %s", format(low), format(high), format(value))
	}
}

// plain reports a number or truth value in quotes: YAML calls that text. Quotes
// round a variable are fine.
func (o *object) plain(name, want string) {
	n := o.values[name]
	if n == nil || n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 || strings.Contains(n.Value, "${") {
		return
	}
	o.fail(name, "remove the quotes", "want %s, got the text %s", want, quote(n.Value))
}

// string reads text that may be anything.
func (o *object) string(name, want string) string {
	return read(o, name, want, "", func(text string) (string, *fault) { return text, nil })
}

// name reads text that names something.
func (o *object) name(name, want string) string {
	text, ok := o.scalar(name, want)
	if ok && !o.checkName(o.values[name], text, join(o.path, name), maxName) {
		o.bad[name] = true
	}
	return text
}

// word reads one of a few words.
func (o *object) word(name, standard string, words ...string) string {
	want := "one of " + strings.Join(words, ", ")
	o.recorder.words(o, name, want, words)
	return read(o, name, want, standard, func(text string) (string, *fault) {
		for _, w := range words {
			if w == text {
				return text, nil
			}
		}
		return "", wrong(want, text, didYouMean(text, words))
	})
}

// flag reads true or false.
func (o *object) flag(name string, standard bool) bool {
	o.plain(name, wantFlag)
	return read(o, name, wantFlag, standard, func(text string) (bool, *fault) {
		if text != "true" && text != "false" {
			return false, wrong(wantFlag, text, "")
		}
		return text == "true", nil
	})
}

// integer reads a whole number in a range.
func (o *object) integer(name string, standard, low, high int) int {
	o.plain(name, wantInteger)
	value := read(o, name, wantInteger, standard, func(text string) (int, *fault) {
		n, ok := parseNumber(text)
		if !ok || !n.IsInt() || !n.Num().IsInt64() {
			return 0, wrong(wantInteger, text, "")
		}
		return int(n.Num().Int64()), nil
	})
	between(o, name, value, low, high, func(n int) string { return grouped(float64(n)) })
	return value
}

// seed reads an unsigned 64-bit number.
func (o *object) seed(name string, standard uint64) uint64 {
	o.plain(name, wantSeed)
	return read(o, name, wantSeed, standard, func(text string) (uint64, *fault) {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return 0, wrong(wantSeed, text, "")
		}
		return n, nil
	})
}

// number reads a number in a range.
func (o *object) number(name string, standard, low, high float64) float64 {
	o.plain(name, wantNumber)
	value := read(o, name, wantNumber, standard, func(text string) (float64, *fault) {
		n, ok := parseNumber(text)
		if !ok {
			return 0, wrong(wantNumber, text, "")
		}
		f, _ := n.Float64()
		return f, nil
	})
	between(o, name, value, low, high, formatNumber)
	return value
}

// size reads a number of bytes in a range.
func (o *object) size(name string, standard, low, high int) int {
	value := read(o, name, wantSize, standard, parseSize)
	between(o, name, value, low, high, formatSize)
	return value
}

// duration reads a duration in a range.
func (o *object) duration(name string, standard, low, high time.Duration) time.Duration {
	value := read(o, name, wantDuration, standard, parseDuration)
	between(o, name, value, low, high, formatDuration)
	return value
}

// share reads a percentage or a fraction in a range.
func (o *object) share(name string, standard, low, high float64) float64 {
	value := read(o, name, wantShare, standard, parseShare)
	between(o, name, value, low, high, formatShare)
	return value
}

// maxName leaves room for the prefix that a run puts before a topic's name,
// which Kafka allows 249 characters.
const (
	maxName         = 200
	maxExistingName = 249
)

// checkName reports a name that could not be part of a topic's name.
func (d *decoder) checkName(n *yaml.Node, name, path string, longest int) bool {
	valid := name != "" && name != "." && name != ".."
	for _, r := range name {
		valid = valid && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r))
	}
	switch {
	case !valid:
		d.report(n, `names hold letters, digits, ".", "_" and "-"`, "%s%s is not a valid name", prefix(path), quote(name))
	case len(name) > longest:
		d.report(n, "", "%sthe name is %d characters long, at most %d are allowed", prefix(path), len(name), longest)
		return false
	}
	return valid
}

// expand replaces ${NAME} and ${NAME:-default}; $${ stands for ${ itself. The
// default is taken when the variable is not set or empty, as in a shell.
func (o Options) expand(text string) (string, *fault) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		if strings.HasSuffix(before, "$") {
			b.WriteString("{")
			text = after
			continue
		}
		inside, rest, closed := strings.Cut(after, "}")
		name, standard, hasStandard := strings.Cut(inside, ":-")
		if !closed || !isVariable(name) {
			return "", &fault{fmt.Sprintf("%s does not name a variable", quote("${"+after)),
				"write ${NAME} or ${NAME:-default}; $${ stands for ${ itself"}
		}
		value, set := "", false
		if o.Getenv != nil {
			value, set = o.Getenv(name)
		}
		switch {
		case hasStandard && (value == "" || !set):
			value = standard
		case !set:
			return "", &fault{fmt.Sprintf("the environment variable %s is not set", name),
				fmt.Sprintf("set it, or give a default: ${%s:-default}", name)}
		case !utf8.ValidString(value):
			return "", &fault{fmt.Sprintf("the environment variable %s is not UTF-8 text", name), ""}
		}
		b.WriteString(value)
		text = rest
	}
}

// escape is the inverse of expand for text without variables.
func escape(text string) string { return strings.ReplaceAll(text, "${", "$${") }

func isVariable(name string) bool {
	for i, r := range name {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}
