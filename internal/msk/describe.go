package msk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kafka"
	"github.com/aws/aws-sdk-go-v2/service/kafka/types"

	"msklt/internal/limits"
	"msklt/scenario"
)

// Described is what AWS says of a cluster.
type Described struct {
	Name    string
	Version string // Apache Kafka's; "" where AWS does not say
	Kind    limits.ClusterKind
	// Profile is the limits profile of the cluster's type, broker type and number of
	// brokers, such as "msk-express-m7g.large:3"; "" where there is none, and Note
	// then says why.
	Profile string
	Note    string
	// Addresses are HOST:PORT by the login that works there: none, mtls,
	// scram-sha-512, aws-msk-iam. Public ones are in it only where a login has no
	// others, those for other VPCs never.
	Addresses map[string][]string
}

// Describe asks AWS where a cluster is and what it is.
func (a *Account) Describe(ctx context.Context, arn string) (*Described, error) {
	switch at, err := parseARN(arn); {
	case err != nil:
		return nil, err
	case at.Region != a.Region:
		return nil, fmt.Errorf("AWS regions disagree: the cluster's ARN says %s, this login is for %s", at.Region, a.Region)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client := kafka.NewFromConfig(a.config, func(o *kafka.Options) {
		if a.settings.Endpoint != "" {
			o.BaseEndpoint = &a.settings.Endpoint
		}
	})
	cluster, err := client.DescribeClusterV2(ctx, &kafka.DescribeClusterV2Input{ClusterArn: &arn})
	denied := &DeniedError{ARN: arn}
	if err = a.explainCall(err, DescribeClusterV2, denied); err != nil {
		return nil, err
	}
	brokers, err := client.GetBootstrapBrokers(ctx, &kafka.GetBootstrapBrokersInput{ClusterArn: &arn})
	if err = a.explainCall(err, GetBootstrapBrokers, denied); err != nil {
		return nil, describedState(cluster, err)
	}
	if len(denied.Actions) > 0 {
		return nil, denied
	}
	if cluster.ClusterInfo == nil {
		return nil, errors.New("AWS described the cluster with an empty answer")
	}
	d := describe(cluster.ClusterInfo)
	d.Addresses = addresses(brokers)
	if len(d.Addresses) == 0 {
		return nil, describedState(cluster, fmt.Errorf("AWS names no address of the cluster %s that is for its own VPC or public", d.Name))
	}
	return d, nil
}

// describedState adds to an error that a cluster is not up, where that is so.
func describedState(cluster *kafka.DescribeClusterV2Output, err error) error {
	if cluster == nil || cluster.ClusterInfo == nil {
		return err
	}
	switch state := cluster.ClusterInfo.State; state {
	case types.ClusterStateCreating, types.ClusterStateDeleting, types.ClusterStateFailed:
		return fmt.Errorf("%w; it is in state %s, and has addresses when ACTIVE", err, state)
	}
	return err
}

// describe reads what a cluster is.
func describe(c *types.Cluster) *Described {
	d := &Described{Name: aws.ToString(c.ClusterName), Kind: limits.ApacheKafka}
	switch {
	case c.ClusterType == types.ClusterTypeServerless:
		d.Kind, d.Profile = limits.MSKServerless, "msk-serverless"
	case c.Provisioned == nil:
		d.Note = fmt.Sprintf("no limits are known for clusters of type %q", c.ClusterType)
	default:
		if s := c.Provisioned.CurrentBrokerSoftwareInfo; s != nil {
			d.Version = aws.ToString(s.KafkaVersion)
		}
		d.Profile, d.Note = brokerProfile(c.Provisioned)
	}
	return d
}

// brokerProfile is the limits profile of a cluster's brokers, or why it has none.
func brokerProfile(p *types.Provisioned) (profile, note string) {
	var size string
	if p.BrokerNodeGroupInfo != nil {
		size = aws.ToString(p.BrokerNodeGroupInfo.InstanceType)
	}
	switch kind, rest, _ := strings.Cut(size, "."); kind {
	case "express":
		profile = "msk-express-" + rest
	case "kafka":
		profile = "msk-standard-" + rest
	}
	if !slices.Contains(limits.Profiles(), profile) {
		return "", fmt.Sprintf("no limits are known for brokers of type %q; declare them under limits", size)
	}
	profile = fmt.Sprintf("%s:%d", profile, aws.ToInt32(p.NumberOfBrokerNodes))
	if err := limits.CheckProfile(profile); err != nil {
		return "", fmt.Sprintf("no limits are known for this cluster: %v", err)
	}
	return profile, ""
}

// addresses sorts the addresses of a cluster by the login that works there. Without
// a login TLS goes before plaintext.
func addresses(b *kafka.GetBootstrapBrokersOutput) map[string][]string {
	all := map[string][]string{}
	for login, lists := range map[string][]*string{
		scenario.NoAuth:    {b.BootstrapBrokerStringTls, b.BootstrapBrokerString, b.BootstrapBrokerStringPublicTls},
		scenario.MutualTLS: {b.BootstrapBrokerStringTls, b.BootstrapBrokerStringPublicTls},
		scenario.SCRAM512:  {b.BootstrapBrokerStringSaslScram, b.BootstrapBrokerStringPublicSaslScram},
		scenario.MSKIAM:    {b.BootstrapBrokerStringSaslIam, b.BootstrapBrokerStringPublicSaslIam},
	} {
		for _, list := range lists {
			if hosts := split(aws.ToString(list)); len(hosts) > 0 {
				all[login] = hosts
				break
			}
		}
	}
	return all
}

// split reads "a:9098,b:9098".
func split(list string) (hosts []string) {
	for host := range strings.SplitSeq(list, ",") {
		if host = strings.TrimSpace(host); host != "" {
			hosts = append(hosts, host)
		}
	}
	return hosts
}
