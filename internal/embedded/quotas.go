package embedded

import (
	"math"
	"sync"
	"time"

	"msklt/internal/limits"
)

const (
	// maxRequestThrottle caps what the request limit asks for, as Apache Kafka
	// caps its request quota at one sample.
	maxRequestThrottle = time.Second

	// Clients beyond this many are forgotten once idle for longer than the window.
	manyClients = 10_000
	clientIdle  = 30 * time.Second
)

// quotas measures every scope that has a limit and decides on throttles. A request
// touches several scopes at one instant, so one lock holds them all; the truth,
// which counts the same events, is under it too.
type quotas struct {
	limits      limits.Limits
	start       time.Time
	mostFetched int // bytes

	mu       sync.Mutex
	requests limits.Window
	topics   limits.Window // requests that make, remove or alter topics
	cluster  *scope
	brokers  []*scope
	clients  map[clientKey]*scope
	attempts bucket
	open     int32
	gates    []gate // of each broker
	truth    truthLog
}

// scope is one instance of a limit: a partition, a client on a broker, a broker,
// the cluster.
type scope struct {
	kind      string // as in Row.Scope
	topic     string
	partition int32
	broker    int32
	client    string

	in, out limits.Window
	used    time.Duration // when last
	second  tally         // of the second that runs
	touched bool          // second holds something
	total   tally
}

type clientKey struct {
	id     string
	broker int32
}

// verdict is the longest throttle that any of a request's scopes asks for.
type verdict struct {
	throttle time.Duration // whole milliseconds, as on the wire
	limit    limits.Name
	scope    *scope
}

func (v *verdict) raise(throttle time.Duration, limit limits.Name, s *scope) {
	if throttle > v.throttle {
		*v = verdict{throttle, limit, s}
	}
}

func (v verdict) millis() int32 {
	return int32(min(v.throttle.Milliseconds(), math.MaxInt32))
}

func newQuotas(l limits.Limits, brokers int) *quotas {
	q := &quotas{
		limits: l, start: time.Now(), mostFetched: mostFetched(l),
		cluster:  &scope{kind: "cluster"},
		clients:  make(map[clientKey]*scope),
		attempts: newBucket(l.Of(limits.ClusterAttempts)),
	}
	for i := range brokers {
		q.brokers = append(q.brokers, &scope{kind: "broker", broker: int32(i)})
		q.gates = append(q.gates, gate{attempts: newBucket(l.Of(limits.BrokerAttempts))})
	}
	q.truth.anchor = q.start
	return q
}

// now is the time since the start, in whole milliseconds: Apache Kafka's clock.
func (q *quotas) now() time.Duration {
	return time.Since(q.start).Truncate(time.Millisecond)
}

// client returns the scope of a client id on a broker. The lock is held.
func (q *quotas) client(id string, broker int32, at time.Duration) *scope {
	key := clientKey{id, broker}
	s := q.clients[key]
	if s == nil {
		if len(q.clients) >= manyClients {
			for k, old := range q.clients {
				if at-old.used > clientIdle {
					delete(q.clients, k)
				}
			}
		}
		s = &scope{kind: "client", client: id, broker: broker}
		q.clients[key] = s
	}
	s.used = at
	return s
}

// record adds n to a window if its limit is declared and returns the pause that it
// asks for, rounded to milliseconds as Apache Kafka does.
func (q *quotas) record(w *limits.Window, limit limits.Name, at time.Duration, n int64) time.Duration {
	value := q.limits.Of(limit)
	if value <= 0 {
		return 0
	}
	w.Record(at, n)
	return w.Throttle(at, value).Round(time.Millisecond)
}

// unrecord takes back what record added at the same time.
func (q *quotas) unrecord(w *limits.Window, limit limits.Name, at time.Duration, n int64) {
	if q.limits.Of(limit) > 0 {
		w.Record(at, -n)
	}
}

// limited is a scope with the limit that a whole request or response counts against.
type limited struct {
	*scope
	window *limits.Window
	limit  limits.Name
}

// ingress returns what a whole produce request counts against.
func (q *quotas) ingress(r *request, broker int32, at time.Duration) [3]limited {
	client, node := q.client(r.client, broker, at), q.brokers[broker]
	return [...]limited{
		{client, &client.in, limits.ClientIngress},
		{node, &node.in, limits.BrokerIngress},
		{q.cluster, &q.cluster.in, limits.ClusterIngress},
	}
}

// egress returns what a whole fetch response counts against.
func (q *quotas) egress(r *request, broker int32, at time.Duration) [3]limited {
	client, node := q.client(r.client, broker, at), q.brokers[broker]
	return [...]limited{
		{client, &client.out, limits.ClientEgress},
		{node, &node.out, limits.BrokerEgress},
		{q.cluster, &q.cluster.out, limits.ClusterEgress},
	}
}

// arrived counts one request and raises v by what the request limit asks for.
func (q *quotas) arrived(r *request, broker int32, at time.Duration, v *verdict) {
	pause := min(q.record(&q.requests, limits.ClusterRequests, at, 1), maxRequestThrottle)
	v.raise(pause, limits.ClusterRequests, q.cluster)
	for _, s := range [...]*scope{q.cluster, q.brokers[broker], q.client(r.client, broker, at)} {
		q.tally(s, at).requests++
	}
}

// settle notes a request's verdict and returns until when its connection is muted.
func (q *quotas) settle(r *request, broker int32, at time.Duration, v verdict) time.Duration {
	if v.throttle > 0 {
		q.truth.throttled(at, v, r, broker)
	}
	return at + v.throttle
}

// other is the whole treatment of a request that carries no records.
func (q *quotas) other(r *request, broker int32) (verdict, time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := q.now()
	var v verdict
	q.arrived(r, broker, at, &v)
	if r.charge.manages {
		v.raise(q.record(&q.topics, limits.ClusterTopicRequests, at, 1), limits.ClusterTopicRequests, q.cluster)
		v.raise(r.charge.pause, limits.ClusterPartitionChanges, q.cluster)
	}
	return v, q.settle(r, broker, at, v)
}

// refused counts something that was not done.
func (q *quotas) refused(key refusalKey) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.truth.refuse(q.now(), key)
}

// loggedIn counts a login.
func (q *quotas) loggedIn() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tally(q.cluster, q.now()).logins++
}

// tally returns the counters of a scope's running second.
func (q *quotas) tally(s *scope, at time.Duration) *tally {
	t := q.truth.tally(s, at)
	switch s.kind {
	case "cluster":
		t.connections = max(t.connections, q.open)
	case "broker":
		t.connections = max(t.connections, q.gates[s.broker].open)
	}
	return t
}

// partition returns one of a topic's partitions.
func (q *quotas) partition(t *topic, partition int32) *partition {
	q.mu.Lock()
	defer q.mu.Unlock()
	return t.partition(partition)
}

// totals returns what a partition has seen since the start.
func (q *quotas) totals(t *topic, partition int32) tally {
	q.mu.Lock()
	defer q.mu.Unlock()
	p := t.partitions[partition]
	if p == nil {
		return tally{}
	}
	sum := p.total
	sum.add(p.second)
	return sum
}

// bucket admits rate events per second and a second's worth at once. Apache Kafka's
// own rate would let ten seconds' worth through. A rate of 0 admits everything.
type bucket struct {
	rate, level float64
	last        time.Duration
}

func newBucket(rate float64) bucket { return bucket{rate: rate, level: max(rate, 1)} }

func (b *bucket) take(at time.Duration) bool {
	if b.rate <= 0 {
		return true
	}
	b.level = min(b.level+(at-b.last).Seconds()*b.rate, max(b.rate, 1))
	b.last = at
	if b.level < 1 {
		return false
	}
	b.level--
	return true
}
