package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"msklt/internal/embedded"
	"msklt/internal/kafkatest/need"
)

const (
	demoARN  = "arn:aws:kafka:us-east-1:111122223333:cluster/demo/0b1c2d3e-0000-4444-8888-0123456789ab-s1"
	demoRole = "arn:aws:iam::111122223333:role/load-test"
	// onAWS needs no ceiling in check, and no yes: nothing has a target rate, or little is
	// sent.
	onAWS = "{version: 1, name: small, topics: {t: {partitions: 1}}, producers: {p: {topic: t, rate: %s, clients: 4, value: {size: 100B}}}, consumers: {g: {topics: [t]}}, phases: [{name: s, duration: 1s}]}"
)

// TestCallsOfAWS counts what each command asks of AWS for a target that is an ARN and
// has a role: each thing once, however many clients, scenarios and runs there are;
// nothing for a plan. Behind the ARN stands the embedded cluster as MSK Serverless, which
// takes the role's keys and no others.
func TestCallsOfAWS(t *testing.T) {
	t.Parallel()
	countCalls(t, "plan small.yaml", map[string]int{})
	for _, args := range []string{"check flat-out.yaml twice.yaml", "run small.yaml --out out", "clean"} {
		countCalls(t, args, eachOnce())
	}
}

// TestRealTimeCallsOfAWS is the same of several runs, which rest in between.
func TestRealTimeCallsOfAWS(t *testing.T) {
	need.Require(t, need.RealTime())
	t.Parallel()
	for _, args := range []string{"run small.yaml --out out --repeat 3", "run --interleave small.yaml small.yaml --out out"} {
		countCalls(t, args, eachOnce())
	}
}

func eachOnce() map[string]int {
	return map[string]int{"AssumeRole": 1, "DescribeClusterV2": 1, "GetBootstrapBrokers": 1}
}

func countCalls(t *testing.T, args string, want map[string]int) {
	t.Run(args, func(t *testing.T) {
		t.Parallel()
		dir, aws := t.TempDir(), newAWS(t)
		for name, text := range map[string]string{
			"small.yaml": fmt.Sprintf(onAWS, "1000/s"), "flat-out.yaml": fmt.Sprintf(onAWS, "max"), "twice.yaml": fmt.Sprintf(onAWS, "max"),
			"target.yaml": fmt.Sprintf("version: 1\narn: %s\nauth: {mechanism: aws-msk-iam}\ntls: off\naws: {role: %q, endpoint: %q, sts_endpoint: %[3]q}\n", demoARN, demoRole, aws.URL),
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		p := command(t.Context(), append(strings.Fields(args), "--target", "target.yaml")...)
		p.Dir = dir
		p.Env = append(p.Env, "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=of-a-user", "AWS_SESSION_TOKEN=", "AWS_PROFILE=", "AWS_CONFIG_FILE="+os.DevNull,
			"AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "HTTPS_PROXY="+aws.URL, "HTTP_PROXY="+aws.URL)
		if code := p.code(t); code != exitOK && code != exitInvalid { // a busy machine
			t.Errorf("exit code %d:\n%s", code, p.stderr.String())
		}
		if got := aws.calls(); !maps.Equal(got, want) {
			t.Errorf("asked of AWS was %v, want %v\n%s", got, want, p.stderr.String())
		}
	})
}

// cloud is AWS as far as a target asks it, and counts what it is asked. It is the
// program's proxy, too, so that a call to anybody else counts.
type cloud struct {
	URL     string
	iam     *embedded.IAM // whose keys the role has
	brokers string

	mu    sync.Mutex
	asked []string
}

func newAWS(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{iam: embedded.NewIAM()}
	e, err := embedded.Start(t.Context(), embedded.Config{Brokers: 3, As: embedded.MSKServerless, IAM: c.iam})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	c.brokers = strings.Join(e.Bootstrap(), ",")
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, _ := url.PathUnescape(r.URL.EscapedPath())
	name, answer := r.Method+" "+r.Host+path, any(nil)
	switch path {
	case "/api/v2/clusters/" + demoARN:
		name, answer = "DescribeClusterV2", map[string]any{"clusterInfo": map[string]any{"clusterName": "demo", "clusterType": "SERVERLESS", "state": "ACTIVE"}}
	case "/v1/clusters/" + demoARN + "/bootstrap-brokers":
		name, answer = "GetBootstrapBrokers", map[string]string{"bootstrapBrokerStringSaslIam": c.brokers}
	case "/":
		name = r.FormValue("Action")
	}
	c.mu.Lock()
	c.asked = append(c.asked, name)
	c.mu.Unlock()
	switch {
	case name == "AssumeRole":
		_, _ = io.WriteString(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>`+c.iam.AccessKey+
			`</AccessKeyId><SecretAccessKey>`+c.iam.SecretKey+`</SecretAccessKey><SessionToken></SessionToken><Expiration>`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+
			`</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
	case answer == nil:
		http.Error(w, "not here", http.StatusForbidden)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}
}

// calls are how often each thing was asked.
func (c *cloud) calls() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := map[string]int{}
	for _, name := range slices.Sorted(slices.Values(c.asked)) {
		counts[name]++
	}
	return counts
}
