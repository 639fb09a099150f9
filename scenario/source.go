package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v4"
)

// source is the text that positions refer to.
type source struct {
	file  string
	lines []string
}

func newSource(file string, data []byte) source {
	text := strings.ToValidUTF8(strings.TrimPrefix(string(data), "\ufeff"), "\ufffd")
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	return source{file, strings.Split(text, "\n")}
}

// problem is a problem at a line and column of the source, counted from 1. What
// lies behind the last line is put at its end.
func (s source) problem(line, column int, hint, message string) Problem {
	if last := len(s.lines); line > last {
		line, column = last, utf8.RuneCountInString(s.lines[last-1])+1
	}
	line, column = max(line, 1), max(column, 1)
	return newProblem(Pos{s.file, line, column}, s.lines[line-1], hint, message)
}

// allowed tells the characters that a file may hold besides line breaks. YAML
// counts three further characters as line breaks, which editors do not; they are
// left out, so that a line number means the same to both.
func allowed(r rune) bool {
	switch {
	case r == '\t':
		return true
	case r < 0x20, r >= 0x7f && r < 0xa0, r == '\u2028', r == '\u2029', r == '\ufeff':
		return false
	}
	return r != 0xfffe && r != 0xffff
}

// badCharacter finds the first character that a file must not hold.
func (s source) badCharacter(data []byte) (Problem, bool) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	line, column := 1, 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && size == 1:
			return s.problem(line, column, "save the file as UTF-8",
				fmt.Sprintf("byte 0x%02X is not UTF-8 text", data[0])), true
		case r == '\n', r == '\r' && !bytes.HasPrefix(data, []byte("\r\n")):
			line, column = line+1, 0
		case r == '\r':
			column-- // the line ends with the next one
		case !allowed(r):
			return s.problem(line, column, "remove it, or write it as an escape in double quotes",
				fmt.Sprintf("control character U+%04X is not allowed", r)), true
		}
		data = data[size:]
		column++
	}
	return Problem{}, false
}

// parse reads the one YAML document of a file. With problems, the node is what
// could be read, nil if nothing could.
func (s source) parse(data []byte) (*yaml.Node, Problems) {
	if p, bad := s.badCharacter(data); bad {
		return nil, Problems{p}
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		return nil, Problems{s.problem(1, 1, "", "the YAML reader does not start: "+err.Error())}
	}
	var document, second yaml.Node
	switch err := loader.Load(&document); {
	case errors.Is(err, io.EOF):
		return nil, Problems{s.problem(1, 1, "", "the file is empty")}
	case err != nil:
		return nil, Problems{s.syntax(err)}
	}
	root := &document
	if document.Kind == yaml.DocumentNode {
		root = document.Content[0]
	}
	switch err := loader.Load(&second); {
	case errors.Is(err, io.EOF):
		return root, nil
	case err != nil:
		return root, Problems{s.syntax(err)}
	}
	return root, Problems{s.problem(second.Line, second.Column,
		"put it into a file of its own", "a second YAML document begins here; a file holds one")}
}

// syntax turns an error of the YAML reader into a problem with its position.
func (s source) syntax(err error) Problem {
	var e *yaml.LoadError
	if !errors.As(err, &e) {
		return s.problem(1, 1, "", "not valid YAML: "+err.Error())
	}
	p := s.problem(e.Mark.Line, e.Mark.Column, "", "not valid YAML: "+e.Message)
	began := Pos{s.file, e.ContextMark.Line, e.ContextMark.Column}
	switch {
	case strings.Contains(e.Message, "cannot start any token") && strings.HasPrefix(strings.TrimLeft(p.Line, " "), "\t"):
		p.Hint = "indent with spaces: YAML does not allow tabs there"
	case strings.Contains(e.Message, "mapping values are not allowed"):
		p.Hint = `check the indentation; text that holds ": " needs quotes`
	case began.Line > 0 && began != p.Pos:
		p.Hint = fmt.Sprintf("%s that begins at line %d, column %d", e.ContextMsg, began.Line, began.Column)
	}
	return p
}
