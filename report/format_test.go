package report

import (
	"math"
	"strings"
	"testing"
)

func TestFormat(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{digits(0), "0"},
		{digits(5), "5.00"},
		{digits(9.996), "10.0"},
		{digits(0.0123), "0.0123"},
		{digits(99.96), "100"},
		{digits(1234567.6), "1,234,568"},
		{digits(-1234.5), "-1,234"},
		{digits(1e-9), "< 0.001"},
		{digits(math.NaN()), "not known"},
		{count(0), "0"},
		{count(999), "999"},
		{count(-1234567), "-1,234,567"},
		{bandwidth(5e6), "5.00 MB/s"},
		{bandwidth(999.4e3), "999 kB/s"},
		{bandwidth(999.6e3), "1.00 MB/s"},
		{bandwidth(2.5e9), "2.50 GB/s"},
		{bandwidth(0), "0 B/s"},
		{bandwidth(math.Inf(1)), "not known"},
		{quantity(15000, "requests/s"), "15,000 requests/s"},
		{quantity(811.5, "requests/s"), "812 requests/s"},
		{quantity(35, "connections"), "35 connections"},
		{optional(nil, "bytes/s"), "not known"},
		{optional(ref(4.93e6), "bytes/s"), "4.93 MB/s"},
		{percent(0), "0 %"},
		{percent(1), "100 %"},
		{percent(0.9999), "> 99.9 %"},
		{percent(0.0004), "< 0.1 %"},
		{percent(0.3333), "33.3 %"},
		{percent(-0.032), "-3.2 %"},
		{percent(math.NaN()), "not known"},
		{millis(0.45), "0.450 ms"},
		{millis(999.4), "999 ms"},
		{millis(999.6), "1.00 s"},
		{millis(93400), "93.4 s"},
		{atLeast(24700, true), "≥ 24.7 s"},
		{percentile(Latency{}, 0, false), "–"},
		{seconds(7.44), "7.4 s"},
		{seconds(45), "45 s"},
		{reading(0.98996, ""), "0.98996"},
		{reading(20, "ms"), "20 ms"},
		{reading(0, ""), "0"},
		{clip("a\x1b[31mb\n", 10), "a\uFFFD[31mb\uFFFD"},
		{clip("αβγδε", 4), "αβγ…"},
		{partitionName(strings.Repeat("x", 100), 7, 10), "xxxxxxx…/7"},
		{unbroken("at ≥ 5.01 MB/s (7.4 s), 5 brokers"), "at ≥\u00a05.01\u00a0MB/s (7.4\u00a0s), 5 brokers"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}
