package scenario

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	yaml "go.yaml.in/yaml/v4"
	"pgregory.net/rapid"
)

const schemaFile = "../scenarios/scenario.schema.json"

// TestSchemaIsFresh holds the schema that is shipped beside the scenarios against
// the decoder. With UPDATE_GOLDEN=1 it is written.
func TestSchemaIsFresh(t *testing.T) {
	want, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(schemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what the decoder asks for (%v); UPDATE_GOLDEN=1 go test ./scenario writes it", schemaFile, err)
	}
}

// TestEveryFieldIsDescribed holds that what the decoder asks for is known whole:
// each field has a form, a text, and a format that the schema has a pattern for.
func TestEveryFieldIsDescribed(t *testing.T) {
	t.Run("scenario", func(t *testing.T) { checkDescribed(t, scenarioFormat(), 60) })
	t.Run("target", func(t *testing.T) { checkDescribed(t, targetFormat(), 40) })
}

func checkDescribed(t *testing.T, format fileFormat, least int) {
	texts, err := format.descriptions()
	if err != nil {
		t.Fatal(err)
	}
	fields, err := format.language()
	if err != nil {
		t.Fatal(err)
	}
	if len(fields) < least {
		t.Fatalf("only %d fields", len(fields))
	}
	for _, f := range fields {
		if texts[f.path] == "" {
			t.Errorf("descriptions.yaml lacks %s", f.path)
		}
		delete(texts, f.path)
		if len(f.forms) == 0 {
			t.Errorf("%s is in none of the files that the language is read from, or is read in no known way", f.path)
		}
		for _, m := range f.forms {
			_, known := formatOf(m.want)
			if m.kind == textForm && !known && len(m.words) == 0 {
				t.Errorf("%s: textFormats lacks %q", f.path, m.want)
			}
		}
	}
	for path := range texts {
		t.Errorf("descriptions.yaml has %s, which nobody asks for", path)
	}
}

// schemaCheck returns a function that holds a scenario file against its schema.
func schemaCheck(t *testing.T) func(data []byte) error {
	t.Helper()
	return checkAgainst(t, Schema)
}

// checkAgainst returns a function that holds a YAML file against a schema.
func checkAgainst(t *testing.T, schema func() ([]byte, error)) func(data []byte) error {
	t.Helper()
	data, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return func(data []byte) error {
		root, problems := newSource("f.yaml", data).parse(data)
		if len(problems) > 0 {
			return problems
		}
		return r.Validate(plainJSON(root))
	}
}

// plainJSON is what an editor makes of a YAML tree.
func plainJSON(n *yaml.Node) any {
	n = resolve(n)
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[resolve(n.Content[i]).Value] = plainJSON(n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, plainJSON(item))
		}
		return list
	}
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return n.Value == "true"
	case "!!int", "!!float":
		if isNumber(n.Value) {
			f, _ := strconv.ParseFloat(n.Value, 64)
			return f
		}
	}
	return n.Value
}

// TestSchemaTakesWhatTheDecoderTakes holds that no editor marks a sound file.
func TestSchemaTakesWhatTheDecoderTakes(t *testing.T) {
	check := schemaCheck(t)
	var files []string
	for _, pattern := range []string{"testdata/*.yaml", "../scenarios/*.yaml", "testdata/broken/bases/sound.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no %s (%v)", pattern, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := check(data); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	for name, text := range map[string]string{
		"a file that extends": "extends: base.yaml\nproducers: {checkout: {key: {hot: null}, rate: 5/s}}\nseed: null\n",
		"variables":           "version: 1\nname: \"${NAME}\"\nseed: \"${SEED:-3}\"\ntopics: {t: {partitions: \"${N}\"}}\nproducers: {p: {topic: t, rate: \"${RATE}\", value: {size: \"${SIZE}\"}, settings: {acks: \"${ACKS}\", idempotent: \"${I}\"}}}\nphases: [{name: a, duration: \"${D}\", load: \"${L}%\"}]\n",
	} {
		if err := check([]byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		data := drawScenario(t).YAML()
		if err := check(data); err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
	})
}

// TestSchemaRejectsMistakes holds which of the broken files an editor marks: all
// but those that are wrong in what one field says about another, in a value that
// has the right form, in a table, or in what YAML itself does not show.
func TestSchemaRejectsMistakes(t *testing.T) {
	check := schemaCheck(t)
	// What a schema cannot see.
	unseen := map[string]string{}
	for _, why := range strings.Split(strings.TrimSpace(unseenBySchema), "\n") {
		reason, names, _ := strings.Cut(why, ": ")
		for _, name := range strings.Fields(names) {
			unseen[name] = reason
		}
	}
	files, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rejected := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		reason, missed := unseen[name]
		switch err := check(data); {
		case err == nil && !missed:
			t.Errorf("%s is accepted; add it to unseenBySchema if no schema could see it", name)
		case err != nil && missed:
			t.Errorf("%s is rejected, though it is %s: %v", name, reason, err)
		case err != nil:
			rejected++
		}
		delete(unseen, name)
	}
	for name := range unseen {
		t.Errorf("unseenBySchema names %s, which is not there", name)
	}
	if rejected < 20 {
		t.Errorf("only %d of %d broken files are rejected", rejected, len(files))
	}
}

const unseenBySchema = `
one field against another: buffer-and-batch curve-burst existing-topic extends-both extends-remove hot-and-zipf hot-keys idempotent-acks
one place against another: only-reads nobody-fills-template message-limit same-names unreachable-rate threshold-no-group connect-rate largest-and-buffer template-name tombstones-in-bytes too-many-partitions curve-changes nobody-fills not-measured phase-names too-many-records unknown-topic value-and-buffer
a value of the right form: threshold-bounds limits-extends limits-none limits-parameters limits-profile tagged variables version
in another file: extends-circle extends-list extends-syntax
shown by any editor: duplicate-key extends-twice
`

// TestFormats holds that what a parser takes matches the pattern that editors get
// of it, for text drawn from the characters that such values are made of, and that
// every example is taken.
func TestFormats(t *testing.T) {
	parsers := map[string]func(string) bool{
		wantSize:      takes(parseSize),
		wantByteRate:  takes(parseByteRate),
		wantCountRate: takes(parseCountRate),
		wantSlowRate:  takes(parseSlowRate),
		wantRate:      takes(parseRate),
		wantDuration:  takes(parseDuration),
		wantShare:     takes(parseShare),
	}
	pieces := rapid.SliceOfN(rapid.SampledFrom(strings.Split("0 1 23 4.5 . - + / % K Ki M B T s m h ms us µs ns max 5m", " ")), 1, 5)
	for want, takes := range parsers {
		f, ok := formatOf(want)
		if !ok || len(f.examples) == 0 {
			t.Fatalf("no format, or no example of it, for %s", want)
		}
		pattern := regexp.MustCompile("^(" + f.pattern + ")$")
		for _, example := range f.examples {
			if !takes(fmt.Sprint(example)) {
				t.Errorf("%s: the example %v is not taken", want, example)
			}
		}
		rapid.Check(t, func(t *rapid.T) {
			text := strings.Join(pieces.Draw(t, "text"), "")
			if takes(text) && !strings.HasPrefix(text, "-") && !pattern.MatchString(text) {
				t.Fatalf("%s: %s is taken, but does not match %s", want, text, pattern)
			}
		})
	}
}

func takes[T any](parse func(string) (T, *fault)) func(string) bool {
	return func(text string) bool { _, f := parse(text); return f == nil }
}
