package kafkatest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// startZooKeeper starts what the brokers of the old Apache Kafka keep their cluster
// in, beside the first of them. They wait for it by themselves.
func startZooKeeper(t testing.TB, first *node) {
	t.Helper()
	host, port, err := net.SplitHostPort(first.controller)
	if err != nil {
		t.Fatalf("the address of ZooKeeper: %v", err)
	}
	dir := filepath.Join(filepath.Dir(first.dir), "zookeeper")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatalf("creating a folder for ZooKeeper: %v", err)
	}
	config := filepath.Join(dir, "zoo.cfg")
	text := fmt.Sprintf("dataDir=%s\nclientPort=%s\nclientPortAddress=%s\nadmin.enableServer=false\n", filepath.ToSlash(dir), port, host)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatalf("configuring ZooKeeper: %v", err)
	}
	cmd := exec.Command("java", javaArgs(t, []string{"-Xmx128m"}, jars(true), "org.apache.zookeeper.server.quorum.QuorumPeerMain", config)...)
	process, ended := launch(t, cmd, func(error) {})
	t.Cleanup(func() { stop(t, process, ended) })
}
