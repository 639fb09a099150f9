package scenario

// Threshold is a condition that a run must meet, such as "response.p99 < 500ms".
type Threshold struct {
	Expression string  // as in the scenario, without what it is of
	Metric     string  // "response.p99", "throttled.share", "backlog", "failed", … see [ThresholdMetrics]
	Operator   string  // "<", "<=", ">", ">=", "=="
	Bound      float64 // milliseconds, a share (1 is 100 %), a count, or per second, by Metric
	// Of narrows it: the name of a fleet or group, of a topic, or TOPIC/PARTITION;
	// "" is the whole run.
	Fleet, Group, Topic string
	Partition           int32 // of Topic; -1: all of it
	// Abort stops the run as soon as it is broken.
	Abort bool
	Pos   Pos
}
