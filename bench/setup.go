package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// bench is what all cases share: the programs, and a folder for what they leave.
type bench struct {
	dir         string
	self, msklt string // programs
	rdkafka     string // rdkafka_performance; "" where it could not be built, for the reason of noRdkafka
	noRdkafka   error
	jars        string // folder of Apache Kafka's; "" where there is none
	written     int64  // records that there are to read
	stderr      io.Writer
	commands    map[string]string // by case and peer, for the reader of the tables
}

// example is where Debian's librdkafka-dev has the program.
const example = "/usr/share/doc/librdkafka-dev/examples/rdkafka_performance.c"

// setUp builds what is to be measured.
func setUp(ctx context.Context, stderr io.Writer) (*bench, error) {
	dir, err := os.MkdirTemp("", "msklt-bench-")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	b := &bench{
		dir: dir, msklt: filepath.Join(dir, "msklt"), stderr: stderr,
		jars: os.Getenv("MSKLT_KAFKA_LIBS"), commands: map[string]string{},
	}
	if b.self, err = os.Executable(); err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	b.say("building msklt and rdkafka_performance")
	if err := b.build(ctx, "go", "build", "-o", b.msklt, "./cmd/msklt"); err != nil {
		b.tearDown()
		return nil, err
	}
	program := filepath.Join(dir, "rdkafka_performance")
	b.noRdkafka = b.build(ctx, "gcc", "-O2", "-I", "bench/rdkafka/src", "-I", "/usr/include/librdkafka",
		example, "-lrdkafka", "-o", program)
	if b.noRdkafka == nil {
		b.rdkafka = program
	}
	return b, nil
}

func (b *bench) tearDown() { _ = os.RemoveAll(b.dir) }

func (b *bench) build(ctx context.Context, args ...string) error {
	_, err := succeed(ctx, args[0], args...)
	return err
}

// java is the command that runs a class of Apache Kafka's jars, with the heap that
// Kafka's own scripts give it.
func (b *bench) java(heap, class string, args ...string) []string {
	return append([]string{"java", "-Xmx" + heap, "-cp", filepath.Join(b.jars, "*"), class}, args...)
}

// toolHeap and brokerHeap are those of kafka-run-class.sh's callers.
const (
	toolHeap   = "512m"
	brokerHeap = "1g"
)

// lacksJars is why no Java peer can run.
func lacksJars(b *bench) error {
	if b.jars == "" {
		return errors.New("MSKLT_KAFKA_LIBS names no folder of Apache Kafka's jars; make bench sets it")
	}
	return nil
}

// say tells of the progress.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.stderr, format+"\n", args...)
}

// note keeps a peer's command as a reader could type it.
func (b *bench) note(peer, address string, args []string) {
	text := strings.Join(args, " ")
	for from, to := range map[string]string{address: "HOST:PORT", b.jars: "JARS", b.self: "go run ./bench", b.dir + "/": ""} {
		if from != "" {
			text = strings.ReplaceAll(text, from, to)
		}
	}
	b.commands[peer] = text
}
