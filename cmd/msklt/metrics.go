package main

import (
	"fmt"

	"msklt/generator"
	"msklt/internal/metrics"
)

// serveMetrics serves the metrics of a run, or of several, on an address until done is
// called; told is to be called with their snapshots. Without an address nothing is
// served, and told is nil.
func (p *process) serveMetrics(address string, quiet bool) (told func(*generator.Snapshot), done func(), err error) {
	if address == "" {
		return nil, func() {}, nil
	}
	e, err := metrics.Listen(address)
	if err != nil {
		return nil, nil, usageError{err}
	}
	if !quiet {
		fmt.Fprintf(p.stderr, "metrics: %s\n", e.URL())
	}
	return e.Take, e.Close, nil
}
