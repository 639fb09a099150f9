package generator

import (
	"iter"
	"math"
	"slices"
	"time"

	"msklt/internal/cluster"
	"msklt/internal/limits"
	"msklt/report"
)

// timeline is the run second by second, over all clients.
func (r *run) timeline() []report.Second {
	n := int((r.finished + time.Second - 1) / time.Second)
	for _, p := range r.producer {
		n = max(n, len(p.recorder.seconds))
	}
	if len(r.producer) == 0 {
		n = len(r.seconds)
	}
	out := make([]report.Second, n)
	throttled := r.observer.bySecond(r.shift(), n).mean(func(*link) bool { return true })
	for s := range out {
		row := &out[s]
		row.Second, row.Phase = s, r.phaseAt(time.Duration(s)*time.Second)
		row.ThrottledShare = throttled.at(s)
		row.Instrument = r.health.second(s)
		if s < len(r.seconds) {
			l := r.seconds[s]
			row.P50, row.P99, row.Max = millis(l.response.p50), millis(l.response.p99), millis(l.response.max)
			row.EndToEndP50, row.EndToEndP99, row.EndToEndMax = millis(l.endToEnd.p50), millis(l.endToEnd.p99), millis(l.endToEnd.max)
			row.Waiting, row.Backlog = l.waiting, l.backlog
		}
		for _, p := range r.producer {
			if s >= len(p.recorder.seconds) {
				continue
			}
			c := p.recorder.seconds[s]
			row.OfferedRecords += c.offered
			row.OfferedBytes += int64(math.Round(float64(c.offered) * p.recordBytes))
			row.AckedRecords += c.acked
			row.AckedBytes += c.ackedBytes
			row.Failed += c.failed
			row.LagMax = max(row.LagMax, millis(c.lagMax))
		}
		for _, loads := range r.loads {
			for _, l := range loads {
				if s < len(l.seconds) {
					row.ConsumedBytes += l.seconds[s].consumedBytes
				}
			}
		}
	}
	return out
}

func (r *run) phaseAt(t time.Duration) string {
	var end time.Duration
	for _, p := range r.Scenario.Phases {
		if end += p.Duration; t < end {
			return p.Name
		}
	}
	return "drain"
}

// shift is from the observer's origin to the start of traffic: whole seconds.
func (r *run) shift() time.Duration { return r.start.Sub(r.observer.origin).Round(time.Second) }

// measured are the measured phases as far as the run came, since the observer's
// origin.
func (r *run) measured() (spans []interval, total time.Duration) { return r.measuredTo(r.stopped) }

// measuredTo are the measured phases up to a time.
func (r *run) measuredTo(end time.Duration) (spans []interval, total time.Duration) {
	for _, s := range r.spans {
		to := min(s.to, end)
		if to > s.from {
			spans = append(spans, interval{s.from + r.shift(), to + r.shift()})
			total += to - s.from
		}
	}
	return spans, total
}

// rates are means over the measured phases. A second counts when all of it is
// measured, so that phases which do not end on a second lose their edges.
func (r *run) rates(timeline []report.Second) report.Rates {
	var out report.Rates
	var records, acked, offeredBytes, ackedBytes, wire, consumed int64
	seconds := 0
	for _, s := range timeline {
		if !r.wholly(s.Second) {
			continue
		}
		seconds++
		records += s.OfferedRecords
		acked += s.AckedRecords
		offeredBytes += s.OfferedBytes
		ackedBytes += s.AckedBytes
		consumed += s.ConsumedBytes
		for _, loads := range r.loads {
			for _, l := range loads {
				if s.Second < len(l.seconds) {
					wire += l.seconds[s.Second].ackedBytes
				}
			}
		}
	}
	if seconds == 0 {
		return out
	}
	per := func(n int64) float64 { return float64(n) / float64(seconds) }
	out = report.Rates{
		OfferedRecordsPerSecond: per(records), OfferedBytesPerSecond: per(offeredBytes),
		AckedRecordsPerSecond: per(acked), AckedBytesPerSecond: per(ackedBytes),
		WireBytesPerSecond: per(wire), ConsumedBytesPerSecond: per(consumed),
	}
	if ackedBytes > 0 {
		out.WireOverhead = float64(wire)/float64(ackedBytes) - 1
	}
	return out
}

// wholly tells whether a whole second since the start of traffic is measured.
func (r *run) wholly(second int) bool { return r.whollyTo(second, r.stopped) }

func (r *run) whollyTo(second int, end time.Duration) bool {
	from := time.Duration(second) * time.Second
	return slices.ContainsFunc(r.spans, func(s interval) bool {
		return from >= s.from && from+time.Second <= min(s.to, end)
	})
}

// partitions are the partitions of all topics, predicted beside observed. The slowest
// of all records took most (ms): with two digits a percentile may be stated higher.
func (r *run) partitions(most float64) []report.Partition {
	predicted := map[limits.Instance]limits.Load{}
	for _, l := range limits.Predict(r.sized, len(r.cluster.Brokers)) {
		predicted[limits.Instance{Topic: l.Topic, Partition: l.Partition}] = l
	}
	var out []report.Partition
	for _, t := range r.sortedTopics() {
		for i, load := range r.loads[t.Actual] {
			p := report.Partition{
				Topic: t.Name, Partition: int32(i), Leader: t.Leaders[i],
				LogEndDelta: r.delta(t, i), AckedRecords: load.records, Markers: load.markers,
				ThrottledShare: r.shareOf(t, i),
				LogEndUnknown:  !r.known(t), PossibleDuplicates: r.possibleDuplicates(t, i),
			}
			l := predicted[limits.Instance{Topic: t.Name, Partition: p.Partition}]
			p.Predicted, p.PredictedConsumed = l.MeanIngress, l.MeanEgress
			for _, k := range l.TopKeys {
				p.TopKeys = append(p.TopKeys, report.KeyShare{Key: k.Key, Share: k.Share, Predicted: k.MeanIngress})
			}
			p.ResponseP99, p.P99Censored = load.response.point(load.response.all(), 0.99)
			p.ResponseP99 = min(p.ResponseP99, most)
			p.Acked, p.Consumed = r.means(load)
			out = append(out, p)
		}
	}
	return out
}

func (r *run) means(load *partitionLoad) (acked, consumed float64) {
	seconds := 0
	for s := range int(r.stopped / time.Second) {
		if !r.wholly(s) {
			continue
		}
		seconds++
		if s < len(load.seconds) {
			acked += float64(load.seconds[s].ackedBytes)
			consumed += float64(load.seconds[s].consumedBytes)
		}
	}
	if seconds == 0 {
		return 0, 0
	}
	return acked / float64(seconds), consumed / float64(seconds)
}

// possibleDuplicates is how many records of a partition were sent again though the
// cluster may have had them: those that went out without idempotence and were neither
// refused nor acknowledged nor given up in the end.
func (r *run) possibleDuplicates(t *cluster.Topic, partition int) int64 {
	r.observer.mu.Lock()
	out := r.observer.unsafe[r.observer.topics.byName[t.Actual].first+partition]
	r.observer.mu.Unlock()
	l := r.loads[t.Actual][partition]
	return max(0, out-l.unsafe-l.failed)
}

// shareOf is the throttled share of the connections that carry a partition.
func (r *run) shareOf(t *cluster.Topic, partition int) float64 {
	spans, total := r.measured()
	number := r.observer.topics.byName[t.Actual].first + partition
	return r.observer.share(spans, total, func(l *link) bool { return l.carries(number) })
}

// series is one row for each of n seconds, or more where there is something in them, and
// each partition. Rows are made when they are asked for: an hour of 2,400 partitions would
// take 550 MB.
func (r *run) series(n int) iter.Seq[report.PartitionSecond] {
	for _, loads := range r.loads {
		for _, l := range loads {
			n = max(n, len(l.seconds))
		}
	}
	throttled := r.observer.bySecond(r.shift(), n)
	type column struct {
		topic     string
		partition int
		load      *partitionLoad
		throttled throttledMean
	}
	var columns []column
	for _, t := range r.sortedTopics() {
		first := r.observer.topics.byName[t.Actual].first
		for i, l := range r.loads[t.Actual] {
			columns = append(columns, column{t.Name, i, l, throttled.mean(func(l *link) bool { return l.carries(first + i) })})
		}
	}
	return func(yield func(report.PartitionSecond) bool) {
		for s := range n {
			for _, c := range columns {
				row := report.PartitionSecond{Second: s, Topic: c.topic, Partition: int32(c.partition), Throttled: c.throttled.at(s)}
				if s < len(c.load.seconds) {
					l := c.load.seconds[s]
					row.AckedRecords, row.AckedBytes, row.ConsumedBytes = l.ackedRecords, l.ackedBytes, l.consumedBytes
				}
				if !yield(row) {
					return
				}
			}
		}
	}
}

// histogram is a distribution over the whole run, as the log of histograms has it.
func (r *run) histogram(tag string, d distribution) report.Histogram {
	return report.Histogram{Tag: tag, Start: r.start, End: r.start.Add(r.finished), H: d.all().hdr()}
}
