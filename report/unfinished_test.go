package report

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestKilledIn finds a run that is gone, and it alone: not one that lives, not one
// that has ended, not what somebody else called so. A run that is gone is one
// whose lock is: here its file is closed.
func TestKilledIn(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "re[su]*lts")
	begun := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	prepare := func(name string) *Folder {
		f, err := Prepare(filepath.Join(parent, name), Note{Scenario: name, StartedAt: begun, Prefix: "msklt-" + name + "-", Bootstrap: []string{"b:9092"}})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	living, gone, other, discarded := prepare("living"), prepare("gone"), prepare("other"), prepare("discarded")
	defer living.Discard()
	discarded.Discard()
	other.note.Close()
	gone.Alive()
	gone.note.Close()
	for _, theirs := range []string{".x.partial-12345678", "x.partial-12345678"} {
		if err := os.MkdirAll(filepath.Join(parent, theirs), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if k := KilledIn(parent, "living"); len(k) != 0 {
		t.Errorf("a living run is taken for a killed one: %+v", k[0])
	}
	all := KilledIn(parent, "")
	if len(all) != 2 {
		t.Fatalf("%d killed runs, want 2", len(all))
	}
	if again := KilledIn(parent, ""); len(again) != 0 {
		t.Errorf("found by two at once: %+v", again[0])
	}
	for _, k := range all {
		k.Keep()
	}
	named := KilledIn(parent, "gone")
	if len(named) != 1 {
		t.Fatalf("%d killed runs of that name, want 1", len(named))
	}
	k := named[0]
	if want := (Note{"gone", begun, "msklt-gone-", []string{"b:9092"}, nil}); !reflect.DeepEqual(k.Note, want) || k.Folder != gone.partial || k.Written {
		t.Errorf("found %+v in %s, want %+v", k.Note, k.Folder, want)
	}
	if age := time.Since(k.LastSeen); age < 0 || age > time.Minute {
		t.Errorf("last seen %s ago", age)
	}
	if err := k.Remove(); err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Base(living.partial), filepath.Base(other.partial), ".x.partial-12345678", "x.partial-12345678"}
	if names := list(t, parent); !slices.Equal(names, slices.Sorted(slices.Values(want))) {
		t.Errorf("there remain %v, want %v", names, want)
	}
}

// TestPrepareClaimed: two runs do not write to one folder, whatever its name, and what a
// killed one has left there is in nobody's way.
func TestPrepareClaimed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "re[su]*lt")
	first, err := Prepare(dir, Note{})
	if err != nil {
		t.Fatal(err)
	}
	if f, err := Prepare(dir, Note{}); !errors.Is(err, ErrClaimed) || !strings.Contains(err.Error(), first.partial) {
		t.Errorf("beside a run that lives: %+v, %v", f, err)
	}
	if names := list(t, filepath.Dir(dir)); len(names) != 1 {
		t.Errorf("there remain %v, want the first run's alone", names)
	}
	first.note.Close() // as when it is killed
	second, err := Prepare(dir, Note{})
	if err != nil {
		t.Fatal(err)
	}
	second.Discard()
	if names := list(t, filepath.Dir(dir)); !slices.Equal(names, []string{filepath.Base(first.partial)}) {
		t.Errorf("there remain %v, want what the killed run left", names)
	}
}

// TestKilledSeries finds the run of a series that is gone by the folder of the series,
// and beside it.
func TestKilledSeries(t *testing.T) {
	parent := t.TempDir()
	for _, dir := range []string{"five/2", "both/B-other/1", "theirs/result"} {
		f, err := Prepare(filepath.Join(parent, dir), Note{Scenario: dir})
		if err != nil {
			t.Fatal(err)
		}
		f.note.Close()
	}
	for name, want := range map[string][]string{"": {"five/2", "both/B-other/1"}, "five": {"five/2"}, "both": {"both/B-other/1"}, "B-other": nil} {
		var found []string
		for _, k := range KilledIn(parent, name) {
			found = append(found, k.Scenario)
			k.Keep()
		}
		if !slices.Equal(found, want) {
			t.Errorf("%q: found %v, want %v", name, found, want)
		}
	}
}

// TestKilledWhileWriting holds that what may be a result is not removed.
func TestKilledWhileWriting(t *testing.T) {
	parent := t.TempDir()
	f, err := Prepare(filepath.Join(parent, "result"), Note{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(f.partial, resultFile)
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.note.Close()
	all := KilledIn(parent, "")
	if len(all) != 1 || !all[0].Written {
		t.Fatalf("found %+v", all)
	}
	if err := all[0].Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil || !strings.HasPrefix(path, all[0].Folder) {
		t.Error("what was written is gone", err)
	}
}
