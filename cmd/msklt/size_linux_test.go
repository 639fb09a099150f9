package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"msklt/internal/kafkatest/need"
	"msklt/report"
)

// scenarioFile writes a scenario and returns its path.
func scenarioFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// peakMB is the largest resident memory that a program that has ended ever had.
func (p *program) peakMB() float64 {
	return float64(p.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) * 1024 / 1e6
}

// checkAllSent holds that what was scheduled was sent, is in the log, and is so many.
func checkAllSent(t *testing.T, r *report.Result, want int64) {
	t.Helper()
	if n := r.Totals; n.Scheduled != want || n.Acked != want || n.LogEndDelta != want {
		t.Errorf("%+v, want %d records scheduled, acknowledged and in the log", n, want)
	}
}

// TestRealTimeSize holds how much memory many clients and partitions take, the embedded
// cluster in the same process included, and that they send what is scheduled.
//
// Each client knows all partitions: franz-go keeps about 1 KB for each.
func TestRealTimeSize(t *testing.T) {
	need.Require(t, need.RealTime())
	const text = `
version: 1
name: size
topics:
  t: {partitions: %d}
producers:
  p: {topic: t, clients: %d, rate: 2000/s, key: {keys: 100000}, value: {size: 100B}}
phases:
  - {name: warm-up, duration: 2s, measure: false}
  - {name: steady, duration: 3s}
`
	for _, c := range []struct {
		clients, partitions int
		mostMB              float64
	}{{200, 2400, 2000}, {1000, 12, 1000}} {
		t.Run(fmt.Sprintf("%d clients, %d partitions", c.clients, c.partitions), func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			p := command(t.Context(), "run", "--quiet", "--out", out, scenarioFile(t, fmt.Sprintf(text, c.partitions, c.clients)))
			begin := time.Now()
			// Exit code 4 says that the machine was too slow, not that it was too small.
			if code := p.code(t); code != 0 && code != 4 {
				t.Fatalf("exit code %d\n%s", code, p.stderr.String())
			}
			r := readResult(t, out)
			checkAllSent(t, r, 10_000)
			mb := p.peakMB()
			t.Logf("%.0f MB, %s, lag p99 %.1f ms, response p99 %.1f ms", mb, time.Since(begin).Round(time.Second/10), r.Latency.Lag.P99, r.Latency.Response.P99)
			if mb > c.mostMB {
				t.Errorf("%.0f MB, want at most %.0f", mb, c.mostMB)
			}
		})
	}
}

// soakFor is how long the soak lasts; what is watched for begins after a sixth of it.
const soakFor = 30 * time.Minute

// TestSoakLong runs 50 MB/s through the embedded cluster, written by four clients and
// read by two: memory stays as it is, and the schedule is kept to the end as in the
// beginning.
func TestSoakLong(t *testing.T) {
	need.Require(t, need.Long())
	text := fmt.Sprintf(`
version: 1
name: soak
topics:
  t: {partitions: 12}
producers:
  p: {topic: t, clients: 4, rate: 50000/s, value: {size: 1000B}}
consumers:
  g: {topics: [t], clients: 2}
phases:
  - {name: steady, duration: %s}
`, soakFor)
	out := filepath.Join(t.TempDir(), "out")
	p := command(t.Context(), "run", "--quiet", "--out", out, scenarioFile(t, text))
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	memory := watchMemory(p.Process.Pid, time.Now())
	if code := p.ended(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	samples := <-memory
	flat, peak := slope(samples, soakFor/6, soakFor), p.peakMB()
	t.Logf("memory grows by %.2f MB a minute, %.0f MB at most; median of each sixth: %.0f", flat, peak, sixths(samples))
	if flat >= 1 {
		t.Errorf("memory grows by %.2f MB a minute", flat)
	}
	r := readResult(t, out)
	checkAllSent(t, r, int64(soakFor.Seconds())*50_000)
	checkSchedule(t, r, 50_000)
}

// residentMB is how much memory a process has at a time.
type residentMB struct {
	at time.Duration
	mb float64
}

var resident = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// watchMemory samples a process's memory each second until it has ended.
func watchMemory(pid int, begin time.Time) <-chan []residentMB {
	out := make(chan []residentMB, 1)
	go func() {
		var all []residentMB
		for {
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			m := resident.FindSubmatch(status)
			if m == nil {
				out <- all
				return
			}
			kib, _ := strconv.ParseFloat(string(m[1]), 64)
			all = append(all, residentMB{time.Since(begin), kib * 1024 / 1e6})
			time.Sleep(time.Second)
		}
	}()
	return out
}

// sixths are the medians of the six parts of the soak, in MB.
func sixths(all []residentMB) []float64 {
	parts := make([][]float64, 6)
	for _, s := range all {
		i := min(int(6*s.at/soakFor), 5)
		parts[i] = append(parts[i], s.mb)
	}
	var out []float64
	for _, p := range parts {
		if len(p) > 0 {
			out = append(out, median(p))
		}
	}
	return out
}

// slope is by how many MB a minute memory grows between two times: the line through
// the samples with the least squares.
func slope(all []residentMB, from, to time.Duration) float64 {
	var n, x, y, xx, xy float64
	for _, s := range all {
		if s.at < from || s.at >= to {
			continue
		}
		at := s.at.Minutes()
		n, x, y, xx, xy = n+1, x+at, y+s.mb, xx+at*at, xy+at*s.mb
	}
	return (n*xy - x*y) / (n*xx - x*x)
}

// checkSchedule holds that as many records were found due by each second as its rate
// says, and that they were not later at the end than in the beginning.
func checkSchedule(t *testing.T, r *report.Result, rate int64) {
	t.Helper()
	var offered, most int64
	var late []float64
	for i, s := range r.Timeline[:int(soakFor.Seconds())] {
		offered += s.OfferedRecords
		most = max(most, rate*int64(i+1)-offered)
		late = append(late, s.LagMax)
	}
	sixth := len(late) / 6
	first, last := median(late[:sixth]), median(late[len(late)-sixth:])
	t.Logf("at most %d records late at a second's end; latest record of a second, median: %.2f ms in the first sixth, %.2f ms in the last; lag p99 %.2f ms", most, first, last, r.Latency.Lag.P99)
	if most > rate/10 {
		t.Errorf("%d records late at a second's end", most)
	}
	if last > 2*first+1 { // a wake-up more
		t.Errorf("the latest record of a second came %.2f ms late at the end, %.2f ms in the beginning", last, first)
	}
}

func median(v []float64) float64 {
	sorted := slices.Sorted(slices.Values(v))
	return sorted[len(sorted)/2]
}
