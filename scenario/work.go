package scenario

import "math/bits"

// uint128 is an amount of work, in 1e-18 records: a rate in whole 1e-9 records
// per second times a time in whole nanoseconds. The largest rate for the longest
// time.Duration is 9.2e36, well below 2^128 = 3.4e38.
type uint128 struct{ hi, lo uint64 }

// workOf is the work of that many records.
func workOf(records int64) uint128 {
	hi, lo := bits.Mul64(uint64(records), workUnits)
	return uint128{hi, lo}
}

// recordsBelow is the number of records i ≥ 0 with workOf(i) < a.
func (a uint128) recordsBelow() int64 {
	n, rest := bits.Div64(a.hi, a.lo, workUnits)
	if rest > 0 {
		n++
	}
	return int64(n)
}

// records is the work as a number of records.
func (a uint128) records() float64 {
	n, rest := bits.Div64(a.hi, a.lo, workUnits)
	return float64(n) + float64(rest)/workUnits
}

// part is a × f ÷ 2^64, rounded down.
func (a uint128) part(f uint64) uint128 {
	carry, _ := bits.Mul64(a.lo, f)
	hi, lo := bits.Mul64(a.hi, f)
	return uint128{hi, lo}.plus(uint128{0, carry})
}

func (a uint128) plus(b uint128) uint128 {
	lo, carry := bits.Add64(a.lo, b.lo, 0)
	hi, _ := bits.Add64(a.hi, b.hi, carry)
	return uint128{hi, lo}
}

func (a uint128) minus(b uint128) uint128 {
	lo, borrow := bits.Sub64(a.lo, b.lo, 0)
	hi, _ := bits.Sub64(a.hi, b.hi, borrow)
	return uint128{hi, lo}
}

func (a uint128) less(b uint128) bool {
	return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo
}
