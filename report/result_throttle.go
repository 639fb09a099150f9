package report

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
