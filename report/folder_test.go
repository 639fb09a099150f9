package report

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestWriteThenRead(t *testing.T) {
	for name, fixture := range map[string]func() (*Result, []PartitionSecond){"hot-key": hotKey, "steady": steady, "stopped": stopped} {
		t.Run(name, func(t *testing.T) {
			r, series := fixture()
			dir := filepath.Join(t.TempDir(), "new", "result")
			write(t, dir, r, series)

			got, gathered, err := Read(dir)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, r) {
				t.Errorf("result.json does not come back as it was:\n got %+v\nwant %+v", got, r)
			}
			if rows := seriesOf(t, dir); !slices.Equal(rows, series) {
				t.Errorf("series.csv does not come back: %d rows, want %d", len(rows), len(series))
			}
			if got, want := gathered.grid(), gather(t, r, series).grid(); !reflect.DeepEqual(got, want) {
				t.Errorf("what is drawn of series.csv differs:\n got %+v\nwant %+v", got, want)
			}
			want := []string{"histograms.hlog", "report.html", "result.json", "scenario.yaml", "series.csv"}
			if names := list(t, dir); !slices.Equal(names, want) {
				t.Errorf("the folder holds %v, want %v", names, want)
			}
			if yaml, err := os.ReadFile(filepath.Join(dir, "scenario.yaml")); err != nil || string(yaml) != r.Scenario.Resolved {
				t.Errorf("scenario.yaml: %q, %v", yaml, err)
			}
			if names := list(t, filepath.Dir(dir)); !slices.Equal(names, []string{"result"}) {
				t.Errorf("beside the result there remain %v", names)
			}
		})
	}
}

// seriesOf is every row of a result's series.csv.
func seriesOf(t *testing.T, dir string) (rows []PartitionSecond) {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, "series.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	err = readSeries(file, func(row PartitionSecond) error { rows = append(rows, row); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// An existing empty folder becomes the result.
func TestWriteToEmptyFolder(t *testing.T) {
	r, series := steady()
	dir := t.TempDir()
	write(t, dir, r, series)
	if _, _, err := Read(dir); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, dir string, r *Result, series []PartitionSecond) {
	t.Helper()
	f, err := Prepare(dir, Note{})
	if err != nil {
		t.Fatal(err)
	}
	if where, err := f.Write(r, slices.Values(series), hotHistograms(t, r)); err != nil || where != f.Dir() {
		t.Fatal(where, err)
	}
	f.Discard() // must not touch what was written
}

func TestPrepareRefuses(t *testing.T) {
	full := t.TempDir()
	file := filepath.Join(full, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ dir, want string }{
		"a folder that is not empty": {full, "is not empty; choose another name"},
		"a file":                     {file, "exists and is not a folder"},
		"below a file":               {filepath.Join(file, "result"), "not a directory"},
		"below a read-only system":   {"/proc/msklt/result", "cannot create its parent"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Prepare(test.dir, Note{})
			if err == nil {
				f.Discard()
				t.Fatal("was accepted")
			}
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.dir) {
				t.Errorf("error %q does not say %q of %s", err, test.want, test.dir)
			}
		})
	}
	if names := list(t, full); !slices.Equal(names, []string{"file"}) {
		t.Errorf("a refused folder was changed: %v", names)
	}
}

// During a run the disk's room is held: 8 MiB in a hidden folder beside the
// result, which Discard takes away.
func TestPrepareReserves(t *testing.T) {
	parent := t.TempDir()
	f, err := Prepare(filepath.Join(parent, "result"), Note{})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(f.partial, "reserve"))
	if err != nil || info.Size() != 8<<20 {
		t.Errorf("reserve: %v, %v", info, err)
	}
	if names := list(t, f.partial); !slices.Equal(names, []string{"reserve", "run.json"}) {
		t.Errorf("the hidden folder holds %v", names)
	}
	if names := list(t, parent); len(names) != 1 || !strings.HasPrefix(names[0], ".result.partial-") {
		t.Errorf("the parent holds %v", names)
	}
	f.Discard()
	if names := list(t, parent); len(names) != 0 {
		t.Errorf("after Discard there remain %v", names)
	}
}

// A disk that is full when the result is written leaves nothing behind, and the
// whole result in the temporary folder. The full disk is the kernel's /dev/full.
func TestWriteOnFullDisk(t *testing.T) {
	for _, name := range resultNames() {
		t.Run(name, func(t *testing.T) {
			r, series := steady()
			parent, temporary := t.TempDir(), t.TempDir()
			t.Setenv("TMPDIR", temporary)
			f := fullDisk(t, parent, name)
			where, err := f.Write(r, slices.Values(series), hotHistograms(t, r))
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "the whole result is in "+where) {
				t.Errorf("error %v, want one of a full disk that names %s and %s", err, name, where)
			}
			if filepath.Dir(where) != temporary {
				t.Errorf("the result is in %s", where)
			}
			if names := list(t, where); !slices.Equal(names, slices.Sorted(slices.Values(resultNames()))) {
				t.Errorf("it holds %v", names)
			}
			if got, _, err := Read(where); err != nil || !reflect.DeepEqual(got, r) {
				t.Errorf("it reads as %+v, %v", got, err)
			}
			if names := list(t, parent); len(names) != 0 {
				t.Errorf("there remain %v", names)
			}
		})
	}
}

// Where no place takes the whole result, what fits of it is kept, but nothing
// without result.json, and no piece of a file.
func TestWriteNowhere(t *testing.T) {
	for name, c := range map[string]struct{ full, kept []string }{
		"the series does not fit": {[]string{"series.csv"}, []string{"histograms.hlog", "report.html", "result.json", "scenario.yaml"}},
		"only result.json fits":   {resultNames()[1:], []string{"result.json"}},
		"result.json does not":    {[]string{"result.json"}, nil},
		"nothing fits":            {resultNames(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			r, series := steady()
			parent := t.TempDir()
			t.Setenv("TMPDIR", filepath.Join(parent, "absent"))
			f := fullDisk(t, parent, c.full...)
			where, err := f.Write(r, slices.Values(series), hotHistograms(t, r))
			if !errors.Is(err, syscall.ENOSPC) || !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("error %v, want those of both places", err)
			}
			if c.kept == nil {
				if names := list(t, parent); where != "" || len(names) != 0 || !strings.Contains(err.Error(), "nothing of the result could be kept") {
					t.Errorf("%q, there remain %v: %v", where, names, err)
				}
				return
			}
			if where != filepath.Join(parent, "result.incomplete") || !strings.Contains(err.Error(), where) {
				t.Errorf("it is in %s: %v", where, err)
			}
			if names := list(t, where); !slices.Equal(names, c.kept) {
				t.Errorf("kept %v, want %v", names, c.kept)
			}
			if names := list(t, parent); len(names) != 1 {
				t.Errorf("there remain %v", names)
			}
		})
	}
}

// resultNames are the files of a result, in the order in which they are written.
func resultNames() []string {
	return []string{"result.json", "report.html", "scenario.yaml", "histograms.hlog", "series.csv"}
}

// fullDisk prepares a folder in which some files find no room.
func fullDisk(t *testing.T, parent string, names ...string) *Folder {
	t.Helper()
	f, err := Prepare(filepath.Join(parent, "result"), Note{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.Symlink("/dev/full", filepath.Join(f.partial, name)); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// A folder that was removed during the run is made again, and so is its parent.
func TestWriteWhenFolderWasRemoved(t *testing.T) {
	r, series := steady()
	for name, removed := range map[string]func(f *Folder) string{
		"the hidden folder": func(f *Folder) string { return f.partial },
		"its parent":        func(f *Folder) string { return filepath.Dir(f.dir) },
	} {
		t.Run(name, func(t *testing.T) {
			parent := filepath.Join(t.TempDir(), "results")
			f, err := Prepare(filepath.Join(parent, "result"), Note{})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll(removed(f)); err != nil {
				t.Fatal(err)
			}
			if where, err := f.Write(r, slices.Values(series), hotHistograms(t, r)); err != nil || where != f.Dir() {
				t.Fatal(where, err)
			}
			if got, _, err := Read(f.Dir()); err != nil || !reflect.DeepEqual(got, r) {
				t.Errorf("it reads as %+v, %v", got, err)
			}
			if names := list(t, parent); len(names) != 1 {
				t.Errorf("there remain %v", names)
			}
		})
	}
}

// Somebody who writes into the result folder during the run must not cost the
// result, nor lose what they wrote.
func TestWriteWhenFolderWasFilled(t *testing.T) {
	r, series := steady()
	dir := t.TempDir()
	f, err := Prepare(dir, Note{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "theirs"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	where, err := f.Write(r, slices.Values(series), hotHistograms(t, r))
	if err == nil || !strings.Contains(err.Error(), where) || where == dir {
		t.Fatalf("%s, error %v, want one that says where the result is", where, err)
	}
	if _, _, err := Read(where); err != nil {
		t.Errorf("the result is not whole: %v", err)
	}
	if k := KilledIn(filepath.Dir(dir), ""); len(k) != 0 {
		t.Errorf("it is taken for a killed run's: %+v", k[0])
	}
	if names := list(t, dir); !slices.Equal(names, []string{"theirs"}) {
		t.Errorf("the folder holds %v", names)
	}
	f.Discard()
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
