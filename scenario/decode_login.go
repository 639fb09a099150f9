package scenario

import (
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// mechanisms are what auth.mechanism may be.
func mechanisms() []string {
	return []string{NoAuth, Plain, SCRAM256, SCRAM512, OAuthBearer, MutualTLS, MSKIAM}
}

// byPassword tells the mechanisms that need a username and a password.
func byPassword(mechanism string) bool {
	return mechanism == Plain || mechanism == SCRAM256 || mechanism == SCRAM512
}

// auth reads how clients log in, and reports what does not belong to the mechanism.
func auth(o *object) Auth {
	e := o.child("auth")
	if e == nil {
		return Auth{Mechanism: NoAuth}
	}
	e.require("mechanism", "scram-sha-512")
	a := Auth{
		Mechanism:    e.word("mechanism", NoAuth, mechanisms()...),
		Username:     e.string("username", wantText),
		Password:     e.secret("password"),
		TokenFile:    e.fileName("token_file"),
		TokenCommand: e.texts("token_command"),
	}
	if e.has("mechanism") && e.sound("mechanism") {
		checkAuth(e, a.Mechanism)
	} else {
		o.bad["auth"] = true // what it would say of other fields is not known
	}
	e.done()
	return a
}

func checkAuth(e *object, mechanism string) {
	for _, name := range []string{"username", "password"} {
		switch {
		case byPassword(mechanism) && !e.has(name):
			e.require(name, `"${KAFKA_`+strings.ToUpper(name)+`}"`)
		case !byPassword(mechanism) && e.has(name):
			e.fail(name, "remove it, or name another mechanism", "does not go with %s", mechanism)
		case e.has(name) && e.sound(name) && e.values[name].Value == "":
			e.fail(name, "", "is empty")
		}
	}
	sources := []string{"token_file", "token_command"}
	given := slices.DeleteFunc(slices.Clone(sources), func(name string) bool { return !e.has(name) })
	switch {
	case mechanism != OAuthBearer:
		for _, name := range given {
			e.fail(name, "remove it, or name another mechanism", "does not go with %s", mechanism)
		}
	case len(given) == 0:
		e.fail("token_file", "add token_file: FILE, or token_command: [PROGRAM, ARGUMENT, …]", "oauthbearer needs a token from somewhere")
	case len(given) == 2:
		e.fail("token_command", "keep one of them", "token_file says where the token is already")
	}
}

// secret reads text that no message may show.
func (o *object) secret(name string) Secret {
	n := o.get(name)
	o.recorder.scalar(o, name, wantText)
	if n == nil {
		return ""
	}
	text, f := o.text(n, wantText)
	switch {
	case f == nil:
	case strings.HasSuffix(f.message, "does not name a variable"):
		o.fail(name, f.hint, "holds ${ that does not name a variable")
	default:
		o.fail(name, f.hint, "%s", f.message)
	}
	if f == nil && text == "" && strings.Contains(n.Value, "${") {
		o.fail(name, "", "the environment variable is empty")
	}
	return Secret(text)
}

// tlsOff is the word by which a target file does without encryption.
const (
	tlsOff  = "off"
	wantTLS = "off, or a mapping such as {ca: ca.pem}"
)

// encryption reads how connections are encrypted.
func encryption(o *object, a Auth) TLS {
	e, t := (*object)(nil), TLS{}
	switch n := o.get("tls"); {
	case n == nil:
	case n.Kind == yaml.MappingNode:
		e, t.Set = o.child("tls"), true
	default:
		t.Off = read(o, "tls", wantTLS, "", func(text string) (string, *fault) {
			if text != tlsOff {
				return "", wrong(wantTLS, text, "")
			}
			return text, nil
		}) == tlsOff
	}
	if e != nil {
		t.CA, t.Cert, t.Key = e.fileName("ca"), e.fileName("cert"), e.fileName("key")
		t.ServerName = e.string("server_name", "the name of a host")
		for _, pair := range [][2]string{{"cert", "key"}, {"key", "cert"}} {
			if e.has(pair[0]) && !e.has(pair[1]) {
				e.fail(pair[1], "add "+pair[1]+": FILE", "is missing, and belongs to %s", pair[0])
			}
		}
		e.done()
	}
	if !o.sound("auth") {
		return t
	}
	certified := e != nil && (e.has("cert") || e.has("key"))
	switch {
	case t.Off && a.Mechanism == MutualTLS:
		o.fail("tls", "remove tls: off", "%s is a login by certificate, which needs TLS", MutualTLS)
	case a.Mechanism == MutualTLS && !certified:
		o.fail("tls", "add tls: {cert: FILE, key: FILE}", "%s needs the client's certificate and key", MutualTLS)
	case a.Mechanism == NoAuth && certified:
		e.fail("cert", "add auth: {mechanism: mtls}", "nothing logs in with it")
	}
	return t
}
