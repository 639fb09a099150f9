package scenario

import (
	"embed"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	yaml "go.yaml.in/yaml/v4"
)

// field is what the decoder knows of a field: what the JSON Schema and the
// reference page are made of, so that neither can say anything else.
type field struct {
	path     string // "producers.*.key.hot.share": * stands for names that the user chooses, [] for an item of a list
	forms    []form // what it may be
	required bool   // wherever its mapping stands
	example  string // of a required field
	longest  int    // of a name that the user chooses
	text     string // what it means, from descriptions.yaml
	recent   int    // the form that was read last
}

// form is one of the things that a field may be.
type form struct {
	kind      formKind
	want      string   // of text: what it is called in messages, see textFormats
	words     []string // of text that is one of a few words
	standard  string   // the default; "" for none
	low, high string   // the range; "" for none
	min, max  float64  // the same as a number, in bytes, nanoseconds or 1
	value     any      // the default as it was given
	depends   bool     // the default is not the same everywhere
	open      bool     // nor is the range
}

type formKind int

const (
	textForm formKind = iota
	mappingForm
	listForm
)

// recorder notes what the decoder asks for. A nil recorder notes nothing.
type recorder struct {
	paths    map[*yaml.Node]string
	fields   map[string]*field
	order    []*field
	visits   map[string]int // mappings that were read, by path
	requires map[string]int // of those, the ones that require a field
}

//go:embed testdata/everything.yaml testdata/hot-key.yaml testdata/targets/*.yaml
var languageFiles embed.FS

// fileFormat is one of the formats that this package reads.
type fileFormat struct {
	title, about string
	examples     []string // files that between them hold all fields
	texts        []byte   // what they mean, by path
	read         func(*decoder, *yaml.Node)
}

func scenarioFormat() fileFormat {
	return fileFormat{
		title:    "msklt scenario",
		about:    "What load to put on a Kafka cluster: topics, the fleets that produce to them, the groups that consume, and for how long.",
		examples: []string{"testdata/everything.yaml", "testdata/hot-key.yaml"},
		texts:    descriptionsYAML,
		read:     func(d *decoder, root *yaml.Node) { d.scenario(root) },
	}
}

func targetFormat() fileFormat {
	return fileFormat{
		title: "msklt target",
		about: "Where a scenario runs: a Kafka cluster, how to reach it and how to log in.",
		examples: []string{"testdata/targets/bootstrap.yaml", "testdata/targets/arn.yaml", "testdata/targets/embedded.yaml", "testdata/targets/plain.yaml",
			"testdata/targets/command.yaml", "testdata/targets/web-identity.yaml"},
		texts: targetDescriptionsYAML,
		read:  func(d *decoder, root *yaml.Node) { d.target(root) },
	}
}

// language returns every field of a format: what the decoder asks for while it
// reads examples that between them hold all of it. What they lack is found by the
// tests, which hold the result against files drawn at random.
func (format fileFormat) language() ([]*field, error) {
	texts, err := format.descriptions()
	if err != nil {
		return nil, err
	}
	r := &recorder{
		paths: map[*yaml.Node]string{}, fields: map[string]*field{},
		visits: map[string]int{}, requires: map[string]int{},
	}
	for _, name := range format.examples {
		r.read(name, format.read)
	}
	for _, f := range r.order {
		parent, _ := splitPath(f.path)
		f.required = r.requires[f.path] > 0 && r.requires[f.path] == r.visits[parent]
		f.text = texts[f.path]
		for i := range f.forms {
			f.forms[i].settle(f)
		}
	}
	return r.order, nil
}

// read lets the decoder read an example. Its mistakes do not matter here: files
// and variables that it names are not there.
func (r *recorder) read(name string, decode func(*decoder, *yaml.Node)) {
	data, _ := languageFiles.ReadFile(name)
	d := &decoder{source: newSource(name, data), recorder: r,
		flags: map[*yaml.Node]flagNode{}, bases: map[*yaml.Node]*baseFile{}}
	if root, _ := d.source.parse(data); root != nil {
		r.paths[root] = ""
		decode(d, root)
	}
}

// settle takes back what is not the same wherever the field stands, or tells
// nobody anything: ranges that only catch slips; the default of a field that may
// be required, has a name that the user chooses, lies outside of the range (the
// decoder goes on with it after a mistake), or whose text says what holds without
// the field.
func (m *form) settle(f *field) {
	const slips = 1e12
	n, isNumber := asNumber(m.value)
	outside := isNumber && m.low != "" && (n < m.min || n > m.max)
	told := strings.Contains(f.text, "Without it") || strings.Contains(f.text, "By default")
	if f.example != "" || strings.HasSuffix(f.path, ".*") || m.depends || outside || told {
		m.standard = ""
	}
	if m.open || m.want != wantDuration && m.max >= slips || m.want == wantInteger && m.max >= math.MaxInt32 {
		m.low, m.high = "", ""
	}
}

// splitPath is the path of a field's mapping or list, and the field's name there.
func splitPath(path string) (parent, name string) {
	if list, ok := strings.CutSuffix(path, "[]"); ok {
		return list, "[]"
	}
	i := strings.LastIndex(path, ".")
	return path[:max(i, 0)], path[i+1:]
}

// at returns the record of a field.
func (r *recorder) at(path string) *field {
	f := r.fields[path]
	if f == nil {
		f = &field{path: path}
		r.fields[path] = f
		r.order = append(r.order, f)
	}
	return f
}

// path is the path of a field of a mapping.
func (r *recorder) path(o *object, name string) string {
	if o.open {
		name = "*"
	}
	path, known := r.paths[o.node]
	if !known {
		path = "?" + o.path
	}
	return join(path, name)
}

// field notes that a field was asked for.
func (r *recorder) field(o *object, name string) {
	if r == nil {
		return
	}
	path := r.path(o, name)
	r.at(path)
	if n := o.values[name]; n != nil {
		r.paths[n] = path
	}
}

// mapping notes that a node was read as a mapping.
func (r *recorder) mapping(n *yaml.Node) {
	if r == nil {
		return
	}
	path := r.paths[n]
	r.visits[path]++
	if path != "" {
		r.at(path).form(mappingForm, "")
	}
}

// names notes how long the names may be that the user chooses.
func (r *recorder) names(o *object, longest int) {
	if r != nil {
		r.at(r.path(o, "")).longest = longest
	}
}

// list notes that a field was read as a list, n if it is there.
func (r *recorder) list(o *object, name string, n *yaml.Node) {
	if r == nil {
		return
	}
	path := r.path(o, name)
	r.at(path).form(listForm, "")
	for i := 0; n != nil && i < len(n.Content); i++ {
		r.paths[resolve(n.Content[i])] = path + "[]"
	}
}

// scalar notes that a field was read as text.
func (r *recorder) scalar(o *object, name, want string) {
	if r != nil {
		r.at(r.path(o, name)).form(textForm, want)
	}
}

// item notes that an item of a list, or a field whose node was asked for, was
// read as text.
func (r *recorder) item(n *yaml.Node, want string) {
	if r == nil {
		return
	}
	if path, known := r.paths[n]; known {
		r.at(path).form(textForm, want)
	}
}

// words notes the words that a field may be.
func (r *recorder) words(o *object, name, want string, words []string) {
	if r != nil {
		r.at(r.path(o, name)).form(textForm, want).words = words
	}
}

// require notes that a field is required in this mapping.
func (r *recorder) require(o *object, name, example string) {
	if r == nil {
		return
	}
	path := r.path(o, name)
	r.at(path).example = example
	r.requires[path]++
}

// standard notes the default of a field that is text.
func (r *recorder) standard(o *object, name, want string, value any) {
	if r == nil {
		return
	}
	m := r.at(r.path(o, name)).form(textForm, want)
	text := formatStandard(want, value)
	m.depends = m.depends || m.value != nil && m.standard != text
	m.value, m.standard = value, text
}

// bounds notes the range of a field that was just read as text.
func (r *recorder) bounds(o *object, name string, low, high float64, lowText, highText string) {
	if r == nil {
		return
	}
	f := r.at(r.path(o, name))
	m := &f.forms[f.recent]
	m.open = m.open || m.low != "" && (m.low != lowText || m.high != highText)
	m.low, m.high, m.min, m.max = lowText, highText, low, high
}

// form is the record of one form of a field.
func (f *field) form(kind formKind, want string) *form {
	for i := range f.forms {
		if f.forms[i].kind == kind && f.forms[i].want == want {
			f.recent = i
			return &f.forms[i]
		}
	}
	f.forms = append(f.forms, form{kind: kind, want: want})
	f.recent = len(f.forms) - 1
	return &f.forms[f.recent]
}

func formatStandard(want string, value any) string {
	switch v := value.(type) {
	case string:
		return v
	case bool, uint64:
		return fmt.Sprint(v)
	case time.Duration:
		return formatDuration(v)
	case int:
		if want == wantSize {
			return formatSize(v)
		}
		return strconv.Itoa(v)
	case float64:
		if want == wantShare {
			return formatShare(v)
		}
		return formatNumber(v)
	}
	return ""
}

// asNumber is the value of a number of any kind.
func asNumber(value any) (n float64, ok bool) {
	switch v := value.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	case time.Duration:
		return float64(v), true
	}
	return 0, false
}
