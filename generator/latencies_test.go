package generator

import (
	"math"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"
)

// TestLatenciesAreHdr holds every answer against HdrHistogram's own, which has the
// same buckets, whatever was recorded, merged and copied.
func TestLatenciesAreHdr(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		significant := rapid.SampledFrom([]int{secondDigits, digits}).Draw(t, "digits")
		durations := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) int64 {
			return rapid.Int64Range(0, highest>>rapid.IntRange(0, 39).Draw(t, "shift")).Draw(t, "ns")
		}), 0, 200)
		want := hdrhistogram.New(lowest, highest, significant)
		parts := []*latencies{newLatencies(significant), newLatencies(significant)}
		parts[0].record(time.Hour)
		parts[0].Reset()
		for _, l := range parts {
			for _, v := range durations.Draw(t, "durations") {
				if err := want.RecordValue(v); err != nil {
					t.Fatal(err)
				}
				l.record(time.Duration(v))
			}
		}
		got := parts[0].clone()
		got.merge(parts[1])
		if !got.hdr().Equals(want) {
			t.Fatalf("buckets differ: %v, want %v", got.hdr().Distribution(), want.Distribution())
		}
		if want.TotalCount() == 0 {
			if got.TotalCount() != 0 || got.Max() != 0 || got.Mean() != 0 || got.ValueAtQuantile(50) != 0 {
				t.Fatal("there is something in an empty one")
			}
			return
		}
		if got.TotalCount() != want.TotalCount() || got.Max() != want.Max() || math.Abs(got.Mean()-want.Mean()) > 1e-9*want.Mean() {
			t.Fatalf("count %d, max %d, mean %v; want %d, %d, %v", got.TotalCount(), got.Max(), got.Mean(), want.TotalCount(), want.Max(), want.Mean())
		}
		for _, percent := range []float64{1, 50, 90, 99, 99.9, 100} {
			// The library rounds a rank to the nearest one; ours is never too low.
			n := got.TotalCount()
			exact := 100 * float64(rankOf(percent/100, n)) / float64(n)
			if got.ValueAtQuantile(percent) != want.ValueAtQuantile(exact) {
				t.Fatalf("p%v is %d, want %d", percent, got.ValueAtQuantile(percent), want.ValueAtQuantile(exact))
			}
		}
		if again := parts[0].clone(); again.total > 0 {
			again.Reset()
			if parts[0].TotalCount() == 0 || again.Max() != 0 {
				t.Fatal("a copy shares its pages")
			}
		}
	})
}

// TestLatenciesSize bounds what a histogram takes: all pages of three digits are what
// HdrHistogram's counts are, and a client's usual range is a third of them.
func TestLatenciesSize(t *testing.T) {
	l := newLatencies(digits)
	for v := time.Millisecond; v < 100*time.Millisecond; v += 500 {
		l.record(v)
	}
	if n := held(l); n > 60<<10 {
		t.Errorf("%d bytes for 1 to 100 ms", n)
	}
	for v := int64(0); v < highest; v += max(lowest/2, v>>10) {
		l.record(time.Duration(v))
	}
	if n, all := held(l), hdrhistogram.New(lowest, highest, digits).ByteSize(); n > all+pageSize*8 {
		t.Errorf("%d bytes when full, HdrHistogram has %d", n, all)
	}
}

// held is how many bytes the counts take.
func held(l *latencies) (bytes int) {
	for _, page := range l.pages {
		if page != nil {
			bytes += pageSize * 8
		}
	}
	return bytes
}

func BenchmarkRecordLatency(b *testing.B) {
	l := newLatencies(digits)
	d := time.Millisecond
	for b.Loop() {
		l.record(d)
		d = time.Millisecond + (d*3)%(50*time.Millisecond)
	}
}

func BenchmarkRecordHdr(b *testing.B) {
	l := hdrhistogram.New(lowest, highest, digits)
	d := time.Millisecond
	for b.Loop() {
		_ = l.RecordValues(int64(d), 1)
		d = time.Millisecond + (d*3)%(50*time.Millisecond)
	}
}
