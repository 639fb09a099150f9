package scenario

import (
	"net/url"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// TargetEdits are those edits of [Options.Set] that are of the target, in order, as
// they may be shown: those that hold a secret, or could, are left out, and withheld
// tells whether there are any. A secret that is just ${VAR} is none here.
func TargetEdits(set []string) (shown []string, withheld bool) {
	for _, edit := range set {
		switch inside, ok := strings.CutPrefix(edit, targetEdits); {
		case !ok:
		case holdsSecret(inside):
			withheld = true
		default:
			shown = append(shown, edit)
		}
	}
	return shown, withheld
}

// holdsSecret tells whether an edit gives a value to a field whose name announces a
// secret, or names a service together with a login.
func holdsSecret(edit string) bool {
	path, text, _ := strings.Cut(edit, "=")
	below := slices.ContainsFunc(strings.Split(path, "."), secretWord)
	if text == "" {
		return false
	}
	value, problems := newSource(setFlag, []byte(text)).parse([]byte(text))
	return len(problems) > 0 || secretAt(value, below)
}

// secretAt looks for a secret in a value, which stands below a field that announces one
// or does not. What an alias stands for is not followed up: it may be the same text as
// a secret.
func secretAt(n *yaml.Node, below bool) bool {
	switch n.Kind {
	case yaml.AliasNode:
		return true
	case yaml.ScalarNode:
		u, err := url.Parse(n.Value)
		return below && !onlyVariable(n.Value) || err == nil && u.User != nil
	}
	for i, child := range n.Content {
		name := n.Kind == yaml.MappingNode && i%2 == 0
		if announced := n.Kind == yaml.MappingNode && !name && secretWord(n.Content[i-1].Value); secretAt(child, !name && (below || announced)) {
			return true
		}
	}
	return false
}

// onlyVariable tells that a text is ${NAME} and nothing else.
func onlyVariable(text string) bool {
	name, ok := strings.CutPrefix(text, "${")
	name, closed := strings.CutSuffix(name, "}")
	return ok && closed && isVariable(name)
}
