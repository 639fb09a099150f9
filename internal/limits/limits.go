// Package limits holds what a cluster allows and what follows from it: profiles
// as data, the quota window, the load that a scenario will put on each limit,
// and which limit bound in a run. It is pure: no clock, no network.
package limits

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"msklt/scenario"
)

// Name is one limit: a scope and a dimension.
type Name string

// The limits that msklt knows, in the order in which a verdict lists them when
// they bound at the same moment.
const (
	PartitionIngress   Name = "partition.ingress"
	PartitionEgress    Name = "partition.egress"
	ClientIngress      Name = "client.ingress"
	ClientEgress       Name = "client.egress"
	BrokerIngress      Name = "broker.ingress"
	BrokerEgress       Name = "broker.egress"
	ClusterIngress     Name = "cluster.ingress"
	ClusterEgress      Name = "cluster.egress"
	ClusterRequests    Name = "cluster.requests"
	ClusterConnections Name = "cluster.connections"
	ClusterAttempts    Name = "cluster.connection_attempts"
	BrokerConnections  Name = "broker.connections"
	BrokerAttempts     Name = "broker.connection_attempts"

	// These are planned and checked, but runs do not observe them.
	PartitionRecords        Name = "partition.records" // written
	BrokerPartitions        Name = "broker.partitions" // replicas included
	ClusterMessage          Name = "cluster.message"   // bytes of one message
	ClusterFetch            Name = "cluster.fetch"     // bytes that one fetch asks for
	ClusterPartitions       Name = "cluster.partitions"
	ClusterPartitionChanges Name = "cluster.partition_changes" // creations and deletions
	ClusterTopicRequests    Name = "cluster.topic_requests"    // that create, delete or alter topics
	ClusterGroups           Name = "cluster.groups"
)

// order is every limit in its fixed order.
func order() []Name {
	return append(observed(), PartitionRecords, BrokerPartitions, ClusterMessage, ClusterFetch,
		ClusterPartitions, ClusterPartitionChanges, ClusterTopicRequests, ClusterGroups)
}

// observed are the limits that a run measures.
func observed() []Name {
	return []Name{PartitionIngress, PartitionEgress, ClientIngress, ClientEgress, BrokerIngress, BrokerEgress,
		ClusterIngress, ClusterEgress, ClusterRequests, ClusterConnections, ClusterAttempts, BrokerConnections, BrokerAttempts}
}

// Observed tells whether a run measures the load on a limit; of the others it
// is only predicted.
func (n Name) Observed() bool { return slices.Contains(observed(), n) }

// Limits is what a cluster allows. A limit that is not in Values is unlimited.
type Limits struct {
	// Profile is the built-in profile, with its parameters, or the file that the
	// values start from; "none" when there is none.
	Profile string
	// Values are in the unit of their name, see [Name.Unit].
	Values map[Name]float64
	// Brokers is how many brokers the profile stands for; 0 when it does not say.
	Brokers int
	// ConnectRate is how many connections per second all clients together try to open
	// at most, where the target says so; 0 leaves it to the limits, see
	// [PacedAttempts].
	ConnectRate float64
	pacedForIAM bool
	// IAMOnly are limits of the profile that count clients which log in with AWS IAM,
	// and no others; see [Limits.Under].
	IAMOnly []Name
	// Estimate says that the profile's values are estimates of capacity: nothing
	// throttles there, latency grows.
	Estimate bool
	// Notes are the profile's readings of its sources and what they do not say,
	// one sentence each.
	Notes []string
}

// Of returns a limit's value, or 0 when it is not declared.
func (l Limits) Of(n Name) float64 { return l.Values[n] }

// Under are the limits that hold for clients which log in by a mechanism of a target
// file: without those that are for AWS IAM only, where it is another.
func (l Limits) Under(mechanism string) Limits {
	if mechanism == scenario.MSKIAM || len(l.IAMOnly) == 0 {
		return l
	}
	l.Values, l.Notes = maps.Clone(l.Values), slices.Clone(l.Notes)
	var names []string
	for _, n := range l.IAMOnly {
		delete(l.Values, n)
		names = append(names, string(n))
	}
	l.Notes = append(l.Notes, fmt.Sprintf("Clients of this target do not log in with IAM, so that %s do not count for them.", strings.Join(names, " and ")))
	l.IAMOnly = nil
	return l
}

// Names are the declared limits, in a fixed order.
func (l Limits) Names() []Name {
	return slices.DeleteFunc(order(), func(n Name) bool { _, declared := l.Values[n]; return !declared })
}
