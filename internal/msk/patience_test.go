package msk

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// nowhere is a network that takes everything and answers nothing.
type nowhere struct{}

func (nowhere) Do(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestPatience holds that a network that answers nothing is told within 15 s.
func TestPatience(t *testing.T) {
	for _, c := range []struct {
		name string
		keys source
		ask  func(t *testing.T, a *Account) error
	}{
		{"logging in", source{takes: time.Hour}, func(t *testing.T, a *Account) error {
			_, err := a.token(t.Context())
			return err
		}},
		{"asking for the cluster", source{}, func(t *testing.T, a *Account) error {
			_, err := a.Describe(t.Context(), serverless)
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &Account{Region: "eu-west-1", base: newHeld(&c.keys), config: aws.Config{Region: "eu-west-1", HTTPClient: nowhere{}}}
				a.held, a.config.Credentials = a.base, a.base
				begin := time.Now()
				err := c.ask(t, a)
				if took := time.Since(begin); took > 15*time.Second {
					t.Errorf("it took %v", took)
				}
				checkError(t, err, "AWS cannot be reached from here")
			})
		})
	}
}
