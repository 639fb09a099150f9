// Package access is how clients reach and enter a cluster: addresses, TLS, and the
// login that a target asks for. It opens no Kafka client of its own. What goes wrong
// on the way is a [Problem], which says at which stage, why, and what to do.
package access

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"

	"msklt/internal/limits"
	"msklt/scenario"
)

// Access is a target made ready to connect to.
type Access struct {
	Name      string // for people
	Bootstrap []string
	// Kind is "" where only the cluster itself can tell.
	Kind limits.ClusterKind
	// Profile is the limits profile that AWS's description of the cluster stands for;
	// "" where nobody was asked.
	Profile string
	// Note says why there is no profile where AWS was asked; "" else.
	Note string
	// signer says what a token of AWS's is signed for and with; nil where there is none.
	signer func() string
	// Region is AWS's; "" where AWS has no part in it.
	Region string
	// Mechanism is how clients log in, as a target file names it.
	Mechanism string
	// TLS tells that connections are encrypted.
	TLS bool
	// Dial opens a connection, with TLS where the target has it. Its errors are
	// Problems, but for those of a context that is done.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Auth is how clients log in; nil for not at all.
	Auth sasl.Mechanism

	ready    func(context.Context) error // see Ready; nil for nothing
	password scenario.Secret
}

// Ready does what may take longer than a login may: it runs the program that prints the
// token. Its error, a [Problem], comes again with the login.
func (a *Access) Ready(ctx context.Context) error {
	if a.ready == nil {
		return nil
	}
	return a.ready(ctx)
}

// Options are how a Kafka client connects and logs in.
func (a *Access) Options() []kgo.Opt {
	opts := []kgo.Opt{kgo.SeedBrokers(a.Bootstrap...), kgo.Dialer(a.Dial)}
	if a.Auth != nil {
		opts = append(opts, kgo.SASL(a.Auth))
	}
	return opts
}

// Times for one connection. Together with a look at what else listens there they
// leave a wrong target its sentence within 15 seconds.
const (
	dialTimeout      = 5 * time.Second
	handshakeTimeout = 5 * time.Second // of TLS
	answerTimeout    = 5 * time.Second // to one request
)

// Open makes a target ready. It reads certificates and keys, and asks AWS where the
// target is an ARN; it does not connect, see [Access.Enter]. The embedded cluster has
// to be started, and is no business of this package. Errors are Problems.
func Open(ctx context.Context, t *scenario.Target) (*Access, error) {
	if t.Embedded != nil {
		return nil, errors.New("the embedded cluster is reached without a network")
	}
	a := &Access{Name: t.Name, Bootstrap: t.Bootstrap, Mechanism: t.Auth.Mechanism}
	if err := a.login(ctx, t); err != nil {
		return nil, err
	}
	a.TLS = t.Encrypted(a.Bootstrap)
	a.Dial = dialTCP
	if a.TLS {
		config, err := tlsConfig(t.TLS)
		if err != nil {
			return nil, err
		}
		a.Dial = secured{config}.dial
	}
	return a, nil
}

// login makes the mechanism, and for an ARN finds out the rest.
func (a *Access) login(ctx context.Context, t *scenario.Target) error {
	a.password = t.Auth.Password
	a.Auth, a.ready = mechanism(t.Auth)
	if t.Auth.Mechanism == scenario.MSKIAM || t.ARN != "" {
		return a.askAWS(ctx, t)
	}
	return nil
}

// Stage is a step on the way to a cluster.
type Stage string

// The stages, in their order.
const (
	Setup Stage = "setup" // certificates, keys, tokens, what AWS says
	DNS   Stage = "dns"
	TCP   Stage = "tcp"
	TLS   Stage = "tls"
	Kafka Stage = "kafka" // a first answer of Kafka's protocol
	Login Stage = "login"
)

// Problem is why a cluster cannot be reached or entered. It never holds a secret.
type Problem struct {
	Stage   Stage
	Address string // "" where it concerns none
	Message string // what is wrong, and where
	Fix     string // what to do about it; may be empty
	Err     error  // may be nil
	passing bool   // it may be gone in a moment, as while a cluster starts
}

func (p *Problem) Error() string {
	if p.Fix == "" {
		return p.Message
	}
	return fmt.Sprintf("%s; %s", p.Message, p.Fix)
}

// TooMany tells that a login was refused for the number of logins, not for who logs in.
func (p *Problem) TooMany() bool {
	return errors.Is(p.Err, kerr.SaslAuthenticationFailed) && limits.TooManyConnects(p.Message)
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }
