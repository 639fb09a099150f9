package report

import "slices"

// Validity says whether the numbers can be trusted: false when the generator,
// not the cluster, was the bottleneck, or records are unaccounted for.
type Validity struct {
	Valid   bool     `json:"valid"`
	Reasons []Reason `json:"reasons"` // what failed; empty when valid
	Checks  []Reason `json:"checks"`  // every check, with what it saw
}

// Reason is one check of the instrument on itself.
type Reason struct {
	Check    string  `json:"check"`
	Observed float64 `json:"observed"`
	Unknown  bool    `json:"unknown,omitempty"` // nothing could be observed, as on systems that do not tell
	Bound    float64 `json:"bound"`
	Unit     string  `json:"unit,omitempty"`
	Message  string  `json:"message"`
}

// Threshold is a condition of the scenario and what came of it.
type Threshold struct {
	Expression string   `json:"expression"`
	Of         string   `json:"of,omitempty"`                // "fleet checkout", "topic orders"; "" is the whole run
	Observed   *float64 `json:"observed"`                    // in Unit; null when nothing was measured
	Censored   bool     `json:"observed_censored,omitempty"` // Observed is a lower bound
	Bound      float64  `json:"bound"`                       // in Unit
	Unit       string   `json:"unit"`                        // "ms", "share" (0 to 1), "records", "bytes/s"
	Passed     bool     `json:"passed"`
	Known      bool     `json:"known"` // false: whether it holds cannot be said, which is not passed
	Abort      bool     `json:"abort"` // it stops the run when it breaks
	Message    string   `json:"message,omitempty"`
}

// Aborted says which threshold stopped the run, and when.
type Aborted struct {
	Expression string  `json:"expression"`
	Of         string  `json:"of,omitempty"`
	At         float64 `json:"at_seconds"` // since the start of traffic
}

// ThresholdsHold tells that all thresholds passed.
func (r *Result) ThresholdsHold() bool {
	return !slices.ContainsFunc(r.Thresholds, func(t Threshold) bool { return !t.Passed })
}
