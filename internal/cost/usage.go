package cost

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"msklt/internal/limits"
	"msklt/scenario"
)

// DefaultMonthHours are the hours of a month of mean length, as AWS's own
// calculator counts them.
const DefaultMonthHours = 730

// Projection is what a plan's load costs. Its items are those of the month.
type Projection struct {
	Currency    string   `json:"currency"`
	Region      string   `json:"region"`
	PerRun      float64  `json:"per_run"`
	PerHour     float64  `json:"per_hour"` // per month ÷ its hours
	PerMonth    float64  `json:"per_month"`
	MonthHours  float64  `json:"month_hours"`
	Items       []Item   `json:"items"`
	Assumptions []string `json:"assumptions"`
}

// Project prices a plan: its run, and a month in which its mean load goes on and
// topics are as full as their retention lets them be. The error says what has no
// price.
func Project(p limits.Plan, s *scenario.Scenario, monthHours float64, prices Prices) (*Projection, error) {
	stored := storage(p, s)
	run := Usage{
		Profile: p.LimitsProfile, Brokers: p.Brokers, Partitions: p.Totals.Partitions, MonthHours: monthHours,
		Hours: p.Totals.RunSeconds / 3600, BytesIn: p.Totals.RunBytesIn, BytesOut: p.Totals.RunBytesOut,
	}
	// A run begins with empty topics, so that half of what it writes is there on
	// the mean, and its topics are removed at its end.
	run.StoredByteHours = run.BytesIn / 2 * run.Hours
	run.ReplicaByteHours = run.StoredByteHours * stored.replicas
	month := run
	month.Hours = monthHours
	month.BytesIn = p.Totals.BytesInPerSecond * 3600 * monthHours
	month.BytesOut = p.Totals.BytesOutPerSecond * 3600 * monthHours
	month.StoredByteHours = stored.bytes(monthHours) * monthHours
	month.ReplicaByteHours = month.StoredByteHours * stored.replicas
	runBill, err := Estimate(run, prices)
	if err != nil {
		return nil, err
	}
	bill, err := Estimate(month, prices)
	if err != nil {
		return nil, err
	}
	return &Projection{
		Currency: bill.Currency, Region: bill.Region, Items: bill.Items, MonthHours: monthHours,
		PerRun: runBill.Total, PerHour: bill.Total / monthHours, PerMonth: bill.Total,
		Assumptions: append(append(bill.Assumptions,
			fmt.Sprintf("A month has %s hours and goes on at the mean load of the measured phases, with topics as full as their retention lets them be.", number(monthHours)),
			"The load is priced as offered, also where a limit would hold it back; the run's topics are removed at its end."), stored.notes...),
	}, nil
}

// Of prices what a run has used.
func Of(run Usage, prices Prices) (*Bill, error) {
	run.MonthHours = DefaultMonthHours
	run.StoredByteHours = run.BytesIn / 2 * run.Hours
	run.ReplicaByteHours = run.StoredByteHours * usualReplicas
	b, err := Estimate(run, prices)
	if err != nil {
		return nil, err
	}
	b.Assumptions = append(b.Assumptions, "As measured: what was acknowledged and read, for as long as the run lasted, its topics removed at its end.")
	return b, nil
}

const (
	// usualReplicas is what MSK keeps of a partition unless a topic says otherwise.
	usualReplicas = 3
	// usualRetention is the default of MSK Serverless and of Apache Kafka.
	usualRetention = 7 * 24 * time.Hour
)

// kept is what topics keep once they are as full as they get.
type kept struct {
	full     float64 // bytes, one copy, of topics that are limited
	grows    float64 // bytes per second of topics that keep everything
	replicas float64 // mean over the bytes
	notes    []string
}

// bytes is the mean of what is stored over a month that begins with topics that
// keep everything empty, and the others full.
func (k kept) bytes(monthHours float64) float64 { return k.full + k.grows*monthHours*3600/2 }

// Stored is how many bytes, one copy of them, a plan's topics hold once they are
// as full as their retention lets them be. It is false when a topic keeps
// everything: then there is no such number.
func Stored(p limits.Plan, s *scenario.Scenario) (bytes float64, known bool) {
	k := storage(p, s)
	return k.full, k.grows == 0
}

// storage works out what a plan's topics keep. The plan's mean load is split over
// partitions as its highest load is.
func storage(p limits.Plan, s *scenario.Scenario) kept {
	total := 0.0
	for _, part := range p.Partitions {
		total += part.Predicted
	}
	k := kept{replicas: usualReplicas}
	if uncounted := p.Totals.UncountedBytesInPerSecond; uncounted > 0 {
		k.full = uncounted * usualRetention.Seconds()
		k.notes = append(k.notes, fmt.Sprintf("How long existing topics keep what they get is not known; %.0f days, as is usual, are assumed. Their partitions are not priced.", usualRetention.Hours()/24))
	}
	counted := p.Totals.BytesInPerSecond - p.Totals.UncountedBytesInPerSecond
	if total == 0 || counted == 0 {
		return k
	}
	scale, replicas := counted/total, 0.0
	compacted := false
	topics := map[string]scenario.Topic{}
	for _, t := range s.Instances() {
		topics[t.Name] = t
	}
	for _, part := range p.Partitions {
		t := topics[part.Topic]
		rate := part.Predicted * scale
		replicas += rate * float64(replicasOf(t))
		compacted = compacted || t.Config["cleanup.policy"] == "compact"
		size, endless := most(t, rate)
		if endless {
			k.grows += rate
		} else {
			k.full += size
		}
	}
	k.replicas = replicas / (total * scale)
	if k.grows > 0 {
		k.notes = append(k.notes, "Topics without a retention limit begin the month empty and keep everything.")
	}
	if compacted {
		k.notes = append(k.notes, "Compacted topics are counted as if retention applied: how much compaction leaves is not known.")
	}
	return k
}

// most is what a partition keeps at most at a rate; endless when nothing limits it.
func most(t scenario.Topic, rate float64) (bytes float64, endless bool) {
	bytes = rate * usualRetention.Seconds()
	if ms, ok := config(t, "retention.ms"); ok && ms >= 0 {
		bytes = rate * ms / 1000
	} else if ok {
		bytes = math.Inf(1)
	}
	if cap, ok := config(t, "retention.bytes"); ok && cap >= 0 {
		bytes = min(bytes, cap)
	}
	return bytes, math.IsInf(bytes, 1)
}

// config reads a topic config that is a number.
func config(t scenario.Topic, name string) (float64, bool) {
	n, err := strconv.ParseInt(t.Config[name], 10, 64)
	return float64(n), err == nil
}

func replicasOf(t scenario.Topic) int {
	if t.ReplicationFactor > 0 {
		return int(t.ReplicationFactor)
	}
	return usualReplicas
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
