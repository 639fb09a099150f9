package limits

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"msklt/scenario"
)

//go:embed profiles/*.yaml
var profiles embed.FS

// none is the profile that declares nothing.
const none = "none"

// Profiles are the names of the built-in profiles.
func Profiles() []string {
	names, err := fs.Glob(profiles, "profiles/*.yaml")
	if err != nil {
		return nil // only a bad pattern is an error
	}
	for i, n := range names {
		names[i] = strings.TrimSuffix(path.Base(n), ".yaml")
	}
	return append(names, none)
}

// Resolve turns the limits that a scenario declares into values: those of the
// profile or limits file that they extend, with the scenario's own on top.
func Resolve(declared scenario.Limits) (Limits, error) {
	out := Limits{Profile: none, Values: map[Name]float64{}}
	if declared.Extends != "" && declared.Extends != none {
		base, err := load(declared.Extends)
		if err != nil {
			return Limits{}, err
		}
		out.Profile = declared.Extends
		if base.Extends != "" {
			return Limits{}, fmt.Errorf("limits %s extend %s: one level of extends is read; put the values in one file", declared.Extends, base.Extends)
		}
		for n, v := range base.Values {
			out.Values[Name(n)] = v
		}
	}
	for n, v := range declared.Values {
		out.Values[Name(n)] = v
	}
	return out, nil
}

func load(name string) (scenario.Limits, error) {
	data, err := profiles.ReadFile("profiles/" + name + ".yaml")
	if err != nil {
		data, err = os.ReadFile(name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return scenario.Limits{}, fmt.Errorf("limits %q: neither a built-in profile (%s) nor a file", name, strings.Join(Profiles(), ", "))
	}
	if err != nil {
		return scenario.Limits{}, fmt.Errorf("reading limits: %w", err)
	}
	return scenario.ParseLimits(name, data)
}
