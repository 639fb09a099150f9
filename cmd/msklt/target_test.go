package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"msklt/report"
)

// TestRunWithLogin runs on a cluster that asks for a login, and holds what the result
// says of it; that the password is in no file and no output, however it came; and that
// a wrong one is told in a sentence.
func TestRunWithLogin(t *testing.T) {
	const secret = "hunter2-is-secret"
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "load", secret))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	dir := t.TempDir()
	target := filepath.Join(dir, "target.yaml")
	text := "version: 1\nname: staging\nbootstrap: [\"" + c.ListenAddrs()[0] + "\"]\n" +
		"auth: {mechanism: scram-sha-512, username: load, password: \"${KAFKA_PASSWORD}\"}\ntls: off\n"
	if err := os.WriteFile(target, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	good, out := writeScenario(t, "1s"), filepath.Join(dir, "out")
	run := func(password string, code int, args ...string) *program {
		t.Helper()
		p := command(t.Context(), args...)
		p.Env = append(p.Env, "KAFKA_PASSWORD="+password)
		got := p.code(t)
		if got != code && (got != exitInvalid || code != exitOK) { // a busy machine
			t.Errorf("%v: exit code %d, want %d:\n%s", args, got, code, p.stderr.String())
		}
		if all := p.stdout.String() + p.stderr.String(); strings.Contains(all, "hunter2") {
			t.Errorf("%v: the secret shows:\n%s", args, all)
		}
		return p
	}
	p := run(secret, exitOK, "run", good, "--target", target, "--out", out, "--json")
	if !strings.Contains(p.stdout.String(), `"auth": "scram-sha-512"`) || strings.Contains(p.stdout.String(), `"tls"`) {
		t.Errorf("the result does not say how clients logged in:\n%s", p.stdout.String())
	}
	r := readResult(t, out)
	if r.Target.Name != "staging" || r.Target.File != target || r.Totals.Acked == 0 {
		t.Errorf("target %+v, totals %+v", r.Target, r.Totals)
	}
	run(secret, exitOK, "plan", good, "--target", target, "--json")
	p = run("hunter22", exitEnvironment, "run", good, "--target", target, "--out", filepath.Join(dir, "wrong"))
	if !strings.Contains(p.stderr.String(), "refuses the login by scram-sha-512") || !strings.Contains(p.stderr.String(), "auth.username and auth.password") {
		t.Errorf("a wrong password: %s", p.stderr.String())
	}
	p = run("", exitUsage, "run", good, "--target", target, "--set", "target.auth.password="+secret, "--set", "target.auth.user=load")
	if !strings.Contains(p.stderr.String(), `--set:2:13: auth: unknown field "user"`) {
		t.Errorf("a mistake beside a password: %s", p.stderr.String())
	}
	set := filepath.Join(dir, "set")
	run("", exitOK, "run", good, "--target", target, "--set", "target.auth.password="+secret, "--set", "target.name=other", "--out", set)
	want := report.Again{Arguments: []string{"run", filepath.Join(set, "scenario.yaml"), "--target", target, "--set", "target.name=other"}, Withheld: true}
	if r := readResult(t, set); !reflect.DeepEqual(*r.Again, want) {
		t.Errorf("run again by %+v, want %+v", *r.Again, want)
	}
	if page, err := os.ReadFile(filepath.Join(set, "report.html")); err != nil || !strings.Contains(string(page), "that hold secrets") {
		t.Error("the page does not say that its command lacks the password", err)
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte("hunter2")) {
			t.Errorf("the secret is in %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
