package metrics

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"

	"msklt/generator"
)

// family is the metrics of one name, read from things of one kind.
type family[T any] struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*T) float64 // NaN: not known, and not shown
}

// histograms are the histograms of one name.
type histograms[T any] struct {
	desc *prometheus.Desc
	of   func(*T) *generator.Durations
}

// kind makes the families of things that have certain labels.
type kind[T any] []string

func (k kind[T]) desc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("msklt_"+name, help, k, nil)
}

func (k kind[T]) counter(name, help string, value func(*T) float64) family[T] {
	return family[T]{k.desc(name, help), prometheus.CounterValue, value}
}

func (k kind[T]) gauge(name, help string, value func(*T) float64) family[T] {
	return family[T]{k.desc(name, help), prometheus.GaugeValue, value}
}

func (k kind[T]) histogram(name, help string, of func(*T) *generator.Durations) histograms[T] {
	return histograms[T]{k.desc(name, help), of}
}

// collect sends what all families read from one thing.
func collect[T any](to chan<- prometheus.Metric, families []family[T], from *T, labels ...string) {
	for _, f := range families {
		v := f.value(from)
		if math.IsNaN(v) {
			continue
		}
		m, err := prometheus.NewConstMetric(f.desc, f.kind, v, labels...)
		if err != nil {
			m = prometheus.NewInvalidMetric(f.desc, err)
		}
		to <- m
	}
}

func describe[T any](to chan<- *prometheus.Desc, families []family[T]) {
	for _, f := range families {
		to <- f.desc
	}
}

func describeHistograms[T any](to chan<- *prometheus.Desc, all []histograms[T]) {
	for _, h := range all {
		to <- h.desc
	}
}
