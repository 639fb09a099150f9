package scenario

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// mask stands for each character of a secret, so that a caret keeps its place.
const mask = '•'

// sections are the mappings of a target file; publicFields those whose values may be
// shown. What stands behind any other name may be a secret that was put into the
// wrong place, and is hidden.
func sections() []string { return []string{"auth", "tls", "aws", "embedded", "limits"} }

func publicFields() []string {
	return append(sections(), "version", "name", "bootstrap", "arn", "connect_rate", "brokers", "as",
		"mechanism", "username", "token_file", "ca", "cert", "key", "server_name", "region", "profile", "role",
		"role_session", "external_id", "web_identity_file", "endpoint", "sts_endpoint", "extends")
}

var (
	leadField  = regexp.MustCompile(`^(\s*(?:-\s+)*)["'{]*([A-Za-z_][A-Za-z0-9_.-]*)["']?\s*:(?:\s|$)`)
	anyField   = regexp.MustCompile(`["']?([^\s"'{}\[\],:]+)["']?\s*:(\s+|$|["'{\[])`)
	fieldName  = regexp.MustCompile(`^[A-Za-z_][A-Za-z_.-]{0,40}$`)
	anAddress  = regexp.MustCompile(`^(?:-\s+\S+|["']?\S+:\d+["',\]]*)\s*$`)
	anyWord    = regexp.MustCompile(`[A-Za-z_]+`)
	secretForm = regexp.MustCompile(`-----|\b(?:MII|eyJ|LS0tLS1)[A-Za-z0-9+/_=.-]{20,}|[^\s/"'\[{,]*:[^\s/"'@]*@`)
)

// veil hides what may be a secret in the lines of a target file that problems show. It
// needs no YAML: a file that is none has problems, too.
type veil struct {
	field  string // the last one that began a line
	indent int    // of that field
	limits int    // the indent of the field limits, below which all names are public; -1 outside
	hiding bool   // what follows belongs to what was hidden
}

// masked is the source with secrets hidden.
func (s source) masked() source {
	v, lines := veil{limits: -1}, make([]string, len(s.lines))
	for i, line := range s.lines {
		lines[i] = v.line(line)
	}
	return source{s.file, lines}
}

// hiddenWords are the longer words of what is hidden in a source.
func (s source) hiddenWords() (found []string) {
	for i, shown := range s.masked().lines {
		if at := strings.IndexRune(shown, mask); at >= 0 {
			found = append(found, longWords(strings.Trim(s.lines[i][at:], "*&!\"'{}[],| "))...)
		}
	}
	return found
}

// line hides what of a line may be a secret.
func (v *veil) line(line string) string {
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	rest := line[indent:]
	if rest == "" || rest[0] == '#' {
		return hide(line)
	}
	match := leadField.FindStringSubmatch(line)
	known := match != nil && (v.public(match[2], indent) || secretWord(match[2]))
	switch {
	case v.hiding && (indent > v.indent || !known):
		return hide(line)
	case match == nil && !v.continues(rest):
		v.hiding, v.indent = true, indent
		return hide(line)
	case match != nil:
		v.field, v.indent, v.hiding = match[2], indent, false
		if v.limits >= 0 && indent <= v.limits {
			v.limits = -1
		}
		if v.field == "limits" {
			v.limits = indent
		}
	}
	if at := v.hides(line, indent); at >= 0 {
		v.hiding, v.indent = true, indent
		return line[:at] + hide(line[at:])
	}
	return hideComment(line)
}

// hideComment hides a comment, which a secret becomes that begins with a #.
func hideComment(line string) string {
	for i := 1; i < len(line); i++ {
		if line[i] == '#' && strings.IndexByte(" \t", line[i-1]) >= 0 {
			return line[:i] + hide(line[i:])
		}
	}
	return line
}

// public tells a field whose value may be shown.
func (v *veil) public(name string, indent int) bool {
	name = name[strings.LastIndexByte(name, '.')+1:]
	return !secretWord(name) && (slices.Contains(publicFields(), name) || v.limits >= 0 && indent > v.limits)
}

// continues tells a line without a field of its own that may be shown: more of a list
// of addresses or of limits, or a mapping in braces.
func (v *veil) continues(rest string) bool {
	switch {
	case v.limits >= 0 || strings.ContainsRune("{}[]%", rune(rest[0])) || strings.HasPrefix(rest, "---"):
		return true
	}
	return v.field == "bootstrap" && anAddress.MatchString(rest)
}

// hides is where in a line begins what may be a secret; -1 where there is none.
func (v *veil) hides(line string, indent int) int {
	at := []int{tail(line), inside(line)}
	for _, m := range anyField.FindAllStringSubmatchIndex(line, -1) {
		name, value := line[m[2]:m[3]], line[m[4]:]
		if name == "limits" {
			break // and its names
		}
		if !fieldName.MatchString(name) {
			at = append(at, m[2])
		}
		if !v.public(name, indent) || !fitsField(name, strings.TrimLeft(value, " \t")) {
			at = append(at, len(line)-len(strings.TrimLeft(value, " \t\"'")))
		}
	}
	at = slices.DeleteFunc(at, func(n int) bool { return n < 0 })
	if len(at) == 0 {
		return -1
	}
	return slices.Min(at)
}

// fitsField tells a value that is of the kind that its public field has.
func fitsField(name, value string) bool {
	switch {
	case value == "" || value[0] == '#':
		return true
	case strings.ContainsRune("&*!|>", rune(value[0])):
		return false
	}
	return name != "auth" && name != "aws" || value[0] == '{'
}

// maskEdit hides what of an edit PATH=VALUE of a target may be a secret.
func maskEdit(edit string) string {
	path, value, ok := strings.Cut(edit, "=")
	names := strings.FieldsFunc(strings.TrimPrefix(path, targetEdits), func(r rune) bool { return r == '.' })
	names = slices.DeleteFunc(names, func(n string) bool { return strings.Trim(n, "0123456789") == "" })
	if !ok || len(names) == 0 || names[0] == "limits" {
		return maskLine(edit)
	}
	v, last := veil{limits: -1}, names[len(names)-1]
	if secretWord(names[0]) || !v.public(last, 0) || !fitsField(last, value) {
		return path + "=" + hide(value)
	}
	if at := v.hides(value, 0); at >= 0 {
		value = value[:at] + hide(value[at:])
	}
	return maskLine(path + "=" + hideComment(value))
}

// secretWord tells a field's name that seems to announce a secret, also when it is
// misspelt.
func secretWord(name string) bool {
	name = strings.ToLower(name)
	switch {
	case name == "token_file", name == "mechanism":
		return false
	case strings.Contains(name, "pass"), strings.Contains(name, "pwd"), strings.Contains(name, "secret"), strings.Contains(name, "token"):
		return true
	}
	return editDistance(name, "password") < 3
}

// tail is where in a line the text begins that follows a word which announces a
// secret; -1 where there is none.
func tail(line string) int {
	for _, at := range anyWord.FindAllStringIndex(line, -1) {
		rest := line[at[1]:]
		value := strings.TrimLeft(rest, "\"': =\t")
		if secretWord(line[at[0]:at[1]]) && (len(value) < len(rest) || rest == "") {
			return len(line) - len(value)
		}
	}
	return -1
}

// inside is where in a text something begins that is a secret by its form: a key or
// certificate, a token, the login in an address; -1 where there is nothing.
func inside(text string) int {
	at := secretForm.FindStringIndex(text)
	if at == nil {
		return -1
	}
	return at[0]
}

// maskLine hides what follows the first word that announces a secret, and what is one
// by its form.
func maskLine(line string) string {
	for _, at := range []int{tail(line), inside(line)} {
		if at >= 0 {
			line = line[:at] + hide(line[at:])
		}
	}
	return line
}

// hide replaces all but white space.
func hide(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return r
		}
		return mask
	}, text)
}
