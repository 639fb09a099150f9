package limits

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"msklt/scenario"
)

// none is the profile that declares nothing.
const none = "none"

// Profiles are the names of the built-in profiles, without parameters.
func Profiles() []string {
	families, err := families()
	if err != nil {
		return []string{none} // a test holds that the built-in ones can be read
	}
	var names []string
	for _, f := range families {
		names = append(names, f.names()...)
	}
	return append(names, none)
}

// Resolve turns the limits that a scenario declares into values: those of the
// profile or limits file that they extend, with the scenario's own on top.
func Resolve(declared scenario.Limits) (Limits, error) {
	base, err := load(declared.Extends)
	if err != nil {
		return Limits{}, err
	}
	base.declare(declared.Values)
	return base, nil
}

// CheckProfile says what is wrong with the parameters of a built-in profile,
// such as the 3 of "msk-express-m7g.large:3".
func CheckProfile(text string) error {
	_, _, err := builtIn(text)
	return err
}

// ProfileValues are what a built-in profile declares; nil when it is not known.
func ProfileValues(text string) map[string]float64 {
	l, known, err := builtIn(text)
	if !known || err != nil {
		return nil
	}
	values := map[string]float64{}
	for n, v := range l.Values {
		values[string(n)] = v
	}
	return values
}

// load reads a built-in profile or a limits file, which may extend a profile.
func load(name string) (Limits, error) {
	l, known, err := builtIn(name)
	if known || err != nil {
		return l, err
	}
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Limits{}, notFound(name)
	}
	if err != nil {
		return Limits{}, fmt.Errorf("reading limits: %w", err)
	}
	file, err := scenario.ParseLimits(name, data)
	if err != nil {
		return Limits{}, err
	}
	base, known, err := builtIn(file.Extends)
	switch {
	case err != nil:
		return Limits{}, fmt.Errorf("limits file %s: %w", name, err)
	case !known:
		return Limits{}, fmt.Errorf("limits file %s extends %s, which is no built-in profile; put the values in one file", name, file.Extends)
	}
	base.Profile = name
	base.declare(file.Values)
	return base, nil
}

// declare puts values on top of the profile's. They hold whoever logs in.
func (l *Limits) declare(values map[string]float64) {
	for n, v := range values {
		l.Values[Name(n)] = v
	}
	l.IAMOnly = slices.DeleteFunc(l.IAMOnly, func(n Name) bool { _, own := values[string(n)]; return own })
}

func notFound(text string) error {
	name, _, _ := strings.Cut(text, ":")
	if meant := scenario.Closest(name, Profiles()); meant != "" {
		return fmt.Errorf("limits %.80q: neither a built-in profile nor a file; did you mean %q?", text, meant)
	}
	return fmt.Errorf("limits %.80q: neither a built-in profile (%s) nor a file", text, strings.Join(Profiles(), ", "))
}

// builtIn returns the profile of a name with parameters; known is false when no
// built-in profile has that name.
func builtIn(text string) (l Limits, known bool, err error) {
	name, rest, given := strings.Cut(text, ":")
	if name == none || text == "" {
		if given {
			err = fmt.Errorf("the profile none takes no parameters, got %q", text)
		}
		return Limits{Profile: none, Values: map[Name]float64{}}, true, err
	}
	all, err := families()
	if err != nil {
		return Limits{}, true, err
	}
	for _, f := range all {
		for _, n := range f.names() {
			if n != name {
				continue
			}
			var parameters []string
			if given {
				parameters = strings.Split(rest, ":")
			}
			l, err := f.limits(name, parameters)
			return l, true, err
		}
	}
	return Limits{}, false, nil
}
