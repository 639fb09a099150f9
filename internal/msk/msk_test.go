package msk

import (
	"encoding/base64"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"msklt/scenario"
)

const (
	serverless = "arn:aws:kafka:eu-west-1:123456789012:cluster/demo/12345678-1234-1234-1234-123456789012-s1"
	accessKey  = "AKIDEXAMPLE"
	secretKey  = "secretsecretsecretsecretsecretsecretsecr"
)

// environment gives the SDK an environment of the test's own: no settings of this
// machine, and no way to a metadata service.
func environment(t *testing.T, variables ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	t.Setenv("HOME", dir)
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	return dir
}

// keys are credentials in the environment.
func keys() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=" + secretKey}
}

func TestToken(t *testing.T) {
	environment(t, keys()...)
	a, err := NewAccount(t.Context(), scenario.AWS{}, []string{"boot-abc.c1.kafka-serverless.eu-west-1.amazonaws.com:9098"}, "")
	if err != nil {
		t.Fatal(err)
	}
	if name := a.Mechanism().Name(); name != "OAUTHBEARER" {
		t.Errorf("mechanism %s", name)
	}
	token, err := a.token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	u := signedURL(t, token)
	q := u.Query()
	if u.Host != "kafka.eu-west-1.amazonaws.com" || q.Get("Action") != "kafka-cluster:Connect" || q.Get("X-Amz-Expires") != "900" ||
		!strings.HasPrefix(q.Get("X-Amz-Credential"), accessKey+"/") || !strings.HasSuffix(q.Get("X-Amz-Credential"), "/eu-west-1/kafka-cluster/aws4_request") {
		t.Errorf("token %s", u)
	}
}

// signedURL is what a token says.
func signedURL(t *testing.T, token string) *url.URL {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return u
}
