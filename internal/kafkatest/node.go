package kafkatest

import (
	"bytes"
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
)

// node is one broker, in one process of Apache Kafka after another.
type node struct {
	id         int
	listeners  []listener // the first for whoever comes, and for the brokers themselves
	controller string     // where the only controller, that of node 1, listens; Old: ZooKeeper
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
	nodes := make([]*node, o.brokers())
	for i := range nodes {
		n := &node{
			id:         i + 1,
			listeners:  planListeners(t, o, i == len(nodes)-1),
			controller: controller,
			voters:     "1@" + controller,
			clusterID:  base64.RawURLEncoding.EncodeToString(id[:]),
			dir:        filepath.Join(dir, strconv.Itoa(i+1)),
			of:         o,
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
	brokers := strconv.Itoa(n.of.brokers())
	all := map[string]string{
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
	maps.Copy(all, n.identity())
	var protocols, listen, advertise []string
	for _, l := range n.listeners {
		protocols = append(protocols, l.name+":"+l.protocol)
		listen = append(listen, l.name+"://"+l.address)
		advertise = append(advertise, l.name+"://"+l.advertised)
		for key, value := range l.settings {
			all["listener.name."+strings.ToLower(l.name)+"."+key] = value
		}
	}
	if !n.of.Old {
		protocols = append(protocols, "CONTROLLER:PLAINTEXT")
	}
	if n.id == 1 && !n.of.Old {
		listen = append(listen, "CONTROLLER://"+n.controller)
	}
	all["listener.security.protocol.map"] = strings.Join(protocols, ",")
	all["listeners"] = strings.Join(listen, ",")
	all["advertised.listeners"] = strings.Join(advertise, ",")
	if n.of.Secured != nil {
		// Others have no racks: with those, leaders are not spread evenly where each
		// partition has one replica.
		all["broker.rack"] = "rack-" + strconv.Itoa(n.id)
		maps.Copy(all, n.of.Secured.properties(n.of.brokers()))
	}
	maps.Copy(all, n.of.Properties)
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&lines, "%s=%s\n", name, all[name])
	}
	return lines.String()
}

// identity says who the broker is in its cluster.
func (n *node) identity() map[string]string {
	if n.of.Old {
		return map[string]string{"broker.id": strconv.Itoa(n.id), "zookeeper.connect": n.controller}
	}
	roles := "broker"
	if n.id == 1 {
		roles = "broker,controller"
	}
	return map[string]string{
		"process.roles":             roles,
		"node.id":                   strconv.Itoa(n.id),
		"controller.quorum.voters":  n.voters,
		"controller.listener.names": "CONTROLLER",
	}
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
	if n.of.Old {
		return // its broker does so itself
	}
	args := []string{"format", "--cluster-id=" + n.clusterID, "--config", n.configFile()} // in one word: an id may begin with -
	if n.of.Secured != nil {
		args = append(args, n.of.Secured.scram()...)
	}
	_, err := Java(t, t.Context(), "kafka.tools.StorageTool", args...)
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
	jvm, path := []string{"-Xmx512m", "-Dkafkatest.level=info"}, jars(n.of.Old)
	if n.of.Secured != nil {
		path += string(filepath.ListSeparator) + n.of.Secured.classes
	}
	cmd := exec.Command("java", javaArgs(t, jvm, path, "kafka.Kafka", n.configFile())...)
	cmd.Stdout, cmd.Stderr = log, log
	n.process, n.ended = launch(t, cmd, func(err error) {
		n.err = err
		log.Close()
	})
}

// launch starts a process that dies with this one; then is called when it has
// ended, before ended is closed.
func launch(t testing.TB, cmd *exec.Cmd, then func(error)) (p *os.Process, ended chan struct{}) {
	t.Helper()
	started, ended := make(chan error), make(chan struct{})
	go func() {
		defer close(ended)
		then(runBound(cmd, started))
	}()
	if err := <-started; err != nil {
		t.Fatalf("starting %s: %v", cmd, err)
	}
	return cmd.Process, ended
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
