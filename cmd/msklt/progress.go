package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"msklt/generator"
	"msklt/report"
)

// progressEvery is how often progress is told where no terminal can redraw it.
const progressEvery = 5 * time.Second

// progress tells how far a run is: a few lines, redrawn once a second, on a terminal;
// a line every few seconds otherwise.
//
// The terminal keeps its state: its cursor is never hidden, and rests below what is
// drawn. Whatever ends the process, even a kill, leaves nothing to put right, and what
// others write meanwhile stands on lines of its own.
type progress struct {
	w         io.Writer // nil: tell nothing
	terminal  bool
	size      func() (width, height int, err error)
	signalled func() os.Signal

	mu    sync.Mutex // a run that is left behind may still tell of itself
	ended bool
	stage string
	told  time.Time
	last  string // what was told
	after string // what the stage came to since it was told of
	drawn []string
}

func (p *process) progress(quiet bool) *progress {
	if quiet {
		return &progress{}
	}
	kind, _ := p.getenv("TERM")
	return &progress{w: p.stderr, terminal: p.terminal && kind != "dumb", size: p.size, signalled: p.signalled}
}

func (p *progress) show(g generator.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.w == nil || p.ended {
		return
	}
	stopping := g.Stage == "" && p.signalled() != nil
	switch {
	case p.terminal:
		width, height := p.screen()
		p.draw(frame(g, stopping, width), width, height)
	case g.Stage != "":
		what, _, _ := strings.Cut(g.Stage, ":") // how far it is comes after the colon
		p.leaveStage(what)
		p.after = g.Stage
		p.line(g.Stage, what != p.stage || time.Since(p.told) >= progressEvery)
		p.stage = what
	default:
		p.leaveStage("")
		p.line(columns(g, stopping), g.Elapsed%progressEvery == 0)
	}
}

func (p *progress) line(text string, worth bool) {
	if worth && text != p.last {
		fmt.Fprintln(p.w, text)
		p.told, p.last = time.Now(), text
	}
}

// leaveStage tells how far a stage came, unless the next is the same.
func (p *progress) leaveStage(next string) {
	if next != p.stage {
		p.line(p.after, p.after != "")
		p.stage, p.after = "", ""
	}
}

// screen is the terminal's size as it is now.
func (p *progress) screen() (width, height int) {
	width, height, err := p.size()
	if err != nil || width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}

// width is of the table that a run ends with.
func (p *process) width() int {
	if p.terminal {
		if width, _, err := p.size(); err == nil && width > 0 {
			return min(80, width)
		}
	}
	return 80
}

// draw draws lines over those drawn before, in one write, so that nothing flickers.
// The last column stays free: a terminal that has filled it may break the line.
func (p *progress) draw(lines []string, width, height int) {
	lines = lines[:min(len(lines), height-1)]
	out := upOver(p.drawn, width, height)
	for i, line := range lines {
		lines[i] = strings.TrimRight(cut(line, width-1), " ")
		out += lines[i] + "\x1b[K\n"
	}
	fmt.Fprint(p.w, out+"\x1b[J")
	p.drawn = lines
}

// upOver moves to the first column of the first of some lines that were drawn above
// the cursor. A terminal that became narrower since has broken them.
func upOver(lines []string, width, height int) string {
	rows := 0
	for _, line := range lines {
		rows += max(1, (utf8.RuneCountInString(line)+width-1)/width)
	}
	if rows = min(rows, height-1); rows <= 0 {
		return "\r"
	}
	return fmt.Sprintf("\r\x1b[%dA", rows)
}

// end leaves the terminal's lines behind, for what comes of the run to take their
// place.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	if p.w != nil && !p.terminal {
		p.leaveStage("")
	}
	if len(p.drawn) > 0 {
		width, height := p.screen()
		fmt.Fprint(p.w, upOver(p.drawn, width, height)+"\x1b[J")
		p.drawn = nil
	}
}

// figure is a number of the last seconds under its name.
type figure struct{ name, value string }

// cellWidth is how many characters a figure takes: a name of nine, a value of nine.
const cellWidth = 19

func (f figure) cell() string { return fmt.Sprintf("%s %*s", f.name, cellWidth-1-len(f.name), f.value) }

// figures are those that a run with writers, readers or both has.
func figures(g generator.Progress) (all []figure) {
	if g.Writers {
		all = append(all,
			figure{"offered", report.Bandwidth(g.OfferedBytes)},
			figure{"acked", report.Bandwidth(g.AckedBytes)},
			figure{"p99", duration(g.P99, g.P99 > 0)})
	}
	all = append(all, figure{"throttled", report.Percent(g.Throttled)})
	if g.Writers {
		all = append(all, figure{"lag", duration(g.Lag, g.Lag >= 0)}, figure{"waiting", report.Count(g.Waiting)})
	}
	if g.Readers {
		all = append(all, figure{"read", report.Bandwidth(g.ConsumedBytes)}, figure{"backlog", report.Count(g.Backlog)})
	}
	return all
}

func duration(d time.Duration, known bool) string {
	if !known {
		return "not known"
	}
	return report.Millis(d.Seconds() * 1e3)
}

// hottest says where most bytes went, and of how many that each partition may take.
func hottest(h generator.HotPartition) string {
	if h.Topic == "" {
		return "none"
	}
	text := fmt.Sprintf("%s/%d %s", h.Topic, h.Partition, report.Bandwidth(h.BytesPerSecond))
	if h.Declared > 0 {
		text += " of " + report.Bandwidth(h.Declared)
	}
	return text
}

// columns is a line whose columns stay where they are, but for the names at its end.
func columns(g generator.Progress, stopping bool) string {
	var b strings.Builder
	at := fmt.Sprintf("%5.0f of %.0f s", g.Elapsed.Seconds(), g.Total.Seconds())
	if g.Elapsed > g.Total {
		at = fmt.Sprintf("%5.0f s%s", g.Elapsed.Seconds(), strings.Repeat(" ", len(fmt.Sprintf(" of %.0f", g.Total.Seconds()))))
	}
	b.WriteString(at)
	for _, f := range figures(g) {
		b.WriteString("  " + f.cell())
	}
	fmt.Fprintf(&b, "  phase %s  hottest %s", g.Phase, hottest(g.Hottest))
	if stopping {
		b.WriteString("  " + stopped(g) + "; " + leaveNow)
	}
	return b.String()
}

const leaveNow = "Ctrl-C again leaves now, with the result"

// stopped says what a run waits for that was interrupted.
func stopped(g generator.Progress) string {
	if g.Awaits == 0 {
		return "stopping"
	}
	return fmt.Sprintf("stopping: waits for %s, up to %.0f s", report.Counted(int(g.Waiting), "answer"), g.Awaits.Seconds())
}

// frame is what a terminal shows. Where there is room, figures stand apart.
func frame(g generator.Progress, stopping bool, width int) []string {
	if g.Stage != "" {
		return []string{g.Stage}
	}
	head := fmt.Sprintf("%s  %.0f s", cut(g.Phase, 20), g.Elapsed.Seconds())
	if left := g.Total - g.Elapsed; left >= 0 && !stopping {
		head = fmt.Sprintf("%s  %.0f of %.0f s, %.0f s left", cut(g.Phase, 20), g.Elapsed.Seconds(), g.Total.Seconds(), left.Seconds())
	}
	lines := []string{head}
	if stopping {
		lines = append(lines, stopped(g), leaveNow)
	}
	gap := 3
	if width < 64 {
		gap = 1
	}
	across := max(1, (width-1+gap)/(cellWidth+gap))
	for i, f := range figures(g) {
		if i%across == 0 {
			lines = append(lines, f.cell())
		} else {
			lines[len(lines)-1] += strings.Repeat(" ", gap) + f.cell()
		}
	}
	return append(lines, "hottest  "+hottest(g.Hottest))
}

// cut shortens text to so many characters.
func cut(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	if n <= 0 {
		return ""
	}
	return string([]rune(text)[:n-1]) + "…"
}
