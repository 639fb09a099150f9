package main

import (
	"bufio"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/msk"
	"msklt/scenario"
)

// TestClusterAsServerless starts the cluster on its own and logs in as a client of
// Amazon MSK does that finds in its environment what the cluster has printed.
func TestClusterAsServerless(t *testing.T) {
	c := exec.CommandContext(t.Context(), os.Args[0], "cluster", "--as", "msk-serverless", "--topic", "theirs:4")
	c.Env = append(os.Environ(), "MSKLT_TEST_MAIN=1")
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = c.Process.Signal(os.Interrupt)
		_ = c.Wait()
	}()
	lines := bufio.NewScanner(stdout)
	lines.Scan()
	brokers := strings.Split(lines.Text(), ",")
	assignment := regexp.MustCompile(`^export (AWS_[A-Z_]+)=([\w-]+)$`)
	for range 3 {
		lines.Scan()
		m := assignment.FindStringSubmatch(lines.Text())
		if m == nil {
			t.Fatalf("printed %q", lines.Text())
		}
		t.Setenv(m[1], m[2])
	}
	account, err := msk.NewAccount(t.Context(), scenario.AWS{}, brokers, "")
	if err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.SASL(account.Mechanism()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	topics, err := kadm.NewClient(client).ListTopics(t.Context())
	if err != nil || len(brokers) != 3 || len(topics["theirs"].Partitions) != 4 {
		t.Errorf("%v on %v, %v", topics, brokers, err)
	}
}
