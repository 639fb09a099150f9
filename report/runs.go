package report

import (
	"fmt"
	"io"
)

// Runs writes a line for each of several runs, for a terminal of 80 columns.
func Runs(w io.Writer, all []Attempt) {
	const row = "%-6s%-20s%11s%14s%11s  %s\n"
	fmt.Fprintf(w, row, "run", "status", "acked MB/s", "response p99", "throttled", "valid")
	for _, run := range all {
		r := run.Result
		if r == nil {
			fmt.Fprintf(w, row, run.Name, "no result", "–", "–", "–", "–")
			continue
		}
		acked := "–" // where nothing is written
		if len(r.Fleets) > 0 {
			acked = megabytes(r.Rates.AckedBytesPerSecond)
		}
		l := r.Latency.Response
		fmt.Fprintf(w, row, run.Name, words(string(r.Verdict.Status)), acked, percentile(l, l.P99, l.P99Censored), percent(r.Throttle.Share), validity(r))
	}
}

// validity says whether a run counts, and what cut it short.
func validity(r *Result) string {
	text := "no"
	if r.Validity.Valid {
		text = "yes"
	}
	switch {
	case r.Interrupted:
		text += ", cut short"
	case r.Aborted != nil:
		text += ", stopped"
	}
	return text
}
