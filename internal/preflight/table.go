package preflight

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Widths of the table's columns.
const (
	checkWidth = len("describe transactional id")
	indent     = 2 + checkWidth + 2
	leastText  = 30
)

// Print writes a row, on lines of the width at most: but for its fix, which is to be
// copied whole.
func (r Row) Print(w io.Writer, width int) {
	mark := map[State]string{OK: "✓", Failed: "✗", Warning: "!", Unknown: "–"}[r.State]
	head := fmt.Sprintf("%s %-*s  ", mark, checkWidth, r.Check)
	for i, line := range lines(r.Found, max(leastText, width-indent)) {
		if i > 0 || utf8.RuneCountInString(head) > indent {
			if i == 0 {
				fmt.Fprintln(w, strings.TrimRight(head, " "))
			}
			head = strings.Repeat(" ", indent)
		}
		fmt.Fprintln(w, head+line)
	}
	if r.Fix != "" {
		fmt.Fprintln(w, "    → "+r.Fix)
	}
}

// lines breaks a text between words.
func lines(text string, width int) []string {
	var out []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line+" "+word) > width {
			out, line = append(out, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(out, line)
}
