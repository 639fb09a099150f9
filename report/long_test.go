package report_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"msklt/internal/longrun"
	"msklt/report"
)

// hour is a run of an hour over 2,400 partitions. In one second a partition that is
// otherwise in the middle of the hottest takes twice of what any takes in any other.
func hour() longrun.Run {
	return longrun.Run{Seconds: 3600, Partitions: 2400, Spike: longrun.Spike{Second: 1801, Partition: 33, Bytes: 44_400_000}}
}

// TestHTMLOfAnHour holds the size of the page of an hour over 2,400 partitions, and
// that a single second of one of them still shows.
func TestHTMLOfAnHour(t *testing.T) {
	run := hour()
	r := run.Result()
	series, err := report.Gather(r, run.Series())
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := report.HTML(&page, r, series); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", page.Len())
	if page.Len() > 5_000_000 {
		t.Errorf("%d bytes, want at most 5 MB", page.Len())
	}
	for _, want := range []string{"The hottest 64 of 2,400 partitions", "highest second of each 6", `–44.4"`, ">orders/33<"} {
		if n := strings.Count(page.String(), want); n == 0 {
			t.Errorf("the page lacks %q", want)
		}
	}
	// Seconds 1800 to 1805 are column 300 of row 33, in the highest of the colours.
	if want := "M300 33h1v1h-1z"; !strings.Contains(heat(page.String(), "heat11"), want) {
		t.Errorf("the highest colour is at %q, want %s in it", heat(page.String(), "heat11"), want)
	}
	if strings.Contains(page.String(), ">orders/64<") {
		t.Error("a partition that is not among the hottest is drawn")
	}
}

// heat is the path of one colour of the heat map.
func heat(page, class string) string {
	_, path, _ := strings.Cut(page, `<path class="`+class+`" d="`)
	path, _, _ = strings.Cut(path, `"`)
	return path
}

func BenchmarkReportOfAnHour(b *testing.B) {
	run := hour()
	dir := filepath.Join(b.TempDir(), "result")
	f, err := report.Prepare(dir, report.Note{})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := f.Write(run.Result(), run.Series(), nil); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		r, series, err := report.Read(dir)
		if err != nil {
			b.Fatal(err)
		}
		var page bytes.Buffer
		if err := report.HTML(&page, r, series); err != nil {
			b.Fatal(err)
		}
	}
}
