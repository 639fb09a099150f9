package need

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

func TestRequire(t *testing.T) {
	cases := []struct {
		name, required, test string
		part                 Part
		want                 outcome
		says                 string
	}{
		{"listed", "kafka,kcat", "TestKafkaQuota", Kafka(), ran, ""},
		{"listed last", "kafka,kcat", "TestKcatRoundTrip/v2", Kcat(), ran, ""},
		{"not listed", "chromium", "TestKafkaQuota", Kafka(), skipped, "make test"},
		{"nothing listed", "", "TestQuotaLong", Long(), skipped, "make long"},
		{"a prefix is not the part", "kafkaesque", "TestKafkaQuota", Kafka(), skipped, "make test"},
		{"misnamed, not listed", "", "TestQuota", Kafka(), failed, `"Kafka"`},
		{"misnamed, listed", "kafka", "TestQuota/Kafka", Kafka(), failed, `"Kafka"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("MSKLT_REQUIRE", c.required)
			got := &recorder{TB: t, name: c.test}
			done := make(chan struct{})
			go func() {
				defer close(done)
				Require(got, c.part)
			}()
			<-done
			if got.outcome != c.want {
				t.Errorf("outcome %q, want %q", got.outcome, c.want)
			}
			if !strings.Contains(got.message, c.says) {
				t.Errorf("message %q does not contain %q", got.message, c.says)
			}
		})
	}
}

type outcome string

const (
	ran     outcome = ""
	skipped outcome = "skipped"
	failed  outcome = "failed"
)

// recorder is a test that notes how it ended instead of ending its parent.
type recorder struct {
	testing.TB
	name    string
	outcome outcome
	message string
}

func (r *recorder) Helper()      {}
func (r *recorder) Name() string { return r.name }

func (r *recorder) Skipf(format string, args ...any)  { r.end(skipped, format, args) }
func (r *recorder) Fatalf(format string, args ...any) { r.end(failed, format, args) }

func (r *recorder) end(o outcome, format string, args []any) {
	r.outcome = o
	r.message = fmt.Sprintf(format, args...)
	runtime.Goexit()
}
