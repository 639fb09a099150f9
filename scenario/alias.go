package scenario

// alias draws an index with given weights in constant time, however many there
// are (Walker 1977; the tables are made as by Vose 1991). There is one column
// for each index, all equally likely; a column holds its own index and at most
// one other.
type alias []column

type column struct {
	own   float64 // probability of the column's own index; else other
	other int32
}

// newAlias makes the tables for n indexes, n at least 1. Weights are positive.
func newAlias(n int, weight func(i int) float64) alias {
	total := 0.0
	for i := range n {
		total += weight(i)
	}
	a := make(alias, n)
	// Two stacks in one array: indexes that fill less than their column grow
	// from the left, the others from the right.
	stacks := make([]int32, n)
	less, more := 0, n
	for i := range a {
		a[i].own = weight(i) / total * float64(n)
		if a[i].own < 1 {
			stacks[less] = int32(i)
			less++
		} else {
			more--
			stacks[more] = int32(i)
		}
	}
	for less > 0 && more < n {
		less--
		small, large := stacks[less], stacks[more]
		a[small].other = large
		a[large].own -= 1 - a[small].own
		if a[large].own < 1 { // it moves over to the other stack
			more++
			stacks[less] = large
			less++
		}
	}
	// What is left over fills its column but for rounding.
	for _, i := range append(stacks[:less:less], stacks[more:]...) {
		a[i].own = 1
	}
	return a
}

// draw returns an index.
func (a alias) draw(r *stream) int {
	i := r.below(len(a))
	if r.float() < a[i].own {
		return i
	}
	return int(a[i].other)
}
