// Package limits holds what a cluster allows and what follows from it: profiles
// as data, the quota window, the load that a scenario will put on each limit,
// and which limit bound in a run. It is pure: no clock, no network.
package limits

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
)

// Limits is what a cluster allows. A limit that is not in Values is unlimited.
type Limits struct {
	// Profile is the built-in profile or file that the values start from;
	// "none" when there is none.
	Profile string
	// Values are bytes per second for ingress and egress, a rate per second
	// for requests and connection attempts, a count for connections.
	Values map[Name]float64
}

// Of returns a limit's value, or 0 when it is not declared.
func (l Limits) Of(n Name) float64 { return l.Values[n] }
