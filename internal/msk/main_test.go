package msk

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
)

// TestMain holds that no test calls AWS: what is not for this machine goes to a proxy,
// which refuses it and remembers that it was asked.
func TestMain(m *testing.M) {
	var outside atomic.Value
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		outside.Store(r.Method + " " + r.Host)
		w.WriteHeader(http.StatusForbidden)
	}))
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		os.Setenv(name, proxy.URL)
	}
	os.Unsetenv("NO_PROXY")
	os.Unsetenv("no_proxy")
	code := m.Run()
	if call := outside.Load(); call != nil {
		fmt.Println("a test called", call)
		code = 1
	}
	os.Exit(code)
}
