package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"msklt/scenario"
	"msklt/scenarios"
)

// firstStart is what a new scenario starts from when nothing else is asked for.
const firstStart = "steady"

// schemaFile is where the first line of the ready scenarios looks for the schema.
const schemaFile = "scenario.schema.json"

func (p *process) initCommand() *cobra.Command {
	var from string
	c := &cobra.Command{
		Use:   "init [NAME]",
		Short: "Write a commented scenario to start from",
		Long: `Write NAME.yaml, a commented scenario to start from, and beside it
scenario.schema.json, with which editors complete and check it. A file that is
there is never overwritten.

  msklt init                            list what there is to start from
  msklt init hot-key                    write hot-key.yaml, one of these
  msklt init checkout --from hot-key    the same as checkout.yaml
  msklt init checkout                   checkout.yaml from ` + firstStart,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return p.listStarts(from)
			}
			return p.init(strings.TrimSuffix(args[0], ".yaml"), from)
		},
	}
	c.Flags().StringVar(&from, "from", "", "`ready scenario` to start from (default: the one called NAME, else "+firstStart+")")
	return c
}

// listStarts prints what there is to start from.
func (p *process) listStarts(from string) error {
	if from != "" {
		return usageError{errors.New("--from needs a NAME; usage: msklt init NAME --from " + from)}
	}
	for _, name := range scenarios.Names() {
		data, err := scenarios.Read(name)
		if err != nil {
			return err
		}
		s, err := scenario.Parse(name+".yaml", data, scenario.Options{})
		if err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "%-18s %s\n", name, s.Description)
	}
	return nil
}

// init writes a scenario and the schema beside it.
func (p *process) init(path, from string) error {
	name := filepath.Base(path)
	switch {
	case !regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$`).MatchString(name):
		return usageError{fmt.Errorf("%q is no name for a scenario: names hold letters, digits, \".\", \"_\" and \"-\"", name)}
	case from == "" && slices.Contains(scenarios.Names(), name):
		from = name
	case from == "":
		from = firstStart
	}
	start, err := scenarios.Read(from)
	if err != nil {
		return usageError{err}
	}
	schema, err := scenario.Schema()
	if err != nil {
		return err
	}
	own := bytes.Replace(start, []byte("\nname: "+from+"\n"), []byte("\nname: "+name+"\n"), 1)
	file := path + ".yaml"
	if err := create(file, own); err != nil {
		return usageError{fmt.Errorf("write the scenario: %w", err)}
	}
	fmt.Fprintf(p.stderr, "%s: a scenario to start from, as the ready one %s\n", file, from)
	if err := p.placeSchema(filepath.Join(filepath.Dir(path), schemaFile), schema); err != nil {
		return usageError{fmt.Errorf("write the schema: %w", err)}
	}
	fmt.Fprintf(p.stderr, "next: msklt check %s, msklt run %[1]s\n", file)
	return nil
}

// placeSchema writes the schema unless it is there. One that another version
// wrote is left, and said to be.
func (p *process) placeSchema(path string, schema []byte) error {
	err := create(path, schema)
	switch {
	case err == nil:
		fmt.Fprintf(p.stderr, "%s: with it, editors complete and check scenarios\n", path)
		return nil
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	if there, err := os.ReadFile(path); err != nil || !bytes.Equal(there, schema) {
		fmt.Fprintf(p.stderr, "%s: left as it is, but it is not of this version; msklt schema scenario prints the one that is\n", path)
	}
	return nil
}

// create writes a file that must not be there yet.
func create(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
