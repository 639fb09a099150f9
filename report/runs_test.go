package report

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"msklt/internal/limits"
)

// TestRuns holds every kind of run's line, in 80 columns.
func TestRuns(t *testing.T) {
	hot, _ := hotKey()
	fits, _ := steady()
	gated, _ := gated()
	cut, _ := hotKey()
	cut.Interrupted, cut.Validity.Valid, cut.Verdict.Status = true, false, limits.Invalid
	cut.Latency.Response.P99Censored = true
	reading, _ := steady()
	reading.Fleets, reading.Latency.Response = nil, Latency{}
	unexplained, _ := steady()
	unexplained.Verdict.Status = limits.LimitedUnexplained
	var out bytes.Buffer
	Runs(&out, []Attempt{{"A 1", fits, nil}, {"B 1", hot, nil}, {"B 2", gated, nil}, {"A 2", unexplained, nil}, {"A 3", reading, nil}, {"B 3", cut, nil}, {"B 4", nil, nil}})
	want := `run   status               acked MB/s  response p99  throttled  valid
A 1   within limits              8.00       14.2 ms        0 %  yes
B 1   limited                    15.3      ≥ 24.7 s     29.1 %  yes
B 2   limited                    15.3      ≥ 24.7 s     29.1 %  yes, stopped
A 2   limited unexplained        8.00       14.2 ms        0 %  yes
A 3   within limits                 –             –        0 %  yes
B 3   invalid                    15.3      ≥ 24.7 s     29.1 %  no, cut short
B 4   no result                     –             –          –  –
`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
	for line := range strings.Lines(out.String()) {
		if n := utf8.RuneCountInString(line) - 1; n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
