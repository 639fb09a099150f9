package scenario

import (
	"path/filepath"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// LimitNames lists the limits that can be declared, as keys of Limits.Values.
func LimitNames() []string {
	var names []string
	for _, s := range limitScopes() {
		for _, dimension := range s.dimensions {
			names = append(names, s.name+"."+dimension)
		}
	}
	return names
}

// limitScope is what a limit is counted over.
type limitScope struct {
	name       string
	dimensions []string
}

func limitScopes() []limitScope {
	return []limitScope{
		{"partition", []string{"ingress", "egress"}},
		{"broker", []string{"ingress", "egress"}},
		{"cluster", []string{"ingress", "egress", "requests", "connections", "connection_attempts"}},
		{"client", []string{"ingress", "egress"}},
	}
}

// limitUnit is how the values of a dimension are read and written.
type limitUnit struct {
	want   string
	parse  func(string) (float64, *fault)
	format func(float64) string
}

func unitOf(dimension string) limitUnit {
	switch dimension {
	case "ingress", "egress":
		return limitUnit{wantByteRate, parseByteRate, formatByteRate}
	case "connections":
		return limitUnit{wantInteger, parseCount, formatNumber}
	}
	return limitUnit{wantCountRate, parseCountRate, formatCountRate}
}

func parseCount(text string) (float64, *fault) {
	n, ok := parseNumber(text)
	if !ok || !n.IsInt() {
		return 0, wrong(wantInteger, text, "")
	}
	count, _ := n.Float64()
	return count, nil
}

// noLimits is the profile that declares nothing.
const noLimits = "none"

// limits reads the field limits of a scenario: a profile, a file, or a mapping.
func (d *decoder) limits(o *object) Limits {
	n := o.get("limits")
	if n == nil {
		return Limits{Pos: d.pos(o.anchor)}
	}
	if n.Kind == yaml.MappingNode {
		return d.limitsMapping(d.object(n, o.key("limits"), "limits"))
	}
	text, ok := o.scalar("limits", "a profile, a file, or a mapping")
	limits := Limits{Pos: d.pos(n)}
	if ok {
		limits.Extends = d.extends(o, "limits", text)
	}
	return limits
}

// limitsMapping reads inline limits, which is also what a limits file holds.
func (d *decoder) limitsMapping(o *object) Limits {
	if o == nil {
		return Limits{}
	}
	limits := Limits{Pos: d.pos(o.anchor)}
	if text, ok := o.scalar("extends", "a profile or a file"); ok {
		limits.Extends = d.extends(o, "extends", text)
	}
	for _, s := range limitScopes() {
		scope := o.child(s.name)
		if scope == nil {
			continue
		}
		for _, dimension := range s.dimensions {
			if value := scope.limit(dimension); value > 0 {
				limits.set(s.name+"."+dimension, value)
			}
		}
		scope.done()
	}
	o.done()
	return limits
}

func (l *Limits) set(name string, value float64) {
	if l.Values == nil {
		l.Values = map[string]float64{}
	}
	l.Values[name] = value
}

// limit reads one limit, 0 when it is absent or wrong.
func (o *object) limit(dimension string) float64 {
	const (
		smallest = 0.001 // less than one in a quarter of an hour limits nothing that a run could show
		largest  = 1e15
	)
	u := unitOf(dimension)
	value := read(o, dimension, u.want, 0, u.parse)
	between(o, dimension, value, smallest, largest, u.format)
	if !o.sound(dimension) {
		return 0
	}
	return value
}

// extends checks the name of a profile. A file is looked at by Load.
func (d *decoder) extends(o *object, field, name string) string {
	known := d.options.Profiles
	switch {
	case name == noLimits:
		return ""
	case name == "":
		o.fail(field, "", "want the name of a profile or file, got %q", "")
	case !isFile(name) && len(known) > 0 && !slices.Contains(known, name):
		o.fail(field, suggest(name, append(slices.Clone(known), noLimits)),
			"no limit profile is called %s; the name of a file ends in .yaml or holds a /", quote(name))
	}
	if isFile(name) {
		name = d.rebase(o.values[field], name)
		if !isFile(name) {
			name = "./" + name
		}
	}
	return name
}

// isFile tells the name of a limits file from that of a profile.
func isFile(name string) bool {
	ext := filepath.Ext(name)
	return strings.ContainsAny(name, `/\`) || ext == ".yaml" || ext == ".yml"
}
