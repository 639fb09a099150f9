package scenario

import (
	"fmt"
	"math"
	"time"

	yaml "go.yaml.in/yaml/v4"
)

// rate reads a fleet's rate: one value, max, or a mapping that names the shape of
// a curve.
func rate(o *object) Rate {
	const (
		leastRecords = 0.001
		leastBytes   = 1
	)
	var r Rate
	if n := o.get("rate"); n != nil && resolve(n).Kind == yaml.MappingNode {
		r = rateCurve(o)
	} else {
		r = read(o, "rate", wantRate, Rate{Max: true}, parseRate)
	}
	if r.Max || !o.sound("rate") {
		return r
	}
	low, high := Rate{Records: leastRecords}, Rate{Records: mostRecords}
	if r.Bytes != 0 {
		low, high = Rate{Bytes: leastBytes}, Rate{Bytes: mostBytes}
	}
	if r.Bytes+r.Records < low.Bytes+low.Records || r.Bytes+r.Records > high.Bytes+high.Records {
		what := ""
		if r.Curve.Shape != Constant {
			what = "the highest value "
		}
		o.fail("rate", "", "%smust be between %s and %s, is %s", what, low, high, r)
	}
	return r
}

func rateCurve(o *object) Rate {
	var u rateUnit
	c := curveReader{field: "rate", want: wantRateValue, parse: u.parse, replay: u.replay, example: "{ramp: {from: 1MB/s, to: 40MB/s, over: 30s}}"}
	curve := c.curve(o, "rate")
	peak := curve.Peak()
	switch {
	case o.sound("rate") && peak == 0:
		o.fail("rate", "", "the rate is 0 all the time")
	case u.bytes:
		return Rate{Curve: curve, Bytes: peak}
	}
	return Rate{Curve: curve, Records: peak}
}

// poisson reads whether records leave at random times.
func poisson(o *object, r Rate) bool {
	is := o.word("arrival", "even", "even", "poisson") == "poisson"
	if is && r.Max && o.has("rate") && o.sound("rate", "arrival") {
		o.fail("arrival", "give a rate, or remove arrival", "a fleet whose rate is max has no schedule")
	}
	return is
}

// rateUnit holds the values of one rate to one unit.
type rateUnit struct {
	known, bytes bool
}

// parse reads a value of a curve of rates.
func (u *rateUnit) parse(text string) (float64, *fault) {
	r, bytes, f := parseUnitRate(text, wantRateValue)
	if f != nil {
		return 0, f
	}
	value, most := r.Records+r.Bytes, Rate{Records: mostRecords}
	if bytes {
		most = Rate{Bytes: mostBytes}
	}
	switch {
	case u.known && u.bytes != bytes:
		names := map[bool]string{false: "records", true: "bytes"}
		return 0, &fault{fmt.Sprintf("%s is in %s, but the values before it are in %s", text, names[bytes], names[u.bytes]),
			"keep to one unit within a rate"}
	case value < 0 || value > most.Records+most.Bytes:
		return 0, &fault{fmt.Sprintf("must be between 0 and %s, is %s", most, text), ""}
	}
	u.known, u.bytes = true, bytes
	return value, nil
}

// replay reads a recorded rate: CSV rows of seconds since the start and the rate
// from there on.
func (u *rateUnit) replay(o *object) Curve {
	const (
		withUnits, records, bytes = "seconds,rate", "seconds,records_per_second", "seconds,bytes_per_second"
		longest                   = 366 * 24 * 3600
	)
	o.require("file", "traffic.csv")
	t, file := o.table("file", withUnits, records, bytes)
	c := Curve{Shape: Replay, File: file}
	if t == nil {
		return c
	}
	u.bytes = t.header == bytes
	last := time.Duration(-1)
	for t.next() {
		seconds, ok := t.number(0, 0, longest)
		at := time.Duration(math.Round(seconds * float64(time.Second)))
		switch {
		case !ok:
			continue
		case last < 0 && at != 0:
			t.fail(0, "", "the first row must be at 0 seconds, is at %s", t.row[0])
		case at <= last:
			t.fail(0, "", "rows must go forward in time: %s seconds come after %s", t.row[0], formatNumber(last.Seconds()))
			continue
		}
		value, ok := u.row(t)
		if !ok {
			continue
		}
		if n := len(c.Steps); n > 0 {
			c.Steps[n-1].For = at - last
		}
		if len(c.Steps) == mostPieces {
			t.fail(0, "", "a recorded rate may have %s rows; this is one more", grouped(mostPieces))
			break
		}
		c.Steps, last = append(c.Steps, Step{Value: value}), at
	}
	if len(c.Steps) == 0 && t.wrong == 0 {
		o.fail("file", "", "%s has no rows", quote(file.Name))
	}
	return c
}

// row reads the rate of a row.
func (u *rateUnit) row(t *table) (value float64, ok bool) {
	switch {
	case t.header != "seconds,rate" && u.bytes:
		return t.number(1, 0, mostBytes)
	case t.header != "seconds,rate":
		return t.number(1, 0, mostRecords)
	}
	value, f := u.parse(t.row[1])
	if f != nil {
		t.fail(1, f.hint, "%s", f.message)
	}
	return value, f == nil
}
