package scenario

import (
	"fmt"
	"slices"

	yaml "go.yaml.in/yaml/v4"
)

// decoder turns a YAML tree into a scenario and collects every mistake on the
// way. A value that is wrong is reported and its default taken, so that the rest
// is still looked at.
type decoder struct {
	source   source
	options  Options
	flags    map[*yaml.Node]flagNode  // nodes that come from --set
	bases    map[*yaml.Node]*baseFile // nodes that come from a file that the scenario extends
	problems Problems
	later    []func(*Scenario)   // checks of a field against sections that are read after it
	root     *yaml.Node          // the whole scenario
	faulty   []*yaml.Node        // where mistakes were reported
	recorder *recorder           // of what is asked for, see language; nil when nobody wants to know
	hidden   map[*yaml.Node]bool // nodes whose text no message may show
}

func (d *decoder) pos(n *yaml.Node) Pos { return d.problem(n, "", "").Pos }

// report notes a mistake at a node.
func (d *decoder) report(n *yaml.Node, hint, format string, args ...any) {
	d.problems = append(d.problems, d.problem(n, d.shown(n, hint), d.shown(n, fmt.Sprintf(format, args...))))
	d.faulty = append(d.faulty, n)
}

func (d *decoder) problem(n *yaml.Node, hint, message string) Problem {
	if f, ok := d.flags[n]; ok {
		return f.problem(n, hint, message)
	}
	if base := d.bases[n]; base != nil {
		return base.problem(n.Line, n.Column, hint, message)
	}
	return d.source.problem(n.Line, n.Column, hint, message)
}

// object is a YAML mapping with known fields. What is asked for is known: done
// reports the rest.
type object struct {
	*decoder
	path   string     // "producers.checkout", "" at the top
	open   bool       // the names of its fields are chosen by the user
	node   *yaml.Node // the mapping
	anchor *yaml.Node // where a missing field is reported: the mapping's own key
	keys   []*yaml.Node
	values map[string]*yaml.Node
	asked  []string
	absent [][2]string     // required fields with an example, see require
	bad    map[string]bool // fields that were reported
}

// object reads a mapping; anchor is its key, or itself where it has none. What
// is no mapping is reported and gives nil.
func (d *decoder) object(n, anchor *yaml.Node, path string) *object {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		d.report(n, "", "%swant a mapping, got %s", prefix(path), describe(n))
		return nil
	}
	o := &object{decoder: d, path: path, node: n, anchor: anchor,
		values: map[string]*yaml.Node{}, bad: map[string]bool{}}
	d.recorder.mapping(n)
	for i := 0; i+1 < len(n.Content); i += 2 {
		o.add(resolve(n.Content[i]), resolve(n.Content[i+1]))
	}
	return o
}

func (o *object) add(key, value *yaml.Node) {
	if key.Kind != yaml.ScalarNode {
		o.report(key, "", "%sa field's name must be plain text, got %s", prefix(o.path), describe(key))
		return
	}
	if _, twice := o.values[key.Value]; twice {
		o.report(key, "keep one of them", "%s is given twice, first at %s", join(o.path, key.Value), o.pos(o.key(key.Value)))
		return
	}
	o.keys = append(o.keys, key)
	o.values[key.Value] = value
}

// get returns a field's value, nil when it is absent.
func (o *object) get(name string) *yaml.Node {
	o.asked = append(o.asked, name)
	o.recorder.field(o, name)
	return o.values[name]
}

func (o *object) has(name string) bool { return o.values[name] != nil }

// key returns the node of a field's name.
func (o *object) key(name string) *yaml.Node {
	for _, k := range o.keys {
		if k.Value == name {
			return k
		}
	}
	return o.anchor
}

// require reports a field that is absent, with an example of it. The report waits
// for done, where a misspelt field may turn out to be the one.
func (o *object) require(name, example string) {
	o.recorder.require(o, name, example)
	if o.get(name) == nil {
		o.bad[name] = true
		o.absent = append(o.absent, [2]string{name, example})
	}
}

// fail reports a mistake in a field, or where the field would be.
func (o *object) fail(name, hint, format string, args ...any) {
	o.bad[name] = true
	n := o.values[name]
	if n == nil {
		n = o.anchor
	}
	o.report(n, hint, "%s: %s", join(o.path, name), fmt.Sprintf(format, args...))
}

// sound tells that none of the fields was reported, so that they can be compared.
func (o *object) sound(names ...string) bool {
	for _, name := range names {
		if o.bad[name] {
			return false
		}
	}
	return true
}

// child reads a field that is a mapping; nil when it is absent or something else.
func (o *object) child(name string) *object {
	n := o.get(name)
	if n == nil {
		return nil
	}
	return o.object(n, o.key(name), join(o.path, name))
}

// entries calls f for every field of a mapping whose field names are chosen by
// the user: topics, producers, consumers. The entry is nil, and reported, when
// it is no mapping.
func (o *object) entries(longest int, f func(name string, entry *object)) {
	names := o.names()
	o.recorder.names(o, longest)
	for _, name := range names {
		key := o.key(name)
		o.checkName(key, name, o.path, longest)
		entry := o.object(o.get(name), key, join(o.path, name))
		f(name, entry)
		if entry != nil {
			entry.done()
		}
	}
}

// names are the names of the fields of a mapping whose user chooses them.
func (o *object) names() []string {
	o.open = true
	names := make([]string, len(o.keys))
	for i, key := range o.keys {
		names[i] = key.Value
	}
	return names
}

// done reports the required fields that are absent and the fields that nobody
// asked for.
func (o *object) done() {
	slices.Sort(o.asked)
	known := slices.Compact(o.asked)
	var meant []string
	for _, key := range o.keys {
		switch {
		case slices.Contains(known, key.Value):
		case key.Value == "<<":
			o.report(key, "an alias can stand for a whole value, as in settings: *fast",
				"%smerge keys are not supported", prefix(o.path))
		default:
			meant = append(meant, closest(key.Value, known))
			o.report(key, suggest(key.Value, known), "%sunknown field %s", prefix(o.path), quote(key.Value))
		}
	}
	for _, field := range o.absent {
		if name, example := field[0], field[1]; !slices.Contains(meant, name) {
			o.report(o.anchor, fmt.Sprintf("add %s: %s", name, example), "%s is missing", join(o.path, name))
		}
	}
}

// items returns the items of a list, nil when it is absent or something else.
func (o *object) items(name string) []*yaml.Node {
	n := o.get(name)
	o.recorder.list(o, name, n)
	switch {
	case n == nil:
		return nil
	case n.Kind != yaml.SequenceNode:
		o.fail(name, "", "want a list, got %s", describe(n))
		return nil
	case len(n.Content) == 0:
		o.fail(name, "", "the list is empty")
	}
	items := make([]*yaml.Node, len(n.Content))
	for i, item := range n.Content {
		items[i] = resolve(item)
	}
	return items
}

// resolve follows an alias to the value it stands for.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// join is the path of a field.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// prefix is a path before a message.
func prefix(path string) string {
	if path == "" {
		return ""
	}
	return path + ": "
}

// describe names what a node is, for messages.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	if isNull(n) {
		return "nothing"
	}
	return quote(n.Value)
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }
