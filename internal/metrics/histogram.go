package metrics

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"msklt/generator"
)

const (
	// schema makes each bucket of a native histogram 2^(1/32) times as wide as the one
	// below, so that what is read out of one is at most 2.2 % off.
	schema = 5
	// zeroWidth is what the bucket of the shortest durations holds, in seconds: 2^-20,
	// 0.95 µs. Latencies are kept to the microsecond.
	zeroWidth = 1.0 / (1 << 20)
)

// upperBounds are those of the classic buckets, in seconds, for readers of the text
// format, which has no native ones.
func upperBounds() []float64 {
	return []float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100}
}

// index is the native bucket of a duration in seconds: bucket i ends at 2^(i/2^schema),
// which it includes.
func index(seconds float64) int { return int(math.Ceil(math.Ldexp(math.Log2(seconds), schema))) }

// histogram is a native histogram with classic buckets beside.
type histogram struct {
	prometheus.Metric
	classic []*dto.Bucket
}

// newHistogram turns the generator's buckets into both kinds. Each counts with the
// value that the result would report for it, so that a percentile of the result lies
// in the bucket which holds that rank here.
func newHistogram(desc *prometheus.Desc, d *generator.Durations, created time.Time, labels ...string) prometheus.Metric {
	var zero uint64
	native := map[int]int64{}
	h := histogram{}
	bounds := upperBounds()
	var below uint64
	for _, b := range d.Buckets {
		seconds := b.Value.Seconds()
		for len(bounds) > 0 && seconds > bounds[0] {
			h.end(&bounds, below)
		}
		below += uint64(b.Count)
		if seconds <= zeroWidth {
			zero += uint64(b.Count)
		} else {
			native[index(seconds)] += b.Count
		}
	}
	for len(bounds) > 0 {
		h.end(&bounds, below)
	}
	m, err := prometheus.NewConstNativeHistogram(desc, uint64(d.Count), d.Seconds, native, nil, zero, schema, zeroWidth, created, labels...)
	if err != nil {
		return prometheus.NewInvalidMetric(desc, err)
	}
	h.Metric = m
	return h
}

// end closes the next classic bucket.
func (h *histogram) end(bounds *[]float64, count uint64) {
	bound := (*bounds)[0]
	*bounds = (*bounds)[1:]
	h.classic = append(h.classic, &dto.Bucket{UpperBound: &bound, CumulativeCount: &count})
}

// Write implements prometheus.Metric.
func (h histogram) Write(out *dto.Metric) error {
	if err := h.Metric.Write(out); err != nil {
		return err
	}
	out.Histogram.Bucket = h.classic
	return nil
}
