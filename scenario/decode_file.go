package scenario

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// largestFile bounds the files that a scenario names.
const largestFile = 64 << 20

// file reads the file that a field names, and checks its contents against the
// field sha256 beside it, where there is one. What is wrong is reported; the
// data are then nil.
func (o *object) file(field string) ([]byte, File) {
	want := strings.ToLower(o.string("sha256", "the SHA-256 of the file"))
	name, ok := o.scalar(field, "the name of a file")
	switch {
	case !ok:
		return nil, File{}
	case name == "":
		o.fail(field, "", "want the name of a file, got \"\"")
		return nil, File{}
	case o.options.ReadFile == nil:
		o.fail(field, "load the scenario from its file", "%s cannot be read: this scenario comes without its folder", quote(name))
		return nil, File{}
	}
	name = o.rebase(o.values[field], name)
	data, err := o.options.ReadFile(name)
	switch {
	case err != nil:
		o.fail(field, "the path is relative to the folder of the scenario", "cannot read %s: %s", quote(name), reason(err))
		return nil, File{}
	case len(data) > largestFile:
		o.fail(field, "", "%s is larger than %s", quote(name), formatSize(largestFile))
		return nil, File{}
	}
	sum := sha256.Sum256(data)
	f := File{Name: name, SHA256: hex.EncodeToString(sum[:])}
	if o.has("sha256") && o.sound("sha256") && want != f.SHA256 {
		o.fail("sha256", "remove it to take the file as it is now", "the contents of %s have changed: their SHA-256 is %s", quote(name), f.SHA256)
		return nil, File{}
	}
	if data == nil {
		data = []byte{}
	}
	return data, f
}

// reason is why a file could not be read, without the path that comes before it.
func reason(err error) string {
	var e *fs.PathError
	if errors.As(err, &e) {
		err = e.Err
	}
	return err.Error()
}

// beside is the path of a file that another one names.
func beside(from, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(from), name)
}

// readBeside returns the function that reads the files which a scenario file
// names. It reads one byte more than a file may have, so that larger ones show.
func readBeside(from string) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		path := beside(from, name)
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() { // a pipe or a device might never end
			return nil, fmt.Errorf("it is not a regular file")
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(io.LimitReader(f, largestFile+1))
	}
}
