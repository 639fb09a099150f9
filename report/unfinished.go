package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// noteFile is the note in a folder that is not finished. Its run holds a lock on it
// until it ends, in whatever way.
const noteFile = "run.json"

// Note says which run a folder will be the result of, for whoever finds it when
// that run was killed.
type Note struct {
	Scenario  string    `json:"scenario"`
	StartedAt time.Time `json:"started_at"`
	// Prefix begins the names of all that the run creates on the cluster.
	Prefix string `json:"prefix"`
	// Bootstrap is where that is; empty for the embedded cluster, which ends with
	// its run.
	Bootstrap []string `json:"bootstrap,omitempty"`
	// Flags say where that is and how to enter it, but for settings that hold secrets.
	Flags []string `json:"flags,omitempty"`
}

// leave puts the note into the folder and locks it. It gets its name when it is
// locked, so that nobody finds a note without a lock while its run lives.
func (f *Folder) leave(n Note) error {
	path := filepath.Join(f.partial, noteFile)
	file, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	// Where locks are not to be had, nobody takes the run for dead, see KilledIn.
	_ = lock(file)
	f.note = file
	if err := json.NewEncoder(file).Encode(n); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// ErrClaimed is why a folder cannot be had where another run is about to write its result.
var ErrClaimed = errors.New("another run is to write its result there")

// claimed looks for runs that live and have the same folder in mind.
func (f *Folder) claimed() error {
	dir, name := filepath.Split(f.dir)
	notes, err := filepath.Glob(filepath.Join(quoteGlob(dir), "."+quoteGlob(name)+".partial-*", noteFile))
	if err != nil {
		return err
	}
	for _, path := range notes {
		if filepath.Dir(path) == f.partial {
			continue
		}
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			continue // it has just ended
		}
		free := lock(file)
		_ = file.Close()
		if free != nil {
			return fmt.Errorf("%w, and holds %s meanwhile; choose another name", ErrClaimed, filepath.Dir(path))
		}
	}
	return nil
}

// Alive marks the run as alive at this moment.
func (f *Folder) Alive() {
	now := time.Now()
	_ = os.Chtimes(filepath.Join(f.partial, noteFile), now, now) // it only dates a death
}

// forget takes the note of a finished folder away.
func (f *Folder) forget(dir string) {
	_ = os.Remove(filepath.Join(dir, noteFile)) // before the lock goes
	_ = f.note.Close()
}

// Killed is a run that ended without a result: killed, or left in a hurry.
type Killed struct {
	Note
	Folder   string    // the hidden folder that it left
	LastSeen time.Time // when it was alive for the last time that is known
	// Written says that it got as far as writing its result, of which there may be
	// more or less.
	Written bool

	note *os.File
}

// KilledIn finds what runs left whose result was to be dir/NAME; every NAME where it
// is "". With them come the runs of a series whose folder that is (NAME/1, NAME/A-…/1).
// Runs that live are left out, and so is what cannot be told. The caller
// ends each with Remove or Keep; until then no other process finds it.
func KilledIn(dir, name string) []*Killed {
	names := "*"
	if name != "" {
		names = quoteGlob(name)
	}
	var all []*Killed
	for _, run := range []string{"." + names, filepath.Join(names, ".[0-9]*"), filepath.Join(names, "[AB]-*", ".[0-9]*")} {
		notes, err := filepath.Glob(filepath.Join(quoteGlob(dir), run+".partial-*", noteFile))
		if err != nil {
			return nil // a name that is no pattern is no run's
		}
		for _, path := range notes {
			if k := killed(path); k != nil {
				all = append(all, k)
			}
		}
	}
	return all
}

// killed reads a note whose run is gone; nil for one whose run lives.
func killed(path string) *Killed {
	file, err := os.OpenFile(path, os.O_RDWR, 0) // some systems lock only what can be written to
	if err != nil {
		return nil
	}
	k := &Killed{Folder: filepath.Dir(path), note: file}
	info, err := file.Stat()
	if err != nil || lock(file) != nil || json.NewDecoder(file).Decode(&k.Note) != nil {
		k.Keep()
		return nil
	}
	k.LastSeen = info.ModTime()
	_, err = os.Stat(filepath.Join(k.Folder, resultFile))
	k.Written = !errors.Is(err, fs.ErrNotExist)
	return k
}

// Remove takes away what the run left, unless that is a result.
func (k *Killed) Remove() error {
	defer k.Keep()
	if k.Written {
		return nil
	}
	return os.RemoveAll(k.Folder)
}

// Keep leaves what the run left as it is.
func (k *Killed) Keep() { _ = k.note.Close() }

// quoteGlob writes a path as a pattern that only it matches.
func quoteGlob(path string) string {
	var out []rune
	for _, r := range path {
		if r == '*' || r == '?' || r == '[' || r == '\\' && filepath.Separator != '\\' {
			out = append(out, '\\')
		}
		out = append(out, r)
	}
	return string(out)
}
