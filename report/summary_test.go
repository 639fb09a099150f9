package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// go test ./report -run Summary -update writes the golden files anew.
var update = flag.Bool("update", false, "write the golden files")

func TestSummaryGolden(t *testing.T) {
	for name, fixture := range map[string]func() (*Result, []PartitionSecond){"hot-key": hotKey, "steady": steady, "stopped": stopped, "gated": gated} {
		t.Run(name, func(t *testing.T) {
			r, _ := fixture()
			var out bytes.Buffer
			Summary(&out, r, false, 80)
			golden := filepath.Join("testdata", "summary-"+name+".txt")
			if *update {
				if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if out.String() != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
			}
		})
	}
}

func TestSummaryFitsItsWidth(t *testing.T) {
	for _, width := range []int{40, 80, 120} {
		for _, fixture := range []func() (*Result, []PartitionSecond){hotKey, steady, stopped, gated, hostile} {
			r, _ := fixture()
			var out bytes.Buffer
			Summary(&out, r, false, width)
			for line := range strings.Lines(out.String()) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("width %d: a line has %d characters: %q", width, n, line)
				}
			}
		}
	}
}

// TestSummaryFitsWideValues has every number as wide as it can be, and names as long.
func TestSummaryFitsWideValues(t *testing.T) {
	r, _ := gated()
	const many = 999_999_999_999_999
	long := strings.Repeat("n", 249)
	for _, l := range []*Latency{&r.Latency.Response, &r.Latency.Service, &r.Latency.EndToEnd} {
		*l = Latency{P50: 599_999, P99: 600_000, Max: 600_000, Count: many, Censored: many, Negative: many, ClockOffset: ref(1e9), P50Censored: true, P99Censored: true, MaxCensored: true}
	}
	r.Totals = Totals{Scheduled: many, Unsent: many, Sent: many, Acked: many, Failed: many, LogEndDelta: many, Markers: many}
	r.Rates = Rates{OfferedRecordsPerSecond: many, OfferedBytesPerSecond: many, AckedRecordsPerSecond: many, AckedBytesPerSecond: many, ConsumedBytesPerSecond: many}
	r.Groups[0] = Group{Name: long, LogEndDelta: many, Consumed: many, Expired: many, Skipped: many, Unread: many, BacklogMax: many}
	r.Fleets[0].Name, r.Fleets[0].Transactions = long, &Transactions{many, many, many}
	r.Idle = []Idle{{Name: long, Connections: 1_000_000, Held: many, Failed: many}}
	r.Partitions[0] = Partition{Topic: long, Partition: 2_147_483_647, Acked: many, Predicted: many, ResponseP99: 600_000, P99Censored: true}
	r.Verdict.Headroom = []Headroom{room("cluster.connection_attempts", long+"/2147483647", many, many/3, "attempts/s"), room("partition.ingress", long, many, 1, "bytes/s")}
	r.Verdict.Binding[0].Scope, r.Verdict.Binding[0].Observed, r.Verdict.Binding[0].Declared = long, many, ref(1e15)
	r.Errors = []ErrorCount{{Where: long, Error: long, Count: many}}
	for _, width := range []int{40, 60, 80} {
		var out bytes.Buffer
		Summary(&out, r, false, width)
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("width %d: a line has %d characters: %q", width, n, line)
			}
		}
		for _, whole := range []string{"999,999,999,999,999", "≥ 600 s"} {
			if !strings.Contains(out.String(), whole) {
				t.Errorf("width %d: there is no %s in\n%s", width, whole, out.String())
			}
		}
	}
}

func TestSummaryColors(t *testing.T) {
	r, _ := hotKey()
	var plain, colored bytes.Buffer
	Summary(&plain, r, false, 0)
	Summary(&colored, r, true, 0)
	if strings.Contains(plain.String(), "\x1b") {
		t.Error("colour where none was asked for")
	}
	if !strings.HasPrefix(colored.String(), "\x1b[1;33mlimited\x1b[0m  partition.ingress") {
		t.Errorf("the status is not coloured: %.60q", colored.String())
	}
	stripped := strings.NewReplacer("\x1b[1;33m", "", "\x1b[0m", "").Replace(colored.String())
	if stripped != plain.String() {
		t.Error("colour changes more than colour")
	}
	r, _ = gated()
	colored.Reset()
	Summary(&colored, r, true, 0)
	for _, want := range []string{"\x1b[1;31m✗ failed\x1b[0m  response.p99", "\x1b[1;31m✗ not known\x1b[0m  end_to_end", "\x1b[1;36m✓ passed\x1b[0m  backlog"} {
		if !strings.Contains(colored.String(), want) {
			t.Errorf("no %q in:\n%s", want, colored.String())
		}
	}
	r, _ = hostile()
	var out bytes.Buffer
	Summary(&out, r, false, 80)
	if strings.ContainsAny(out.String(), "\x1b\r\x07") {
		t.Error("a name can steer the terminal")
	}
}

// TestSummaryOfFleets says how transactions ended and how many idle connections
// stood, and counts markers of transactions into the log.
func TestSummaryOfFleets(t *testing.T) {
	r, _ := steady()
	r.Fleets[0].Transactions = &Transactions{Committed: 1800, Aborted: 200}
	r.Idle = []Idle{{Name: "dashboards", Connections: 500, Held: 500}, {Name: "leaked", Connections: 50, Held: 26, Failed: 1224}}
	r.Totals.Markers = 2000
	r.Partitions[0].Markers = 2000
	show := func() string {
		var out bytes.Buffer
		Summary(&out, r, false, 200)
		return out.String()
	}
	if text := show(); !strings.Contains(text, "the log holds fewer records than were acked") && !strings.Contains(text, "does not add up") {
		t.Errorf("2,000 markers are not in the log, and nothing is said:\n%s", text)
	}
	r.Totals.LogEndDelta += 2000
	r.Partitions[0].LogEndDelta += 2000
	text := show()
	for _, want := range []string{
		": 1,800 committed, 200 aborted\n",
		"dashboards: 500 of 500 connections held\n",
		"leaked: 26 of 50 connections held, 1,224 times one was refused or closed\n",
		" acked and 2,000 markers of transactions, log ends moved by ",
		", equal on every partition",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
}
