package main

import (
	"context"
	"fmt"
	"time"
)

// measure is what one peer did in one round.
type measure struct {
	records int64
	rate    float64 // records/s
	cpu     float64 // µs of a processor per record, user and system, start-up included
	memory  float64 // MB, peak resident
	lag     float64 // ms at p99, of msklt
	exact   bool    // of a paced run: as many records as the rate and the time make
}

func rate(m measure) float64 { return m.rate }
func cpu(m measure) float64  { return m.cpu }

// peer is one of those that a case holds side by side. Its first is msklt, or what
// is held against the others in its place.
type peer struct {
	name string
	run  func(ctx context.Context, b *bench, sinks []server) (measure, error)
}

// benchCase is one table.
type benchCase struct {
	name, what string
	sinks      []sink
	prepare    func(ctx context.Context, b *bench, sinks []server) error // before the first round; may be nil
	peers      []peer
	targets    []target
}

// row is one peer's measures, by round.
type row struct {
	peer     string
	measures []measure
}

// runCase runs every peer once in each round, each round beginning with another.
func (b *bench) runCase(ctx context.Context, c benchCase, rounds int) ([]row, error) {
	b.say("%s: starting %s", c.name, sinkNames(c.sinks))
	var sinks []server
	for _, s := range c.sinks {
		started, err := s.start(b, ctx)
		if err != nil {
			return nil, err
		}
		defer started.stop()
		sinks = append(sinks, started)
	}
	if c.prepare != nil {
		if err := c.prepare(ctx, b, sinks); err != nil {
			return nil, err
		}
	}
	rows := make([]row, len(c.peers))
	for round := range rounds {
		for i := range c.peers {
			n := (i + round) % len(c.peers)
			p := c.peers[n]
			began := time.Now()
			m, err := p.run(ctx, b, sinks)
			if err != nil {
				return nil, fmt.Errorf("%s, round %d: %w", p.name, round+1, err)
			}
			rows[n].peer = p.name
			rows[n].measures = append(rows[n].measures, m)
			b.say("%s, round %d of %d: %-28s %9.0f records/s  %6.2f µs/record  %5.0f MB  (%.0f s)",
				c.name, round+1, rounds, p.name, m.rate, m.cpu, m.memory, time.Since(began).Seconds())
		}
	}
	return rows, nil
}

// measured is what a process achieved that ran at a rate and handled so many records.
func (f finished) measured(records int64, rate float64) (measure, error) {
	if records <= 0 || rate <= 0 {
		return measure{}, fmt.Errorf("it handled %d records at %g/s", records, rate)
	}
	return measure{
		records: records, rate: rate, memory: f.memory,
		cpu: float64(f.cpu.Microseconds()) / float64(records),
	}, nil
}
