package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

// TestResultSchemaIsFresh holds the JSON Schema that is printed against the types and
// their comments. With UPDATE_GOLDEN=1 it is written.
func TestResultSchemaIsFresh(t *testing.T) {
	g := schemaMaker{comments: comments(t, ".", "../internal/limits", "../internal/cost"), made: map[string]*jsonschema.Schema{}}
	g.of(reflect.TypeFor[Result]())
	root := g.made["Result"]
	delete(g.made, "Result")
	root.Schema, root.Title, root.Defs = "https://json-schema.org/draft/2020-12/schema", "msklt result", g.made
	name := any(Schema)
	root.Properties["schema"].Const = &name
	var want bytes.Buffer
	e := json.NewEncoder(&want)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(root); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile("result.schema.json", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(ResultSchema(), want.Bytes()) {
		t.Error("result.schema.json is not what the types say; UPDATE_GOLDEN=1 go test ./report -run Fresh writes it")
	}
}

// TestResultsMatchSchema holds results, real ones among them, against the schema.
func TestResultsMatchSchema(t *testing.T) {
	valid := resultCheck(t)
	for _, fixture := range []func() (*Result, []PartitionSecond){hotKey, steady, stopped, gated} {
		r, _ := fixture()
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(text); err != nil {
			t.Errorf("%s: %v", r.Scenario.Name, err)
		}
	}
	for _, dir := range keptResults(t) {
		text, err := os.ReadFile(filepath.Join(dir, "result.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(text); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
		// What is wrong is seen.
		for good, bad := range map[string]string{
			`"schema": "msklt.result/v1"`: `"schema": "msklt.result/v2"`,
			`"totals": {`:                 `"total": {`,
			`"scheduled":`:                `"scheduled": "x", "x":`,
			`"p99_ms":`:                   `"p98_ms":`,
		} {
			if changed := bytes.Replace(text, []byte(good), []byte(bad), 1); bytes.Equal(changed, text) || valid(changed) == nil {
				t.Errorf("%s: with %s it is still valid, or lacks %s", dir, bad, good)
			}
		}
	}
}

// TestKeptResults reads and draws one result of each version that was ever written.
func TestKeptResults(t *testing.T) {
	for _, dir := range keptResults(t) {
		r, series, err := Read(dir)
		if err != nil {
			t.Errorf("%s: %v", dir, err)
			continue
		}
		var page, terminal bytes.Buffer
		if err := HTML(&page, r, series); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
		Summary(&terminal, r, false, 80)
		for _, want := range []string{r.Scenario.Name, count(r.Totals.Acked), partitionName(r.Partitions[0].Topic, r.Partitions[0].Partition, 80)} {
			if !strings.Contains(page.String(), want) {
				t.Errorf("%s: the page lacks %q", dir, want)
			}
		}
		if r.Totals.Acked == 0 || series.seconds == 0 || !strings.Contains(terminal.String(), count(r.Totals.Acked)) {
			t.Errorf("%s: %d acked, %d seconds\n%s", dir, r.Totals.Acked, series.seconds, terminal.String())
		}
	}
}

// keptResults are folders of one result of each version.
func keptResults(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob("testdata/results/v*/*")
	if err != nil || len(dirs) == 0 {
		t.Fatal("no results", err)
	}
	return dirs
}

// resultCheck returns a function that holds a result.json against the schema.
func resultCheck(t *testing.T) func(text []byte) error {
	t.Helper()
	var s jsonschema.Schema
	if err := json.Unmarshal(ResultSchema(), &s); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return func(text []byte) error {
		var value any
		if err := json.Unmarshal(text, &value); err != nil {
			return err
		}
		return resolved.Validate(value)
	}
}

// schemaMaker makes schemas of Go types, one for each structure.
type schemaMaker struct {
	comments map[string]string
	made     map[string]*jsonschema.Schema
}

// of is the schema of a type: nil lists and pointers are null in JSON. More fields
// than are known may be there, since a later version of msklt may add some.
func (g schemaMaker) of(t reflect.Type) *jsonschema.Schema {
	if t == reflect.TypeFor[time.Time]() {
		return &jsonschema.Schema{Type: "string", Format: "date-time"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		s := g.of(t.Elem())
		if s.Ref != "" {
			return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "null"}, s}}
		}
		s.Type, s.Types = "", []string{"null", s.Type}
		return s
	case reflect.Slice:
		return &jsonschema.Schema{Types: []string{"null", "array"}, Items: g.of(t.Elem())}
	case reflect.Map:
		return &jsonschema.Schema{Types: []string{"null", "object"}, AdditionalProperties: g.of(t.Elem())}
	case reflect.Struct:
		name := typeName(t)
		if g.made[name] == nil {
			s := &jsonschema.Schema{Type: "object", Description: g.comments[name], Properties: map[string]*jsonschema.Schema{}}
			g.made[name] = s
			g.fields(s, t)
		}
		return &jsonschema.Schema{Ref: "#/$defs/" + name}
	case reflect.Bool:
		return &jsonschema.Schema{Type: "boolean"}
	case reflect.String:
		return &jsonschema.Schema{Type: "string"}
	case reflect.Float64:
		return &jsonschema.Schema{Type: "number"}
	}
	return &jsonschema.Schema{Type: "integer"}
}

func (g schemaMaker) fields(s *jsonschema.Schema, t reflect.Type) {
	for _, f := range reflect.VisibleFields(t) {
		property, name := g.of(f.Type), jsonName(f)
		property.Description = g.comments[typeName(t)+"."+f.Name]
		s.Properties[name] = property
		s.PropertyOrder = append(s.PropertyOrder, name)
		if !strings.Contains(f.Tag.Get("json"), ",omitempty") {
			s.Required = append(s.Required, name)
		}
	}
}

// typeName is a type's, with its package unless it is this one.
func typeName(t reflect.Type) string {
	if folder := filepath.Base(t.PkgPath()); folder != "report" {
		return folder + "." + t.Name()
	}
	return t.Name()
}

// comments are those of the structures of some packages and of their fields.
func comments(t *testing.T, folders ...string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		prefix := filepath.Base(folder) + "."
		if folder == "." {
			prefix = ""
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				if group, ok := d.(*ast.GenDecl); ok {
					for _, spec := range group.Specs {
						if named, ok := spec.(*ast.TypeSpec); ok {
							collect(out, prefix, group, named)
						}
					}
				}
			}
		}
	}
	return out
}

func collect(out map[string]string, prefix string, group *ast.GenDecl, named *ast.TypeSpec) {
	fields, ok := named.Type.(*ast.StructType)
	if !ok {
		return
	}
	out[prefix+named.Name.Name] = plain(cmp.Or(named.Doc.Text(), group.Doc.Text()))
	for _, f := range fields.Fields.List {
		for _, name := range f.Names {
			out[prefix+named.Name.Name+"."+name.Name] = plain(cmp.Or(f.Doc.Text(), f.Comment.Text()))
		}
	}
}

// plain is a comment as one line, with JSON's word for nothing.
func plain(comment string) string {
	return regexp.MustCompile(`\bnil\b`).ReplaceAllString(strings.Join(strings.Fields(comment), " "), "null")
}
