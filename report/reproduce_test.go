package report

import "testing"

func TestShellWord(t *testing.T) {
	for path, want := range map[string]string{
		"results/hot-key_1.yaml":    "results/hot-key_1.yaml",
		"my results":                "'my results'",
		"kafka-1:9092,kafka-2:9092": "kafka-1:9092,kafka-2:9092",
		"it's":                      `'it'\''s'`,
		"a$b*":                      "'a$b*'",
		"":                          "''",
	} {
		if got := ShellWord(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
