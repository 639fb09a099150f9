package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"msklt/internal/kafkatest/need"
	"msklt/internal/longrun"
	"msklt/report"
)

// TestRealTimeReportOfAnHour holds what it takes to make the page of an hour over
// 2,400 partitions again: 3 s and 300 MB. Time is that of processors, of which the
// program keeps one busy: that is how long it takes where nobody else does.
func TestRealTimeReportOfAnHour(t *testing.T) {
	need.Require(t, need.RealTime())
	dir := filepath.Join(t.TempDir(), "out")
	run := longrun.Run{Seconds: 3600, Partitions: 2400}
	f, err := report.Prepare(dir, report.Note{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(run.Result(), run.Series(), nil); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	p := command(t.Context(), "report", dir)
	begin := time.Now()
	if code := p.code(t); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, p.stderr.String())
	}
	took := p.ProcessState.UserTime() + p.ProcessState.SystemTime()
	t.Logf("%.2f s of processors, %.2f s by the clock, %.0f MB, page of %d bytes", took.Seconds(), time.Since(begin).Seconds(), p.peakMB(), len(written))
	if took > 3*time.Second {
		t.Errorf("it took %s of processors, want at most 3 s", took)
	}
	if mb := p.peakMB(); mb > 300 {
		t.Errorf("it took %.0f MB, want at most 300", mb)
	}
	if again, err := os.ReadFile(filepath.Join(dir, "report.html")); err != nil || string(again) != string(written) {
		t.Errorf("the page made again differs from the run's (%v)", err)
	}
}
