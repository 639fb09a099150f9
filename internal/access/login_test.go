package access

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/scenario"
)

// TestLogins holds each login by a password with right and wrong credentials, with
// and without TLS.
func TestLogins(t *testing.T) {
	ca := newAuthority(t, "Company CA")
	secured := kfake.TLS(serverTLS(ca.leaf(t, nil)))
	names := map[string]string{scenario.Plain: "PLAIN", scenario.SCRAM256: "SCRAM-SHA-256", scenario.SCRAM512: "SCRAM-SHA-512"}
	for mechanism, name := range names {
		t.Run(mechanism, func(t *testing.T) {
			user := kfake.Superuser(name, "load", "hunter2")
			over := map[scenario.TLS]string{
				{Off: true}:                    fakeCluster(t, kfake.EnableSASL(), user),
				{Set: true, CA: ca.caFile(t)}:  fakeCluster(t, kfake.EnableSASL(), user, secured),
				{Set: false, CA: ca.caFile(t)}: fakeCluster(t, kfake.EnableSASL(), user, secured), // a login asks for TLS
			}
			for settings, address := range over {
				target := scenario.Target{TLS: settings, Auth: scenario.Auth{Mechanism: mechanism, Username: "load", Password: "hunter2"}}
				a := opened(t, target, address)
				if a.TLS == settings.Off {
					t.Errorf("TLS %t with %+v", a.TLS, settings)
				}
				if _, err := a.Enter(t.Context()); err != nil {
					t.Error(err)
				}
				ping(t, a)
				for _, wrong := range []scenario.Auth{
					{Mechanism: mechanism, Username: "load", Password: "hunter22"},
					{Mechanism: mechanism, Username: "nobody", Password: "hunter2"},
				} {
					target.Auth = wrong
					_, err := opened(t, target, address).Try(t.Context(), address)
					checkProblem(t, err, Login, address+" refuses the login by "+mechanism, "auth.username and auth.password")
				}
			}
		})
	}
}

// TestLoginsThatDoNotFit holds what is said where broker and target disagree on how
// to log in.
func TestLoginsThatDoNotFit(t *testing.T) {
	asks := fakeCluster(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "load", "hunter2"))
	_, err := opened(t, scenario.Target{}, asks).Try(t.Context(), asks)
	checkProblem(t, err, Login, asks+" ends a connection that does not log in", "auth: {mechanism: …}")

	controller := answers(t, func(r kmsg.Request) kmsg.Response {
		versions, ok := r.ResponseKind().(*kmsg.ApiVersionsResponse)
		if !ok {
			return nil // hangs up, as Apache Kafka's controllers do
		}
		versions.ApiKeys = []kmsg.ApiVersionsResponseApiKey{{ApiKey: int16(kmsg.ApiVersions), MaxVersion: 3}, {ApiKey: int16(kmsg.DescribeCluster)}}
		return versions
	})
	_, err = opened(t, scenario.Target{}, controller).Try(t.Context(), controller)
	checkProblem(t, err, Kafka, controller+" does not say which brokers there are", "controllers", "address of a broker")

	target := scenario.Target{TLS: scenario.TLS{Off: true}, Auth: scenario.Auth{Mechanism: scenario.SCRAM512, Username: "load", Password: "hunter2"}}
	offers := func(code int16, mechanisms ...string) string {
		return answers(t, func(r kmsg.Request) kmsg.Response {
			if _, ok := r.(*kmsg.SASLHandshakeRequest); ok {
				return &kmsg.SASLHandshakeResponse{ErrorCode: code, SupportedMechanisms: mechanisms}
			}
			return r.ResponseKind()
		})
	}
	_, err = opened(t, target, "").Try(t.Context(), offers(kerr.UnsupportedSaslMechanism.Code, "PLAIN", "OAUTHBEARER"))
	checkProblem(t, err, Login, "does not offer SCRAM-SHA-512, but PLAIN, OAUTHBEARER")
	_, err = opened(t, target, "").Try(t.Context(), offers(kerr.IllegalSaslState.Code))
	checkProblem(t, err, Login, "takes no login on this port", "remove auth")
}

// TestRefusedLogins holds that what a broker says of a login is shown, but for the
// secret, and what to do about it.
func TestRefusedLogins(t *testing.T) {
	refuses := func(said string) string {
		return answers(t, func(r kmsg.Request) kmsg.Response {
			if _, ok := r.(*kmsg.SASLAuthenticateRequest); ok {
				return &kmsg.SASLAuthenticateResponse{ErrorCode: kerr.SaslAuthenticationFailed.Code, ErrorMessage: &said}
			}
			return r.ResponseKind()
		})
	}
	password := scenario.Target{TLS: scenario.TLS{Off: true}, Auth: scenario.Auth{Mechanism: scenario.Plain, Username: "load", Password: "hunter2"}}
	for said, says := range map[string][]string{
		"Authentication failed: Invalid username or password": {"refuses the login by plain: Authentication failed: Invalid username or password", "auth.username"},
		"no hunter2 here":          {"no [secret] here"},
		"[3f1]: Too many connects": {"lets nobody in for its limits on connections, whoever logs in: [3f1]: Too many connects", "lower connect_rate"},
	} {
		a := opened(t, password, "")
		_, err := a.Try(t.Context(), refuses(said))
		checkProblem(t, err, Login, says...)
		if !errors.Is(err, kerr.SaslAuthenticationFailed) {
			t.Errorf("the cause is lost: %v", err)
		}
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	token := scenario.Target{TLS: scenario.TLS{Off: true}, Auth: scenario.Auth{Mechanism: scenario.OAuthBearer, TokenFile: file}}
	invalid := answers(t, func(r kmsg.Request) kmsg.Response {
		if _, ok := r.(*kmsg.SASLAuthenticateRequest); ok {
			return &kmsg.SASLAuthenticateResponse{SASLAuthBytes: []byte(`{"status":"invalid_token"}`)}
		}
		return r.ResponseKind()
	})
	_, err := opened(t, token, "").Try(t.Context(), invalid)
	checkProblem(t, err, Login, "refuses the login by oauthbearer: invalid_token", "broker's clock")
	var sent atomic.Value
	takes := answers(t, func(r kmsg.Request) kmsg.Response {
		if a, ok := r.(*kmsg.SASLAuthenticateRequest); ok {
			sent.Store(string(a.SASLAuthBytes))
			return &kmsg.SASLAuthenticateResponse{SessionLifetimeMillis: 60_000}
		}
		return r.ResponseKind()
	})
	e, err := opened(t, token, "").Try(t.Context(), takes)
	if err != nil || e.Session != time.Minute || !strings.Contains(fmt.Sprint(sent.Load()), "auth=Bearer hunter2\x01") {
		t.Errorf("entered %+v (%v), sent %q", e, err, sent.Load())
	}
}

// jwt is a token that expires so long from now.
func jwt(in time.Duration) string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	return part(`{"alg":"none"}`) + "." + part(fmt.Sprintf(`{"sub":"load","exp":%d}`, time.Now().Add(in).Unix())) + "." + part("hunter2")
}

// TestTokens holds where tokens come from, how long each is used, and what is said
// where there is none; never what a program printed.
func TestTokens(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "token")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	next := func(s *tokens) (string, error) {
		a, err := s.next(t.Context())
		return a.Token, err
	}
	fromFile := &tokens{file: file}
	for _, text := range []string{"one", "two", jwt(time.Hour)} { // read anew each time
		write(text + "\n")
		if got, err := next(fromFile); err != nil || got != text {
			t.Errorf("got %q (%v), want %q", got, err, text)
		}
	}
	for text, says := range map[string]string{
		"":                     "is no token",
		"hunter2 and more":     "is no token",
		jwt(-10 * time.Minute): "has expired, at " + time.Now().Add(-10*time.Minute).UTC().Format("2006-01-02T15:04"),
	} {
		write(text)
		_, err := next(fromFile)
		checkProblem(t, err, Login, says)
	}
	// Each run of the program adds a line to the file.
	runs := func() int {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(data), "\n")
	}
	for token, want := range map[string]int{jwt(time.Hour): 1, jwt(0): 3, "opaque": 1} {
		write("")
		program := &tokens{command: []string{"sh", "-c", "echo ran >> " + file + "; echo " + token}}
		for range 3 {
			if got, err := next(program); got != token && !strings.Contains(fmt.Sprint(err), "has expired") {
				t.Errorf("got %q (%v)", got, err)
			}
		}
		if got := runs(); got != want {
			t.Errorf("the program for %.20q ran %d times, want %d", token, got, want)
		}
	}
	for says, command := range map[string][]string{
		"sh ended with exit status 3": {"sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"},
		"does not start":              {filepath.Join(dir, "nothing")},
		"is no token":                 {"sh", "-c", "echo hunter2 hunter2"},
	} {
		_, err := next(&tokens{command: command})
		var p *Problem
		if !errors.As(err, &p) || p.Stage != Login || !strings.Contains(p.Error(), says) || strings.Contains(p.Error(), "hunter2") {
			t.Errorf("%v: got %v, want %q", command, err, says)
		}
	}
}
