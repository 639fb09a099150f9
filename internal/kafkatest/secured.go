package kafkatest

import (
	_ "embed"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Secured is who may enter a cluster, and how. What they may do there is said by
// SetACLs: nothing at first. On the listener without TLS everybody may do
// everything.
type Secured struct {
	Users  map[string]string // passwords, for PLAIN and SCRAM
	Bearer map[string]string // tokens by name, for OAUTHBEARER
	// Keys are secrets by access key: tokens of Amazon MSK that are signed with
	// one of them for Region are taken, too.
	Keys   map[string]string
	Region string
	// Lifetime is how long a login by token lasts at most; 0: as long as the token.
	// connections.max.reauth.ms must be set for it to matter.
	Lifetime time.Duration

	authority *Authority
	classes   string // folder of the validator's
}

//go:embed java/TokenValidator.java
var tokenValidator []byte

// prepare compiles what looks at tokens.
func (s *Secured) prepare(t testing.TB, a *Authority) {
	t.Helper()
	s.authority, s.classes = a, tempDir(t)
	source := filepath.Join(s.classes, "TokenValidator.java")
	if err := os.WriteFile(source, tokenValidator, 0o644); err != nil {
		t.Fatalf("writing the validator of tokens: %v", err)
	}
	javac := exec.CommandContext(t.Context(), "javac", "-proc:none", "-d", s.classes, "-cp", jars(false), source)
	if out, err := javac.CombinedOutput(); err != nil {
		t.Fatalf("compiling the validator of tokens: %v\n%s", err, out)
	}
}

func (s *Secured) listeners() []listener {
	known := map[string]string{"region": s.Region, "unsecuredLoginStringClaim_sub": "broker"}
	if s.Lifetime > 0 {
		known["lifetime_seconds"] = strconv.Itoa(int(s.Lifetime.Seconds()))
	}
	for name, token := range s.Bearer {
		known["token_"+name] = token
	}
	behind := maps.Clone(known)
	behind["clock_behind_seconds"] = "600"
	const scram = "scram.ScramLoginModule"
	return []listener{
		{name: Certificates, protocol: "SSL", settings: map[string]string{"ssl.client.auth": "required"}},
		{name: Passwords, protocol: "SASL_SSL", settings: map[string]string{
			"sasl.enabled.mechanisms":        "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
			"plain.sasl.jaas.config":         jaas("plain.PlainLoginModule", "user_", s.Users, nil),
			"scram-sha-256.sasl.jaas.config": jaas(scram, "", nil, nil),
			"scram-sha-512.sasl.jaas.config": jaas(scram, "", nil, nil),
		}},
		{name: Tokens, protocol: "SASL_SSL", settings: s.tokens(known)},
		{name: Behind, protocol: "SASL_SSL", settings: s.tokens(behind)},
	}
}

func (s *Secured) tokens(options map[string]string) map[string]string {
	return map[string]string{
		"sasl.enabled.mechanisms":                        "OAUTHBEARER",
		"oauthbearer.sasl.server.callback.handler.class": "TokenValidator",
		"oauthbearer.sasl.jaas.config":                   jaas("oauthbearer.OAuthBearerLoginModule", "key_", s.Keys, options),
	}
}

// properties are those of the whole broker.
func (s *Secured) properties() map[string]string {
	return map[string]string{
		"authorizer.class.name":   "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
		"super.users":             "User:ANONYMOUS",
		"ssl.keystore.type":       "PEM",
		"ssl.keystore.location":   s.authority.server,
		"ssl.truststore.type":     "PEM",
		"ssl.truststore.location": s.authority.File,
	}
}

// scram are StorageTool's arguments that make the users known.
func (s *Secured) scram() []string {
	var args []string
	for _, name := range slices.Sorted(maps.Keys(s.Users)) {
		for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
			args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, name, s.Users[name]))
		}
	}
	return args
}

// jaas is a login module with options: some with a prefix before their name, and
// others.
func jaas(module, prefix string, prefixed, others map[string]string) string {
	var b strings.Builder
	b.WriteString("org.apache.kafka.common.security." + module + " required")
	for name, value := range prefixed {
		fmt.Fprintf(&b, " %s%s=%q", prefix, name, value)
	}
	for name, value := range others {
		fmt.Fprintf(&b, " %s=%q", name, value)
	}
	return b.String() + ";"
}
