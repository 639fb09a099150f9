package report

import "strings"

// Again is how the command line runs the same once more.
type Again struct {
	// Arguments are those of msklt, from where the run was started.
	Arguments []string `json:"arguments"`
	// Withheld tells that edits of the target are left out, because they hold secrets.
	Withheld bool `json:"withheld,omitempty"`
}

// Command is the command line as a shell takes it.
func (a *Again) Command() string {
	return "msklt " + ShellWords(a.Arguments)
}

// ShellWords are texts as words of a shell.
func ShellWords(texts []string) string {
	words := make([]string, len(texts))
	for i, text := range texts {
		words[i] = ShellWord(text)
	}
	return strings.Join(words, " ")
}

// ShellWord is a text as one word of a shell, quoted where it would be taken apart.
func ShellWord(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".:,_-/", r)
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
