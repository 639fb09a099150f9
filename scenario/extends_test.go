package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// files lets a scenario in a test name the files of a map.
func files(contents map[string]string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		text, ok := contents[name]
		if !ok {
			return nil, fmt.Errorf("open %s: %w", name, os.ErrNotExist)
		}
		return []byte(text), nil
	}
}

const extended = `
version: 1
name: base
seed: 3
topics:
  orders: {partitions: 12, config: {retention.ms: 1000, cleanup.policy: delete}}
  audit: {partitions: 2}
producers:
  checkout: {topic: orders, rate: 4MB/s, key: {keys: 5, hot: {keys: 1, share: 30%}}, value: {size: 1KiB}, settings: &slow {linger: 1s, batch: 1MB}}
  auditor: {topic: audit, rate: 10/s, value: {size: 100B}, settings: *slow}
phases:
  - {name: warm-up, duration: 5s, measure: false}
  - {name: steady, duration: 30s}
`

// TestExtends holds what merging means: fields of mappings one by one, lists and
// scalars as a whole, null removes, an alias's other uses stay as they are.
func TestExtends(t *testing.T) {
	file := `
extends: base.yaml
name: mine
topics:
  orders: {config: {retention.ms: 2000}}
  audit: {partitions: 3}
producers:
  checkout: {key: {hot: null}, rate: 8/s, settings: {linger: 2s}}
  extra: {topic: audit, rate: max, value: {size: 1B}}
phases: [{name: only, duration: 1s}]
`
	alone := `
version: 1
name: mine
seed: 3
topics:
  orders: {partitions: 24, config: {retention.ms: 2000, cleanup.policy: delete}}
  audit: {partitions: 3}
producers:
  checkout: {topic: orders, rate: 8/s, key: {keys: 5}, value: {size: 1KiB}, settings: {linger: 2s, batch: 1MB}}
  auditor: {topic: audit, rate: 10/s, value: {size: 100B}, settings: {linger: 1s, batch: 1MB}}
  extra: {topic: audit, rate: max, value: {size: 1B}}
phases: [{name: only, duration: 1s}]
`
	o := Options{ReadFile: files(map[string]string{"base.yaml": extended}), Set: []string{"topics.orders.partitions=24"}}
	got, err := Parse("dir/mine.yaml", []byte(file), o)
	if err != nil {
		t.Fatal(err)
	}
	if pos := got.Producers[1].Pos; pos != (Pos{"dir/base.yaml", 10, 3}) {
		t.Errorf("a producer of the base stands at %s", pos)
	}
	if pos := got.Producers[0].Pos; pos != (Pos{"dir/mine.yaml", 8, 3}) {
		t.Errorf("a producer of both stands at %s", pos)
	}
	want, err := Parse("alone.yaml", []byte(alone), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(withoutPositions(got), withoutPositions(want)) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if strings.Contains(string(got.YAML()), "extends") {
		t.Errorf("the resolved scenario still extends:\n%s", got.YAML())
	}
	checkRoundTrip(t, got)
}

// TestExtendsChain holds that names are relative to the file that says them,
// limits files too, and that a chain has an end.
func TestExtendsChain(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"low/base.yaml":     strings.Replace(extended, "value: {size: 100B}", "value: {file: one.jsonl}", 1) + "limits: mine.yaml\n",
		"low/one.jsonl":     "{\"id\": 1}\n",
		"low/mine.yaml":     "partition: {ingress: 3MB/s}\n",
		"middle/own.yaml":   "extends: ../low/base.yaml\nproducers: {checkout: {rate: 1/s, settings: {linger: 3s}}}\n",
		"top.yaml":          "extends: middle/own.yaml\nproducers: {checkout: {rate: 2/s}}\n",
		"wrong.yaml":        "extends: middle/own.yaml\nproducers: {checkout: {rate: 2}}\ntopics: {audit: {partitions: x}}\n",
		"middle/low.yaml":   "extends: ../low/base.yaml\nlimits: gone.yaml\n",
		"limits.yaml":       "extends: middle/low.yaml\n",
		"removes.yaml":      "extends: middle/own.yaml\ntopics: {audits: null}\n",
		"long/0.yaml":       extended,
		"middle/flags.yaml": "extends: ../low/base.yaml\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Load(filepath.Join(dir, "top.yaml"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := s.Producers[0]
	if p.Rate.Records != 2 || p.Settings.Linger != 3*time.Second || p.Settings.BatchBytes != 1e6 || s.Limits.Values["partition.ingress"] != 3e6 {
		t.Errorf("got %+v, limits %+v", p, s.Limits)
	}
	if v := s.Producers[1].Value; v.File.Name != "low/one.jsonl" || len(v.Samples) != 1 {
		t.Errorf("got samples %s of %q", v.Samples, v.File.Name)
	}
	for name, want := range map[string][]string{
		"wrong.yaml":   {"wrong.yaml:2:30: producers.checkout.rate", "wrong.yaml:3:30: topics.audit.partitions"},
		"limits.yaml":  {"middle/low.yaml:2:9: read limits: open " + filepath.Join(dir, "middle/gone.yaml") + ": no such file or directory\n    limits: gone.yaml\n            ^"},
		"removes.yaml": {"removes.yaml:2:10: topics.audits is to be removed, but middle/own.yaml has none"},
	} {
		_, err := Load(filepath.Join(dir, name), Options{})
		for _, place := range want {
			if err == nil || !strings.Contains("\n"+err.Error(), "\n"+filepath.Join(dir, place)) {
				t.Errorf("%s gives %v\nwant %s", name, err, place)
			}
		}
	}
	_, err = Load(filepath.Join(dir, "middle/flags.yaml"), Options{Set: []string{"extends=../top.yaml"}})
	if err == nil || !strings.HasPrefix(err.Error(), "--set:1:9: extends: cannot be set") {
		t.Errorf("got %v, want extends to be no matter of --set", err)
	}
}

// TestExtendsEnds holds that no chain and no alias goes on for ever.
func TestExtendsEnds(t *testing.T) {
	chain := map[string]string{"0.yaml": extended}
	for i := range 12 {
		chain[fmt.Sprintf("%d.yaml", i+1)] = fmt.Sprintf("extends: %d.yaml\n", i)
	}
	for last, ok := range map[int]bool{mostFiles - 1: true, mostFiles: false} {
		name := fmt.Sprintf("%d.yaml", last)
		_, err := Parse(name, []byte(chain[name]), Options{ReadFile: files(chain)})
		if (err == nil) != ok || !ok && !strings.Contains(err.Error(), "more than 10 files") {
			t.Errorf("%d files: %v", last+1, err)
		}
	}
	_, err := Parse("a.yaml", []byte("extends: base.yaml"), Options{})
	if err == nil || !strings.HasPrefix(err.Error(), `a.yaml:1:10: extends: "base.yaml" cannot be read`) {
		t.Errorf("without files: %v", err)
	}
	// Aliases that hold themselves, and nested ones that would be 2^40 mappings.
	circle := "topics: &t {orders: *t}\n"
	deep := "a0: &a0 {x: 1}\n"
	for i := range 40 {
		deep += fmt.Sprintf("a%d: &a%[1]d {x: *a%d, y: *a%[2]d}\n", i+1, i)
	}
	for name, text := range map[string]string{"circle": circle, "deep": deep} {
		_, err := Parse("a.yaml", []byte("extends: base.yaml\n"+text), Options{ReadFile: files(map[string]string{"base.yaml": text})})
		if err == nil {
			t.Errorf("%s was accepted", name)
			continue
		}
		checkProblems(t, err)
	}
}
