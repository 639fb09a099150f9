package scenario

import (
	"math"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// evenly is the schedule of a fleet with one rate.
func evenly(recordsPerSecond float64, phases []Phase) Schedule {
	return NewSchedule(Producer{Rate: Rate{Records: recordsPerSecond}}, phases, 1)
}

// TestScheduleByHand holds the schedule of one fleet against times worked out by
// hand: 40,000/s at 25 % for 5 s (one record each 100 µs), then at 100 % for 40 s
// (each 25 µs).
func TestScheduleByHand(t *testing.T) {
	s := evenly(40000, []Phase{{"warm-up", 5 * time.Second, Always(0.25), false}, {"steady", 40 * time.Second, Always(1), true}})
	if s.Count() != 50_000+1_600_000 || s.End() != 45*time.Second {
		t.Errorf("%d records in %v, want 1650000 in 45s", s.Count(), s.End())
	}
	for _, c := range []struct {
		i     int64
		at    time.Duration
		phase int
	}{
		{0, 0, 0},
		{1, 100 * time.Microsecond, 0},
		{49_999, 5*time.Second - 100*time.Microsecond, 0},
		{50_000, 5 * time.Second, 1},
		{50_001, 5*time.Second + 25*time.Microsecond, 1},
		{1_649_999, 45*time.Second - 25*time.Microsecond, 1},
		{1_650_000, 45 * time.Second, 2}, // there is no such record
		{-1, 0, 0},
	} {
		if at, phase := s.At(c.i), s.PhaseAt(s.At(c.i)); at != c.at || phase != c.phase {
			t.Errorf("record %d at %v in phase %d, want %v in %d", c.i, at, phase, c.at, c.phase)
		}
	}
	for _, c := range []struct {
		t   time.Duration
		due int64
	}{
		{-1, 0}, {0, 1}, {99_999, 1}, {100_000, 2},
		{5*time.Second - 1, 50_000}, {5 * time.Second, 50_001}, {5*time.Second + 24_999, 50_001},
		{45*time.Second - 25_001, 1_649_999}, {45*time.Second - 25_000, 1_650_000},
		{45 * time.Second, 1_650_000}, {math.MaxInt64, 1_650_000},
	} {
		if due := s.Due(c.t); due != c.due {
			t.Errorf("%d records due at %d ns, want %d", due, c.t, c.due)
		}
	}
}

// TestScheduleDoesNotDrift holds the last record of a day at a million a second,
// and a rate whose interval is no whole number of nanoseconds.
func TestScheduleDoesNotDrift(t *testing.T) {
	const day = 24 * time.Hour
	s := evenly(1e6, []Phase{{"day", day, Always(1), true}})
	if s.Count() != 86_400_000_000 || s.At(s.Count()-1) != day-time.Microsecond {
		t.Errorf("%d records, the last at %v; want 86400000000, the last 1µs before the end", s.Count(), s.At(s.Count()-1))
	}
	thirds := evenly(3, []Phase{{"day", day, Always(1), true}})
	for _, c := range []struct {
		i  int64
		at time.Duration
	}{{1, 333_333_333}, {2, 666_666_666}, {3, 1_000_000_000}, {259_199, day - 333_333_334}} {
		if at := thirds.At(c.i); at != c.at {
			t.Errorf("record %d at %d ns, want %d", c.i, at, c.at)
		}
	}
}

func TestScheduleWithoutRecords(t *testing.T) {
	second := []Phase{{"a", time.Second, Always(1), true}}
	for name, s := range map[string]Schedule{
		"no phases":    evenly(1000, nil),
		"zero value":   {},
		"no rate":      evenly(0, second),
		"not a number": evenly(math.NaN(), second),
		"negative":     evenly(-1, second),
		"no load":      evenly(1000, []Phase{{"a", time.Second, Always(0), true}}),
		"no time":      evenly(1000, []Phase{{"a", 0, Always(1), true}, {"b", -time.Second, Always(1), true}}),
	} {
		if s.Count() != 0 || s.Due(time.Hour) != 0 || s.At(0) != s.End() {
			t.Errorf("%s: %d records, %d due, record 0 at %v of %v", name, s.Count(), s.Due(time.Hour), s.At(0), s.End())
		}
	}
	// The largest schedule that there can be stays inside its types.
	huge := evenly(math.Inf(1), []Phase{{"a", math.MaxInt64, Always(10), true}})
	if huge.Count() != math.MaxInt64 || huge.At(math.MaxInt64-1) != math.MaxInt64-1 || huge.Due(math.MaxInt64-2) != math.MaxInt64-1 {
		t.Errorf("%d records, the last at %d, %d due before it", huge.Count(), huge.At(math.MaxInt64-1), huge.Due(math.MaxInt64-2))
	}
}

type load struct {
	rate   float64
	phases []Phase
	Schedule
}

func drawLoad(t *rapid.T) load {
	l := load{rate: rapid.OneOf(rapid.Float64Range(0.01, 1e6), rapid.SampledFrom([]float64{1, 3, 1000, 40000, 1e6})).Draw(t, "rate")}
	for range rapid.IntRange(1, 5).Draw(t, "phases") {
		l.phases = append(l.phases, Phase{
			Duration: rapid.OneOf(
				rapid.Map(rapid.IntRange(1, 3600), func(s int) time.Duration { return time.Duration(s) * time.Second }),
				rapid.Map(rapid.Int64Range(1, 1e10), func(ns int64) time.Duration { return time.Duration(ns) }),
			).Draw(t, "duration"),
			Load: Always(rapid.OneOf(rapid.Float64Range(0, 3), rapid.SampledFrom([]float64{0, 0.25, 1})).Draw(t, "load")),
		})
	}
	l.Schedule = evenly(l.rate, l.phases)
	return l
}

// exact is the schedule once more, in fractions: how many records are due after
// each phase, and when record i leaves.
func (l load) exact(i int64) (at *big.Rat, total *big.Rat) {
	at, total = nil, new(big.Rat)
	start, record := new(big.Rat), new(big.Rat).SetInt64(i)
	for _, p := range l.phases {
		rate := big.NewRat(int64(math.Round(l.rate*p.Load.Peak()*1e9)), 1e9)
		seconds := big.NewRat(int64(p.Duration), 1e9)
		after := new(big.Rat).Add(total, new(big.Rat).Mul(rate, seconds))
		if at == nil && record.Cmp(after) < 0 {
			at = new(big.Rat).Sub(record, total)
			at.Add(at.Quo(at, rate), start)
		}
		start, total = new(big.Rat).Add(start, seconds), after
	}
	return at, total
}

// TestScheduleIsExact holds At, Count and PhaseAt against fractions.
func TestScheduleIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLoad(t)
		_, total := l.exact(0)
		count := new(big.Int).Add(total.Num(), total.Denom())
		count.Sub(count, big.NewInt(1)).Div(count, total.Denom()) // rounded up
		if l.Count() != count.Int64() {
			t.Fatalf("%d records, want %v", l.Count(), count)
		}
		if l.Count() == 0 {
			return
		}
		i := rapid.Int64Range(0, l.Count()-1).Draw(t, "i")
		want, _ := l.exact(i)
		want.Mul(want, big.NewRat(1e9, 1))
		ns := new(big.Int).Div(want.Num(), want.Denom())
		if got := l.At(i); int64(got) != ns.Int64() {
			t.Errorf("record %d at %d ns, want %v", i, got, ns)
		}
		var start time.Duration
		for p := range l.phases {
			end := start + l.phases[p].Duration
			if in := l.At(i) >= start && l.At(i) < end; in != (l.PhaseAt(l.At(i)) == p) {
				t.Errorf("record %d at %v is in phase %d, which phase %d from %v to %v denies", i, l.At(i), l.PhaseAt(l.At(i)), p, start, end)
			}
			start = end
		}
	})
}

// drawSchedule draws the schedule of any curves, even or Poisson.
func drawSchedule(t *rapid.T) Schedule {
	p := inRecords(drawCurve(t, rapid.SampledFrom([]float64{1, 1000, 1e6}).Draw(t, "peak")))
	p.Poisson = rapid.Bool().Draw(t, "poisson")
	var phases []Phase
	for range rapid.IntRange(1, 3).Draw(t, "phases") {
		phases = append(phases, Phase{Duration: time.Duration(rapid.Int64Range(1, int64(30*time.Second)).Draw(t, "duration")), Load: drawCurve(t, 2)})
	}
	return NewSchedule(p, phases, rapid.Uint64().Draw(t, "seed"))
}

// TestDueInvertsAt holds that Due(t) is the smallest n with At(n) > t, and that At
// never goes back.
func TestDueInvertsAt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawSchedule(t)
		instant := time.Duration(rapid.Int64Range(-1, int64(l.End())+1).Draw(t, "t"))
		n := l.Due(instant)
		if n < l.Count() && l.At(n) <= instant {
			t.Errorf("%d records due at %d, but record %d leaves at %d", n, instant, n, l.At(n))
		}
		if n > 0 && l.At(n-1) > instant {
			t.Errorf("%d records due at %d, but record %d leaves at %d", n, instant, n-1, l.At(n-1))
		}
		if l.Count() == 0 {
			return
		}
		i := rapid.Int64Range(0, l.Count()-1).Draw(t, "i")
		if due := l.Due(l.At(i)); due <= i {
			t.Errorf("record %d leaves at %d, when only %d are due", i, l.At(i), due)
		}
		if due := l.Due(l.At(i) - 1); due > i {
			t.Errorf("record %d leaves at %d, but %d are due 1 ns before", i, l.At(i), due)
		}
		if l.At(i+1) < l.At(i) {
			t.Errorf("record %d leaves at %d, record %d at %d", i, l.At(i), i+1, l.At(i+1))
		}
	})
}

// TestShardsShareOneSchedule holds that shards, each with a schedule of its own
// made from the same scenario, have together exactly the records of the whole:
// at any time as many are due, and each leaves when the whole says.
func TestShardsShareOneSchedule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := inRecords(drawCurve(t, 1000))
		p.Poisson = rapid.Bool().Draw(t, "poisson")
		phases := []Phase{phaseOf(1, drawCurve(t, 1)), phaseOf(rapid.Float64Range(0.001, 2).Draw(t, "duration"), drawCurve(t, 2))}
		seed := rapid.Uint64().Draw(t, "seed")
		whole := NewSchedule(p, phases, seed)
		instant := time.Duration(rapid.Int64Range(0, int64(whole.End())).Draw(t, "t"))
		shards := rapid.IntRange(1, 7).Draw(t, "shards")
		times := make([]time.Duration, whole.Count())
		due := int64(0)
		for shard := range shards {
			own := NewSchedule(p, phases, seed)
			due += ShardSlots(own.Due(instant), shard, shards)
			for n := ShardSlots(own.Count(), shard, shards) - 1; n >= 0; n-- { // backwards: nothing is accumulated
				i := int64(shard) + n*int64(shards)
				times[i] = own.At(i) + 1
			}
		}
		if due != whole.Due(instant) {
			t.Errorf("%d records due in the shards, %d in the whole", due, whole.Due(instant))
		}
		for i, at := range times {
			if at-1 != whole.At(int64(i)) {
				t.Fatalf("record %d leaves at %d in its shard, at %d in the whole", i, at-1, whole.At(int64(i)))
			}
		}
	})
}

// TestShards holds that the shards share the slots out: each slot once, and
// ShardSlots counts them.
func TestShards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(0, 500).Draw(t, "total")
		shards := rapid.IntRange(1, 20).Draw(t, "shards")
		taken := make([]int, total)
		for shard := range shards {
			slots := int64(0)
			for i := int64(shard); i < total; i += int64(shards) {
				taken[i]++
				slots++
			}
			if got := ShardSlots(total, shard, shards); got != slots {
				t.Errorf("shard %d of %d has %d of %d slots, want %d", shard, shards, got, total, slots)
			}
		}
		for i, n := range taken {
			if n != 1 {
				t.Errorf("slot %d is taken %d times", i, n)
			}
		}
	})
}

// benchmarked are schedules whose cost is worth knowing.
func benchmarked() map[string]func() Schedule {
	hour := []Phase{{Duration: time.Hour, Load: Always(1)}}
	return map[string]func() Schedule{
		"even": func() Schedule { return evenly(277_778, hour) }, // 1e9 records
		"sine": func() Schedule {
			return NewSchedule(inRecords(Curve{Shape: Sine, From: 1e5, To: 455_556, Over: time.Minute}), hour, 1)
		},
		"poisson": func() Schedule { return NewSchedule(Producer{Poisson: true, Rate: Rate{Records: 277_778}}, hour, 1) },
		"poisson sine": func() Schedule {
			p := inRecords(Curve{Shape: Sine, From: 1e5, To: 455_556, Over: time.Minute})
			p.Poisson = true
			return NewSchedule(p, hour, 1)
		},
		"month of bursts": func() Schedule {
			return NewSchedule(inRecords(Curve{Shape: Burst, From: 100, To: 1000, Over: time.Minute, Lasts: time.Second}),
				[]Phase{{Duration: longestPhase, Load: Always(1)}}, 1)
		},
	}
}

func BenchmarkNewSchedule(b *testing.B) {
	for name, make := range benchmarked() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				make()
			}
		})
	}
}

func BenchmarkShapes(b *testing.B) {
	for name, make := range benchmarked() {
		s := make()
		n, end := s.Count(), int64(s.End())
		b.Run("At/"+name, func(b *testing.B) {
			for i := range b.N {
				s.At(int64(i) * 7919 % n)
			}
		})
		b.Run("Due/"+name, func(b *testing.B) {
			for i := range b.N {
				s.Due(time.Duration(int64(i) * 7_919_000 % end))
			}
		})
	}
}

func BenchmarkAt(b *testing.B) {
	s := evenly(40000, []Phase{{"warm-up", 5 * time.Second, Always(0.25), false}, {"steady", 40 * time.Second, Always(1), true}})
	for i := range b.N {
		s.At(int64(i) % 1_650_000)
	}
}

func BenchmarkDue(b *testing.B) {
	s := evenly(40000, []Phase{{"warm-up", 5 * time.Second, Always(0.25), false}, {"steady", 40 * time.Second, Always(1), true}})
	for i := range b.N {
		s.Due(time.Duration(i))
	}
}
