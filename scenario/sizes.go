package scenario

// MeanBytes is the expected size of a value, tombstones counting 0.
func (v Value) MeanBytes() float64 {
	mean := v.Size.Expected()
	if len(v.Samples) > 0 {
		total := 0
		for _, s := range v.Samples {
			total += len(s)
		}
		mean = float64(total) / float64(len(v.Samples))
	}
	return (1 - v.Tombstones) * mean
}

// MaxBytes is the size of the largest value that there can be.
func (v Value) MaxBytes() int {
	if len(v.Samples) == 0 {
		return v.Size.Max
	}
	largest := 0
	for _, s := range v.Samples {
		largest = max(largest, len(s))
	}
	return largest
}

// Expected is the mean of the sizes, bounds and rounding included, exact to
// 0.05 %. For Normal and Lognormal it takes some 0.05 ms.
func (s Size) Expected() float64 {
	switch s.Shape {
	case UniformSize:
		return (float64(s.Min) + float64(s.Max)) / 2
	case NormalSize, LognormalSize:
		b := newBell(s)
		return b.mean()
	case BucketSizes, EmpiricalSize:
		mean := 0.0
		for _, b := range s.Buckets {
			mean += b.Share * float64(b.Size)
		}
		return mean
	}
	return float64(s.Max)
}

// Values draws the values of one fleet. Like the key, the value of a slot depends
// on seed, fleet and slot alone, and it is independent of the key. Drawing
// allocates nothing and takes no lock.
type Values struct {
	value Value
	base  uint64
	same  bool  // every value has the size Max
	bell  bell  // Normal and Lognormal
	alias alias // Buckets and Empirical
}

// NewValues returns the values of a fleet.
func NewValues(v Value, seed uint64, fleet string) *Values {
	values := &Values{value: v}
	values.same = v.Size.Shape == FixedSize && v.Tombstones == 0 && len(v.Samples) == 0
	_, values.base = bases(seed, fleet)
	switch v.Size.Shape {
	case NormalSize, LognormalSize:
		values.bell = newBell(v.Size)
	case BucketSizes, EmpiricalSize:
		values.alias = newAlias(len(v.Size.Buckets), func(i int) float64 { return v.Size.Buckets[i].Share })
	}
	return values
}

// NoSample is the sample number of values that are not samples.
const NoSample = -1

// Draw returns what the value of a slot is: a tombstone, which has no bytes; or
// the sample with a number, and its size; or with [NoSample] a value of a size.
func (v *Values) Draw(slot int64) (size int, tombstone bool, sample int) {
	if v.same {
		return v.value.Size.Max, false, NoSample
	}
	r := newStream(v.base, uint64(slot))
	switch {
	case v.value.Tombstones > 0 && r.float() < v.value.Tombstones:
		return 0, true, NoSample
	case len(v.value.Samples) > 0:
		sample := r.below(len(v.value.Samples))
		return len(v.value.Samples[sample]), false, sample
	}
	return v.size(&r), false, NoSample
}

// size draws a size.
func (v *Values) size(r *stream) int {
	s := &v.value.Size
	switch s.Shape {
	case UniformSize:
		return s.Min + r.below(s.Max-s.Min+1)
	case NormalSize, LognormalSize:
		return v.bell.draw(r)
	case BucketSizes, EmpiricalSize:
		return s.Buckets[v.alias.draw(r)].Size
	}
	return s.Max
}
