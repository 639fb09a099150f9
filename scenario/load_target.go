package scenario

import (
	"fmt"
	"os"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// targetEdits begins the edits of Options.Set that are of the target.
const targetEdits = "target."

// LoadTarget reads a target file and looks at the files that it names, whose paths
// are relative to its folder. The path "embedded" is the embedded cluster. Of
// o.Set, the edits target.PATH=value apply. The error is [Problems] when the file
// is bad, and another when it cannot be read. No error shows a secret.
func LoadTarget(path string, o Options) (*Target, error) {
	data := []byte("version: 1\nembedded: {}\n")
	if path != EmbeddedName {
		var err error
		if data, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("read target: %w", err)
		}
	}
	if o.ReadFile == nil {
		o.ReadFile = readBeside(path)
	}
	t, err := parseTarget(path, data, o)
	if err == nil && path != EmbeddedName {
		t.File = path
	}
	return t, err
}

// PlainTarget is the target of a cluster that asks for no login: addresses,
// separated by commas. Of o.Set, the edits target.PATH=value apply, so that it may
// become any other one. The error is [Problems].
func PlainTarget(addresses string, o Options) (*Target, error) {
	list, err := yaml.Dump(map[string]string{"bootstrap": addresses})
	if err != nil {
		return nil, fmt.Errorf("write the addresses: %w", err)
	}
	if o.ReadFile == nil {
		o.ReadFile = readBeside("")
	}
	return parseTarget("--bootstrap", append(list, "version: 1\n"...), o)
}

// parseTarget decodes a target.
func parseTarget(name string, data []byte, o Options) (*Target, error) {
	d := &decoder{source: newSource(name, data).masked(), options: o,
		flags: map[*yaml.Node]flagNode{}, bases: map[*yaml.Node]*baseFile{}}
	root, problems := d.source.parse(data)
	d.problems = problems.maskSyntax()
	var t *Target
	if root != nil {
		for i, edit := range o.Set {
			if inside, ok := strings.CutPrefix(edit, targetEdits); ok {
				d.private(root)
				d.set(root, i, maskEdit(edit), inside)
			}
		}
		d.private(root)
		if t = d.target(root); t != nil {
			t.Limits = d.inline(t.Limits, name, nil)
		}
	}
	if len(d.problems) > 0 {
		return nil, d.problems.masked(root, newSource(name, data)).sorted()
	}
	return t, nil
}
