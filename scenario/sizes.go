package scenario

// MeanBytes is the expected size of a value, tombstones counting 0.
func (v Value) MeanBytes() float64 { return (1 - v.Tombstones) * v.Size.Expected() }

// Expected is the mean of the distribution, bounds included.
func (s Size) Expected() float64 { return float64(s.Max) }
