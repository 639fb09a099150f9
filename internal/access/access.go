// Package access is how clients reach and enter a cluster: addresses, TLS, and the
// login that a target asks for. It opens no Kafka client of its own.
package access

import (
	"context"
	"net"

	"github.com/twmb/franz-go/pkg/sasl"

	"msklt/internal/limits"
)

// Access is a target made ready to connect to.
type Access struct {
	Name      string // for people
	Bootstrap []string
	// Kind is "" where only the cluster itself can tell.
	Kind limits.ClusterKind
	// Dial opens a connection, with TLS where the target has it.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Auth is how clients log in; nil for not at all.
	Auth sasl.Mechanism
}
