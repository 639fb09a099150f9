// Package scenarios holds the ready scenarios, which are also what a scenario of
// one's own starts from.
package scenarios

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Names are the names of the ready scenarios, in alphabetical order.
func Names() []string {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil // only a bad pattern is an error
	}
	for i, n := range names {
		names[i] = strings.TrimSuffix(n, ".yaml")
	}
	return names
}

// Read returns the file of a ready scenario.
func Read(name string) ([]byte, error) {
	data, err := files.ReadFile(name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("no ready scenario is called %q; there are %s", name, strings.Join(Names(), ", "))
	}
	return data, nil
}
