package scenario

import (
	"fmt"
	"io"
)

// Target is a decoded target file: where a scenario runs. Just one of Bootstrap,
// ARN and Embedded is set.
type Target struct {
	Name      string
	File      string   // as [LoadTarget] was given it; "" where it read none
	Bootstrap []string // HOST:PORT
	ARN       string   // of an Amazon MSK cluster, whose addresses AWS is asked for
	Embedded  *EmbeddedTarget
	Auth      Auth
	TLS       TLS
	AWS       AWS
	// ConnectRate bounds the connection attempts per second of all clients
	// together; 0 leaves it to the limits.
	ConnectRate float64
	// Limits stand in place of the scenario's, where Declared.
	Limits   Limits
	Declared bool
}

// EmbeddedTarget is the embedded cluster.
type EmbeddedTarget struct {
	Brokers int    // 0: what the limits say, or 3
	As      string // "": Apache Kafka 4.3; "msk-serverless": its login, API versions and topic rules
}

// Mechanisms of [Auth].
const (
	NoAuth      = "none"
	Plain       = "plain"
	SCRAM256    = "scram-sha-256"
	SCRAM512    = "scram-sha-512"
	OAuthBearer = "oauthbearer"
	MutualTLS   = "mtls"
	MSKIAM      = "aws-msk-iam"
)

// Auth is how clients log in.
type Auth struct {
	Mechanism string // one of the constants above; "none" where the file says nothing
	Username  string // plain, scram-*
	Password  Secret
	// TokenFile and TokenCommand are where an oauthbearer token comes from: a file
	// that holds it, read anew for each login, or a program that prints it.
	TokenFile    string
	TokenCommand []string
}

// AWS says which credentials sign for aws-msk-iam and AWS's own APIs; the zero
// value is the SDK's default chain.
type AWS struct {
	Region          string // "": of the ARN, of the host names, or of the environment
	Profile         string
	Role            string // ARN of a role to assume
	RoleSession     string // its session's name; "" is a fixed one
	ExternalID      string
	WebIdentityFile string // holds the token with which the role is assumed
	Endpoint        string // of the Kafka API; "" is AWS's own
	STSEndpoint     string // of the token service; "" is AWS's own
}

// TLS is how connections are encrypted. Without any field it is still on where
// Auth or the port asks for it, see [Target.Encrypted].
type TLS struct {
	Set        bool // the file has a tls section
	Off        bool // the file says tls: off
	CA         string
	Cert, Key  string
	ServerName string
}

// Secret is a text that must not be shown.
type Secret string

// String hides the secret.
func (s Secret) String() string { return "[secret]" }

// Format hides it from every verb of fmt.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText hides it from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
