package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// maxColumns is how many steps of time a chart shows at most; longer runs are
// thinned, keeping each step's lowest and highest second.
const maxColumns = 600

// timeline is a run's seconds in steps of equal length, with its x axis.
type timeline struct {
	steps [][]Second
	step  int     // seconds in each
	end   float64 // of the axis, in seconds
	x     scale
}

func newTimeline(r *Result) timeline {
	return newTimelineOn(r.Timeline, (len(r.Timeline)+maxColumns-1)/maxColumns, timeEnd(r))
}

// timeEnd is where a run's axis of time ends.
func timeEnd(r *Result) float64 {
	end := max(r.DurationSeconds, 1)
	for _, s := range r.Timeline {
		end = max(end, float64(s.Second)+1)
	}
	return end
}

// newTimelineOn puts seconds on an axis that other runs may share.
func newTimelineOn(seconds []Second, step int, end float64) timeline {
	t := timeline{step: max(1, step), end: end, x: linear(0, end)}
	for from := 0; from < len(seconds); from += t.step {
		t.steps = append(t.steps, seconds[from:min(from+t.step, len(seconds))])
	}
	return t
}

// trace draws one value over time. A step of several seconds gets its lowest
// and its highest second; where value has none, the line has a gap.
func (t timeline) trace(y scale, value func(Second) (float64, bool)) []point {
	var points []point
	gap := true
	for _, step := range t.steps {
		low, high, found := extremes(step, value)
		if !found {
			gap = true
			continue
		}
		for _, s := range inTime(low, high) {
			v, _ := value(s)
			points = append(points, point{x: t.x(float64(s.Second) + 0.5), y: y(v), gap: gap})
			gap = false
		}
	}
	return points
}

// extremes returns the seconds with the lowest and the highest value.
func extremes(step []Second, value func(Second) (float64, bool)) (low, high Second, found bool) {
	lowest, highest := math.Inf(1), math.Inf(-1)
	for _, s := range step {
		v, ok := value(s)
		if !ok {
			continue
		}
		found = true
		if v < lowest {
			low, lowest = s, v
		}
		if v > highest {
			high, highest = s, v
		}
	}
	return low, high, found
}

func inTime(a, b Second) []Second {
	switch {
	case a.Second == b.Second:
		return []Second{a}
	case a.Second < b.Second:
		return []Second{a, b}
	}
	return []Second{b, a}
}

// unmeasured shades what was not measured.
func (t timeline) unmeasured(r *Result) []band {
	var bands []band
	for _, p := range r.Phases {
		if !p.Measured {
			bands = append(bands, t.band(p.From, p.To, "unmeasured", clip(p.Name, 24)))
		}
	}
	if n := len(r.Phases); n > 0 && t.end-r.Phases[n-1].To >= 0.5 {
		bands = append(bands, t.band(r.Phases[n-1].To, t.end, "unmeasured", "drain"))
	}
	return bands
}

// bands shades what was not measured and, over it, when throttles were in
// force.
func (t timeline) bands(r *Result) []band {
	bands := t.unmeasured(r)
	var shades []ThrottleInterval
	for _, i := range r.Throttle.Intervals {
		last := len(shades) - 1
		// What is less than a pixel apart is drawn as one.
		if last >= 0 && i.From-shades[last].To < t.end/1000 {
			shades[last].To = max(shades[last].To, i.To)
			continue
		}
		shades = append(shades, i)
	}
	for _, i := range shades {
		bands = append(bands, t.band(i.From, i.To, "throttled", ""))
	}
	return bands
}

// band is a span of the axis; where it is narrow its label has no room.
func (t timeline) band(from, to float64, class, text string) band {
	width := max(t.x(to)-t.x(from), 0)
	return band{X: at(t.x(from)), Width: at(width), Class: class, Label: text, Narrow: width < 0.08}
}

func (t timeline) readout(text func([]Second) string) *readout {
	if len(t.steps) == 0 {
		return nil
	}
	out := &readout{End: t.end, Step: t.step}
	for _, step := range t.steps {
		out.X = append(out.X, 1000*step[0].Second+500*len(step))
		out.T = append(out.T, stepName(step)+" s: "+text(step))
	}
	return out
}

// stepName is "12", or "12–15" for a step of several seconds.
func stepName(step []Second) string {
	first := strconv.Itoa(step[0].Second)
	if len(step) == 1 {
		return first
	}
	return first + "–" + strconv.Itoa(step[len(step)-1].Second)
}

func (t timeline) note(what string) string {
	if t.step == 1 {
		return ""
	}
	return fmt.Sprintf("Each row is %d seconds: %s. result.json has every second.", t.step, what)
}

func mean(step []Second, value func(Second) float64) float64 {
	sum := 0.0
	for _, s := range step {
		sum += value(s)
	}
	return sum / float64(len(step))
}

func highest(step []Second, value func(Second) float64) float64 {
	top := 0.0
	for _, s := range step {
		top = max(top, value(s))
	}
	return top
}

func offeredBytes(s Second) float64   { return float64(s.OfferedBytes) }
func ackedBytes(s Second) float64     { return float64(s.AckedBytes) }
func consumedBytes(s Second) float64  { return float64(s.ConsumedBytes) }
func throttledShare(s Second) float64 { return s.ThrottledShare }

// always makes a value of every second a trace's value.
func always(value func(Second) float64) func(Second) (float64, bool) {
	return func(s Second) (float64, bool) { return value(s), true }
}

// loadChart is offered against acked over time, beside the load that the limits allow.
// Of a run that only reads it is what was consumed.
func loadChart(r *Result) plot {
	t := newTimeline(r)
	lines, unit := loadLines(onlyReads(r))
	c := chart{ID: "load", Title: loadFinding(r), Height: 240, Y: unit, X: "seconds since the start of traffic"}
	fits := loadCeiling(r)
	if onlyReads(r) {
		fits = nil
	}
	highestRate := 0.0
	for _, l := range lines {
		highestRate = max(highestRate, highest(r.Timeline, l.value))
	}
	within := fits != nil && fits.load <= 1.5*highestRate
	if within {
		highestRate = max(highestRate, fits.load)
	}
	ticks, top := rateTicks(highestRate, vertical)
	y := linear(0, top)
	p := plot{chart: c, XTicks: timeTicks(t.end), YTicks: ticks, Bands: t.bands(r), Marks: t.marks(r, markRoom)}
	var heights []float64
	for _, l := range lines {
		p.Lines = append(p.Lines, line{D: path(t.trace(y, always(l.value))), Class: l.name})
		p.Labels = append(p.Labels, label{Text: l.name, Class: l.name})
		heights = append(heights, 1-y(l.mean(r.Rates)))
	}
	switch {
	case within:
		p.Lines = append(p.Lines, line{D: path([]point{{x: 0, y: y(fits.load)}, {x: 1, y: y(fits.load)}}), Class: "limit"})
		p.Labels = append(p.Labels, label{Text: "limit", Class: "limit"})
		heights = append(heights, 1-y(fits.load))
		p.Key = append(p.Key, key{"limit", fits.text() + ": " + bandwidth(fits.load)})
	case fits != nil:
		p.Key = append(p.Key, key{"", fits.text() + ": " + bandwidth(fits.load) + ", beyond the axis"})
	}
	p.place(heights...)
	for _, k := range []key{{"throttled", "a throttle was in force"}, {"unmeasured", "not measured"}} {
		if slices.ContainsFunc(p.Bands, func(b band) bool { return b.Class == k.Class }) {
			p.Key = append(p.Key, k)
		}
	}
	p.Readout = t.readout(func(step []Second) string {
		text := ""
		for _, l := range lines {
			text += l.name + " " + bandwidth(mean(step, l.value)) + ", "
		}
		return text + "throttled " + percent(mean(step, throttledShare))
	})
	if p.Readout != nil {
		p.Readout.Of, p.Readout.Top = []string{"heat"}, top/1e6
	}
	p.Table = loadTable(t)
	return p
}

func loadTable(t timeline) table {
	out := table{
		Head:  []string{"second", "phase", "offered MB/s", "acked MB/s", "consumed MB/s", "throttled", "waiting records", "failed records"},
		Texts: 2, Note: t.note("means; waiting is the highest, failed the sum"),
	}
	for _, step := range t.steps {
		out.Rows = append(out.Rows, []string{
			stepName(step), clip(step[0].Phase, 40),
			megabytes(mean(step, offeredBytes)), megabytes(mean(step, ackedBytes)), megabytes(mean(step, consumedBytes)),
			percent(mean(step, throttledShare)),
			digits(highest(step, func(s Second) float64 { return float64(s.Waiting) })),
			digits(mean(step, func(s Second) float64 { return float64(s.Failed) }) * float64(len(step))),
		})
	}
	return out
}

func loadFinding(r *Result) string {
	offered, acked := r.Rates.OfferedBytesPerSecond, r.Rates.AckedBytesPerSecond
	share := ackedShare(r)
	switch {
	case onlyReads(r):
		return "Consumed " + bandwidth(r.Rates.ConsumedBytesPerSecond) + " in the measured phases"
	case offered <= 0:
		return "Nothing was offered in the measured phases"
	case share >= 0.99:
		return "Acked kept up with offered: " + bandwidth(acked) + " of " + bandwidth(offered)
	}
	return "Acked fell " + percent(1-share) + " short of offered: " + bandwidth(acked) + " of " + bandwidth(offered)
}

// measured tells whether a second lies in a measured phase.
func measured(r *Result, s Second) bool {
	for _, p := range r.Phases {
		if p.Measured && float64(s.Second) >= p.From && float64(s.Second) < p.To {
			return true
		}
	}
	return false
}
