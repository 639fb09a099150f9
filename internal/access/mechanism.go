package access

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"msklt/scenario"
)

// mechanism makes a login of Kafka's protocol; nil where clients do not log in by it.
// For ready see [Access.Ready].
func mechanism(a scenario.Auth) (login sasl.Mechanism, ready func(context.Context) error) {
	switch a.Mechanism {
	case scenario.Plain:
		return plain.Auth{User: a.Username, Pass: string(a.Password)}.AsMechanism(), nil
	case scenario.SCRAM256:
		return scram.Auth{User: a.Username, Pass: string(a.Password)}.AsSha256Mechanism(), nil
	case scenario.SCRAM512:
		return scram.Auth{User: a.Username, Pass: string(a.Password)}.AsSha512Mechanism(), nil
	case scenario.OAuthBearer:
		t := &tokens{file: a.TokenFile, command: a.TokenCommand}
		return oauth.Oauth(t.next), func(ctx context.Context) error {
			_, err := t.get(ctx)
			return err
		}
	}
	return nil, nil
}

// tokens is where the tokens of all clients come from.
type tokens struct {
	file    string
	command []string

	mu    sync.Mutex // also so that the command runs once for those who wait
	token string
	until time.Time // the token is used again before
}

const (
	commandTimeout = 15 * time.Second
	// opaqueFor is how long a token of a command is used whose expiry cannot be read.
	opaqueFor = 10 * time.Second
	// early is the part of a token's remaining life after which the next is asked for.
	early = 0.8
)

// next returns a token to log in with.
func (t *tokens) next(ctx context.Context) (oauth.Auth, error) {
	token, err := t.get(ctx)
	if err != nil {
		return oauth.Auth{}, err
	}
	if expiry, known := expires(token); known && !expiry.After(time.Now()) {
		return oauth.Auth{}, &Problem{Stage: Login,
			Message: fmt.Sprintf("the token from %s has expired, at %s", t.origin(), expiry.UTC().Format(time.RFC3339)),
			Fix:     fmt.Sprintf("renew it, or set this machine's clock if %s is wrong", time.Now().UTC().Format(time.RFC3339))}
	}
	return oauth.Auth{Token: token}, nil
}

// origin names where tokens come from.
func (t *tokens) origin() string {
	if t.file != "" {
		return t.file
	}
	return t.command[0]
}

func (t *tokens) get(ctx context.Context) (string, error) {
	if t.file != "" {
		data, err := os.ReadFile(t.file)
		if err != nil {
			return "", &Problem{Stage: Login, Err: err, Message: fmt.Sprintf("auth.token_file cannot be read: %v", err)}
		}
		return t.checked(data)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token != "" && time.Now().Before(t.until) {
		return t.token, nil
	}
	printed, err := t.run(ctx)
	if err != nil {
		return "", err
	}
	if t.token, err = t.checked(printed); err != nil {
		return "", err
	}
	now := time.Now()
	t.until = now.Add(opaqueFor)
	if expiry, known := expires(t.token); known {
		t.until = now.Add(time.Duration(early * float64(expiry.Sub(now))))
	}
	return t.token, nil
}

// run runs the command. What it prints is shown nowhere: it may be the token.
func (t *tokens) run(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	c := exec.CommandContext(ctx, t.command[0], t.command[1:]...)
	c.WaitDelay = time.Second // for what the program has started and left behind
	printed, err := c.Output()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return printed, nil
	case ctx.Err() != nil && timedOut(ctx.Err()):
		return nil, &Problem{Stage: Login, Message: fmt.Sprintf("auth.token_command: %s did not end within %s", t.command[0], commandTimeout)}
	case errors.As(err, &exit):
		return nil, &Problem{Stage: Login, Message: fmt.Sprintf("auth.token_command: %s ended with %s", t.command[0], exit.ProcessState),
			Fix: "run it by hand to see why: what it prints is not shown here, as it may be the token"}
	}
	return nil, &Problem{Stage: Login, Err: err, Message: fmt.Sprintf("auth.token_command does not start: %v", err)}
}

// checked is the token in what was read.
func (t *tokens) checked(data []byte) (string, error) {
	token := string(bytes.TrimSpace(data))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", &Problem{Stage: Login, Message: fmt.Sprintf("what comes from %s is no token: it is empty, or has spaces or line breaks inside", t.origin()),
			Fix: "it must give the token and nothing else"}
	}
	return token, nil
}

// expires reads when a token expires, if it is a JSON Web Token (RFC 7519 section
// 4.1.4) that says so.
func expires(token string) (time.Time, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	var c struct {
		Expiry float64 `json:"exp"`
	}
	if err != nil || json.Unmarshal(claims, &c) != nil || c.Expiry <= 0 {
		return time.Time{}, false
	}
	return time.Unix(int64(c.Expiry), 0), true
}
