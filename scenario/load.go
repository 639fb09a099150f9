package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// Load reads a scenario file and the files that it names, whose paths are
// relative to the file that names them. The error is [Problems] when a file is
// bad, and another when the scenario cannot be read.
func Load(path string, o Options) (*Scenario, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read scenario: %w", err)
	}
	if o.ReadFile == nil {
		o.ReadFile = readBeside(path)
	}
	d, s := parse(path, data, o)
	if s != nil {
		s.Limits = d.inline(s.Limits, path, nil)
	}
	d.semantics(s)
	if len(d.problems) > 0 {
		return nil, d.problems.sorted()
	}
	return s, nil
}

// Parse decodes a scenario. The name stands in the positions of problems. The
// error is [Problems], with every mistake that the file has; only a file that is
// no YAML ends at its first one. A scenario that names files needs Options.ReadFile.
func Parse(name string, data []byte, o Options) (*Scenario, error) {
	d, s := parse(name, data, o)
	d.semantics(s)
	if len(d.problems) > 0 {
		return nil, d.problems.sorted()
	}
	return s, nil
}

// ParseLimits decodes a limits file: the mapping of inline limits at top level.
// The error is [Problems].
func ParseLimits(name string, data []byte) (Limits, error) {
	d, limits := parseLimits(name, data, Options{})
	if len(d.problems) > 0 {
		return Limits{}, d.problems.sorted()
	}
	return limits, nil
}

func parse(name string, data []byte, o Options) (*decoder, *Scenario) {
	d := &decoder{source: newSource(name, data), options: o,
		flags: map[*yaml.Node]flagNode{}, bases: map[*yaml.Node]*baseFile{}}
	root, problems := d.source.parse(data)
	d.problems = problems
	root = d.extend(root, []string{filepath.Base(name)})
	if root == nil {
		return d, nil
	}
	for i, edit := range o.Set {
		if !strings.HasPrefix(edit, targetEdits) {
			d.set(root, i, edit, edit)
		}
	}
	d.root = resolve(root)
	s := d.scenario(root)
	if s == nil {
		return d, nil
	}
	if o.Seed != nil {
		s.Seed = *o.Seed
	}
	if o.Duration != 0 && len(d.problems) == 0 {
		before := slices.Clone(s.Phases)
		d.scale(s.Phases, o.Duration)
		d.scaleTurns(s, before)
	}
	if len(d.problems) == 0 {
		d.checkChanges(s)
	}
	return d, s
}

func parseLimits(name string, data []byte, o Options) (*decoder, Limits) {
	d := &decoder{source: newSource(name, data), options: o}
	root, problems := d.source.parse(data)
	d.problems = problems
	if root == nil {
		return d, Limits{}
	}
	return d, d.limitsMapping(d.object(root, root, ""))
}

// inline replaces a limits file by what it declares, under the limits that
// extend it. from is the file that names it, chain those that led there.
func (d *decoder) inline(l Limits, from string, chain []string) Limits {
	if !isFile(l.Extends) {
		return l
	}
	path := beside(from, l.Extends)
	if slices.Contains(chain, path) {
		d.reportAt(l.Pos, fmt.Sprintf("the limits file %s extends itself", path))
		return l
	}
	data, err := os.ReadFile(path)
	if err != nil {
		d.reportAt(l.Pos, fmt.Sprintf("read limits: %v", err))
		return l
	}
	file, base := parseLimits(path, data, d.options)
	base = file.inline(base, path, append(chain, path))
	d.problems = append(d.problems, file.problems...)
	merged := Limits{Extends: base.Extends, Pos: l.Pos}
	for _, values := range []map[string]float64{base.Values, l.Values} {
		for name, value := range values {
			merged.set(name, value)
		}
	}
	return merged
}

// reportAt notes a mistake at a position that was kept.
func (d *decoder) reportAt(pos Pos, message string) {
	if pos.File == setFlag {
		f := flagNode{edit: d.options.Set[pos.Line-1], number: pos.Line - 1}
		d.problems = append(d.problems, f.at(pos.Column, "", message))
		return
	}
	d.problems = append(d.problems, d.sourceOf(pos.File).problem(pos.Line, pos.Column, "", message))
}
