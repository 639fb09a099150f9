package msk

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/embedded"
	"msklt/scenario"
)

// TestLogins logs a hundred clients in to a cluster that passes for MSK Serverless,
// with keys that last an hour and come from a program, which runs once.
func TestLogins(t *testing.T) {
	const region = "eu-west-1"
	dir := environment(t)
	write(t, filepath.Join(dir, "keys"), fmt.Sprintf(`{"Version": 1, "AccessKeyId": %q, "SecretAccessKey": %q, "Expiration": %q}`,
		accessKey, secretKey, time.Now().Add(time.Hour).UTC().Format(time.RFC3339)))
	c, err := embedded.Start(t.Context(), embedded.Config{As: embedded.MSKServerless,
		IAM: &embedded.IAM{AccessKey: accessKey, SecretKey: secretKey, Region: region}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	for _, at := range []string{region, "us-east-1"} {
		calls := filepath.Join(dir, at)
		write(t, filepath.Join(dir, "config"), fmt.Sprintf("[default]\ncredential_process = sh -c 'echo call >>%s; cat %s/keys'", calls, dir))
		a, err := NewAccount(t.Context(), scenario.AWS{Region: at}, c.Bootstrap(), "")
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				client, err := kgo.NewClient(kgo.SeedBrokers(c.Bootstrap()...), kgo.SASL(a.Mechanism()), kgo.RequestRetries(0))
				if err != nil {
					t.Error(err)
					return
				}
				defer client.Close()
				if err := client.Ping(t.Context()); (err == nil) != (at == region) {
					t.Errorf("in %s: %v", at, err)
				}
			})
		}
		all.Wait()
		if got, err := os.ReadFile(calls); err != nil || string(got) != "call\n" {
			t.Errorf("the program ran %d times, %v", strings.Count(string(got), "call"), err)
		}
	}
}
