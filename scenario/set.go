package scenario

import (
	"fmt"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// flagNode is where a node comes from that is not in the file: an edit given as
// path=value. Its positions have the flag's name as file and the number of the
// flag's repetition as line.
type flagNode struct {
	edit   string
	number int // of the repetition, from 0
	offset int // characters before the value
}

const setFlag = "--set"

func (f flagNode) at(column int, hint, message string) Problem {
	return newProblem(Pos{setFlag, f.number + 1, max(column, 1)}, f.edit, hint, message)
}

// problem is a problem at a node of the edit's value.
func (f flagNode) problem(n *yaml.Node, hint, message string) Problem {
	column := 1
	if n.Line == 1 {
		column = n.Column
	}
	return f.at(f.offset+column, hint, message)
}

// set applies one edit to the tree; inside is the edit as seen from the tree, without
// what names the tree. A path goes through mappings by field name
// and through lists by index or by the item's name; a field that is not there is
// made. An edit inside a value that aliases share changes it for all of them.
func (d *decoder) set(root *yaml.Node, number int, edit, inside string) {
	f := flagNode{edit: edit, number: number}
	path, text, ok := strings.Cut(inside, "=")
	if !ok || path == "" {
		d.problems = append(d.problems, f.at(1, "such as topics.orders.partitions=24", "want path=value"))
		return
	}
	f.offset = len([]rune(edit)) - len([]rune(text))
	value, problems := newSource(setFlag, []byte(text)).parse([]byte(text))
	if text == "" {
		value, problems = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: 1, Column: 1}, nil
	}
	if d.hidden != nil { // a target's
		problems = problems.maskSyntax()
	}
	for _, p := range problems {
		d.problems = append(d.problems, f.at(f.offset+p.Pos.Column, "", p.Message))
	}
	if len(problems) > 0 {
		return
	}
	d.mark(value, f)
	if message := d.place(resolve(root), path, value, f); message != "" {
		d.problems = append(d.problems, f.at(1, "", message))
	}
}

// mark notes that a tree comes from an edit.
func (d *decoder) mark(n *yaml.Node, f flagNode) {
	d.flags[n] = f
	for _, child := range n.Content {
		d.mark(child, f)
	}
}

// place puts a value at a path below a node. It returns what is wrong with the
// path.
func (d *decoder) place(n *yaml.Node, path string, value *yaml.Node, f flagNode) (problem string) {
	switch {
	case n.Kind == yaml.MappingNode:
		return d.placeField(n, path, value, f)
	case n.Kind == yaml.SequenceNode:
		return d.placeItem(n, path, value, f)
	case isNull(n):
		*n = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: n.Line, Column: n.Column}
		return d.placeField(n, path, value, f)
	}
	return fmt.Sprintf("%s has no field %s: it is %s", setFlag, quote(path), d.shown(n, describe(n)))
}

// placeField puts a value into a mapping. A field's name may hold dots, so the
// longest one that fits the path is taken.
func (d *decoder) placeField(n *yaml.Node, path string, value *yaml.Node, f flagNode) (problem string) {
	found := -1
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		fits := path == name || strings.HasPrefix(path, name+".")
		if fits && (found < 0 || len(name) > len(n.Content[found].Value)) {
			found = i
		}
	}
	if found < 0 {
		name, _, _ := strings.Cut(path, ".")
		key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name, Line: 1, Column: 1}
		d.mark(key, flagNode{f.edit, f.number, f.offset - 1 - len([]rune(path))})
		empty := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: 1, Column: 1}
		d.mark(empty, f)
		n.Content = append(n.Content, key, empty)
		found = len(n.Content) - 2
	}
	rest := strings.TrimPrefix(path, n.Content[found].Value)
	if rest == "" {
		n.Content[found+1] = value
		return ""
	}
	return d.place(resolve(n.Content[found+1]), rest[1:], value, f)
}

// placeItem puts a value into an item of a list.
func (d *decoder) placeItem(n *yaml.Node, path string, value *yaml.Node, f flagNode) (problem string) {
	name, rest, deeper := strings.Cut(path, ".")
	index, err := strconv.Atoi(name)
	if err != nil {
		index = itemNamed(n, name)
	}
	switch {
	case index < 0 || index >= len(n.Content):
		return fmt.Sprintf("%s finds no item %s in a list of %d", setFlag, quote(name), len(n.Content))
	case !deeper:
		n.Content[index] = value
		return ""
	}
	return d.place(resolve(n.Content[index]), rest, value, f)
}

// itemNamed is the index of the item whose field name is name, or -1.
func itemNamed(n *yaml.Node, name string) int {
	for i, item := range n.Content {
		item = resolve(item)
		for j := 0; item.Kind == yaml.MappingNode && j+1 < len(item.Content); j += 2 {
			if item.Content[j].Value == "name" && item.Content[j+1].Value == name {
				return i
			}
		}
	}
	return -1
}
