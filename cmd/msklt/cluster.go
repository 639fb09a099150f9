package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/scenario"
)

type clusterFlags struct {
	listen, limits, truth string
	topics, faults        []string
	brokers               int
	discard               bool
}

func (p *process) clusterCommand() *cobra.Command {
	var f clusterFlags
	c := &cobra.Command{
		Use:   "cluster",
		Short: "Run the embedded cluster on its own, for any Kafka client",
		Long: `Run the embedded cluster on its own, for any Kafka client. Its bootstrap
address is printed on stdout as soon as it is ready. It runs until interrupted.

It enforces quotas as Apache Kafka does, with the limits of a profile; it is not
a copy of Amazon MSK's own, unpublished limiter.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.cluster(c.Context(), f) },
	}
	flags := c.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:0", "`HOST:PORT` of the first broker; port 0 picks free ones")
	flags.StringVar(&f.limits, "limits", "none", "limits `profile or file`; 'msklt plan --help' lists the profiles")
	flags.StringArrayVar(&f.topics, "topic", nil, "`NAME:PARTITIONS` of a topic to create (repeatable)")
	flags.IntVar(&f.brokers, "brokers", 0, "number of brokers, on consecutive ports (default: what the limits say, or 1)")
	flags.BoolVar(&f.discard, "discard", false, "acknowledge what is produced and drop it")
	flags.StringArrayVar(&f.faults, "fault", nil, "a `KIND=…` of what goes wrong, to hold an instrument against (repeatable): delay=50ms of every answer to a produce request, stall=2s/20s for 2 s every 20 s, hangup=30s of all connections every 30 s")
	flags.StringVar(&f.truth, "truth", "", "at the end, write what really happened to this `file`, as JSON Lines")
	return c
}

func (p *process) cluster(ctx context.Context, f clusterFlags) error {
	l, err := limits.Resolve(scenario.Limits{Extends: f.limits})
	if err != nil {
		return usageError{err}
	}
	topics, err := parseTopics(f.topics)
	if err != nil {
		return usageError{err}
	}
	brokers := cmp.Or(f.brokers, l.Brokers, 1)
	faults, err := parseFaults(f.faults, brokers)
	if err != nil {
		return usageError{err}
	}
	truth, err := openTruth(f.truth)
	if err != nil {
		return usageError{err}
	}
	defer truth.Close()
	c, err := embedded.Start(ctx, embedded.Config{
		Brokers: brokers, Listen: f.listen, Topics: topics, Limits: l, Discard: f.discard,
	})
	if err != nil {
		return usageError{err}
	}
	fmt.Fprintln(p.stdout, strings.Join(c.Bootstrap(), ","))
	faults.run(ctx, c)
	if err := c.Close(); err != nil {
		return fmt.Errorf("closing the cluster: %w", err)
	}
	if f.truth != "" {
		if _, err := c.Truth().WriteTo(truth); err != nil {
			return fmt.Errorf("writing the truth log: %w", err)
		}
	}
	return exitError(signalCode(p.signalled()))
}

// parseTopics reads NAME:PARTITIONS.
func parseTopics(all []string) (map[string]int32, error) {
	topics := map[string]int32{}
	for _, t := range all {
		i := strings.LastIndexByte(t, ':')
		n, err := strconv.ParseInt(t[i+1:], 10, 32)
		if i <= 0 || err != nil || n < 1 {
			return nil, fmt.Errorf("--topic %q is not NAME:PARTITIONS, such as orders:12", t)
		}
		topics[t[:i]] = int32(n)
	}
	return topics, nil
}
