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

// listeners are those of a broker, which may be the last one.
func (s *Secured) listeners(last bool) []listener {
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
	passwords := map[string]string{
		"sasl.enabled.mechanisms":        "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
		"plain.sasl.jaas.config":         jaas("plain.PlainLoginModule", "user_", s.Users, nil),
		"scram-sha-256.sasl.jaas.config": jaas(scram, "", nil, nil),
		"scram-sha-512.sasl.jaas.config": jaas(scram, "", nil, nil),
	}
	expired := maps.Clone(passwords)
	if last {
		expired["ssl.keystore.location"] = s.authority.expired
	}
	return []listener{
		{name: Certificates, protocol: "SSL", settings: map[string]string{"ssl.client.auth": "required"}},
		{name: Passwords, protocol: "SASL_SSL", settings: passwords},
		{name: Unreachable, protocol: "SASL_SSL", settings: passwords},
		{name: Expired, protocol: "SASL_SSL", settings: expired},
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

// properties are those of a whole broker, one of so many. As on Amazon MSK each topic has
// a replica on each of three brokers, of which one may be missing.
func (s *Secured) properties(brokers int) map[string]string {
	replicas, inSync := strconv.Itoa(brokers), strconv.Itoa(max(1, brokers-1))
	return map[string]string{
		"default.replication.factor":    replicas,
		"min.insync.replicas":           inSync,
		"transaction.state.log.min.isr": inSync,

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
