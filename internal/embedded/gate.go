package embedded

import "msklt/internal/limits"

// The cluster's limits on connections close those that are over, as Amazon MSK
// Serverless does. A broker's refuse their login where clients log in, as the IAM
// listeners of MSK Provisioned do, and else close them, too.

// tooManyConnects is what MSK's IAM listeners say (AWS, MSK Developer Guide,
// "Troubleshooting"). AWS says so of the rate; of the number it says nothing.
const tooManyConnects = "Too many connects"

// gate is one broker's, for the limits on its connections.
type gate struct {
	attempts bucket
	open     int32 // connections that count: where clients log in, those that have
}

// standing is a connection's, as the limits on connections see it. The quotas' lock
// guards it.
type standing struct {
	counted bool // at its broker's gate
	gone    bool
}

// connect counts an attempt to connect and reports whether the limits admit it. Where
// clients log in, the broker's are asked then, see enter.
func (q *quotas) connect(c *conn) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	at, node := q.now(), c.listener.node
	cluster := q.tally(q.cluster, at)
	cluster.attempts++
	broker := q.tally(q.brokers[node], at)
	broker.attempts++
	most := q.limits.Of(limits.ClusterConnections)
	if !q.attempts.take(at) || most > 0 && float64(q.open) >= most || c.listener.cluster.serverless == nil && q.pass(c) != "" {
		cluster.refused++
		broker.refused++
		return false
	}
	q.open++
	cluster.connections = max(cluster.connections, q.open)
	return true
}

// enter counts the first login of a connection, and returns the limit of its broker
// that refuses it, or "".
func (q *quotas) enter(c *conn) limits.Name {
	q.mu.Lock()
	defer q.mu.Unlock()
	over := q.pass(c)
	if at := q.now(); over != "" {
		q.tally(q.cluster, at).refused++
		q.tally(q.brokers[c.listener.node], at).refused++
	}
	return over
}

// pass counts a connection at its broker's gate, unless that returns the limit that is
// in the way. The lock is held.
func (q *quotas) pass(c *conn) limits.Name {
	at, node := q.now(), c.listener.node
	g := &q.gates[node]
	most := q.limits.Of(limits.BrokerConnections)
	switch {
	case !g.attempts.take(at):
		return limits.BrokerAttempts
	case most > 0 && float64(g.open) >= most:
		return limits.BrokerConnections
	case c.standing.gone:
		return ""
	}
	c.standing.counted = true
	g.open++
	t := q.tally(q.brokers[node], at)
	t.connections = max(t.connections, g.open)
	return ""
}

// disconnect counts the end of a connection that connect admitted.
func (q *quotas) disconnect(c *conn) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at, node := q.now(), c.listener.node
	q.tally(q.cluster, at) // the second began with the connection open
	q.open--
	if c.standing.gone = true; c.standing.counted {
		q.tally(q.brokers[node], at)
		q.gates[node].open--
	}
}
