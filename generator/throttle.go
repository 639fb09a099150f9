package generator

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// throttleLog is the throttle responses of one link: their durations, and the union
// of their intervals.
type throttleLog struct {
	durations *latencies // nil without any
	union     []interval // disjoint, in order
	sum       time.Duration
	lasted    time.Duration // of the union
}

type interval struct{ from, to time.Duration }

// add notes a response that came at a time and throttles for d. Times must not
// go backwards.
func (t *throttleLog) add(at, d time.Duration) {
	if t.durations == nil {
		t.durations = newLatencies(digits)
	}
	t.durations.record(d)
	t.sum += d
	if n := len(t.union); n > 0 && at <= t.union[n-1].to {
		to := max(t.union[n-1].to, at+d)
		t.lasted += to - t.union[n-1].to
		t.union[n-1].to = to
		return
	}
	t.lasted += d
	t.union = append(t.union, interval{at, at + d})
}

// until is how long the union lasts up to a time, no earlier than the last response.
func (t *throttleLog) until(at time.Duration) time.Duration {
	if n := len(t.union); n > 0 {
		return t.lasted - max(0, t.union[n-1].to-at)
	}
	return 0
}

// responses is how many there were.
func (t *throttleLog) responses() int64 {
	if t.durations == nil {
		return 0
	}
	return t.durations.TotalCount()
}

// within is how long the union lasts inside the given spans.
func within(union, spans []interval) time.Duration {
	if len(spans) == 0 {
		return 0
	}
	var total time.Duration
	// While traffic flows only the last of many are asked for, under a lock.
	i := sort.Search(len(union), func(i int) bool { return union[i].to > spans[0].from })
	for _, s := range spans {
		for i > 0 && union[i-1].to > s.from {
			i--
		}
		for ; i < len(union) && union[i].from < s.to; i++ {
			if u := min(union[i].to, s.to) - max(union[i].from, s.from); u > 0 {
				total += u
			}
		}
	}
	return total
}

// merge returns the union of several unions.
func merge(all ...[]interval) []interval {
	var flat []interval
	for _, a := range all {
		flat = append(flat, a...)
	}
	sortIntervals(flat)
	out := flat[:0]
	for _, i := range flat {
		if n := len(out); n > 0 && i.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, i.to)
		} else {
			out = append(out, i)
		}
	}
	return out
}

// bySecond spreads a union over seconds: the throttled time in each of n.
func bySecond(union []interval, n int) []time.Duration {
	out := make([]time.Duration, n)
	for _, i := range union {
		for s := int(i.from / time.Second); s < n && time.Duration(s)*time.Second < i.to; s++ {
			start := time.Duration(s) * time.Second
			out[s] += min(i.to, start+time.Second) - max(i.from, start)
		}
	}
	return out
}

func sortIntervals(all []interval) {
	slices.SortFunc(all, func(a, b interval) int { return cmp.Compare(a.from, b.from) })
}
