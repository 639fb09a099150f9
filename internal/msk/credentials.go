package msk

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

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
	return loaded, nil
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
	source := a.config.Credentials
	client := tokenService(s, sts.NewFromConfig(a.config))
	session := cmp.Or(s.RoleSession, sessionName)
	switch {
	case s.Role != "" && s.WebIdentityFile != "":
		source = stscreds.NewWebIdentityRoleProvider(client, s.Role, stscreds.IdentityTokenFile(s.WebIdentityFile), func(o *stscreds.WebIdentityRoleOptions) {
			o.RoleSessionName = session
		})
	case s.Role != "":
		source = stscreds.NewAssumeRoleProvider(client, s.Role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = session
			if s.ExternalID != "" {
				o.ExternalID = &s.ExternalID
			}
		})
	}
	a.held = newHeld(source)
	a.config.Credentials = a.held
}

// held keeps credentials for all clients and renews them before they end, because a
// broker lets a session last no longer than the credentials that began it: the last
// minutes of old ones would make sessions too short to be accepted.
type held struct {
	source aws.CredentialsProvider
	turn   chan struct{} // held by whoever reads or writes what follows

	now   aws.Credentials
	renew time.Time // zero: never
}

// early is how long before their end credentials are renewed, at least where they
// last twice as long.
const early = 5 * time.Minute

func newHeld(source aws.CredentialsProvider) *held {
	return &held{source: source, turn: make(chan struct{}, 1)}
}

// Retrieve returns credentials, new ones where those it has are about to end. One
// caller asks AWS and the others wait for it.
func (h *held) Retrieve(ctx context.Context) (aws.Credentials, error) {
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return aws.Credentials{}, ctx.Err()
	}
	if h.now.HasKeys() && (h.renew.IsZero() || time.Now().Before(h.renew)) {
		return h.now, nil
	}
	if cache, ok := h.source.(*aws.CredentialsCache); ok {
		cache.Invalidate() // it would keep them to their very end
	}
	fresh, err := h.source.Retrieve(ctx)
	if err == nil && !fresh.HasKeys() {
		err = errors.New("they are empty")
	}
	switch {
	case err == nil:
		h.now = fresh
	case !h.now.HasKeys() || !time.Now().Before(h.now.Expires):
		return aws.Credentials{}, err
	} // else those it has still last, and are asked for again later
	h.renew = time.Time{}
	if h.now.CanExpire {
		left := time.Until(h.now.Expires)
		h.renew = h.now.Expires.Add(-min(early, left/2))
	}
	return h.now, nil
}

// secrets are the texts that must not be shown.
func (h *held) secrets() (all []string) {
	h.turn <- struct{}{}
	defer func() { <-h.turn }()
	for _, secret := range []string{h.now.SecretAccessKey, h.now.SessionToken} {
		if secret != "" {
			all = append(all, secret)
		}
	}
	return all
}
