package kafkatest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const day = 24 * time.Hour

// Authority signs certificates.
type Authority struct {
	File string // its own certificate, PEM

	dir         string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	server      string // key and certificate of the brokers
	expired     string // those of one that nobody has renewed
}

// Certificate says what to sign.
type Certificate struct {
	Name     string    // CN
	Hosts    []string  // names and addresses; none: a client's
	NotAfter time.Time // it is valid for the 30 days before
}

// NewAuthority makes an authority in a temporary folder.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{dir: tempDir(t), key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: serial(t), Subject: pkix.Name{CommonName: "kafkatest"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(60 * day),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatalf("making an authority: %v", err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatalf("reading the authority: %v", err)
	}
	a.File = a.write(t, "ca.pem", pem.Block{Type: "CERTIFICATE", Bytes: der})
	broker := func(file string, until time.Duration) string {
		cert, key := a.Issue(t, Certificate{Name: "broker", Hosts: []string{"localhost", "127.0.0.1"}, NotAfter: time.Now().Add(until)})
		return a.join(t, file, key, cert)
	}
	a.server, a.expired = broker("server.pem", 25*day), broker("expired.pem", -time.Hour)
	return a
}

// Issue signs a certificate and returns the files of it and of its key, PEM.
func (a *Authority) Issue(t testing.TB, c Certificate) (certificate, key string) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: serial(t), Subject: pkix.Name{CommonName: c.Name},
		NotBefore: c.NotAfter.Add(-30 * day), NotAfter: c.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, host := range c.Hosts {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	private := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &private.PublicKey, a.key)
	if err != nil {
		t.Fatalf("signing a certificate for %s: %v", c.Name, err)
	}
	bytes, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatalf("writing the key of %s: %v", c.Name, err)
	}
	prefix := template.SerialNumber.String()
	return a.write(t, prefix+".pem", pem.Block{Type: "CERTIFICATE", Bytes: der}),
		a.write(t, prefix+"-key.pem", pem.Block{Type: "PRIVATE KEY", Bytes: bytes})
}

func (a *Authority) write(t testing.TB, name string, block pem.Block) string {
	t.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&block), 0o600); err != nil {
		t.Fatalf("writing %s: %v", name, err)
	}
	return path
}

// join writes some files one after the other into one.
func (a *Authority) join(t testing.TB, name string, files ...string) string {
	t.Helper()
	var all []byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("reading %s: %v", file, err)
		}
		all = append(all, text...)
	}
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatalf("writing %s: %v", name, err)
	}
	return path
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("making a key: %v", err)
	}
	return key
}

func serial(t testing.TB) *big.Int {
	t.Helper()
	n, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatalf("choosing a serial number: %v", err)
	}
	return n
}
