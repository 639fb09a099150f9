package scenario

import (
	"fmt"
	"math"
	"math/big"
	"path/filepath"
	"slices"
	"strings"
	"time"

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
		{"partition", []string{"ingress", "egress", "records"}},
		{"broker", []string{"ingress", "egress", "partitions", "connections", "connection_attempts"}},
		{"cluster", []string{"ingress", "egress", "requests", "connections", "connection_attempts",
			"message", "fetch", "partitions", "partition_changes", "topic_requests", "groups"}},
		{"client", []string{"ingress", "egress"}},
	}
}

// limitUnit is how the values of a dimension are read and written.
type limitUnit struct {
	want   string
	parse  func(string) (float64, *fault)
	format func(float64) string
	count  bool // written as a number rather than as text
}

func unitOf(dimension string) limitUnit {
	switch dimension {
	case "ingress", "egress":
		return limitUnit{want: wantByteRate, parse: parseByteRate, format: formatByteRate}
	case "message", "fetch":
		return limitUnit{want: wantSize, parse: parseLimitSize, format: formatLimitSize}
	case "connections", "partitions", "groups":
		return limitUnit{want: wantInteger, parse: parseCount, format: formatNumber, count: true}
	case "partition_changes":
		return limitUnit{want: wantSlowRate, parse: parseSlowRate, format: formatSlowRate}
	}
	return limitUnit{want: wantCountRate, parse: parseCountRate, format: formatCountRate}
}

// wantSlowRate is what rates below one per second are called in messages.
const wantSlowRate = "a rate such as 2/s or 250/5m"

// parseSlowRate reads a number per duration: 2/s, 250/5m.
func parseSlowRate(text string) (float64, *fault) {
	number, per, found := strings.Cut(text, "/")
	n, ok := parseNumber(number)
	if per == "s" || per == "m" || per == "h" {
		per = "1" + per
	}
	lasts, err := time.ParseDuration(per)
	if !found || !ok || err != nil || lasts <= 0 {
		return 0, wrong(wantSlowRate, text, "write the number, a slash, and the time that it is for")
	}
	n.Quo(n, big.NewRat(int64(lasts), int64(time.Second)))
	rate, _ := n.Float64()
	return rate, nil
}

// formatSlowRate writes a whole number per second, minute, 5 minutes or hour
// where there is one that reads as the same rate.
func formatSlowRate(rate float64) string {
	for _, per := range []struct {
		seconds float64
		name    string
	}{{1, "s"}, {60, "m"}, {300, "5m"}, {3600, "h"}} {
		n := math.Round(rate * per.seconds)
		if n >= 1 && n/per.seconds == rate {
			return formatNumber(n) + "/" + per.name
		}
	}
	return formatCountRate(rate)
}

func parseLimitSize(text string) (float64, *fault) {
	bytes, f := parseSize(text)
	return float64(bytes), f
}

func formatLimitSize(bytes float64) string { return formatSize(int(bytes)) }

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
	const largest = 1e15
	u := unitOf(dimension)
	smallest := 0.001 // less than one in a quarter of an hour limits nothing that a run could show
	if u.count {
		smallest = 1
	}
	value := read(o, dimension, u.want, 0, u.parse)
	between(o, dimension, value, smallest, largest, u.format)
	if !o.sound(dimension) {
		return 0
	}
	return value
}

// extends checks the name of a profile and its parameters. A file is looked at
// by Load.
func (d *decoder) extends(o *object, field, text string) string {
	known := d.options.Profiles
	name, _, parameters := strings.Cut(text, ":")
	switch {
	case text == noLimits:
		return ""
	case text == "":
		o.fail(field, "", "want the name of a profile or file, got %q", "")
	case isFile(text):
	case name == noLimits && parameters:
		o.fail(field, "write none", "the profile none takes no parameters, got %s", quote(text))
	case len(known) > 0 && !slices.Contains(known, name):
		o.fail(field, d.meant(text), "no limit profile is called %s; the name of a file ends in .yaml or holds a /", quote(name))
	case d.options.CheckProfile != nil:
		if err := d.options.CheckProfile(text); err != nil {
			o.fail(field, "", "%v", err)
		}
	}
	if isFile(text) {
		text = d.rebase(o.values[field], text)
		if !isFile(text) {
			text = "./" + text
		}
	}
	return text
}

// meant suggests a profile for a name that none has.
func (d *decoder) meant(text string) string {
	known := slices.Clone(d.options.Profiles)
	if !slices.Contains(known, noLimits) {
		known = append(known, noLimits)
	}
	name, parameters, given := strings.Cut(text, ":")
	if best := closest(name, known); best != "" && given {
		return fmt.Sprintf("did you mean %q?", best+":"+parameters)
	}
	return suggest(name, known)
}

// isFile tells the name of a limits file from that of a profile, whose
// parameters may hold a slash.
func isFile(text string) bool {
	name, _, _ := strings.Cut(text, ":")
	ext := filepath.Ext(text)
	return strings.ContainsAny(name, `/\`) || ext == ".yaml" || ext == ".yml"
}
