package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"pgregory.net/rapid"

	"msklt/report"
)

// TestAgain draws command lines of run and holds that the command which the result
// shows, taken apart by a shell, is the same job: scenario, limits, target and what
// becomes of the cluster. Edits with secrets are not shown; with them added it is the
// same job, too.
func TestAgain(t *testing.T) {
	t.Chdir(t.TempDir())
	const password = "it's hunter2"
	files := map[string]string{
		"small.yaml":   strings.Replace(small, "DURATION", "4s", 1),
		"as it's.yaml": "{version: 1, bootstrap: [k:9092], auth: {mechanism: scram-sha-512, username: u, password: hunter2-in-file}, limits: msk-serverless}",
		"own.yaml":     "{version: 1, embedded: {brokers: 2}}",
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	places := drawnPlaces(password)
	rapid.Check(t, func(r *rapid.T) {
		place := rapid.SampledFrom(places).Draw(r, "place")
		args := append([]string{"small.yaml"}, place.flags...)
		some := func(name string, edits []string) []string {
			var flags []string
			for _, edit := range edits {
				if rapid.Bool().Draw(r, name) {
					flags = append(flags, "--set", edit)
				}
			}
			return flags
		}
		args = append(args, some("edit", place.edits)...)
		args = append(args, some("of the scenario", []string{"topics.t.partitions=7", "limits=kafka-client-quota:5MB/s:10MB/s"})...)
		secrets := some("secret", place.secrets)
		args = append(args, secrets...)
		for _, flag := range []string{"--seed=7", "--duration=3s", "--keep", "--allow-live-topics", "--quiet"} {
			if rapid.Bool().Draw(r, flag) {
				args = append(args, flag)
			}
		}
		first, f := commandLine(r, args)
		out := rapid.SampledFrom([]string{"out", "results/it's $HOME", "deep/er/out"}).Draw(r, "out")
		if err := os.MkdirAll(out, 0o755); err != nil {
			r.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(out, report.ScenarioFile), first.scenario.YAML(), 0o644); err != nil {
			r.Fatal(err)
		}
		again := first.again(out, f)
		if again.Withheld != (len(secrets) > 0) || strings.Contains(again.Command(), "hunter2") {
			r.Fatalf("%s (withheld: %v), for %q", again.Command(), again.Withheld, args)
		}
		words := byShell(r, again.Command())
		if words[0] != "msklt" || words[1] != "run" {
			r.Fatalf("the command is %q", words)
		}
		second, g := commandLine(r, append(words[2:], secrets...))
		sameJob(r, again.Command(), first, second)
		if f.keep != g.keep || f.liveTopics != g.liveTopics {
			r.Errorf("%q is %+v, %s is %+v", args, f, again.Command(), g)
		}
	})
}

// sameJob holds that a command is the job that it is to run again.
func sameJob(r *rapid.T, command string, first, second job) {
	if !reflect.DeepEqual(first.target, second.target) || !reflect.DeepEqual(first.limits, second.limits) {
		r.Errorf("on %+v under %+v was run; %s is on %+v under %+v", first.target, first.limits, command, second.target, second.limits)
	}
	if a, b := first.scenario.YAML(), second.scenario.YAML(); string(a) != string(b) || first.scenario.Hash() != second.scenario.Hash() {
		r.Errorf("%s was run; %s runs %s", a, command, b)
	}
}

// drawnPlace is where a job may run: flags that name it, edits of it, and edits of it
// that hold secrets.
type drawnPlace struct{ flags, edits, secrets []string }

func drawnPlaces(password string) []drawnPlace {
	plain := []string{"target.name=a $b; *c", "target.connect_rate=7/s", "target.limits={client: {ingress: 3MB/s}}"}
	return []drawnPlace{
		{nil, append(plain, "target.embedded.as=msk-serverless"), nil},
		{[]string{"--target", "embedded"}, append(plain, "target.embedded.brokers=5"), nil},
		{[]string{"--target", "own.yaml"}, plain, nil},
		{[]string{"--target", "./as it's.yaml"}, append(plain, "target.tls=off", "target.auth.username=some body"), []string{"target.auth.password=" + password}},
		{[]string{"--bootstrap", "a:9092,[::1]:9093"}, append(plain, "target.tls.server_name=x"),
			[]string{"target.auth={mechanism: plain, username: u, password: \"" + password + "\"}"}},
	}
}

// commandLine is the job that arguments of run name, as the command takes them.
func commandLine(r *rapid.T, args []string) (job, runFlags) {
	p := &process{getenv: func(string) (string, bool) { return "", false }}
	var f runFlags
	c := &cobra.Command{}
	f.on(c)
	if err := c.ParseFlags(args); err != nil {
		r.Fatal(err)
	}
	var seed *uint64
	if c.Flags().Changed("seed") {
		seed = &f.seed
	}
	jobs, err := p.jobs(c.Flags().Args(), f, seed)
	if err != nil {
		r.Fatalf("%q: %v", args, err)
	}
	return jobs[0], f
}

// byShell are the words that a shell makes of a command line.
func byShell(r *rapid.T, line string) []string {
	out, err := exec.Command("sh", "-c", `printf '%s\0' `+line).Output()
	if err != nil {
		r.Fatalf("%s: %v", line, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}
