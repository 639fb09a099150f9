package scenario

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// jsonSchema is a JSON Schema of draft 7, which is what editors understand.
type jsonSchema struct {
	Schema        string                 `json:"$schema,omitempty"`
	Ref           string                 `json:"$ref,omitempty"`
	Title         string                 `json:"title,omitempty"`
	Description   string                 `json:"description,omitempty"`
	Default       any                    `json:"default,omitempty"`
	Examples      []any                  `json:"examples,omitempty"`
	Types         types                  `json:"type,omitempty"`
	Enum          []any                  `json:"enum,omitempty"`
	Pattern       string                 `json:"pattern,omitempty"`
	Minimum       *float64               `json:"minimum,omitempty"`
	Maximum       *float64               `json:"maximum,omitempty"`
	MinItems      int                    `json:"minItems,omitempty"`
	Items         *jsonSchema            `json:"items,omitempty"`
	PropertyNames *jsonSchema            `json:"propertyNames,omitempty"`
	Required      []string               `json:"required,omitempty"`
	Properties    map[string]*jsonSchema `json:"properties,omitempty"`
	Additional    any                    `json:"additionalProperties,omitempty"` // false, or the schema of the fields whose names the user chooses
	AnyOf         []*jsonSchema          `json:"anyOf,omitempty"`
	Not           *jsonSchema            `json:"not,omitempty"`
	If            *jsonSchema            `json:"if,omitempty"`
	Then          *jsonSchema            `json:"then,omitempty"`
	Definitions   map[string]*jsonSchema `json:"definitions,omitempty"`
}

// types are what a value may be: one, or one of several.
type types []string

func (t types) MarshalJSON() ([]byte, error) {
	if len(t) == 1 {
		return json.Marshal(t[0])
	}
	return json.Marshal([]string(t))
}

// Schema returns the JSON Schema of scenario files. It is made of what the
// decoder asks for, and it takes every file that the decoder takes; what one
// field says about another is left to the decoder.
func Schema() ([]byte, error) { return scenarioFormat().schema() }

// TargetSchema returns the JSON Schema of target files, as [Schema] that of scenarios.
func TargetSchema() ([]byte, error) { return targetFormat().schema() }

func (format fileFormat) schema() ([]byte, error) {
	fields, err := format.language()
	if err != nil {
		return nil, err
	}
	root := &jsonSchema{
		Schema:      "http://json-schema.org/draft-07/schema#",
		Title:       format.title,
		Description: format.about,
	}
	g := generator{fields}
	g.mapping(root, "")
	// A scenario that extends another one may leave out what that has, and take back
	// fields with null.
	root.If = &jsonSchema{Not: &jsonSchema{Required: []string{"extends"}}}
	root.Then = g.complete("")
	root.Definitions = map[string]*jsonSchema{"given": {Not: &jsonSchema{Types: types{"null"}}}}
	return encode(root)
}

func encode(s *jsonSchema) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		return nil, fmt.Errorf("write the JSON Schema: %w", err)
	}
	// Lists of plain values read best on one line.
	plain := regexp.MustCompile(`\[\s+((?:"(?:[^"\\]|\\.)*"|[0-9.-]+)(?:,\s+(?:"(?:[^"\\]|\\.)*"|[0-9.-]+))*)\s+\]`)
	space := regexp.MustCompile(`\n\s+`)
	return plain.ReplaceAllFunc(b.Bytes(), func(list []byte) []byte {
		text := space.ReplaceAll(list, []byte(" "))
		return append(append([]byte("["), bytes.TrimSpace(text[1:len(text)-1])...), ']')
	}), nil
}

//go:embed descriptions.yaml
var descriptionsYAML []byte

//go:embed target_descriptions.yaml
var targetDescriptionsYAML []byte

// descriptions are what the fields mean, by path. Limits mean the same everywhere.
func (format fileFormat) descriptions() (map[string]string, error) {
	var texts, all map[string]string
	if err := errors.Join(yaml.Load(descriptionsYAML, &all), yaml.Load(format.texts, &texts)); err != nil {
		return nil, fmt.Errorf("read the descriptions of fields: %w", err)
	}
	for path, text := range all {
		if strings.HasPrefix(path, "limits.") {
			texts[path] = text
		}
	}
	return texts, nil
}

type generator struct{ fields []*field }

// children are the fields of a mapping, or the items of a list.
func (g generator) children(path string) map[string]*field {
	children := map[string]*field{}
	for _, f := range g.fields {
		if parent, name := splitPath(f.path); parent == path {
			children[name] = f
		}
	}
	return children
}

// mapping makes s the schema of a mapping.
func (g generator) mapping(s *jsonSchema, path string) {
	s.Types = types{"object", "null"}
	if path == "" {
		s.Types = types{"object"}
	}
	s.Additional = false
	for name, f := range g.children(path) {
		if name == "*" {
			s.Additional = g.field(f)
			if f.longest > 0 {
				s.PropertyNames = &jsonSchema{Pattern: fmt.Sprintf("^[A-Za-z0-9._-]{1,%d}$", f.longest)}
			}
			continue
		}
		if s.Properties == nil {
			s.Properties = map[string]*jsonSchema{}
		}
		s.Properties[name] = g.field(f)
	}
}

// field is the schema of a field.
func (g generator) field(f *field) *jsonSchema {
	s := &jsonSchema{}
	forms := make([]*jsonSchema, 0, len(f.forms))
	var standard any
	for _, m := range f.forms {
		forms = append(forms, g.form(f, m)...)
		if m.standard != "" {
			standard = plainValue(m.standard)
		}
	}
	if len(forms) == 1 {
		*s = *forms[0]
	} else {
		s.AnyOf = forms
	}
	s.Description, s.Default = f.text, standard
	if about := f.about(); about != "" {
		s.Description += "\n\n" + about
	}
	return s
}

// form is the schema of one of the things that a field may be.
func (g generator) form(f *field, m form) []*jsonSchema {
	s := &jsonSchema{}
	switch m.kind {
	case mappingForm:
		g.mapping(s, f.path)
		return []*jsonSchema{s}
	case listForm:
		s.Types, s.MinItems = types{"array", "null"}, 1
		if item := g.children(f.path)["[]"]; item != nil {
			s.Items = g.field(item)
		}
		return []*jsonSchema{s}
	}
	if len(m.words) > 0 {
		for _, w := range m.words {
			s.Enum = append(s.Enum, plainValues(w)...)
		}
		return []*jsonSchema{s, {Types: types{"string", "null"}, Pattern: variable}}
	}
	format, _ := formatOf(m.want)
	s.Types, s.Examples = append(slices.Clone(format.types), "null"), format.examples
	switch format.pattern {
	case "":
	case variable:
		s.Pattern = variable
	default:
		s.Pattern = "^(" + format.pattern + ")$|" + variable
	}
	switch {
	case m.want == wantDuration: // without a unit there is only 0
		s.Minimum, s.Maximum = new(float64), new(float64)
	case m.low != "" && slices.ContainsFunc(format.types, func(t string) bool { return t == "integer" || t == "number" }):
		s.Minimum, s.Maximum = &m.min, &m.max
	}
	return []*jsonSchema{s}
}

// complete is what a file must have that extends no other: the required fields,
// and a value wherever there is a field.
func (g generator) complete(path string) *jsonSchema {
	children := g.children(path)
	if len(children) == 0 {
		return &jsonSchema{Ref: "#/definitions/given"}
	}
	s := &jsonSchema{Not: &jsonSchema{Types: types{"null"}}, Additional: &jsonSchema{Ref: "#/definitions/given"}}
	for _, name := range slices.Sorted(maps.Keys(children)) {
		f := children[name]
		if f.required {
			s.Required = append(s.Required, name)
		}
		switch below := g.complete(f.path); {
		case name == "*":
			s.Additional = below
		case name == "[]":
			s.Items = below
		case below.Ref == "":
			if s.Properties == nil {
				s.Properties = map[string]*jsonSchema{}
			}
			s.Properties[name] = below
		}
	}
	return s
}

// plainValues is a word as JSON, and as the number or truth value that YAML takes
// it for without quotes.
func plainValues(word string) []any {
	if value := plainValue(word); value != any(word) {
		return []any{word, value}
	}
	return []any{word}
}

// plainValue is what text means to YAML where it stands without quotes; nil
// for no text.
func plainValue(text string) any {
	switch {
	case text == "":
		return nil
	case text == "true" || text == "false":
		return text == "true"
	case isNumber(text):
		return json.Number(text)
	}
	return text
}

// about says in words what the schema cannot say to people: default and range.
func (f *field) about() string {
	var parts []string
	for _, m := range f.forms {
		if m.standard != "" {
			parts = append(parts, "Default: "+m.standard+".")
		}
		if m.low != "" {
			parts = append(parts, fmt.Sprintf("From %s to %s.", m.low, m.high))
		}
	}
	return strings.Join(parts, " ")
}
