// Package report holds what came out of a run and shows it: the result's model,
// the result folder, the terminal, the HTML page. It measures nothing and
// decides nothing.
package report

import (
	"time"

	"msklt/internal/cost"
	"msklt/internal/limits"
)

// Schema names the version of result.json that this package writes.
const Schema = "msklt.result/v1"

// The verdict's types are those of the package that reaches it.
type (
	Verdict  = limits.Verdict
	Binding  = limits.Binding
	Headroom = limits.Headroom
	Advice   = limits.Advice
)

// Result is result.json. Numbers whose name has no unit are counts or shares
// (0 to 1).
type Result struct {
	Schema          string       `json:"schema"`
	Scenario        Scenario     `json:"scenario"`
	Seed            uint64       `json:"seed"`
	Again           *Again       `json:"again,omitempty"` // nil where a program ran it
	Target          Target       `json:"target"`
	Versions        Versions     `json:"versions"`
	Environment     Environment  `json:"environment"`
	StartedAt       time.Time    `json:"started_at"` // start of traffic, a whole second
	DurationSeconds float64      `json:"duration_seconds"`
	Interrupted     bool         `json:"interrupted"`
	InterruptedAt   float64      `json:"interrupted_at_seconds,omitempty"` // after the start of traffic; the rest of the duration is the drain
	Aborted         *Aborted     `json:"aborted,omitempty"`                // by a threshold; nil when it ran its time
	Validity        Validity     `json:"validity"`
	Verdict         Verdict      `json:"verdict"`
	Thresholds      []Threshold  `json:"thresholds"`
	Totals          Totals       `json:"totals"`
	Rates           Rates        `json:"rates"`
	Latency         Latencies    `json:"latency"`
	Throttle        Throttle     `json:"throttle"`
	Fleets          []Fleet      `json:"fleets"`
	Idle            []Idle       `json:"idle,omitempty"`
	Groups          []Group      `json:"groups"`
	Partitions      []Partition  `json:"partitions"`
	Phases          []Phase      `json:"phases"`
	Timeline        []Second     `json:"timeline"`
	Errors          []ErrorCount `json:"errors"`
	// Spent is where the response time of the measured phases went.
	Spent Spent `json:"spent"`
	// Events are what happened to the run from outside, in order: faults of the
	// cluster, of the network and of this machine.
	Events []Event `json:"events"`
	// Logins are those on connections that had logged in before; nil without any.
	Logins *Logins `json:"logins,omitempty"`
	// Plan is what was predicted before the run.
	Plan *limits.Plan `json:"plan,omitempty"`
	// Cost is what the run would be billed as measured; nil when something has no
	// price, which CostUnknown then says.
	Cost        *cost.Bill `json:"cost,omitempty"`
	CostUnknown string     `json:"cost_unknown,omitempty"`
}

// Scenario names what ran. Resolved is the whole scenario as YAML, with every
// default filled in; it is also written as scenario.yaml.
type Scenario struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Hash        string `json:"hash"`
	Limits      string `json:"limits"` // the profile's name
	Resolved    string `json:"resolved"`
}

// Target is where it ran.
type Target struct {
	Name      string   `json:"name"`           // as the target file says, else "embedded" or the bootstrap addresses
	File      string   `json:"file,omitempty"` // the target file, as it was named; absent without one
	Kind      string   `json:"kind"`           // "embedded", "kafka", "msk-serverless"
	Bootstrap []string `json:"bootstrap"`
	Auth      string   `json:"auth,omitempty"` // how clients logged in, as auth.mechanism in a target file; absent if not at all
	TLS       bool     `json:"tls,omitempty"`  // whether connections were encrypted
	Brokers   int      `json:"brokers"`
	APILevel  string   `json:"api_level"`
}

type Versions struct {
	Msklt   string `json:"msklt"`
	Go      string `json:"go"`
	FranzGo string `json:"franz_go"`
}

type Environment struct {
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	CPUs   int    `json:"cpus"`
	Kernel string `json:"kernel,omitempty"`
}

// Totals count records of the whole run, warm-up and drain included.
// Scheduled = Sent + Unsent, Sent = Acked + Failed.
type Totals struct {
	Scheduled int64 `json:"scheduled"`
	Unsent    int64 `json:"unsent"`
	Sent      int64 `json:"sent"`
	Acked     int64 `json:"acked"`
	Failed    int64 `json:"failed"`
	// PossibleDuplicates are records that a producer without idempotence sent again
	// because no answer reached it, or one that left open whether they were appended.
	// The log may hold them twice.
	PossibleDuplicates int64 `json:"possible_duplicates,omitempty"`
	LogEndDelta        int64 `json:"log_end_delta"`
	Markers            int64 `json:"markers,omitempty"` // of the run's transactions: offsets of the log without a record
	LogEndKnown        bool  `json:"log_end_known"`     // false: the cluster, or a topic, was gone; log_end_delta leaves it out
	Consumed           int64 `json:"consumed"`
	Skipped            int64 `json:"skipped,omitempty"` // offsets that were no record for a group: markers, and aborted records when it reads committed ones
	Expired            int64 `json:"expired"`
	Unread             int64 `json:"unread"` // still in the log, not read when the drain ended
	Duplicates         int64 `json:"duplicates"`
	BytesAcked         int64 `json:"bytes_acked"`    // record batches with their headers
	BytesConsumed      int64 `json:"bytes_consumed"` // the same
}

// Rates are means over the measured phases.
type Rates struct {
	OfferedRecordsPerSecond float64 `json:"offered_records_per_second"`
	OfferedBytesPerSecond   float64 `json:"offered_bytes_per_second"` // keys and values
	AckedRecordsPerSecond   float64 `json:"acked_records_per_second"`
	AckedBytesPerSecond     float64 `json:"acked_bytes_per_second"` // keys and values
	WireBytesPerSecond      float64 `json:"wire_bytes_per_second"`  // acked record batches with their headers
	ConsumedBytesPerSecond  float64 `json:"consumed_bytes_per_second"`
	WireOverhead            float64 `json:"wire_overhead"` // wire ÷ (keys and values) − 1
}
