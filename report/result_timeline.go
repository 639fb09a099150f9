package report

type Phase struct {
	Name     string  `json:"name"`
	From     float64 `json:"from_seconds"`
	To       float64 `json:"to_seconds"`
	Load     float64 `json:"load"`
	Measured bool    `json:"measured"`
}

// Second is one second of the run. Offered and acked bytes are keys and values.
type Second struct {
	Second         int     `json:"second"`
	Phase          string  `json:"phase"` // "drain" after the last one
	OfferedRecords int64   `json:"offered_records"`
	AckedRecords   int64   `json:"acked_records"`
	OfferedBytes   int64   `json:"offered_bytes"`
	AckedBytes     int64   `json:"acked_bytes"`
	ConsumedBytes  int64   `json:"consumed_bytes"`
	Failed         int64   `json:"failed"`
	P50            float64 `json:"response_p50_ms"` // of records acked in this second; 0 with none
	P99            float64 `json:"response_p99_ms"`
	Max            float64 `json:"response_max_ms"`
	// Of records that reached their groups' applications in this second, each group
	// counting its own; 0 with none. Those that came early because the traffic had
	// ended are left out.
	EndToEndP50    float64 `json:"end_to_end_p50_ms,omitempty"`
	EndToEndP99    float64 `json:"end_to_end_p99_ms,omitempty"`
	EndToEndMax    float64 `json:"end_to_end_max_ms,omitempty"`
	ThrottledShare float64 `json:"throttled_share"`
	Waiting        int64   `json:"waiting"` // attempted, not yet acked, at the second's end
	Backlog        int64   `json:"backlog"` // of all groups, at the second's end
	LagMax         float64 `json:"lag_max_ms"`
	// Spent is where the time of the records that waited in this second went.
	Spent      Spent      `json:"spent"`
	Instrument Instrument `json:"instrument"`
}

// Spent splits the time that records waited, from when they were intended until
// they were acknowledged or given up, by what held them up. In record-seconds: ten
// records that wait half a second each are 5. The parts add up to all of it.
type Spent struct {
	Throttle float64 `json:"throttle_record_seconds"` // their connection was paused by a quota
	Broker   float64 `json:"broker_record_seconds"`   // a request was with the cluster
	Network  float64 `json:"network_record_seconds"`  // bytes were being sent or received
	Client   float64 `json:"client_record_seconds"`   // nothing was under way: linger, batching, or this machine was slow
}

// Instrument is how the generator itself fared in a second. What the system does
// not tell is 0; the run's checks then say so.
type Instrument struct {
	SchedulerP99 float64 `json:"scheduler_p99_ms"` // goroutines ready to run waited for a processor
	GCShare      float64 `json:"gc_share"`         // of the processors' time
	CPUShare     float64 `json:"cpu_share"`        // of the processors that this process may use, it used
	Stalled      float64 `json:"stalled_ms"`       // the process did not run at all: stopped, or starved
}
