package metrics

import (
	"math"

	"msklt/generator"
)

func ofRun() []family[generator.Snapshot] {
	type run = generator.Snapshot
	k := kind[run]{}
	instrument := func(value func(*generator.InstrumentSnapshot) (float64, bool)) func(*run) float64 {
		return func(s *run) float64 {
			if s.Instrument != nil {
				if v, known := value(s.Instrument); known {
					return v
				}
			}
			return math.NaN()
		}
	}
	type health = generator.InstrumentSnapshot
	return []family[run]{
		k.gauge("start_timestamp_seconds", "When the traffic started, since 1970.", func(s *run) float64 { return float64(s.Start.Unix()) }),
		k.gauge("run_finished", "1 when the run is over and the values are those of its result, else 0.", func(s *run) float64 { return number(s.Over) }),
		k.gauge("phase_measured", "1 while what is written counts in the latencies, else 0.", func(s *run) float64 { return number(s.Measured) }),
		k.gauge("connections", "Open connections to the cluster.", func(s *run) float64 { return float64(s.Connections) }),
		k.counter("instrument_stalled_seconds_total", "Time in which this process did not run at all, in pieces over 0.2 s.", func(s *run) float64 { return s.Stalled.Seconds() }),
		k.gauge("instrument_scheduler_wait_p99_seconds", "How long goroutines that were ready waited for a processor, 99th percentile of the last second.",
			instrument(func(h *health) (float64, bool) { return h.Scheduler.Seconds(), true })),
		k.gauge("instrument_gc_ratio", "Share of the processors' time that the garbage collector took, last second.",
			instrument(func(h *health) (float64, bool) { return h.GC, true })),
		k.gauge("instrument_cpu_ratio", "Share of the processors' time that this process took, last second.",
			instrument(func(h *health) (float64, bool) { return h.CPU, h.CPUKnown })),
		k.gauge("instrument_cgroup_throttled_ratio", "Share of the processors' time that a control group's quota withheld, last second.",
			instrument(func(h *health) (float64, bool) { return h.Throttled, h.ThrottledKnown })),
	}
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func ofFleets() ([]family[generator.FleetSnapshot], []histograms[generator.FleetSnapshot]) {
	type fleet = generator.FleetSnapshot
	k := kind[fleet]{"fleet"}
	return []family[fleet]{
			k.counter("records_offered_total", "Records that were due, whether or not the client could take them.", func(f *fleet) float64 { return float64(f.Offered) }),
			k.counter("records_sent_total", "Records that the client library took.", func(f *fleet) float64 { return float64(f.Sent) }),
			k.counter("records_acked_total", "Records acknowledged.", func(f *fleet) float64 { return float64(f.Acked) }),
			k.counter("records_failed_total", "Records given up.", func(f *fleet) float64 { return float64(f.Failed) }),
			k.gauge("records_unsent", "Records offered that the client has had no room for.", func(f *fleet) float64 { return float64(f.Unsent) }),
			k.gauge("records_waiting", "Records offered that are neither acknowledged nor given up.", func(f *fleet) float64 { return float64(f.Waiting) }),
			k.counter("offered_bytes_total", "Keys and values of the records offered, as expected of so many.", func(f *fleet) float64 { return f.OfferedBytes }),
			k.counter("acked_bytes_total", "Keys and values of the records acknowledged.", func(f *fleet) float64 { return float64(f.AckedBytes) }),
			k.counter("response_censored_total", "Of msklt_response_seconds: records never acknowledged, with their age. Known when the run is over.", func(f *fleet) float64 { return float64(f.Response.Censored) }),
		}, []histograms[fleet]{
			k.histogram("response_seconds", "From a record's intended time to its acknowledgement, measured phases.", func(f *fleet) *generator.Durations { return &f.Response }),
			k.histogram("service_seconds", "From when the client library took a record to its acknowledgement, measured phases.", func(f *fleet) *generator.Durations { return &f.Service }),
			k.histogram("client_wait_seconds", "From when a record was found due until the client library took it, measured phases.", func(f *fleet) *generator.Durations { return &f.ClientWait }),
			k.histogram("lag_seconds", "From a record's intended time until it was found due, measured phases: how late the generator was.", func(f *fleet) *generator.Durations { return &f.Lag }),
		}
}

func ofGroups() ([]family[generator.GroupSnapshot], []histograms[generator.GroupSnapshot]) {
	type group = generator.GroupSnapshot
	k := kind[group]{"group"}
	return []family[group]{
			k.counter("records_consumed_total", "Records received.", func(g *group) float64 { return float64(g.Consumed) }),
			k.counter("records_expired_total", "Records removed by retention before the group read them.", func(g *group) float64 { return float64(g.Expired) }),
			k.gauge("backlog_records", "Records in the log that the group has not received.", func(g *group) float64 { return float64(g.Backlog) }),
		}, []histograms[group]{
			k.histogram("end_to_end_seconds", "From a record's intended time until the group received it, measured phases.", func(g *group) *generator.Durations { return &g.EndToEnd }),
		}
}

// traffic is the bytes of a topic or partition, in record batches with their headers.
type traffic struct{ acked, consumed int64 }

func ofTopics() []family[traffic] {
	k := kind[traffic]{"topic"}
	return []family[traffic]{
		k.counter("topic_acked_bytes_total", "Record batches acknowledged, with their headers; a topic template is one topic.", func(t *traffic) float64 { return float64(t.acked) }),
		k.counter("topic_consumed_bytes_total", "Record batches received by all groups, with their headers; a topic template is one topic.", func(t *traffic) float64 { return float64(t.consumed) }),
	}
}

func ofPartitions() []family[traffic] {
	k := kind[traffic]{"topic", "partition"}
	return []family[traffic]{
		k.counter("partition_acked_bytes_total", "Record batches acknowledged, with their headers; not in runs of more than 1000 partitions.", func(t *traffic) float64 { return float64(t.acked) }),
		k.counter("partition_consumed_bytes_total", "Record batches received by all groups, with their headers; not in runs of more than 1000 partitions.", func(t *traffic) float64 { return float64(t.consumed) }),
	}
}

func ofThrottles() []family[generator.ThrottleSnapshot] {
	type throttle = generator.ThrottleSnapshot
	k := kind[throttle]{"api", "broker"}
	return []family[throttle]{
		k.counter("throttle_responses_total", "Responses with a throttle time.", func(t *throttle) float64 { return float64(t.Responses) }),
		k.counter("throttled_seconds_total", "Time that connections were paused, added over client-broker pairs; of each pair the union of its pauses.", func(t *throttle) float64 { return t.Throttled.Seconds() }),
		k.gauge("loaded_connections", "Client-broker pairs that have carried records: what throttled time is a share of.", func(t *throttle) float64 { return float64(t.Pairs) }),
	}
}

func ofErrors() []family[int64] {
	k := kind[int64]{"where"}
	return []family[int64]{
		k.counter("errors_total", "Errors of clients, by what they were doing.", func(n *int64) float64 { return float64(*n) }),
	}
}

// phase is a phase of the scenario and whether it is the present one.
type phase struct{ active bool }

func ofPhases() []family[phase] {
	k := kind[phase]{"phase"}
	return []family[phase]{
		k.gauge("phase_active", "1 for the present phase, 0 for the others; the drain follows the last one.", func(p *phase) float64 { return number(p.active) }),
	}
}

func ofScenario() []family[generator.Snapshot] {
	k := kind[generator.Snapshot]{"scenario", "limits", "target"}
	return []family[generator.Snapshot]{
		k.gauge("run_info", "1, with the names of what runs.", func(*generator.Snapshot) float64 { return 1 }),
	}
}

// ofLimits are the declared limits, by their unit.
func ofLimits() map[string]family[float64] {
	out := map[string]family[float64]{}
	k := kind[float64]{"limit"}
	for unit, name := range map[string]string{
		"bytes/s": "bytes_per_second", "bytes": "bytes", "requests/s": "requests_per_second", "records/s": "records_per_second",
		"connections": "connections", "connections/s": "connections_per_second",
		"partitions": "partitions", "partitions/s": "partitions_per_second", "groups": "groups",
	} {
		out[unit] = k.gauge("limit_"+name, "Declared limits, in "+unit+", of each instance: each partition, broker, client id or the cluster.", func(v *float64) float64 { return *v })
	}
	return out
}
