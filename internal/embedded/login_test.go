package embedded

import (
	"context"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"pgregory.net/rapid"

	"msklt/internal/limits"
)

// login logs in, the first time or again, and returns how long that lasts.
func (r *raw) login(iam *IAM) time.Duration {
	r.t.Helper()
	if code := r.handshake("OAUTHBEARER").ErrorCode; code != 0 {
		r.t.Fatal(kerr.ErrorForCode(code))
	}
	resp := r.authenticate(first(r.t, iam))
	if resp.ErrorCode != 0 {
		r.t.Fatal(*resp.ErrorMessage)
	}
	return time.Duration(resp.SessionLifetimeMillis) * time.Millisecond
}

func (r *raw) handshake(mechanism string) *kmsg.SASLHandshakeResponse {
	r.t.Helper()
	req := kmsg.NewPtrSASLHandshakeRequest()
	req.Version, req.Mechanism = 1, mechanism
	return r.ask(req).(*kmsg.SASLHandshakeResponse)
}

func (r *raw) authenticate(message []byte) *kmsg.SASLAuthenticateResponse {
	r.t.Helper()
	req := kmsg.NewPtrSASLAuthenticateRequest()
	req.Version, req.SASLAuthBytes = 2, message
	return r.ask(req).(*kmsg.SASLAuthenticateResponse)
}

// closed fails the test unless the broker has closed the connection.
func (r *raw) closed(when string) {
	r.t.Helper()
	if _, err := r.frame(); !errors.Is(err, io.EOF) {
		r.t.Errorf("%s: %v, want a closed connection", when, err)
	}
}

// first is the first message of a login.
func first(t *testing.T, iam *IAM) []byte {
	t.Helper()
	_, message, err := iam.Mechanism().Authenticate(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return message
}

// TestServerlessLogsIn lets clients in, for as long as it says, and then again on the
// same connection (KIP-368).
func TestServerlessLogsIn(t *testing.T) {
	cfg := passing(nil)
	cfg.IAM.Session = time.Minute
	inVirtualTime(t, cfg, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		cl := client(t, c, kgo.SASL(cfg.IAM.Mechanism()), kgo.Dialer(network.DialContext), kgo.DefaultProduceTopic("t"),
			kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"t": {0: kgo.NewOffset().AtStart()}}))
		read := 0
		for range 300 {
			produceSync(t, cl, "t", 0, 1, 100)
			read += cl.PollFetches(t.Context()).NumRecords()
			time.Sleep(time.Second)
		}
		if read != 300 {
			t.Errorf("%d records read, want 300", read)
		}
		rows := c.Truth().Rows()
		connections := sum(only(rows, "cluster", nil), func(r Row) int64 { return r.Attempts })
		// A busy connection logs in anew when 95 to 98 % of a minute have passed: five
		// times in 300 s, and two connections are always busy.
		if n := sum(only(rows, "cluster", nil), logins); n < connections+2*5 {
			t.Errorf("%d logins on %d connections", n, connections)
		}
		if got := refusals(c); len(got) > 0 {
			t.Errorf("refused: %v", got)
		}
	})
}

// TestServerlessSessionEnds: the login lasts no longer than the token and the bound,
// and a request after it closes the connection.
func TestServerlessSessionEnds(t *testing.T) {
	cfg := passing(nil)
	inVirtualTime(t, cfg, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		token := first(t, cfg.IAM)
		time.Sleep(5 * time.Minute)
		r := dialVirtual(t, network, c.Bootstrap()[0], "a")
		r.handshake("OAUTHBEARER")
		if resp := r.authenticate(token); resp.SessionLifetimeMillis != 600_000 {
			t.Errorf("%d ms, want what a token of 15 min has left after 5", resp.SessionLifetimeMillis)
		}
		c.serverless.iam.Session = time.Minute // nobody logs in meanwhile
		if lasts := r.login(cfg.IAM); lasts != time.Minute {
			t.Errorf("%s, want the bound of a minute", lasts)
		}
		if resp := r.authenticate(token); resp.ErrorCode != kerr.IllegalSaslState.Code {
			t.Errorf("without a handshake: %v", kerr.ErrorForCode(resp.ErrorCode))
		}
		metadata := versioned(kmsg.NewPtrMetadataRequest(), 11)
		time.Sleep(time.Minute - time.Millisecond)
		r.ask(metadata)
		time.Sleep(time.Millisecond)
		r.send(metadata)
		r.closed("after the login's end")
		want := map[string]int64{"metadata closed login": 1}
		if got := refusals(c); !maps.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if n := sum(only(c.Truth().Rows(), "cluster", nil), logins); n != 2 {
			t.Errorf("%d logins, want 2", n)
		}
	})
}

// TestServerlessRefusesLogins says what Amazon MSK says, and which part is wrong.
func TestServerlessRefusesLogins(t *testing.T) {
	cfg := passing(nil)
	iam := *cfg.IAM
	inVirtualTime(t, cfg, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		with := func(change func(*IAM)) []byte {
			other := iam
			change(&other)
			return first(t, &other)
		}
		expired := first(t, &iam)
		time.Sleep(15 * time.Minute)
		extended := oauth.Auth{Zid: "me", Token: "x", Extensions: map[string]string{"a": "b"}}.AsMechanism()
		_, named, err := extended.Authenticate(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		for _, refused := range []struct {
			says    string
			message []byte
		}{
			{"signature: does not match", with(func(i *IAM) { i.SecretKey = "another" })},
			{"access key: not known", with(func(i *IAM) { i.AccessKey = "AKIAOTHER" })},
			{`region: signed for "eu-west-1"`, with(func(i *IAM) { i.Region = "eu-west-1" })},
			{"expiry: expired 0s ago", expired},
			{"message: not a first message", []byte("\x00user\x00password")},
			{"message: not a first message", []byte("n,,\x01auth=Basic x\x01\x01")},
			{"message: not a first message", []byte("n,,\x01auth=Bearer x\x01")},
			{"message: not a first message", []byte("p=x,,\x01auth=Bearer x\x01\x01")},
			{"encoding: not base64", named},
		} {
			r := dialVirtual(t, network, c.Bootstrap()[0], "a")
			r.handshake("OAUTHBEARER")
			resp := r.authenticate(refused.message)
			if resp.ErrorCode != kerr.SaslAuthenticationFailed.Code || !strings.Contains(*resp.ErrorMessage, "]: Access denied ("+refused.says) {
				t.Errorf("%v, %s; want %s", kerr.ErrorForCode(resp.ErrorCode), *resp.ErrorMessage, refused.says)
			}
			if strings.Contains(*resp.ErrorMessage, iam.SecretKey) {
				t.Error("the secret is told")
			}
			r.closed(refused.says)
		}
		failed := "saslauthenticate SASL_AUTHENTICATION_FAILED "
		want := map[string]int64{
			failed + "signature": 1, failed + "access key": 1, failed + "region": 1, failed + "expiry": 1,
			failed + "message": 4, failed + "encoding": 1,
		}
		if got := refusals(c); !maps.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// TestServerlessOutOfTurn closes connections that ask for what only a login opens, or
// for another mechanism.
func TestServerlessOutOfTurn(t *testing.T) {
	cfg := passing(nil)
	inVirtualTime(t, cfg, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		r := dialVirtual(t, network, c.Bootstrap()[0], "a")
		if resp := r.handshake("PLAIN"); resp.ErrorCode != kerr.UnsupportedSaslMechanism.Code || resp.SupportedMechanisms[0] != "OAUTHBEARER" {
			t.Errorf("%+v", resp)
		}
		r.closed("after another mechanism")
		r = dialVirtual(t, network, c.Bootstrap()[0], "a")
		r.ask(versioned(kmsg.NewPtrApiVersionsRequest(), 2))
		r.send(versioned(kmsg.NewPtrMetadataRequest(), 11))
		r.closed("without a login")
		r = dialVirtual(t, network, c.Bootstrap()[0], "a")
		r.handshake("OAUTHBEARER")
		r.send(versioned(kmsg.NewPtrMetadataRequest(), 11))
		r.closed("in the middle of a login")
		want := map[string]int64{"saslhandshake UNSUPPORTED_SASL_MECHANISM mechanism": 1, "metadata closed login": 2}
		if got := refusals(c); !maps.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// TestBearer finds the token in what a client sends, whatever stands beside it.
func TestBearer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.StringMatching(`[a-z]{1,9}`)
		token := rapid.StringMatching(`[A-Za-z0-9_-]{1,99}`).Draw(t, "token")
		auth := oauth.Auth{
			Zid: rapid.StringMatching(`[a-z]{0,9}`).Draw(t, "zid"), Token: token,
			Extensions: rapid.MapOfN(plain, plain, 0, 3).Draw(t, "extensions"),
		}
		_, message, err := auth.AsMechanism().Authenticate(context.Background(), "")
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := bearer(message); !ok || got != token {
			t.Fatalf("%q, %v from %q", got, ok, message)
		}
		if got, ok := bearer(message[:rapid.IntRange(0, len(message)-1).Draw(t, "cut")]); ok {
			t.Fatalf("%q of a message that was cut", got)
		}
	})
}

// TestBrokerRefusesLogins holds the limits on one broker's connections: what is over is
// refused at the login, by that broker only; a login on an old connection counts for
// none, and a connection that ends makes room.
func TestBrokerRefusesLogins(t *testing.T) {
	cfg := passing(map[limits.Name]float64{limits.BrokerAttempts: 10, limits.BrokerConnections: 15})
	cfg.Brokers = 2
	inVirtualTime(t, cfg, func(t *testing.T, c *Cluster, network *kfake.VirtualNetwork) {
		var in []*raw
		try := func(broker, n int) (refused int) {
			for range n {
				r := dialVirtual(t, network, c.Bootstrap()[broker], "a")
				r.handshake("OAUTHBEARER")
				if resp := r.authenticate(first(t, cfg.IAM)); resp.ErrorCode == 0 {
					in = append(in, r)
				} else if refused++; kerr.ErrorForCode(resp.ErrorCode) != kerr.SaslAuthenticationFailed || !strings.HasSuffix(*resp.ErrorMessage, "]: Too many connects") {
					t.Errorf("%v: %s", kerr.ErrorForCode(resp.ErrorCode), *resp.ErrorMessage)
				} else {
					r.closed("a login refused")
				}
			}
			return refused
		}
		if a, b := try(0, 25), try(1, 4); a != 15 || b != 0 {
			t.Errorf("%d and %d refused, want 15 for the rate and 0", a, b)
		}
		time.Sleep(time.Second)
		for range 12 {
			in[0].login(cfg.IAM)
		}
		if n := try(0, 8); n != 3 {
			t.Errorf("%d refused, want 3 for the number", n)
		}
		_ = in[1].conn.Close()
		time.Sleep(time.Second)
		if n := try(0, 2); n != 1 {
			t.Errorf("%d refused after one has left, want 1", n)
		}
		reasons := map[string]int64{}
		for _, r := range only(c.Truth().Rows(), "refusal", nil) {
			reasons[r.Reason] += r.Count
		}
		if want := map[string]int64{"broker.connection_attempts": 15, "broker.connections": 4}; !maps.Equal(reasons, want) {
			t.Errorf("truth: %v, want %v", reasons, want)
		}
		var attempts, refused, most [2]int64
		for _, r := range only(c.Truth().Rows(), "broker", nil) {
			attempts[r.Broker] += r.Attempts
			refused[r.Broker] += r.Refused
			most[r.Broker] = max(most[r.Broker], r.Connections)
		}
		if attempts != [2]int64{35, 4} || refused != [2]int64{19, 0} || most != [2]int64{15, 4} {
			t.Errorf("truth: %v attempts, %v refused, %v at most", attempts, refused, most)
		}
	})
}
