package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"msklt/internal/kafkatest/need"
)

// A result with one partition, and the head of a series.
const (
	plainResult = `{"schema":"msklt.result/v1","partitions":[{"topic":"t"}]}`
	seriesHead  = "second,topic,partition,acked_records,acked_bytes,consumed_bytes,throttled_seconds\n"
)

// resultFolder is a folder with a result's two files.
func resultFolder(t *testing.T, result, series string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"result.json": result, "series.csv": series} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestReportRefuses holds that the report of a folder that is no result ends with exit
// code 2, one sentence that says where it is wrong, and nothing written.
func TestReportRefuses(t *testing.T) {
	for name, c := range map[string]struct{ result, series, says string }{
		"cut short":     {plainResult[:30], seriesHead, "result.json: corrupt at byte 30"},
		"a wild number": {strings.Replace(plainResult, `"topic"`, `"acked_bytes_per_second":1e300,"topic"`, 1), seriesHead, "acked_bytes_per_second: 1e+300 is beyond everything"},
		"a wild second": {plainResult, seriesHead + "1000000000,t,0,1,1,1,0\n", "series.csv: line 2: second 1000000000 of t/0 lies far beyond the run"},
		"another's row": {plainResult, seriesHead + "0,u\x1b[2J,0,1,1,1,0\n", `series.csv: line 2: topic: "u\x1b[2J" is not a topic's name`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := resultFolder(t, c.result, c.series)
			checkRefused(t, dir, c.says)
			if _, err := os.Stat(filepath.Join(dir, "report.html")); err == nil {
				t.Error("there is a report")
			}
		})
	}
}

// A report is never written through a link, nor waited for at a pipe.
func TestReportLinks(t *testing.T) {
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := resultFolder(t, plainResult, seriesHead)
	if err := os.Symlink(victim, filepath.Join(dir, "report.html")); err != nil {
		t.Fatal(err)
	}
	p := command(t.Context(), "report", dir)
	if code := p.code(t); code != exitOK {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "theirs" {
		t.Errorf("behind the link there is %.60q, %v", text, err)
	}
	if info, err := os.Lstat(filepath.Join(dir, "report.html")); err != nil || !info.Mode().IsRegular() {
		t.Errorf("the report is %v, %v", info, err)
	}

	pipe := resultFolder(t, plainResult, seriesHead)
	path := filepath.Join(pipe, "series.csv")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	checkRefused(t, pipe, "series.csv: is not a file")
}

// checkRefused holds that a report fails as it should, and returns the program.
func checkRefused(t *testing.T, dir, says string) *program {
	t.Helper()
	p := command(t.Context(), "report", dir)
	if code := p.code(t); code != exitUsage {
		t.Errorf("exit code %d, want 2", code)
	}
	if text := p.stderr.String(); !strings.Contains(text, says) || strings.Count(text, "\n") != 1 || strings.Contains(text, "\x1b") || len(text) > 1000 {
		t.Errorf("it says %.1000q, want one line with %q", text, says)
	}
	return p
}

// TestRealTimeHugeResults holds what results as large as are read at all take to be
// refused, or drawn: memory for the file (128 MiB) and for what is decoded of it
// (128 MiB, what is left behind by lists that grow included), and as much again before
// the collector has come to it.
func TestRealTimeHugeResults(t *testing.T) {
	need.Require(t, need.RealTime())
	const most = 550 // MB
	for name, c := range map[string]struct {
		file       string
		head, unit string
		tail       string
		bytes      int
		says       string
	}{
		"fleets of two bytes":  {"result.json", plainResult[:len(plainResult)-1] + `,"fleets":[0`, ",0", "]}", 127 << 20, "it lists more than any run does"},
		"seconds":              {"result.json", plainResult[:len(plainResult)-1] + `,"timeline":[{}`, ",{}", "]}", 24 << 20, "it lists more than any run does"},
		"names of APIs":        {"result.json", plainResult[:len(plainResult)-1] + `,"throttle":{"by_api":{"":{}`, `,"":{}`, "}}}", 24 << 20, "it lists more than any run does"},
		"lists in lists":       {"result.json", plainResult[:len(plainResult)-1] + `,"x":[[]`, ",[]", "]}", 24 << 20, ""},
		"depth":                {"result.json", plainResult[:len(plainResult)-1] + `,"x":`, "[", "", 24 << 20, "exceeded max depth"},
		"a text":               {"result.json", plainResult[:len(plainResult)-1] + `,"target":{"name":"`, "x", `"}}`, 127 << 20, "target: name: a text of"},
		"errors":               {"result.json", plainResult[:len(plainResult)-1] + `,"errors":[{}`, ",{}", "]}", 2 << 20, "errors: 1,048,576 entries are more than any run has"},
		"intervals, drawn":     {"result.json", plainResult[:len(plainResult)-1] + `,"throttle":{"intervals":[{}`, ",{}", "]}}", 9 << 20, ""},
		"seconds, decoded":     {"result.json", plainResult[:len(plainResult)-1] + `,"timeline":[{}`, ",{" + strings.Repeat(" ", 640) + "}", "]}", 120 << 20, "timeline[1]: second 0 after second 0"},
		"too large":            {"result.json", plainResult, " ", "", 129 << 20, "are more than the"},
		"a line of a gigabyte": {"series.csv", seriesHead, "1", "", 1 << 30, "series.csv: line 2: the line is longer than 1024 bytes"},
		"lines without rows":   {"series.csv", seriesHead + "0,t,0,1,1,1,0", "\n", "", 1 << 30, "line 3: it has 1 columns"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := resultFolder(t, plainResult, seriesHead)
			repeat(t, filepath.Join(dir, c.file), c.head, c.unit, c.tail, c.bytes)
			begin := time.Now()
			var p *program
			if c.says == "" {
				p = command(t.Context(), "report", dir)
				if code := p.code(t); code != exitOK {
					t.Errorf("exit code %d\n%s", code, p.stderr.String())
				}
			} else {
				p = checkRefused(t, dir, c.says)
			}
			t.Logf("%.0f MB, %s", p.peakMB(), time.Since(begin).Round(time.Second/10))
			if mb := p.peakMB(); mb > most {
				t.Errorf("it took %.0f MB, want at most %d", mb, most)
			}
		})
	}
}

// repeat writes a file that consists of one piece many times, between two others.
func repeat(t *testing.T, path, head, unit, tail string, size int) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	block := strings.Repeat(unit, (1<<20)/len(unit))
	_, err = io.WriteString(file, head)
	for written := 0; written < size && err == nil; written += len(block) {
		_, err = io.WriteString(file, block)
	}
	if err == nil {
		_, err = io.WriteString(file, tail)
	}
	if err != nil {
		t.Fatal(err)
	}
}
