package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// What Read accepts at most: more than a run of a day writes, less than would
// exhaust a laptop.
const (
	maxResultBytes = 64 << 20
	maxSeriesBytes = 1 << 30
)

// Read reads a result folder: result.json and series.csv. It refuses a schema
// that it does not know and files that are corrupt or larger than any run
// writes; errors name the file and the place in it.
func Read(dir string) (*Result, []PartitionSecond, error) {
	r, err := ReadResult(dir)
	if err != nil {
		return nil, nil, err
	}
	var series []PartitionSecond
	err = readFile(filepath.Join(dir, seriesFile), maxSeriesBytes, func(in io.Reader) (err error) {
		series, err = readSeries(in)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read result %s: %w", dir, err)
	}
	return r, series, nil
}

// ReadResult is Read of result.json alone.
func ReadResult(dir string) (r *Result, err error) {
	err = readFile(filepath.Join(dir, resultFile), maxResultBytes, func(in io.Reader) (err error) {
		r, err = readJSON(in)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read result %s: %w", dir, err)
	}
	return r, nil
}

func readFile(path string, limit int64, read func(io.Reader) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
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
	if err := read(io.LimitReader(file, limit)); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return nil
}

func readJSON(in io.Reader) (*Result, error) {
	data, err := io.ReadAll(in)
	if err != nil {
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
	r := new(Result)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, explain(err)
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
		return fmt.Errorf("corrupt at byte %d: %s holds a %s", kind.Offset, kind.Field, kind.Value)
	}
	return err
}
