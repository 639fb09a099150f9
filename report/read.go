package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
)

// What Read accepts at most: more than a day with 2,400 partitions writes. The
// series is not held in memory; what result.json takes there is bounded.
const (
	maxResultBytes  = 128 << 20
	maxSeriesBytes  = 16 << 30
	maxDecodedBytes = 128 << 20
)

// Read reads a result folder: result.json, and of series.csv what the page draws.
// It refuses a schema that it does not know and files that are corrupt or larger
// than any run writes; errors name the file and the place in it.
func Read(dir string) (*Result, *Series, error) {
	r, err := ReadResult(dir)
	if err != nil {
		return nil, nil, err
	}
	series := newSeries(r)
	if err := series.read(dir); err != nil {
		return nil, nil, err
	}
	return r, series, nil
}

// read reads the series of a result folder.
func (s *Series) read(dir string) error {
	err := readFile(filepath.Join(dir, seriesFile), maxSeriesBytes, func(in io.Reader, _ int64) error {
		return readSeries(in, s.add)
	})
	if err != nil {
		return fmt.Errorf("read result %s: %w", dir, err)
	}
	return nil
}

// ReadResult is Read of result.json alone.
func ReadResult(dir string) (r *Result, err error) {
	err = readFile(filepath.Join(dir, resultFile), maxResultBytes, func(in io.Reader, size int64) (err error) {
		r, err = readJSON(in, size)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read result %s: %w", dir, err)
	}
	return r, nil
}

func readFile(path string, limit int64, read func(in io.Reader, size int64) error) error {
	info, err := os.Stat(path) // before it is opened: a pipe would never open
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: is not a file", filepath.Base(path))
	}
	if info.Size() > limit {
		return fmt.Errorf("%s: %s bytes are more than the %s that a result may have",
			filepath.Base(path), count(info.Size()), count(limit))
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := read(io.LimitReader(file, info.Size()), info.Size()); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return nil
}

func readJSON(in io.Reader, size int64) (*Result, error) {
	data := make([]byte, size)
	if _, err := io.ReadFull(in, data); err != nil {
		return nil, err
	}
	var head struct {
		Schema *string `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, explain(err)
	}
	if head.Schema == nil {
		return nil, fmt.Errorf("no schema; is it a result of msklt? (want %q)", Schema)
	}
	if *head.Schema != Schema {
		return nil, fmt.Errorf("schema is %.60q, this msklt reads %q", *head.Schema, Schema)
	}
	if err := weigh(data, reflect.TypeFor[Result](), maxDecodedBytes); err != nil {
		return nil, err
	}
	r := new(Result)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, explain(err)
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return r, nil
}

// explain says where a JSON document is wrong.
func explain(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("corrupt at byte %d: %w", syntax.Offset, err)
	case errors.As(err, &kind):
		return fmt.Errorf("corrupt at byte %d: %.200s holds a %.40s", kind.Offset, kind.Field, kind.Value)
	}
	return err
}
