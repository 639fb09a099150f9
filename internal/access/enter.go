package access

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/limits"
	"msklt/scenario"
)

// Entered is what one way into a cluster turned out to be.
type Entered struct {
	Address string
	// TLS is nil without TLS.
	TLS *tls.ConnectionState
	// Session is how long the login holds before the broker asks for another
	// (KIP-368); 0 for always, and without a login.
	Session time.Duration
	// RoundTrip is from a request to its answer.
	RoundTrip time.Duration
	Brokers   []Broker
	// Dead are the problems of the other addresses, where [Access.Enter] found some.
	Dead []*Problem
}

const (
	// patience is how long a cluster is waited for that may be starting.
	patience = 10 * time.Second
	pause    = 500 * time.Millisecond
	// headStart is how long the other addresses may take after the first that led in.
	headStart = time.Second
)

// Enter looks whether the cluster can be entered by one of its addresses (a name,
// connection, TLS, a first answer, login), which are tried all at once, and then, as
// clients connect to all of them, by each of its brokers. What may pass is tried again
// for ten seconds. The error is a [Problem], of the first address unless another one got
// further, or of the first broker; or that of the context.
func (a *Access) Enter(ctx context.Context) (*Entered, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var worst *Problem
	for {
		e, p := a.enterAny(within)
		passing := false
		if p == nil {
			p, passing = a.enterBrokers(within, e.Brokers)
		}
		switch {
		case p == nil:
			return e, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case worst == nil || within.Err() == nil: // else it may tell of nothing but the time that is up
			worst = p
		}
		if !passing || within.Err() != nil {
			return nil, worst
		}
		select {
		case <-within.Done():
		case <-time.After(pause):
		}
	}
}

// enterAny goes in by the first address, in their order, of those that led in by the
// time that one has and the others had their head start.
func (a *Access) enterAny(ctx context.Context) (*Entered, *Problem) {
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	attempts := make([]Attempt, len(a.Bootstrap))
	var all sync.WaitGroup
	var first sync.Once
	for i, address := range a.Bootstrap {
		all.Go(func() {
			attempts[i] = a.tryWhile(within, address, pause, func(p *Problem) bool { return p.passing })
			if attempts[i].Problem == nil {
				first.Do(func() { time.AfterFunc(headStart, cancel) })
			}
		})
	}
	all.Wait()
	var in *Entered
	var problems []*Problem
	for _, t := range attempts {
		if t.Problem != nil {
			problems = append(problems, t.Problem)
		} else if in == nil {
			in = t.Entered
		}
	}
	if in != nil {
		in.Dead = problems
		return in, nil
	}
	worst := problems[0]
	for _, p := range problems[1:] {
		if further(p, worst) {
			worst = p
		}
	}
	return nil, worst
}

// further tells that a problem is at a later stage than another.
func further(p, than *Problem) bool {
	order := map[Stage]int{DNS: 1, TCP: 2, TLS: 3, Kafka: 4, Login: 5}
	return order[p.Stage] > order[than.Stage]
}

// Try goes all the way into a cluster by one address, and leaves.
func (a *Access) Try(ctx context.Context, address string) (*Entered, error) {
	conn, err := a.Dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	e := &Entered{Address: address}
	if t, ok := conn.(*tlsConn); ok {
		state := t.ConnectionState()
		e.TLS = &state
	}
	began := time.Now()
	v := &visit{conn: conn, address: address}
	versions := kmsg.NewPtrApiVersionsResponse()
	if err := v.ask(&kmsg.ApiVersionsRequest{Version: 2}, versions); err != nil {
		return nil, a.noAnswer(ctx, address, err)
	}
	e.RoundTrip = time.Since(began)
	if a.Auth != nil {
		if e.Session, err = a.logIn(ctx, v); err != nil {
			return nil, err
		}
	}
	e.Brokers, err = a.brokers(v, versions)
	return e, err
}

// hungUp tells that the other side has ended the connection.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// noAnswer says why the first request was not answered.
func (a *Access) noAnswer(ctx context.Context, address string, err error) error {
	var p *Problem
	if errors.As(err, &p) || ctx.Err() != nil && !timedOut(ctx.Err()) {
		return err
	}
	p = &Problem{Stage: Kafka, Address: address, Err: err}
	switch {
	case !a.TLS && encrypts(ctx, address):
		p.Stage = TLS
		p.Message = fmt.Sprintf("%s speaks TLS", address)
		p.Fix = "write tls: {}, or take its port without TLS"
	case timedOut(err):
		p.passing = true
		p.Message = fmt.Sprintf("%s accepts connections, but gives no answer", address)
		p.Fix = "check the port, that the broker is well, and its limit on connections: Apache Kafka leaves those over max.connections waiting"
	case hungUp(err):
		p.passing = true
		p.Message = fmt.Sprintf("%s ends each connection before its first answer", address)
		p.Fix = "check the port; a cluster does so, too, over its limit on connections (in Apache Kafka max.connections.per.ip) or while it starts"
	default:
		p.Message = fmt.Sprintf("%s does not answer as a Kafka broker", address)
		p.Fix = "check the port"
	}
	return p
}

// logIn goes through the login, and returns how long it holds.
func (a *Access) logIn(ctx context.Context, v *visit) (time.Duration, error) {
	hello := &kmsg.SASLHandshakeRequest{Version: 1, Mechanism: a.Auth.Name()}
	offered := kmsg.NewPtrSASLHandshakeResponse()
	if err := v.ask(hello, offered); err != nil {
		return 0, a.refused(v.address, "", err)
	}
	switch offered.ErrorCode {
	case 0:
	case kerr.UnsupportedSaslMechanism.Code:
		return 0, &Problem{Stage: Login, Address: v.address, Err: kerr.UnsupportedSaslMechanism,
			Message: fmt.Sprintf("%s does not offer %s, but %s", v.address, a.Auth.Name(), strings.Join(offered.SupportedMechanisms, ", ")),
			Fix:     "change auth.mechanism, or take another port"}
	case kerr.IllegalSaslState.Code:
		return 0, &Problem{Stage: Login, Address: v.address, Err: kerr.IllegalSaslState,
			Message: fmt.Sprintf("%s takes no login on this port", v.address),
			Fix:     "take its port for " + a.Mechanism + ", or remove auth"}
	default:
		return 0, a.refused(v.address, "", kerr.ErrorForCode(offered.ErrorCode))
	}
	session, message, err := a.Auth.Authenticate(ctx, v.address)
	if err != nil {
		var p *Problem
		if errors.As(err, &p) {
			return 0, p
		}
		return 0, &Problem{Stage: Login, Address: v.address, Err: err, Message: fmt.Sprintf("there are no credentials to log in with: %v", err)}
	}
	for {
		answer := kmsg.NewPtrSASLAuthenticateResponse()
		if err := v.ask(&kmsg.SASLAuthenticateRequest{Version: 1, SASLAuthBytes: message}, answer); err != nil {
			return 0, a.refused(v.address, "", err)
		}
		if answer.ErrorCode != 0 {
			said := ""
			if answer.ErrorMessage != nil {
				said = *answer.ErrorMessage
			}
			return 0, a.refused(v.address, said, kerr.ErrorForCode(answer.ErrorCode))
		}
		done, next, err := session.Challenge(answer.SASLAuthBytes)
		if err != nil {
			return 0, a.refused(v.address, status(answer.SASLAuthBytes), errors.Join(kerr.SaslAuthenticationFailed, err))
		}
		if done && len(next) == 0 {
			return time.Duration(answer.SessionLifetimeMillis) * time.Millisecond, nil
		}
		message = next
	}
}

// status is what a broker says of a token that it does not take (RFC 7628 section
// 3.2.2); "" where it says nothing.
func status(answer []byte) string {
	var said struct {
		Status string `json:"status"`
	}
	if json.Unmarshal(answer, &said) != nil {
		return ""
	}
	return said.Status
}

// refused is the problem of a login that the broker does not take. What it says is
// shown, and not what was sent.
func (a *Access) refused(address, said string, err error) error {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	if a.password != "" {
		said = strings.ReplaceAll(said, string(a.password), a.password.String())
	}
	p = &Problem{Stage: Login, Address: address, Err: err}
	reason := said
	switch {
	case reason != "":
	case timedOut(err):
		reason, p.passing = "no answer", true
	case hungUp(err):
		reason = "it ends the connection"
	default:
		reason = cause(err).Error()
	}
	p.Message = fmt.Sprintf("%s refuses the login by %s: %s", address, a.Mechanism, reason)
	switch {
	case limits.TooManyConnects(said):
		p.passing = true
		p.Message = fmt.Sprintf("%s lets nobody in for its limits on connections, whoever logs in: %s", address, said)
		p.Fix = "wait until others connect less, lower connect_rate, or have the limit raised"
	case a.Mechanism == scenario.OAuthBearer:
		p.Fix = "check the token: whom it is for, who issued it, and that it has not expired by the broker's clock"
	case a.Mechanism == scenario.MSKIAM:
		p.Fix = "check that the credentials may kafka-cluster:Connect to this cluster, the region, and this machine's clock"
		if a.signer != nil {
			p.Fix += "; the token was signed for " + a.signer()
		}
	default:
		p.Fix = "check auth.username and auth.password: brokers do not tell which of them is wrong"
	}
	return p
}

// visit is a connection on which requests are asked one after the other.
type visit struct {
	conn    net.Conn
	address string
	asked   int32
}

// mostAnswered bounds the answers: those of a broker to these requests are small.
const mostAnswered = 1 << 20

var errNoKafka = errors.New("what came is no answer of Kafka's")

// ask sends a request and reads its answer.
func (v *visit) ask(request kmsg.Request, answer kmsg.Response) error {
	v.asked++
	formatter := kmsg.NewRequestFormatter(kmsg.FormatterClientID("msklt"))
	_ = v.conn.SetDeadline(time.Now().Add(answerTimeout))
	if _, err := v.conn.Write(formatter.AppendRequest(nil, request, v.asked)); err != nil {
		return err
	}
	var head [8]byte
	if _, err := io.ReadFull(v.conn, head[:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(head[:4])
	if size < 4 || size > mostAnswered || binary.BigEndian.Uint32(head[4:]) != uint32(v.asked) {
		return errNoKafka
	}
	body := make([]byte, size-4)
	if _, err := io.ReadFull(v.conn, body); err != nil {
		return err
	}
	answer.SetVersion(request.GetVersion())
	if err := answer.ReadFrom(body); err != nil {
		return errors.Join(errNoKafka, err)
	}
	return nil
}

// plaintext tells that an address answers in Kafka's protocol without TLS.
func plaintext(ctx context.Context, address string) bool {
	conn, err := dialTCP(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer conn.Close()
	v := &visit{conn: conn, address: address}
	return v.ask(&kmsg.ApiVersionsRequest{Version: 2}, kmsg.NewPtrApiVersionsResponse()) == nil
}

// encrypts tells that an address answers in TLS. Whose it is does not matter here:
// nothing is sent.
func encrypts(ctx context.Context, address string) bool {
	conn, err := dialTCP(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer conn.Close()
	within, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	err = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(within) // #nosec G402: no connection is kept
	return err == nil || alertOf(err) != ""
}
