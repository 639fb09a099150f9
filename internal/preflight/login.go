package preflight

import (
	"context"
	"crypto/tls"
	"crypto/x509"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/cluster"
	"msklt/scenario"
)

// open connects as a run does.
func (l *look) open(ctx context.Context) bool {
	var err error
	if l.cluster, err = cluster.Open(ctx, l.Access.Bootstrap, l.options()...); err != nil {
		l.failed("brokers", err, "")
		return false
	}
	if l.client, err = kgo.NewClient(l.options()...); err != nil {
		l.cluster.Close()
		l.failed("brokers", err, "")
		return false
	}
	l.admin = kadm.NewClient(l.client)
	return true
}

// ping asks a broker of the cluster for as little as there is.
func (l *look) ping(ctx context.Context) (kmsg.Response, error) {
	request := kmsg.NewPtrMetadataRequest()
	request.Topics = []kmsg.MetadataRequestTopic{}
	return l.client.Broker(int(l.cluster.Brokers[0])).Request(ctx, request)
}

// unknownPrincipal stands in a command for whom the cluster takes the client for,
// where a token says so that is no business of this program.
const unknownPrincipal = "User:PRINCIPAL"

// principal is whom Apache Kafka takes the client for, unless it has a rule of its own.
func (l *look) principal() string {
	switch a := l.Target.Auth; a.Mechanism {
	case scenario.Plain, scenario.SCRAM256, scenario.SCRAM512:
		return "User:" + a.Username
	case scenario.MutualTLS:
		pair, err := tls.LoadX509KeyPair(l.Target.TLS.Cert, l.Target.TLS.Key)
		if err != nil {
			return unknownPrincipal
		}
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil {
			return unknownPrincipal
		}
		return "User:" + leaf.Subject.String()
	case "", scenario.NoAuth:
		return "User:ANONYMOUS"
	}
	return unknownPrincipal
}
