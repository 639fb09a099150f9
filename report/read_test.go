package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// put writes a result folder of two files.
func put(t testing.TB, dir, result, series string) {
	t.Helper()
	for name, text := range map[string]string{"result.json": result, "series.csv": series} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// fields is a result.json with a partition and these further fields.
func fields(more string) string {
	return `{"schema":"msklt.result/v1","partitions":[{"topic":"orders"},{"topic":"orders","partition":1}]` + more + `}`
}

// rows is a series.csv with these rows.
func rows(lines ...string) string {
	return strings.Join(append([]string{"second,topic,partition,acked_records,acked_bytes,consumed_bytes,throttled_seconds"}, lines...), "\n") + "\n"
}

func TestReadRefuses(t *testing.T) {
	times := func(n int, text string) string { return strings.TrimSuffix(strings.Repeat(text+",", n), ",") }
	for _, test := range []struct{ name, result, series, want string }{
		{"another schema", `{"schema":"msklt.result/v2"}`, rows(), `schema is "msklt.result/v2", this msklt reads "msklt.result/v1"`},
		{"no schema", `{}`, rows(), "no schema"},
		{"no object", `[]`, rows(), "corrupt at byte 1"},
		{"nothing", ``, rows(), "result.json: corrupt at byte 0"},
		{"cut short", `{"schema":"msklt.result/v1",`, rows(), "result.json: corrupt at byte 28"},
		{"something after it", `{"schema":"msklt.result/v1"}x`, rows(), "result.json: corrupt at byte 29"},
		{"another type", fields(`,"seed":"x"`), rows(), "seed holds a string"},
		{"deep", fields(`,"x":` + strings.Repeat("[", 1e6)), rows(), "exceeded max depth"},
		{"deep, whole", fields(`,"x":` + strings.Repeat("[", 1e6) + strings.Repeat("]", 1e6)), rows(), "exceeded max depth"},
		{"a number too large", fields(`,"rates":{"acked_bytes_per_second":1e19}`), rows(), "rates: acked_bytes_per_second: 1e+19 is beyond everything"},
		{"a number beyond floats", fields(`,"rates":{"acked_bytes_per_second":1e999}`), rows(), "acked_bytes_per_second holds a number"},
		{"an integer too large", fields(`,"totals":{"acked":9000000000000000000}`), rows(), "totals: acked: 9000000000000000000 is beyond everything"},
		{"a list in it", fields(`,"cost":{"items":[{"amount":-1e300}]}`), rows(), "cost: items: 0: amount: -1e+300 is beyond everything"},
		{"a name of a megabyte", fields(`,"throttle":{"by_api":{"` + strings.Repeat("x", 1<<20) + `":{}}}`), rows(), "a text of 1,048,576 bytes"},
		{"a scenario without end", fields(`,"scenario":{"resolved":"` + strings.Repeat("x", 17<<20) + `"}`), rows(), "scenario.resolved is 17,825,792 bytes long"},
		{"a negative duration", fields(`,"duration_seconds":-1`), rows(), "duration_seconds is -1"},
		{"a run of a thousand years", fields(`,"duration_seconds":3e10`), rows(), "duration_seconds is 3e+10"},
		{"a second twice", fields(`,"timeline":[{"second":0},{"second":0}]`), rows(), "timeline[1]: second 0 after second 0"},
		{"a second at the end of time", fields(`,"timeline":[{"second":1000000000}]`), rows(), "timeline[0]: second 1000000000"},
		{"phases that overlap", fields(`,"phases":[{"from_seconds":0,"to_seconds":5},{"from_seconds":4,"to_seconds":9}]`), rows(), "phases[1]: from 4 to 9 s, after one that ends at 5"},
		{"intervals that overlap", fields(`,"throttle":{"intervals":[{"from":1,"to":3},{"from":2,"to":9}]}`), rows(), "throttle.intervals[1]"},
		{"a partition twice", `{"schema":"msklt.result/v1","partitions":[{"topic":"a"},{"topic":"a"}]}`, rows(), "partitions[1]: a/0 is there twice"},
		{"a negative partition", `{"schema":"msklt.result/v1","partitions":[{"topic":"a","partition":-1}]}`, rows(), "partitions[0]: partition -1"},
		{"a topic that Kafka refuses", `{"schema":"msklt.result/v1","partitions":[{"topic":"a/b"}]}`, rows(), `partitions[0]: "a/b" is not a topic's name`},
		{"a negative count", fields(`,"totals":{"acked":-1}`), rows(), "totals.acked is -1"},
		{"a quantile beyond 1", fields(`,"latency":{"response":{"curve":[{"q":7,"ms":1}]}}`), rows(), "latency.response.curve[0]: 1 ms at 7"},
		{"a negative time", fields(`,"latency":{"lag":{"max_ms":-3}}`), rows(), "latency.lag: something is negative"},
		{"ten thousand phases", fields(`,"phases":[` + times(10_001, "{}") + `]`), rows(), "phases: 10,001 entries"},
		// A Fleet takes over 800 bytes; the text of each takes 3, and of the last ones 2.
		{"a million empty fleets", fields(`,"fleets":[` + times(1_000_000, "{}") + `]`), rows(), "result.json: it lists more than any run does"},
		{"a million fleets that are none", fields(`,"FLEETS":[` + times(1_000_000, "0") + `]`), rows(), "result.json: it lists more than any run does"},
		{"a million groups' pieces", fields(`,"groups":[{"partitions":[` + times(2_000_000, "null") + `]}]`), rows(), "result.json: it lists more than any run does"},

		{"another header", fields(""), "a,b\n", "series.csv: header"},
		{"no header", fields(""), "", "series.csv: header: it is empty"},
		{"no line at all", fields(""), strings.Repeat("x", 1<<20), "series.csv: header: the line is longer than 1024 bytes"},
		{"a line without end", fields(""), rows() + strings.Repeat("1", 1<<20), "series.csv: line 2: the line is longer than 1024 bytes"},
		{"too few columns", fields(""), rows("1,orders,0"), "series.csv: line 2: it has 3 columns, want 7"},
		{"too many columns", fields(""), rows("0,orders,0,1,1,1,0,0"), "line 2: it has 8 columns, want 7"},
		{"an empty line", fields(""), rows(""), "line 2: it has 1 columns, want 7"},
		{"not a number", fields(""), rows("0,orders,0,1,1,1,0", "1,orders,x,1,1,1,0"), `line 3: partition: "x" is not a count`},
		{"a negative row", fields(""), rows("0,orders,0,-1,1,1,0"), `acked_records: "-1" is not a count`},
		{"a negative second", fields(""), rows("-1,orders,0,1,1,1,0"), `second: "-1" is not a count`},
		{"a count beyond 64 bits", fields(""), rows("0,orders,0,99999999999999999999,1,1,0"), `acked_records: "99999999999999999999" is not a count`},
		{"a partition beyond 32 bits", fields(""), rows("0,orders,2147483648,1,1,1,0"), `partition: "2147483648" is not a count`},
		{"a second far away", fields(""), rows("1000000000,orders,0,1,1,1,0"), "second 1000000000 of orders/0 lies far beyond the run"},
		{"a longer second", fields(""), rows("0,orders,0,1,1,1,1.5"), `throttled_seconds: "1.5" is not between 0 and 1`},
		{"no number", fields(""), rows("0,orders,0,1,1,1,NaN"), `throttled_seconds: "NaN"`},
		{"another topic", fields(""), rows("0,payments,0,1,1,1,0"), "payments/0 is not among the result's partitions"},
		{"another partition", fields(""), rows("0,orders,2,1,1,1,0"), "orders/2 is not among the result's partitions"},
		{"no topic", fields(""), rows("0,,0,1,1,1,0"), `topic: "" is not a topic's name`},
		{"nothing at the end", fields(""), rows("0,orders,0,1,1,1,"), `throttled_seconds: "" is not between 0 and 1`},
		{"nothing between commas", fields(""), rows("0,orders,0,,1,1,0"), `acked_records: "" is not a count`},
		{"a topic in quotes", fields(""), rows(`0,"orders",0,1,1,1,0`), `topic: "\"orders\"" is not a topic's name`},
		{"out of order", fields(""), rows("0,orders,1,1,1,1,0", "0,orders,0,1,1,1,0"), "line 3: second 0 of orders/0 is out of order or twice there"},
		{"twice", fields(""), rows("0,orders,1,1,1,1,0", "0,orders,1,1,1,1,0"), "line 3: second 0 of orders/1 is out of order or twice there"},
		{"back in time", fields(""), rows("3,orders,1,1,1,1,0", "2,orders,1,1,1,1,0"), "line 3: second 2 of orders/1 is out of order"},
		{"cut short in a line", fields(""), rows("0,orders,0,1,1,1,0")[:90], "line 2: the line is cut short"},
		{"cut short in a second", fields(""), rows("0,orders,0,1,1,1,0", "0,orders,1,1,1,1,0", "1,orders,0,1,1,1,0"), "line 5: second 1 has 1 rows and the ones before have 2; is the file cut short?"},
		{"a hole", fields(""), rows("0,orders,0,1,1,1,0", "0,orders,1,1,1,1,0", "1,orders,0,1,1,1,0", "2,orders,0,1,1,1,0"), "line 5: second 1 has 1 rows"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, test.result, test.series)
			_, _, err := Read(dir)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("error %.300v, want %q and the folder's name", err, test.want)
			}
			if err != nil && len(err.Error()) > 800 {
				t.Errorf("the message has %d characters", len(err.Error()))
			}
		})
	}
}

// What a run writes reads back, line ends of Windows included.
func TestReadTakes(t *testing.T) {
	for name, series := range map[string]string{
		"no row":           rows(),
		"two seconds":      rows("0,orders,0,1,1,1,0", "0,orders,1,1,1,1,0.25", "1,orders,0,1,1,1,1", "1,orders,1,1,1,1,0.000000001"),
		"a second missing": rows("0,orders,0,1,1,1,0", "5,orders,1,1,1,1,0"),
		"Windows":          strings.ReplaceAll(rows("0,orders,0,1,1,1,0"), "\n", "\r\n"),
	} {
		dir := t.TempDir()
		put(t, dir, fields(`,"unheard_of":[1,{"x":null}]`), series)
		if _, _, err := Read(dir); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadBoundsSizes(t *testing.T) {
	for file, size := range map[string]int64{"result.json": maxResultBytes, "series.csv": maxSeriesBytes} {
		dir := t.TempDir()
		put(t, dir, fields(""), rows())
		if err := os.Truncate(filepath.Join(dir, file), size+1); err != nil { // sparse: takes no room
			t.Fatal(err)
		}
		want := fmt.Sprintf("%s: %s bytes are more than", file, count(size+1))
		if _, _, err := Read(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, _, err := Read(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v for a folder that is absent", err)
	}
}

// What is no plain file is refused at once; a pipe that nobody writes to would
// otherwise be waited for.
func TestReadRefusesOtherThanFiles(t *testing.T) {
	for name, test := range map[string]struct {
		put  func(path string) error
		want string
	}{
		"a pipe":             {func(path string) error { return syscall.Mkfifo(path, 0o600) }, "is not a file"},
		"a folder":           {func(path string) error { return os.Mkdir(path, 0o700) }, "is not a file"},
		"a link to a device": {func(path string) error { return os.Symlink("/dev/zero", path) }, "is not a file"},
		"a link to itself":   {func(path string) error { return os.Symlink(path, path) }, "too many levels"},
		"a link to nothing":  {func(path string) error { return os.Symlink(path+"x", path) }, "no such file"},
	} {
		for _, file := range []string{"result.json", "series.csv"} {
			t.Run(name+" for "+file, func(t *testing.T) {
				dir := t.TempDir()
				put(t, dir, fields(""), rows())
				path := filepath.Join(dir, file)
				if err := errors.Join(os.Remove(path), test.put(path)); err != nil {
					t.Fatal(err)
				}
				done := make(chan error, 1)
				go func() { _, _, err := Read(dir); done <- err }()
				select {
				case err := <-done:
					if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), file) {
						t.Errorf("error %v, want %q of %s", err, test.want, file)
					}
				case <-time.After(time.Minute):
					t.Error("it is waited for")
				}
			})
		}
	}
}
