package scenario

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// A fault is why the text of a value is wrong, with a hint. Its message goes
// behind the name of the field.
type fault struct{ message, hint string }

// unit is a unit of bytes. Every one is a whole number of bytes.
type unit struct {
	name  string
	bytes int64
}

// byteUnits lists the units, the largest first.
func byteUnits() []unit {
	return []unit{
		{"TiB", 1 << 40}, {"TB", 1e12}, {"GiB", 1 << 30}, {"GB", 1e9},
		{"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}, {"KB", 1e3}, {"B", 1},
	}
}

// parseNumber reads a decimal number exactly. Exponents and other bases are left
// out: nobody reads 4e7B/s right at first sight.
func parseNumber(text string) (*big.Rat, bool) {
	const longest = 80
	whole, fraction, point := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if len(text) > longest || !allDigits(whole) || point && !allDigits(fraction) {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

func isNumber(text string) bool {
	_, ok := parseNumber(text)
	return ok
}

func allDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// parseBytes reads a number of bytes with a unit and what follows it, "/s" or
// nothing: 10MB/s, 16KiB. Without "/s" the unit may be left out.
func parseBytes(text, per, want string) (*big.Rat, *fault) {
	amount, complete := strings.CutSuffix(text, per)
	end := strings.LastIndexAny(amount, "0123456789") + 1
	number, name := amount[:end], amount[end:]
	n, ok := parseNumber(number)
	switch {
	case !ok:
		return nil, wrong(want, text, "")
	case name == "" && per == "":
		return n, nil
	}
	for _, u := range byteUnits() {
		if u.name == name && complete {
			return n.Mul(n, new(big.Rat).SetInt64(u.bytes)), nil
		}
	}
	return nil, wrong(want, text, unitHint(number, name, per))
}

// unitHint tells how to write a unit that is not right.
func unitHint(number, name, per string) string {
	plain := strings.TrimSuffix(strings.TrimSpace(name), "ps")
	for _, u := range byteUnits() {
		short := strings.TrimSuffix(u.name, "B")
		if strings.EqualFold(plain, u.name) || short != "" && strings.EqualFold(plain, short) {
			return fmt.Sprintf("write %s%s%s; MB is 10^6 bytes, MiB is 2^20, and case matters", number, u.name, per)
		}
	}
	return "units are B, KB, MB, GB, TB (powers of 1000) and KiB, MiB, GiB, TiB (powers of 1024)"
}

func wrong(want, text, hint string) *fault {
	return &fault{fmt.Sprintf("want %s, got %s", want, quote(text)), hint}
}

// What the formats are called in messages.
const (
	wantSize      = "a size such as 16KiB"
	wantByteRate  = "a rate such as 4MB/s"
	wantCountRate = "a rate such as 15000/s"
	wantRate      = "a rate such as 40MB/s, 40000/s or max"
	wantRateValue = "a rate such as 40MB/s or 40000/s"
	wantDuration  = "a duration such as 500ms or 1m30s"
	wantShare     = "a percentage such as 30%, or a fraction such as 0.3"
	wantInteger   = "a whole number"
	wantSeed      = "a whole number from 0 to 18446744073709551615"
	wantNumber    = "a number"
	wantFlag      = "true or false"
	wantScenario  = "the name of a scenario file"
)

// parseSize reads a whole number of bytes.
func parseSize(text string) (int, *fault) {
	n, f := parseBytes(text, "", wantSize)
	switch {
	case f != nil:
		return 0, f
	case !n.IsInt() || !n.Num().IsInt64():
		return 0, wrong("a whole number of bytes", text, "")
	}
	return int(n.Num().Int64()), nil
}

// formatSize writes bytes so that reading it gives the same number.
func formatSize(bytes int) string { return formatBytes(int64(bytes)) }

func formatBytes(bytes int64) string {
	u := largestUnit(bytes)
	return strconv.FormatInt(bytes/u.bytes, 10) + u.name
}

// largestUnit is the largest unit that divides a number of bytes.
func largestUnit(bytes int64) unit {
	units := byteUnits()
	for _, u := range units {
		if bytes != 0 && bytes%u.bytes == 0 {
			return u
		}
	}
	return units[len(units)-1]
}

// parseByteRate reads bytes per second: 40MB/s.
func parseByteRate(text string) (float64, *fault) {
	n, f := parseBytes(text, "/s", wantByteRate)
	if f != nil {
		return 0, f
	}
	rate, _ := n.Float64()
	return rate, nil
}

// ParseByteRate reads bytes per second as a scenario file writes them, 5MB/s,
// from 1 byte per second on.
func ParseByteRate(text string) (float64, error) {
	rate, f := parseByteRate(text)
	switch {
	case f != nil && f.hint != "":
		return 0, fmt.Errorf("%s; %s", f.message, f.hint)
	case f != nil:
		return 0, errors.New(f.message)
	case rate < 1:
		return 0, fmt.Errorf("must be at least 1B/s, is %s", quote(text))
	}
	return rate, nil
}

// formatByteRate writes bytes per second so that reading it gives the same
// number.
func formatByteRate(rate float64) string {
	whole := int64(rate)
	if float64(whole) != rate {
		return formatNumber(rate) + "B/s"
	}
	return formatBytes(whole) + "/s"
}

// parseCountRate reads a number per second: 15000/s.
func parseCountRate(text string) (float64, *fault) {
	number, complete := strings.CutSuffix(text, "/s")
	n, ok := parseNumber(number)
	if !complete || !ok {
		return 0, wrong(wantCountRate, text, "write the number followed by /s")
	}
	rate, _ := n.Float64()
	return rate, nil
}

func formatCountRate(rate float64) string { return formatNumber(rate) + "/s" }

// parseRate reads a fleet's rate: bytes, records, or max.
func parseRate(text string) (Rate, *fault) {
	if text == "max" {
		return Rate{Max: true}, nil
	}
	r, _, f := parseUnitRate(text, wantRate)
	return r, f
}

// parseUnitRate reads a rate in bytes or records, and tells which, for a rate of
// 0 does not.
func parseUnitRate(text, want string) (r Rate, bytes bool, f *fault) {
	if records, f := parseCountRate(text); f == nil {
		return Rate{Records: records}, false, nil
	}
	n, f := parseByteRate(text)
	switch {
	case f == nil:
		return Rate{Bytes: n}, true, nil
	case isNumber(text):
		return Rate{}, false, wrong(want, text, fmt.Sprintf("write %s/s for records, %[1]sB/s for bytes", text))
	}
	return Rate{}, false, wrong(want, text, f.hint)
}

// String is the rate as a scenario file writes it.
func (r Rate) String() string {
	switch {
	case r.Max:
		return "max"
	case r.Bytes != 0:
		return formatByteRate(r.Bytes)
	}
	return formatCountRate(r.Records)
}

// parseDuration reads a Go duration: 500ms, 1m30s.
func parseDuration(text string) (time.Duration, *fault) {
	d, err := time.ParseDuration(text)
	if err == nil {
		return d, nil
	}
	hint := "durations are numbers with a unit: ns, us, ms, s, m, h"
	if isNumber(text) {
		hint = fmt.Sprintf("a duration needs a unit: %ss or %sms", text, text)
	}
	return 0, wrong(wantDuration, text, hint)
}

// formatDuration writes 1m30s, and 2m where Go's own form is 2m0s.
func formatDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// parseShare reads a percentage or a fraction: 30%, 0.3.
func parseShare(text string) (float64, *fault) {
	number, percent := strings.CutSuffix(text, "%")
	n, ok := parseNumber(number)
	if !ok {
		return 0, wrong(wantShare, text, "")
	}
	if percent {
		n.Quo(n, big.NewRat(100, 1))
	}
	share, _ := n.Float64()
	return share, nil
}

// formatShare writes a percentage so that reading it gives the same number.
func formatShare(share float64) string {
	text := formatNumber(share)
	n, ok := new(big.Rat).SetString(text)
	if !ok {
		return text
	}
	_, decimals, _ := strings.Cut(text, ".")
	percent := n.Mul(n, big.NewRat(100, 1)).FloatString(max(0, len(decimals)-2))
	return percent + "%"
}

// formatNumber writes the shortest decimal that reads as the same number.
func formatNumber(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// grouped writes a number with commas between thousands, for messages.
func grouped(n float64) string {
	whole, rest, _ := strings.Cut(formatNumber(n), ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		return whole + "." + rest
	}
	return whole
}

// quote shows text from a file in a message, cut when it is long.
func quote(text string) string {
	const longest = 60
	if r := []rune(text); len(r) > longest {
		text = string(r[:longest]) + "…"
	}
	return strconv.Quote(text)
}
