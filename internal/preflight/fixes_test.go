package preflight

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"msklt/internal/access"
	"msklt/internal/cluster"
	"msklt/scenario"
)

// everything is a use that takes every permission.
func everything() cluster.Use {
	return cluster.Use{
		Topics: []cluster.TopicUse{
			{Name: "msklt-abc-check", Write: true, Read: true, Delete: true}, {Name: "theirs", Existing: true, Write: true, Read: true},
		},
		Group: "msklt-abc-check", TransactionalID: "msklt-abc-check", Idempotent: true,
	}
}

// TestPermissionsPage holds that the page has each permission with its action of IAM,
// and its ACL.
func TestPermissionsPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/check.md")
	if err != nil {
		t.Fatal(err)
	}
	all := append(everything().Permissions(), cluster.Permission{Operation: "create", Resource: "topic", Name: "msklt-abc-check"})
	for _, p := range all {
		_, rest, found := bytes.Cut(page, []byte("\n| `"+name(p)+"` |"))
		line, _, _ := strings.Cut(string(rest), "\n")
		if of := actions(p); !found || len(of) == 0 || !strings.Contains(line, "`"+string(of[0])+"`") || !strings.Contains(line, operation(p)+" on "+p.Resource) {
			t.Errorf("%s: actions %v, and on the page %q", p, of, line)
		}
	}
}

// TestFixes holds what is said to give each permission, of a run's own things and of
// somebody else's.
func TestFixes(t *testing.T) {
	acl := func(on string) string {
		return "kafka-acls.sh --bootstrap-server b:9096 --command-config ADMIN.properties --add --allow-principal 'User:it' " + on
	}
	const prefixed = " msklt- --resource-pattern-type prefixed"
	for _, c := range []struct {
		operation, resource, name string
		acl, iam                  string
	}{
		{"create", "topic", "msklt-abc-check", acl("--operation Create --operation Write --operation Read --operation Delete --topic" + prefixed),
			"allow kafka-cluster:CreateTopic, kafka-cluster:DescribeTopic, kafka-cluster:WriteData, kafka-cluster:ReadData, kafka-cluster:DeleteTopic on topic/CLUSTER/UUID/msklt-*"},
		{"write", "topic", "theirs", acl("--operation Write --topic theirs"),
			"allow kafka-cluster:WriteData on topic/CLUSTER/UUID/theirs"},
		{"describe", "group", "msklt-abc-check", acl("--operation Read --operation Delete --group" + prefixed),
			"allow kafka-cluster:DescribeGroup, kafka-cluster:AlterGroup, kafka-cluster:DeleteGroup on group/CLUSTER/UUID/msklt-*"},
		{"delete", "group", "msklt-abc-check", acl("--operation Delete --group" + prefixed),
			"allow kafka-cluster:DeleteGroup on group/CLUSTER/UUID/msklt-*"},
		{"write", "transactional id", "msklt-abc-check", acl("--operation Write --transactional-id" + prefixed),
			"allow kafka-cluster:AlterTransactionalId on transactional-id/CLUSTER/UUID/msklt-*"},
		{"idempotent write", "cluster", "", acl("--operation IdempotentWrite --cluster"),
			"allow kafka-cluster:WriteDataIdempotently on the cluster"},
	} {
		p := cluster.Permission{Operation: c.operation, Resource: c.resource, Name: c.name}
		l := &look{use: everything(), Config: Config{
			Access: &access.Access{Bootstrap: []string{"b:9096"}, TLS: true, Mechanism: scenario.SCRAM512},
			Target: &scenario.Target{Auth: scenario.Auth{Mechanism: scenario.SCRAM512, Username: "it"}},
		}}
		if got := l.fix(p); got != c.acl {
			t.Errorf("%s by an ACL:\n%s, want\n%s", p, got, c.acl)
		}
		l.Access.Mechanism = scenario.MSKIAM
		if got := l.fix(p); got != c.iam {
			t.Errorf("%s by IAM:\n%s, want\n%s", p, got, c.iam)
		}
	}
}

// TestPrint holds the table's lines: text is broken at the width, fixes are not.
func TestPrint(t *testing.T) {
	var b strings.Builder
	for _, r := range []Row{
		{Check: "name", State: OK, Found: "kafka is 10.0.0.1"},
		{Check: "describe transactional id", State: Failed, Found: "one two three four five six seven eight", Fix: strings.Repeat("copy this ", 12)},
		{Check: "permission with a long name indeed", State: Warning, Found: "text"},
		{Check: "clock", State: Unknown, Found: "not told"},
	} {
		r.Print(&b, 60)
	}
	want := `✓ name                       kafka is 10.0.0.1
✗ describe transactional id  one two three four five six
                             seven eight
    → ` + strings.Repeat("copy this ", 12) + `
! permission with a long name indeed
                             text
– clock                      not told
`
	if b.String() != want {
		t.Errorf("%s\nwant\n%s", b.String(), want)
	}
}
