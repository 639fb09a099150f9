package scenario

import (
	"slices"
	"testing"
)

// TestTargetEdits: which edits of a target may be shown, and which hold a secret.
func TestTargetEdits(t *testing.T) {
	for edit, shown := range map[string]bool{
		"target.embedded.as=msk-serverless":                       true,
		"target.limits={extends: none, client: {ingress: 5MB/s}}": true,
		"target.auth.mechanism=aws-msk-iam":                       true,
		"target.auth={mechanism: mtls}":                           true,
		"target.auth.username=load":                               true,
		"target.auth.token_file=token.txt":                        true,
		"target.tls={cert: client.pem, key: client.key}":          true,
		"target.aws.endpoint=http://127.0.0.1:5000":               true,
		"target.name=":                           true,
		"target.auth.password=${KAFKA_PASSWORD}": true,
		`target.auth={mechanism: plain, username: u, password: "${KAFKA_PASSWORD}"}`: true,
		"target.auth.password=":                                                             true,
		"target.auth.password=x":                                                            false,
		"target.auth.password=${KAFKA_PASSWORD:-x}":                                         false,
		"target.auth.password=$${KAFKA_PASSWORD}":                                           false,
		"target.auth.password=${KAFKA_PASSWORD}${X}":                                        false,
		"target.auth={mechanism: plain, username: u, password: x}":                          false,
		`target.auth={mechanism: plain, username: u, "pass\u0077ord": x}`:                   false,
		"target.auth={mechanism: plain, username: u, ? password\n: x}":                      false,
		"target.auth={mechanism: plain, username: &a x, password: *a}":                      false,
		"target.auth.token_command=[token, --key, x]":                                       false,
		"target.auth.token_command.2=x":                                                     false,
		"target.auth={mechanism: oauthbearer, token_command: [token, x]}":                   false,
		"target.aws.endpoint=http://somebody:x@127.0.0.1:5000":                              false,
		"target.aws={sts_endpoint: 'https://x@sts.example', role: 'arn:aws:iam::1:role/R'}": false,
		"target.auth.password=[":                                                            false,
	} {
		all := []string{"seed=1", edit, "topics.t.partitions=2"}
		got, withheld := TargetEdits(all)
		if want := []string{edit}; shown != slices.Equal(got, want) || shown == withheld || !shown && len(got) > 0 {
			t.Errorf("%s: shown are %q, withheld %v", edit, got, withheld)
		}
	}
	if got, withheld := TargetEdits([]string{"seed=1"}); len(got) > 0 || withheld {
		t.Errorf("no edits of a target: %q, %v", got, withheld)
	}
}
