package access

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/scenario"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert = sign(t, template, template, a.key, a.key)
	return a
}

func sign(t *testing.T, template, parent *x509.Certificate, of, by *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &of.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// leaf makes a certificate for 127.0.0.1, or for a name; one without an authority is
// self-signed.
func (a *authority) leaf(t *testing.T, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "broker"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(template)
	}
	key := newKey(t)
	parent, by := template, key
	if a != nil {
		parent, by = a.cert, a.key
	}
	c := sign(t, template, parent, key, by)
	return tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key, Leaf: c}
}

// caFile writes the authority's certificate.
func (a *authority) caFile(t *testing.T) string {
	t.Helper()
	return pemFile(t, "CERTIFICATE", a.cert.Raw)
}

func pemFile(t *testing.T, kind string, der []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// files writes a certificate and its key.
func files(t *testing.T, c tls.Certificate) (cert, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return pemFile(t, "CERTIFICATE", c.Certificate[0]), pemFile(t, "PRIVATE KEY", der)
}

// fakeCluster is kfake with one broker, and its address.
func fakeCluster(t *testing.T, opts ...kfake.Opt) string {
	t.Helper()
	c, err := kfake.NewCluster(append(opts, kfake.NumBrokers(1))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.ListenAddrs()[0]
}

// listen serves connections with a function.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return l.Addr().String()
}

// answers is a broker whose answers a test makes up; nil ends the connection.
func answers(t *testing.T, answer func(kmsg.Request) kmsg.Response) string {
	t.Helper()
	return listen(t, func(conn net.Conn) {
		for {
			var size [4]byte
			if _, err := io.ReadFull(conn, size[:]); err != nil {
				return
			}
			if size[0] != 0 { // a hundred megabytes at once is no request
				return
			}
			frame := make([]byte, binary.BigEndian.Uint32(size[:]))
			if _, err := io.ReadFull(conn, frame); err != nil {
				return
			}
			request := kmsg.RequestForKey(int16(binary.BigEndian.Uint16(frame)))
			request.SetVersion(int16(binary.BigEndian.Uint16(frame[2:])))
			name := int(binary.BigEndian.Uint16(frame[8:]))
			if request.ReadFrom(frame[10+name:]) != nil {
				return
			}
			response := answer(request)
			if response == nil {
				return
			}
			response.SetVersion(request.GetVersion())
			out := response.AppendTo(append(make([]byte, 4), frame[4:8]...))
			binary.BigEndian.PutUint32(out, uint32(len(out)-4))
			if _, err := conn.Write(out); err != nil {
				return
			}
		}
	})
}

// opened is the access to an address.
func opened(t *testing.T, target scenario.Target, address string) *Access {
	t.Helper()
	target.Bootstrap = []string{address}
	if target.Auth.Mechanism == "" {
		target.Auth.Mechanism = scenario.NoAuth
	}
	a, err := Open(t.Context(), &target)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func serverTLS(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }
