package limits

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// timeline is the load of a scenario over its own time: how many records of each
// fleet are due in each step.
type timeline struct {
	step   time.Duration
	counts [][]int64       // by fleet, then step: records in thousandths
	peak   []float64       // by fleet: the most records per second that a window holds
	paced  map[string]pace // by group, of those with a pace of their own
}

// pace is when a group reads at its own one.
type pace struct {
	counts [][]int64 // as those of the timeline
	peak   []float64
}

const (
	fineStep   = 20 * time.Millisecond
	coarseStep = 100 * time.Millisecond // its windows hold up to 0.9 % too much
	fineUpTo   = 10 * time.Minute
	// scale is by how much records are multiplied to count them in integers.
	scale = 1000
)

func (d *demand) timeline() *timeline {
	t := &timeline{step: fineStep}
	if d.end > fineUpTo {
		t.step = coarseStep
	}
	t.paced = map[string]pace{}
	steps := int(d.end / t.step)
	for _, f := range d.fleets {
		counts := make([]int64, steps)
		last := int64(0)
		for i := range counts {
			due := f.schedule.Due(time.Duration(i+1)*t.step - 1)
			counts[i] = scale * (due - last)
			last = due
		}
		t.counts = append(t.counts, counts)
	}
	t.peak = t.peaks(t.counts)
	for _, g := range d.groups {
		if g.ownPace() {
			counts := t.read(d, g)
			t.paced[g.Name] = pace{counts, t.peaks(counts)}
		}
	}
	return t
}

// peaks are the most records per second that a window holds of each fleet's counts.
func (t *timeline) peaks(counts [][]int64) []float64 {
	peaks := make([]float64, len(counts))
	for f := range counts {
		peaks[f], _ = t.replay([]weight{{counts: counts[f], bytes: 1}}, math.Inf(1))
	}
	return peaks
}

// paceOf is when a part of a use comes.
func (t *timeline) paceOf(p part) (counts []int64, peak, times float64) {
	if p.group != nil {
		own := t.paced[p.group.Name]
		return own.counts[p.fleet], own.peak[p.fleet], 1
	}
	return t.counts[p.fleet], t.peak[p.fleet], p.keeps
}

// bound is what no window of a use can hold more than, per second.
func (t *timeline) bound(u use) (sum float64) {
	for _, p := range u.parts {
		_, peak, times := t.paceOf(p)
		sum += times * p.most() * peak
	}
	return sum
}

// weight is a fleet's counts and what each of its records weighs.
type weight struct {
	counts []int64
	bytes  float64
	hot    []hotSpell
	times  float64 // of what hot brings
}

// at is what a record weighs at a time; times must not go backwards.
func (w *weight) at(t time.Duration) float64 {
	for len(w.hot) > 0 && w.hot[0].to <= t {
		w.hot = w.hot[1:]
	}
	if len(w.hot) > 0 && w.hot[0].from <= t {
		return w.bytes + w.times*w.hot[0].share
	}
	return w.bytes
}

// replay takes a load through Kafka's window. most is the highest S ÷ W, and first
// when it is over limit for the first time, at most d.end; -1 for never.
func (t *timeline) replay(parts []weight, limit float64) (most float64, first time.Duration) {
	var w Window
	first = -1
	steps := 0
	if len(parts) > 0 {
		steps = len(parts[0].counts)
	}
	for i := range steps {
		sum := 0.0
		for k := range parts {
			p := &parts[k]
			sum += float64(p.counts[i]) * p.at(time.Duration(i)*t.step)
		}
		if sum == 0 {
			continue
		}
		at := time.Duration(i+1) * t.step
		w.Record(at, int64(math.Round(sum)))
		held, width := w.Measure(at)
		rate := float64(held) / scale / width.Seconds()
		most = max(most, rate)
		if rate > limit && first < 0 {
			first = at
		}
	}
	return most, first
}

// hottestUse is the instance of a limit whose window holds most at any time, what
// that is, and when it is first over the limit.
func (t *timeline) hottestUse(all []use, limit float64) (best use, most float64, first time.Duration) {
	all = slices.Clone(all)
	bounds := make(map[Instance]float64, len(all))
	for _, u := range all {
		bounds[u.Instance] = t.bound(u)
	}
	slices.SortStableFunc(all, func(a, b use) int { return cmp.Compare(bounds[b.Instance], bounds[a.Instance]) })
	first = -1
	for _, u := range all {
		if bounds[u.Instance] <= most {
			break // no window of the rest can hold more
		}
		if m, at := t.replay(t.weights(u), limit); m > most {
			best, most, first = u, m, at
		}
	}
	return best, most, first
}

// weights are what the records of each fleet put on a use.
func (t *timeline) weights(u use) []weight {
	var out []weight
	for _, p := range u.parts {
		counts, _, times := t.paceOf(p)
		out = append(out, weight{counts, times * p.bytes, p.hot, times})
	}
	return out
}
