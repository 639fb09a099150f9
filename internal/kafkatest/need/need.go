// Package need decides what becomes of a test whose outside part (a broker, a
// browser, minutes of time) is not there.
//
// MSKLT_REQUIRE lists the parts that must be there. A test whose part is not
// listed is skipped and says which command runs it; a listed part that is
// missing fails the test, so that `make test` can never pass by leaving
// something out.
//
// `make test` and `make long` find these tests by name, with -run, so that
// nothing else runs a second time. Hence a test that needs a part has the part's
// word in its name (TestKafkaQuota), and is failed everywhere if it does not.
package need

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Part is something that a plain `go test ./...` does without.
type Part struct {
	name    string
	word    string
	command string
}

// Kafka is Apache Kafka and its Java tools.
func Kafka() Part { return Part{"kafka", "Kafka", "make test"} }

// Chromium is a headless browser.
func Chromium() Part { return Part{"chromium", "Chromium", "make test"} }

// Kcat is the librdkafka command-line client.
func Kcat() Part { return Part{"kcat", "Kcat", "make test"} }

// Python is a Python with the packages of .ci/python.txt.
func Python() Part { return Part{"python", "Python", "make test"} }

// RealTime is up to three minutes of wall time, for a test that needs only Go
// and would make `go test ./...` slow.
func RealTime() Part { return Part{"realtime", "RealTime", "make test"} }

// Long is more than three minutes of wall time.
func Long() Part { return Part{"long", "Long", "make long"} }

// Require returns if p is asked for and skips the test if not. What the test
// then finds missing is reported with t.Fatal.
func Require(t testing.TB, p Part) {
	t.Helper()
	Named(t, p)
	if !slices.Contains(strings.Split(os.Getenv("MSKLT_REQUIRE"), ","), p.name) {
		t.Skipf("%s: not asked for; %s runs this test (MSKLT_REQUIRE=%s)", p.name, p.command, p.name)
	}
}

// Named fails the test unless its name has p's word.
func Named(t testing.TB, p Part) {
	t.Helper()
	test, _, _ := strings.Cut(t.Name(), "/")
	if !strings.Contains(test, p.word) {
		t.Fatalf("%s needs %s, so its name must contain %q: by that word %s finds it", test, p.name, p.word, p.command)
	}
}
