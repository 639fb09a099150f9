package report

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// Change is a value in which resolved scenarios differ: its path as --set takes it,
// and what it is before and after. Where it is not the same in all runs of a side,
// all its values are given; where a scenario does not have it, "–".
type Change struct {
	Path   string `json:"path"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// absent stands for a value that a scenario does not have.
const absent = "–"

// What no scenario exceeds that somebody wrote.
const (
	maxScenarioBytes = 1 << 20
	maxPathBytes     = 1000
)

// scenarioChanges finds the values in which the scenarios of runs differ, in the
// order in which they have them. A scenario that cannot be read is told, unless
// all are the same.
func scenarioChanges(before, after []*Result) (changed []Change, unread []string) {
	resolved := func(r *Result) string { return r.Scenario.Resolved }
	all := distinct(slices.Concat(before, after), resolved)
	if len(all) == 1 {
		return nil, nil
	}
	scenarios := make(map[string]map[string]string, len(all))
	var paths []string // in the order in which the scenarios have them
	seen := make(map[string]bool)
	for _, text := range all {
		values, err := scenarioValues(text)
		if err != nil {
			return nil, []string{fmt.Sprintf("The scenarios differ, and one of them cannot be read: %s.", clip(err.Error(), 200))}
		}
		scenarios[text] = make(map[string]string, len(values))
		for _, v := range values {
			scenarios[text][v.path] = v.text
			if !seen[v.path] {
				paths = append(paths, v.path)
			}
			seen[v.path] = true
		}
	}
	for _, path := range paths {
		of := func(r *Result) string {
			if v, ok := scenarios[r.Scenario.Resolved][path]; ok {
				return v
			}
			return absent
		}
		b, a := distinct(before, of), distinct(after, of)
		if decides(path) && differ(b, a) {
			changed = append(changed, Change{path, enumerated(b, 3), enumerated(a, 3)})
		}
	}
	return changed, nil
}

// decides tells whether a value of a scenario decides what a run measures. The seed
// is told apart, as one of its runs may have another.
func decides(path string) bool {
	top, _, _ := strings.Cut(path, ".")
	return !slices.Contains([]string{"version", "name", "description", "seed", "thresholds"}, top)
}

// unlikeScenarios says by what the scenarios differ.
func unlikeScenarios(changed []Change) []string {
	if len(changed) == 0 {
		return nil
	}
	var subjects []string
	for _, c := range changed {
		if s := subject(c.Path); !slices.Contains(subjects, s) {
			subjects = append(subjects, s)
		}
	}
	return []string{fmt.Sprintf("The scenarios differ in %s.", enumerated(subjects, len(subjects)))}
}

// subject says what a value of a scenario is about.
func subject(path string) string {
	parts := strings.Split(path, ".")
	last := parts[len(parts)-1]
	switch {
	case parts[0] == "topics" && (last == "partitions" || last == "count"):
		return "partitions"
	case parts[0] == "producers" && slices.Contains(parts, "value"):
		return "value sizes"
	case slices.Contains(parts, "settings"), last == "rate":
		return last
	case last == "clients", last == "connections":
		return "client counts"
	case last == "duration":
		return "duration"
	}
	return parts[0]
}

// scenarioValue is a scalar of a scenario.
type scenarioValue struct{ path, text string }

// scenarioValues are all scalars of a resolved scenario, in order.
func scenarioValues(resolved string) ([]scenarioValue, error) {
	if len(resolved) > maxScenarioBytes {
		return nil, fmt.Errorf("it has %s bytes", count(int64(len(resolved))))
	}
	var doc yaml.Node
	if err := yaml.Load([]byte(resolved), &doc); err != nil {
		return nil, err
	}
	return appendValues(nil, "", &doc)
}

func appendValues(to []scenarioValue, path string, n *yaml.Node) ([]scenarioValue, error) {
	below := func(name string) string {
		if path == "" {
			return name
		}
		return path + "." + name
	}
	var err error
	switch {
	case len(path) > maxPathBytes:
		return nil, errors.New("it is nested more deeply than any scenario")
	case n.Kind == yaml.AliasNode:
		return nil, errors.New("it has an alias, which msklt writes none of")
	case n.Kind == yaml.DocumentNode && len(n.Content) == 1:
		return appendValues(to, path, n.Content[0])
	case n.Kind == yaml.MappingNode && len(n.Content) > 0:
		for i := 0; i+1 < len(n.Content) && err == nil; i += 2 {
			to, err = appendValues(to, below(n.Content[i].Value), n.Content[i+1])
		}
		return to, err
	case n.Kind == yaml.SequenceNode && len(n.Content) > 0:
		for i, item := range n.Content {
			if to, err = appendValues(to, below(itemName(i, item)), item); err != nil {
				return nil, err
			}
		}
		return to, nil
	}
	return append(to, scenarioValue{path, written(n)}), nil
}

// written is a value as a file has it.
func written(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "{}"
	case n.Kind == yaml.SequenceNode:
		return "[]"
	case n.Value == "":
		return `""`
	}
	return n.Value
}

// itemName is what --set calls an item of a list: its name, or its number.
func itemName(i int, item *yaml.Node) string {
	if item.Kind == yaml.MappingNode {
		for at := 0; at+1 < len(item.Content); at += 2 {
			if item.Content[at].Value == "name" && item.Content[at+1].Value != "" {
				return item.Content[at+1].Value
			}
		}
	}
	return strconv.Itoa(i)
}
