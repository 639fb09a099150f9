package scenario

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// profiles are the profile names that tests pretend to have built in.
func profiles() []string { return []string{"msk-serverless", "msk-express-m7g.large"} }

// profileLimits are what tests pretend that the profiles declare.
func profileLimits(profile string) map[string]float64 {
	if profile != "msk-serverless" {
		return nil
	}
	return map[string]float64{"cluster.message": 8 << 20, "cluster.fetch": 55e6}
}

// TestBroken holds every message of every file in testdata/broken against the
// .want file beside it, byte for byte. With UPDATE_GOLDEN=1 it writes them.
func TestBroken(t *testing.T) {
	files, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil || len(files) < 20 {
		t.Fatalf("found %d broken files, want at least 20 (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse(filepath.Base(file), data, Options{Profiles: profiles(), Limits: profileLimits, ReadFile: readBeside(file)})
			checkBroken(t, file, err)
		})
	}
}

// checkBroken holds what reading a broken file says: in form, and byte for byte against
// the .want file beside it.
func checkBroken(t *testing.T, file string, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("a broken file was accepted")
	}
	checkProblems(t, err)
	checkWords(t, err)
	golden := strings.TrimSuffix(file, ".yaml") + ".want"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, readErr := os.ReadFile(golden)
	if readErr != nil {
		t.Fatal(readErr)
	}
	if got := err.Error() + "\n"; got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestFiveMistakesAtOnce holds that one run reports them all, each with its place
// and in the order of the file.
func TestFiveMistakesAtOnce(t *testing.T) {
	_, err := Load("testdata/broken/five-mistakes.yaml", Options{})
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, want Problems", err)
	}
	var places []string
	for _, p := range problems {
		places = append(places, p.Pos.String())
	}
	file := "testdata/broken/five-mistakes.yaml"
	want := []string{file + ":8:11", file + ":9:33", file + ":11:37", file + ":11:43", file + ":13:22"}
	if strings.Join(places, " ") != strings.Join(want, " ") {
		t.Errorf("mistakes at\n%s\nwant\n%s", strings.Join(places, "\n"), strings.Join(want, "\n"))
	}
	for _, place := range want {
		if !strings.Contains("\n"+err.Error(), "\n"+place+": ") {
			t.Errorf("no line of the error starts with %s", place)
		}
	}
}

// checkProblems fails unless the error is Problems, each with a place and a
// message on one line.
func checkProblems(t testing.TB, err error) {
	t.Helper()
	var problems Problems
	if !errors.As(err, &problems) || len(problems) == 0 {
		t.Fatalf("got %T %v, want Problems", err, err)
	}
	for _, p := range problems {
		if p.Pos.File == "" || p.Pos.Line < 1 || p.Pos.Column < 1 {
			t.Errorf("no position: %+v", p)
		}
		if p.Message == "" {
			t.Errorf("no message: %+v", p)
		}
		if strings.ContainsAny(p.Message+p.Hint+p.Line, "\n\r") {
			t.Errorf("more than one line: %+v", p)
		}
	}
}

// checkWords fails when a message speaks of Go or of the YAML library, or was not
// formatted whole.
func checkWords(t *testing.T, err error) {
	t.Helper()
	inner := regexp.MustCompile(`\b(go-yaml|libyaml|unmarshal|strconv|struct|u?int(64|32)|float64|nil)\b|\b(yaml|time|scenario|big)\.[A-Z]|!!(str|int|map|seq|null)|%!|<nil>`)
	for _, p := range err.(Problems) {
		if words := inner.FindString(p.Message + " " + p.Hint); words != "" {
			t.Errorf("the message says %q: %s", words, p)
		}
	}
}
