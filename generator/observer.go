package generator

import (
	"slices"
	"time"

	"msklt/internal/limits"
	"msklt/internal/wire"
)

// observer gathers what all connections of a run carry and which responses
// throttle, as their taps see it. One lock serves all: it is taken once for a
// request, never for a record.
type observer struct {
	ledger
	origin  time.Time // a whole second; second n of every series began n seconds later
	replay  *limits.Replay
	nodes   map[string]int32 // advertised address → broker id
	topics  topicIndex
	links   map[linkKey]*link
	order   []*link
	all     door                     // of the cluster
	doors   map[string]*door         // at each address
	owners  []string                 // of each client
	unsafe  map[int]int64            // records without idempotence that went out and were not refused, by partition number over all topics
	missing map[string]time.Duration // when a leader first did not know a topic

	outages  []outage
	relogins []relogin
	moves    []move
	leads    []int32 // the broker that took each partition's last batch; -1 before

	clusterIn, clusterOut, requests *limits.Scope
}

// linkKey names a client's connections to one broker that carry one kind of load.
type linkKey struct {
	client int
	broker int32
	api    int16
}

// link is what one client did with one broker: the time it was throttled, and the
// partitions it carried.
type link struct {
	linkKey
	clientID  string
	in, out   *limits.Scope // of the client id on the broker
	brokerIn  *limits.Scope
	brokerOut *limits.Scope
	throttles throttleLog
	carried   []bool // by partition number over all topics
}

// topicIndex finds a topic's partitions by the names that requests use.
type topicIndex struct {
	byName map[string]*topicScopes
	byID   map[[16]byte]*topicScopes
	count  int // partitions over all topics
}

type topicScopes struct {
	first int // number of its partition 0 over all topics
	in    []*limits.Scope
	out   []*limits.Scope
}

func newObserver(origin time.Time) *observer {
	o := &observer{
		origin: origin, replay: limits.NewReplay(), nodes: map[string]int32{}, doors: map[string]*door{}, links: map[linkKey]*link{}, unsafe: map[int]int64{}, missing: map[string]time.Duration{},
		topics: topicIndex{byName: map[string]*topicScopes{}, byID: map[[16]byte]*topicScopes{}},
	}
	scope := func(n limits.Name) *limits.Scope { return o.replay.Scope(limits.Instance{Limit: n}) }
	o.clusterIn, o.clusterOut = scope(limits.ClusterIngress), scope(limits.ClusterEgress)
	o.requests = scope(limits.ClusterRequests)
	o.all = door{connections: scope(limits.ClusterConnections), attempts: scope(limits.ClusterAttempts)}
	return o
}

// unsafely notes records without idempotence that went out, or with a negative sign
// that were refused: whatever of the others is not acknowledged may be in the log.
func (o *observer) unsafely(sign int64, all []carried) {
	if !slices.ContainsFunc(all, func(p carried) bool { return p.unsafe > 0 }) {
		return
	}
	if !o.enter() {
		return
	}
	defer o.mu.Unlock()
	for _, p := range all {
		o.unsafe[p.number] += sign * p.unsafe
	}
}

// missed notes that a leader does not know a topic.
func (o *observer) missed(topic string) {
	if !o.enter() {
		return
	}
	defer o.mu.Unlock()
	if _, known := o.missing[topic]; !known {
		o.missing[topic] = o.now()
	}
}

// missedAt is when a topic was first missed.
func (o *observer) missedAt(topic string) (at time.Duration, missed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	at, missed = o.missing[topic]
	return at, missed
}

// addClient returns the number of a new client, which belongs to a fleet or group.
func (o *observer) addClient(owner string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.owners = append(o.owners, owner)
	return len(o.owners) - 1
}

// setNodes tells which broker is behind an address. Connections that were opened
// before are recognised from then on.
func (o *observer) setNodes(nodes map[string]int32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.nodes = nodes
	for addr, d := range o.doors {
		o.nameDoor(d, addr)
	}
}

// addTopic makes a topic's partitions known, before any traffic on them.
func (o *observer) addTopic(name, actual string, id [16]byte, partitions int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := &topicScopes{first: o.topics.count}
	for p := range partitions {
		at := limits.Instance{Topic: name, Partition: int32(p)}
		at.Limit = limits.PartitionIngress
		t.in = append(t.in, o.replay.Scope(at))
		at.Limit = limits.PartitionEgress
		t.out = append(t.out, o.replay.Scope(at))
	}
	o.topics.count += partitions
	o.topics.byName[actual] = t
	if id != [16]byte{} {
		o.topics.byID[id] = t
	}
}

// partition finds the scopes of a partition that a request names; ok is false
// for one that is not of this run.
func (x *topicIndex) partition(t wire.Topic, p int32) (part carried, ok bool) {
	s := x.byName[string(t.Name)]
	if len(t.Name) == 0 {
		s = x.byID[t.ID]
	}
	if s == nil || p < 0 || int(p) >= len(s.in) {
		return carried{}, false
	}
	return carried{number: s.first + int(p), in: s.in[p], out: s.out[p]}, true
}

// carried is one partition's part of a request or response.
type carried struct {
	number  int
	in, out *limits.Scope
	bytes   int64
	unsafe  int64 // records that would be appended twice if they were sent twice
}

// broker is the broker behind an address; -1 for a bootstrap address that no broker
// advertises.
func (o *observer) broker(addr string) int32 {
	if b, known := o.nodes[addr]; known {
		return b
	}
	return -1
}

func (o *observer) now() time.Duration { return time.Since(o.origin) }

// link returns the record of a client's load on a broker.
func (o *observer) link(k linkKey, clientID string) *link {
	l, ok := o.links[k]
	if !ok {
		of := func(n limits.Name, client string) *limits.Scope {
			return o.replay.Scope(limits.Instance{Limit: n, Client: client, Broker: k.broker})
		}
		l = &link{
			linkKey: k, clientID: clientID,
			in: of(limits.ClientIngress, clientID), out: of(limits.ClientEgress, clientID),
			brokerIn: of(limits.BrokerIngress, ""), brokerOut: of(limits.BrokerEgress, ""),
		}
		o.links[k] = l
		o.order = append(o.order, l)
	}
	return l
}

func (l *link) carry(number int) {
	for len(l.carried) <= number {
		l.carried = append(l.carried, false)
	}
	l.carried[number] = true
}

// carries tells whether the link carried a partition.
func (l *link) carries(number int) bool { return number < len(l.carried) && l.carried[number] }

// loaded tells whether the link carried records at all.
func (l *link) loaded() bool { return len(l.carried) > 0 }
