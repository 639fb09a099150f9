package scenario

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Pos is a place in a file, or in a command-line flag: then File is the flag's
// name and Line tells which of its repetitions. Line and Column count from 1;
// columns count characters.
type Pos struct {
	File   string
	Line   int
	Column int
}

func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Problem is one mistake in a scenario.
type Problem struct {
	Pos     Pos
	Line    string // the line of the source that Pos is in
	Message string
	Hint    string // what to do about it; may be empty
}

// newProblem keeps every text on one line of the terminal and free of control
// characters, which names in double quotes may hold.
func newProblem(pos Pos, line, hint, message string) Problem {
	clean := func(text string) string {
		return strings.Map(func(r rune) rune {
			if !allowed(r) {
				return utf8.RuneError
			}
			return r
		}, text)
	}
	return Problem{Pos: pos, Line: clean(line), Message: clean(message), Hint: clean(hint)}
}

// String is the problem as [Problems.Error] prints it, without a final newline.
func (p Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", p.Pos, p.Message)
	if p.Line != "" {
		fmt.Fprintf(&b, "\n    %s\n    %s^", p.Line, indentTo(p.Line, p.Pos.Column))
	}
	if p.Hint != "" {
		fmt.Fprintf(&b, "\n  hint: %s", p.Hint)
	}
	return b.String()
}

// indentTo returns the white space that puts a caret under the column, or behind
// the line when the column lies beyond it. Tabs stay tabs, so that the terminal
// moves both lines alike.
func indentTo(line string, column int) string {
	var b strings.Builder
	for _, r := range line {
		if column--; column <= 0 {
			return b.String()
		}
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Problems are all mistakes of a scenario, by file and place. As an error it
// prints every one of them.
type Problems []Problem

func (ps Problems) Error() string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.String()
	}
	return strings.Join(texts, "\n")
}

// sorted returns the problems in the order of their places.
func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	return ps
}

// suggest is the hint for a word that is none of the known ones: the one that
// was probably meant, or all of them.
func suggest(word string, known []string) string {
	if hint := didYouMean(word, known); hint != "" || len(known) == 0 {
		return hint
	}
	return "known here: " + strings.Join(known, ", ")
}

// didYouMean is the hint with the word that was probably meant, or nothing.
func didYouMean(word string, known []string) string {
	if best := closest(word, known); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return ""
}

// Closest is the known word that was probably meant, "" if none is near.
func Closest(word string, known []string) string { return closest(word, known) }

// closest is the known word that was probably meant, "" if none is near.
func closest(word string, known []string) string {
	best, distance := "", 3
	for _, k := range known {
		if d := editDistance(strings.ToLower(word), strings.ToLower(k)); d < distance && d < len(k) {
			best, distance = k, d
		}
	}
	return best
}

// editDistance is the number of characters to insert, delete or replace to turn
// a into b; 3 or more when their lengths alone differ by 3.
func editDistance(a, b string) int {
	from, to := []rune(a), []rune(b)
	if d := len(from) - len(to); d >= 3 || d <= -3 {
		return 3
	}
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, s := range to {
			cost := diagonal
			if r != s {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(to)]
}
