// Package embedded is a Kafka cluster inside the process, for any Kafka client,
// that enforces quotas: franz-go's kfake speaks the protocol, this package adds
// the limits, following Apache Kafka 4.3's published algorithm, and records what
// really happened so that measurements can be held against it.
//
// It is an emulation of Kafka's quotas with whatever numbers it is given, not of
// Amazon MSK's unpublished limiter. Nothing is replicated, nothing is written to
// disk, and the oldest records go when memory runs short.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"msklt/internal/limits"
)

const (
	defaultBrokers = 3
	defaultListen  = "127.0.0.1:0"

	// closeWait bounds how long Close waits for the answers to produce requests
	// that the log has taken.
	closeWait = time.Second
)

// Config says what to start.
type Config struct {
	// Brokers is the number of brokers; 0 means 3. Partition p of every topic is
	// led by broker p mod Brokers.
	Brokers int
	// Listen is HOST:PORT; broker i listens on PORT+i, or on any free port where
	// PORT is 0. Empty means 127.0.0.1:0.
	Listen string
	// Topics to create, with their partition counts.
	Topics map[string]int32
	// Limits to enforce; what is not declared is unlimited.
	Limits limits.Limits
	// As is what the cluster passes for: "" is Apache Kafka 4.3, [MSKServerless] has
	// that one's login, API versions and rules for topics.
	As string
	// IAM is who may log in; needed with MSKServerless, unused otherwise.
	IAM *IAM
	// Discard acknowledges and counts what is produced but keeps none of it.
	Discard bool

	// OnNetwork replaces net.Listen: a network in memory gives virtual time
	// (testing/synctest).
	OnNetwork func(network, address string) (net.Listener, error)
}

// Cluster is a running embedded cluster.
type Cluster struct {
	kafka     *kfake.Cluster
	listeners []*listener
	quotas    *quotas
	caps      *caps
	directory *directory
	retention *retention
	faults    *faults
	discard   bool

	serverless *serverless // nil where it passes for Apache Kafka

	closing   chan struct{} // closed first: no request is taken any more
	ready     chan struct{} // closed when leaders are placed: clients may connect
	closeOnce sync.Once
	admission admission

	adminMu sync.RWMutex // held for reading while kafka is asked something
	closed  bool
	final   []Row // the log block as it was at Close
}

// Start starts a cluster and returns when it accepts clients. The context is for
// starting only. An address that cannot be listened on is named in the error.
func Start(ctx context.Context, cfg Config) (*Cluster, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start embedded cluster: %w", err)
	}
	if cfg.Brokers == 0 {
		cfg.Brokers = defaultBrokers
	}
	if cfg.Listen == "" {
		cfg.Listen = defaultListen
	}
	if cfg.OnNetwork == nil {
		cfg.OnNetwork = net.Listen
	}
	if cfg.Brokers < 0 {
		return nil, fmt.Errorf("start embedded cluster: %d brokers", cfg.Brokers)
	}
	c := &Cluster{
		quotas:  newQuotas(cfg.Limits, cfg.Brokers),
		caps:    newCaps(cfg.Limits),
		discard: cfg.Discard,
		closing: make(chan struct{}),
		ready:   make(chan struct{}),
	}
	c.directory = newDirectory(c)
	c.retention = newRetention(c)
	c.faults = newFaults(c)
	var err error
	if c.serverless, err = newServerless(cfg); err != nil {
		return nil, fmt.Errorf("start embedded cluster: %w", err)
	}
	if err := c.startKafka(cfg); err != nil {
		return nil, fmt.Errorf("start embedded cluster: %w", err)
	}
	for topic := range cfg.Topics {
		c.placeLeaders(topic)
	}
	close(c.ready)
	return c, nil
}

func (c *Cluster) startKafka(cfg Config) error {
	host, portText, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return fmt.Errorf("read address to listen on: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return fmt.Errorf("read port of %s: %w", cfg.Listen, err)
	}
	opts := []kfake.Opt{
		kfake.NumBrokers(cfg.Brokers),
		kfake.MaxVersions(apiVersions(cfg.As)),
		kfake.DefaultNumPartitions(defaultPartitions),
		kfake.BrokerConfigs(map[string]string{
			"log.segment.bytes":   strconv.Itoa(segmentBytes),
			"log.retention.bytes": strconv.Itoa(partitionRetention),
			// kfake looks at retention.ms and compaction as often as this.
			"log.cleaner.backoff.ms": "15000",
		}),
		kfake.ListenFn(func(network, _ string) (net.Listener, error) {
			node := int32(len(c.listeners))
			p := port
			if port != 0 {
				p += int(node)
			}
			ln, err := cfg.OnNetwork(network, net.JoinHostPort(host, strconv.Itoa(p)))
			if err != nil {
				return nil, err // a net.OpError names the address
			}
			l := newListener(c, node, ln, cfg, host)
			c.listeners = append(c.listeners, l)
			return l, nil
		}),
	}
	for topic, partitions := range cfg.Topics {
		opts = append(opts, kfake.SeedTopics(partitions, topic))
	}
	if cfg.Discard {
		opts = append(opts, kfake.BlackholeProduce())
	}
	if c.kafka, err = kfake.NewCluster(opts...); err != nil {
		for _, l := range c.listeners {
			err = errors.Join(err, l.internal.Close())
		}
		return err
	}
	return nil
}

// apiVersions is what kfake speaks: Apache Kafka 4.3, without DescribeTopicPartitions,
// whose answer from kfake makes Java's AdminClient fail; or the release whose
// behaviour Amazon MSK Serverless has.
func apiVersions(as string) *kversion.Versions {
	if as == MSKServerless {
		return kversion.V2_8_0()
	}
	v := kversion.V4_3_0()
	v.SetMaxKeyVersion(int16(kmsg.DescribeTopicPartitions), -1)
	return v
}

// Bootstrap returns the brokers' addresses, in the order of their ids.
func (c *Cluster) Bootstrap() []string {
	addrs := make([]string, len(c.listeners))
	for i, l := range c.listeners {
		addrs[i] = l.Addr().String()
	}
	return addrs
}

// Truth returns what really happened; it may be asked while the cluster runs and
// after it is closed.
func (c *Cluster) Truth() *Truth { return &Truth{c} }

// Close stops taking requests, lets the answers to produce requests that the log
// has taken be counted, and stops the cluster. It leaves nothing behind but its
// truth.
func (c *Cluster) Close() error {
	var err error
	c.closeOnce.Do(func() {
		close(c.closing)
		c.admission.drain(closeWait)
		final := c.logBlock()
		c.adminMu.Lock()
		c.closed, c.final = true, final
		c.kafka.Close()
		c.adminMu.Unlock()
		for _, l := range c.listeners {
			err = errors.Join(err, l.closeAll())
		}
	})
	return err
}

// ask runs f, which asks kafka something on its own goroutine, unless the cluster
// is closed: kfake would then never answer. It must not be called from there.
func (c *Cluster) ask(f func(k *kfake.Cluster)) {
	c.adminMu.RLock()
	defer c.adminMu.RUnlock()
	if !c.closed {
		f(c.kafka)
	}
}

// placeLeaders puts partition p of a topic on broker p mod n, or in its place on
// one that is up; kfake would choose at random.
func (c *Cluster) placeLeaders(topic string) {
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	var infos []*kfake.PartitionInfo
	c.ask(func(k *kfake.Cluster) { infos = k.PartitionInfos(topic) })
	for _, p := range infos {
		home := p.Partition % int32(len(c.listeners))
		switch {
		case c.faults.down[home]:
			c.displace(place{topic, p.Partition}, home)
		case p.Leader != home:
			// It fails only for a topic that has just been deleted.
			_ = c.lead(place{topic, p.Partition}, home)
		}
	}
	c.directory.named(topic)
}

// logBlock returns the log block of the truth: every partition of every topic that
// was there, deleted ones as they were last.
func (c *Cluster) logBlock() []Row {
	c.adminMu.RLock()
	closed, final := c.closed, c.final
	c.adminMu.RUnlock()
	if closed {
		return final
	}
	rows := c.directory.deletedLogs()
	for _, t := range c.directory.all() {
		rows = append(rows, c.logOf(t)...)
	}
	slices.SortStableFunc(rows, compareRows)
	return rows
}

// logOf asks kafka where the logs of one topic begin and end.
func (c *Cluster) logOf(t *topic) []Row {
	var infos []*kfake.PartitionInfo
	c.ask(func(k *kfake.Cluster) { infos = k.PartitionInfos(t.name) })
	rows := make([]Row, 0, len(infos))
	for _, p := range infos {
		total := c.quotas.totals(t, p.Partition)
		rows = append(rows, Row{
			Scope: "log", Topic: t.name, Partition: p.Partition, Broker: p.Leader,
			LogStart: p.LogStartOffset, LogEnd: p.HighWatermark,
			RecordsIn: total.recordsIn, BytesIn: total.bytesIn, BytesOut: total.bytesOut,
		})
	}
	return rows
}

// admission counts produce requests between being read and being answered.
type admission struct {
	mu      sync.Mutex
	closed  bool
	pending int
	empty   chan struct{} // closed when drained
}

// enter reports whether another request may be taken.
func (a *admission) enter() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return false
	}
	a.pending++
	return true
}

func (a *admission) leave() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pending--
	if a.closed && a.pending == 0 {
		close(a.empty)
	}
}

// drain lets nothing more in and waits until nothing is pending.
func (a *admission) drain(atMost time.Duration) {
	a.mu.Lock()
	a.closed, a.empty = true, make(chan struct{})
	if a.pending == 0 {
		close(a.empty)
	}
	a.mu.Unlock()
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-a.empty:
	case <-timer.C:
	}
}
