package report

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
	"strings"
)

// seriesHeader is the first line of series.csv. throttled_seconds is the part
// of the second (0 to 1) that a throttle response which carried the partition
// covered.
func seriesHeader() []string {
	return []string{"second", "topic", "partition", "acked_records", "acked_bytes", "consumed_bytes", "throttled_seconds"}
}

// longestRow is more than a row takes: the longest topic name has 249 characters.
const longestRow = 1024

// writeSeries writes series.csv. Its fields need no quotes: topics have none of
// the characters that do.
func writeSeries(w io.Writer, rows iter.Seq[PartitionSecond]) error {
	line := []byte(strings.Join(seriesHeader(), ",") + "\n")
	if _, err := w.Write(line); err != nil {
		return err
	}
	for s := range rows {
		line = strconv.AppendInt(line[:0], int64(s.Second), 10)
		line = append(append(append(line, ','), s.Topic...), ',')
		for _, n := range []int64{int64(s.Partition), s.AckedRecords, s.AckedBytes, s.ConsumedBytes} {
			line = append(strconv.AppendInt(line, n, 10), ',')
		}
		line = append(strconv.AppendFloat(line, s.Throttled, 'f', -1, 64), '\n')
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// readSeries reads series.csv, row by row: an hour of 2,400 partitions has 8.6
// million. It is strict, and fast because it knows the one form that writeSeries
// writes. Errors say the line.
func readSeries(r io.Reader, each func(PartitionSecond) error) error {
	in := seriesReader{in: bufio.NewReaderSize(r, 256<<10), topics: map[string]string{}}
	head, err := in.next()
	if errors.Is(err, io.EOF) {
		err = errors.New("it is empty")
	}
	if err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if want := strings.Join(seriesHeader(), ","); string(head) != want {
		return fmt.Errorf("header: got %.200q, want %q", head, want)
	}
	for {
		line, err := in.next()
		if errors.Is(err, io.EOF) {
			return in.end()
		}
		var s PartitionSecond
		if err == nil {
			s, err = in.parse(line)
		}
		if err == nil {
			err = in.inOrder(s)
		}
		if err == nil {
			err = each(s)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", in.line, err)
		}
	}
}

// seriesReader reads series.csv and holds each row against the one before.
type seriesReader struct {
	in     *bufio.Reader
	line   int
	topics map[string]string // so that each is made once
	last   PartitionSecond
	rows   int // of the last second
	first  int // rows of the first second, once it has ended
}

// next returns the next line without its end, until it is called again. At the end it
// returns io.EOF.
func (r *seriesReader) next() ([]byte, error) {
	r.line++
	line, err := r.in.ReadSlice('\n')
	switch {
	case errors.Is(err, io.EOF) && len(line) > 0:
		return nil, errors.New("the line is cut short")
	case errors.Is(err, bufio.ErrBufferFull), err == nil && len(line) > longestRow:
		return nil, fmt.Errorf("the line is longer than %d bytes", longestRow)
	case err != nil:
		return nil, err
	}
	line = line[:len(line)-1]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, nil
}

// parse reads a row in one pass; what is wrong with it is found in another.
func (r *seriesReader) parse(line []byte) (s PartitionSecond, err error) {
	var numbers [6]int64
	var name []byte
	rest := line
	for column := range numbers {
		end := 0
		if column == 1 {
			end = max(bytes.IndexByte(rest, ','), 0)
			name = rest[:end]
		} else {
			numbers[column], end = parseCount(rest)
		}
		if end == 0 || end == len(rest) || rest[end] != ',' {
			return s, faultOf(line)
		}
		rest = rest[end+1:]
	}
	if len(rest) != 1 || rest[0] != '0' {
		s.Throttled, err = strconv.ParseFloat(string(rest), 64)
	}
	if err != nil || !(s.Throttled >= 0 && s.Throttled <= 1) || numbers[0] > math.MaxInt32 || numbers[2] > math.MaxInt32 {
		return s, faultOf(line)
	}
	if s.Topic, err = r.topic(name); err != nil {
		return s, err
	}
	s.Second, s.Partition = int(numbers[0]), int32(numbers[2])
	s.AckedRecords, s.AckedBytes, s.ConsumedBytes = numbers[3], numbers[4], numbers[5]
	return s, nil
}

// parseCount reads a decimal of up to 18 digits, which cannot overflow, and returns
// how many bytes it took.
func parseCount(text []byte) (n int64, end int) {
	for ; end < len(text) && end < 18; end++ {
		digit := text[end] - '0'
		if digit > 9 {
			break
		}
		n = 10*n + int64(digit)
	}
	return n, end
}

// faultOf says what is wrong with a row that parse does not take.
func faultOf(line []byte) error {
	names := seriesHeader()
	fields := strings.Split(string(line), ",")
	if len(fields) != len(names) {
		return fmt.Errorf("it has %d columns, want %d", len(fields), len(names))
	}
	for _, column := range []int{0, 2, 3, 4, 5} {
		n, end := parseCount([]byte(fields[column]))
		if end == 0 || end < len(fields[column]) || column < 3 && n > math.MaxInt32 {
			return fmt.Errorf("%s: %.40q is not a count", names[column], fields[column])
		}
	}
	if fields[1] == "" {
		return fmt.Errorf("topic: %q is not a topic's name", "")
	}
	return fmt.Errorf("%s: %.40q is not between 0 and 1", names[6], fields[6])
}

// topic returns a topic's name, and refuses what Kafka would.
func (r *seriesReader) topic(name []byte) (string, error) {
	if string(name) == r.last.Topic && r.rows > 0 {
		return r.last.Topic, nil
	}
	if known, ok := r.topics[string(name)]; ok {
		return known, nil
	}
	if !topicName(string(name)) {
		return "", fmt.Errorf("topic: %.60q is not a topic's name", name)
	}
	r.topics[string(name)] = string(name)
	return string(name), nil
}

// inOrder holds that rows go up by second, topic and partition, and that each second
// has as many: otherwise something is missing or twice there.
func (r *seriesReader) inOrder(s PartitionSecond) error {
	last := &r.last
	switch {
	case r.rows > 0 && (s.Second < last.Second || s.Second == last.Second && (s.Topic < last.Topic || s.Topic == last.Topic && s.Partition <= last.Partition)):
		return fmt.Errorf("second %d of %s is out of order or twice there", s.Second, partitionName(s.Topic, s.Partition, 60))
	case r.rows > 0 && s.Second > last.Second:
		if err := r.whole(); err != nil {
			return err
		}
		r.first, r.rows = r.rows, 0
	}
	r.last = s
	r.rows++
	return nil
}

// whole tells whether the last second has as many rows as the first.
func (r *seriesReader) whole() error {
	if r.first > 0 && r.rows != r.first {
		return fmt.Errorf("second %d has %d rows and the ones before have %d; is the file cut short?", r.last.Second, r.rows, r.first)
	}
	return nil
}

func (r *seriesReader) end() error {
	if err := r.whole(); err != nil {
		return fmt.Errorf("line %d: %w", r.line, err)
	}
	return nil
}

// topicName tells whether Kafka would take a topic's name.
func topicName(name string) bool {
	if name == "" || len(name) > 249 {
		return false
	}
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}
