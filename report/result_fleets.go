package report

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
