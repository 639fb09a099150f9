package scenario

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// checkReach reports a rate that the fleet's settings cannot reach, whatever the
// cluster: the clients' buffers fill before any batch does, and are then emptied by
// linger alone.
//
// The client sends all that it has for a broker together, linger after the first of
// it came. So a broker takes at most one lot per linger, and with k brokers that
// take equal parts of the records, in turn and each lot replaced at once, the lots
// that wait are 1/k, 2/k, … k/k of a full one: they fill the buffer when a full one
// is buffer × 2 ÷ (k+1). That is buffer ÷ linger × 2k ÷ (k+1) in all, which grows
// with k towards twice buffer ÷ linger. How many brokers there will be is not
// known, but there are no more of them than partitions. Up to buffer ÷ linger any
// cluster takes, as no record waits longer than linger.
func (d *decoder) checkReach(p Producer, s *Scenario) {
	o, beyond := outpaced(p, s)
	if !beyond {
		return
	}
	at := ""
	if o.load != 1 {
		at = " at load " + formatShare(o.load)
	}
	who := fmt.Sprintf("is %s for each client, and none gets", about(o.each))
	if p.Clients == 1 {
		who = "is more than one client gets rid of: it does not get"
	}
	linger, buffer := p.Settings.Linger.Seconds(), float64(p.Settings.BufferBytes)
	d.report(d.at("producers", p.Name, "rate"),
		fmt.Sprintf("reachable with buffer: %s, with linger: %s, with smaller batches, or with clients: %.0f",
			formatSize(roundUp(o.each*linger)), formatDuration(roundDown(buffer/o.each)), math.Ceil(float64(p.Clients)*o.each*linger/buffer)),
		"producers.%s.rate: %s%s %s beyond %s; its buffer of %s fills before a batch does, and is sent only when the linger of %s is over",
		p.Name, p.Rate, at, who, about(o.reach), formatSize(p.Settings.BufferBytes), formatDuration(p.Settings.Linger))
}

// overload is a load at which each client of a fleet has more bytes of keys and
// values per second than it can get rid of.
type overload struct{ load, each, reach float64 }

// outpaced finds the first phase in which a fleet has too much for its settings.
func outpaced(p Producer, s *Scenario) (overload, bool) {
	linger := p.Settings.Linger.Seconds()
	if linger == 0 || p.Settings.Transactions.Records > 0 || p.Rate.Curve.Shape != Constant {
		return overload{}, false // nothing waits, or commits send what waits, or the rate may be above for moments only
	}
	batches, share := spread(p, s)
	perLinger := 2 * float64(p.Settings.BufferBytes) * batches / (batches + 1)
	if batches == 0 || !staysOpen(p, perLinger*share) {
		return overload{}, false
	}
	for _, phase := range s.Phases {
		if phase.Load.Shape != Constant {
			continue
		}
		o := overload{load: phase.Load.To, each: p.RecordsPerSecond() * p.MeanBytes() * phase.Load.To / float64(p.Clients)}
		// Within the phase, one lot more is sent than lingers fit in.
		o.reach = perLinger / linger * (1 + linger/phase.Duration.Seconds())
		if o.each > o.reach {
			return o, true
		}
	}
	return overload{}, false
}

// spread is over how many batches at a time a client's records are spread, and the
// largest part of them that goes to one, as far as the keys tell; 0 when they do
// not.
func spread(p Producer, s *Scenario) (batches, largest float64) {
	var t Topic
	for _, declared := range s.Topics {
		if declared.Name == p.Topic {
			t = declared
		}
	}
	topics, partitions := float64(max(1, t.Count)), float64(t.Partitions)
	k := p.Key
	switch {
	case partitions == 0: // of a topic that exists
		return 0, 0
	case p.Partition.Fixed, k.Keys == 0 && !p.Partition.RoundRobin: // one batch of a topic after the other
		return topics, 1 / topics
	case p.Partition.RoundRobin && t.Count == 0:
		return partitions, 1 / partitions
	case p.Partition.RoundRobin, k.HotKeys > 0, k.Zipf > 0, k.Weighted != nil, k.InTurn:
		return 0, 0
	}
	// Keys fall on partitions as balls into bins: five standard deviations above
	// the mean is more than the fullest has.
	mean := float64(k.Keys) / partitions
	return topics * partitions, (mean + 5*math.Sqrt(mean)) / float64(k.Keys) / topics
}

// staysOpen tells that a batch with an expected number of bytes of keys and values
// does not fill: with six standard deviations more, and the records' overhead.
func staysOpen(p Producer, bytes float64) bool {
	const overhead = 32 // more than a record has besides key, value and headers
	mean, largest := p.MeanBytes(), float64(p.Value.MaxBytes()+p.Key.maxLength())
	headers := 0.0
	for _, h := range p.Headers {
		headers += float64(len(h.Name) + len(h.Value) + 4)
	}
	if mean == 0 {
		return false
	}
	most := bytes + 6*math.Sqrt(bytes*largest) + largest
	return most*(mean+overhead+headers)/mean+recordOverhead < float64(p.Settings.BatchBytes)
}

// about writes a rate with three digits.
func about(rate float64) string {
	units := byteUnits()
	for _, u := range units {
		if decimal := u.bytes%1000 == 0 || u.bytes == 1; decimal && (rate >= float64(u.bytes) || u.bytes == 1) {
			return strconv.FormatFloat(rate/float64(u.bytes), 'g', 3, 64) + u.name + "/s"
		}
	}
	return formatByteRate(rate)
}

// roundUp is a size with two digits, no less than it was.
func roundUp(bytes float64) int {
	step := math.Pow(10, max(0, math.Floor(math.Log10(bytes))-1))
	return int(math.Ceil(bytes/step) * step)
}

// roundDown is a time with two digits, no longer than it was.
func roundDown(seconds float64) time.Duration {
	ns := max(1, seconds*float64(time.Second))
	step := math.Pow(10, math.Floor(math.Log10(ns))-1)
	return time.Duration(math.Floor(ns/step) * step)
}
