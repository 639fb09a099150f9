package cluster

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// TestHungUp holds that a connection that is closed at once is told as what was seen,
// not as the client library's guess, and that the cause stays known.
func TestHungUp(t *testing.T) {
	cause := &kgo.ErrFirstReadEOF{}
	err := Errorf("creating topic %s: %w", "orders", fmt.Errorf("unable to dial: %w", cause))
	const want = "creating topic orders: a broker accepts connections and closes them at once: it may be out of connections (in Apache Kafka max.connections.per.ip, or max.connections)"
	if !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	if !errors.Is(err, ErrEnvironment) || !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
}
