package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"msklt/generator"
)

// under is a run under load.
var under = generator.Progress{
	Elapsed: 17 * time.Second, Total: 45 * time.Second, Phase: "steady", Span: 5 * time.Second, Writers: true, Readers: true,
	OfferedBytes: 40e6, AckedBytes: 15.4e6, ConsumedBytes: 16.1e6, P99: 1203 * time.Millisecond, Throttled: 0.291,
	Lag: 310 * time.Microsecond, Waiting: 12345, Backlog: 0,
	Hottest: generator.HotPartition{Topic: "orders", Partition: 8, BytesPerSecond: 4.93e6, Declared: 5e6},
}

// large has numbers as wide as they come, and names as long.
func large() generator.Progress {
	g := under
	g.Elapsed, g.Total, g.Phase = 99_999*time.Second, 100_000*time.Second, strings.Repeat("p", 200)
	g.OfferedBytes, g.AckedBytes, g.ConsumedBytes, g.P99, g.Throttled = 998.7e6, 1.23e12, 999.4e3, 9999*time.Second, 0.9995
	g.Lag, g.Waiting, g.Backlog = 600*time.Second, 123_456_789, 999_999_999
	g.Hottest.Topic, g.Hottest.Partition = strings.Repeat("t", 249), 2399
	return g
}

// early has nothing that is known yet.
func early() generator.Progress {
	return generator.Progress{Elapsed: time.Second, Total: time.Minute, Phase: "warm-up", Span: time.Second, Writers: true, Readers: true, Lag: -1, Throttled: math.NaN()}
}

func TestFrame(t *testing.T) {
	for _, c := range []struct {
		width    int
		g        generator.Progress
		stopping bool
		want     string
	}{
		{40, under, false, `
steady  17 of 45 s, 28 s left
offered   40.0 MB/s acked     15.4 MB/s
p99          1.20 s throttled    29.1 %
lag        0.310 ms waiting      12,345
read      16.1 MB/s backlog           0
hottest  orders/8 4.93 MB/s of 5.00 MB/s`},
		{80, under, false, `
steady  17 of 45 s, 28 s left
offered   40.0 MB/s   acked     15.4 MB/s   p99          1.20 s
throttled    29.1 %   lag        0.310 ms   waiting      12,345
read      16.1 MB/s   backlog           0
hottest  orders/8 4.93 MB/s of 5.00 MB/s`},
		{200, under, false, `
steady  17 of 45 s, 28 s left
offered   40.0 MB/s   acked     15.4 MB/s   p99          1.20 s   throttled    29.1 %   lag        0.310 ms   waiting      12,345   read      16.1 MB/s   backlog           0
hottest  orders/8 4.93 MB/s of 5.00 MB/s`},
		{80, early(), false, `
warm-up  1 of 60 s, 59 s left
offered       0 B/s   acked         0 B/s   p99       not known
throttled not known   lag       not known   waiting           0
read          0 B/s   backlog           0
hottest  none`},
		{80, generator.Progress{Elapsed: 47 * time.Second, Total: 45 * time.Second, Phase: "drain", Readers: true}, false, `
drain  47 s
throttled       0 %   read          0 B/s   backlog           0
hottest  none`},
		{80, awaits(under), true, `
steady  17 s
stopping: waits for 12,345 answers, up to 28 s
Ctrl-C again leaves now, with the result
offered   40.0 MB/s   acked     15.4 MB/s   p99          1.20 s
throttled    29.1 %   lag        0.310 ms   waiting      12,345
read      16.1 MB/s   backlog           0
hottest  orders/8 4.93 MB/s of 5.00 MB/s`},
		{40, generator.Progress{Stage: "creating topics: 5 of 100"}, false, "\ncreating topics: 5 of 100"},
	} {
		if got := "\n" + strings.Join(frame(c.g, c.stopping, c.width), "\n"); got != c.want {
			t.Errorf("at %d columns:%s\nwant:%s", c.width, got, c.want)
		}
	}
}

// onScreen is progress on a screen, which already has a line of somebody else.
func onScreen(t *testing.T, width, height int, signal os.Signal) (*progress, *screen) {
	s := newScreen(t, width, height)
	fmt.Fprint(s, "before\n")
	return &progress{
		w: s, terminal: true, signalled: func() os.Signal { return signal },
		size: func() (int, int, error) { return s.width, s.height, nil },
	}, s
}

// TestLiveWidths draws runs at every width: no line is broken, none loses a figure,
// and each frame takes the place of the one before.
func TestLiveWidths(t *testing.T) {
	for width := 40; width <= 200; width++ {
		p, s := onScreen(t, width, 24, nil)
		for _, g := range []generator.Progress{{Stage: "creating topics"}, under, large(), early(), {Stage: "removing the run's topics and groups"}} {
			p.show(g)
			var want strings.Builder
			for _, line := range frame(g, false, width) {
				fmt.Fprintln(&want, strings.TrimRight(cut(line, width-1), " "))
			}
			if got := s.String(); got != "before\n"+want.String()+"\n" {
				t.Fatalf("at %d columns there is\n%s\nwant\n%s", width, got, want.String())
			}
			for _, f := range figures(g) {
				if g.Stage == "" && !strings.Contains(s.String(), f.cell()) {
					t.Errorf("at %d columns %s is not whole:\n%s", width, f.cell(), s)
				}
			}
		}
		p.end()
		p.show(under) // a run that was left behind
		if got := s.String(); got != "before\n\n" || s.broken > 0 {
			t.Errorf("at %d columns there remains, after %d broken lines,\n%s", width, s.broken, got)
		}
	}
}

// TestLiveResize changes the terminal's size between any two frames: nothing of an
// older one remains.
func TestLiveResize(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p, s := onScreen(t, 80, 24, nil)
		for range rapid.IntRange(1, 12).Draw(rt, "frames") {
			g := rapid.SampledFrom([]generator.Progress{{Stage: "creating topics: 17 of 2,400"}, under, large(), early()}).Draw(rt, "progress")
			p.show(g)
			if got, want := strings.Count(s.String(), "\n"), 1+len(p.drawn)+1; got != want {
				rt.Fatalf("at %d columns there are %d rows, want %d:\n%s", s.width, got, want, s)
			}
			s.resize(rapid.IntRange(40, 200).Draw(rt, "width"), 24)
		}
		p.end()
		if got := s.String(); got != "before\n\n" || s.broken > 0 {
			rt.Fatalf("there remains, after %d broken lines,\n%s", s.broken, got)
		}
	})
}

// TestLiveSmall draws on screens that are too small, or do not tell their size.
func TestLiveSmall(t *testing.T) {
	for _, size := range [][2]int{{40, 3}, {10, 24}, {2, 2}, {1, 1}} {
		p, s := onScreen(t, size[0], size[1], nil)
		s.rows, s.y, s.broken = make([]row, 1), 0, 0
		for range 3 {
			p.show(large())
		}
		if len(s.rows) > size[1] || s.broken > 0 {
			t.Errorf("on %v there are %d rows, %d broken:\n%s", size, len(s.rows), s.broken, s)
		}
		p.end()
		if got := s.String(); got != "\n" {
			t.Errorf("on %v there remains\n%s", size, got)
		}
	}
	p, s := onScreen(t, 80, 24, nil)
	p.size = func() (int, int, error) { return 0, 0, errors.New("not a terminal") }
	p.show(under)
	if got, want := s.String(), "before\n"+strings.Join(frame(under, false, 80), "\n")+"\n\n"; got != want {
		t.Errorf("without a size there is\n%s\nwant\n%s", got, want)
	}
}

// writes counts how often something is written.
type writes struct {
	n int
	bytes.Buffer
}

func (w *writes) Write(p []byte) (int, error) { w.n++; return w.Buffer.Write(p) }

// TestLiveFlicker holds that a frame is one write that erases nothing before what takes
// its place, and touches no state of the terminal that would have to be put back.
func TestLiveFlicker(t *testing.T) {
	w := new(writes)
	p := &progress{w: w, terminal: true, signalled: func() os.Signal { return nil }, size: func() (int, int, error) { return 80, 24, nil }}
	for n := 1; n <= 3; n++ {
		w.Reset()
		p.show(under)
		if w.n != n {
			t.Fatalf("%d frames took %d writes", n, w.n)
		}
		if text := w.String(); strings.Contains(text, "\x1b[2") || strings.Contains(text, "\x1b[?") || strings.Index(text, "\x1b[J") != len(text)-3 {
			t.Errorf("a frame is %q", text)
		}
	}
}

// TestColumns prints lines of progress where there is no terminal: every five seconds,
// and what is waited for when that begins and how far it came.
func TestColumns(t *testing.T) {
	var w bytes.Buffer
	p := &progress{w: &w, signalled: func() os.Signal { return nil }}
	p.show(generator.Progress{Stage: "creating topics"})
	p.show(generator.Progress{Stage: "creating topics: 1 of 2"})
	for s := time.Second; s <= 11*time.Second; s += time.Second {
		g := under
		g.Elapsed = s
		p.show(g)
	}
	p.show(generator.Progress{Stage: "removing the run's topics and groups"})
	p.end()
	want := `creating topics
creating topics: 1 of 2
    5 of 45 s  offered   40.0 MB/s  acked     15.4 MB/s  p99          1.20 s  throttled    29.1 %  lag        0.310 ms  waiting      12,345  read      16.1 MB/s  backlog           0  phase steady  hottest orders/8 4.93 MB/s of 5.00 MB/s
   10 of 45 s  offered   40.0 MB/s  acked     15.4 MB/s  p99          1.20 s  throttled    29.1 %  lag        0.310 ms  waiting      12,345  read      16.1 MB/s  backlog           0  phase steady  hottest orders/8 4.93 MB/s of 5.00 MB/s
removing the run's topics and groups
`
	if w.String() != want {
		t.Errorf("got\n%s\nwant\n%s", w.String(), want)
	}
	// The columns stay where they are, whatever the figures.
	head := func(g generator.Progress) int {
		before, _, _ := strings.Cut(columns(g, true), "  phase ")
		return utf8.RuneCountInString(before) - len(fmt.Sprintf("%.0f", g.Total.Seconds()))
	}
	if a, b, c := head(under), head(large()), head(early()); a != b || b != c {
		t.Errorf("the columns end at %d, %d and %d", a, b, c)
	}
	if want := "  stopping; " + leaveNow; !strings.HasSuffix(columns(under, true), want) {
		t.Errorf("a run that is stopping does not end with %q", want)
	}
}

// TestProgressQuiet tells nothing; a terminal that cannot be drawn on gets lines.
func TestProgressQuiet(t *testing.T) {
	var stderr bytes.Buffer
	p := &process{stderr: &stderr, terminal: true, getenv: func(string) (string, bool) { return "dumb", true }, signalled: func() os.Signal { return nil }}
	quiet := p.progress(true)
	quiet.show(under)
	quiet.end()
	if stderr.Len() > 0 {
		t.Errorf("quiet progress says %q", stderr.String())
	}
	dumb := p.progress(false)
	dumb.show(generator.Progress{Stage: "creating topics"})
	dumb.end()
	if stderr.String() != "creating topics\n" {
		t.Errorf("a dumb terminal gets %q", stderr.String())
	}
}

// TestLinesTellOfTheEnd: without a terminal, the last line about a stage is how far it
// came, and a drain does not come out of a time that is over.
func TestLinesTellOfTheEnd(t *testing.T) {
	var said bytes.Buffer
	p := &progress{w: &said, signalled: func() os.Signal { return nil }}
	drain := under
	drain.Elapsed, drain.Phase = 50*time.Second, "drain"
	for _, g := range []generator.Progress{
		{Stage: "creating topics: 0 of 6"}, {Stage: "creating topics: 3 of 6"}, {Stage: "creating topics: 6 of 6"}, {Stage: "reading"}, drain,
		{Stage: "removing topics: 0 of 6"}, {Stage: "removing topics: 6 of 6"},
	} {
		p.show(g)
	}
	p.end()
	want := "creating topics: 0 of 6\ncreating topics: 6 of 6\nreading\n" + columns(drain, false) + "\nremoving topics: 0 of 6\nremoving topics: 6 of 6\n"
	if said.String() != want {
		t.Errorf("told\n%swant\n%s", said.String(), want)
	}
	if got := columns(drain, false); !strings.HasPrefix(got, "   50 s        offered ") || strings.Index(got, "offered") != strings.Index(columns(under, false), "offered") {
		t.Errorf("%q", got)
	}
}

// awaits is progress of a run that was interrupted.
func awaits(g generator.Progress) generator.Progress {
	g.Awaits = 28 * time.Second
	return g
}
