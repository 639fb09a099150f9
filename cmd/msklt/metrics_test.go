package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"msklt/internal/kafkatest/need"
)

// TestMetricsAddressInUse holds that an address which cannot be had stops the run
// before it begins, and is named.
func TestMetricsAddressInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for address, want := range map[string]string{l.Addr().String(): "address already in use", "9464": "missing port"} {
		out := filepath.Join(t.TempDir(), "out")
		p := command(t.Context(), "run", writeScenario(t, "60s"), "--out", out, "--metrics-addr", address)
		if code := p.code(t); code != 2 {
			t.Errorf("%s: exit code %d, want 2", address, code)
		}
		if text := p.stderr.String(); !strings.Contains(text, want) || !strings.Contains(text, `"`+address+`"`) || strings.Count(text, "\n") != 1 {
			t.Errorf("%s: %s", address, text)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: a result was written", address)
		}
	}
}

// TestRealTimeMetrics scrapes a run over the network until it is over, and the rest that
// follows it is interrupted. What the last scrape says is what the result says.
func TestRealTimeMetrics(t *testing.T) {
	need.Require(t, need.RealTime())
	t.Parallel()
	out := filepath.Join(t.TempDir(), "out")
	p := command(t.Context(), "run", writeScenario(t, "4s"), "--repeat", "2", "--out", out, "--metrics-addr", "127.0.0.1:0")
	p.Stderr = nil
	stderr, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stderr)
	line, _ := lines.ReadString('\n')
	url := regexp.MustCompile(`http://\S+/metrics`).FindString(line)
	if url == "" {
		t.Fatalf("the first line is %q, without an address to scrape", line)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	last := map[string]*dto.MetricFamily{}
	formats := []expfmt.FormatType{expfmt.TypeTextPlain, expfmt.TypeProtoDelim}
	ofEach := map[expfmt.FormatType]int{}
	for n := 0; len(last) == 0 || last["msklt_run_finished"].GetMetric()[0].GetGauge().GetValue() == 0; n++ {
		format := formats[n%2]
		if last, err = scrape(url, format); err != nil {
			t.Fatalf("scrape %d: %v", n, err)
		}
		ofEach[format]++
		time.Sleep(5 * time.Millisecond)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) { // its result is written
		if _, err := os.Stat(filepath.Join(out, "1")); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := p.ended(t); code != exitInterrupted {
		t.Fatalf("exit code %d", code)
	}
	if _, err := scrape(url, formats[0]); err == nil {
		t.Error("metrics are served after the end")
	}
	r := readResult(t, filepath.Join(out, "1"))
	for name, want := range map[string]float64{
		"msklt_run_finished": 1, "msklt_records_acked_total": float64(r.Totals.Acked), "msklt_records_consumed_total": float64(r.Totals.Consumed),
		"msklt_topic_acked_bytes_total": float64(r.Totals.BytesAcked), "msklt_start_timestamp_seconds": float64(r.StartedAt.Unix()),
	} {
		if m := last[name].GetMetric(); len(m) != 1 || m[0].GetGauge().GetValue()+m[0].GetCounter().GetValue() != want {
			t.Errorf("%s: %v in the last scrape, want %v", name, m, want)
		}
	}
	// The runtime tells of these everywhere.
	for _, name := range []string{"msklt_instrument_scheduler_wait_p99_seconds", "msklt_instrument_gc_ratio"} {
		if len(last[name].GetMetric()) != 1 {
			t.Errorf("%s is not served", name)
		}
	}
	if ofEach[formats[0]] < 10 || ofEach[formats[1]] < 10 {
		t.Errorf("scrapes by format: %v", ofEach)
	}
}

// scrape reads what is served in a format with Prometheus's own parser.
func scrape(url string, format expfmt.FormatType) (map[string]*dto.MetricFamily, error) {
	request, err := http.NewRequest("GET", url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", string(expfmt.NewFormat(format)))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, errors.New(answer.Status)
	}
	out := map[string]*dto.MetricFamily{}
	for d := expfmt.NewDecoder(answer.Body, expfmt.ResponseFormat(answer.Header)); ; {
		f := new(dto.MetricFamily)
		if err := d.Decode(f); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		out[f.GetName()] = f
	}
}
