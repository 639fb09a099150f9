package embedded

import (
	"math"
	"net"

	"msklt/internal/limits"
)

// caps are the declared limits that refuse what goes beyond them, where quotas slow it
// down. They hold whatever the cluster passes for. How a refusal looks is known of
// Amazon MSK Serverless, and of Apache Kafka for changes of partitions.
type caps struct {
	partitions int // of all topics together; 0: any number
	message    int64
	fetch      int32 // bytes that a fetch asks for; 0: any
	changes    changes
	groups     groups

	// turn is held from where partitions are counted until those that a request makes
	// are there, so that two requests cannot both take the last ones.
	turn chan struct{}
}

func newCaps(l limits.Limits) *caps {
	return &caps{
		partitions: int(l.Of(limits.ClusterPartitions)),
		message:    int64(l.Of(limits.ClusterMessage)),
		fetch:      int32(min(l.Of(limits.ClusterFetch), math.MaxInt32)),
		changes:    newChanges(l.Of(limits.ClusterPartitionChanges)),
		groups:     groups{most: int(l.Of(limits.ClusterGroups)), seen: make(map[string]struct{})},
		turn:       make(chan struct{}, 1),
	}
}

// takeTurn waits until no other connection is making partitions.
func (c *conn) takeTurn() error {
	select {
	case c.listener.cluster.caps.turn <- struct{}{}:
		c.making.Store(true)
	case <-c.closed:
	case <-c.listener.cluster.closing:
	}
	select {
	case <-c.closed:
		c.endTurn()
		return net.ErrClosed
	case <-c.listener.cluster.closing:
		return net.ErrClosed
	default:
		return nil
	}
}

// endTurn lets the next connection make partitions, once.
func (c *conn) endTurn() {
	if c.making.CompareAndSwap(true, false) {
		<-c.listener.cluster.caps.turn
	}
}

// tooLarge reports whether a produce request has a batch above the limit.
func (c *caps) tooLarge(r *request) bool {
	if c.message <= 0 {
		return false
	}
	for _, s := range r.sent {
		if s.bytes > c.message {
			return true
		}
	}
	return false
}
