package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/kafkatest"
)

// brief is a scenario that takes every permission, for a second. A transaction of it
// writes to each partition.
const brief = `
version: 1
name: brief
topics:
  t: {partitions: 3}
producers:
  p: {topic: t, rate: 200/s, key: {keys: 100}, value: {size: 100B}, settings: {transactions: {records: 20}}}
consumers:
  g: {topics: [t]}
phases:
  - {name: steady, duration: 1s}
`

// logins enters by every login, with credentials that are right, wrong, or expired.
func (s *secured) logins(t *testing.T, token string) {
	ca := fmt.Sprintf("tls: {ca: %q}", s.Authority().File)
	user := func(mechanism, password string) string {
		return fmt.Sprintf("auth: {mechanism: %s, username: loader, password: %q}\n%s", mechanism, password, ca)
	}
	client := func(a *kafkatest.Authority, until time.Duration) string {
		cert, key := a.Issue(t, kafkatest.Certificate{Name: "loader", NotAfter: time.Now().Add(until)})
		return fmt.Sprintf("auth: {mechanism: mtls}\ntls: {ca: %q, cert: %q, key: %q}", s.Authority().File, cert, key)
	}
	bearer := func(name, token string) string {
		s.secrets = append(s.secrets, token)
		return fmt.Sprintf("auth: {mechanism: oauthbearer, token_file: %q}\n%s", s.file(t, name, token+"\n"), ca)
	}
	iam := "auth: {mechanism: aws-msk-iam}\naws: {region: " + region + "}\n" + ca
	keys := func(secret string) []string {
		return []string{"AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=" + secret, "AWS_SESSION_TOKEN=" + sessionToken}
	}
	old := s.file(t, "old.json", fmt.Sprintf(`{"Version": 1, "AccessKeyId": %q, "SecretAccessKey": %q, "SessionToken": %q, "Expiration": %q}`,
		accessKey, rightKey, sessionToken, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)))
	config := s.file(t, "aws.ini", "[profile old]\ncredential_process = cat "+old+"\n")
	const password = "check auth.username and auth.password"
	for name, c := range map[string]struct {
		listener, rest string
		env            []string
		says           []string // nil: it works
	}{
		"plain/right":         {kafkatest.Passwords, user("plain", rightPassword), nil, nil},
		"plain/wrong":         {kafkatest.Passwords, user("plain", wrongPassword), nil, []string{"refuses the login by plain", password}},
		"scram-sha-256/right": {kafkatest.Passwords, user("scram-sha-256", rightPassword), nil, nil},
		"scram-sha-256/wrong": {kafkatest.Passwords, user("scram-sha-256", wrongPassword), nil, []string{"refuses the login by scram-sha-256", password}},
		"scram-sha-512/right": {kafkatest.Passwords, user("scram-sha-512", rightPassword), nil, nil},
		"scram-sha-512/wrong": {kafkatest.Passwords, user("scram-sha-512", wrongPassword), nil, []string{"refuses the login by scram-sha-512", password}},
		"scram/other port":    {kafkatest.Tokens, user("scram-sha-512", rightPassword), nil, []string{"does not offer SCRAM-SHA-512, but OAUTHBEARER", "take another port"}},
		"mtls/right":          {kafkatest.Certificates, client(s.Authority(), time.Hour), nil, nil},
		"mtls/wrong":          {kafkatest.Certificates, client(kafkatest.NewAuthority(t), time.Hour), nil, []string{"refuses the client's certificate", "check tls.cert"}},
		"mtls/expired":        {kafkatest.Certificates, client(s.Authority(), -time.Hour), nil, []string{"the client's certificate tls.cert", "has expired: it was valid until"}},
		"mtls/none":           {kafkatest.Certificates, ca, nil, []string{"asks for a client's certificate", "mechanism: mtls"}},
		"oauthbearer/right":   {kafkatest.Tokens, bearer("right.jwt", token), nil, nil},
		"oauthbearer/wrong":   {kafkatest.Tokens, bearer("wrong.jwt", jwt(time.Now().Add(2*time.Hour))), nil, []string{"refuses the login by oauthbearer", "check the token"}},
		"oauthbearer/expired": {kafkatest.Tokens, bearer("old.jwt", jwt(time.Now().Add(-time.Hour))), nil, []string{"old.jwt has expired", "renew it"}},
		"aws-msk-iam/right":   {kafkatest.Tokens, iam, keys(rightKey), nil},
		"aws-msk-iam/wrong":   {kafkatest.Tokens, iam, keys(wrongKey), []string{"refuses the login by aws-msk-iam", "Access denied", "check that the credentials"}},
		"aws-msk-iam/expired": {kafkatest.Tokens, strings.Replace(iam, "aws: {", "aws: {profile: old, ", 1), []string{"AWS_CONFIG_FILE=" + config}, []string{"AWS credentials: they have expired, at"}},
		"aws-msk-iam/none":    {kafkatest.Tokens, iam, nil, []string{"no AWS credentials found"}},
	} {
		t.Run(name, func(t *testing.T) {
			target, path := s.target(t, c.listener, c.rest), s.file(t, "brief.yaml", brief)
			if c.says != nil {
				s.refused(t, exitEnvironment, c.env, c.says, "run", path, "--target", target)
				return
			}
			s.entersEach(t, c.env, path, target)
			out := filepath.Join(t.TempDir(), "out")
			p := s.program(t, c.env, "run", path, "--target", target, "--out", out, "--json")
			checkFine(t, p.code(t), out)
			mechanism, _, _ := strings.Cut(name, "/")
			r := readResult(t, out)
			// A busy machine may end before the last transaction has begun.
			if n := r.Totals; n.Scheduled != 200 || n.Acked == 0 || n.Acked+n.Unsent != 200 || n.Consumed != n.Acked || !r.Target.TLS || r.Target.Auth != mechanism {
				t.Errorf("totals %+v, target %+v", n, r.Target)
			}
			var leaders []int32
			for _, p := range r.Partitions {
				leaders = append(leaders, p.Leader)
				if p.AckedRecords == 0 || p.LogEndDelta <= p.AckedRecords { // which has markers, too
					t.Errorf("partition %d on broker %d: %d acked, log end moved by %d", p.Partition, p.Leader, p.AckedRecords, p.LogEndDelta)
				}
			}
			if slices.Sort(leaders); !slices.Equal(leaders, three) || r.Target.Brokers != len(three) {
				t.Errorf("%d brokers, led by %v", r.Target.Brokers, leaders)
			}
			s.hidden(t, p, out)
		})
	}
}

// entersEach holds that a look, which logs in at each broker, finds everything right.
func (s *secured) entersEach(t *testing.T, env []string, path, target string) {
	t.Helper()
	// As fast as it goes there is no ceiling to measure.
	p := s.program(t, env, "check", path, "--target", target, "--set", "producers.p.rate=max")
	if code := p.code(t); code != exitOK {
		t.Errorf("exit code %d of check\n%s", code, p.stderr.String())
	}
	const says = "✓ brokers 3, each entered where it says that it is; racks rack-1, rack-2, rack-3"
	if !strings.Contains(strings.Join(strings.Fields(p.stderr.String()), " "), says) {
		t.Errorf("it does not say %q:\n%s", says, p.stderr.String())
	}
	s.hidden(t, p, t.TempDir())
}

// permissions takes one permission after the other from a client: a run names it and
// leaves nothing.
func (s *secured) permissions(t *testing.T) {
	target := s.target(t, kafkatest.Passwords, s.scram("limited"))
	path := s.file(t, "brief.yaml", brief)
	for _, taken := range kafkatest.Runs() {
		says := missed(taken)
		t.Run(says, func(t *testing.T) {
			s.SetACLs(t, "User:limited", without(taken)...)
			words := []string{"lacks the permission " + says, "msklt check with the same target"}
			s.refused(t, exitEnvironment, nil, words, "run", path, "--target", target)
			if says == "delete on topic msklt-" {
				s.clear(t) // which the client may not
			}
			s.OnlyTopics(t)
		})
	}
	t.Run("write on one of two topics", func(t *testing.T) {
		s.CreateTopic(t, "theirs", 1)
		defer s.DeleteTopic(t, "theirs")
		s.SetACLs(t, "User:limited", append(kafkatest.Runs(), kafkatest.ACL{On: kmsg.ACLResourceTypeTopic, Name: "theirs", Operation: kmsg.ACLOperationRead})...)
		words := []string{"lacks the permission write on topic theirs; msklt check with the same target"}
		s.refused(t, exitEnvironment, nil, words, "run", path, "--target", target,
			"--set", "topics.theirs={existing: true}", "--set", "producers.q={topic: theirs, rate: 10/s, value: {size: 1KiB}}")
		s.OnlyTopics(t, "theirs")
	})
	t.Run("by IAM", func(t *testing.T) {
		taken := kafkatest.ACL{On: kmsg.ACLResourceTypeGroup, Name: "msklt-", Prefix: true, Operation: kmsg.ACLOperationDelete}
		s.SetACLs(t, "User:"+accessKey, without(taken)...)
		target := s.target(t, kafkatest.Tokens, fmt.Sprintf("auth: {mechanism: aws-msk-iam}\naws: {region: %s}\ntls: {ca: %q}", region, s.Authority().File))
		s.refused(t, exitEnvironment, []string{"AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=" + rightKey},
			[]string{"✗ delete group", "→ allow kafka-cluster:DeleteGroup", "lacks this", `"kafka-cluster:DeleteGroup"`, `:group/NAME/UUID/msklt-*"`},
			"check", path, "--target", target)
	})
}

// without are the permissions of runs but for one.
func without(taken kafkatest.ACL) []kafkatest.ACL {
	return slices.DeleteFunc(kafkatest.Runs(), func(acl kafkatest.ACL) bool { return acl == taken })
}
