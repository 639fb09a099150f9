package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"msklt/generator"
)

// progressEvery is how often progress is told where no terminal can redraw a line.
const progressEvery = 5 * time.Second

// progress tells how far a run is: one line, redrawn, on a terminal; a line every
// few seconds otherwise.
type progress struct {
	w        io.Writer // nil: tell nothing
	terminal bool
	stage    string
	told     time.Time
	drawn    bool
}

func (p *process) progress(quiet bool) *progress {
	if quiet {
		return &progress{}
	}
	return &progress{w: p.stderr, terminal: p.terminal}
}

func (p *progress) show(g generator.Progress) {
	if p.w == nil {
		return
	}
	if g.Stage != "" {
		what, _, _ := strings.Cut(g.Stage, ":") // how far it is comes after the colon
		p.line(g.Stage, what != p.stage || time.Since(p.told) >= progressEvery)
		p.stage = what
		return
	}
	p.stage = ""
	text := fmt.Sprintf("%3.0f/%.0f s  %-10s offered %s  acked %s  p99 %s  throttled %.0f %%  waiting %d",
		g.Elapsed.Seconds(), g.Total.Seconds(), g.Phase, megabytes(g.OfferedBytes), megabytes(g.AckedBytes),
		g.P99.Round(100*time.Microsecond), 100*g.Throttled, g.Waiting)
	p.line(text, !p.terminal && time.Since(p.told) >= progressEvery)
}

// line redraws the terminal's line, or prints one where it is worth it.
func (p *progress) line(text string, worth bool) {
	switch {
	case p.terminal:
		fmt.Fprintf(p.w, "\r\x1b[K%s", text)
		p.drawn = true
	case worth:
		fmt.Fprintln(p.w, text)
		p.told = time.Now()
	}
}

// end leaves the terminal's line behind.
func (p *progress) end() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

func megabytes(n float64) string { return fmt.Sprintf("%.1f MB/s", n/1e6) }
