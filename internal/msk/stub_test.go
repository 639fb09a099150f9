package msk

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// stub answers as AWS's token service and as the Kafka API do.
type stub struct {
	URL string

	mu       sync.Mutex
	asked    []url.Values   // of the token service
	lifetime time.Duration  // of the credentials that it gives
	refuse   map[string]any // answers other than the ones below, by the call's name
	brokers  map[string]string
	cluster  map[string]any
	scopes   []string // of the requests to the Kafka API: who signed them, for where
}

// fault is an error that AWS answers with.
type fault struct {
	status        int
	code, message string
}

func newStub(t *testing.T) *stub {
	t.Helper()
	s := &stub{lifetime: time.Hour, refuse: map[string]any{}, brokers: map[string]string{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path, err := url.PathUnescape(r.URL.EscapedPath())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.Method == http.MethodPost && path == "/" {
		s.token(w, r)
		return
	}
	scope, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="), ",")
	s.scopes = append(s.scopes, scope)
	name, answer := "DescribeClusterV2", any(map[string]any{"clusterInfo": s.cluster})
	switch path {
	case "/api/v2/clusters/" + serverless:
	case "/v1/clusters/" + serverless + "/bootstrap-brokers":
		name, answer = "GetBootstrapBrokers", s.brokers
	default:
		answer = fault{404, "NotFoundException", "The cluster does not exist."}
	}
	if other, ok := s.refuse[name]; ok {
		answer = other
	}
	w.Header().Set("Content-Type", "application/json")
	if f, ok := answer.(fault); ok {
		w.Header().Set("X-Amzn-Errortype", f.code)
		w.WriteHeader(f.status)
		answer = map[string]string{"message": f.message}
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		panic(err)
	}
}

// token answers AssumeRole and AssumeRoleWithWebIdentity.
func (s *stub) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.asked = append(s.asked, r.Form)
	name := r.Form.Get("Action")
	w.Header().Set("Content-Type", "text/xml")
	if f, ok := s.refuse[name].(fault); ok {
		w.WriteHeader(f.status)
		fmt.Fprintf(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>r</RequestId></ErrorResponse>`, f.code, f.message)
		return
	}
	fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials><AccessKeyId>ASIA%[2]d</AccessKeyId><SecretAccessKey>%[3]s%[2]d</SecretAccessKey><SessionToken>token/%[3]s+%[2]d==</SessionToken><Expiration>%[4]s</Expiration></Credentials></%[1]sResult></%[1]sResponse>`,
		name, len(s.asked), secretKey, time.Now().Add(s.lifetime).UTC().Format(time.RFC3339Nano))
}
