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
	as                    string
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

It enforces the limits of a profile: quotas as Apache Kafka does, and the numbers
of partitions, changes of them, groups and connections. It is not a copy of Amazon
MSK's own, unpublished limiter.

With --as msk-serverless it also has the login, API versions and rules for topic
settings of Amazon MSK Serverless, as far as they are known. It makes up a pair of keys at
each start and prints them on stdout after the address, as shell commands that
set them: AWS does not know them, clients log in with them by SASL_PLAINTEXT and
OAUTHBEARER, or msklt's aws-msk-iam.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.cluster(c.Context(), f) },
	}
	flags := c.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:0", "`HOST:PORT` of the first broker; port 0 picks free ones")
	flags.StringVar(&f.limits, "limits", "", "limits `profile or file`; 'msklt plan --help' lists the profiles (default none, or what --as says)")
	flags.StringVar(&f.as, "as", "", "`kind` of cluster to pass for: msk-serverless; default: Apache Kafka")
	flags.StringArrayVar(&f.topics, "topic", nil, "`NAME:PARTITIONS` of a topic to create (repeatable)")
	flags.IntVar(&f.brokers, "brokers", 0, "number of brokers, on consecutive ports (default: what the limits say, or 1, or 3 with --as)")
	flags.BoolVar(&f.discard, "discard", false, "acknowledge what is produced and drop it")
	flags.StringArrayVar(&f.faults, "fault", nil, "a `KIND=…` of what goes wrong, to hold an instrument against (repeatable): delay=50ms of every answer to a produce request, stall=2s/20s for 2 s every 20 s, hangup=30s of all connections every 30 s")
	flags.StringVar(&f.truth, "truth", "", "at the end, write what really happened to this `file`, as JSON Lines")
	return c
}

func (p *process) cluster(ctx context.Context, f clusterFlags) error {
	cfg, err := f.config()
	if err != nil {
		return usageError{err}
	}
	faults, err := parseFaults(f.faults, cfg.Brokers)
	if err != nil {
		return usageError{err}
	}
	truth, err := openTruth(f.truth)
	if err != nil {
		return usageError{err}
	}
	defer truth.Close()
	c, err := embedded.Start(ctx, cfg)
	if err != nil {
		return usageError{err}
	}
	fmt.Fprintln(p.stdout, strings.Join(c.Bootstrap(), ","))
	if iam := cfg.IAM; iam != nil {
		fmt.Fprintf(p.stdout, "export AWS_ACCESS_KEY_ID=%s\nexport AWS_SECRET_ACCESS_KEY=%s\nexport AWS_REGION=%s\n", iam.AccessKey, iam.SecretKey, iam.Region)
	}
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

// config is the cluster that the flags ask for.
func (f clusterFlags) config() (embedded.Config, error) {
	cfg := embedded.Config{Listen: f.listen, Discard: f.discard, As: f.as}
	profile, brokers := "none", 1
	switch f.as {
	case "":
	case embedded.MSKServerless:
		cfg.IAM, profile, brokers = embedded.NewIAM(), "msk-serverless", defaultBrokers
	default:
		return cfg, fmt.Errorf("--as %q: want %s", f.as, embedded.MSKServerless)
	}
	var err error
	if cfg.Limits, err = limits.Resolve(scenario.Limits{Extends: cmp.Or(f.limits, profile)}); err != nil {
		return cfg, err
	}
	cfg.Brokers = cmp.Or(f.brokers, cfg.Limits.Brokers, brokers)
	cfg.Topics, err = parseTopics(f.topics)
	return cfg, err
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
