package report

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// seriesHeader is the first line of series.csv. throttled_seconds is the part
// of the second (0 to 1) that a throttle response which carried the partition
// covered.
func seriesHeader() []string {
	return []string{"second", "topic", "partition", "acked_records", "acked_bytes", "consumed_bytes", "throttled_seconds"}
}

func writeSeries(w io.Writer, series []PartitionSecond) error {
	out := csv.NewWriter(w)
	if err := out.Write(seriesHeader()); err != nil {
		return err
	}
	for _, s := range series {
		err := out.Write([]string{
			strconv.Itoa(s.Second),
			s.Topic,
			strconv.Itoa(int(s.Partition)),
			strconv.FormatInt(s.AckedRecords, 10),
			strconv.FormatInt(s.AckedBytes, 10),
			strconv.FormatInt(s.ConsumedBytes, 10),
			strconv.FormatFloat(s.Throttled, 'f', -1, 64),
		})
		if err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// readSeries reads series.csv. Errors say the line.
func readSeries(r io.Reader) ([]PartitionSecond, error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	head, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if !slices.Equal(head, seriesHeader()) {
		return nil, fmt.Errorf("header: got %.200q, want %q", head, seriesHeader())
	}
	var series []PartitionSecond
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return series, nil
		}
		if err != nil {
			return nil, err // the csv package's errors say the line
		}
		s, err := parseSeconds(row)
		if err != nil {
			line, _ := in.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		series = append(series, s)
	}
}

func parseSeconds(row []string) (PartitionSecond, error) {
	var numbers [7]int64
	for _, column := range []int{0, 2, 3, 4, 5} {
		n, err := strconv.ParseInt(row[column], 10, 64)
		if err != nil || n < 0 || column < 3 && n > 1<<31-1 {
			return PartitionSecond{}, fmt.Errorf("%s: %.40q is not a count", seriesHeader()[column], row[column])
		}
		numbers[column] = n
	}
	throttled, err := strconv.ParseFloat(row[6], 64)
	if err != nil || !(throttled >= 0 && throttled <= 1) {
		return PartitionSecond{}, fmt.Errorf("%s: %.40q is not between 0 and 1", seriesHeader()[6], row[6])
	}
	return PartitionSecond{
		Second:        int(numbers[0]),
		Topic:         row[1],
		Partition:     int32(numbers[2]),
		AckedRecords:  numbers[3],
		AckedBytes:    numbers[4],
		ConsumedBytes: numbers[5],
		Throttled:     throttled,
	}, nil
}
