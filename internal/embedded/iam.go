package embedded

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/aws/aws-msk-iam-sasl-signer-go/signer"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
)

// IAM is who may log in to a cluster that passes for Amazon MSK Serverless: one pair
// of keys, which AWS does not know.
type IAM struct {
	AccessKey, SecretKey, Region string
	// Session bounds how long a login lasts, as connections.max.reauth.ms does; 0
	// leaves it to the token.
	Session time.Duration
}

// NewIAM makes up a pair of keys, of the form that AWS's have.
func NewIAM() *IAM {
	return &IAM{AccessKey: "AKIA" + rand.Text()[:16], SecretKey: rand.Text() + rand.Text()[:14], Region: "us-east-1"}
}

// Mechanism is how clients log in with the keys: with AWS's own signer, as they do at
// Amazon MSK.
func (iam *IAM) Mechanism() sasl.Mechanism {
	keys := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: iam.AccessKey, SecretAccessKey: iam.SecretKey}, nil
	})
	return oauth.Oauth(func(ctx context.Context) (oauth.Auth, error) {
		token, _, err := signer.GenerateAuthTokenFromCredentialsProvider(ctx, iam.Region, keys)
		if err != nil {
			return oauth.Auth{}, fmt.Errorf("sign a token: %w", err)
		}
		return oauth.Auth{Token: token}, nil
	})
}
