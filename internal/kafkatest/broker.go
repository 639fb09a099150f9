package kafkatest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
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
}

// Broker is a running Apache Kafka: one or several brokers, of which the first
// is also the controller.
type Broker struct {
	bootstrap []string
	admin     *kadm.Client
}

// Start starts Apache Kafka on free loopback ports, with its data in a
// temporary folder, and returns when every broker is known and answers. It is
// stopped when the test ends; the end of its log is printed if the test failed.
//
// Topics get one partition and one replica unless told otherwise, and are not
// created by being used.
func Start(t testing.TB, o Options) *Broker {
	t.Helper()
	Need(t)
	nodes := planNodes(t, max(1, o.Brokers))
	b := &Broker{}
	exited := make(chan error, len(nodes))
	for _, n := range nodes {
		b.bootstrap = append(b.bootstrap, n.address)
		n.format(t)
		n.run(t, exited)
	}
	b.waitReady(t, exited)
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

func (b *Broker) waitReady(t testing.TB, exited <-chan error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), readyTimeout)
	defer cancel()
	for _, address := range b.bootstrap {
		waitFor(ctx, t, "every broker to be known to "+address, func() (bool, error) {
			select {
			case err := <-exited:
				t.Fatalf("Apache Kafka ended instead of starting: %v", err)
			default:
			}
			known, err := metadata(ctx, address)
			return err == nil && len(known.Brokers) == len(b.bootstrap), err
		})
	}
}

// node is one process of Apache Kafka.
type node struct {
	id         int
	address    string // where clients connect
	controller string // where the only controller, that of node 1, listens
	voters     string
	clusterID  string
	dir        string
}

func planNodes(t testing.TB, count int) []node {
	t.Helper()
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		t.Fatalf("choosing a cluster id: %v", err)
	}
	dir := tempDir(t)
	controller := freeAddress(t)
	nodes := make([]node, count)
	for i := range nodes {
		nodes[i] = node{
			id:         i + 1,
			address:    freeAddress(t),
			controller: controller,
			voters:     "1@" + controller,
			clusterID:  base64.RawURLEncoding.EncodeToString(id[:]),
			dir:        filepath.Join(dir, strconv.Itoa(i+1)),
		}
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

func (n node) properties() string {
	roles, listeners := "broker", "PLAINTEXT://"+n.address
	if n.id == 1 {
		roles, listeners = "broker,controller", listeners+",CONTROLLER://"+n.controller
	}
	return strings.Join([]string{
		"process.roles=" + roles,
		"node.id=" + strconv.Itoa(n.id),
		"controller.quorum.voters=" + n.voters,
		"controller.listener.names=CONTROLLER",
		"listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"listeners=" + listeners,
		"advertised.listeners=PLAINTEXT://" + n.address,
		"log.dirs=" + filepath.ToSlash(filepath.Join(n.dir, "data")),
		"num.partitions=1",
		"auto.create.topics.enable=false",
		"offsets.topic.replication.factor=1",
		"offsets.topic.num.partitions=1",
		"transaction.state.log.replication.factor=1",
		"transaction.state.log.min.isr=1",
		"transaction.state.log.num.partitions=1",
		"group.initial.rebalance.delay.ms=0",
		"",
	}, "\n")
}

func (n node) configFile() string { return filepath.Join(n.dir, "server.properties") }

func (n node) format(t testing.TB) {
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

// run starts the process, sends its end to exited, and stops it when the test ends.
func (n node) run(t testing.TB, exited chan<- error) {
	t.Helper()
	log, err := os.Create(filepath.Join(n.dir, "log"))
	if err != nil {
		t.Fatalf("creating the log of broker %d: %v", n.id, err)
	}
	jvm := []string{"-Xmx512m", "-Dkafkatest.level=info"}
	cmd := exec.Command("java", javaArgs(t, jvm, "kafka.Kafka", n.configFile())...)
	cmd.Stdout, cmd.Stderr = log, log
	started, ended := make(chan error), make(chan struct{})
	go func() {
		defer close(ended)
		err := runBound(cmd, started)
		exited <- fmt.Errorf("broker %d: %w", n.id, err)
	}()
	if err := <-started; err != nil {
		log.Close()
		t.Fatalf("starting broker %d: %v", n.id, err)
	}
	t.Cleanup(func() {
		if t.Failed() { // before the lines of stopping
			t.Logf("the log of broker %d ends:\n%s", n.id, lastLines(log.Name(), logTail))
		}
		stop(t, cmd.Process, ended)
		log.Close()
	})
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
