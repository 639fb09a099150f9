package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// leaks is the piece of a secret, 6 characters or more, that a text shows; "" for none.
func leaks(text, secret string) string {
	r := []rune(secret)
	for i := 0; i+6 <= len(r); i++ {
		if piece := string(r[i : i+6]); strings.Contains(text, piece) {
			return piece
		}
	}
	return ""
}

// parseLeaking decodes a target and tells what its messages show of the secret.
func parseLeaking(text, secret string, set ...string) (shown string, err error) {
	_, err = parseTarget("t.yaml", []byte(text), Options{Set: set,
		ReadFile: func(string) ([]byte, error) { return nil, os.ErrNotExist },
		Getenv: func(name string) (string, bool) {
			return map[string]string{"LEAK": secret, "PEM": "-----BEGIN PRIVATE KEY-----\n" + secret + "\n"}[name], name == "LEAK" || name == "PEM"
		}})
	if err == nil {
		return "", nil
	}
	return leaks(err.Error(), secret), err
}

// TestSecretsInWrongPlaces holds files and edits that once showed a secret, or could.
func TestSecretsInWrongPlaces(t *testing.T) {
	const secret = "Xq7Wv93ZkLm"
	const head = "version: 1\nbootstrap: [a:9093]\n"
	const login = head + "auth:\n  mechanism: plain\n  username: u\n"
	for _, c := range []struct{ text, set, want string }{
		{login + "  password: !§\n", "", `auth.password: want text, got the tag`},
		{login + "  password: x\n", "target.auth.password=!§", `auth.password: want text, got the tag`},
		{login + "  password: *§\n", "", "unknown anchor"},
		{login + "  password: \"§\\q\"\n", "", "unknown escape"},
		{login + "  password: {§: 1}\n", "", "got a mapping"},
		{login + "  password: [§]\n", "", "got a list"},
		{login + "  password: §\n  password: §\n", "", "given twice"},
		{login + "  password: \"§\n", "", "not valid YAML"},
		{login + "\tpassword: §\n", "", "not valid YAML"},
		{login + "  pw:§\n", "", "not valid YAML"},
		{login + "  pw: §\n", "", "unknown field"},
		{login + "  pw: &x §\n", "target.auth.mechanism=*x", ""},
		{login + "  ? password\n  : !§\n", "", "got the tag"},
		{head + "auth: §\n", "", "auth: want a mapping"},
		{head + "auth: #§\n", "", "auth: want a mapping"},
		{head + "auth: §\n", "target.auth.mechanism=plain", "has no field"},
		{head + "auth: [plain, u, §]\n", "", "auth: want a mapping"},
		{head + "auth:\n  - §\n", "", "auth: want a mapping"},
		{head + "auth: {plain, u, §}\n", "", "unknown field"},
		{head + "auth: {§, §}\n", "", "given twice"},
		{head + "auth:\n  mechanism: plain\n   §\n", "", "mechanism"},
		{head + "auth: {mechanism: [plain, §]}\n", "", "mechanism"},
		{head, "target.auth=§", "auth: want a mapping"},
		{head, "target.auth={mechanism: plain, pw: §", "did not find"},
		{head, "target.auth.credential=§", "unknown field"},
		{login + "  password: x\n", "target.auth.password.x=§", "has no field"},
		{head + "tls: {key: \"${PEM}\", cert: c}\n", "", "got what one holds"},
		{head + "tls: {key: \"${LEAK}\", cert: c}\n", "", "cannot read"},
		{head + "tls:\n  cert: c\n  key: |\n    -----BEGIN PRIVATE KEY-----\n    §\n    -----END PRIVATE KEY-----\n", "", "got what one holds"},
		{head + "tls: {key: MIIEvQIBADANBgkqhkiG9w0B§, cert: c}\n", "", "got what one holds"},
		{head + "tls: {key_passphrase: §}\n", "", "unknown field"},
		{head + "aws: {secret_access_key: !§}\n", "", "unknown field"},
		{head + "aws: §\n", "", "aws: want a mapping"},
		{head + "auth: {mechanism: oauthbearer, token_command: !§ [x, [y]]}\n", "", "got a list"},
		{head + "auth: {mechanism: oauthbearer, token_command: {a: §}}\n", "", "want a list"},
		{head + "auth: {mechanism: oauthbearer, token_file: eyJhbGciOiJIUzI1NiJ9§}\n", "", "got what one holds"},
		{"version: 1\nbootstrap: [\"u:§@a:9093\"]\n", "", "with a login in it"},
		{"version: 1\nbootstrap: \"SASL_SSL://u:§@a:9093\"\n", "", "with a login in it"},
		{head + "auth: {mechanism: aws-msk-iam}\naws: {endpoint: \"http://u:§@a\"}\n", "", "with a login in it"},
		{"§\n", "", "want a mapping"},
	} {
		text, set := strings.ReplaceAll(c.text, "§", secret), []string(nil)
		if c.set != "" {
			set = []string{strings.ReplaceAll(c.set, "§", secret)}
		}
		shown, err := parseLeaking(text, secret, set...)
		if shown != "" || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s%s: shows %q, want %q in\n%v", text, set, shown, c.want, err)
		}
	}
}

// TestPropertyNoSecretLeaks draws secrets, in shapes that YAML reads as something
// else, in fields and places where people put them, breaks the text, and looks for
// pieces of the secret in every message.
func TestPropertyNoSecretLeaks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-Z][a-zA-Z0-9]{2}[7-9][a-zA-Z0-9!$%^+=/~.-]{3,12}Z`).Draw(t, "secret")
		shape := rapid.SampledFrom([]string{"S", "!S", "!!S", "!<S>", "*S", "&S x", "&x S", "\"S\"", "'S'", "\"S", "'S", "\"S\\q\"",
			"[S]", "[x, S", "{S: x}", "{x: S", "{S}", "|\n      S\n      S", ">-\n      S", "|S", "\n    S", "\n    - S", "\n    x: S",
			"S: x", "x: S", "S #x", "#S", "%S", "@S", "`S", "?S", "? S", "- S", "0x1S", "S\tx", "\tS", "${S", "${S}", "${LEAK}", "${X:-S}", "${S:-", "--- S", "...S"}).Draw(t, "shape")
		value := strings.ReplaceAll(shape, "S", secret)
		name := rapid.SampledFrom([]string{"password", "pasword", "Password", "pwd", "secret_key", "token_command", "client_secret",
			"passphrase", "pw", "credential", "sasl.jaas.config", "\"password\"", "? password\n  "}).Draw(t, "name")
		text := rapid.SampledFrom([]string{
			"version: 1\nbootstrap: [a:9093]\nauth:\n  mechanism: plain\n  username: u\n  %s: %s\ntls: {}\nlimits: none\n",
			"version: 1\nbootstrap: [a:9093]\nauth:\n  %s: %s\n  mechanism: plian\n",
			"version: 1\narn: x\naws:\n  region: q\n  %s: %s\n",
			"version: 1\nbootstrap: [a]\ntls:\n  ca: c\n  %s: %s\n",
			"{version: 1, bootstrap: ['a:9093'], auth: {mechanism: plain, username: u, %s: %s}, tls: {}}\n",
			"version: 1\n%s: %s\nbootstrap: a\n",
		}).Draw(t, "text")
		text = fmt.Sprintf(text, name, value)
		if rapid.IntRange(0, 3).Draw(t, "whole") == 0 {
			text = "version: 1\nbootstrap: a\nauth: " + value + "\n"
		}
		var set []string
		if rapid.Bool().Draw(t, "edit") {
			path := rapid.SampledFrom([]string{"auth.password", "auth.pasword", "auth", "aws.secret", "aws", "tls.passphrase", "auth.password.x", "auth.token_command.0"}).Draw(t, "path")
			set = []string{"target." + path + "=" + value}
		}
		changed := breakText(t, text, secret)
		shown, err := parseLeaking(changed, secret, set...)
		var problems Problems
		if err != nil && !errors.As(err, &problems) {
			t.Fatalf("got %T", err)
		}
		if shown != "" {
			t.Fatalf("%q of the secret shows:\n%s%s\n%v", shown, changed, set, err)
		}
	})
}

// TestPublicFields: every field of a target file is either public or hidden, and none of
// those that hold secrets is public.
func TestPublicFields(t *testing.T) {
	var schema map[string]any
	data, err := TargetSchema()
	if err == nil {
		err = json.Unmarshal(data, &schema)
	}
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	var walk func(properties any)
	walk = func(of any) {
		fields, _ := of.(map[string]any)["properties"].(map[string]any)
		for name, field := range fields {
			names = append(names, name)
			if name != "limits" {
				walk(field)
			}
		}
	}
	walk(any(schema))
	secret := []string{"password", "token_command"}
	for _, name := range names {
		if public := slices.Contains(publicFields(), name) && !secretWord(name); public == slices.Contains(secret, name) {
			t.Errorf("%s: public %t", name, public)
		}
	}
	if len(names) < 20 {
		t.Errorf("the schema has %q", names)
	}
}

// breakText changes the text at places outside of the secret and of what names it.
func breakText(t *rapid.T, text, secret string) string {
	for range rapid.IntRange(0, 2).Draw(t, "changes") {
		at := rapid.IntRange(0, len(text)).Draw(t, "at")
		before, after := text[:at], text[at:]
		if strings.Count(before, secret)+strings.Count(after, secret) < strings.Count(text, secret) || !strings.Contains(before+"\x00"+after, secret) {
			continue
		}
		text = before + rapid.SampledFrom(strings.Split(`:|: |,|{|}|[|]|"|'|*|&|x|#|!|!!int |${|\|- `+"|\n|\n  |\t|> |? |\\", "|")).Draw(t, "piece") + after
	}
	return text
}
