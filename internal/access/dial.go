package access

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"msklt/scenario"
)

// dialTCP opens a connection.
func dialTCP(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, address)
	if err != nil {
		return nil, unreachable(ctx, address, err)
	}
	return conn, nil
}

// unreachable says why an address gives no connection.
func unreachable(ctx context.Context, address string, err error) error {
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return err
	}
	host, port, _ := net.SplitHostPort(address)
	p := &Problem{Stage: TCP, Address: address, Err: err, passing: true}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		p.Stage, p.passing = DNS, false
		p.Message = fmt.Sprintf("the name %s does not resolve", host)
		p.Fix = "check its spelling"
		if strings.Contains(host, ".amazonaws.com") {
			p.Fix += "; names of MSK brokers that are not public resolve inside of their VPC only"
		}
	case errors.As(err, &dns):
		p.Stage = DNS
		p.Message = fmt.Sprintf("the name %s cannot be looked up: %s", host, dns.Err)
		p.Fix = "check this machine's DNS"
	case errors.Is(err, syscall.ECONNREFUSED):
		p.Message = fmt.Sprintf("%s refuses connections: nothing listens on port %s there", address, port)
		p.Fix = "check the port, and that the broker is up"
	case timedOut(err):
		p.Message = fmt.Sprintf("%s does not answer", address)
		p.Fix = "a firewall or security group may drop connections from here, or this machine is outside of the cluster's network; a broker that is over its limit on connections for long, or hangs, answers nobody either"
	default:
		p.Message = fmt.Sprintf("%s cannot be reached: %v", address, cause(err))
		p.Fix = "check this machine's network"
	}
	return p
}

func timedOut(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

// cause is an error without the operation and the addresses that net puts before it.
func cause(err error) error {
	var op *net.OpError
	for errors.As(err, &op) {
		err = op.Err
	}
	return err
}

// tlsConfig reads what a target says of TLS.
func tlsConfig(t scenario.TLS) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, &Problem{Stage: Setup, Message: fmt.Sprintf("tls.ca cannot be read: %v", err), Err: err}
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &Problem{Stage: Setup, Message: fmt.Sprintf("tls.ca: %s holds no certificate in PEM form", t.CA),
				Fix: "such a file has lines with BEGIN CERTIFICATE; keytool -exportcert -rfc writes it from a Java trust store"}
		}
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, &Problem{Stage: Setup, Message: fmt.Sprintf("tls.cert %s and tls.key %s do not make a client's certificate: %v", t.Cert, t.Key, err), Err: err,
				Fix: "both are PEM files; the key belongs to the certificate and is not encrypted"}
		}
		if err := current(t.Cert, pair.Leaf, time.Now()); err != nil {
			return nil, err
		}
		// Shown whatever authorities the broker names, so that it says what is wrong
		// with it rather than that there is none.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	return c, nil
}

// current tells of a client's certificate that is out of date: brokers say only that
// they do not take it.
func current(file string, c *x509.Certificate, now time.Time) error {
	if !now.Before(c.NotBefore) && !now.After(c.NotAfter) {
		return nil
	}
	p := &Problem{Stage: Setup}
	outOfDate(p, "the client's certificate tls.cert "+file, c, now)
	return p
}

// secured dials with TLS.
type secured struct{ config *tls.Config }

func (s secured) dial(ctx context.Context, network, address string) (net.Conn, error) {
	raw, err := dialTCP(ctx, network, address)
	if err != nil {
		return nil, err
	}
	config := s.config.Clone()
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(address)
	}
	conn := tls.Client(raw, config)
	within, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	if err := conn.HandshakeContext(within); err != nil {
		_ = raw.Close()
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, insecure(ctx, address, config.ServerName, config.GetClientCertificate == nil, err)
	}
	return &tlsConn{conn, address, config.GetClientCertificate == nil}, nil
}

// tlsConn is a connection with TLS. What the broker says of the client's certificate
// comes, since TLS 1.3, with the first answer.
type tlsConn struct {
	*tls.Conn
	address string
	bare    bool // without a client's certificate
}

func (c *tlsConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if said := alertOf(err); said != "" {
		return n, alerted(c.address, said, c.bare, err)
	}
	return n, err
}

// insecure says why a TLS handshake failed.
func insecure(ctx context.Context, address, name string, bare bool, err error) error {
	p := &Problem{Stage: TLS, Address: address, Err: err}
	var (
		header    tls.RecordHeaderError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &authority):
		p.Message = fmt.Sprintf("the certificate of %s is signed by an authority that is not known here: %s", address, authority.Cert.Issuer)
		if c := authority.Cert; c.Subject.String() == c.Issuer.String() {
			p.Message = fmt.Sprintf("the certificate of %s is self-signed, by %s", address, c.Issuer)
		}
		p.Fix = "name a file with its authority: tls: {ca: FILE}"
	case errors.As(err, &host):
		p.Message = fmt.Sprintf("the certificate of %s is for %s, not for %s", address, NamesOf(host.Certificate), name)
		p.Fix = "connect by one of its names, or say which to expect: tls: {server_name: NAME}"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		outOfDate(p, "the certificate of "+address, invalid.Cert, time.Now())
	case alertOf(err) != "":
		return alerted(address, alertOf(err), bare, err)
	case errors.As(err, &header), plaintext(ctx, address):
		p.Message = fmt.Sprintf("%s speaks no TLS", address)
		p.Fix = "take its port for TLS, or write tls: off if a connection that others can read is meant"
	case timedOut(err):
		p.Message = fmt.Sprintf("%s accepts connections, but does not answer in TLS", address)
		p.Fix = "check the port"
	default:
		p.Message = fmt.Sprintf("no TLS connection to %s comes about: %v", address, cause(err))
		p.Fix = "check the port, the TLS versions that the broker allows, and whether it asks for a client's certificate"
	}
	return p
}

// outOfDate tells of a certificate that is not valid now, or by a clock that is wrong.
func outOfDate(p *Problem, what string, c *x509.Certificate, now time.Time) {
	const day = "2006-01-02 15:04 MST"
	when, fix := "has expired: it was valid until "+c.NotAfter.UTC().Format(day), "renew it"
	if now.Before(c.NotBefore) {
		when, fix = "is not valid yet: it will be from "+c.NotBefore.UTC().Format(day), "wait"
	}
	p.Message = what + " " + when
	p.Fix = fmt.Sprintf("%s, or set this machine's clock if %s is wrong", fix, now.UTC().Format(day))
}

// NamesOf are the names that a certificate is for, in words.
func NamesOf(c *x509.Certificate) string {
	names := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "no host (it has no subject alternative name)"
	}
	return strings.Join(names, ", ")
}

// alertOf is what the other side said when it ended a TLS connection (RFC 8446
// section 6.2), as crypto/tls words it; "" for other errors.
func alertOf(err error) string {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return ""
	}
	return strings.TrimPrefix(op.Err.Error(), "tls: ")
}

// alerted says why the broker ended a TLS connection; bare tells that the client has
// no certificate, which Java's TLS calls a bad one.
func alerted(address, said string, bare bool, err error) error {
	p := &Problem{Stage: TLS, Address: address, Err: err}
	if bare && said == "bad certificate" {
		said = "certificate required"
	}
	switch said {
	case "certificate required":
		p.Message = fmt.Sprintf("%s asks for a client's certificate", address)
		p.Fix = "write auth: {mechanism: mtls} and tls: {cert: FILE, key: FILE}"
	case "bad certificate", "expired certificate", "unknown certificate", "unknown certificate authority", "access denied":
		p.Message = fmt.Sprintf("%s refuses the client's certificate (%s)", address, said)
		p.Fix = "check tls.cert: the broker must know its authority, and it must be in date; without one, the broker may ask for one"
	case "handshake failure":
		p.Message = fmt.Sprintf("%s ends the TLS handshake: no cipher in common, or it asks for a client's certificate", address)
		p.Fix = "if so, write auth: {mechanism: mtls} and tls: {cert: FILE, key: FILE}"
	case "protocol version not supported":
		p.Message = fmt.Sprintf("%s speaks no TLS 1.2 or later", address)
		p.Fix = "enable it on the broker"
	default:
		p.Message = fmt.Sprintf("%s ends the TLS connection: %s", address, said)
		p.Fix = "see the broker's log"
	}
	return p
}
