package access

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/scenario"
)

// checkProblem fails unless an error is the problem of a stage, and says all of it.
func checkProblem(t *testing.T, err error, stage Stage, says ...string) {
	t.Helper()
	var p *Problem
	if !errors.As(err, &p) {
		t.Fatalf("got %T %v, want a Problem", err, err)
	}
	if p.Stage != stage {
		t.Errorf("at stage %s, want %s: %v", p.Stage, stage, p)
	}
	for _, text := range says {
		if !strings.Contains(p.Error(), text) {
			t.Errorf("the problem does not say %q: %v", text, p)
		}
	}
	if p.Fix == "" {
		t.Errorf("nothing says what to do: %v", p)
	}
	if strings.Contains(p.Error(), "hunter2") {
		t.Errorf("the secret shows: %v", p)
	}
}

// TestTLS holds what is said of each thing that can be wrong with TLS.
func TestTLS(t *testing.T) {
	ca := newAuthority(t, "Company CA")
	serve := func(c tls.Certificate, change func(*tls.Config)) string {
		config := &tls.Config{Certificates: []tls.Certificate{c}}
		if change != nil {
			change(config)
		}
		return fakeCluster(t, kfake.TLS(config))
	}
	sound := ca.leaf(t, nil)
	clients := x509.NewCertPool()
	clients.AddCert(ca.cert)
	asking := func(c *tls.Config) { c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, clients }
	cert, key := files(t, ca.leaf(t, nil))
	strange, strangeKey := files(t, newAuthority(t, "Other CA").leaf(t, nil))
	until := time.Now().Add(-10 * time.Minute)
	from := time.Now().Add(10 * time.Minute)
	day := func(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 MST") }
	known := scenario.TLS{Set: true, CA: ca.caFile(t)}
	with := func(cert, key string) scenario.TLS {
		s := known
		s.Cert, s.Key = cert, key
		return s
	}
	for _, c := range []struct {
		name    string
		address string
		tls     scenario.TLS
		stage   Stage // "" works
		says    []string
	}{
		{"sound", serve(sound, nil), known, "", nil},
		{"another name that is expected", serve(ca.leaf(t, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"kafka.example"} }), nil),
			scenario.TLS{Set: true, CA: known.CA, ServerName: "kafka.example"}, "", nil},
		{"client certificate", serve(sound, asking), with(cert, key), "", nil},
		{"self-signed", serve((*authority)(nil).leaf(t, nil), nil), scenario.TLS{Set: true}, TLS, []string{"is self-signed, by CN=broker", "tls: {ca: FILE}"}},
		{"self-signed, another authority known", serve((*authority)(nil).leaf(t, nil), nil), known, TLS, []string{"self-signed"}},
		{"unknown authority", serve(sound, nil), scenario.TLS{Set: true}, TLS, []string{"authority that is not known here: CN=Company CA", "tls: {ca: FILE}"}},
		{"expired", serve(ca.leaf(t, func(c *x509.Certificate) { c.NotAfter = until }), nil), known, TLS,
			[]string{"has expired: it was valid until " + day(until), "set this machine's clock if " + time.Now().UTC().Format("2006-01-02")}},
		{"not yet valid", serve(ca.leaf(t, func(c *x509.Certificate) { c.NotBefore = from }), nil), known, TLS,
			[]string{"is not valid yet: it will be from " + day(from), "clock"}},
		{"wrong name", serve(ca.leaf(t, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"a.example", "b.example"} }), nil), known, TLS,
			[]string{"is for a.example, b.example, not for 127.0.0.1", "server_name"}},
		{"no name", serve(ca.leaf(t, func(c *x509.Certificate) { c.IPAddresses = nil; c.Subject = pkix.Name{CommonName: "127.0.0.1"} }), nil), known, TLS,
			[]string{"is for no host (it has no subject alternative name)"}},
		{"plaintext port", answers(t, func(r kmsg.Request) kmsg.Response { return r.ResponseKind() }), known, TLS, []string{"speaks no TLS", "tls: off"}},
		{"port of something else", noKafka(t), known, TLS, []string{"speaks no TLS"}},
		{"no client certificate", serve(sound, asking), known, TLS, []string{"asks for a client's certificate", "auth: {mechanism: mtls}"}},
		{"no client certificate, TLS 1.2", serve(sound, func(c *tls.Config) { asking(c); c.MaxVersion = tls.VersionTLS12 }), known, TLS,
			[]string{"or it asks for a client's certificate"}},
		{"client certificate of another authority", serve(sound, asking), with(strange, strangeKey), TLS, []string{"refuses the client's certificate", "must know its authority"}},
		{"old TLS", serve(sound, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }), known, TLS, []string{"no TLS 1.2 or later"}},
		{"plaintext to a TLS port", serve(sound, nil), scenario.TLS{Off: true}, TLS, []string{"speaks TLS", "tls: {}"}},
		{"plaintext to a TLS port that asks for certificates", serve(sound, asking), scenario.TLS{}, TLS, []string{"speaks TLS"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := opened(t, scenario.Target{TLS: c.tls}, c.address)
			e, err := a.Enter(t.Context())
			if c.stage != "" {
				checkProblem(t, err, c.stage, append(c.says, c.address)...)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if e.TLS == nil || e.TLS.Version != tls.VersionTLS13 || e.RoundTrip <= 0 || e.Address != c.address {
				t.Errorf("entered %+v", e)
			}
			ping(t, a)
		})
	}
}

// ping has a Kafka client use the access.
func ping(t *testing.T, a *Access) {
	t.Helper()
	c, err := kgo.NewClient(a.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// noKafka is a server that answers anything with the same words.
func noKafka(t *testing.T) string {
	t.Helper()
	return listen(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1024))
		_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"))
	})
}

// TestUnreachable holds what is said of addresses that give no connection.
func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	a := opened(t, scenario.Target{}, nobody)
	_, err = a.Try(t.Context(), nobody)
	checkProblem(t, err, TCP, nobody+" refuses connections", "check the port")

	dns := func(e net.DNSError) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: &e}
	}
	name := "b-1.orders.abc.c2.kafka.eu-west-1.amazonaws.com:9098"
	for _, c := range []struct {
		err   error
		stage Stage
		says  []string
	}{
		{dns(net.DNSError{Err: "no such host", IsNotFound: true}), DNS, []string{"b-1.orders.abc.c2.kafka.eu-west-1.amazonaws.com does not resolve", "inside of their VPC"}},
		{dns(net.DNSError{Err: "server misbehaving", IsTemporary: true}), DNS, []string{"cannot be looked up: server misbehaving", "this machine's DNS"}},
		{&net.OpError{Op: "dial", Err: context.DeadlineExceeded}, TCP, []string{"does not answer", "security group"}},
		{&net.OpError{Op: "dial", Err: syscall.ENETUNREACH}, TCP, []string{"cannot be reached: network is unreachable"}},
	} {
		checkProblem(t, unreachable(t.Context(), name, c.err), c.stage, c.says...)
	}
}

// TestNoKafka holds what is said of a port on which no broker listens.
func TestNoKafka(t *testing.T) {
	_, err := opened(t, scenario.Target{}, "").Try(t.Context(), noKafka(t))
	checkProblem(t, err, Kafka, "does not answer as a Kafka broker")
	silent := listen(t, func(net.Conn) {})
	_, err = opened(t, scenario.Target{}, "").Try(t.Context(), silent)
	checkProblem(t, err, Kafka, "ends each connection before its first answer")
}

// TestEnterTakesAnyAddress holds that one address that answers is enough, that a
// cluster which is starting is waited for, and that the problem is that of the
// address that got furthest.
func TestEnterTakesAnyAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	a := opened(t, scenario.Target{}, "")
	good := fakeCluster(t)
	a.Bootstrap = []string{nobody, good}
	if e, err := a.Enter(t.Context()); err != nil || e.Address != good {
		t.Errorf("entered %+v (%v), want by %s", e, err, good)
	}
	a.Bootstrap = []string{"nobody..invalid:1", noKafka(t)}
	_, err = a.Enter(t.Context())
	checkProblem(t, err, Kafka, "does not answer as a Kafka broker")
	var starts atomic.Int64
	a.Bootstrap = []string{answers(t, func(r kmsg.Request) kmsg.Response {
		if starts.Add(1) == 1 {
			return nil
		}
		return r.ResponseKind()
	})}
	if _, err := a.Enter(t.Context()); err != nil || starts.Load() < 2 {
		t.Errorf("after %d requests: %v", starts.Load(), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a.Bootstrap = []string{nobody}
	if _, err := a.Enter(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that the context is done", err)
	}
}

// TestFilesOfTLS holds what is said of files that are not what they should be.
func TestFilesOfTLS(t *testing.T) {
	ca := newAuthority(t, "Company CA")
	cert, key := files(t, ca.leaf(t, nil))
	_, other := files(t, ca.leaf(t, nil))
	for _, c := range []struct {
		tls  scenario.TLS
		says string
	}{
		{scenario.TLS{Set: true, CA: key}, "holds no certificate in PEM form"},
		{scenario.TLS{Set: true, Cert: cert, Key: other}, "private key does not match public key"},
		{scenario.TLS{Set: true, Cert: key, Key: key}, "do not make a client's certificate"},
	} {
		_, err := Open(t.Context(), &scenario.Target{Bootstrap: []string{"a:1"}, Auth: scenario.Auth{Mechanism: scenario.NoAuth}, TLS: c.tls})
		checkProblem(t, err, Setup, c.says)
	}
}
