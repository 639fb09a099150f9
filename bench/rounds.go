package main

import (
	"context"
	"errors"
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
	invalid string  // why msklt itself called the run invalid; "" when it did not
}

func rate(m measure) float64 { return m.rate }
func cpu(m measure) float64  { return m.cpu }

// peer is one of those that a case holds side by side. Its first is msklt, or what
// is held against the others in its place.
type peer struct {
	name  string
	lacks func(b *bench) error // why it cannot run here; nil for a peer that always can
	run   func(ctx context.Context, b *bench, sinks []server) (measure, error)
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

// outcome is what came of a case.
type outcome struct {
	c       benchCase
	began   time.Time
	rows    []row
	missing []string // peers that could not run, and why
	failed  []string // rounds in which a peer failed, and how
	others  string   // what others did on the machine meanwhile
	err     error    // nothing was measured
}

// complete is how many rounds all peers ended.
func (o outcome) complete() int {
	if len(o.rows) == 0 {
		return 0
	}
	return len(o.rows[0].measures)
}

// runCase runs every peer once in each round, each round beginning with another.
func (b *bench) runCase(ctx context.Context, c benchCase, rounds int) outcome {
	o := outcome{c: c, began: time.Now()}
	var sinks []server
	defer func() {
		for _, s := range sinks {
			s.stop()
		}
	}()
	b.say("%s: starting %s", c.name, sinkNames(c.sinks))
	for _, s := range c.sinks {
		started, err := s.start(b, ctx)
		if err != nil {
			o.err = err
			return o
		}
		sinks = append(sinks, started)
	}
	if c.prepare != nil {
		if o.err = c.prepare(ctx, b, sinks); o.err != nil {
			return o
		}
	}
	before, err := usageNow(sinks)
	if err == nil {
		err = b.runRounds(ctx, &o, sinks, rounds)
	}
	after, later := usageNow(sinks)
	o.others, o.err = disturbance(before, after), errors.Join(err, later)
	return o
}

func (b *bench) runRounds(ctx context.Context, o *outcome, sinks []server, rounds int) error {
	var peers []peer
	for _, p := range o.c.peers {
		if p.lacks != nil {
			if err := p.lacks(b); err != nil {
				o.missing = append(o.missing, fmt.Sprintf("%s: %v", p.name, err))
				continue
			}
		}
		peers = append(peers, p)
		o.rows = append(o.rows, row{peer: p.name})
	}
	for round := range rounds {
		did, err := b.runRound(ctx, peers, sinks, round, fmt.Sprintf("%s, round %d of %d", o.c.name, round+1, rounds))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			b.say("%s, round %d failed: %v", o.c.name, round+1, err)
			o.failed = append(o.failed, fmt.Sprintf("round %d: %v", round+1, err))
			continue
		}
		for n, m := range did {
			o.rows[n].measures = append(o.rows[n].measures, m)
		}
	}
	if o.complete() == 0 {
		return errors.New("no round was completed")
	}
	return nil
}

// runRound runs every peer once, beginning with the one whose turn it is.
func (b *bench) runRound(ctx context.Context, peers []peer, sinks []server, round int, title string) ([]measure, error) {
	did := make([]measure, len(peers))
	for i := range peers {
		n := (i + round) % len(peers)
		began := time.Now()
		m, err := peers[n].run(ctx, b, sinks)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", peers[n].name, err)
		}
		did[n] = m
		b.say("%s: %-26s %9.0f records/s  %6.2f µs/record  %5.0f MB  (%.0f s)",
			title, peers[n].name, m.rate, m.cpu, m.memory, time.Since(began).Seconds())
	}
	return did, nil
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
