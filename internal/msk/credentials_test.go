package msk

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"

	"msklt/scenario"
)

const (
	role     = "arn:aws:iam::123456789012:role/load-test"
	profiles = `
[profile plain]
aws_access_key_id = AKIDPLAIN
aws_secret_access_key = ` + secretKey + `
[profile chained]
role_arn = ` + role + `
source_profile = plain
`
)

// write writes a file and returns its path.
func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// signedBy returns the access key that a token is signed with.
func signedBy(t *testing.T, token string) string {
	t.Helper()
	key, _, _ := strings.Cut(signedURL(t, token).Query().Get("X-Amz-Credential"), "/")
	return key
}

// TestCredentials gets credentials from each place, and holds that a hundred logins of
// clients that begin together take one call to the token service at most.
func TestCredentials(t *testing.T) {
	for _, c := range []struct {
		name     string
		env      []string
		settings scenario.AWS
		key      string
		asked    url.Values // nil: the token service is not called
	}{
		{name: "environment", env: keys(), key: accessKey},
		{name: "profile", settings: scenario.AWS{Profile: "plain"}, env: keys(), key: "AKIDPLAIN"},
		{name: "profile of the environment", env: []string{"AWS_PROFILE=plain"}, key: "AKIDPLAIN"},
		{name: "profile with a role", settings: scenario.AWS{Profile: "chained"}, key: "ASIA1",
			asked: url.Values{"Action": {"AssumeRole"}, "RoleArn": {role}, "RoleSessionName": {"msklt"}}},
		{name: "role", settings: scenario.AWS{Role: role}, env: keys(), key: "ASIA1",
			asked: url.Values{"Action": {"AssumeRole"}, "RoleArn": {role}, "RoleSessionName": {"msklt"}}},
		{name: "role with all", settings: scenario.AWS{Role: role, RoleSession: "me", ExternalID: "42", Profile: "plain"}, key: "ASIA1",
			asked: url.Values{"Action": {"AssumeRole"}, "RoleArn": {role}, "RoleSessionName": {"me"}, "ExternalId": {"42"}}},
		{name: "web identity", settings: scenario.AWS{Role: role, WebIdentityFile: "web"}, key: "ASIA1",
			asked: url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "RoleArn": {role}, "RoleSessionName": {"msklt"}, "WebIdentityToken": {"a.b.c"}}},
		{name: "web identity of the environment", env: []string{"AWS_WEB_IDENTITY_TOKEN_FILE=web", "AWS_ROLE_ARN=" + role}, key: "ASIA1",
			asked: url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "RoleArn": {role}, "RoleSessionName": {"msklt"}, "WebIdentityToken": {"a.b.c"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := environment(t, c.env...)
			t.Chdir(dir)
			write(t, filepath.Join(dir, "config"), profiles)
			write(t, filepath.Join(dir, "web"), "a.b.c")
			s := newStub(t)
			c.settings.STSEndpoint = s.URL
			a, err := NewAccount(t.Context(), c.settings, nil, serverless)
			if err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			for range 100 {
				all.Go(func() {
					if token, err := a.token(t.Context()); err != nil || signedBy(t, token) != c.key {
						t.Errorf("%v, signed with %s", err, signedBy(t, token))
					}
				})
			}
			all.Wait()
			if want := min(len(c.asked), 1); len(s.asked) != want {
				t.Fatalf("the token service was asked %d times, not %d", len(s.asked), want)
			}
			for name, want := range c.asked {
				if got := s.asked[0][name]; len(got) != 1 || got[0] != want[0] {
					t.Errorf("%s: %v, not %v", name, got, want)
				}
			}
		})
	}
}

// TestRenewal holds that logins go on with new credentials when the old ones end.
func TestRenewal(t *testing.T) {
	environment(t, keys()...)
	s := newStub(t)
	s.lifetime = 0 // as good as ended
	a, err := NewAccount(t.Context(), scenario.AWS{Role: role, STSEndpoint: s.URL}, nil, serverless)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ASIA2", "ASIA3"} {
		if token, err := a.token(t.Context()); err != nil || signedBy(t, token) != want {
			t.Errorf("%v, signed with %s, not %s", err, signedBy(t, token), want)
		}
	}
}

// failing is an attempt to get credentials that must fail.
type failing struct {
	name     string
	env      []string
	config   string
	settings scenario.AWS
	refuse   fault // by the token service
	says     []string
}

// check holds that there are none, what is said, and that no secret is.
func (c failing) check(t *testing.T) {
	t.Helper()
	dir := environment(t, c.env...)
	t.Chdir(dir)
	if c.config != "" {
		write(t, filepath.Join(dir, "config"), c.config)
	}
	if c.settings.STSEndpoint == "" {
		s := newStub(t)
		s.refuse["AssumeRole"], s.refuse["AssumeRoleWithWebIdentity"] = c.refuse, c.refuse
		c.settings.STSEndpoint = s.URL
	}
	begin := time.Now()
	_, err := NewAccount(t.Context(), c.settings, nil, serverless)
	t.Logf("%v: %v", time.Since(begin).Round(time.Millisecond), err)
	checkError(t, err, c.says...)
}

// TestNoCredentials holds what is said where there are none.
func TestNoCredentials(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	roleless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "60")
		fmt.Fprint(w, "token")
	}))
	t.Cleanup(roleless.Close)
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	t.Cleanup(refusing.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for _, c := range []failing{
		{name: "nothing", says: []string{"no AWS credentials found; looked in", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, not set",
			`profile "default" of `, "/config and ", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "but not at the role of this EC2 instance (AWS_EC2_METADATA_DISABLED is set)"}},
		{name: "half a key", env: []string{"AWS_ACCESS_KEY_ID=" + accessKey}, says: []string{"AWS_SECRET_ACCESS_KEY not set"}},
		{name: "metadata service is silent", env: []string{"AWS_EC2_METADATA_DISABLED=", "AWS_EC2_METADATA_SERVICE_ENDPOINT=" + silent.URL},
			says: []string{"no AWS credentials found", "its metadata service, " + silent.URL + ", does not answer"}},
		{name: "instance without a role", env: []string{"AWS_EC2_METADATA_DISABLED=", "AWS_EC2_METADATA_SERVICE_ENDPOINT=" + roleless.URL},
			says: []string{"no AWS credentials found", "the role of this EC2 instance (it has none)"}},
		{name: "no such profile", settings: scenario.AWS{Profile: "prod"}, says: []string{`AWS profile "prod" is not in `, "/config or "}},
		{name: "broken config", config: "[profile x\n", settings: scenario.AWS{Profile: "x"}, says: []string{`AWS profile "x" is not in`}},
		{name: "program prints something else", config: "[default]\ncredential_process = printf '%s' " + secretKey, says: []string{"credential_process printed something else than credentials"}},
		{name: "program fails", config: "[default]\ncredential_process = sh -c 'exit 3'", says: []string{"credential_process", "exit status 3"}},
		{name: "metadata service refuses", env: []string{"AWS_EC2_METADATA_DISABLED=", "AWS_EC2_METADATA_SERVICE_ENDPOINT=" + refusing.URL},
			says: []string{"its metadata service, " + refusing.URL + ", answers with status 403"}},
		{name: "container's service is gone", env: []string{"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + closed.URL},
			says: []string{"the container's credentials service at " + strings.TrimPrefix(closed.URL, "http://") + " cannot be reached", "connection refused"}},
		{name: "half a key in a profile", config: "[default]\naws_access_key_id = AKID\n", says: []string{`profile "default" in `, "has half a key"}},
		{name: "roles in a circle", config: "[profile a]\nrole_arn = " + role + "\nsource_profile = b\n[profile b]\nrole_arn = " + role + "\nsource_profile = a\n",
			settings: scenario.AWS{Profile: "a"}, says: []string{role, "leads back to it"}},
		{name: "code of a device", config: profiles + "mfa_serial = arn:aws:iam::123456789012:mfa/u\n", settings: scenario.AWS{Profile: "chained"},
			says: []string{"mfa_serial", "aws sts get-session-token"}},
		{name: "web identity without a role", env: []string{"AWS_WEB_IDENTITY_TOKEN_FILE=web"}, says: []string{"AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not"}},
		{name: "SSO session ended", config: "[default]\nsso_start_url = https://example.awsapps.com/start\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = r\n", says: []string{"aws sso login"}},
	} {
		t.Run(c.name, c.check)
	}
}

// TestProcessIsQuiet: what a credential_process says on stderr may be a secret, and does
// not come out of ours; nor does the SDK's own log.
func TestProcessIsQuiet(t *testing.T) {
	for name, text := range map[string]string{
		"direct":  "[default]\ncredential_process = echo " + secretKey + " >&2; exit 3\n",
		"chained": "[default]\nrole_arn = " + role + "\nsource_profile = p\n[profile p]\ncredential_process = echo " + secretKey + " >&2; exit 3\n",
	} {
		dir := environment(t)
		write(t, filepath.Join(dir, "config"), text)
		said, err := os.Create(filepath.Join(dir, "stderr"))
		if err != nil {
			t.Fatal(err)
		}
		ours := os.Stderr
		os.Stderr = said
		_, err = NewAccount(t.Context(), scenario.AWS{}, nil, serverless)
		os.Stderr = ours
		checkError(t, err, "exit status 3")
		if err := said.Close(); err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(said.Name()); err != nil || len(data) > 0 {
			t.Errorf("%s: it says %q (%v)", name, data, err)
		}
	}
}

// TestProgramHangs: a credential_process that does not end is named, and not AWS.
func TestProgramHangs(t *testing.T) {
	build := quiet{processcreds.DefaultNewCommandBuilder{Args: []string{"sleep 60"}}}
	_, err := processcreds.NewProviderCommand(build, func(o *processcreds.Options) { o.Timeout = 50 * time.Millisecond }).Retrieve(t.Context())
	a := &Account{base: newHeld(nil), held: newHeld(nil)}
	checkError(t, a.explainCredentials(err), "credential_process gives none within 10s")
}

// TestDeadProxy: a proxy that cannot be reached is named, and not AWS.
func TestDeadProxy(t *testing.T) {
	at := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 3128}
	dial := &net.OpError{Op: "dial", Net: "tcp", Addr: at, Err: errors.New("connection refused")}
	a := &Account{base: newHeld(nil), held: newHeld(nil)}
	err := a.explain(&url.Error{Op: "Post", URL: "https://sts.eu-west-1.amazonaws.com/", Err: &net.OpError{Op: "proxyconnect", Net: "tcp", Err: dial}})
	checkError(t, err, "the proxy", "127.0.0.1:3128", "connection refused", "NO_PROXY")
}

// TestCredentialsRefused holds what is said where the token service gives none.
func TestCredentialsRefused(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for _, c := range []failing{
		{name: "role denied", env: keys(), settings: scenario.AWS{Role: role},
			refuse: fault{403, "AccessDenied", "User: arn:aws:iam::123456789012:user/u is not authorized to perform: sts:AssumeRole on resource: " + role},
			says:   []string{"does not let these credentials assume " + role, "user/u", "trust policy"}},
		{name: "expired", env: append(keys(), "AWS_SESSION_TOKEN=session"), settings: scenario.AWS{Role: role},
			refuse: fault{403, "ExpiredToken", "The security token included in the request is expired"}, says: []string{"credentials have expired"}},
		{name: "unknown key", env: keys(), settings: scenario.AWS{Role: role},
			refuse: fault{403, "InvalidClientTokenId", "The security token included in the request is invalid."}, says: []string{"does not know the access key"}},
		{name: "wrong secret", env: keys(), settings: scenario.AWS{Role: role},
			refuse: fault{403, "SignatureDoesNotMatch", "The Canonical String should have been x-amz-security-token:" + secretKey}, says: []string{"does not accept the signature", "clock"}},
		{name: "web identity ended", config: "[default]", settings: scenario.AWS{Role: role, WebIdentityFile: "config"},
			refuse: fault{400, "ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time"}, says: []string{"the web identity token in config has expired"}},
		{name: "no web identity", settings: scenario.AWS{Role: role, WebIdentityFile: "gone"}, says: []string{"unable to read file at gone", "no such file"}},
		{name: "AWS's fault", env: keys(), settings: scenario.AWS{Role: role},
			refuse: fault{503, "ServiceUnavailable", secretKey}, says: []string{"AWS answers ServiceUnavailable"}},
		{name: "no way to the token service", env: keys(), settings: scenario.AWS{Role: role, STSEndpoint: closed.URL}, says: []string{"cannot be reached from here (" + closed.Listener.Addr().String() + ": connection refused)", "interface endpoint"}},
	} {
		t.Run(c.name, c.check)
	}
}
