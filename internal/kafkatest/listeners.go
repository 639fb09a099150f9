package kafkatest

import (
	"testing"
)

// Listeners, for At. Those of Secured are encrypted.
const (
	inner        = "PLAINTEXT"
	login        = "SASL_PLAINTEXT" // of Options.Users
	Certificates = "CERTIFICATES"   // clients have a certificate of the authority; who they are is "CN=NAME"
	Passwords    = "PASSWORDS"      // PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512
	Tokens       = "TOKENS"         // OAUTHBEARER; an access key's name is the key
	Behind       = "BEHIND"         // Tokens by a clock that is ten minutes behind
	Unreachable  = "UNREACHABLE"    // Passwords; nobody listens where the last broker says that it is
	Expired      = "EXPIRED"        // Passwords; the certificate of the last broker has expired
)

// listener is where a broker listens for one kind of clients.
type listener struct {
	name, protocol string
	address        string // where it listens
	advertised     string // where clients are told to connect
	settings       map[string]string
}

// planListeners chooses the addresses of a broker, which may be the last one.
func planListeners(t testing.TB, o Options, last bool) []listener {
	t.Helper()
	all := []listener{{name: inner, protocol: "PLAINTEXT"}}
	if len(o.Users) > 0 {
		all = append(all, listener{name: login, protocol: "SASL_PLAINTEXT", settings: map[string]string{
			"sasl.enabled.mechanisms": "PLAIN",
			"plain.sasl.jaas.config":  jaas("plain.PlainLoginModule", "user_", o.Users, nil),
		}})
	}
	if o.Secured != nil {
		all = append(all, o.Secured.listeners(last)...)
	}
	for i := range all {
		all[i].address = freeAddress(t)
		all[i].advertised = all[i].address
		if all[i].name == Unreachable && last {
			all[i].advertised = freeAddress(t)
		}
	}
	if o.Advertise != nil {
		all[0].advertised = o.Advertise(t, all[0].address)
	}
	return all
}
