package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"msklt/internal/kafkatest"
)

// wrong names what is wrong with a target, each thing in words of its own.
func (s *secured) wrong(t *testing.T) {
	ca := fmt.Sprintf("{ca: %q}", s.Authority().File)
	auth := fmt.Sprintf("auth: {mechanism: scram-sha-512, username: loader, password: %q}\n", rightPassword)
	at := func(address, rest string) string {
		return fmt.Sprintf("version: 1\nbootstrap: %q\n%s", address, rest)
	}
	iam := func(address, aws string) string {
		return at(address, "auth: {mechanism: aws-msk-iam}\naws: "+aws+"\ntls: "+ca)
	}
	passwords, tokens := s.At(kafkatest.Passwords)[0], s.At(kafkatest.Tokens)[0]
	stranger := kafkatest.NewAuthority(t)
	now, behind := clock(t, 0), clock(t, 10*time.Minute)
	for name, c := range map[string]struct {
		target string
		says   []string
	}{
		"typo in the host":       {at("kafka.nosuch.invalid:9093", auth), []string{"✗ name", "kafka.nosuch.invalid", "check"}},
		"wrong port":             {at(closed(t), auth), []string{"✗ connection", "refuses connections", "check the port"}},
		"no TLS where there is":  {at(passwords, auth+"tls: off"), []string{"✗ tls", "speaks TLS", "write tls: {}"}},
		"TLS where there is not": {at(s.Bootstrap(), auth), []string{"✗ tls", "speaks no TLS"}},
		"other authority":        {at(encrypting(t, stranger, "127.0.0.1", time.Hour), auth+"tls: "+ca), []string{"✗ tls", "signed by an authority that is not known here", "tls: {ca: FILE}"}},
		"expired certificate":    {at(encrypting(t, s.Authority(), "127.0.0.1", -time.Hour), auth+"tls: "+ca), []string{"✗ tls", "has expired: it was valid until", "renew it"}},
		"other host's":           {at(encrypting(t, s.Authority(), "kafka.example", time.Hour), auth+"tls: "+ca), []string{"✗ tls", "is for kafka.example, not for 127.0.0.1", "server_name"}},
		"no login":               {at(passwords, "tls: "+ca), []string{"✗ login", "ends a connection that does not log in"}},
		"no Kafka":               {at(strings.TrimPrefix(now, "http://"), ""), []string{"✗ protocol", "gives no answer", "check the port"}},
		"clock 10 minutes off":   {iam(s.At(kafkatest.Behind)[0], "{region: "+region+", sts_endpoint: "+behind+"}"), []string{"✗ login", "✗ clock", "this machine's clock is 10m", "ahead of AWS's"}},
		"region of the token":    {iam(tokens, "{region: us-east-1, sts_endpoint: "+now+"}"), []string{"✗ login", "Access denied", "the region", "✓ clock agrees with AWS's"}},
		"region of the host":     {iam("b-1.orders.abc.c2.kafka.eu-west-1.amazonaws.com:9098", "{region: us-east-1}"), []string{"region is us-east-1, and the cluster is in eu-west-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			target := s.file(t, strings.ReplaceAll(name, " ", "-")+".yaml", c.target)
			env := []string{"AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=" + rightKey}
			code := exitEnvironment
			if name == "region of the host" { // which is known without asking anybody
				code = exitUsage
			}
			s.refused(t, code, env, c.says, "check", s.file(t, "brief.yaml", brief), "--target", target)
		})
	}
}

// broken names the one broker of three that clients cannot enter, which the cluster's
// addresses do not show: a look, and a run, which leaves nothing.
func (s *secured) broken(t *testing.T) {
	const third = "broker 3: "
	for listener, says := range map[string][]string{
		kafkatest.Unreachable: {third + "127.0.0.1:", "refuses connections: nothing listens on port", "check the port, and that the broker is up"},
		kafkatest.Expired:     {third + "the certificate of " + s.At(kafkatest.Expired)[2] + " has expired: it was valid until", "renew it"},
	} {
		path, target := s.file(t, "brief.yaml", brief), s.target(t, listener, s.scram("loader"))
		t.Run(listener+"/check", func(t *testing.T) {
			words := append([]string{"✓ login scram-sha-512 as User:loader ✗ brokers " + third, "3 of 3 bootstrap addresses answer"}, says...)
			s.refused(t, exitEnvironment, nil, words, "check", path, "--target", target)
		})
		t.Run(listener+"/run", func(t *testing.T) {
			s.refused(t, exitEnvironment, nil, append([]string{"msklt: " + third}, says...), "run", path, "--target", target)
		})
	}
}

// clock starts a web server in AWS's place, whose clock is behind by so much, and
// returns its address.
func clock(t *testing.T, by time.Duration) (url string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-by).UTC().Format(http.TimeFormat))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// closed is an address at which nobody listens.
func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// encrypting listens with a certificate for a host until some time from now.
func encrypting(t *testing.T, a *kafkatest.Authority, host string, until time.Duration) string {
	t.Helper()
	cert, err := tls.LoadX509KeyPair(a.Issue(t, kafkatest.Certificate{Name: "broker", Hosts: []string{host}, NotAfter: time.Now().Add(until)}))
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(nil)
	s.TLS, s.Config.ErrorLog = &tls.Config{Certificates: []tls.Certificate{cert}}, log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}
