package mskiam

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
)

// signature is what a token's parameters, as far as they are signed, have to carry.
func signature(host string, query map[string]string, s scope, secret string) []byte {
	request := strings.Join([]string{
		"GET", "/", canonicalQuery(query), "host:" + host + "\n", "host", hexHash(""),
	}, "\n")
	text := strings.Join([]string{algorithm, query["X-Amz-Date"], s.String(), hexHash(request)}, "\n")
	return sum(signingKey(secret, s.date, s.region, s.service), text)
}

// signingKey derives the key of one day, region and service.
func signingKey(secret, date, region, service string) []byte {
	key := []byte("AWS4" + secret)
	for _, step := range []string{date, region, service, terminal} {
		key = sum(key, step)
	}
	return key
}

// canonicalQuery orders and escapes what is signed: all but the signature itself,
// and the User-Agent, which signers add afterwards.
func canonicalQuery(query map[string]string) string {
	var pairs []string
	for name, value := range query {
		if name != "X-Amz-Signature" && name != "User-Agent" {
			pairs = append(pairs, escape(name)+"="+escape(value))
		}
	}
	slices.SortFunc(pairs, func(a, b string) int {
		nameA, _, _ := strings.Cut(a, "=")
		nameB, _, _ := strings.Cut(b, "=")
		return strings.Compare(nameA, nameB)
	})
	return strings.Join(pairs, "&")
}

// escape leaves only RFC 3986's unreserved characters.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func hexHash(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

func sum(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text)) // never fails
	return h.Sum(nil)
}
