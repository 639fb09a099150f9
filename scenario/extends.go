package scenario

import (
	"path/filepath"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// mostFiles bounds a chain of files that extend each other.
const mostFiles = 10

// baseFile is a scenario file that another one extends.
type baseFile struct {
	source        // its positions name the file as the reader would open it
	name   string // as the main file would name it
}

// extend lays a file over the one that its field extends names. Mappings are
// merged field by field; everything else in the file replaces what the base has,
// and null removes it. chain are the names of the files that led here, this one
// last. The result is nil when a base could not be read, which is reported.
func (d *decoder) extend(root *yaml.Node, chain []string) *yaml.Node {
	at := fieldIndex(root, "extends")
	if at < 0 {
		return root
	}
	n := resolve(root.Content[at+1])
	name, f := d.text(n, wantScenario)
	if f != nil {
		d.report(n, f.hint, "extends: %s", f.message)
		return nil
	}
	name = filepath.Clean(d.rebase(n, name))
	path := append(slices.Clone(chain), name)
	switch {
	case slices.Contains(chain, name):
		d.report(n, "", "extends goes in a circle: %s", strings.Join(path, " → "))
		return nil
	case len(path) > mostFiles:
		d.report(n, "", "extends goes through more than %d files: %s", mostFiles, strings.Join(path, " → "))
		return nil
	}
	base := d.extend(d.readBase(n, name), path)
	if base == nil {
		return nil
	}
	over := *root // without the field extends
	over.Content = slices.Delete(slices.Clone(root.Content), at, at+2)
	d.bases[&over] = d.bases[root]
	if again := fieldIndex(&over, "extends"); again >= 0 {
		d.report(over.Content[again], "a scenario extends one other, which may extend another", "extends is given twice")
		over.Content = slices.Delete(over.Content, again, again+2)
	}
	m := merge{decoder: d, base: name, done: map[[2]*yaml.Node]*yaml.Node{}}
	return m.mappings(&over, base, "")
}

// fieldIndex is the index of a field's name in the content of a mapping, -1 when
// n is no mapping or has no such field.
func fieldIndex(n *yaml.Node, name string) int {
	if n == nil || n.Kind != yaml.MappingNode {
		return -1
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := resolve(n.Content[i]); key.Kind == yaml.ScalarNode && key.Value == name {
			return i
		}
	}
	return -1
}

// readBase reads the file that node n names; nil, and reported, when it is not
// there, no YAML or no mapping.
func (d *decoder) readBase(n *yaml.Node, name string) *yaml.Node {
	if d.options.ReadFile == nil {
		d.report(n, "load the scenario from its file", "extends: %s cannot be read: this scenario comes without its folder", quote(name))
		return nil
	}
	data, err := d.options.ReadFile(name)
	switch {
	case err != nil:
		d.report(n, "the path is relative to the file that names it", "extends: cannot read %s: %s", quote(name), reason(err))
		return nil
	case len(data) > largestFile:
		d.report(n, "", "extends: %s is larger than %s", quote(name), formatSize(largestFile))
		return nil
	}
	base := &baseFile{newSource(beside(d.source.file, name), data), name}
	root, problems := base.parse(data)
	d.problems = append(d.problems, problems...)
	if root == nil {
		return nil
	}
	d.markBase(root, base)
	if root.Kind != yaml.MappingNode {
		d.report(root, "", "want a mapping, got %s", describe(root))
		return nil
	}
	return root
}

// markBase notes that a tree comes from a base.
func (d *decoder) markBase(n *yaml.Node, base *baseFile) {
	d.bases[n] = base
	for _, child := range n.Content {
		d.markBase(child, base)
	}
}

// rebase turns the name of a file, as the file that holds node n says it, into
// the name as the main file would say it.
func (d *decoder) rebase(n *yaml.Node, name string) string {
	base := d.bases[n]
	if base == nil || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(base.name), name)
}

// sourceOf is the text of a file that the scenario was read from.
func (d *decoder) sourceOf(file string) source {
	for _, base := range d.bases {
		if base != nil && base.file == file {
			return base.source
		}
	}
	return d.source
}

// merge lays one tree over another. Neither is changed: aliases may share parts
// of them.
type merge struct {
	*decoder
	base string
	done map[[2]*yaml.Node]*yaml.Node // also keeps aliases in a circle from recursing for ever
}

// mappings merges two mappings: the fields of under in their order, then those
// that only over has. Positions are those of over where it says anything.
func (m merge) mappings(over, under *yaml.Node, path string) *yaml.Node {
	if merged := m.done[[2]*yaml.Node{over, under}]; merged != nil {
		return merged
	}
	merged := *over
	merged.Anchor, merged.Content = "", slices.Clone(under.Content)
	m.done[[2]*yaml.Node{over, under}] = &merged
	m.bases[&merged] = m.bases[over]
	given := map[string]bool{}
	for i := 0; i+1 < len(over.Content); i += 2 {
		key := resolve(over.Content[i])
		twice := given[key.Value]
		given[key.Value] = true
		if at := fieldIndex(&merged, key.Value); at >= 0 && key.Kind == yaml.ScalarNode && !twice {
			m.field(&merged, at, key, resolve(over.Content[i+1]), path)
			continue
		}
		if isNull(resolve(over.Content[i+1])) && !twice {
			m.report(key, suggest(key.Value, fieldNames(under)), "%s is to be removed, but %s has none", join(path, key.Value), m.base)
			continue
		}
		merged.Content = append(merged.Content, over.Content[i], over.Content[i+1])
	}
	return &merged
}

// field lays a value over the field at an index of a mapping.
func (m merge) field(merged *yaml.Node, at int, key, value *yaml.Node, path string) {
	under := resolve(merged.Content[at+1])
	switch {
	case isNull(value):
		merged.Content = slices.Delete(merged.Content, at, at+2)
		return
	case value.Kind == yaml.MappingNode && under.Kind == yaml.MappingNode:
		value = m.mappings(value, under, join(path, key.Value))
	}
	merged.Content[at], merged.Content[at+1] = key, value
}

// fieldNames are the names of a mapping's fields, for hints.
func fieldNames(n *yaml.Node) []string {
	var names []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		names = append(names, n.Content[i].Value)
	}
	return names
}
