package msk

import (
	"cmp"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"msklt/scenario"
)

// sessionName names a role's sessions where nobody does. It is the same in each: a
// broker refuses a connection that logs in again under another name.
const sessionName = "msklt"

// load reads the SDK's settings, from which it gets credentials later.
func load(ctx context.Context, a scenario.AWS, region string) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(http.NewBuildableClient().WithTimeout(patience / 2)),
		config.WithRetryMaxAttempts(2),
		config.WithAPIOptions([]func(*middleware.Stack) error{namingHosts}),
		config.WithLogger(logging.Nop{}), // what it would say is said in the error
		config.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = cmp.Or(a.RoleSession, o.RoleSessionName, sessionName)
			if client, ok := o.Client.(*sts.Client); ok {
				o.Client = tokenService(a, client)
			}
		}),
		config.WithWebIdentityRoleCredentialOptions(func(o *stscreds.WebIdentityRoleOptions) {
			o.RoleSessionName = cmp.Or(a.RoleSession, o.RoleSessionName, sessionName)
			if client, ok := o.Client.(*sts.Client); ok {
				o.Client = tokenService(a, client)
			}
		}),
	}
	if region != "" {
		options = append(options, config.WithRegion(region))
	}
	if a.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(a.Profile))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, explainLoading(a, err)
	}
	return hush(loaded, a), nil
}

// tokenService is the client, sent to the endpoint of the settings if they name one.
func tokenService(a scenario.AWS, client *sts.Client) *sts.Client {
	if a.STSEndpoint == "" {
		return client
	}
	return sts.New(client.Options(), func(o *sts.Options) { o.BaseEndpoint = &a.STSEndpoint })
}

// use makes the account use the credentials that the settings ask for.
func (a *Account) use(s scenario.AWS) {
	a.base = newHeld(a.config.Credentials)
	a.config.Credentials = a.base
	client := tokenService(s, sts.NewFromConfig(a.config))
	session := cmp.Or(s.RoleSession, sessionName)
	switch {
	case s.Role != "" && s.WebIdentityFile != "":
		a.held = newHeld(stscreds.NewWebIdentityRoleProvider(client, s.Role, stscreds.IdentityTokenFile(s.WebIdentityFile), func(o *stscreds.WebIdentityRoleOptions) {
			o.RoleSessionName = session
		}))
	case s.Role != "":
		a.held = newHeld(stscreds.NewAssumeRoleProvider(client, s.Role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = session
			if s.ExternalID != "" {
				o.ExternalID = &s.ExternalID
			}
		}))
	default:
		a.held = a.base
	}
	a.config.Credentials = a.held
}
