package metrics

import (
	"math"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"pgregory.net/rapid"

	"msklt/generator"
	"msklt/report"
)

// precision is how far apart the ends of a native bucket are, and so how far off a
// value read out of one may be: 2^(1/32) − 1 = 2.19 %.
var precision = math.Exp2(1.0/32) - 1

// nativeBucket is a bucket of a native histogram, whose lower end it does not include.
type nativeBucket struct {
	above, to float64
	count     int64
}

// native reads a histogram's native buckets by the format's definition: spans of
// buckets with gaps between them, each count as the difference to the one before, and
// bucket i from 2^((i−1)/2^schema) to 2^(i/2^schema).
func native(h *dto.Histogram) []nativeBucket {
	out := []nativeBucket{{math.Inf(-1), h.GetZeroThreshold(), int64(h.GetZeroCount())}}
	factor := math.Exp2(-float64(h.GetSchema()))
	deltas, i, count := h.GetPositiveDelta(), int32(0), int64(0)
	for _, span := range h.GetPositiveSpan() {
		i += span.GetOffset()
		for range span.GetLength() {
			count += deltas[0]
			deltas = deltas[1:]
			out = append(out, nativeBucket{math.Exp2(float64(i-1) * factor), math.Exp2(float64(i) * factor), count})
			i++
		}
	}
	return out
}

// at is the bucket of the smallest value that a share q of all do not exceed.
func at(all []nativeBucket, total uint64, q float64) nativeBucket {
	rank := int64(max(1, math.Ceil(q*float64(total)-1e-9)))
	for _, b := range all {
		if rank -= b.count; rank <= 0 {
			return b
		}
	}
	return nativeBucket{}
}

// holds tells whether a value lies in a bucket. Its ends are worked out in another way
// than in the code under test: they may differ in the last digits.
func (b nativeBucket) holds(v float64) bool { return v > b.above*(1-1e-12) && v <= b.to*(1+1e-12) }

// checkSum holds what all formats have of a histogram against the result's summary of
// the same latency: the count, the sum, and the classic buckets.
func checkSum(t *testing.T, name string, h *dto.Histogram, want report.Latency) {
	t.Helper()
	if want.Count == 0 || h.GetSampleCount() != uint64(want.Count) {
		t.Errorf("%s: %d values, the result has %d", name, h.GetSampleCount(), want.Count)
	}
	// Sums of floats in another order.
	if mean := h.GetSampleSum() / float64(want.Count) * 1000; math.Abs(mean-want.Mean) > 1e-9*want.Mean {
		t.Errorf("%s: mean %v ms, the result says %v", name, mean, want.Mean)
	}
	for _, b := range h.GetBucket() {
		below := float64(b.GetCumulativeCount()) / float64(want.Count)
		for _, p := range want.Curve {
			if in := p.Millis/1000 <= b.GetUpperBound(); in != (max(p.Quantile, 1/float64(want.Count)) <= below+1e-9) {
				t.Errorf("%s: the %v quantile is %v ms, but %v of all are under %v s", name, p.Quantile, p.Millis, below, b.GetUpperBound())
			}
		}
	}
}

// checkPercentiles reads the result's percentiles out of the native buckets.
func checkPercentiles(t *testing.T, name string, h *dto.Histogram, want report.Latency) {
	t.Helper()
	all := native(h)
	sum := int64(0)
	for _, b := range all {
		sum += b.count
		if b.above > 0 && b.to/b.above-1 > precision*(1+1e-9) {
			t.Errorf("%s: a bucket from %v to %v s is wider than %v", name, b.above, b.to, precision)
		}
	}
	if sum != want.Count {
		t.Errorf("%s: %d values in buckets, the result has %d", name, sum, want.Count)
	}
	for _, p := range append(want.Curve, report.CurvePoint{Quantile: 0.5, Millis: want.P50}, report.CurvePoint{Quantile: 0.9, Millis: want.P90},
		report.CurvePoint{Quantile: 0.99, Millis: want.P99}, report.CurvePoint{Quantile: 0.999, Millis: want.P999}, report.CurvePoint{Quantile: 1, Millis: want.Max}) {
		if b := at(all, h.GetSampleCount(), p.Quantile); !b.holds(p.Millis / 1000) {
			t.Errorf("%s: the %v quantile is %v ms, the histogram says above %v to %v s", name, p.Quantile, p.Millis, b.above, b.to)
		}
	}
}

// written is a histogram as it is served.
func written(t interface{ Fatal(...any) }, d generator.Durations) *dto.Histogram {
	out := new(dto.Metric)
	if err := newHistogram(prometheus.NewDesc("h", "h", nil, nil), &d, time.Now()).Write(out); err != nil {
		t.Fatal(err)
	}
	return out.GetHistogram()
}

// TestBucketsHoldTheirValues puts any duration of the generator's range into a
// histogram: it lies in the native bucket that it is counted in, and under those
// classic bounds that it does not exceed.
func TestBucketsHoldTheirValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Of each magnitude as many, from 1 ns to 10 minutes.
		v := time.Duration(math.Exp(rapid.Float64Range(0, math.Log(600e9)).Draw(t, "log")))
		h := written(t, generator.Durations{Buckets: []generator.Bucket{{Value: v, Count: 3}}, Count: 3, Seconds: 3 * v.Seconds()})
		if b := at(native(h), 3, 0.5); b.count != 3 || !b.holds(v.Seconds()) {
			t.Errorf("%v counted %d times above %v to %v s", v, b.count, b.above, b.to)
		}
		for _, b := range h.GetBucket() {
			if want := uint64(3); (b.GetCumulativeCount() == want) != (v.Seconds() <= b.GetUpperBound()) || b.GetCumulativeCount() != 0 && b.GetCumulativeCount() != want {
				t.Errorf("%v counted %d times under %v s", v, b.GetCumulativeCount(), b.GetUpperBound())
			}
		}
	})
}

// TestPowersOfTwoEndTheirBuckets holds the one kind of bound that floating point has
// exactly.
func TestPowersOfTwoEndTheirBuckets(t *testing.T) {
	for _, c := range []struct {
		seconds float64
		want    int
	}{{1, 0}, {0.5, -32}, {2, 32}, {512, 288}, {math.Nextafter(1, 2), 1}, {math.Nextafter(1, 0), 0}} {
		if got := index(c.seconds); got != c.want {
			t.Errorf("%v s is in bucket %d, want %d", c.seconds, got, c.want)
		}
	}
}

// TestEmptyHistogram is one that is served before anything is measured.
func TestEmptyHistogram(t *testing.T) {
	h := written(t, generator.Durations{})
	if h.GetSampleCount() != 0 || h.Schema == nil || h.GetZeroThreshold() <= 0 || len(h.GetBucket()) != len(upperBounds()) {
		t.Errorf("%v", h)
	}
}
