package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"msklt/internal/limits"
	"msklt/scenario"
)

// TestDocsCommands has a shell take every block of commands of every page, in order, in
// a folder that has the repository's scenarios and what the pages call the reader's own.
// msklt writes what init writes; of every other call it is held that verb and flags
// exist and that the files that it names are there and are sound, with its edits. What
// is not msklt does nothing, but for cat.
func TestDocsCommands(t *testing.T) {
	calls := 0
	for _, page := range pages(t) {
		t.Run(filepath.Base(page), func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(reader(t))
			for _, args := range append(shellCalls(t, string(text)), taskCommands(t, string(text))...) {
				checkCall(t, args)
				calls++
			}
			for _, span := range regexp.MustCompile("`(?:\\./)?msklt\\s+([a-z][^`]*)`").FindAllStringSubmatch(string(text), -1) {
				checkMention(t, strings.Fields(span[1]))
				calls++
			}
		})
	}
	if calls < 100 {
		t.Errorf("%d commands; were all of them read?", calls)
	}
}

// reader is a folder with the scenarios, the benchmarks' scenarios, and files of
// somebody's own.
func reader(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"scenarios", "bench"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS("../../"+name)); err != nil {
			t.Fatal(err)
		}
	}
	scenario, err := os.ReadFile("../../scenarios/hot-key.yaml")
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]string{}
	for _, name := range []string{"before.yaml", "after.yaml", "small.yaml", "large.yaml"} {
		own[name] = string(scenario)
	}
	for _, name := range []string{"prod.yaml", "target.yaml"} {
		own[name] = "version: 1\nbootstrap: [boot-abc.c1.kafka-serverless.eu-west-1.amazonaws.com:9098]\nauth: {mechanism: aws-msk-iam}\n"
	}
	for name, text := range own {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// stubs stand for the programs that the pages call. Calls of msklt go to descriptor 3.
const stubs = `
PATH=$TOOLS
msklt() {
	case $1 in init) [ -z "$2" ] || [ -e "$2.yaml" ] || MSKLT_TEST_MAIN=1 "$MSKLT" "$@" >/dev/null 2>&1 ;; esac
	{ printf '%s\037' "$@"; printf '\036'; } >&3
}
aws() { echo arn:aws:kafka:eu-west-1:111122223333:cluster/msklt-check/0b1c2d3e-0000-4444-8888-0123456789ab-2; }
for other in awk chmod docker go java jq make scp ssh; do eval "$other() { :; }"; done
GITHUB_STEP_SUMMARY=summary.md
`

// shellCalls are the arguments of msklt in a page's blocks of commands.
func shellCalls(t *testing.T, page string) (calls [][]string) {
	t.Helper()
	var script strings.Builder
	script.WriteString(stubs)
	if !strings.Contains(page, "msklt init checkout") { // else it is written when the page gets there
		script.WriteString("msklt init checkout\n")
	}
	for _, m := range regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$").FindAllStringSubmatch(page, -1) {
		lines, commands := m[2], m[1] == "sh"
		switch m[1] {
		case "console":
			lines = strings.Join(regexp.MustCompile(`(?m)^\$ (?:.*\\\n)*.*\n`).FindAllString(lines, -1), "")
			lines, commands = regexp.MustCompile(`(?m)^\$ `).ReplaceAllString(lines, ""), true
		case "":
			commands = regexp.MustCompile(`^(go|msklt) `).MatchString(lines) // not what msklt prints
		}
		if commands {
			script.WriteString(regexp.MustCompile(`(go run \./cmd/|\./)msklt `).ReplaceAllString(lines, "msklt "))
		}
	}
	tools := t.TempDir()
	cat, err := exec.LookPath("cat")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(cat, filepath.Join(tools, "cat")); err != nil {
		t.Fatal(err)
	}
	heard, err := os.Create(filepath.Join(tools, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	defer heard.Close()
	var complaints bytes.Buffer
	sh := exec.CommandContext(t.Context(), "sh", "-c", script.String())
	sh.Env = append(os.Environ(), "MSKLT="+os.Args[0], "TOOLS="+tools)
	sh.ExtraFiles, sh.Stderr = []*os.File{heard}, &complaints
	if err := sh.Run(); err != nil || complaints.Len() > 0 {
		t.Errorf("a shell does not take the commands: %v\n%s", err, complaints.String())
	}
	recorded, err := os.ReadFile(heard.Name())
	if err != nil {
		t.Fatal(err)
	}
	for call := range strings.SplitSeq(strings.TrimSuffix(string(recorded), "\x1e"), "\x1e") {
		if call != "" {
			calls = append(calls, strings.Split(strings.TrimSuffix(call, "\x1f"), "\x1f"))
		}
	}
	return calls
}

// taskCommands are the arguments of msklt in overrides of ECS tasks.
func taskCommands(t *testing.T, page string) (calls [][]string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?s)"command":\s*(\[.*?\])`).FindAllStringSubmatch(page, -1) {
		var args []string
		if err := json.Unmarshal([]byte(m[1]), &args); err != nil {
			t.Errorf("%s: %v", m[1], err)
			continue
		}
		calls = append(calls, args)
	}
	return calls
}

// checkCall holds that msklt takes a command line, up to what it would do.
func checkCall(t *testing.T, args []string) {
	t.Helper()
	p := &process{getenv: os.LookupEnv}
	c, rest, err := p.commands().Find(args)
	if err == nil {
		err = c.ParseFlags(rest)
	}
	if err == nil {
		err = c.ValidateArgs(c.Flags().Args())
	}
	if err != nil {
		t.Errorf("msklt %q: %v", args, err)
		return
	}
	var f targetFlags
	flags := c.Flags()
	f.target, _ = flags.GetStringArray("target") // of verbs that have it
	f.bootstrap, _ = flags.GetStringArray("bootstrap")
	f.set, _ = flags.GetStringArray("set")
	o := p.options()
	o.Set = f.set
	for _, at := range f.places() {
		switch c.Name() {
		case "clean":
			_, err = at.load(o)
		case "run", "plan", "check":
			for _, path := range flags.Args() {
				_, wrong := read(path, at, o)
				err = errors.Join(err, wrong)
			}
		}
	}
	if err != nil {
		t.Errorf("msklt %q: %v", args, err)
	}
	profiles, _ := flags.GetStringSlice("limits")
	if one, _ := flags.GetString("limits"); one != "" {
		profiles = append(profiles, one)
	}
	for _, name := range profiles {
		if _, err := limits.Resolve(scenario.Limits{Extends: name}); err != nil {
			t.Errorf("msklt %q: %v", args, err)
		}
	}
}

// checkMention holds that a verb and flags that a sentence mentions exist.
func checkMention(t *testing.T, words []string) {
	t.Helper()
	c, _, err := (&process{}).commands().Find(words[:1])
	if err != nil {
		t.Errorf("msklt %s: %v", strings.Join(words, " "), err)
		return
	}
	for _, word := range words[1:] {
		flag, ok := strings.CutPrefix(word, "--")
		flag, _, _ = strings.Cut(flag, "=")
		if ok && c.Flags().Lookup(flag) == nil {
			t.Errorf("msklt %s: %s has no flag --%s", strings.Join(words, " "), c.Name(), flag)
		}
	}
}
