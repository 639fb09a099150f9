package report

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The files of a result folder.
const (
	resultFile    = "result.json"
	pageFile      = "report.html"
	histogramFile = "histograms.hlog"
	seriesFile    = "series.csv"
	ScenarioFile  = "scenario.yaml"
)

const (
	// reserveBytes are kept on the disk during the run: more than a result of
	// a few minutes needs.
	reserveBytes = 8 << 20
	// probeBytes must fit beside the reserve before the run starts.
	probeBytes  = 4 << 20
	reserveFile = "reserve"
)

// Folder is a result folder that will come to be: whole after Write, absent
// before it and after Discard. It is not safe for concurrent use.
type Folder struct {
	dir     string   // what the result will be called
	partial string   // beside it, where the files are written
	note    *os.File // locked while the run lives
}

// Prepare makes sure, before there is any traffic, that a result can be written
// to dir: that it is absent or empty, that its parent (created if need be) can
// be written to, that no other run is to write there (else the error is an ErrClaimed),
// and that the disk has room. It reserves that room, and leaves a note for the case
// that the run is killed. The caller ends with Write or Discard.
func Prepare(dir string, n Note) (*Folder, error) {
	target, err := resolve(dir)
	if err != nil {
		return nil, fmt.Errorf("result folder %s: %w", dir, err)
	}
	parent := filepath.Dir(target)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return nil, fmt.Errorf("result folder %s: cannot create its parent: %w; choose another place", dir, err)
	}
	f := &Folder{
		dir:     target,
		partial: filepath.Join(parent, "."+filepath.Base(target)+".partial-"+rand.Text()[:8]),
	}
	if err := os.Mkdir(f.partial, 0o777); err != nil {
		return nil, fmt.Errorf("result folder %s: cannot write to its parent: %w; choose a place that can be written to", dir, err)
	}
	// The note comes first, so that of two runs that begin at once one sees the other.
	err = f.leave(n)
	if err == nil {
		err = errors.Join(f.claimed(), f.probe())
	}
	if err != nil {
		f.Discard()
		return nil, fmt.Errorf("result folder %s: %w", dir, err)
	}
	return f, nil
}

// Dir is the absolute path of the result folder.
func (f *Folder) Dir() string { return f.dir }

// resolve returns the absolute path of a folder that is absent or empty.
func resolve(dir string) (string, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil
	}
	if err != nil {
		return "", err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return "", err
		}
		if info, err = os.Stat(path); err != nil {
			return "", err
		}
	}
	if !info.IsDir() {
		return "", errors.New("exists and is not a folder; choose another name")
	}
	return path, checkEmpty(path)
}

func checkEmpty(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	switch _, err := d.Readdirnames(1); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return errors.New("is not empty; choose another name, or remove it first")
}

// probe writes what a result needs, keeps the reserve, and tries the rename
// that will end the run if the folder already exists.
func (f *Folder) probe() error {
	probeFile := filepath.Join(f.partial, "probe")
	err := errors.Join(fill(filepath.Join(f.partial, reserveFile), reserveBytes), fill(probeFile, probeBytes))
	if err != nil {
		return fmt.Errorf("no room for a result: %w; it needs %d MiB, free some or choose another disk",
			err, (reserveBytes+probeBytes)>>20)
	}
	if err := os.Remove(probeFile); err != nil {
		return fmt.Errorf("cannot remove a file: %w; choose a place that can be written to", err)
	}
	if _, err := os.Stat(f.dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	aside := filepath.Join(f.partial, "aside")
	if err := os.Rename(f.dir, aside); err != nil {
		return fmt.Errorf("cannot be replaced (a mount point, or in use?): %w; name a folder inside it", err)
	}
	if err := os.Rename(aside, f.dir); err != nil {
		return fmt.Errorf("cannot be put back: %w", err)
	}
	return nil
}

// fill writes size bytes that no file system can compress away.
func fill(path string, size int) error {
	return writeFile(path, func(w io.Writer) error {
		block := make([]byte, 1<<20)
		for written := 0; written < size; written += len(block) {
			if _, err := rand.Read(block); err != nil {
				return err
			}
			if _, err := w.Write(block); err != nil {
				return err
			}
		}
		return nil
	})
}

// Discard gives up the result: nothing of it remains. It does nothing after
// Write.
func (f *Folder) Discard() {
	if f.partial == "" {
		return
	}
	_ = os.RemoveAll(f.partial) // nothing is lost when this fails
	_ = f.note.Close()
	f.partial = ""
}

// Write writes the result, gives the folder its name, and returns where the result
// is. The folder is made again if somebody removed it.
//
// An error means that the result is not where it should be, and says where it is:
// whole in the system's temporary folder, or else, where that cannot take it
// either, what fits of it beside the folder it was meant for. Where not even
// result.json fits nothing remains, and where is empty.
func (f *Folder) Write(r *Result, series iter.Seq[PartitionSecond], hist []Histogram) (where string, err error) {
	defer f.Discard()
	_ = os.Remove(filepath.Join(f.partial, reserveFile)) // it may be gone with the folder
	files := resultFiles(r, series, hist)
	written, failed := writeFiles(f.partial, files)
	if failed == nil {
		return f.publish()
	}
	spare, err := os.MkdirTemp("", "msklt-"+filepath.Base(f.dir)+"-")
	if err == nil {
		_, err = writeFiles(spare, files)
	}
	if err == nil {
		return spare, fmt.Errorf("write result folder %s: %w; the whole result is in %s", f.dir, failed, spare)
	}
	_ = os.RemoveAll(spare) // nothing is lost when this fails
	return f.keep(written, fmt.Errorf("write result folder %s: %w; nor could it be written to the temporary folder: %w", f.dir, failed, err))
}

// keep leaves the files that could be written in a folder that says that they are
// not all. Without result.json the others are worth nothing.
func (f *Folder) keep(written []string, failed error) (where string, err error) {
	if !slices.Contains(written, resultFile) {
		return "", fmt.Errorf("%w; nothing of the result could be kept", failed)
	}
	where, err = f.rename(f.dir + ".incomplete")
	return where, errors.Join(fmt.Errorf("%w; what fits of the result is in %s: %s", failed, where, strings.Join(written, ", ")), err)
}

// resultPart is one of the files of a result.
type resultPart struct {
	name  string
	write func(io.Writer) error
}

// resultFiles are the files of a result, those first that tell most in the least
// room.
func resultFiles(r *Result, series iter.Seq[PartitionSecond], hist []Histogram) []resultPart {
	return []resultPart{
		{resultFile, func(w io.Writer) error { return writeJSON(w, r) }},
		{pageFile, func(w io.Writer) error { return writePage(w, r, series) }},
		{ScenarioFile, func(w io.Writer) error { _, err := io.WriteString(w, r.Scenario.Resolved); return err }},
		{histogramFile, func(w io.Writer) error { return writeHistograms(w, r.StartedAt, hist) }},
		{seriesFile, func(w io.Writer) error { return writeSeries(w, series) }},
	}
}

func writePage(w io.Writer, r *Result, rows iter.Seq[PartitionSecond]) error {
	series, err := Gather(r, rows)
	if err != nil {
		return err
	}
	return HTML(w, r, series)
}

// writeFiles writes the files into a folder, which it makes if need be. It returns
// those that are whole; nothing is left of the others.
func writeFiles(dir string, files []resultPart) (written []string, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	for _, file := range files {
		path := filepath.Join(dir, file.name)
		if e := writeFile(path, file.write); e != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", file.name, e))
			_ = os.Remove(path) // nothing is lost when this fails
			continue
		}
		written = append(written, file.name)
	}
	return written, errors.Join(err, syncDir(dir))
}

// publish gives the written folder its name. An empty folder of that name makes
// way; one that is no longer empty does not.
func (f *Folder) publish() (where string, err error) {
	if info, err := os.Lstat(f.dir); err == nil && info.IsDir() {
		_ = os.Remove(f.dir) // it fails when it is not empty, and then so does the rename
	}
	if where, err = f.rename(f.dir); err != nil {
		return where, fmt.Errorf("rename result folder to %s: %w; the whole result is in %s", f.dir, err, where)
	}
	return where, syncDir(filepath.Dir(f.dir))
}

// rename gives what was written a name, under which it stays; its own when that
// fails.
func (f *Folder) rename(to string) (where string, err error) {
	where, f.partial = f.partial, ""
	f.forget(where)
	if err := os.Rename(where, to); err != nil {
		return where, err
	}
	return to, nil
}

func writeJSON(w io.Writer, r *Result) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// writeFile writes a file through a buffer and waits until it is on the disk.
func writeFile(path string, write func(io.Writer) error) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	buffer := bufio.NewWriterSize(file, 64<<10)
	if err := write(buffer); err != nil {
		return err
	}
	if err := buffer.Flush(); err != nil {
		return err
	}
	return file.Sync()
}

// syncDir makes renames and new names in a folder durable.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
