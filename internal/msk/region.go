package msk

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

var errNoRegion = errors.New("no AWS region: neither the target's aws.region, nor the cluster's ARN, nor its host names, nor AWS_REGION or the profile name one; set aws.region")

// Hosts of MSK: b-1.NAME.ID.c2.kafka.REGION.amazonaws.com and
// boot-ID.c1.kafka-serverless.REGION.amazonaws.com, in China with .cn behind.
var regionOfHost = regexp.MustCompile(`\.kafka(?:-serverless)?\.([a-z]{2,4}(?:-[a-z]+)+-[0-9]+)\.amazonaws\.com(?:\.cn)?$`)

var isRegion = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]+$`)

// said is a region, and who says so.
type said struct{ region, by string }

// decideRegion returns the region that setting, ARN and hosts agree on; "" when none
// of them names one.
func decideRegion(setting, cluster string, hosts []string) (string, error) {
	all, err := regions(setting, cluster, hosts)
	if err != nil || len(all) == 0 {
		return "", err
	}
	for _, other := range all[1:] {
		if other.region != all[0].region {
			return "", fmt.Errorf("AWS regions disagree: %s in %s, %s in %s; a token is good in one region only", all[0].region, all[0].by, other.region, other.by)
		}
	}
	return all[0].region, nil
}

// regions lists who names a region, in the order in which they count.
func regions(setting, cluster string, hosts []string) (all []said, err error) {
	if setting != "" {
		if !isRegion.MatchString(setting) {
			return nil, fmt.Errorf("aws.region %.60q is no AWS region; they look like eu-west-1", setting)
		}
		all = append(all, said{setting, "aws.region"})
	}
	if cluster != "" {
		a, err := parseARN(cluster)
		if err != nil {
			return nil, err
		}
		all = append(all, said{a.Region, "the cluster's ARN"})
	}
	for _, host := range hosts {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		host = strings.ToLower(strings.TrimSuffix(host, "."))
		if m := regionOfHost.FindStringSubmatch(host); m != nil {
			all = append(all, said{m[1], "the host name " + host})
		}
	}
	return all, nil
}

// parseARN reads arn:aws:kafka:REGION:ACCOUNT:cluster/NAME/UUID.
func parseARN(cluster string) (arn.ARN, error) {
	a, err := arn.Parse(cluster)
	kind, rest, _ := strings.Cut(a.Resource, "/")
	if err != nil || a.Service != "kafka" || kind != "cluster" || !strings.Contains(rest, "/") || a.Region == "" {
		return arn.ARN{}, fmt.Errorf("%.200q is no ARN of an MSK cluster; it must look like arn:aws:kafka:REGION:ACCOUNT:cluster/NAME/UUID", cluster)
	}
	return a, nil
}
