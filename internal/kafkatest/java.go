// Package kafkatest starts Apache Kafka for tests and runs its Java tools, which
// share no code with what they check. It is used by tests only.
//
// MSKLT_KAFKA_LIBS is the folder with the jars of pom.xml; `make test` fetches
// them and sets it.
package kafkatest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"msklt/internal/kafkatest/need"
)

// javaTimeout bounds one run of a Java tool, so that one that hangs is named in
// a failure before go test's own deadline ends the whole package.
const javaTimeout = 4 * time.Minute

// Need skips the test where Apache Kafka is not asked for, and fails it where
// MSKLT_REQUIRE lists kafka and the jars or Java are missing. Start and Java
// call it, so a test need not.
func Need(t testing.TB) {
	t.Helper()
	need.Named(t, need.Kafka())
	if os.Getenv("MSKLT_KAFKA_LIBS") == "" {
		need.Require(t, need.Kafka())
		t.Fatal("MSKLT_REQUIRE lists kafka, but MSKLT_KAFKA_LIBS names no folder of jars; make test sets both")
	}
	jars, err := filepath.Glob(filepath.Join(os.Getenv("MSKLT_KAFKA_LIBS"), "kafka_*.jar"))
	if err != nil || len(jars) == 0 {
		t.Fatalf("no Apache Kafka in MSKLT_KAFKA_LIBS=%s; make test puts it there", os.Getenv("MSKLT_KAFKA_LIBS"))
	}
	if _, err := exec.LookPath("java"); err != nil {
		t.Fatalf("Apache Kafka needs Java: %v", err)
	}
}

// NeedKcat returns the path of kcat, under the same rule as Need.
func NeedKcat(t testing.TB) string {
	t.Helper()
	need.Require(t, need.Kcat())
	path, err := exec.LookPath("kcat")
	if err != nil {
		t.Fatalf("looking for kcat: %v", err)
	}
	return path
}

// Java runs a class of the jars to its end and returns what it printed on
// stdout. The error holds what it printed on stderr.
func Java(t testing.TB, ctx context.Context, class string, args ...string) (stdout string, err error) {
	t.Helper()
	Need(t)
	ctx, cancel := context.WithTimeout(ctx, javaTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "java", javaArgs(t, []string{"-Xmx256m"}, jars(false), class, args...)...)
	var out, diagnostics bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diagnostics
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("running %s: %w\n%s", class, err, diagnostics.String())
	}
	return out.String(), nil
}

// log4j sends log lines to stderr, so that a tool's stdout holds only its answer.
const log4j = `status = error
appender.err.type = Console
appender.err.name = err
appender.err.target = SYSTEM_ERR
appender.err.layout.type = PatternLayout
appender.err.layout.pattern = %d{HH:mm:ss.SSS} %p %c{1}: %m%n
rootLogger.level = ${sys:kafkatest.level:-warn}
rootLogger.appenderRef.err.ref = err
`

// shortLived has java compile once and simply, and collect with one thread: for a process
// of seconds the second compiler is half of the work (7.3 s of processors instead of
// 3.5 for a broker that is formatted, started, asked and stopped).
var shortLived = []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"}

// jars is the class path of Apache Kafka, or of the old one.
func jars(old bool) string {
	dir := os.Getenv("MSKLT_KAFKA_LIBS")
	if old {
		dir = filepath.Join(dir, "old")
	}
	return filepath.Join(dir, "*")
}

// javaArgs returns the arguments with which java runs a class that it finds by a path.
func javaArgs(t testing.TB, jvm []string, path, class string, args ...string) []string {
	t.Helper()
	config := filepath.Join(tempDir(t), "log4j2.properties")
	if err := os.WriteFile(config, []byte(log4j), 0o644); err != nil {
		t.Fatalf("writing the log configuration of %s: %v", class, err)
	}
	all := slices.Concat(shortLived, jvm)
	all = append(all,
		"-Dlog4j2.configurationFile="+config,
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", // of the old one
		"-cp", path, class)
	return append(all, args...)
}

// tempDir returns a folder that is removed when the test ends. That of
// t.TempDir has the test's name in its path, and Java reads a comma in a path as
// the end of one path and the start of another.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kafkatest-")
	if err != nil {
		t.Fatalf("creating a temporary folder: %v", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("removing a temporary folder: %v", err)
		}
	})
	return dir
}
