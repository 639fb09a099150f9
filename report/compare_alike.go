package report

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// trait is something that runs to be compared have in common, or should have.
type trait struct {
	name string
	of   func(*Result) string
}

// decidingTraits are the traits whose difference forbids a comparison: each alone makes
// other numbers.
func decidingTraits() []trait {
	return []trait{
		{"kind of target", func(r *Result) string { return r.Target.Kind }},
		{"number of brokers", func(r *Result) string { return strconv.Itoa(r.Target.Brokers) }},
		{"profile of limits", func(r *Result) string { return r.Scenario.Limits }},
		{"version of msklt", func(r *Result) string { return r.Versions.Msklt }},
		{"version of franz-go", func(r *Result) string { return r.Versions.FranzGo }},
		{"version of Go", func(r *Result) string { return r.Versions.Go }},
	}
}

// incidentalTraits are those whose difference is told only: it may be what is compared.
func incidentalTraits() []trait {
	return []trait{
		{"target", func(r *Result) string {
			if r.Target.Kind == "embedded" {
				return "embedded" // its ports are others each time
			}
			return r.Target.Name
		}},
		{"way to log in", func(r *Result) string { return cmp.Or(r.Target.Auth, "none") }},
		{"encryption", func(r *Result) string {
			if r.Target.TLS {
				return "TLS"
			}
			return "none"
		}},
		{"API level of the target", func(r *Result) string { return r.Target.APILevel }},
		{"seed", func(r *Result) string { return strconv.FormatUint(r.Seed, 10) }},
		{"operating system", func(r *Result) string { return r.Environment.OS + "/" + r.Environment.Arch }},
		{"number of processors", func(r *Result) string { return strconv.Itoa(r.Environment.CPUs) }},
		{"kernel", func(r *Result) string { return r.Environment.Kernel }},
	}
}

// traits says which traits are not the same in all runs.
func (c *Comparison) traits(of []trait) (sentences []string) {
	for _, t := range of {
		before, after := distinct(c.Before, t.of), distinct(c.After, t.of)
		if differ(before, after) {
			sentences = append(sentences, fmt.Sprintf("The %s differs: %s before, %s after.", t.name, enumerated(before, 3), enumerated(after, 3)))
		}
	}
	return sentences
}

// differ tells whether runs do not all have one value, given those of both sides.
func differ(before, after []string) bool { return len(before) > 1 || !slices.Equal(before, after) }

// distinct are the values that runs have of something, in order.
func distinct(runs []*Result, of func(*Result) string) (values []string) {
	for _, r := range runs {
		if v := of(r); !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	return values
}

// enumerated joins values, at most so many: "3", "3 and 6", "3, 6 and 2 more".
func enumerated(values []string, most int) string {
	var list []string
	for _, v := range values {
		if v == "" {
			v = unknown
		}
		list = append(list, clip(v, 80))
	}
	if n := len(list); n > most {
		list = append(list[:most-1], fmt.Sprintf("%d more", n-most+1))
	}
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return strings.Join(list, "")
}

// unfit says which runs did not run as their scenario says, or cannot be trusted.
func (c *Comparison) unfit() (sentences []string) {
	for _, defect := range []struct {
		name string
		has  func(*Result) bool
	}{
		{"Interrupted", func(r *Result) bool { return r.Interrupted }},
		{"Stopped by a threshold", func(r *Result) bool { return r.Aborted != nil }},
		{"Invalid", func(r *Result) bool { return !r.Validity.Valid }},
	} {
		var runs []string
		c.each(func(name string, r *Result) {
			if defect.has(r) {
				runs = append(runs, name)
			}
		})
		if len(runs) > 0 {
			sentences = append(sentences, fmt.Sprintf("%s: %s.", defect.name, enumerated(runs, 5)))
		}
	}
	return sentences
}

// repeated says which results were given more than once.
func (c *Comparison) repeated() (sentences []string) {
	var names []string
	var runs []*Result
	c.each(func(name string, r *Result) {
		for i, other := range runs {
			if r.StartedAt.Equal(other.StartedAt) && reflect.DeepEqual(r, other) {
				sentences = append(sentences, fmt.Sprintf("The same result was given twice: as %s and as %s.", names[i], name))
				return
			}
		}
		names, runs = append(names, name), append(runs, r)
	})
	return sentences
}

// each calls f with every run, named by its place among the arguments: runs do not
// know their folder.
func (c *Comparison) each(f func(name string, r *Result)) {
	for i, r := range c.Before {
		f(fmt.Sprintf("run %d before", i+1), r)
	}
	for i, r := range c.After {
		f(fmt.Sprintf("run %d after", i+1), r)
	}
}
