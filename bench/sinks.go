package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// sink is a cluster that a case's peers talk to, started by start.
type sink struct {
	name  string
	start func(b *bench, ctx context.Context) (server, error)
}

const (
	// benchTopic is the topic of peers that create none; sinks that keep nothing
	// have it from the start.
	benchTopic = "bench"
	partitions = 12
)

var seeded = fmt.Sprintf("%s:%d", benchTopic, partitions)

// discarding acknowledges and drops what is produced.
func discarding() sink {
	return sink{"msklt cluster --discard", func(b *bench, ctx context.Context) (server, error) {
		return announced(ctx, b.msklt, "cluster", "--discard", "--topic", seeded)
	}}
}

// limited is the same with every kind of limit enforced, none of which binds.
func limited() sink {
	return sink{"msklt cluster --discard --limits", func(b *bench, ctx context.Context) (server, error) {
		return announced(ctx, b.msklt, "cluster", "--discard", "--topic", seeded, "--limits", "bench/wide-limits.yaml")
	}}
}

// bareKfake is the cluster that the embedded one is made of, on its own.
func bareKfake() sink {
	return sink{"kfake", func(b *bench, ctx context.Context) (server, error) {
		return announced(ctx, b.self, "kfake")
	}}
}

// kfakeSink runs kfake until the context ends.
func kfakeSink(ctx context.Context, args []string, stdout io.Writer) error {
	if err := flag.NewFlagSet("kfake", flag.ContinueOnError).Parse(args); err != nil {
		return err
	}
	k, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, benchTopic), kfake.BlackholeProduce())
	if err != nil {
		return fmt.Errorf("starting kfake: %w", err)
	}
	defer k.Close()
	fmt.Fprintln(stdout, strings.Join(k.ListenAddrs(), ","))
	<-ctx.Done()
	return nil
}

// ofSink gives a peer's measures the CPU of the sink that it talks to, in place of
// its own.
func ofSink(on int, p peer) peer {
	return peer{name: p.name, lacks: p.lacks, run: func(ctx context.Context, b *bench, sinks []server) (measure, error) {
		before, err := cpuSoFar(sinks[on].pid)
		if err != nil {
			return measure{}, err
		}
		m, err := p.run(ctx, b, sinks)
		if err != nil {
			return measure{}, err
		}
		after, err := cpuSoFar(sinks[on].pid)
		m.cpu = float64((after-before)/time.Microsecond) / float64(m.records)
		return m, err
	}}
}
