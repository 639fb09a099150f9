package scenario

import (
	"net"
	"regexp"
	"slices"
	"strings"
)

// ServerlessHost tells an address of MSK Serverless
// (boot-….kafka-serverless.REGION.amazonaws.com:9098).
func ServerlessHost(address string) bool { return strings.Contains(address, ".kafka-serverless.") }

var serverlessARN = regexp.MustCompile(`-s[0-9]+$`) // of others: a hyphen and a number

// Serverless tells a cluster of MSK Serverless, without asking anybody, and by what: a
// host's name, or an ARN's end. ok is false for others, and for what cannot be told so.
func (t *Target) Serverless() (by string, ok bool) {
	switch {
	case t.ARN != "":
		return "the ARN's end", serverlessARN.MatchString(t.ARN)
	default:
		return "the host's name", slices.ContainsFunc(t.Bootstrap, ServerlessHost)
	}
}

// Amazon tells a cluster that is Amazon MSK's, as far as its addresses, its ARN or the
// login show; on this machine nothing is.
func (t *Target) Amazon() bool {
	switch {
	case t.Embedded != nil || t.ARN == "" && allLoopback(t.Bootstrap):
		return false
	case t.ARN != "" || t.Auth.Mechanism == MSKIAM:
		return true
	}
	return slices.ContainsFunc(t.Bootstrap, func(a string) bool {
		host, _, _ := net.SplitHostPort(a)
		return regionOfHost(host) != ""
	})
}

// Region is AWS's region of the cluster, as the target says it; "" where it does not.
func (t *Target) Region() string {
	if t.AWS.Region != "" {
		return t.AWS.Region
	}
	if t.ARN != "" {
		return regionOfARN(t.ARN)
	}
	for _, a := range t.Bootstrap {
		host, _, _ := net.SplitHostPort(a)
		if region := regionOfHost(host); region != "" {
			return region
		}
	}
	return ""
}
