package kafkatest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-msk-iam-sasl-signer-go/signer"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// TestKafkaSecured enters by each listener, rightly and wrongly, and holds that a
// permission is what lets a client write.
func TestKafkaSecured(t *testing.T) {
	b := Start(t, Options{Secured: &Secured{
		Users: map[string]string{"loader": "right"}, Bearer: map[string]string{"robot": "abc.def"},
		Keys: map[string]string{"AKIDEXAMPLE": "secret/+"}, Region: "eu-west-1",
	}})
	b.CreateTopic(t, "orders", 1)
	ca, err := os.ReadFile(b.Authority().File)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	config := func(client ...tls.Certificate) *tls.Config {
		return &tls.Config{RootCAs: roots, Certificates: client}
	}
	cert, err := tls.LoadX509KeyPair(b.Authority().Issue(t, Certificate{Name: "loader", NotAfter: time.Now().Add(time.Hour)}))
	if err != nil {
		t.Fatal(err)
	}
	bearer := func(token string) sasl.Mechanism {
		return oauth.Auth{Token: token}.AsMechanism()
	}
	// AWS's own signer.
	iam := func(region, key, secret string) sasl.Mechanism {
		token, _, err := signer.GenerateAuthTokenFromCredentialsProvider(t.Context(), region, credentials.NewStaticCredentialsProvider(key, secret, "session"))
		if err != nil {
			t.Fatal(err)
		}
		return bearer(token)
	}
	for name, c := range map[string]struct {
		listener  string
		tls       *tls.Config
		mechanism sasl.Mechanism
		principal string // "" is one who does not come in
	}{
		"plain":              {Passwords, config(), plain.Auth{User: "loader", Pass: "right"}.AsMechanism(), "User:loader"},
		"plain, wrong":       {Passwords, config(), plain.Auth{User: "loader", Pass: "wrong"}.AsMechanism(), ""},
		"scram-256":          {Passwords, config(), scram.Auth{User: "loader", Pass: "right"}.AsSha256Mechanism(), "User:loader"},
		"scram-512":          {Passwords, config(), scram.Auth{User: "loader", Pass: "right"}.AsSha512Mechanism(), "User:loader"},
		"scram-512, wrong":   {Passwords, config(), scram.Auth{User: "loader", Pass: "wrong"}.AsSha512Mechanism(), ""},
		"certificate":        {Certificates, config(cert), nil, "User:CN=loader"},
		"no certificate":     {Certificates, config(), nil, ""},
		"token":              {Tokens, config(), bearer("abc.def"), "User:robot"},
		"token, wrong":       {Tokens, config(), bearer("abc.deg"), ""},
		"iam":                {Tokens, config(), iam("eu-west-1", "AKIDEXAMPLE", "secret/+"), "User:AKIDEXAMPLE"},
		"iam, other region":  {Tokens, config(), iam("eu-west-2", "AKIDEXAMPLE", "secret/+"), ""},
		"iam, other key":     {Tokens, config(), iam("eu-west-1", "AKIDEXAMPLF", "secret/+"), ""},
		"iam, other secret":  {Tokens, config(), iam("eu-west-1", "AKIDEXAMPLE", "secret/-"), ""},
		"iam, early":         {Behind, config(), iam("eu-west-1", "AKIDEXAMPLE", "secret/+"), ""},
		"signature of none":  {Tokens, config(), bearer("abc"), ""},
		"no TLS":             {Passwords, nil, plain.Auth{User: "loader", Pass: "right"}.AsMechanism(), ""},
		"password for token": {Tokens, config(), plain.Auth{User: "loader", Pass: "right"}.AsMechanism(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			opts := []kgo.Opt{kgo.SeedBrokers(b.At(c.listener)...), kgo.DialTLSConfig(c.tls), kgo.DisableIdempotentWrite()}
			if c.mechanism != nil {
				opts = append(opts, kgo.SASL(c.mechanism))
			}
			client, err := kgo.NewClient(opts...)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			write := func() error {
				return client.ProduceSync(ctx, &kgo.Record{Topic: "orders", Value: []byte("a")}).FirstErr()
			}
			if c.principal == "" {
				if err := client.Ping(ctx); err == nil {
					t.Error("it came in")
				}
				return
			}
			b.SetACLs(t, c.principal)
			if err := write(); !errors.Is(err, kerr.TopicAuthorizationFailed) {
				t.Errorf("without a permission: %v", err)
			}
			b.SetACLs(t, c.principal, ACL{On: kmsg.ACLResourceTypeTopic, Name: "ord", Prefix: true, Operation: kmsg.ACLOperationWrite})
			if err := write(); err != nil {
				t.Errorf("with the permission: %v", err)
			}
			b.SetACLs(t, c.principal)
		})
	}
}

// TestKafkaOld runs the old release, whose APIs are those of Kafka 2.8.
func TestKafkaOld(t *testing.T) {
	b := Start(t, Options{Old: true})
	b.CreateTopic(t, "orders", 2)
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Bootstrap()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "orders", Value: []byte("a")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	versions, err := b.admin.ApiVersions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	offered := versions[1]
	if _, most, ok := offered.KeyVersions(int16(kmsg.Produce)); offered.Err != nil || !ok || most != 9 {
		t.Errorf("produce up to version %d, %v; want 9, that of 2.8", most, offered.Err)
	}
}
