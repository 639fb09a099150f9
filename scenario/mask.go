package scenario

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	yaml "go.yaml.in/yaml/v4"
)

// mask stands for each character of a secret, so that a caret keeps its place.
const mask = '•'

// masked is the source with secrets hidden in the lines that problems show: what
// stands behind a word such as password, and what goes on below it. It needs no YAML:
// a file that is none has problems, too.
func (s source) masked() source {
	field := regexp.MustCompile(`^\s*["']?[A-Za-z_.-]+["']?\s*:`)
	lines, below := make([]string, len(s.lines)), false
	for i, line := range s.lines {
		lines[i] = maskLine(line)
		switch {
		case lines[i] != line || announces(line):
			below = true
		case field.MatchString(line):
			below = false
		case below:
			lines[i] = hide(line)
		}
	}
	return source{s.file, lines}
}

// masked hides secrets in the messages about a target file: what the file, or an
// edit, gives as the value of a field whose name announces one.
func (ps Problems) masked(root *yaml.Node, s source) Problems {
	secrets := secretsIn(root, map[*yaml.Node]bool{}, nil)
	if root == nil {
		secrets = s.tails()
	}
	for i := range ps {
		p := &ps[i]
		p.Message, p.Hint = maskQuoted(p.Message, secrets), maskQuoted(p.Hint, secrets)
		for _, secret := range secrets {
			p.Line = strings.ReplaceAll(p.Line, secret, hide(secret))
		}
	}
	return ps
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
	for _, at := range regexp.MustCompile(`[A-Za-z_]+`).FindAllStringIndex(line, -1) {
		rest := line[at[1]:]
		value := strings.TrimLeft(rest, "\"': =\t")
		if secretWord(line[at[0]:at[1]]) && len(value) < len(rest) {
			return len(line) - len(value)
		}
	}
	return -1
}

func announces(line string) bool { return tail(line) >= 0 }

// maskLine hides what follows the first word that announces a secret.
func maskLine(line string) string {
	if at := tail(line); at >= 0 {
		return line[:at] + hide(line[at:])
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

// tails are the longer words behind the words that announce secrets.
func (s source) tails() []string {
	var found []string
	for _, line := range s.lines {
		if at := tail(line); at >= 0 {
			found = append(found, longWords(strings.Trim(line[at:], "*&!\"'{}[],"))...)
		}
	}
	return found
}

// maskQuoted hides secrets in what a message quotes of the file.
func maskQuoted(message string, secrets []string) string {
	quotes := regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'[^']*'`)
	return quotes.ReplaceAllStringFunc(message, func(quoted string) string {
		inside := maskLine(quoted[1 : len(quoted)-1])
		for _, s := range secrets {
			inside = strings.ReplaceAll(inside, s, hide(s))
		}
		return quoted[:1] + inside + quoted[len(quoted)-1:]
	})
}

// secretsIn are the values, and the longer words of each, that stand below fields
// whose names announce secrets.
func secretsIn(n *yaml.Node, seen map[*yaml.Node]bool, found []string) []string {
	if n == nil || seen[n] {
		return found
	}
	seen[n] = true
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && secretWord(resolve(n.Content[i-1]).Value) {
			found = append(found, textsIn(child, map[*yaml.Node]bool{}, nil)...)
		}
		found = secretsIn(resolve(child), seen, found)
	}
	return found
}

func textsIn(n *yaml.Node, seen map[*yaml.Node]bool, found []string) []string {
	if n = resolve(n); seen[n] {
		return found
	}
	seen[n] = true
	found = append(found, longWords(n.Value)...)
	for _, child := range n.Content {
		found = textsIn(child, seen, found)
	}
	return found
}

// longWords are the words of a text that are long enough to be hidden wherever they
// stand: shorter ones would garble what is no secret.
func longWords(text string) []string {
	const telling = 4
	words := append(strings.Fields(text), text)
	return slices.DeleteFunc(words, func(w string) bool { return len(w) < telling || strings.HasPrefix(w, "${") })
}
