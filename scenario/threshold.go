package scenario

import "strconv"

// Threshold is a condition that a run must meet, such as "response.p99 < 500ms".
type Threshold struct {
	Expression string  // as in the scenario, with single spaces, without what it is of
	Metric     string  // "response.p99", "throttled.share", "backlog", … see [ThresholdMetrics]
	Operator   string  // "<", "<=", ">", ">=", "=="
	Bound      float64 // milliseconds, a share (1 is 100 %), a count, or bytes per second, by Metric
	// At most one of Fleet, Group and Topic narrows it: to a producer fleet, a
	// consumer group, a topic or topic template; with a Partition, Topic is the
	// name of one topic. None is the whole run.
	Fleet, Group, Topic string
	Partition           int32 // of Topic; -1: all of it
	// Abort stops the run as soon as it is broken.
	Abort bool
	Pos   Pos
}

// Of says in words what the threshold is narrowed to: "fleet checkout", "group
// billing", "topic orders", "partition orders/7"; "" for the whole run.
func (t Threshold) Of() string {
	switch {
	case t.Fleet != "":
		return "fleet " + t.Fleet
	case t.Group != "":
		return "group " + t.Group
	case t.Topic != "" && t.Partition >= 0:
		return "partition " + t.Topic + "/" + strconv.Itoa(int(t.Partition))
	case t.Topic != "":
		return "topic " + t.Topic
	}
	return ""
}

// Unit is of Bound and of what is observed: "ms", "share", "records", "bytes/s".
func (t Threshold) Unit() string {
	for _, m := range metrics() {
		if m.name == t.Metric {
			return m.unit.name
		}
	}
	return ""
}

// ThresholdMetrics are the metrics of thresholds.
func ThresholdMetrics() []string {
	var names []string
	for _, m := range metrics() {
		names = append(names, m.name)
	}
	return names
}

// metric is what a threshold holds a run to.
type metric struct {
	name string
	unit metricUnit
	of   []string // what it can be narrowed by, besides the whole run
}

// metrics are all of them. They are measured over the measured phases; failed and
// unsent count the whole run.
func metrics() []metric {
	records := []string{"fleet", "topic"}
	latencies := []struct {
		name string
		of   []string
	}{
		{"response", []string{"fleet", "topic", "partition"}},
		{"service", records},
		{"client_wait", records},
		{"end_to_end", []string{"group"}},
	}
	var all []metric
	for _, l := range latencies {
		for _, point := range latencyPoints() {
			all = append(all, metric{l.name + "." + point, durationUnit(), l.of})
		}
	}
	return append(all,
		metric{"throttled.share", shareUnit(), []string{"fleet", "group", "topic", "partition"}},
		metric{"backlog", countUnit(), []string{"group"}},
		metric{"failed", countUnit(), records},
		metric{"unsent", countUnit(), records},
		metric{"acked.rate", byteRateUnit(), records},
		metric{"offered.rate", byteRateUnit(), records},
	)
}

// latencyPoints are what can be asked of a latency.
func latencyPoints() []string { return []string{"p50", "p90", "p99", "p999", "max"} }
