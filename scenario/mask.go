package scenario

import (
	"regexp"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// masked hides secrets in the messages about a target file: all that the file, or an
// edit, holds where no public value belongs.
func (ps Problems) masked(root *yaml.Node, s source) Problems {
	secrets := s.hiddenWords()
	for n := range privateNodes(root) {
		secrets = append(secrets, longWords(n.Value)...)
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // what holds others first
	for i := range ps {
		p := &ps[i]
		p.Message, p.Hint = maskQuoted(p.Message, secrets), maskQuoted(p.Hint, secrets)
		for _, secret := range secrets {
			p.Line = strings.ReplaceAll(p.Line, secret, hide(secret))
		}
	}
	return ps
}

// private makes messages at nodes that may hold a secret quote nothing.
func (d *decoder) private(root *yaml.Node) { d.hidden = privateNodes(root) }

// shown is a message about a node as it may be shown.
func (d *decoder) shown(n *yaml.Node, message string) string {
	if !d.hidden[n] {
		return message
	}
	if len(n.Value) >= telling {
		message = strings.ReplaceAll(message, n.Value, hide(n.Value))
	}
	return quotes.ReplaceAllStringFunc(message, func(q string) string { return q[:1] + hide(q[1:len(q)-1]) + q[len(q)-1:] })
}

var (
	quotes     = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'[^']*'`)
	whiteSpace = regexp.MustCompile(`\s|\\[nrt]`)
	wordLetter = regexp.MustCompile(`\w`)
)

// maskQuoted hides secrets in what a message quotes of the file. No public value has
// white space in it; what follows some has got there by mistake.
func maskQuoted(message string, secrets []string) string {
	return quotes.ReplaceAllStringFunc(message, func(quoted string) string {
		inside := quoted[1 : len(quoted)-1]
		for _, s := range secrets {
			inside = strings.ReplaceAll(inside, s, hide(s))
		}
		if at := whiteSpace.FindStringIndex(inside); at != nil {
			inside = inside[:at[0]] + hide(inside[at[0]:])
		}
		return quoted[:1] + maskLine(inside) + quoted[len(quoted)-1:]
	})
}

// maskSyntax hides what the YAML reader quotes of a file that it cannot read.
func (ps Problems) maskSyntax() Problems {
	for i := range ps {
		ps[i].Message = quotes.ReplaceAllStringFunc(ps[i].Message, func(q string) string {
			if inside := q[1 : len(q)-1]; !strings.HasPrefix(inside, "<") && wordLetter.MatchString(inside) {
				return q[:1] + hide(inside) + q[:1]
			}
			return q
		})
	}
	return ps
}

// privateNodes are those of a target file that may hold a secret: all but the public
// fields' values and names.
func privateNodes(root *yaml.Node) map[*yaml.Node]bool {
	p := privacy{hidden: map[*yaml.Node]bool{}, seen: map[*yaml.Node]bool{}}
	if root == nil {
		return p.hidden
	}
	if top := resolve(root); top.Kind == yaml.MappingNode {
		p.fields(top, "")
	} else {
		p.hide(root)
	}
	return p.hidden
}

type privacy struct {
	hidden map[*yaml.Node]bool
	seen   map[*yaml.Node]bool // mappings that are looked at already
}

// fields looks at a mapping of a target file; section is its name, "" at the top.
func (p privacy) fields(n *yaml.Node, section string) {
	if p.seen[n] {
		return
	}
	p.seen[n] = true
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := resolve(n.Content[i]), resolve(n.Content[i+1])
		name := key.Value
		listed := key.Kind == yaml.ScalarNode && slices.Contains(publicFields(), name) && !secretWord(name)
		switch {
		case key.Kind != yaml.ScalarNode:
			p.hide(key)
			p.hide(value)
		case section == "limits" && !secretWord(name):
			p.public(value, section)
		case listed && section == "" && slices.Contains(sections(), name) && value.Kind == yaml.MappingNode:
			p.fields(value, name)
		case listed && (name == "auth" || name == "aws"), !listed:
			p.hide(value)
			if !known(name) && (isNull(value) || !fieldName.MatchString(name)) { // a value where a field's name belongs
				p.hide(key)
			}
		default:
			p.public(value, name)
		}
	}
}

// known tells a name that is a field's, or nearly so.
func known(name string) bool {
	return closest(name, append(publicFields(), "password", "token_command")) != ""
}

// public looks at the value of a public field.
func (p privacy) public(n *yaml.Node, name string) {
	n = resolve(n)
	switch {
	case n.Kind == yaml.MappingNode && name == "limits":
		p.fields(n, name)
	case n.Kind == yaml.SequenceNode && (name == "bootstrap" || name == "limits"):
		for _, item := range n.Content {
			p.public(item, "")
		}
	case n.Kind != yaml.ScalarNode || inside(n.Value) >= 0, n.Style&yaml.TaggedStyle != 0 && n.Tag != "!!str":
		p.hide(n)
	}
}

// hide notes a tree as private.
func (p privacy) hide(n *yaml.Node) {
	if n = resolve(n); p.hidden[n] {
		return
	}
	p.hidden[n] = true
	for _, child := range n.Content {
		p.hide(child)
	}
}

// telling is the length from which a word is hidden wherever it stands: shorter ones
// would garble what is no secret.
const telling = 4

// longWords are the words of a text that are at least that long.
func longWords(text string) []string {
	words := append(strings.Fields(text), text)
	return slices.DeleteFunc(words, func(w string) bool { return len(w) < telling || onlyVariable(w) })
}
