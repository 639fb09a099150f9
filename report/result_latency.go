package report

// Latencies of the measured phases.
type Latencies struct {
	Response   Latency `json:"response"`
	Service    Latency `json:"service"`
	ClientWait Latency `json:"client_wait"`
	Lag        Latency `json:"lag"`
	EndToEnd   Latency `json:"end_to_end"`
}

// Latency summarises one histogram. A percentile that falls among censored
// records is a lower bound; its Censored field is then true. Censored are records that were
// never acknowledged: in the response all of them, in the service those that were handed, in
// the client wait the others. End-to-end has those that were read early for the traffic's
// end, lag has none.
type Latency struct {
	P50      float64 `json:"p50_ms"`
	P90      float64 `json:"p90_ms"`
	P99      float64 `json:"p99_ms"`
	P999     float64 `json:"p999_ms"`
	Max      float64 `json:"max_ms"`
	Mean     float64 `json:"mean_ms"`
	Count    int64   `json:"count"`
	Censored int64   `json:"censored"`
	Clamped  int64   `json:"clamped"` // above the histogram's top of 10 minutes
	// Negative values are recorded as 0: end-to-end only, where records were received
	// before the writer's clock said that they were intended. That clock is then
	// ahead of the reader's by at least ClockOffset; nil where nothing is negative.
	Negative     int64    `json:"negative"`
	ClockOffset  *float64 `json:"clock_offset_at_least_ms,omitempty"`
	P50Censored  bool     `json:"p50_censored,omitempty"`
	P90Censored  bool     `json:"p90_censored,omitempty"`
	P99Censored  bool     `json:"p99_censored,omitempty"`
	P999Censored bool     `json:"p999_censored,omitempty"`
	MaxCensored  bool     `json:"max_censored,omitempty"`
	// Curve is the percentile curve, for the report: from few values per octave
	// of 1/(1−q).
	Curve []CurvePoint `json:"curve,omitempty"`
}

type CurvePoint struct {
	Quantile float64 `json:"q"`
	Millis   float64 `json:"ms"`
	Censored bool    `json:"censored,omitempty"`
}
