package scenario

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const replayed = `
version: 1
name: replayed
topics:
  orders: {partitions: 12}
producers:
  checkout: {topic: orders, value: {size: 1KiB}, rate: {replay: {file: r.csv}}}
phases:
  - {name: steady, duration: 40s}
`

// replayOf parses a scenario that replays a file with the given contents.
func replayOf(csv string) (*Scenario, error) {
	return Parse("dir/s.yaml", []byte(replayed), Options{ReadFile: func(string) ([]byte, error) { return []byte(csv), nil }})
}

// TestReplay holds the rates that files are read as.
func TestReplay(t *testing.T) {
	steps := func(values ...float64) (out []Step) {
		for i, v := range values {
			out = append(out, Step{v, []time.Duration{10 * time.Second, 2500 * time.Millisecond, 0}[i]})
		}
		return out
	}
	for name, c := range map[string]struct {
		csv  string
		want Rate
	}{
		"bytes":         {"seconds,rate\n0,4MB/s\n10,0B/s\n12.5,1.5MiB/s\n", Rate{Bytes: 4e6, Curve: Curve{Steps: steps(4e6, 0, 1572864)}}},
		"records":       {"seconds,rate\n0,4/s\n10,0/s\n12.5,0.5/s\n", Rate{Records: 4, Curve: Curve{Steps: steps(4, 0, 0.5)}}},
		"plain records": {"seconds,records_per_second\n0,4\n10,0\n1.25e1,4.5e3\n", Rate{Records: 4500, Curve: Curve{Steps: steps(4, 0, 4500)}}},
		"plain bytes":   {"seconds,bytes_per_second\r\n0,4\r\n10,100\r\n12.5,20", Rate{Bytes: 100, Curve: Curve{Steps: steps(4, 100, 20)}}},
		"one row":       {"seconds,rate\n0,4/s\n", Rate{Records: 4, Curve: Curve{Steps: []Step{{4, 0}}}}},
		"a nanosecond":  {"seconds,rate\n0,4/s\n0.000000001,5/s\n", Rate{Records: 5, Curve: Curve{Steps: []Step{{4, 1}, {5, 0}}}}},
	} {
		s, err := replayOf(c.csv)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := s.Producers[0].Rate
		c.want.Curve.Shape, c.want.Curve.File = Replay, got.Curve.File
		if !reflect.DeepEqual(got, c.want) || got.Curve.File.Name != "r.csv" || len(got.Curve.File.SHA256) != 64 {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

// TestReplayMistakes holds the messages about files, at their place in the file.
func TestReplayMistakes(t *testing.T) {
	for name, c := range map[string]struct{ csv, want string }{
		"header": {"time,rate\n0,1/s\n", `dir/r.csv:1:1: want the header seconds,rate or seconds,records_per_second or seconds,bytes_per_second, got "time,rate"`},
		"rows":   {"seconds,rate\n", `dir/s.yaml:7:72: producers.checkout.rate.replay.file: "r.csv" has no rows`},
		"begin":  {"seconds,rate\n5,1/s\n6,2/s\n", "dir/r.csv:2:1: the first row must be at 0 seconds, is at 5"},
		"backwards": {"seconds,rate\n0,1/s\n10,2/s\n10,3/s\n5,3/s\n20,4/s\n",
			"dir/r.csv:4:1: rows must go forward in time: 10 seconds come after 10\ndir/r.csv:5:1: rows must go forward in time: 5 seconds come after 10"},
		"negative":   {"seconds,rate\n-1,1/s\n", "dir/r.csv:2:1: must be between 0 and 31,622,400, is -1"},
		"no number":  {"seconds,rate\n0s,1/s\n", `dir/r.csv:2:1: want a number, got "0s"`},
		"unit":       {"seconds,rate\n0,1\n", `dir/r.csv:2:3: want a rate such as 40MB/s or 40000/s, got "1"`},
		"units":      {"seconds,rate\n0,1/s\n1,1MB/s\n2,3/s\n", "dir/r.csv:3:3: 1MB/s is in bytes, but the values before it are in records"},
		"unit twice": {"seconds,bytes_per_second\n0,1MB/s\n", `dir/r.csv:2:3: want a number, got "1MB/s"`},
		"much":       {"seconds,records_per_second\n0,1e9\n", "dir/r.csv:2:3: must be between 0 and 100,000,000, is 1e9"},
		"nothing":    {"seconds,rate\n0,0/s\n10,0/s\n", "dir/s.yaml:7:56: producers.checkout.rate: the rate is 0 all the time"},
	} {
		_, err := replayOf(c.csv)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		checkProblems(t, err)
		checkWords(t, err)
		var got []string
		for _, p := range err.(Problems) {
			got = append(got, p.Pos.String()+": "+p.Message)
		}
		if strings.Join(got, "\n") != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(got, "\n"), c.want)
		}
	}
	long := []byte("seconds,records_per_second\n")
	for i := range mostPieces + 1 {
		long = fmt.Appendf(long, "%d,1\n", i)
	}
	_, err := replayOf(string(long))
	if want := "dir/r.csv:1048578:1: a recorded rate may have 1,048,576 rows; this is one more"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %.200v, want %s", err, want)
	}
}

// TestReplayRoundTrip holds that a resolved scenario replays the same file, and no
// other.
func TestReplayRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		csv := []byte("seconds,bytes_per_second\n0,1\n")
		for at := range rapid.IntRange(0, 20).Draw(t, "rows") {
			csv = fmt.Appendf(csv, "%v,%v\n", float64(at)+rapid.Float64Range(0.1, 0.9).Draw(t, "at"), rapid.Float64Range(0, 1e11).Draw(t, "rate"))
		}
		s, err := replayOf(string(csv))
		if err != nil {
			t.Fatalf("%v\n%s", err, csv)
		}
		read := func(string) ([]byte, error) { return csv, nil }
		again, err := Parse("dir/resolved.yaml", s.YAML(), Options{ReadFile: read})
		if err != nil || !reflect.DeepEqual(withoutPositions(again), withoutPositions(s)) {
			t.Fatalf("%v\ngot  %+v\nwant %+v", err, again, s)
		}
		csv = append(csv, "100,7\n"...)
		if _, err := Parse("dir/resolved.yaml", s.YAML(), Options{ReadFile: read}); err == nil {
			t.Error("the file changed, and nobody noticed")
		}
	})
}

// TestStretchedLoads holds that ramps and steps of a phase go with --duration, and
// that what repeats does not.
func TestStretchedLoads(t *testing.T) {
	text := strings.Replace(replayed, "rate: {replay: {file: r.csv}}", "rate: {ramp: {from: 1/s, to: 2/s, over: 30s}}", 1)
	for load, want := range map[string]Curve{
		"{ramp: {from: 0%, to: 100%}}":            {Shape: Ramp, To: 1, Over: 100 * time.Second},
		"{ramp: {from: 0%, to: 100%, over: 10s}}": {Shape: Ramp, To: 1, Over: 25 * time.Second},
		"{steps: [{load: 1, for: 8s}, {load: 2, for: 1ms}, {load: 3}]}": {Shape: Steps,
			Steps: []Step{{1, 20 * time.Second}, {2, 2500 * time.Microsecond}, {3, 0}}},
		"{sine: {low: 0%, high: 100%, period: 10s}}":             {Shape: Sine, To: 1, Over: 10 * time.Second},
		"{burst: {base: 0%, peak: 100%, every: 10s, lasts: 1s}}": {Shape: Burst, To: 1, Over: 10 * time.Second, Lasts: time.Second},
	} {
		s, err := Parse("s.yaml", []byte(strings.Replace(text, "duration: 40s", "duration: 40s, load: "+load, 1)), Options{Duration: 100 * time.Second})
		if err != nil {
			t.Errorf("%s: %v", load, err)
			continue
		}
		if got := s.Phases[0].Load; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", load, got, want)
		}
		if over := s.Producers[0].Rate.Curve.Over; over != 30*time.Second {
			t.Errorf("the fleet's curve was stretched to %v", over)
		}
	}
	burst := strings.Replace(text, "duration: 40s", "duration: 40s, load: {burst: {base: 0%, peak: 1, every: 2ms, lasts: 1ms}}", 1)
	_, err := Parse("s.yaml", []byte(burst), Options{Duration: 20 * time.Minute})
	if want := "--duration:1:1: the load would change about 1,200,000 times during the run, at most 1,048,576 are possible"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestShortRampsStayReadable holds that a step shortened by --duration can still
// be read from the resolved scenario.
func TestShortRampsStayReadable(t *testing.T) {
	text := strings.Replace(strings.Replace(replayed, "rate: {replay: {file: r.csv}}", "rate: 1/s", 1),
		"duration: 40s", "duration: 40s, load: {steps: [{load: 1, for: 10ms}, {load: 2}]}", 1)
	s, err := Parse("s.yaml", []byte(text), Options{Duration: 40 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Phases[0].Load.Steps[0].For; got != time.Millisecond {
		t.Errorf("the step lasts %v, want 1ms", got)
	}
	checkRoundTrip(t, s)
}
