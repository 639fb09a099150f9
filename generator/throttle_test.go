package generator

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestUnionOfThrottles holds the interval arithmetic against counting milliseconds.
func TestUnionOfThrottles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var logs [2]throttleLog
		var paused [2][20_000]bool
		for i := range logs {
			at := 0
			for range rapid.IntRange(0, 12).Draw(t, "responses") {
				at += rapid.IntRange(0, 2000).Draw(t, "gap")
				d := rapid.IntRange(1, 1500).Draw(t, "pause")
				logs[i].add(time.Duration(at)*time.Millisecond, time.Duration(d)*time.Millisecond)
				for ms := at; ms < min(at+d, len(paused[i])); ms++ {
					paused[i][ms] = true
				}
			}
		}
		from := rapid.IntRange(0, 10_000).Draw(t, "from")
		mid := from + rapid.IntRange(1, 4000).Draw(t, "mid")
		to := mid + rapid.IntRange(1, 4000).Draw(t, "to")
		spans := []interval{{ms(from), ms(mid)}, {ms(mid + 500), ms(to + 500)}}
		want := 0
		for i := range paused[0] {
			if paused[0][i] && (i >= from && i < mid || i >= mid+500 && i < to+500) {
				want++
			}
		}
		if got := within(logs[0].union, spans); got != ms(want) {
			t.Fatalf("within %v: %s, want %s", spans, got, ms(want))
		}
		seconds := bySecond(logs[0].union, 20)
		for s, got := range seconds {
			want := 0
			for _, p := range paused[0][1000*s : 1000*(s+1)] {
				if p {
					want++
				}
			}
			if got != ms(want) {
				t.Fatalf("second %d: %s, want %s", s, got, ms(want))
			}
		}
		want = 0
		for i := range paused[0] {
			if paused[0][i] || paused[1][i] {
				want++
			}
		}
		if got := within(merge(logs[0].union, logs[1].union), []interval{{0, 20 * time.Second}}); got != ms(want) {
			t.Fatalf("merged: %s, want %s", got, ms(want))
		}
	})
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// TestWakes holds the bounded log of wake-ups against a full one.
func TestWakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w wakes
		var full []time.Duration // of each record
		next := int64(0)
		for i := range rapid.IntRange(1, 3*maxWakes).Draw(t, "wake-ups") {
			at := ms(i)
			for range i % 3 {
				full = append(full, at)
			}
			if i%3 > 0 {
				w.add(int64(len(full)), at)
			}
			if i%7 == 0 && next < int64(len(full)) { // far fewer are handed than found
				got, want := w.attempted(next), full[next]
				if got < want || got-want > (at-want)/100+ms(2) {
					t.Fatalf("record %d was found at %s, the log says %s, it is %s now", next, want, got, at)
				}
				next++
			}
		}
	})
}

// TestThrottledUntil holds the running sum against the union up to a time, which is no
// earlier than the last response.
func TestThrottledUntil(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var log throttleLog
		at := 0
		for range rapid.IntRange(0, 12).Draw(t, "responses") {
			at += rapid.IntRange(0, 2000).Draw(t, "gap")
			log.add(ms(at), ms(rapid.IntRange(1, 1500).Draw(t, "pause")))
		}
		end := ms(at + rapid.IntRange(0, 2000).Draw(t, "later"))
		if got, want := log.until(end), within(log.union, []interval{{0, end}}); got != want {
			t.Fatalf("%v until %s: %s, want %s", log.union, end, got, want)
		}
	})
}
