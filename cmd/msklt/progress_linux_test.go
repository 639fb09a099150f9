package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pty is a pseudo-terminal: what is written to its far end appears on the screen.
type pty struct {
	near, far *os.File
	mu        sync.Mutex // of the screen
	*screen
	narrowed int // how many frames may have been drawn for another width; 0: none
	done     chan struct{}
}

func openPty(t *testing.T, width, height int) *pty {
	t.Helper()
	near, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("this system has no pseudo-terminals:", err)
	}
	t.Cleanup(func() { near.Close() })
	fd := int(near.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	far, err := os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := &pty{near: near, far: far, screen: newScreen(t, width, height), done: make(chan struct{})}
	p.resize(width, height)
	p.narrowed = 0
	go func() {
		defer close(p.done)
		buffer := make([]byte, 4096)
		for {
			n, err := near.Read(buffer)
			p.mu.Lock()
			_, _ = p.Write(buffer[:n])
			p.mu.Unlock()
			if err != nil {
				if !errors.Is(err, syscall.EIO) && !errors.Is(err, io.EOF) { // EIO: nobody has the far end open
					t.Error(err)
				}
				return
			}
		}
	}()
	return p
}

// resize changes the size between two frames. One more may be on its way that does not
// know of it: its lines may break, as those of any terminal do.
func (p *pty) resize(width, height int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.rests() {
		p.mu.Unlock()
		time.Sleep(5 * time.Millisecond)
		p.mu.Lock()
	}
	if err := unix.IoctlSetWinsize(int(p.near.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(height), Col: uint16(width)}); err != nil {
		p.t.Fatal(err)
	}
	p.screen.resize(width, height)
	p.narrowed = p.frames + 1
}

// await waits until the screen shows all of some texts between two frames, and returns it.
func (p *pty) await(texts ...string) string {
	p.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		p.mu.Lock()
		if p.frames <= p.narrowed {
			p.broken = 0
		}
		shown, broken, missing := p.String(), p.broken, ""
		if p.narrowed > 0 && (p.frames <= p.narrowed || !p.rests()) {
			missing = "a whole frame of this width"
		}
		p.mu.Unlock()
		for _, text := range texts {
			if !strings.Contains(shown, text) {
				missing = text
			}
		}
		switch {
		case missing == "" && broken > 0:
			p.t.Fatalf("%d lines are broken:\n%s", broken, shown)
		case missing == "":
			return shown
		case time.Now().After(deadline):
			p.t.Fatalf("the screen lacks %q:\n%s", missing, shown)
		}
	}
}

// begin starts the program with the pseudo-terminal as its own.
func (p *pty) begin(t *testing.T, args ...string) *program {
	t.Helper()
	c := command(t.Context(), args...)
	c.Env = append(c.Env, "TERM=xterm", "NO_COLOR=1")
	c.Stdin, c.Stderr = p.far, p.far
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true} // of its standard input
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	p.far.Close()
	return c
}

// ctrlC is what a terminal makes an interrupt of.
const ctrlC = "\x03"

// enter is what somebody types.
func (p *pty) enter(t *testing.T, text string) {
	t.Helper()
	if _, err := p.near.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// TestTerminal runs on a pseudo-terminal that becomes narrower, until Ctrl-C: the view
// is drawn in place, and what remains of all is the result.
func TestTerminal(t *testing.T) {
	t.Parallel()
	p := openPty(t, 120, 30)
	dir := t.TempDir()
	out, junit := filepath.Join(dir, "out"), filepath.Join(dir, "junit.xml")
	c := p.begin(t, "run", writeScenario(t, "60s"), "--out", out, "--junit", junit)
	wide := p.await("steady  ", " of 61 s, ", " s left", "\noffered ", "\nwaiting ", "  read ", "\nhottest  t/", " of 5.00 MB/s")
	if n := strings.Count(wide, "offered"); n != 1 {
		t.Errorf("the figures are there %d times:\n%s", n, wide)
	}
	p.resize(41, 30)
	narrow := p.await("\np99 ", "\nlag ", "\nread ", " backlog ")
	if strings.Count(narrow, "offered") != 1 || strings.Count(narrow, "hottest") != 1 {
		t.Errorf("something remains of the wider screen:\n%s", narrow)
	}
	p.enter(t, ctrlC)
	if code := c.ended(t); code != exitInterrupted {
		t.Errorf("exit code %d, want 130", code)
	}
	<-p.done
	shown := p.String()
	for _, gone := range []string{"s left", "lag ", "phase", "stopping", "Ctrl-C"} {
		if strings.Contains(shown, gone) {
			t.Errorf("%q remains on the screen:\n%s", gone, shown)
		}
	}
	if !strings.Contains(shown, "interrupted after ") || strings.Count(shown, "offered  ") != 1 {
		t.Errorf("the result is not on the screen:\n%s", shown)
	}
	if r := readResult(t, out); !r.Interrupted {
		t.Error("the result does not say that the run was interrupted")
	}
	if text, err := os.ReadFile(junit); err != nil || !strings.Contains(string(text), `<error message="interrupted after `) {
		t.Errorf("CI is not told that the run was interrupted: %v\n%s", err, text)
	}
}
