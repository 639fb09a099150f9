package kafkatest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
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
	// Advertise returns the address that clients are told instead of the broker's
	// own; nil: its own. Brokers among each other use what clients are told.
	Advertise func(t testing.TB, address string) string
}

// Broker is a running Apache Kafka: one or several brokers, numbered from 1, of
// which the first is also the controller.
type Broker struct {
	nodes     []*node
	bootstrap []string
	login     []string
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
	b := &Broker{nodes: planNodes(t, o)}
	for _, n := range b.nodes {
		b.bootstrap = append(b.bootstrap, n.advertised)
		if n.login != "" {
			b.login = append(b.login, n.login)
		}
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
func (b *Broker) Login() []string { return b.login }

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
		waitFor(ctx, t, "every broker to be known to "+n.address, func() (bool, error) {
			select {
			case <-n.ended:
				t.Fatalf("broker %d ended instead of starting: %v", n.id, n.err)
			default:
			}
			known, err := metadata(ctx, n.address)
			return err == nil && len(known.Brokers) == len(b.nodes), err
		})
	}
}

// node is one broker, in one process of Apache Kafka after another.
type node struct {
	id         int
	address    string // where it listens
	advertised string // where clients are told to connect
	login      string // where clients must log in; "" for no such listener
	controller string // where the only controller, that of node 1, listens
	voters     string
	clusterID  string
	dir        string
	of         Options

	process *os.Process
	ended   chan struct{} // closed when the process has ended
	err     error         // how it ended; then
}

func planNodes(t testing.TB, o Options) []*node {
	t.Helper()
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		t.Fatalf("choosing a cluster id: %v", err)
	}
	dir := tempDir(t)
	controller := freeAddress(t)
	nodes := make([]*node, max(1, o.Brokers))
	for i := range nodes {
		n := &node{
			id:         i + 1,
			address:    freeAddress(t),
			controller: controller,
			voters:     "1@" + controller,
			clusterID:  base64.RawURLEncoding.EncodeToString(id[:]),
			dir:        filepath.Join(dir, strconv.Itoa(i+1)),
			of:         o,
		}
		n.advertised = n.address
		if o.Advertise != nil {
			n.advertised = o.Advertise(t, n.address)
		}
		if len(o.Users) > 0 {
			n.login = freeAddress(t)
		}
		nodes[i] = n
	}
	return nodes
}

// freeAddress returns a loopback address on which nobody listens. A connection
// is made to it and closed from its own side: that leaves the port in TIME_WAIT,
// so that the kernel gives it to nobody else for a minute, while a server, which
// sets SO_REUSEADDR, can still listen on it.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("looking for a free port: %v", err)
	}
	defer l.Close()
	dialled, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatalf("reserving a free port: %v", err)
	}
	defer dialled.Close()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatalf("reserving a free port: %v", err)
	}
	accepted.Close()
	return l.Addr().String()
}

// properties is the broker's server.properties.
func (n *node) properties() string {
	brokers := strconv.Itoa(max(1, n.of.Brokers))
	roles, listeners, advertised := "broker", "PLAINTEXT://"+n.address, "PLAINTEXT://"+n.advertised
	if n.login != "" {
		listeners += ",SASL_PLAINTEXT://" + n.login
		advertised += ",SASL_PLAINTEXT://" + n.login
	}
	if n.id == 1 {
		roles, listeners = "broker,controller", listeners+",CONTROLLER://"+n.controller
	}
	all := map[string]string{
		"process.roles":                            roles,
		"node.id":                                  strconv.Itoa(n.id),
		"controller.quorum.voters":                 n.voters,
		"controller.listener.names":                "CONTROLLER",
		"listener.security.protocol.map":           "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT",
		"listeners":                                listeners,
		"advertised.listeners":                     advertised,
		"log.dirs":                                 filepath.ToSlash(filepath.Join(n.dir, "data")),
		"num.partitions":                           "1",
		"auto.create.topics.enable":                "false",
		"offsets.topic.replication.factor":         brokers,
		"offsets.topic.num.partitions":             "1",
		"transaction.state.log.replication.factor": brokers,
		"transaction.state.log.min.isr":            "1",
		"transaction.state.log.num.partitions":     "1",
		"group.initial.rebalance.delay.ms":         "0",
	}
	if n.login != "" {
		login := "org.apache.kafka.common.security.plain.PlainLoginModule required"
		for name, password := range n.of.Users {
			login += fmt.Sprintf(" user_%s=%q", name, password)
		}
		all["sasl.enabled.mechanisms"] = "PLAIN"
		all["listener.name.sasl_plaintext.plain.sasl.jaas.config"] = login + ";"
	}
	maps.Copy(all, n.of.Properties)
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&lines, "%s=%s\n", name, all[name])
	}
	return lines.String()
}

func (n *node) configFile() string { return filepath.Join(n.dir, "server.properties") }

func (n *node) logFile() string { return filepath.Join(n.dir, "log") }

func (n *node) format(t testing.TB) {
	t.Helper()
	if err := os.MkdirAll(n.dir, 0o755); err != nil {
		t.Fatalf("creating a folder for broker %d: %v", n.id, err)
	}
	if err := os.WriteFile(n.configFile(), []byte(n.properties()), 0o644); err != nil {
		t.Fatalf("configuring broker %d: %v", n.id, err)
	}
	_, err := Java(t, t.Context(), "kafka.tools.StorageTool", "format",
		"--cluster-id="+n.clusterID, "--config", n.configFile()) // in one word: an id may begin with -
	if err != nil {
		t.Fatalf("formatting the storage of broker %d: %v", n.id, err)
	}
}

// run starts the process.
func (n *node) run(t testing.TB) {
	t.Helper()
	log, err := os.OpenFile(n.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatalf("opening the log of broker %d: %v", n.id, err)
	}
	jvm := []string{"-Xmx512m", "-Dkafkatest.level=info"}
	cmd := exec.Command("java", javaArgs(t, jvm, "kafka.Kafka", n.configFile())...)
	cmd.Stdout, cmd.Stderr = log, log
	started, ended := make(chan error), make(chan struct{})
	go func() {
		defer close(ended)
		n.err = runBound(cmd, started)
		log.Close()
	}()
	if err := <-started; err != nil {
		t.Fatalf("starting broker %d: %v", n.id, err)
	}
	n.process, n.ended = cmd.Process, ended
}

// end stops the broker when the test ends.
func (n *node) end(t testing.TB) {
	if t.Failed() { // before the lines of stopping
		t.Logf("the log of broker %d ends:\n%s", n.id, lastLines(n.logFile(), logTail))
	}
	stop(t, n.process, n.ended)
}

// stop ends the process, gently at first.
func stop(t testing.TB, p *os.Process, ended <-chan struct{}) {
	if err := p.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("stopping Apache Kafka: %v", err)
	}
	select {
	case <-ended:
		return
	case <-time.After(stopTimeout):
	}
	if err := p.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("killing Apache Kafka: %v", err)
	}
	<-ended
}

func lastLines(path string, count int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(text, []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-count):], []byte("\n")))
}
