package msk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/aws/smithy-go/transport/http"

	"msklt/scenario"
)

// DeniedError is an AWS API call that IAM does not allow.
type DeniedError struct {
	Actions []Action
	ARN     string
}

// Error names the actions and a policy that allows them.
func (e *DeniedError) Error() string {
	var names []string
	for _, a := range e.Actions {
		names = append(names, string(a))
	}
	return fmt.Sprintf("these credentials may not call %s on %s; allow it with this policy, or name bootstrap addresses in place of the ARN:\n%s",
		strings.Join(names, " and "), e.ARN, PolicyFor(e.Actions, e.ARN))
}

// explainLoading says what is wrong with the SDK's settings.
func explainLoading(a scenario.AWS, err error) error {
	var missing config.SharedConfigProfileNotExistError
	if errors.As(err, &missing) {
		return fmt.Errorf("AWS profile %q is not in %s", missing.Profile, strings.Join(configFiles(), " or "))
	}
	profile := cmp.Or(a.Profile, os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE"), "default")
	var role config.SharedConfigAssumeRoleError
	var mfa config.AssumeRoleTokenProviderNotSetError
	switch text := err.Error(); {
	case errors.As(err, &mfa):
		return fmt.Errorf("AWS profile %q asks for a code of a device (mfa_serial), which is not supported here: get a session by aws sts get-session-token --serial-number DEVICE --token-code CODE, or by aws sts assume-role, and name a profile that holds its keys", profile)
	case errors.As(err, &role) && role.Err == nil:
		return fmt.Errorf("AWS profile %q assumes %s by way of source_profile, which leads back to it: let the last profile have credentials of its own", role.Profile, role.RoleARN)
	case strings.Contains(text, "Error using profile"):
		return fmt.Errorf("AWS profile %q in %s has half a key: it takes both aws_access_key_id and aws_secret_access_key", profile, strings.Join(configFiles(), " or "))
	case strings.Contains(text, "role ARN is not set"):
		return errors.New("AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not: set it to the role that the token is for, or unset both")
	}
	return fmt.Errorf("reading AWS settings: %s", short(err.Error()))
}

// explainCredentials says in a sentence why there are no credentials.
func (a *Account) explainCredentials(err error) error {
	var process *processcreds.ProviderError
	text := err.Error()
	switch code, message := codeOf(err); {
	case errors.As(err, &process) && strings.Contains(text, "process output"):
		return errors.New("AWS credentials: the profile's credential_process printed something else than credentials in JSON") // whatever it was may be secret
	case errors.As(err, &process) && (errors.Is(err, context.DeadlineExceeded) || strings.Contains(text, "timed out")):
		return fmt.Errorf("AWS credentials: the profile's credential_process gives none within %s", processPatience)
	case a.settings.Role != "" && denied(code):
		return fmt.Errorf("AWS does not let %s assume %s: %s; allow sts:AssumeRole there and, in the role's trust policy, who asks, with the external id if it wants one", a.source(), a.settings.Role, a.clean(message))
	case strings.Contains(text, "EC2 IMDS"):
		return fmt.Errorf("no AWS credentials found; looked in %s; set one of them up, or aws.profile", strings.Join(a.looked(err), ", "))
	case strings.Contains(text, "SSO") && (strings.Contains(text, "expired") || strings.Contains(text, "no such file")):
		return errors.New("AWS credentials: the SSO session has ended; run aws sso login with the same profile")
	}
	return fmt.Errorf("getting AWS credentials: %w", a.explain(err))
}

// source says whose credentials ask for a role.
func (a *Account) source() string {
	if a.settings.WebIdentityFile != "" {
		return "the web identity of " + a.settings.WebIdentityFile
	}
	return "these credentials"
}

// looked lists where the SDK looks for credentials, in its order.
func (a *Account) looked(err error) []string {
	var places []string
	if a.settings.Profile == "" {
		places = append(places, "the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "+missing("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")+")",
			"its web identity (AWS_WEB_IDENTITY_TOKEN_FILE, "+missing("AWS_WEB_IDENTITY_TOKEN_FILE")+")")
	}
	profile := cmp.Or(a.settings.Profile, os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE"), "default")
	places = append(places, fmt.Sprintf("profile %q of %s", profile, strings.Join(configFiles(), " and ")),
		"a container's role (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, "+missing("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")+")")
	service := cmp.Or(os.Getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT"), "http://169.254.169.254")
	imds := fmt.Sprintf("the role of this EC2 instance (its metadata service, %s, does not answer)", service)
	var answer *http.ResponseError
	switch {
	case !errors.As(err, &answer) || answer.Response == nil:
	case answer.HTTPStatusCode() == 404:
		imds = "the role of this EC2 instance (it has none)"
	default:
		imds = fmt.Sprintf("the role of this EC2 instance (its metadata service, %s, answers with status %d)", service, answer.HTTPStatusCode())
	}
	if strings.EqualFold(os.Getenv("AWS_EC2_METADATA_DISABLED"), "true") {
		imds = "but not at the role of this EC2 instance (AWS_EC2_METADATA_DISABLED is set)"
	}
	return append(places, imds)
}

// missing says which variables are not set.
func missing(names ...string) string {
	all := len(names)
	names = slices.DeleteFunc(names, func(n string) bool { return os.Getenv(n) != "" })
	switch len(names) {
	case 0:
		return "set"
	case all:
		return "not set"
	}
	return strings.Join(names, ", ") + " not set"
}

// configFiles are the SDK's, as this environment has them.
func configFiles() []string {
	return []string{
		cmp.Or(os.Getenv("AWS_CONFIG_FILE"), config.DefaultSharedConfigFilename()),
		cmp.Or(os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), config.DefaultSharedCredentialsFilename()),
	}
}

// explainCall says in a sentence why a call failed. One that IAM does not allow is
// added to all instead, so that all of them are told at once.
func (a *Account) explainCall(err error, action Action, all *DeniedError) error {
	if err == nil {
		return nil
	}
	_, name, _ := strings.Cut(string(action), ":")
	switch code, message := codeOf(err); {
	case denied(code):
		all.Actions = append(all.Actions, action)
		return nil
	case code == "NotFoundException":
		return fmt.Errorf("AWS knows no cluster %s in %s for these credentials", all.ARN, a.Region)
	case code == "BadRequestException":
		return fmt.Errorf("AWS refuses %s for %s: %s", name, all.ARN, a.clean(message))
	}
	return fmt.Errorf("asking AWS with %s: %w", name, a.explain(err))
}

// explain says in a sentence what AWS or the way to it has against a call.
func (a *Account) explain(err error) error {
	code, message := codeOf(err)
	var dns *net.DNSError
	var network net.Error
	switch code {
	case "ExpiredToken", "ExpiredTokenException":
		if a.settings.WebIdentityFile != "" {
			return fmt.Errorf("the web identity token in %s has expired", a.settings.WebIdentityFile)
		}
		return errors.New("the credentials have expired; get new ones")
	case "UnrecognizedClientException", "InvalidClientTokenId", "UnauthorizedException", "InvalidAccessKeyId":
		return errors.New("AWS does not know the access key; it is wrong, deleted, or of another partition, or the session token is missing")
	case "InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired", "RequestTimeTooSkewed":
		return errors.New("AWS does not accept the signature: the secret key does not belong to the access key, or this machine's clock is more than 5 minutes off")
	case "InvalidIdentityToken":
		return fmt.Errorf("AWS does not accept the web identity token: %s", a.clean(message))
	case "":
	default:
		return fmt.Errorf("AWS answers %s: %s", code, a.clean(message))
	}
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case proxy(err) != "":
		return fmt.Errorf("the proxy that HTTPS_PROXY or HTTP_PROXY names cannot be reached (%s): set it right, or NO_PROXY for AWS's hosts", a.clean(proxy(err)))
	case container() != "" && strings.Contains(err.Error(), container()):
		return fmt.Errorf("the container's credentials service at %s cannot be reached (%s); AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI names it", container(), a.clean(cause(err)))
	case errors.As(err, &dns):
		return fmt.Errorf("the host %s has no address here; a VPC without a way to the internet needs an interface endpoint for it", dns.Name)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network):
		return fmt.Errorf("AWS cannot be reached from here (%s%s); a VPC without a way to the internet needs an interface endpoint, or a target with bootstrap addresses and credentials at hand", hostOf(err), a.clean(cause(err)))
	}
	return errors.New(a.clean(err.Error()))
}

// proxy is what went wrong on the way to a proxy, with its address; "" where nothing did.
func proxy(err error) string {
	var connect *net.OpError
	if !errors.As(err, &connect) || connect.Op != "proxyconnect" {
		return ""
	}
	return connect.Err.Error()
}

// container is the host of the service that gives containers their credentials; "" where
// the environment names none.
func container() string {
	if os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != "" {
		return "169.254.170.2"
	}
	u, err := url.Parse(os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
	if err != nil {
		return ""
	}
	return u.Host
}

// codeOf is AWS's own word for an error; "" for one that is not AWS's.
func codeOf(err error) (code, message string) {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode(), api.ErrorMessage()
	}
	return "", ""
}

func denied(code string) bool {
	return slices.Contains([]string{"AccessDenied", "AccessDeniedException", "ForbiddenException"}, code)
}

// callError is a call that got no answer, with the host that was to give it: the SDK drops
// that where the call's context has ended.
type callError struct {
	host string
	error
}

func (e *callError) Unwrap() error { return e.error }

// namingHosts has the errors of calls that got no answer name their host.
func namingHosts(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("NameHost", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if request, ok := in.Request.(*http.Request); ok && err != nil {
			err = &callError{request.URL.Host, err}
		}
		return out, metadata, err
	}), middleware.After) // next to the transport: an answer, whatever it says, is no error there
}

// hostOf is the host that was called and a colon; "" where the error does not say.
func hostOf(err error) string {
	var call *callError
	if errors.As(err, &call) {
		return call.host + ": "
	}
	return ""
}

// cause is the innermost error's text.
func cause(err error) string {
	var network net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout() {
		return "no answer"
	}
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// clean is a text without the account's secrets, short enough for a line.
func (a *Account) clean(text string) string {
	for _, secret := range slices.Concat(a.base.secrets(), a.held.secrets()) {
		text = strings.ReplaceAll(text, secret, "[secret]")
	}
	return short(text)
}

// short is the first line of a text, at most 300 bytes of it.
func short(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}
