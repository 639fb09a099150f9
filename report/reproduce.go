package report

import "strings"

// reproduce is the command that runs the same again, in the result's folder.
func reproduce(r *Result) string {
	command := "msklt run " + scenarioFile
	switch t := r.Target; {
	case t.File != "":
		command += " --target " + ShellWord(t.File)
	case t.Kind != "embedded" && len(t.Bootstrap) > 0:
		command += " --bootstrap " + ShellWord(strings.Join(r.Target.Bootstrap, ","))
	}
	return command
}

// ShellWord is a text as one word of a shell, quoted where it would be taken apart.
func ShellWord(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".:,_-/", r)
	}
	if strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
