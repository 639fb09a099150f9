package msk

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"msklt/internal/limits"
	"msklt/scenario"
)

// TestPythonMoto asks moto, AWS's APIs as others understand them: for roles, for what
// a cluster is, and whether a policy is one. It knows no addresses and has ARNs of its own form, so that
// bootstrap-brokers is the stub's answer and the ARNs are translated.
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
			a, err := NewAccount(t.Context(), scenario.AWS{Endpoint: translated(t, moto, createAt(t, moto, c.create))}, nil, serverless)
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

// post asks one of moto's services for something that must succeed.
func post(t *testing.T, moto, service, kind, path, body string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, moto+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accessKey+"/20261122/eu-west-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
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
