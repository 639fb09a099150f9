// Package mskiam checks the tokens with which clients log in to Amazon MSK by IAM
// over SASL/OAUTHBEARER: URLs that are presigned by Signature Version 4 (AWS, "IAM
// User Guide", signing of API requests), in base64. It is pure: no clock, no network.
package mskiam

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	action    = "kafka-cluster:Connect"
	service   = "kafka-cluster"
	algorithm = "AWS4-HMAC-SHA256"
	terminal  = "aws4_request"
	dateForm  = "20060102T150405Z"

	// skew is how far in the future a token may be signed, as AWS allows.
	skew = 5 * time.Minute
	// longest is Signature Version 4's own bound on X-Amz-Expires.
	longest = 7 * 24 * time.Hour
)

// Identity is who a token logs in.
type Identity struct {
	AccessKey string
	// SessionToken is what came with temporary credentials, "" with others. It is
	// covered by the signature; whether it is the right one only its issuer knows.
	SessionToken string
	Signed       time.Time // to the second
	Expires      time.Time // when the token does
	UserAgent    string    // of the signer; not covered by the signature
}

// Refusal is why a token is not accepted. It holds no secret.
type Refusal struct {
	Part string // encoding, url, action, algorithm, credential, region, service, date, expiry, headers, access key, signature
	Why  string
}

func (r *Refusal) Error() string { return r.Part + ": " + r.Why }

// Verify checks a token at a time, for a cluster in a region. Keys returns an access
// key's secret, and false for a key that it does not know. The error is a *Refusal.
func Verify(token string, now time.Time, keys func(accessKey string) (secret string, ok bool), region string) (Identity, error) {
	u, err := decode(token)
	if err != nil {
		return Identity{}, err
	}
	query, err := parameters(u.RawQuery)
	if err != nil {
		return Identity{}, err
	}
	scope, err := credential(query, region)
	if err != nil {
		return Identity{}, err
	}
	if err := fixed(u, query, region); err != nil {
		return Identity{}, err
	}
	signed, expires, err := times(query, scope, now)
	if err != nil {
		return Identity{}, err
	}
	secret, ok := keys(scope.key)
	if !ok {
		return Identity{}, &Refusal{"access key", "not known to the cluster"}
	}
	given, err := hex.DecodeString(query["X-Amz-Signature"])
	if err != nil || !hmac.Equal(given, signature(u.Host, query, scope, secret)) {
		return Identity{}, &Refusal{"signature", "does not match: the secret key is another one, or the token was changed"}
	}
	return Identity{
		AccessKey: scope.key, SessionToken: query["X-Amz-Security-Token"],
		Signed: signed, Expires: expires, UserAgent: query["User-Agent"],
	}, nil
}

// decode undoes the base64 and reads the URL.
func decode(token string) (*url.URL, error) {
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return nil, &Refusal{"encoding", "not base64 in URL form without padding"}
	}
	u, err := url.Parse(string(text))
	if err != nil {
		return nil, &Refusal{"url", "not a URL"} // the error would repeat the token
	}
	if u.Scheme != "https" || u.User != nil || u.Fragment != "" || u.Opaque != "" || u.Path != "/" && u.Path != "" {
		return nil, &Refusal{"url", "not of the form https://kafka.REGION.amazonaws.com/?…"}
	}
	return u, nil
}

// parameters reads a query in which no name comes twice.
func parameters(raw string) (map[string]string, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, &Refusal{"url", "query is malformed"}
	}
	query := make(map[string]string, len(values))
	for name, v := range values {
		if len(v) != 1 {
			return nil, &Refusal{"url", "a parameter is given twice"}
		}
		query[name] = v[0]
	}
	return query, nil
}

// scope is what X-Amz-Credential says.
type scope struct{ key, date, region, service string }

func (s scope) String() string {
	return strings.Join([]string{s.date, s.region, s.service, terminal}, "/")
}

func credential(query map[string]string, region string) (scope, error) {
	parts := strings.Split(query["X-Amz-Credential"], "/")
	if len(parts) != 5 || parts[0] == "" || parts[4] != terminal {
		return scope{}, &Refusal{"credential", "X-Amz-Credential is not KEY/DATE/REGION/" + service + "/" + terminal}
	}
	s := scope{parts[0], parts[1], parts[2], parts[3]}
	switch {
	case s.region != region:
		return s, &Refusal{"region", "signed for " + quote(s.region) + ", the cluster is in " + quote(region)}
	case s.service != service:
		return s, &Refusal{"service", "signed for " + quote(s.service) + ", not " + quote(service)}
	}
	return s, nil
}

// fixed checks what is the same in every token.
func fixed(u *url.URL, query map[string]string, region string) error {
	switch host := "kafka." + region + ".amazonaws.com"; {
	case u.Host != host && u.Host != host+".cn":
		return &Refusal{"url", "host is " + quote(u.Host) + ", not " + quote(host)}
	case query["Action"] != action:
		return &Refusal{"action", "is " + quote(query["Action"]) + ", not " + quote(action)}
	case query["X-Amz-Algorithm"] != algorithm:
		return &Refusal{"algorithm", "is " + quote(query["X-Amz-Algorithm"]) + ", not " + quote(algorithm)}
	case query["X-Amz-SignedHeaders"] != "host":
		return &Refusal{"headers", "X-Amz-SignedHeaders is " + quote(query["X-Amz-SignedHeaders"]) + ", not " + quote("host")}
	}
	return nil
}

// times checks when a token was signed and how long it lasts.
func times(query map[string]string, s scope, now time.Time) (signed, expires time.Time, err error) {
	signed, parsed := time.Parse(dateForm, query["X-Amz-Date"])
	switch {
	case parsed != nil:
		return signed, expires, &Refusal{"date", "X-Amz-Date " + quote(query["X-Amz-Date"]) + " is not of the form " + dateForm}
	case signed.Format("20060102") != s.date:
		return signed, expires, &Refusal{"date", "X-Amz-Date and the day in X-Amz-Credential differ"}
	}
	seconds, parsed := strconv.ParseUint(query["X-Amz-Expires"], 10, 32)
	lasts := time.Duration(seconds) * time.Second
	if parsed != nil || lasts == 0 || lasts > longest {
		return signed, expires, &Refusal{"expiry", "X-Amz-Expires is not 1 to 604800 seconds"}
	}
	expires = signed.Add(lasts)
	switch ahead := signed.Sub(now); {
	case ahead > skew:
		return signed, expires, &Refusal{"date", "signed " + ahead.Round(time.Second).String() + " in the future: the client's clock is ahead"}
	case !now.Before(expires):
		return signed, expires, &Refusal{"expiry", "expired " + now.Sub(expires).Round(time.Second).String() + " ago"}
	}
	return signed, expires, nil
}

// quote shows what a token says, shortened: it may be long, and of anybody.
func quote(s string) string {
	const most = 40
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}
