package msk

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"

	"msklt/scenario"
)

// nowhere is a network that takes everything and answers nothing.
type nowhere struct{}

func (nowhere) Do(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func logIn(t *testing.T, a *Account) error {
	_, err := a.token(t.Context())
	return err
}

// TestPatience holds that a network that answers nothing is told within 15 s, with the
// host that was asked.
func TestPatience(t *testing.T) {
	for _, c := range []struct {
		name string
		keys source
		role string
		ask  func(t *testing.T, a *Account) error
		says string
	}{
		{"logging in", source{takes: time.Hour}, "", logIn, "AWS cannot be reached from here (no answer)"},
		{"becoming a role", source{}, role, logIn, "AWS cannot be reached from here (sts.eu-west-1.amazonaws.com: no answer)"},
		{"asking for the cluster", source{}, "", func(t *testing.T, a *Account) error {
			_, err := a.Describe(t.Context(), serverless)
			return err
		}, "AWS cannot be reached from here (kafka.eu-west-1.amazonaws.com: no answer)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &Account{Region: "eu-west-1", config: aws.Config{
					Region: "eu-west-1", HTTPClient: nowhere{}, Credentials: &c.keys, APIOptions: []func(*middleware.Stack) error{namingHosts},
				}}
				a.use(scenario.AWS{Role: c.role})
				begin := time.Now()
				err := c.ask(t, a)
				if took := time.Since(begin); took > 15*time.Second {
					t.Errorf("it took %v", took)
				}
				checkError(t, err, c.says)
			})
		})
	}
}
