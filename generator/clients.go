package generator

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/limits"
	"msklt/scenario"
)

const (
	// batchHeader is what franz-go leaves out of a batch's size and Kafka counts.
	batchHeader = 61
	// deliveryTimeout is the Java client's delivery.timeout.ms.
	deliveryTimeout = 2 * time.Minute
	// framing is more than Kafka's format adds to a record that is alone in its
	// batch, headerFraming more than it adds for each header.
	framing       = 1024
	headerFraming = 10
	// largestBatch is the largest that franz-go allows, largestRequest the
	// largest request that it sends and Kafka takes by default.
	largestBatch   = 1 << 30
	largestRequest = 100 << 20
	// unbounded record count: the buffer is bounded in bytes, by the producer.
	unbounded = 1 << 30
	// A request that failed is sent again, and metadata asked for again, after
	// pauses that grow from shortestRetry to longestRetry, as in the Java client
	// (retry.backoff.ms, retry.backoff.max.ms); metadata's do not grow.
	shortestRetry = 100 * time.Millisecond
	longestRetry  = time.Second
	metadataRetry = 500 * time.Millisecond
	// idleTimeout is the Java client's connections.max.idle.ms. franz-go closes after
	// 20 s what is idle, and would open it again in its turn of the run's pace, or be refused at a full cluster.
	idleTimeout = 9 * time.Minute
	// unknownRetries is how often a topic may be unknown to the cluster before its
	// records fail: some 10 s, so that metadata that is wrong for a while costs
	// none, and a topic that was deleted does not keep them until they time out.
	unknownRetries = 20
	// idempotentWindow is how many requests franz-go leaves unanswered by a broker,
	// once that has answered one, where writes are idempotent.
	idempotentWindow = 5
)

// tapped returns the options that every client has: its name, and a tap on its
// connections. The owner is the fleet or group that the client belongs to, "" for
// the administration's.
func (r *run) tapped(owner, clientID string, pace *dialPace) []kgo.Opt {
	return r.through(r.tapOf(owner, clientID, pace))
}

// tapOf is a tap on the connections of a new client.
func (r *run) tapOf(owner, clientID string, pace *dialPace) *tap {
	t := r.newTap(clientID, pace)
	t.client = r.observer.addClient(owner)
	return t
}

// through returns the options of a client with a tap.
func (r *run) through(t *tap) []kgo.Opt {
	opts := []kgo.Opt{
		kgo.SeedBrokers(r.seeds()...), kgo.ClientID(t.clientID), kgo.Dialer(t.dial),
		kgo.DisableClientMetrics(), kgo.WithHooks(connectHook{r, t}), kgo.ConnIdleTimeout(idleTimeout),
	}
	if r.Auth != nil {
		opts = append(opts, kgo.SASL(r.logins))
	}
	return opts
}

// seeds are the addresses that clients begin with: those that answer, once that is
// known.
func (r *run) seeds() []string {
	if r.cluster == nil {
		return r.Target.Bootstrap
	}
	return r.cluster.Seeds
}

// persistent are the options of a client that goes on whatever the cluster does.
func persistent() []kgo.Opt {
	return []kgo.Opt{
		kgo.RetryBackoffFn(backoff), kgo.MetadataMinAge(metadataRetry),
		// A broker that goes down may close a connection before its first answer, which
		// else counts as a refusal, as of a client without TLS. The administration's
		// client comes first and tells of that.
		kgo.AlwaysRetryEOF(),
	}
}

// backoff is the pause before a request is sent again that has failed so many
// times: it doubles, and a fifth of it more or less keeps clients apart.
func backoff(fails int) time.Duration {
	pause := min(shortestRetry<<min(max(0, fails-1), 10), longestRetry)
	return time.Duration(float64(pause) * (0.8 + 0.4*rand.Float64()))
}

func (r *run) newTap(clientID string, pace *dialPace) *tap {
	t := &tap{
		observer: r.observer, clientID: clientID, pace: pace,
		dialer: Patient(dialTCP),
	}
	if r.Dial != nil {
		t.dialer = r.Dial
	}
	return t
}

// clientID is the name of client i of a fleet or group.
func (r *run) clientID(fixed, fleet string, i int) string {
	if fixed != "" {
		return fixed
	}
	return fmt.Sprintf("%s%s-%d", r.prefix, fleet, i)
}

// newProducer makes client i of a fleet.
func (r *run) newProducer(f *fleet, i int) (*producer, error) {
	s := f.Settings
	p := &producer{fleet: f, number: i, recorder: newRecorder(), random: r.random(f.Name, i)}
	// A record larger than the batch size travels in a batch of its own, as with
	// the Java client; franz-go would refuse it. So it would a batch larger than
	// a request.
	batch := int32(min(max(s.BatchBytes, f.MaxBytes()+framing+len(f.Headers)*headerFraming), largestBatch))
	t := r.tapOf(f.Name, r.clientID(s.ClientID, f.Name, i), f.pace)
	window := idempotentWindow
	if !s.Idempotent {
		window = s.InFlight
	}
	p.waits = newWaits(r.observer.origin, f.skew, window)
	p.heard, t.waits = &t.heard, p.waits
	p.fullness = fullness{tap: t, busy: &r.health.busy, patience: fullLong + s.Linger}
	opts := append(r.through(t),
		kgo.ProducerLinger(s.Linger),
		kgo.ProducerBatchMaxBytes(batch), kgo.BrokerMaxWriteBytes(max(batch, largestRequest)),
		kgo.MaxBufferedRecords(unbounded),
		kgo.RecordPartitioner(partitioner(f.Partition)),
		kgo.RecordDeliveryTimeout(deliveryTimeout), kgo.UnknownTopicRetries(unknownRetries),
		kgo.ProducerBatchCompression(codec(s.Compression, s.CompressionLevel)),
		kgo.WithHooks(&batchHook{written: r.writtenBy(s.Idempotent)}),
	)
	switch s.Acks {
	case "all":
		opts = append(opts, kgo.RequiredAcks(kgo.AllISRAcks()))
	case "1":
		opts = append(opts, kgo.RequiredAcks(kgo.LeaderAck()))
	case "0": // no answer says when
		p.heard = nil
		opts = append(opts, kgo.RequiredAcks(kgo.NoAck()))
	}
	if !s.Idempotent {
		opts = append(opts, kgo.DisableIdempotentWrite(), kgo.MaxProduceRequestsInflightPerBroker(s.InFlight))
	}
	if s.Transactions.Records > 0 {
		opts = append(opts, kgo.TransactionalID(r.clientID("", f.Name, i)), kgo.TransactionTimeout(transactionTimeout))
	}
	client, err := kgo.NewClient(append(opts, persistent()...)...)
	if err != nil {
		return nil, fmt.Errorf("making client %d of fleet %s: %w", i, f.Name, err)
	}
	p.client = client
	if s.Transactions.Records > 0 {
		if p.txn, err = newTransactions(p, r.Scenario.Seed, r.clock.now); err != nil {
			client.Close()
			return nil, err
		}
	}
	return p, nil
}

// partitioner is how a fleet's records find their partition. Round robin begins at
// partition 0 in every client and leaves out partitions without a leader, as the
// Java client's RoundRobinPartitioner.
func partitioner(p scenario.Partition) kgo.Partitioner {
	switch {
	case p.Fixed:
		return kgo.ManualPartitioner()
	case p.RoundRobin:
		return kgo.RoundRobinPartitioner()
	}
	return kgo.StickyKeyPartitioner(nil)
}

// random is the source of a client's payloads, from the scenario's seed.
func (r *run) random(fleet string, i int) *rand.ChaCha8 {
	var seed [32]byte
	copy(seed[:], fmt.Sprintf("%d/%d/%s", r.Scenario.Seed, i, fleet))
	return rand.NewChaCha8(seed)
}

var (
	errHungUp = errors.New("the broker closed a new connection before its first answer")
	errSilent = errors.New("the broker took a new connection and gave it no answer, as Apache Kafka does over max.connections")
	errQueued = errors.New("the broker took no new connection while others stood, as when Apache Kafka's queue of those over max.connections is full; it may hang, or a firewall drop new ones")
)

// unmet says in words why a connection did not come about, where franz-go guesses at
// TLS and SASL, with which the run has begun, or the system names its call. Others tells
// that there are some to the same broker.
func unmet(err error, others bool) error {
	var early *kgo.ErrFirstReadEOF
	var dial *net.OpError
	switch {
	case errors.As(err, &dial) && dial.Op == "dial" && dial.Timeout() && others:
		return errQueued
	case errors.As(err, &dial) && dial.Op == "dial":
	case errors.As(err, &early), errors.Is(err, syscall.ECONNRESET):
		return errHungUp
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded) && others: // the second in a TLS handshake
		return errSilent
	}
	return err
}

// connectHook counts connections that did not come about: refused, or closed before
// the first answer, as a cluster does over its limit on connections.
type connectHook struct {
	*run
	tap *tap
}

func (h connectHook) OnBrokerConnect(b kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, kgo.ErrClientClosed) {
		return
	}
	addr := net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
	met := unmet(err, h.observer.stands(addr))
	h.tap.waits.change(addr, func(l *lane, _ time.Duration) { l.refused, l.crowded = err != nil, errors.Is(met, errQueued) })
	switch {
	case err == nil:
	case tooManyConnects(err):
		h.observer.turnedAway(addr)
		h.errors.add("connect", err, h.clock.now())
	case refusedLogin(err):
		h.logins.refused(err)
	default:
		h.errors.add("connect", met, h.clock.now())
	}
}

// tooManyConnects tells a login that was refused for the rate of logins: so MSK's IAM
// listeners say that a limit on connection attempts is met.
func tooManyConnects(err error) bool {
	return refusedLogin(err) && limits.TooManyConnects(err.Error())
}

// batchHook counts record batches as the client library reports them.
type batchHook struct {
	written func(topic string, partition int32, records int, bytes int64)
	read    func(topic string, partition int32, bytes int64)
}

func (h *batchHook) OnProduceBatchWritten(_ kgo.BrokerMetadata, topic string, partition int32, m kgo.ProduceBatchMetrics) {
	if h.written != nil {
		h.written(topic, partition, m.NumRecords, int64(m.CompressedBytes)+batchHeader)
	}
}

func (h *batchHook) OnFetchBatchRead(_ kgo.BrokerMetadata, topic string, partition int32, m kgo.FetchBatchMetrics) {
	if h.read != nil {
		h.read(topic, partition, int64(m.CompressedBytes)+batchHeader)
	}
}

// writtenBy notes an acknowledged batch under its partition.
func (r *run) writtenBy(idempotent bool) func(topic string, partition int32, records int, bytes int64) {
	return func(topic string, partition int32, records int, bytes int64) {
		if p := r.partition(topic, partition); p != nil {
			p.written(r.clock.now(), records, bytes, idempotent)
		}
	}
}

// read notes a batch that a group received.
func (r *run) read(topic string, partition int32, bytes int64) {
	if p := r.partition(topic, partition); p != nil {
		p.read(r.clock.now(), bytes)
	}
}

func (r *run) partition(topic string, partition int32) *partitionLoad {
	all := r.loads[topic]
	if int(partition) >= len(all) {
		return nil
	}
	return all[partition]
}

// newFleet fixes what a producer fleet's clients share.
func (r *run) newFleet(p scenario.Producer) *fleet {
	f := &fleet{
		Producer: p, stamp: r.stamp, skew: r.skew, errors: r.errors, pace: r.pace.fleet(p.Settings.ConnectRate),
		spans: r.spans, end: r.end,
	}
	for _, t := range r.topicsNamed(p.Topic) {
		f.topics = append(f.topics, target{t.Actual, r.loads[t.Actual]})
	}
	if p.Key.Keys > 0 {
		f.keys = scenario.NewKeys(p.Key, r.Scenario.Seed, p.Name)
	}
	f.values = scenario.NewValues(p.Value, r.Scenario.Seed, p.Name)
	if r.unread(p) && patternless(p) {
		f.pool = newPool(p.Value.Size.Max, r.random(p.Name, p.Clients))
	}
	for _, h := range p.Headers {
		f.headers = append(f.headers, kgo.RecordHeader{Key: h.Name, Value: []byte(h.Value)})
	}
	for _, ph := range r.Scenario.Phases {
		f.measured = append(f.measured, ph.Measure)
	}
	f.recordBytes = p.MeanBytes()
	if !p.Rate.Max {
		f.schedule = scenario.NewSchedule(p, r.Scenario.Phases, r.Scenario.Seed)
	}
	return f
}
