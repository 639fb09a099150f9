// Package metrics serves the state of a run to Prometheus. It is told where the run
// stands about once a second and never asks: however often it is scraped, the run does
// not notice.
package metrics

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"msklt/generator"
)

const (
	// mostScrapes are served at the same time; further ones are refused.
	mostScrapes = 4
	// patience with one scraper: what is served takes milliseconds.
	patience = 10 * time.Second
)

// Exporter serves /metrics.
type Exporter struct {
	latest   atomic.Pointer[generator.Snapshot]
	listener net.Listener
	server   http.Server
}

// Listen begins to serve on an address, HOST:PORT; port 0 takes a free one.
func Listen(address string) (*Exporter, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serving metrics on %q: %w; it takes HOST:PORT, with port 0 for a free one", address, err)
	}
	e := &Exporter{listener: l}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", e.handler())
	e.server = http.Server{Handler: mux, ReadTimeout: patience, WriteTimeout: patience}
	go func() { _ = e.server.Serve(l) }() // until Close
	return e, nil
}

// handler answers scrapes, in the text format or, where asked for, in protobuf.
func (e *Exporter) handler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(newCollector(e.latest.Load))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: mostScrapes})
}

// URL is where metrics are served.
func (e *Exporter) URL() string { return fmt.Sprintf("http://%s/metrics", e.listener.Addr()) }

// Take replaces what is served.
func (e *Exporter) Take(s *generator.Snapshot) { e.latest.Store(s) }

// Close ends the serving, after a scrape that is under way.
func (e *Exporter) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if e.server.Shutdown(ctx) != nil {
		_ = e.server.Close()
	}
}
