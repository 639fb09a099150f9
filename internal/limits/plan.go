package limits

// PlanSchema names the version of a plan's JSON.
const PlanSchema = "msklt.plan/v1"

// Plan is what a scenario will do to a cluster's limits, worked out without any
// traffic. Rates are per second, shares are 0 to 1.
type Plan struct {
	Schema        string             `json:"schema"`
	Scenario      PlannedScenario    `json:"scenario"`
	LimitsProfile string             `json:"limits_profile"`
	Brokers       int                `json:"brokers"` // assumed; leaders round robin
	Partitions    []PlannedPartition `json:"partitions"`
	Limits        []PlannedLimit     `json:"limits"` // every declared limit, its hottest instance
	First         *FirstLimit        `json:"first"`  // nil when no declared limit binds at any load
	Beyond        *Beyond            `json:"beyond"` // nil when nothing binds at load 1
	Clients       []PlannedFleet     `json:"clients"`
	Connections   PlannedConnections `json:"connections"`
	Creation      PlannedCreation    `json:"creation"`
	// Totals at 100 % load, at the curves' mean over the measured phases: what
	// cost is worked out from.
	Totals      PlannedTotals `json:"totals"`
	Advice      []Advice      `json:"advice"`
	Assumptions []string      `json:"assumptions"`
}

type PlannedScenario struct {
	Name string `json:"name"`
	Hash string `json:"hash"`
}

// PlannedPartition is one partition's load at the highest load of the measured
// phases, nothing binding.
type PlannedPartition struct {
	Topic     string     `json:"topic"`
	Partition int32      `json:"partition"`
	Predicted float64    `json:"predicted_bytes_per_second"` // record batches, headers included
	Consumed  float64    `json:"predicted_consumed_bytes_per_second"`
	TopKeys   []KeyShare `json:"top_keys"`
}

// KeyShare is a key and its share of its topic's records.
type KeyShare struct {
	Key   string  `json:"key"`
	Share float64 `json:"share"`
}

// PlannedLimit is the hottest instance of one declared limit.
type PlannedLimit struct {
	Limit     Name    `json:"limit"`
	Scope     string  `json:"scope"` // "orders/7", "broker 1", "cluster"
	Topic     string  `json:"topic,omitempty"`
	Partition *int32  `json:"partition,omitempty"`
	Declared  float64 `json:"declared"`
	Predicted float64 `json:"predicted"`
	Use       float64 `json:"use"` // predicted ÷ declared
	Unit      string  `json:"unit"`
	// BindsAtLoad is the load factor at which it first throttles within the
	// scenario's own time, credit included; nil when no load makes it.
	BindsAtLoad *float64 `json:"binds_at_load"`
	// BindsAfterSeconds is when it first throttles at load 1, from the start of
	// traffic; nil when it does not.
	BindsAfterSeconds *float64 `json:"binds_after_seconds"`
	// UpperBound says that Predicted is at most this, not what to expect.
	UpperBound bool `json:"upper_bound,omitempty"`
	// LowerBound says that Predicted is what is known of it, and that there is more:
	// from fleets that send as fast as they can, or to partitions of existing topics that
	// nobody has counted.
	LowerBound bool `json:"lower_bound,omitempty"`
	// Met tells whether load 1 reaches it although an earlier limit holds the
	// fleets back.
	Met bool `json:"met"`
}

// FirstLimit is the limit that binds first as the load grows.
type FirstLimit struct {
	Limit      Name    `json:"limit"`
	Scope      string  `json:"scope"`
	Topic      string  `json:"topic,omitempty"`
	Partition  *int32  `json:"partition,omitempty"`
	LoadFactor float64 `json:"load_factor"` // 1.7: fits up to 1.7 times the scenario's load
	Because    string  `json:"because"`     // the key that makes it so, or ""
}

// Beyond is what gets through at load 1 once the first limit binds.
type Beyond struct {
	// Shared: clients that send in order are held to limit ÷ share.
	SharedBytesPerSecond float64 `json:"shared_bytes_per_second"`
	// OwnClient: the same with a client of its own for the hottest key; nil when
	// no key makes the limit bind.
	OwnClientBytesPerSecond *float64 `json:"own_client_bytes_per_second"`
	OfferedBytesPerSecond   float64  `json:"offered_bytes_per_second"`
	Text                    string   `json:"text"`
}

// PlannedFleet is what the clients of one fleet or group do at 100 % load.
type PlannedFleet struct {
	Fleet             string  `json:"fleet"`
	Clients           int     `json:"clients"`
	RequestsPerSecond float64 `json:"requests_per_second"` // of the whole fleet; of a group, at most
	UpperBound        bool    `json:"upper_bound,omitempty"`
	LowerBound        bool    `json:"lower_bound,omitempty"` // there are more, from fleets that send as fast as they can
	BatchFill         float64 `json:"batch_fill,omitempty"`  // mean batch ÷ batch size
	RecordsPerBatch   float64 `json:"records_per_batch,omitempty"`
}

// PlannedConnections are the connections of all clients and idle fleets.
type PlannedConnections struct {
	Open              float64 `json:"open"`
	AttemptsPerSecond float64 `json:"attempts_per_second"`
	RampSeconds       float64 `json:"ramp_seconds"` // until all are open, at the declared attempts' rate
}

// PlannedCreation is what the scenario's topics ask of the cluster.
type PlannedCreation struct {
	Topics     int `json:"topics"`
	Partitions int `json:"partitions"`
	// Seconds until the last of them is asked for, and RemovalSeconds from the end of
	// the traffic until the last is deleted, under the declared rates of changes, if
	// nobody else changes any; 0 when there is nothing to wait for.
	Seconds        float64 `json:"seconds"`
	RemovalSeconds float64 `json:"removal_seconds,omitempty"`
}

// PlannedTotals are means over the measured phases, while nothing binds.
type PlannedTotals struct {
	BytesInPerSecond  float64 `json:"bytes_in_per_second"`
	BytesOutPerSecond float64 `json:"bytes_out_per_second"`
	RecordsPerSecond  float64 `json:"records_per_second"`
	Partitions        int     `json:"partitions"`
	Uncounted         int     `json:"topics_uncounted,omitempty"` // existing topics, whose partitions are not known
	// UncountedBytesInPerSecond is the part of BytesInPerSecond that goes to those.
	UncountedBytesInPerSecond float64 `json:"uncounted_bytes_in_per_second,omitempty"`
	RunSeconds                float64 `json:"run_seconds"`   // all phases
	RunBytesIn                float64 `json:"run_bytes_in"`  // of the whole run
	RunBytesOut               float64 `json:"run_bytes_out"` // of the whole run
	// LowerBound names a fleet that sends as fast as it can, of which none of this knows.
	LowerBound string `json:"lower_bound,omitempty"`
}
