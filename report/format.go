package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"msklt/internal/limits"
)

// unknown is printed for a value that the run did not yield.
const unknown = "not known"

// Bandwidth renders bytes per second. It, Percent, Millis and Count are for what is
// told of a run in progress, so that it looks as the result will.
func Bandwidth(bytesPerSecond float64) string { return bandwidth(bytesPerSecond) }

// Percent renders a share of 1; NaN is not known.
func Percent(share float64) string { return percent(share) }

// Millis renders a duration given in milliseconds.
func Millis(ms float64) string { return millis(ms) }

// Count renders a count, thousands separated.
func Count(n int64) string { return count(n) }

// Size renders bytes in the largest unit that keeps them at 1 or above.
func Size(bytes float64) string { return size(bytes) }

// Money renders an amount.
func Money(v float64, currency string) string { return money(v, currency) }

// Counted renders a number of things: 1 broker, 2,400 partitions.
func Counted(n int, thing string) string { return counted(n, thing) }

// Wait renders how long somebody waits, as people say it: 40 s, 3 min, 1 h 20 min.
func Wait(s float64) string {
	minutes := int(math.Round(s / 60))
	switch {
	case s < 99.5:
		return fmt.Sprintf("%.0f s", math.Ceil(s))
	case minutes < 100:
		return fmt.Sprintf("%d min", minutes)
	}
	return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
}

// digits renders v with three significant digits, or as a whole number from
// 1,000 on, thousands separated.
func digits(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return unknown
	}
	if v == 0 {
		return "0"
	}
	if math.Abs(v) < 0.0005 {
		return "< 0.001"
	}
	_, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', 2, 64), "e")
	power, err := strconv.Atoi(exponent)
	if err != nil {
		return unknown
	}
	return group(strconv.FormatFloat(v, 'f', max(0, 2-power), 64))
}

// count renders a count, thousands separated.
func count(n int64) string { return group(strconv.FormatInt(n, 10)) }

// group puts a comma between each three digits of a decimal's whole part.
func group(decimal string) string {
	sign := ""
	if strings.HasPrefix(decimal, "-") {
		sign, decimal = "-", decimal[1:]
	}
	whole, fraction, found := strings.Cut(decimal, ".")
	var b strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	if found {
		b.WriteString("." + fraction)
	}
	return sign + b.String()
}

// megabytes renders bytes per second as a number of MB/s, for columns whose
// head states the unit.
func megabytes(bytesPerSecond float64) string { return digits(bytesPerSecond / 1e6) }

// bandwidth renders bytes per second in the largest unit that keeps it at 1 or
// above.
func bandwidth(bytesPerSecond float64) string {
	switch v := math.Abs(bytesPerSecond); {
	case v >= 999.5e6:
		return withUnit(bytesPerSecond/1e9, "GB/s")
	case v >= 999.5e3:
		return withUnit(bytesPerSecond/1e6, "MB/s")
	case v >= 999.5:
		return withUnit(bytesPerSecond/1e3, "kB/s")
	}
	return withUnit(bytesPerSecond, "B/s")
}

// quantity renders a limit's value in its unit ("bytes/s", "requests/s", or
// whatever else a limit counts).
func quantity(v float64, unit string) string {
	switch {
	case unit == "bytes/s":
		return bandwidth(v)
	case v == math.Trunc(v) && math.Abs(v) < 1e15:
		return strings.TrimSpace(count(int64(v)) + " " + clip(unit, 20))
	}
	return withUnit(v, unit)
}

func withUnit(v float64, unit string) string {
	number := digits(v)
	if number == unknown || unit == "" {
		return number
	}
	return number + " " + clip(unit, 20)
}

// optional is quantity for a value that may not be known.
func optional(v *float64, unit string) string {
	if v == nil {
		return unknown
	}
	return quantity(*v, unit)
}

// percent renders a share of 1 with one decimal. Only nothing is printed as
// 0 %, and only the whole as 100 %.
func percent(share float64) string {
	p := share * 100
	switch {
	case math.IsNaN(p) || math.IsInf(p, 0):
		return unknown
	case p == 0 || p == 100:
		return strconv.Itoa(int(p)) + " %"
	case p > 0 && p < 0.1:
		return "< 0.1 %"
	case p > 99.9 && p < 100:
		return "> 99.9 %"
	}
	return group(strconv.FormatFloat(p, 'f', 1, 64)) + " %"
}

// millis renders a duration given in milliseconds, in seconds from 1 s on.
func millis(ms float64) string {
	if math.Abs(ms) >= 999.5 {
		return withUnit(ms/1000, "s")
	}
	return withUnit(ms, "ms")
}

// atLeast is millis for a value that is only a lower bound when censored.
func atLeast(ms float64, censored bool) string {
	if censored {
		return "≥ " + millis(ms)
	}
	return millis(ms)
}

// percentile is atLeast, or a dash where the histogram is empty.
func percentile(l Latency, ms float64, censored bool) string {
	if l.Count == 0 {
		return "–"
	}
	return atLeast(ms, censored)
}

// seconds renders a duration given in seconds with one decimal.
func seconds(s float64) string {
	if math.IsNaN(s) || math.IsInf(s, 0) {
		return unknown
	}
	return strings.TrimSuffix(group(strconv.FormatFloat(s, 'f', 1, 64)), ".0") + " s"
}

// clip shortens a name to at most n characters and replaces control characters,
// so that no name can break a layout or steer a terminal.
func clip(name string, n int) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '\uFFFD'
		}
		return r
	}, name)
	if utf8.RuneCountInString(clean) <= n {
		return clean
	}
	return string([]rune(clean)[:n-1]) + "…"
}

// partitionName is how a partition is called everywhere: topic/number.
func partitionName(topic string, partition int32, n int) string {
	number := "/" + strconv.Itoa(int(partition))
	return clip(topic, max(2, n-len(number))) + number
}

// reading renders a value that is held against a bound, with every digit it has
// up to five, so that the two can be told apart.
func reading(v float64, unit string) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return unknown
	}
	_, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', 4, 64), "e")
	power, err := strconv.Atoi(exponent)
	if err != nil {
		return unknown
	}
	number := strconv.FormatFloat(v, 'f', min(max(0, 4-power), 9), 64)
	if strings.Contains(number, ".") {
		number = strings.TrimRight(strings.TrimRight(number, "0"), ".")
	}
	return strings.TrimSpace(group(number) + " " + clip(unit, 20))
}

// unbroken keeps numbers and their units on one line.
func unbroken(text string) string {
	fields := strings.Split(text, " ")
	var b strings.Builder
	for i, word := range fields {
		if i > 0 {
			separator := " "
			if slices.Contains([]string{"≥", "≤", "±", "<", ">"}, fields[i-1]) || isUnit(strings.TrimRight(word, ".,;:)")) {
				separator = "\u00a0"
			}
			b.WriteString(separator)
		}
		b.WriteString(word)
	}
	return b.String()
}

func isUnit(word string) bool {
	return slices.Contains([]string{"GB/s", "MB/s", "kB/s", "B/s", "ms", "s", "%"}, word)
}

// sentence is words with a capital, for a heading of its own.
func sentence(s limits.Status) string {
	text := words(string(s))
	if text == "" {
		return unknown
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// words renders a status as text.
func words(status string) string { return clip(strings.ReplaceAll(status, "_", " "), 40) }
