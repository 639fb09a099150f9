package metrics

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"math"
	"net"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/twmb/franz-go/pkg/kfake"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/report"
	"msklt/scenario"
)

// overload has a partition throttled until records are left unsent, a fleet that waits
// behind it and one that does not, and groups of which one processes slowly.
const overload = `
version: 1
name: overload
topics:
  hot: {partitions: 4}
  cold: {count: 2, partitions: 1}
producers:
  skewed:
    topic: hot
    clients: 2
    rate: 300KB/s
    key: {hot: {keys: 1, share: 50%}, keys: 100}
    value: {size: 1000B}
    settings: {buffer: 128KiB}
  even: {topic: cold, rate: 100/s, value: {size: 100B}}
consumers:
  fast: {topics: [hot, cold], clients: 2}
  slow: {topics: [cold], processing: {per_record: 2ms}}
phases:
  - {name: warm-up, duration: 5s, load: 20%, measure: false}
  - {name: steady, duration: 25s}
`

// scrapes are the answers to scrapes in one format, in order.
type scrapes []map[string]*dto.MetricFamily

// virtualRun runs a scenario on a network in memory and scrapes it after each snapshot,
// in several formats.
func virtualRun(t *testing.T, text string, formats []expfmt.FormatType) (*report.Result, []scrapes) {
	t.Helper()
	s, err := scenario.Parse("test.yaml", []byte(text), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var result *report.Result
	answers := make([][]*httptest.ResponseRecorder, len(formats))
	synctest.Test(t, func(t *testing.T) {
		network := new(kfake.VirtualNetwork)
		l := limits.Limits{Profile: "test", Values: map[limits.Name]float64{limits.PartitionIngress: 1e5, limits.ClusterConnections: 3000}}
		c, err := embedded.Start(t.Context(), embedded.Config{Brokers: 2, Listen: "127.0.0.1:9092", Limits: l, OnNetwork: network.Listen})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		e := &Exporter{}
		handler := e.handler()
		out, err := generator.Run(t.Context(), generator.Config{
			Scenario: s, Limits: l,
			Target: report.Target{Kind: string(limits.EmbeddedCluster), Bootstrap: c.Bootstrap()},
			Dial: func(ctx context.Context, name, addr string) (net.Conn, error) {
				conn, err := network.DialContext(ctx, name, addr)
				if err != nil { // as a real network refuses: clients try again only then
					return nil, &net.OpError{Op: "dial", Net: name, Err: err}
				}
				return conn, nil
			},
			Snapshot: func(s *generator.Snapshot) {
				e.Take(s)
				for i, format := range formats {
					request := httptest.NewRequest("GET", "/metrics", nil)
					request.Header.Set("Accept", string(expfmt.NewFormat(format)))
					answer := httptest.NewRecorder()
					handler.ServeHTTP(answer, request)
					answers[i] = append(answers[i], answer)
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		result = out.Result
	})
	out := make([]scrapes, len(formats))
	for i := range formats {
		for _, a := range answers[i] {
			if a.Code != 200 {
				t.Fatalf("a scrape is answered with %d: %s", a.Code, a.Body)
			}
			out[i] = append(out[i], decode(t, a))
		}
	}
	return result, out
}

// decode reads a scrape with Prometheus's own parser of its format.
func decode(t *testing.T, answer *httptest.ResponseRecorder) map[string]*dto.MetricFamily {
	t.Helper()
	out := map[string]*dto.MetricFamily{}
	d := expfmt.NewDecoder(bytes.NewReader(answer.Body.Bytes()), expfmt.ResponseFormat(answer.Header()))
	for {
		f := new(dto.MetricFamily)
		if err := d.Decode(f); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatalf("a scrape cannot be parsed: %v", err)
		}
		out[f.GetName()] = f
	}
}

// labelled finds the one metric with the labels that are given as name, value.
func labelled(t *testing.T, f *dto.MetricFamily, labels ...string) *dto.Metric {
	t.Helper()
	for _, m := range f.GetMetric() {
		found := 0
		for _, l := range m.GetLabel() {
			for i := 0; i < len(labels); i += 2 {
				if l.GetName() == labels[i] && l.GetValue() == labels[i+1] {
					found++
				}
			}
		}
		if 2*found == len(labels) {
			return m
		}
	}
	t.Fatalf("%s has no metric with %v", f.GetName(), labels)
	return nil
}

func valueOf(m *dto.Metric) float64 {
	if m.Counter != nil {
		return m.Counter.GetValue()
	}
	return m.Gauge.GetValue()
}

// sum adds up a family's metrics.
func sum(f *dto.MetricFamily) (n float64) {
	for _, m := range f.GetMetric() {
		n += valueOf(m)
	}
	return n
}

// TestVirtualScrapes holds the last scrape against the result, number by number, in both
// formats, every scrape against the one before, and all that is served against
// Prometheus's linter.
func TestVirtualScrapes(t *testing.T) {
	t.Parallel()
	formats := []expfmt.FormatType{expfmt.TypeTextPlain, expfmt.TypeProtoDelim}
	r, all := virtualRun(t, overload, formats)
	if r.Totals.Unsent == 0 || r.Throttle.Responses == 0 {
		t.Fatalf("the run is not what it was to be: %+v", r.Totals)
	}
	for i, name := range []string{"text", "protobuf"} {
		t.Run(name, func(t *testing.T) {
			// Before the traffic, after each second until the drain ends, and at the end.
			if len(all[i]) < 32 {
				t.Fatalf("%d scrapes of a run of 30 s", len(all[i]))
			}
			for n := range all[i][1:] {
				checkGrowth(t, all[i][n], all[i][n+1])
			}
			last := all[i][len(all[i])-1]
			checkTotals(t, last, r)
			checkTopics(t, last, r)
			checkThrottle(t, last, r)
			checkRun(t, last)
			checkHistograms(t, last, r, formats[i] == expfmt.TypeProtoDelim)
			lint(t, last)
		})
	}
}

// checkGrowth fails when a counter or histogram falls.
func checkGrowth(t *testing.T, before, now map[string]*dto.MetricFamily) {
	t.Helper()
	for name, f := range before {
		for i, m := range f.GetMetric() {
			if now[name] == nil || len(now[name].Metric) < len(f.Metric) {
				t.Fatalf("%s is gone", name)
			}
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName(), l.GetValue())
			}
			then := labelled(t, now[name], labels...)
			if m.Counter != nil && then.Counter.GetValue() < m.Counter.GetValue() ||
				m.Histogram != nil && then.Histogram.GetSampleCount() < m.Histogram.GetSampleCount() {
				t.Fatalf("%s %d fell: %v, then %v", name, i, m, then)
			}
		}
	}
}

func checkTotals(t *testing.T, got map[string]*dto.MetricFamily, r *report.Result) {
	t.Helper()
	check := func(name string, want float64, labels ...string) {
		t.Helper()
		if v := valueOf(labelled(t, got["msklt_"+name], labels...)); v != want {
			t.Errorf("%s of %v is %v, the result says %v", name, labels, v, want)
		}
	}
	for _, f := range r.Fleets {
		check("records_offered_total", float64(f.Scheduled), "fleet", f.Name)
		check("records_sent_total", float64(f.Sent), "fleet", f.Name)
		check("records_acked_total", float64(f.Acked), "fleet", f.Name)
		check("records_failed_total", float64(f.Failed), "fleet", f.Name)
		check("records_unsent", float64(f.Unsent), "fleet", f.Name)
		check("records_waiting", float64(f.Unsent), "fleet", f.Name)
		check("response_censored_total", float64(f.Latency.Response.Censored), "fleet", f.Name)
	}
	for _, g := range r.Groups {
		check("records_consumed_total", float64(g.Consumed), "group", g.Name)
		check("records_expired_total", float64(g.Expired), "group", g.Name)
	}
	var acked, offered float64
	for _, s := range r.Timeline {
		acked += float64(s.AckedBytes)
		offered += float64(s.OfferedBytes)
	}
	if n := sum(got["msklt_acked_bytes_total"]); n != acked {
		t.Errorf("%v bytes of keys and values acknowledged, the timeline adds up to %v", n, acked)
	}
	// The timeline rounds to the byte for each of three clients and some 30 seconds.
	if n := sum(got["msklt_offered_bytes_total"]); math.Abs(n-offered) > 0.5*3*float64(len(r.Timeline)) {
		t.Errorf("%v bytes offered, the timeline adds up to %v", n, offered)
	}
}

func checkTopics(t *testing.T, got map[string]*dto.MetricFamily, r *report.Result) {
	t.Helper()
	for _, c := range []struct {
		of   string
		want int64
	}{{"acked", r.Totals.BytesAcked}, {"consumed", r.Totals.BytesConsumed}} {
		topics, partitions := got["msklt_topic_"+c.of+"_bytes_total"], got["msklt_partition_"+c.of+"_bytes_total"]
		if len(topics.GetMetric()) != 2 || len(partitions.GetMetric()) != 6 {
			t.Errorf("%d topics and %d partitions, want hot and the template cold with 4 and 2 × 1", len(topics.GetMetric()), len(partitions.GetMetric()))
		}
		if a, b := sum(topics), sum(partitions); a != float64(c.want) || b != a {
			t.Errorf("%s: %v bytes in topics, %v in partitions, the result says %d", c.of, a, b, c.want)
		}
	}
	cold := valueOf(labelled(t, got["msklt_topic_acked_bytes_total"], "topic", "cold"))
	if n := valueOf(labelled(t, got["msklt_partition_acked_bytes_total"], "topic", "cold-1", "partition", "0")); n <= 0 || n >= cold {
		t.Errorf("cold-1 has %v of the template's %v bytes", n, cold)
	}
}

func checkThrottle(t *testing.T, got map[string]*dto.MetricFamily, r *report.Result) {
	t.Helper()
	byAPI := map[string]float64{}
	for _, m := range got["msklt_throttle_responses_total"].GetMetric() {
		byAPI[m.GetLabel()[0].GetValue()] += valueOf(m)
	}
	for api, want := range r.Throttle.ByAPI {
		if byAPI[api] != float64(want.Responses) {
			t.Errorf("%v throttle responses of %s, the result says %d", byAPI[api], api, want.Responses)
		}
	}
	for _, b := range r.Throttle.ByBroker {
		n := 0.0
		for _, m := range got["msklt_throttle_responses_total"].GetMetric() {
			if m.GetLabel()[1].GetValue() == broker(b.Broker) {
				n += valueOf(m)
			}
		}
		if n != float64(b.Responses) {
			t.Errorf("%v throttle responses of broker %d, the result says %d", n, b.Broker, b.Responses)
		}
	}
	// Sums of floats in another order: 1 ns.
	if s := sum(got["msklt_throttled_seconds_total"]); s <= 0 || math.Abs(s-r.Throttle.UnionSeconds) > 1e-9 {
		t.Errorf("%v s throttled, the result says %v", s, r.Throttle.UnionSeconds)
	}
}

func checkRun(t *testing.T, got map[string]*dto.MetricFamily) {
	t.Helper()
	for name, want := range map[string]float64{"run_info": 1, "run_finished": 1, "phase_measured": 0, "phase_active": 0, "limit_bytes_per_second": 1e5, "limit_connections": 3000} {
		if n := sum(got["msklt_"+name]); n != want {
			t.Errorf("%s is %v in the last scrape, want %v", name, n, want)
		}
	}
	// In virtual time nothing is known of the machine, and so nothing is shown.
	for _, name := range []string{"scheduler_wait_p99_seconds", "gc_ratio", "cpu_ratio", "cgroup_throttled_ratio"} {
		if f := got["msklt_instrument_"+name]; f != nil {
			t.Errorf("in virtual time: %v", f)
		}
	}
	if n := sum(got["msklt_instrument_stalled_seconds_total"]); n != 0 {
		t.Errorf("stalled for %v s in virtual time", n)
	}
}

// checkHistograms holds the latencies of fleets and groups against the result's.
func checkHistograms(t *testing.T, got map[string]*dto.MetricFamily, r *report.Result, native bool) {
	t.Helper()
	check := func(latency, label, of string, want report.Latency) {
		t.Helper()
		h := labelled(t, got["msklt_"+latency+"_seconds"], label, of).GetHistogram()
		checkSum(t, of+" "+latency, h, want)
		if native {
			checkPercentiles(t, of+" "+latency, h, want)
		}
	}
	for _, f := range r.Fleets {
		check("response", "fleet", f.Name, f.Latency.Response)
		check("service", "fleet", f.Name, f.Latency.Service)
		check("client_wait", "fleet", f.Name, f.Latency.ClientWait)
		check("lag", "fleet", f.Name, f.Latency.Lag)
	}
	for _, g := range r.Groups {
		check("end_to_end", "group", g.Name, g.EndToEnd)
	}
}

func lint(t *testing.T, got map[string]*dto.MetricFamily) {
	t.Helper()
	problems, err := promlint.NewWithMetricFamilies(slices.Collect(maps.Values(got))).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", err, problems)
	}
	// There are no limits in seven other units, no errors, and none of four about the
	// machine.
	if want := len(described(t)) - 12; len(got) != want {
		t.Errorf("%d families were served, want %d", len(got), want)
	}
}
