package mskiam_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-msk-iam-sasl-signer-go/signer"
	"github.com/aws/aws-sdk-go-v2/aws"
	"pgregory.net/rapid"

	"msklt/internal/mskiam"
)

const (
	accessKey = "AKIAEXAMPLEEXAMPLE00"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	region    = "eu-west-1"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func known(key string) (string, bool) { return secretKey, key == accessKey }

// presign signs a token as the tests' own signer. Change alters what is signed,
// after alters what is sent.
func presign(secret string, signed time.Time, change, after func(query url.Values)) string {
	stamp := signed.UTC().Format("20060102T150405Z")
	query := url.Values{
		"Action": {"kafka-cluster:Connect"}, "X-Amz-Algorithm": {"AWS4-HMAC-SHA256"},
		"X-Amz-Credential": {accessKey + "/" + stamp[:8] + "/" + region + "/kafka-cluster/aws4_request"},
		"X-Amz-Date":       {stamp}, "X-Amz-Expires": {"900"}, "X-Amz-SignedHeaders": {"host"},
	}
	if change != nil {
		change(query)
	}
	host := "kafka." + region + ".amazonaws.com"
	query.Set("X-Amz-Signature", sign(secret, host, query))
	query.Set("User-Agent", "a test/1.0")
	if after != nil {
		after(query)
	}
	return encode("https://" + host + "/?" + query.Encode())
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func set(name, value string) func(url.Values) {
	return func(q url.Values) { q.Set(name, value) }
}

func TestVerify(t *testing.T) {
	token := presign(secretKey, noon, func(q url.Values) { q.Set("X-Amz-Security-Token", "a+b/c= d") }, nil)
	got, err := mskiam.Verify(token, noon.Add(time.Minute), known, region)
	want := mskiam.Identity{
		AccessKey: accessKey, SessionToken: "a+b/c= d", UserAgent: "a test/1.0",
		Signed: noon, Expires: noon.Add(900 * time.Second),
	}
	if err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

// TestRefusals names the part that is wrong, and nothing that is secret.
func TestRefusals(t *testing.T) {
	scope := func(s string) func(url.Values) { return set("X-Amz-Credential", accessKey+s) }
	signed := func(change func(url.Values)) string { return presign(secretKey, noon, change, nil) }
	sent := func(after func(url.Values)) string { return presign(secretKey, noon, nil, after) }
	for _, c := range []struct {
		part, says, token string
	}{
		{"encoding", "base64", "http://!"},
		{"encoding", "padding", signed(nil) + "="},
		{"url", "not a URL", encode("https://kafka:p%zz/")},
		{"url", "of the form", encode("http://kafka.eu-west-1.amazonaws.com/?Action=x")},
		{"url", "malformed", encode("https://kafka.eu-west-1.amazonaws.com/?a=%zz")},
		{"url", "twice", encode("https://kafka.eu-west-1.amazonaws.com/?Action=x&Action=y")},
		{"url", `host is "kafka.us-east-1.amazonaws.com"`, encode("https://kafka.us-east-1.amazonaws.com/?X-Amz-Credential=k/20261122/eu-west-1/kafka-cluster/aws4_request")},
		{"credential", "KEY/DATE/REGION", encode("https://kafka.eu-west-1.amazonaws.com/")},
		{"credential", "KEY/DATE/REGION", signed(scope("/20261122/eu-west-1/kafka-cluster"))},
		{"region", `signed for "us-east-1", the cluster is in "eu-west-1"`, signed(scope("/20261122/us-east-1/kafka-cluster/aws4_request"))},
		{"service", `signed for "s3"`, signed(scope("/20261122/eu-west-1/s3/aws4_request"))},
		{"action", `is "kafka-cluster:ReadData"`, signed(set("Action", "kafka-cluster:ReadData"))},
		{"algorithm", `is "AWS4-ECDSA-P256-SHA256"`, signed(set("X-Amz-Algorithm", "AWS4-ECDSA-P256-SHA256"))},
		{"headers", `is "host;x-a"`, signed(set("X-Amz-SignedHeaders", "host;x-a"))},
		{"date", "not of the form", signed(set("X-Amz-Date", "today"))},
		{"date", "differ", signed(scope("/20261121/eu-west-1/kafka-cluster/aws4_request"))},
		{"date", "10m0s in the future: the client's clock is ahead", presign(secretKey, noon.Add(10*time.Minute), nil, nil)},
		{"expiry", "1 to 604800", signed(set("X-Amz-Expires", "0"))},
		{"expiry", "1 to 604800", signed(set("X-Amz-Expires", "604801"))},
		{"expiry", "1 to 604800", signed(func(q url.Values) { q.Del("X-Amz-Expires") })},
		{"expiry", "expired 1m40s ago", presign(secretKey, noon.Add(-1000*time.Second), nil, nil)},
		{"access key", "not known", signed(set("X-Amz-Credential", "AKIAOTHER/20261122/eu-west-1/kafka-cluster/aws4_request"))},
		{"signature", "does not match", presign("another secret", noon, nil, nil)},
		{"signature", "does not match", sent(set("X-Amz-Expires", "901"))},
		{"signature", "does not match", sent(set("X-Amz-Security-Token", "x"))},
		{"signature", "does not match", sent(func(q url.Values) { q.Del("X-Amz-Signature") })},
	} {
		_, err := mskiam.Verify(c.token, noon, known, region)
		var refusal *mskiam.Refusal
		if !errors.As(err, &refusal) || refusal.Part != c.part || !strings.Contains(refusal.Why, c.says) {
			t.Errorf("%v; want %s: %s", err, c.part, c.says)
		}
		if err != nil && strings.Contains(err.Error(), secretKey) {
			t.Error("the secret is told")
		}
	}
}

// TestVerifyProperty: what is signed for a region and a time is accepted until it
// expires, with any session token, and not with anything that is signed changed.
func TestVerifyProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringN(1, 60, -1).Draw(t, "secret")
		session := rapid.String().Draw(t, "session token")
		lasts := rapid.IntRange(1, 604800).Draw(t, "expires")
		signed := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "signed"), 0).UTC()
		at := signed.Add(time.Duration(rapid.Int64Range(-300, int64(lasts)+100).Draw(t, "later")) * time.Second)
		keys := func(string) (string, bool) { return secret, true }
		change := func(q url.Values) {
			q.Set("X-Amz-Expires", strconv.Itoa(lasts))
			if session != "" {
				q.Set("X-Amz-Security-Token", session)
			}
		}
		id, err := mskiam.Verify(presign(secret, signed, change, nil), at, keys, region)
		expires := signed.Add(time.Duration(lasts) * time.Second)
		if accepted := err == nil; accepted != at.Before(expires) {
			t.Fatalf("%v at %s; expires %s", err, at, expires)
		}
		if err != nil {
			return
		}
		if id.SessionToken != session || !id.Expires.Equal(expires) || !id.Signed.Equal(signed) {
			t.Fatalf("%+v", id)
		}
		name := rapid.SampledFrom([]string{"Action", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
			"X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Security-Token", "X-Amz-More"}).Draw(t, "changed")
		spoil := func(q url.Values) { q.Set(name, q.Get(name)+"1") }
		if _, err := mskiam.Verify(presign(secret, signed, change, spoil), at, keys, region); err == nil {
			t.Fatalf("accepted with %s changed", name)
		}
	})
}

func FuzzVerify(f *testing.F) {
	good := presign(secretKey, noon, nil, nil)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add(encode("https://kafka.eu-west-1.amazonaws.com/?X-Amz-Credential=%2F%2F%2F%2F"))
	f.Fuzz(func(t *testing.T, token string) {
		id, err := mskiam.Verify(token, noon, known, region)
		var refusal *mskiam.Refusal
		if err != nil && (!errors.As(err, &refusal) || refusal.Part == "" || id != mskiam.Identity{}) {
			t.Errorf("%v, %+v", err, id)
		}
		if err == nil && id.AccessKey != accessKey {
			t.Errorf("accepted: %+v", id)
		}
		if err != nil && strings.Contains(err.Error(), secretKey) {
			t.Error("the secret is told")
		}
	})
}

// TestSignersToken accepts what AWS's own signer makes, with lasting and with
// temporary keys.
func TestSignersToken(t *testing.T) {
	for _, session := range []string{"", "FwoGZXIvYXdzEBAaD+/=="} {
		keys := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey, SessionToken: session}, nil
		})
		token, expires, err := signer.GenerateAuthTokenFromCredentialsProvider(t.Context(), region, keys)
		if err != nil {
			t.Fatal(err)
		}
		id, err := mskiam.Verify(token, time.Now(), known, region)
		if err != nil || id.SessionToken != session || id.Expires.UnixMilli() != expires || !strings.HasPrefix(id.UserAgent, "aws-msk-iam-sasl-signer-go/") {
			t.Errorf("%+v, %v; want one that expires at %d", id, err, expires)
		}
		if _, err := mskiam.Verify(token, time.Now(), func(string) (string, bool) { return "another", true }, region); err == nil {
			t.Error("accepted with another secret")
		}
	}
}
