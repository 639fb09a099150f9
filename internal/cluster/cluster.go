// Package cluster is the Kafka cluster that a run drives, seen from the side of
// administration: what it is, the topics and groups of the run, log offsets. It
// creates and deletes only what carries the run's own prefix.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/limits"
	"msklt/scenario"
)

// ErrEnvironment marks errors that the scenario cannot help: no connection, no
// permission, a topic that the cluster refuses.
var ErrEnvironment = errors.New("environment")

// Errorf makes an error that is ErrEnvironment; the format is fmt.Errorf's.
func Errorf(format string, args ...any) error {
	for i, a := range args {
		var early *kgo.ErrFirstReadEOF
		if err, ok := a.(error); ok && errors.As(err, &early) {
			args[i] = hungUpError{err}
		}
	}
	return environmentError{fmt.Errorf(format, args...)}
}

type environmentError struct{ error }

func (e environmentError) Is(target error) bool { return target == ErrEnvironment }
func (e environmentError) Unwrap() error        { return e.error }

// Requests that a cluster cannot answer yet are sent again after a pause, for so
// long.
const (
	retryPause   = 200 * time.Millisecond
	retryTimeout = 30 * time.Second
)

// Cluster is an open connection to a cluster.
type Cluster struct {
	client   *kgo.Client
	admin    *kadm.Client
	Kind     limits.ClusterKind
	APILevel string // the Apache Kafka release whose APIs the brokers offer, or their highest versions
	Brokers  []int32
	// versions are the highest that every broker offers, by API.
	versions map[kmsg.Key]int16
	pace     *limits.ChangePace
	patience time.Duration // for the answer to a removal; 0: answerTimeout
	most     int           // partitions that the cluster is declared to have room for; 0: any number
	opened   time.Time
	// Nodes maps the address that a broker advertises to its id.
	Nodes map[string]int32
	// Seeds are the bootstrap addresses that answer. Clients begin at any of those that
	// they have, and would wait at one that does not.
	Seeds []string

	meeting Meeting
}

// Open connects and reads what the cluster is. The options are those of the
// client that carries the administration's requests.
func Open(ctx context.Context, bootstrap []string, opts ...kgo.Opt) (*Cluster, error) {
	c := &Cluster{Kind: kindOf(bootstrap), pace: &limits.ChangePace{}, opened: time.Now()}
	opts = append(slices.Clone(opts),
		kgo.SeedBrokers(bootstrap...), kgo.WithHooks(&c.meeting),
		// A broker does not lead a new partition before it has made its log; with
		// growing pauses, 200 topics would take half a minute, and with an older idea of
		// its leader each may take five seconds.
		kgo.RetryBackoffFn(func(int) time.Duration { return retryPause }), kgo.MetadataMinAge(retryPause),
		kgo.RequestRetries(int(retryTimeout/retryPause)), kgo.RetryTimeout(retryTimeout))
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, Errorf("bootstrap %s: %w", strings.Join(bootstrap, ","), err)
	}
	c.client, c.admin = client, kadm.NewClient(client)
	if err := c.describe(ctx, bootstrap); err != nil {
		client.Close()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) describe(ctx context.Context, bootstrap []string) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := c.reach(ctx, bootstrap); err != nil {
		return err
	}
	m, err := c.brokers(ctx)
	for (tooMany(err) || errors.Is(err, errNoBrokers)) && pause(ctx) {
		if again, other := c.brokers(ctx); ctx.Err() == nil { // else it tells of nothing but the time that is up
			m, err = again, other
		}
	}
	if err != nil {
		return Errorf("reading the brokers of %s: %w", strings.Join(bootstrap, ","), c.meeting.Why(err))
	}
	c.Nodes = map[string]int32{}
	for _, b := range m.Brokers {
		c.Brokers = append(c.Brokers, b.NodeID)
		c.Nodes[net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))] = b.NodeID
	}
	versions, err := c.admin.ApiVersions(ctx)
	if err != nil {
		return Errorf("reading API versions: %w", c.meeting.Why(err))
	}
	for _, v := range versions {
		if v.Err == nil {
			c.APILevel = level(v)
			c.offered(v)
		}
	}
	return nil
}

// errNoBrokers may pass: a cluster that is starting says so.
var errNoBrokers = errors.New("its addresses name no brokers; see whether they are up")

// brokers reads which brokers there are, at least one. The ping lets the client know
// them, too.
func (c *Cluster) brokers(ctx context.Context) (kadm.Metadata, error) {
	if err := c.client.Ping(ctx); err != nil {
		return kadm.Metadata{}, err
	}
	m, err := c.admin.BrokerMetadata(ctx)
	if err == nil && len(m.Brokers) == 0 {
		err = errNoBrokers
	}
	return m, err
}

// offered takes over the versions that a broker offers.
func (c *Cluster) offered(v kadm.BrokerApiVersions) {
	if c.versions == nil {
		c.versions = map[kmsg.Key]int16{}
	}
	v.EachKeySorted(func(key, _, highest int16) {
		if known, ok := c.versions[kmsg.Key(key)]; !ok || highest < known {
			c.versions[kmsg.Key(key)] = highest
		}
	})
}

// level names a Kafka release where the offered APIs are those of one, and the
// versions that matter here where they are a mixture.
func level(v kadm.BrokerApiVersions) string {
	guess := v.VersionGuess()
	if strings.HasPrefix(guess, "v") || strings.HasPrefix(guess, "at least") {
		return "Kafka " + guess
	}
	_, produce, _ := v.KeyVersions(int16(kmsg.Produce))
	_, fetch, _ := v.KeyVersions(int16(kmsg.Fetch))
	return fmt.Sprintf("produce v%d, fetch v%d", produce, fetch)
}

// kindOf tells MSK Serverless by its host names.
func kindOf(bootstrap []string) limits.ClusterKind {
	if slices.ContainsFunc(bootstrap, scenario.ServerlessHost) {
		return limits.MSKServerless
	}
	return limits.ApacheKafka
}

// Close closes the connection.
func (c *Cluster) Close() { c.client.Close() }

// refused wraps what a cluster answered to a request that takes a permission.
func (c *Cluster) refused(doing string, takes needed, err error) error {
	err = c.meeting.Why(err)
	hint := ""
	switch {
	case lacks(err):
		hint = " (the client lacks the permission" + takes.named(err) + "; " + seeCheck + ")"
	case errors.Is(err, kerr.InvalidReplicationFactor):
		hint = " (the cluster has fewer brokers than that, or prescribes how many replicas there are, as MSK Serverless does: leave replication_factor out for its own)"
	}
	return Errorf("%s: %w%s", doing, err, hint)
}
