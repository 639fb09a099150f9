package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	kafkaReady   = 90 * time.Second // about 5 s on an idle machine of 2 cores
	adminTimeout = 30 * time.Second
)

// apacheKafka is one broker of Apache Kafka as its defaults have it. Deleted
// topics leave the disk after a second, because each run writes a gigabyte.
func apacheKafka() sink {
	return sink{"Apache Kafka", func(b *bench, ctx context.Context) (server, error) { return b.startKafka(ctx) }}
}

func (b *bench) startKafka(ctx context.Context) (server, error) {
	if err := lacksJars(b); err != nil {
		return server{}, err
	}
	dir, err := os.MkdirTemp(b.dir, "kafka-")
	if err != nil {
		return server{}, fmt.Errorf("making a folder for Apache Kafka: %w", err)
	}
	address, properties, err := kafkaProperties(dir)
	if err != nil {
		return server{}, err
	}
	config := filepath.Join(dir, "server.properties")
	if err := os.WriteFile(config, []byte(properties), 0o644); err != nil {
		return server{}, fmt.Errorf("configuring Apache Kafka: %w", err)
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	_, err = succeed(ctx, "formatting Apache Kafka's storage", b.java(toolHeap, "kafka.tools.StorageTool", "format",
		"--cluster-id="+base64.RawURLEncoding.EncodeToString(id), "--config", config)...)
	if err != nil {
		return server{}, err
	}
	return runKafka(ctx, address, dir, b.java(brokerHeap, "kafka.Kafka", config))
}

// kafkaProperties is the configuration of a broker that is its own controller.
func kafkaProperties(dir string) (address, properties string, err error) {
	address, err = freeAddress()
	if err != nil {
		return "", "", err
	}
	controller, err := freeAddress()
	if err != nil {
		return "", "", err
	}
	return address, strings.Join([]string{
		"process.roles=broker,controller",
		"node.id=1",
		"controller.quorum.voters=1@" + controller,
		"controller.listener.names=CONTROLLER",
		"listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"listeners=PLAINTEXT://" + address + ",CONTROLLER://" + controller,
		"log.dirs=" + filepath.Join(dir, "data"),
		"auto.create.topics.enable=false",
		"offsets.topic.replication.factor=1",
		"offsets.topic.num.partitions=1",
		"group.initial.rebalance.delay.ms=0",
		"log.segment.delete.delay.ms=1000",
		"",
	}, "\n"), nil
}

// runKafka starts the broker and returns when it answers.
func runKafka(ctx context.Context, address, dir string, java []string) (server, error) {
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return server{}, fmt.Errorf("making Apache Kafka's log: %w", err)
	}
	running, cancel := context.WithCancel(ctx)
	cmd := command(running, java...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		cancel()
		log.Close()
		return server{}, fmt.Errorf("starting Apache Kafka: %w", err)
	}
	stop := func() {
		cancel()
		_ = cmd.Wait() // it ends by a signal
		log.Close()
		_ = os.RemoveAll(dir) // what is left goes with the folder that it is in
	}
	ready, done := context.WithTimeout(ctx, kafkaReady)
	defer done()
	for {
		err := withAdmin(ready, address, func(ctx context.Context, admin *kadm.Client) error {
			_, err := admin.ListTopics(ctx)
			return err
		})
		if err == nil {
			return server{address: address, pid: cmd.Process.Pid, stop: stop}, nil
		}
		if ready.Err() != nil {
			said, _ := os.ReadFile(log.Name())
			stop()
			return server{}, fmt.Errorf("starting Apache Kafka: %w: %s", err, tail(string(said)))
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// freeAddress returns a loopback address on which nobody listens.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// withTopic makes a topic for the time of do, and deletes it after.
func withTopic(ctx context.Context, address, topic string, do func() error) error {
	if err := createTopic(ctx, address, topic); err != nil {
		return err
	}
	done := do()
	err := withAdmin(ctx, address, func(ctx context.Context, admin *kadm.Client) error {
		_, err := admin.DeleteTopic(ctx, topic)
		return err
	})
	if done == nil && err != nil {
		done = fmt.Errorf("deleting topic %s: %w", topic, err)
	}
	return done
}

func createTopic(ctx context.Context, address, topic string) error {
	err := withAdmin(ctx, address, func(ctx context.Context, admin *kadm.Client) error {
		_, err := admin.CreateTopic(ctx, partitions, 1, nil, topic)
		return err
	})
	if err != nil {
		return fmt.Errorf("creating topic %s: %w", topic, err)
	}
	return nil
}

// newGroup names a consumer group that nobody has used.
func newGroup() string { return "bench-" + rand.Text()[:8] }

func withAdmin(ctx context.Context, address string, do func(context.Context, *kadm.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(address))
	if err != nil {
		return err
	}
	defer client.Close()
	return do(ctx, kadm.NewClient(client))
}

// warmUpKafka lets the broker's virtual machine compile itself, so that the first
// peer is not the one to wait for that.
func warmUpKafka(ctx context.Context, b *bench, sinks []server) error {
	b.say("warming Apache Kafka up")
	_, err := bareLoop("warm-up", 0, load{size: 1000, createsTopics: true}).run(ctx, b, sinks)
	return err
}
