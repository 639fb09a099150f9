package scenario

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// mostWrong is how many mistakes of one table are reported.
const mostWrong = 10

// table is a CSV file that a scenario names: a header, then rows with as many
// fields. Empty lines are skipped. Mistakes are reported at their place in it.
type table struct {
	*decoder
	header string // the one of the allowed headers that it has
	path   string
	data   []byte
	reader *csv.Reader
	row    []string // the present row
	wrong  int      // mistakes so far
}

// table reads the CSV file that a field names; headers are those it may have,
// such as "key,weight". It is nil when it cannot be used, which is reported.
func (o *object) table(field string, headers ...string) (*table, File) {
	data, f := o.file(field)
	if data == nil {
		return nil, f
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	t := &table{decoder: o.decoder, path: beside(o.source.file, f.Name), data: data, reader: csv.NewReader(bytes.NewReader(data))}
	t.reader.ReuseRecord = true
	if !t.read() {
		if t.wrong == 0 {
			o.fail(field, fmt.Sprintf("begin it with the line %s", headers[0]), "%s is empty", quote(f.Name))
		}
		return nil, f
	}
	names := make([]string, len(t.row))
	for i, name := range t.row {
		names[i] = strings.TrimSpace(name)
	}
	t.header = strings.Join(names, ",")
	for _, h := range headers {
		if h == t.header {
			return t, f
		}
	}
	t.fail(0, "", "want the header %s, got %s", strings.Join(headers, " or "), quote(t.header))
	return nil, f
}

// next moves to the next row; false at the end, and after too many mistakes.
func (t *table) next() bool { return t.wrong < mostWrong && t.read() }

// read reads a row; the ones with a mistake are reported and left out.
func (t *table) read() bool {
	for t.wrong < mostWrong {
		row, err := t.reader.Read()
		t.row = row
		var e *csv.ParseError
		switch {
		case err == nil:
			return true
		case errors.Is(err, io.EOF):
			return false
		case errors.Is(err, csv.ErrFieldCount):
			t.fail(0, "", "want %d fields, %s, got %d", t.reader.FieldsPerRecord, t.header, len(row))
		case errors.As(err, &e):
			t.reportAt(e.Line, e.Column, "write a quote within quotes twice", strings.TrimPrefix(e.Err.Error(), "csv: "))
		default:
			t.reportAt(1, 1, "", err.Error())
		}
	}
	return false
}

// fail reports a mistake in a field of the present row.
func (t *table) fail(field int, hint, format string, args ...any) {
	line, column := t.reader.FieldPos(field)
	t.reportAt(line, column, hint, fmt.Sprintf(format, args...))
}

// reportAt notes a mistake; column counts bytes.
func (t *table) reportAt(line, column int, hint, message string) {
	t.wrong++
	s := source{t.path, strings.Split(strings.ToValidUTF8(string(t.data), "\ufffd"), "\n")}
	for i := range s.lines {
		s.lines[i] = strings.TrimSuffix(s.lines[i], "\r")
	}
	if text := s.lines[min(line, len(s.lines))-1]; column > 1 {
		column = utf8.RuneCountInString(text[:min(column-1, len(text))]) + 1
	}
	if t.wrong == mostWrong {
		message += "; further mistakes in this file are not looked for"
	}
	t.problems = append(t.problems, s.problem(line, column, hint, message))
}

// number reads a field of the present row as a number in a range. Unlike a
// scenario, a table may use exponents, as programs write them.
func (t *table) number(field int, low, high float64) (n float64, ok bool) {
	text := strings.TrimSpace(t.row[field])
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case strings.Trim(text, "0123456789.eE+-") != "" || err != nil && !errors.Is(err, strconv.ErrRange):
		t.fail(field, "", "want a number, got %s", quote(text))
	case math.IsNaN(n) || n < low || n > high:
		t.fail(field, "", "must be between %s and %s, is %s", grouped(low), grouped(high), text)
	default:
		return n, true
	}
	return 0, false
}

// weight reads a field of the present row as a weight.
func (t *table) weight(field int) float64 {
	n, ok := t.number(field, math.Inf(-1), math.Inf(1))
	if ok && (n <= 0 || n > mostWeight) {
		t.fail(field, "", "a weight must be above 0 and at most %s, is %s", grouped(mostWeight), strings.TrimSpace(t.row[field]))
	}
	return n
}
