package generator

import (
	"math"
	"time"

	"msklt/report"
)

// The range of every latency histogram, in nanoseconds: readable by the public
// HdrHistogram tools, which take values for nanoseconds.
const (
	lowest  = 1_000
	highest = int64(10 * time.Minute)
	digits  = 3
)

// distribution is latencies together with the ages of records that were not acked
// when the run ended: lower bounds of what their latency would have been.
type distribution struct {
	exact    *latencies
	censored *latencies // nil without censored records
}

func newDistribution(significant int) distribution {
	return distribution{exact: newLatencies(significant)}
}

// clone is a copy that stays as it is.
func (d distribution) clone() distribution {
	out := distribution{exact: d.exact.clone()}
	if d.censored != nil {
		out.censored = d.censored.clone()
	}
	return out
}

func (d *distribution) censor(age time.Duration) { d.censorN(age, 1) }

func (d *distribution) censorN(age time.Duration, n int64) {
	if d.censored == nil {
		d.censored = newLatencies(d.exact.digits)
	}
	d.censored.recordBelow(age, n)
}

func (d *distribution) merge(o distribution) {
	d.exact.merge(o.exact)
	if o.censored == nil {
		return
	}
	if d.censored == nil {
		d.censored = newLatencies(d.exact.digits)
	}
	d.censored.merge(o.censored)
}

// all is the distribution as reported: censored records count with their age.
func (d distribution) all() *latencies {
	if d.censored == nil {
		return d.exact
	}
	sum := newLatencies(d.exact.digits)
	sum.merge(d.exact)
	sum.merge(d.censored)
	return sum
}

// quantile returns the q-quantile, and whether it is only a lower bound: whether
// it would be higher if every censored record had taken for ever.
func (d distribution) quantile(all *latencies, q float64) (v time.Duration, lowerBound bool) {
	n := all.TotalCount()
	if n == 0 {
		return 0, false
	}
	rank := rankOf(q, n)
	at := all.bucketAt(rank)
	v = time.Duration(all.highestOf(at))
	switch {
	case d.censored == nil:
		return v, false
	case rank > d.exact.TotalCount():
		return v, true
	}
	return v, d.exact.bucketAt(rank) > at
}

// rankOf is which of n values, counted from 1 for the least, is their q-quantile: the
// smallest that a share q of all does not exceed.
func rankOf(q float64, n int64) int64 {
	return max(1, int64(math.Ceil(q*float64(n)-1e-9)))
}

// summary is the distribution in a result.
func (d distribution) summary() report.Latency {
	all := d.all()
	l := report.Latency{
		Count: all.TotalCount(), Censored: all.TotalCount() - d.exact.TotalCount(),
		Clamped: all.clamped, Negative: all.negative, Mean: all.Mean() / 1e6,
	}
	if l.Count == 0 {
		return report.Latency{}
	}
	if all.negative > 0 {
		ahead := millis(-all.least)
		l.ClockOffset = &ahead
	}
	l.P50, l.P50Censored = d.point(all, 0.5)
	l.P90, l.P90Censored = d.point(all, 0.9)
	l.P99, l.P99Censored = d.point(all, 0.99)
	l.P999, l.P999Censored = d.point(all, 0.999)
	l.Max, l.MaxCensored = millis(time.Duration(all.Max())), l.Censored > 0
	// Eight points per halving of 1 − q, as long as records are left beyond.
	for i := 0; ; i++ {
		beyond := math.Exp2(-float64(i) / 8)
		if beyond*float64(l.Count) < 1 {
			break
		}
		ms, censored := d.point(all, 1-beyond)
		l.Curve = append(l.Curve, report.CurvePoint{Quantile: 1 - beyond, Millis: ms, Censored: censored})
	}
	return l
}

func (d distribution) point(all *latencies, q float64) (ms float64, lowerBound bool) {
	v, c := d.quantile(all, q)
	return millis(v), c
}

func millis(d time.Duration) float64 { return float64(d) / 1e6 }
