package report

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
