package mskiam_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/url"
	"strings"
)

// sign is Signature Version 4 by itself, written from its description: the query is
// ordered and escaped by net/url, which differs from it in spaces only.
func sign(secret, host string, query url.Values) string {
	scope := strings.SplitN(query.Get("X-Amz-Credential"), "/", 2)
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	hash := func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }
	canonical := "GET\n/\n" + strings.ReplaceAll(query.Encode(), "+", "%20") + "\nhost:" + host + "\n\nhost\n" + hash("")
	key := []byte("AWS4" + secret)
	if len(scope) == 2 {
		for _, part := range strings.Split(scope[1], "/") {
			key = mac(key, part)
		}
		return fmt.Sprintf("%x", mac(key, "AWS4-HMAC-SHA256\n"+query.Get("X-Amz-Date")+"\n"+scope[1]+"\n"+hash(canonical)))
	}
	return ""
}
