package scenario

import (
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int{
		"0": 0, "512": 512, "512B": 512, "1KB": 1000, "1KiB": 1024, "16KiB": 16384, "4MiB": 4194304,
		"10MB": 10_000_000, "1.5MiB": 1572864, "0.001KB": 1, "2GiB": 2 << 30, "3GB": 3e9, "1TB": 1e12, "1TiB": 1 << 40,
	} {
		if got, f := parseSize(text); f != nil || got != want {
			t.Errorf("%s is %d bytes (%v), want %d", text, got, f, want)
		}
	}
	for _, text := range []string{"", "KiB", "1 KiB", "1kb", "1K", "1kib", "1e3", "0x10", "1_000", "1.5", "0.5B", ".5KB", "1.KB", "+1", "1KiB/s", "99999999999999999999", "inf", "NaN"} {
		if got, f := parseSize(text); f == nil {
			t.Errorf("%q is accepted as %d bytes", text, got)
		}
	}
}

func TestParseRate(t *testing.T) {
	for text, want := range map[string]Rate{
		"max": {Max: true}, "40000/s": {Records: 40000}, "0.5/s": {Records: 0.5},
		"40MB/s": {Bytes: 40e6}, "1MiB/s": {Bytes: 1048576}, "500B/s": {Bytes: 500}, "0.7MB/s": {Bytes: 700_000}, "0.1B/s": {Bytes: 0.1},
	} {
		if got, f := parseRate(text); f != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %+v (%v), want %+v", text, got, f, want)
		}
	}
	for text, hint := range map[string]string{
		"40MB":    "write 40MB/s; MB is 10^6 bytes, MiB is 2^20, and case matters",
		"40Mb/s":  "write 40MB/s; MB is 10^6 bytes, MiB is 2^20, and case matters",
		"40mibps": "write 40MiB/s; MB is 10^6 bytes, MiB is 2^20, and case matters",
		"40 MB/s": "write 40MB/s; MB is 10^6 bytes, MiB is 2^20, and case matters",
		"40000":   "write 40000/s for records, 40000B/s for bytes",
		"40PB/s":  "units are B, KB, MB, GB, TB (powers of 1000) and KiB, MiB, GiB, TiB (powers of 1024)",
		"MAX":     "", "fast": "", "": "", "/s": "", "MB/s": "",
	} {
		got, f := parseRate(text)
		if f == nil {
			t.Errorf("%q is accepted as %+v", text, got)
		} else if f.hint != hint {
			t.Errorf("the hint for %q is %q, want %q", text, f.hint, hint)
		}
	}
}

func TestParseShareAndDuration(t *testing.T) {
	for text, want := range map[string]float64{"30%": 0.3, "0.3": 0.3, "100%": 1, "1": 1, "12.5%": 0.125, "150%": 1.5, "29%": 0.29, "0%": 0} {
		if got, f := parseShare(text); f != nil || got != want {
			t.Errorf("%s is %v (%v), want %v", text, got, f, want)
		}
	}
	for text, want := range map[string]time.Duration{"5s": 5e9, "500ms": 5e8, "1m30s": 9e10, "1.5s": 15e8, "0": 0} {
		if got, f := parseDuration(text); f != nil || got != want {
			t.Errorf("%s is %v (%v), want %v", text, got, f, want)
		}
	}
	for _, text := range []string{"", "5", "5 s", "5sec", "s", "five"} {
		if got, f := parseDuration(text); f == nil {
			t.Errorf("%q is accepted as %v", text, got)
		}
	}
	for _, text := range []string{"", "%", "30 %", "a third", "1/3", "30%%"} {
		if got, f := parseShare(text); f == nil {
			t.Errorf("%q is accepted as %v", text, got)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{formatSize(0), "0B"}, {formatSize(1), "1B"}, {formatSize(1000), "1KB"}, {formatSize(1024), "1KiB"},
		{formatSize(1024_000), "1000KiB"}, {formatSize(52428800), "50MiB"}, {formatSize(-2000), "-2KB"},
		{Rate{Bytes: 40e6}.String(), "40MB/s"}, {Rate{Bytes: 0.5}.String(), "0.5B/s"}, {Rate{Bytes: 1234567}.String(), "1234567B/s"},
		{Rate{Records: 40000}.String(), "40000/s"}, {Rate{Records: 333.25}.String(), "333.25/s"}, {Rate{Max: true}.String(), "max"},
		{formatShare(0.3), "30%"}, {formatShare(0.29), "29%"}, {formatShare(1), "100%"}, {formatShare(0.00001), "0.001%"}, {formatShare(0), "0%"},
		{formatDuration(90 * time.Second), "1m30s"}, {formatDuration(2 * time.Minute), "2m"}, {formatDuration(time.Hour), "1h"},
		{formatDuration(time.Hour + time.Second), "1h0m1s"}, {formatDuration(0), "0s"}, {formatDuration(10 * time.Minute), "10m"},
		{grouped(1), "1"}, {grouped(123), "123"}, {grouped(1234), "1,234"}, {grouped(1234567.5), "1,234,567.5"}, {grouped(-123), "-123"}, {grouped(-123456), "-123,456"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

// TestUnitsRoundTrip holds that what is written reads as the same value, to the
// last bit.
func TestUnitsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(0, 1<<50).Draw(t, "size")
		if got, f := parseSize(formatSize(size)); f != nil || got != size {
			t.Errorf("%s: %d, want %d", formatSize(size), got, size)
		}
		rate := rapid.Float64Range(1e-3, 1e15).Draw(t, "rate")
		if got, f := parseByteRate(formatByteRate(rate)); f != nil || got != rate {
			t.Errorf("%s: %v, want %v", formatByteRate(rate), got, rate)
		}
		if got, f := parseCountRate(formatCountRate(rate)); f != nil || got != rate {
			t.Errorf("%s: %v, want %v", formatCountRate(rate), got, rate)
		}
		whole := math.Trunc(rate) // most rates in files are round
		if got, f := parseByteRate(formatByteRate(whole)); f != nil || got != whole {
			t.Errorf("%s: %v, want %v", formatByteRate(whole), got, whole)
		}
		share := rapid.Float64Range(1e-6, 10).Draw(t, "share")
		if got, f := parseShare(formatShare(share)); f != nil || got != share {
			t.Errorf("%s: %v, want %v", formatShare(share), got, share)
		}
		d := time.Duration(rapid.Int64Range(0, 1<<52).Draw(t, "duration"))
		if got, f := parseDuration(formatDuration(d)); f != nil || got != d {
			t.Errorf("%s: %v, want %v", formatDuration(d), got, d)
		}
	})
}
