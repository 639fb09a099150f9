package main

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// screen is a terminal as far as progress uses one. It breaks long lines, and when its
// width changes it breaks them anew, as most do today. Rows that scrolled out of it at
// the top are kept, and out of the cursor's reach.
type screen struct {
	t             *testing.T
	width, height int
	rows          []row
	x, y          int
	broken        int // lines that were too long when they were written
	frames        int // how often something was drawn over what is there
	pending       string
}

type row struct {
	text []rune
	on   bool // the next row goes on with its line
}

func newScreen(t *testing.T, width, height int) *screen {
	return &screen{t: t, width: width, height: height, rows: make([]row, 1)}
}

func (s *screen) Write(p []byte) (int, error) {
	text := s.pending + string(p)
	s.pending = ""
	for text != "" {
		if strings.HasPrefix(text, "\x1b") {
			end := strings.IndexAny(text, "ABCDHJKhlm")
			if end < 0 {
				s.pending = text
				break
			}
			s.control(text[:end+1])
			text = text[end+1:]
			continue
		}
		r := []rune(text)[0]
		if r == '\uFFFD' && len(text) < 3 { // a character in two pieces
			s.pending = text
			break
		}
		s.put(r)
		text = text[len(string(r)):]
	}
	return len(p), nil
}

func (s *screen) put(r rune) {
	switch r {
	case '\r':
		s.x = 0
	case '\n': // with the carriage return that a terminal adds
		s.x = 0
		s.down()
	default:
		if s.x == s.width {
			s.broken++
			s.rows[s.y].on = true
			s.x = 0
			s.down()
		}
		line := &s.rows[s.y]
		for len(line.text) <= s.x {
			line.text = append(line.text, ' ')
		}
		line.text[s.x] = r
		s.x++
	}
}

func (s *screen) down() {
	s.y++
	if s.y == len(s.rows) {
		s.rows = append(s.rows, row{})
	}
}

func (s *screen) control(sequence string) {
	switch {
	case sequence == "\x1b[K":
		s.erase()
	case sequence == "\x1b[J":
		s.erase()
		s.rows = s.rows[:s.y+1]
	case strings.HasPrefix(sequence, "\x1b[") && strings.HasSuffix(sequence, "A"):
		n, err := strconv.Atoi(sequence[2 : len(sequence)-1])
		if err != nil || n < 1 {
			s.t.Errorf("a terminal does not understand %q", sequence)
		}
		s.frames++
		s.y = max(s.y-n, len(s.rows)-s.height, 0)
	default:
		s.t.Errorf("%q is not among what progress needs", sequence)
	}
}

func (s *screen) erase() {
	line := &s.rows[s.y]
	line.text, line.on = line.text[:min(s.x, len(line.text))], false
}

// rests tells whether the cursor is where it rests between two frames.
func (s *screen) rests() bool { return s.y == len(s.rows)-1 && s.x == 0 }

// resize changes the width. The cursor must be on the last row.
func (s *screen) resize(width, height int) {
	if !s.rests() {
		s.t.Fatalf("the cursor rests at column %d of row %d, of %d", s.x, s.y, len(s.rows))
	}
	var lines [][]rune
	on := false
	for _, r := range s.rows {
		if on {
			lines[len(lines)-1] = append(lines[len(lines)-1], r.text...)
		} else {
			lines = append(lines, r.text)
		}
		on = r.on
	}
	s.width, s.height, s.rows = width, height, nil
	for _, line := range lines {
		for len(line) > width {
			s.rows = append(s.rows, row{line[:width:width], true})
			line = line[width:]
		}
		s.rows = append(s.rows, row{text: line})
	}
	s.y = len(s.rows) - 1
}

// String is all rows, without blanks at their ends.
func (s *screen) String() string {
	var b strings.Builder
	for _, r := range s.rows {
		fmt.Fprintln(&b, strings.TrimRight(string(r.text), " "))
	}
	return b.String()
}
