package kafkatest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	readyTimeout = 90 * time.Second // about 5 s on an idle machine of 2 cores
	stopTimeout  = 10 * time.Second
	logTail      = 60 // lines
)

// Options says what to start. The zero value is one broker.
type Options struct {
	Brokers int // 1 to 3; 0 means 1
	// Properties are further settings of each broker, in place of those of the
	// same name that Start would choose.
	Properties map[string]string
	// Users are names and passwords. With them each broker has a second listener,
	// Login, on which clients log in with SASL, mechanism PLAIN.
	Users map[string]string
	// Secured adds listeners on which clients prove who they are over TLS, and
	// permissions; nil: none, everybody may do everything.
	Secured *Secured
	// Old starts Apache Kafka 2.8, the oldest APIs that MSK Serverless may offer.
	// It takes neither Users nor Secured.
	Old bool
	// Advertise returns the address that clients are told instead of the broker's
	// own; nil: its own. Brokers among each other use what clients are told.
	Advertise func(t testing.TB, address string) string
}

func (o Options) brokers() int { return max(1, o.Brokers) }

// Broker is a running Apache Kafka: one or several brokers, numbered from 1, of
// which the first is also the controller.
type Broker struct {
	nodes     []*node
	bootstrap []string
	authority *Authority // nil without Secured
	admin     *kadm.Client
}

// Start starts Apache Kafka on free loopback ports, with its data in a
// temporary folder, and returns when every broker is known and answers. It is
// stopped when the test ends; the end of its log is printed if the test failed.
//
// Topics get one partition and one replica unless told otherwise, and are not
// created by being used. The cluster's own topics have a replica on each broker.
func Start(t testing.TB, o Options) *Broker {
	t.Helper()
	Need(t)
	b := &Broker{}
	if o.Secured != nil {
		b.authority = NewAuthority(t)
		o.Secured.prepare(t, b.authority)
	}
	b.nodes = planNodes(t, o)
	if o.Old {
		startZooKeeper(t, b.nodes[0])
	}
	for _, n := range b.nodes {
		b.bootstrap = append(b.bootstrap, n.listeners[0].advertised)
		n.format(t)
		n.run(t)
		t.Cleanup(func() { n.end(t) })
	}
	b.waitReady(t)
	client, err := kgo.NewClient(kgo.SeedBrokers(b.bootstrap...), kgo.ClientID("kafkatest"))
	if err != nil {
		t.Fatalf("creating the admin client: %v", err)
	}
	t.Cleanup(client.Close)
	b.admin = kadm.NewClient(client)
	return b
}

// Bootstrap returns the addresses of all brokers, separated by commas.
func (b *Broker) Bootstrap() string { return strings.Join(b.bootstrap, ",") }

// Login returns the addresses at which clients must log in.
func (b *Broker) Login() []string { return b.At(login) }

// At returns the addresses of a listener on all brokers.
func (b *Broker) At(listener string) []string {
	var all []string
	for _, n := range b.nodes {
		for _, l := range n.listeners {
			if l.name == listener {
				all = append(all, l.address)
			}
		}
	}
	return all
}

// Authority returns what signed the certificates of the listeners with TLS.
func (b *Broker) Authority() *Authority { return b.authority }

// Kill ends a broker with SIGKILL, as a machine that loses its power, and returns
// when the process is gone. Broker 1 is the controller, without which nothing
// that happens to the others is noticed.
func (b *Broker) Kill(t testing.TB, id int) {
	t.Helper()
	n := b.nodes[id-1]
	if err := n.process.Kill(); err != nil {
		t.Fatalf("killing broker %d: %v", id, err)
	}
	<-n.ended
}

// Restart starts a broker again that was killed, with the data that it left. It
// returns at once; the broker needs some seconds.
func (b *Broker) Restart(t testing.TB, id int) {
	t.Helper()
	b.nodes[id-1].run(t)
}

func (b *Broker) waitReady(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), readyTimeout)
	defer cancel()
	for _, n := range b.nodes {
		waitFor(ctx, t, "every broker to be known to "+n.listeners[0].address, func() (bool, error) {
			select {
			case <-n.ended:
				t.Fatalf("broker %d ended instead of starting: %v", n.id, n.err)
			default:
			}
			known, err := metadata(ctx, n.listeners[0].address)
			return err == nil && len(known.Brokers) == len(b.nodes), err
		})
	}
}
