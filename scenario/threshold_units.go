package scenario

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// metricUnit is how the bounds of a metric are read and written.
type metricUnit struct {
	name    string // of a value in results
	want    string
	exact   bool    // whether == makes sense
	highest float64 // that the metric can have
	read    func(string) (float64, *fault)
}

func durationUnit() metricUnit {
	return metricUnit{name: "ms", want: wantDuration, highest: math.Inf(1), read: func(text string) (float64, *fault) {
		// What is longer is counted as this long.
		const longest = 10 * time.Minute
		d, f := parseDuration(text)
		if f == nil && d >= longest {
			return 0, &fault{fmt.Sprintf("must be below %s, where histograms end, is %s", formatDuration(longest), text), ""}
		}
		return float64(d) / float64(time.Millisecond), f
	}}
}

func shareUnit() metricUnit {
	return metricUnit{name: "share", want: wantShare, exact: true, highest: 1, read: parseShare}
}

func countUnit() metricUnit {
	return metricUnit{name: "records", want: "a whole number of records", exact: true, highest: math.Inf(1), read: parseCount}
}

func byteRateUnit() metricUnit {
	return metricUnit{name: "bytes/s", want: wantByteRate, highest: math.Inf(1), read: func(text string) (float64, *fault) {
		value, f := parseByteRate(text)
		if _, inRecords := parseCountRate(text); f != nil && inRecords == nil {
			f.hint = "it is in bytes of keys and values"
		}
		return value, f
	}}
}

// parse reads a bound.
func (u metricUnit) parse(text string) (float64, *fault) {
	value, f := u.read(text)
	if f != nil {
		if strings.HasPrefix(f.message, "want ") {
			f = wrong(u.want, text, f.hint)
		}
		return 0, f
	}
	if value < 0 {
		return 0, &fault{"must not be below 0, is " + text, ""}
	}
	return value, nil
}

// vacuous finds a condition that holds always or never, whatever the run does.
func (u metricUnit) vacuous(name, operator string, bound float64) *fault {
	never := operator == "<" && bound <= 0 || operator == ">" && bound >= u.highest || operator == "==" && bound > u.highest
	always := operator == ">=" && bound <= 0 || operator == "<=" && bound >= u.highest || operator == "<" && bound > u.highest
	switch {
	case never && bound == 0 && u.exact:
		return &fault{"this can never hold: " + name + " is not below 0", fmt.Sprintf("write %s == 0", name)}
	case never:
		return &fault{"this can never hold", ""}
	case always:
		return &fault{"this always holds", ""}
	}
	return nil
}
