package limits

import (
	"fmt"
	"strings"
)

func (n Name) scope() string {
	s, _, _ := strings.Cut(string(n), ".")
	return s
}

// Unit is the unit of a limit's value.
func (n Name) Unit() string {
	switch n {
	case ClusterRequests, ClusterTopicRequests:
		return "requests/s"
	case ClusterConnections, BrokerConnections:
		return "connections"
	case ClusterAttempts, BrokerAttempts:
		return "connections/s"
	case PartitionRecords:
		return "records/s"
	case ClusterPartitions, BrokerPartitions:
		return "partitions"
	case ClusterPartitionChanges:
		return "partitions/s"
	case ClusterGroups:
		return "groups"
	case ClusterMessage, ClusterFetch:
		return "bytes"
	}
	return "bytes/s"
}

// Where names an instance's place: orders/7, broker 1, cluster.
func (i Instance) Where() string {
	switch i.Limit.scope() {
	case "partition":
		return fmt.Sprintf("%s/%d", i.Topic, i.Partition)
	case "broker":
		return fmt.Sprintf("broker %d", i.Broker)
	case "client":
		return fmt.Sprintf("client %s on broker %d", i.Client, i.Broker)
	}
	return "cluster"
}

// Amount prints a limit's value with its unit, bytes as MB of 10^6.
func Amount(v float64, n Name) string {
	if n.Unit() == "bytes/s" {
		return three(v/1e6) + " MB/s"
	}
	if n == ClusterConnections || n == BrokerConnections { // which come in whole numbers
		return fmt.Sprintf("%.0f %s", v, n.Unit())
	}
	return three(v) + " " + n.Unit()
}

// three prints three significant digits, and all digits of larger numbers.
func three(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return strings.TrimSuffix(fmt.Sprintf("%#.3g", v), ".")
}

// sentences say how a binding is known.
func (e Evidence) sentences(g *group, b Binding) []string {
	out := []string{fmt.Sprintf("%d throttle responses, the first %.1f s after the start of traffic.", len(g.responses), b.SinceSeconds)}
	if b.Inverted != nil {
		text := fmt.Sprintf("Replaying the quota window over the bytes of %s, the throttle times say %s (half of them within ±%.2g %%).",
			b.Scope, Amount(b.Inverted.Value, b.Limit), b.Inverted.SpreadPercent)
		if b.Inverted.SpreadPercent > 100*tightSpread {
			text += " They scatter: the limiter may not be Apache Kafka's, or others use the same quota; the plateau stands."
		}
		out = append(out, text)
	}
	if b.Plateau != nil {
		out = append(out, fmt.Sprintf("Over whole windows of %d s after that, %s got through.", windowSeconds, Amount(*b.Plateau, b.Limit)))
	}
	if b.Declared == nil {
		out = append(out, "No declared limit explains these throttles.")
		if e.Kind != MSKServerless && b.Limit.scope() == "client" {
			out = append(out, "Apache Kafka has byte quotas only per user or client id, on each broker.")
		}
	}
	if len(g.also) > 0 {
		out = append(out, "Their load being proportional, these fit as well: "+strings.Join(g.also, "; ")+".")
	}
	return out
}

// sized prints a number of bytes.
func sized(v float64) string { return three(v/1e6) + " MB" }
