package msk

import (
	"cmp"
	"context"
	"os/exec"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"msklt/scenario"
)

// processPatience is how long a credential_process may take: less than the question that
// it is a part of, so that it is known who has not answered.
const processPatience = patience - 2*time.Second

// quiet runs a profile's credential_process without its stderr, which the SDK would
// pass on to ours and which may hold a secret.
type quiet struct {
	processcreds.DefaultNewCommandBuilder
}

// NewCommand ends with its context, also where a program of the program goes on.
func (q quiet) NewCommand(ctx context.Context) (*exec.Cmd, error) {
	cmd, err := q.DefaultNewCommandBuilder.NewCommand(ctx)
	if err == nil {
		cmd.Stderr, cmd.WaitDelay = nil, time.Second
	}
	return cmd, err
}

// hush is what the SDK loaded, with a credential_process that is quiet where one is at
// the beginning of its credentials, be it of the profile or of those that it names.
func hush(loaded aws.Config, a scenario.AWS) aws.Config {
	var profiles []config.SharedConfig // from the one in use to where the credentials come from
	for _, source := range loaded.ConfigSources {
		if p, ok := source.(config.SharedConfig); ok {
			for at := &p; at != nil; at = at.Source {
				profiles = append(profiles, *at)
			}
		}
	}
	direct := aws.IsCredentialsProvider(loaded.Credentials, (*processcreds.Provider)(nil))
	chained := len(profiles) > 1 && aws.IsCredentialsProvider(loaded.Credentials, (*stscreds.AssumeRoleProvider)(nil))
	if !direct && !chained {
		return loaded
	}
	first := profiles[len(profiles)-1]
	other := first.Credentials.HasKeys() || first.CredentialSource != "" || first.WebIdentityTokenFile != "" || first.SSOAccountID != "" || first.SSOSession != nil || first.LoginSession != ""
	if first.CredentialProcess == "" || other {
		return loaded
	}
	build := quiet{processcreds.DefaultNewCommandBuilder{Args: []string{first.CredentialProcess}}}
	loaded.Credentials = aws.NewCredentialsCache(processcreds.NewProviderCommand(build, func(o *processcreds.Options) { o.Timeout = processPatience }))
	for i := len(profiles) - 1; i >= 0; i-- {
		if p := profiles[i]; p.RoleARN != "" {
			loaded.Credentials = aws.NewCredentialsCache(assumed(loaded, p, a))
		}
	}
	return loaded
}

// assumed is the role of a profile, as the SDK would assume it.
func assumed(loaded aws.Config, p config.SharedConfig, a scenario.AWS) *stscreds.AssumeRoleProvider {
	return stscreds.NewAssumeRoleProvider(tokenService(a, sts.NewFromConfig(loaded)), p.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = cmp.Or(a.RoleSession, p.RoleSessionName, sessionName)
		if p.ExternalID != "" {
			o.ExternalID = &p.ExternalID
		}
		if p.RoleDurationSeconds != nil {
			o.Duration = *p.RoleDurationSeconds
		}
	})
}
