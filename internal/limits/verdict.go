package limits

// Status is the one word of a verdict.
type Status string

const (
	WithinLimits       Status = "within_limits"
	Limited            Status = "limited"
	LimitedUnexplained Status = "limited_unexplained"
	Invalid            Status = "invalid"
)

// Verdict says which limit bound, and how far away the others were.
type Verdict struct {
	Status   Status     `json:"status"`
	Summary  string     `json:"summary"`
	Binding  []Binding  `json:"binding"`
	Headroom []Headroom `json:"headroom"`
	Advice   []Advice   `json:"advice"`
}

// Binding is one instance of a limit that load met and that pushed back.
type Binding struct {
	Limit     Name   `json:"limit"`
	Scope     string `json:"scope"` // "orders/7", "client msklt-x on broker 1", "cluster"
	Topic     string `json:"topic,omitempty"`
	Partition *int32 `json:"partition,omitempty"`
	Broker    *int32 `json:"broker,omitempty"`
	Client    string `json:"client,omitempty"`
	// Declared is nil when no declared limit explains the push-back.
	Declared *float64 `json:"declared"`
	// Observed is the best estimate of the limit's value.
	Observed   float64   `json:"observed"`
	ObservedBy string    `json:"observed_by"` // "inversion" or "plateau"
	Inverted   *Inverted `json:"inverted"`    // nil: too few throttle responses
	// Plateau is what got through over whole windows; nil when the run was too
	// short for one.
	Plateau        *float64 `json:"plateau"`
	Unit           string   `json:"unit"` // "bytes/s" or "requests/s"
	SinceSeconds   float64  `json:"since_seconds"`
	ThrottledShare float64  `json:"throttled_share"`
	// Evidence says, in a sentence each, how it is known; scopes that fit as
	// well are named here.
	Evidence []string `json:"evidence"`
}

// Inverted is a limit's value read out of throttle responses.
type Inverted struct {
	Value         float64 `json:"value"`
	SpreadPercent float64 `json:"spread_percent"` // half the width that holds the middle half of the estimates
	Responses     int     `json:"responses"`
}

// Headroom is how close load came to one declared limit: the instance (the
// partition, the broker) that used most of it.
type Headroom struct {
	Limit    Name    `json:"limit"`
	Scope    string  `json:"scope"`
	Declared float64 `json:"declared"`
	// Used is the highest mean over 11 consecutive seconds of the whole run.
	Used     float64 `json:"used"`
	Headroom float64 `json:"headroom"` // 1 − used ÷ declared
	Unit     string  `json:"unit"`
}

// Advice is one computed way to raise the ceiling.
type Advice struct {
	Limit Name   `json:"limit"`
	Text  string `json:"text"`
}
