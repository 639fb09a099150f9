// Package report holds what came out of a run and shows it: the result's model,
// the result folder, the terminal, the HTML page. It measures nothing and
// decides nothing.
package report

import (
	"slices"
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

// Throttle covers produce and fetch; other requests are in ByAPI only.
type Throttle struct {
	Responses int64   `json:"responses"`
	Share     float64 `json:"share"` // mean over connections with load of throttled ÷ wall time, measured phases
	// SumSeconds adds all throttle times, as other tools do; it overstates,
	// because successive responses repeat the same outstanding delay.
	SumSeconds   float64             `json:"sum_seconds"`
	UnionSeconds float64             `json:"union_seconds"` // over client-broker pairs, each pair's union
	ByAPI        map[string]APIShare `json:"by_api"`
	ByBroker     []BrokerThrottle    `json:"by_broker"`
	ByClient     []ClientThrottle    `json:"by_client"`
	Intervals    []ThrottleInterval  `json:"intervals"` // union over all, in seconds since start of traffic, for shading
}

type APIShare struct {
	Responses int64   `json:"responses"`
	Share     float64 `json:"share"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	Max       float64 `json:"max_ms"`
}

type BrokerThrottle struct {
	Broker    int32   `json:"broker"`
	Responses int64   `json:"responses"`
	Share     float64 `json:"share"`
}

type ClientThrottle struct {
	Client    string  `json:"client"`
	Fleet     string  `json:"fleet"`
	Broker    int32   `json:"broker"`
	API       string  `json:"api"`
	Responses int64   `json:"responses"`
	Share     float64 `json:"share"`
	// Partitions that this client sent to or read from.
	Partitions int `json:"partitions"`
}

type ThrottleInterval struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// Fleet is one producer fleet's part of the totals and latencies.
type Fleet struct {
	Name      string    `json:"name"`
	Topic     string    `json:"topic"`
	Clients   int       `json:"clients"`
	Scheduled int64     `json:"scheduled"`
	Unsent    int64     `json:"unsent"`
	Sent      int64     `json:"sent"`
	Acked     int64     `json:"acked"`
	Failed    int64     `json:"failed"`
	Latency   Latencies `json:"latency"`
	// Transactions is nil for a fleet without them.
	Transactions *Transactions `json:"transactions,omitempty"`
}

// Transactions counts how the transactions of a fleet ended. Aborted are those
// that were to be, and those that could not be committed; of Unknown ones the
// cluster's answer never came.
type Transactions struct {
	Committed int64 `json:"committed"`
	Aborted   int64 `json:"aborted"`
	Unknown   int64 `json:"unknown"`
}

// Idle is a fleet of connections that carry nothing.
type Idle struct {
	Name        string `json:"name"`
	Connections int    `json:"connections"`
	Held        int64  `json:"held"`   // of them open when the traffic ended
	Failed      int64  `json:"failed"` // attempts refused, and connections that the cluster closed
}

// Group is one consumer group's. Consumed + Expired + Skipped + Unread is the
// log-end delta, here by how much the logs' ends lie beyond where the group began.
type Group struct {
	Name          string `json:"name"`
	Clients       int    `json:"clients"` // members when traffic started
	LogEndDelta   int64  `json:"log_end_delta"`
	LogEndUnknown bool   `json:"log_end_unknown,omitempty"` // of some partitions: LogEndDelta leaves them out
	Consumed      int64  `json:"consumed"`
	Expired       int64  `json:"expired"`
	Unread        int64  `json:"unread"`
	// Skipped offsets hold no record for the group: markers of transactions,
	// aborted records that it does not read, compacted ones.
	Skipped    int64 `json:"skipped,omitempty"`
	Duplicates int64 `json:"duplicates"`
	// BacklogMax is the highest backlog at the end of a measured second: records
	// in the log, as far as the run knows of them, that the group had not received.
	BacklogMax int64 `json:"backlog_max"`
	// Backlog is the same at the end of each second of the run, from the first.
	Backlog    []int64          `json:"backlog_by_second,omitempty"`
	EndToEnd   Latency          `json:"end_to_end"`
	Partitions []GroupPartition `json:"partitions"`
}

type GroupPartition struct {
	Topic         string `json:"topic"`
	Partition     int32  `json:"partition"`
	LogEndDelta   int64  `json:"log_end_delta"`
	Consumed      int64  `json:"consumed"`
	Skipped       int64  `json:"skipped,omitempty"`
	Expired       int64  `json:"expired"`
	Unread        int64  `json:"unread"`
	LogEndUnknown bool   `json:"log_end_unknown,omitempty"` // LogEndDelta, Expired and Unread are then 0
}

type Partition struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Leader    int32  `json:"leader"`
	// Predicted is the load that the keys bring, unbound by limits: the mean over the
	// measured phases.
	Predicted float64 `json:"predicted_bytes_per_second"`
	// PredictedConsumed is Predicted times the groups that read the partition.
	PredictedConsumed float64 `json:"predicted_consumed_bytes_per_second"`
	// Acked, Consumed: means over the measured phases; record batches with headers.
	Acked              float64    `json:"acked_bytes_per_second"`
	Consumed           float64    `json:"consumed_bytes_per_second"`
	ResponseP99        float64    `json:"response_p99_ms"`
	P99Censored        bool       `json:"p99_censored,omitempty"`
	ThrottledShare     float64    `json:"throttled_share"`
	LogEndDelta        int64      `json:"log_end_delta"`
	AckedRecords       int64      `json:"acked"`
	Markers            int64      `json:"markers,omitempty"`             // of transactions: LogEndDelta counts them too
	LogEndUnknown      bool       `json:"log_end_unknown,omitempty"`     // LogEndDelta is then 0
	PossibleDuplicates int64      `json:"possible_duplicates,omitempty"` // see Totals
	TopKeys            []KeyShare `json:"top_keys,omitempty"`
}

type KeyShare struct {
	Key   string  `json:"key"`
	Share float64 `json:"share"` // of the topic's records
	// Predicted is the load that the key brings to its partition, as in Partition.
	Predicted float64 `json:"predicted_bytes_per_second,omitempty"`
}

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

// Logins counts connections that logged in again because what the broker granted was
// about to expire (KIP-368), over the whole run.
type Logins struct {
	Again   int64   `json:"again"`
	Longest float64 `json:"longest_ms"` // of one of them, during which its connection carried nothing else
}

// Event is something that happened at a time of the run.
type Event struct {
	At     float64 `json:"at_seconds"`              // since the start of traffic
	Until  float64 `json:"until_seconds,omitempty"` // 0 where it has no end that is known
	Kind   string  `json:"kind"`                    // "disconnected", "reconnected", "leader_moved", "login_again", "stalled", …
	Broker *int32  `json:"broker,omitempty"`
	Text   string  `json:"text"`
}

// PartitionSecond is one row of series.csv.
type PartitionSecond struct {
	Second        int
	Topic         string
	Partition     int32
	AckedRecords  int64
	AckedBytes    int64 // record batches with their headers
	ConsumedBytes int64
	Throttled     float64 // seconds of this second under a throttle of a response that carried this partition
}

type ErrorCount struct {
	Where   string  `json:"where"` // "produce", "fetch", "connect", …
	Error   string  `json:"error"`
	Count   int64   `json:"count"`
	FirstAt float64 `json:"first_at_seconds"`
}
