package msk

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"msklt/internal/limits"
	"msklt/scenario"
)

// TestPythonMoto asks moto, AWS's APIs as others understand them: for roles, for what
// a cluster is, and whether a policy is one. It knows no addresses, which is held here,
// and has ARNs of its own form, so that bootstrap-brokers is a stub's answer, as
// TestPythonAddresses holds it, and the ARNs are translated.
func TestPythonMoto(t *testing.T) {
	moto := startMoto(t)
	t.Run("role", func(t *testing.T) {
		environment(t, keys()...)
		checkIdentity(t, scenario.AWS{Region: "eu-west-1", STSEndpoint: moto, Role: role, ExternalID: "42"})
	})
	t.Run("web identity", func(t *testing.T) {
		file := write(t, filepath.Join(environment(t), "web"), "a.b.c")
		checkIdentity(t, scenario.AWS{Region: "eu-west-1", STSEndpoint: moto, Role: role, WebIdentityFile: file})
	})
	t.Run("policy", func(t *testing.T) {
		environment(t)
		form := url.Values{"Action": {"CreatePolicy"}, "Version": {"2010-05-08"}, "PolicyName": {"msklt"}, "PolicyDocument": {PolicyFor([]Action{Connect, WriteData, AlterGroup}, serverless)}}
		post(t, moto, "iam", "application/x-www-form-urlencoded", "/", form.Encode())
	})
	for _, c := range []struct {
		name, create string
		want         Described
	}{
		{"Provisioned", `{"clusterName": "demo", "provisioned": {"brokerNodeGroupInfo": {"instanceType": "express.m7g.xlarge"}, "kafkaVersion": "3.8.x", "numberOfBrokerNodes": 6}}`,
			Described{Name: "demo", Version: "3.8.x", Kind: limits.ApacheKafka, Profile: "msk-express-m7g.xlarge:6"}},
		{"Serverless", `{"clusterName": "demo", "serverless": {"vpcConfigs": [{"subnetIds": ["a"]}]}}`,
			Described{Name: "demo", Kind: limits.MSKServerless, Profile: "msk-serverless"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			environment(t, keys()...)
			theirs := createAt(t, moto, c.create)
			lacksAddresses(t, moto, theirs)
			a, err := NewAccount(t.Context(), scenario.AWS{Endpoint: translated(t, moto, theirs)}, nil, serverless)
			if err != nil {
				t.Fatal(err)
			}
			got, err := a.Describe(t.Context(), serverless)
			if err != nil {
				t.Fatal(err)
			}
			if got.Name != c.want.Name || got.Version != c.want.Version || got.Kind != c.want.Kind || got.Profile != c.want.Profile || got.Addresses["aws-msk-iam"][0] != "b-1:9098" {
				t.Errorf("%+v, not %+v", got, c.want)
			}
		})
	}
}

// startMoto starts moto on a free port of this machine and returns its address.
func startMoto(t *testing.T) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), pythonPath(t), "-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0")
	out, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	address, said, ended := make(chan string, 1), []string{}, make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			said = append(said, lines.Text())
			if _, at, ok := strings.Cut(lines.Text(), "Running on http://"); ok {
				address <- "http://" + at
			}
		}
	}()
	t.Cleanup(func() {
		c.Process.Kill()
		if <-ended; t.Failed() {
			t.Log(strings.Join(said, "\n"))
		}
		c.Wait()
	})
	select {
	case at := <-address:
		return at
	case <-ended:
		t.Fatal("moto ended")
		return ""
	}
}

// checkIdentity holds that an account is the role's, in the session of a fixed name.
func checkIdentity(t *testing.T, settings scenario.AWS) {
	t.Helper()
	a, err := NewAccount(t.Context(), settings, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	client := sts.NewFromConfig(a.config, func(o *sts.Options) { o.BaseEndpoint = &settings.STSEndpoint })
	who, err := client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws:sts::123456789012:assumed-role/load-test/msklt"; *who.Arn != want {
		t.Errorf("%s, not %s", *who.Arn, want)
	}
	if token, err := a.token(t.Context()); err != nil || !strings.HasPrefix(signedBy(t, token), "ASIA") {
		t.Errorf("signed by %s, %v", signedBy(t, token), err)
	}
}

// createAt makes a cluster at moto and returns the ARN that it has there.
func createAt(t *testing.T, moto, cluster string) string {
	t.Helper()
	var made struct {
		ClusterARN string `json:"clusterArn"`
	}
	answer := post(t, moto, "kafka", "application/json", "/api/v2/clusters", cluster)
	if err := json.Unmarshal(answer, &made); err != nil || made.ClusterARN == "" {
		t.Fatalf("%s: %v", answer, err)
	}
	return made.ClusterARN
}

// lacksAddresses tells when moto learns what the stub stands in for.
func lacksAddresses(t *testing.T, moto, arn string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, moto+"/v1/clusters/"+url.PathEscape(arn)+"/bootstrap-brokers", nil)
	if err != nil {
		t.Fatal(err)
	}
	sign(r, "kafka")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err != nil || answer.StatusCode == http.StatusOK {
		t.Errorf("moto knows addresses now (%s, %v): have it answer in place of the stub", text, err)
	}
}

// TestPythonAddresses has AWS's library for Python ask the stub for the addresses of a
// cluster: it must understand all that the stub answers, field by field, as msklt does.
func TestPythonAddresses(t *testing.T) {
	s := newStub(t)
	for i, login := range []string{"", "Tls", "SaslScram", "SaslIam", "PublicTls", "PublicSaslScram", "PublicSaslIam"} {
		s.brokers["bootstrapBrokerString"+login] = fmt.Sprintf("b-%d:9000,c-%[1]d:9000", i)
	}
	const script = `import boto3, json, sys
kafka = boto3.client("kafka", region_name="eu-west-1", endpoint_url=sys.argv[1], aws_access_key_id="A", aws_secret_access_key="B")
print(json.dumps(kafka.get_bootstrap_brokers(ClusterArn=sys.argv[2])))`
	c := exec.CommandContext(t.Context(), pythonPath(t), "-c", script, s.URL, serverless)
	c.Env = append(os.Environ(), "NO_PROXY=127.0.0.1")
	var complaints bytes.Buffer
	c.Stderr = &complaints
	text, err := c.Output()
	if err != nil {
		t.Fatal(err, complaints.String())
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "ResponseMetadata")
	if len(got) != len(s.brokers) {
		t.Errorf("AWS's library takes %v of %v", got, s.brokers)
	}
	for name, want := range s.brokers {
		if got := got["B"+name[1:]]; got != want {
			t.Errorf("%s: AWS's library reads %v, sent was %s", name, got, want)
		}
	}
}

// sign says which of moto's services is asked.
func sign(r *http.Request, service string) {
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accessKey+"/20261122/eu-west-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
}

// post asks one of moto's services for something that must succeed.
func post(t *testing.T, moto, service, kind, path, body string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, moto+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	sign(r, service)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", answer.Status, text, err)
	}
	return text
}

// translated stands before moto, where the cluster's ARN is serverless.
func translated(t *testing.T, moto, theirs string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/bootstrap-brokers") {
			io.WriteString(w, `{"bootstrapBrokerStringSaslIam": "b-1:9098"}`)
			return
		}
		path := strings.Replace(r.URL.Path, serverless, url.PathEscape(theirs), 1)
		on, err := http.NewRequestWithContext(r.Context(), r.Method, moto+path, r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		on.Header = r.Header.Clone()
		answer, err := http.DefaultClient.Do(on)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		w.WriteHeader(answer.StatusCode)
		w.Write(bytes.ReplaceAll(body, []byte(theirs), []byte(serverless)))
	}))
	t.Cleanup(server.Close)
	return server.URL
}
