// Package msk is what of Amazon MSK is AWS's and not Kafka's: credentials and the
// tokens that are signed with them, where a cluster is and what it is, and the IAM
// actions that a login needs. It opens no connection to a cluster.
package msk

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-msk-iam-sasl-signer-go/signer"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"

	"msklt/scenario"
)

// patience bounds what any one question to AWS may take, retries included, so that
// a machine without a way to AWS is told so within 15 s.
const patience = 12 * time.Second

// Account is whom clients are to AWS: a region, and credentials that all clients
// share.
type Account struct {
	Region   string
	settings scenario.AWS
	config   aws.Config // with credentials
	base     *held      // the SDK's credentials
	held     *held      // those that sign: base's, or a role's
}

// NewAccount decides the region (of the settings, of the ARN, of the host names, of
// the environment, in this order; those of the first three must agree) and gets the
// credentials, so that whoever has none is told before any connection is made. hosts
// may have ports; hosts and arn may be empty.
func NewAccount(ctx context.Context, a scenario.AWS, hosts []string, arn string) (*Account, error) {
	region, err := decideRegion(a.Region, arn, hosts)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	loaded, err := load(ctx, a, region)
	if err != nil {
		return nil, err
	}
	if loaded.Region == "" {
		return nil, errNoRegion
	}
	account := &Account{Region: loaded.Region, settings: a, config: loaded}
	account.use(a)
	if _, err := account.held.Retrieve(ctx); err != nil {
		return nil, account.explainCredentials(err)
	}
	return account, nil
}

// Mechanism is how clients log in: SASL OAUTHBEARER with a token that is signed anew
// for each login, which takes no call to AWS while the credentials last.
func (a *Account) Mechanism() sasl.Mechanism {
	return oauth.Oauth(func(ctx context.Context) (oauth.Auth, error) {
		token, err := a.token(ctx)
		return oauth.Auth{Token: token}, err
	})
}

// Signer says which region and which access key tokens are signed for and with; the key's
// last four characters tell it from others.
func (a *Account) Signer() string {
	text := "region " + a.Region
	if now := a.held.now.Load(); now != nil && len(now.AccessKeyID) > 4 {
		text += ", the access key that ends in " + now.AccessKeyID[len(now.AccessKeyID)-4:]
	}
	return text
}

// token is a URL that asks for kafka-cluster:Connect, signed for 15 minutes.
func (a *Account) token(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	token, _, err := signer.GenerateAuthTokenFromCredentialsProvider(ctx, a.Region, a.held)
	if err != nil {
		return "", fmt.Errorf("logging in with IAM: %w", a.explainCredentials(err))
	}
	return token, nil
}
