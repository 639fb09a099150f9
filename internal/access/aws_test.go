package access

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"msklt/internal/limits"
	"msklt/scenario"
)

const testARN = "arn:aws:kafka:eu-west-1:111122223333:cluster/orders/0b1c2d3e-0000-4444-8888-0123456789ab-2"

// amazon stands for the API of Amazon MSK with one cluster.
func amazon(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body := `{"bootstrapBrokerStringSaslIam": "b-1.example:9098,b-2.example:9098", "bootstrapBrokerStringTls": "b-1.example:9094"}`
		if strings.HasPrefix(r.URL.Path, "/api/v2/") {
			body = `{"clusterInfo": {"clusterName": "orders", "clusterType": "SERVERLESS", "state": "ACTIVE"}}`
		}
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestARN holds that AWS is asked for the addresses that fit the login, and for what
// the cluster is.
func TestARN(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
	target := func(mechanism string) *scenario.Target {
		return &scenario.Target{Name: "orders", ARN: testARN, Auth: scenario.Auth{Mechanism: mechanism}, AWS: scenario.AWS{Endpoint: amazon(t)}}
	}
	a, err := Open(t.Context(), target(scenario.MSKIAM))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a.Bootstrap, []string{"b-1.example:9098", "b-2.example:9098"}) || !a.TLS || a.Auth == nil || a.Auth.Name() != "OAUTHBEARER" ||
		a.Kind != limits.MSKServerless || a.Profile != "msk-serverless" {
		t.Errorf("got %+v", a)
	}
	a, err = Open(t.Context(), target(scenario.NoAuth))
	if err != nil || !a.TLS || a.Auth != nil || !reflect.DeepEqual(a.Bootstrap, []string{"b-1.example:9094"}) {
		t.Errorf("got %+v (%v)", a, err)
	}
	_, err = Open(t.Context(), target(scenario.SCRAM512))
	checkProblem(t, err, Setup, "cluster orders has no addresses for scram-sha-512, but for aws-msk-iam, mtls, none")
	wrong := target(scenario.MSKIAM)
	wrong.AWS.Region = "us-east-1"
	if _, err := Open(t.Context(), wrong); err == nil || !strings.Contains(err.Error(), "us-east-1") || !strings.Contains(err.Error(), "eu-west-1") {
		t.Errorf("got %v", err)
	}
}
