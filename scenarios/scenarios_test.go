package scenarios

import (
	"os"
	"strings"
	"testing"

	"msklt/internal/limits"
	"msklt/scenario"
)

// TestReady holds what makes a file fit to start from: it is sound, is called as
// its file, has its schema in the first line and says what it shows in the next
// ones, and is read at a glance.
func TestReady(t *testing.T) {
	names := Names()
	if len(names) < 4 {
		t.Fatalf("only %q", names)
	}
	for _, name := range names {
		data, err := Read(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := scenario.Load(name+".yaml", scenario.Options{Profiles: limits.Profiles()})
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		lines := strings.Split(string(data), "\n")
		if s.Name != name || s.Description == "" {
			t.Errorf("%s.yaml is called %s: %q", name, s.Name, s.Description)
		}
		if lines[0] != "# yaml-language-server: $schema=scenario.schema.json" || !strings.HasPrefix(lines[1], "# ") {
			t.Errorf("%s.yaml begins with\n%s\n%s", name, lines[0], lines[1])
		}
		if !strings.Contains(string(data), "\nname: "+name+"\n") { // which init replaces
			t.Errorf("%s.yaml has no line name: %s", name, name)
		}
		if len(lines) > 60 {
			t.Errorf("%s.yaml has %d lines", name, len(lines))
		}
	}
	if _, err := os.Stat("scenario.schema.json"); err != nil {
		t.Error(err)
	}
	if _, err := Read("hotkey"); err == nil || !strings.Contains(err.Error(), "hot-key") {
		t.Errorf("an unknown name gives %v", err)
	}
}
