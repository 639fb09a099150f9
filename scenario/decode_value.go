package scenario

import (
	"bytes"
	"fmt"
	"math"

	yaml "go.yaml.in/yaml/v4"
)

// value reads what values are.
func value(o *object) Value {
	if o == nil {
		return Value{}
	}
	v := Value{Entropy: 1}
	if o.get("file") != nil {
		v.Samples, v.File = samples(o)
		o.alone("file", "size", "entropy")
	} else {
		v.Size = valueSize(o)
		v.Entropy = o.share("entropy", 1, 0, 1)
	}
	v.Tombstones = o.share("tombstones", 0, 0, 1)
	o.done()
	return v
}

// samples reads a file of messages, one per line. Empty lines are left out.
func samples(o *object) ([][]byte, File) {
	data, f := o.file("file")
	var list [][]byte
	for line := range bytes.Lines(data) {
		if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
			list = append(list, line)
		}
	}
	if data != nil && len(list) == 0 {
		o.fail("file", "write one message per line", "%s holds no message", quote(f.Name))
	}
	return list, f
}

// valueSize reads a size: a number of bytes, or the law that sizes follow.
func valueSize(o *object) Size {
	o.require("size", "1KiB")
	n := o.get("size")
	if n == nil || n.Kind != yaml.MappingNode {
		return Fixed(o.size("size", 1, 1, largestSize))
	}
	law := o.child("size")
	s, known := Fixed(1), []string{"uniform", "normal", "lognormal", "buckets", "file"}
	var first string
	for _, name := range known {
		switch {
		case law.get(name) == nil:
		case first == "":
			first = name
			s = sizeLaw(law, name)
		default:
			law.fail(name, "keep one of them", "contradicts %s", first)
		}
	}
	if len(law.keys) == 0 {
		o.fail("size", "such as {uniform: {min: 100B, max: 10KiB}}, or a size such as 1KiB",
			"want one of uniform, normal, lognormal, buckets, file")
	}
	law.done()
	if first == "" || !law.sound(known...) {
		o.bad["size"] = true
	}
	return s
}

func sizeLaw(o *object, name string) Size {
	switch name {
	case "buckets":
		return buckets(o)
	case "file":
		return sizesFile(o)
	}
	law := o.child(name)
	if law == nil {
		o.bad[name] = true
		return Fixed(1)
	}
	s := Size{Shape: SizeShape(name)}
	switch s.Shape {
	case UniformSize:
		law.require("min", "100B")
		law.require("max", "10KiB")
		bounds(law, &s, largestSize)
	case NormalSize:
		normal(law, &s)
	case LognormalSize:
		lognormal(law, &s)
	}
	law.done()
	if len(law.bad) > 0 {
		o.bad[name] = true
	}
	return s
}

// bounds reads the bounds of a law, by default 1 B and max.
func bounds(o *object, s *Size, most float64) {
	s.Min = o.size("min", 1, 1, largestSize)
	s.Max = o.size("max", int(min(math.Ceil(most), largestSize)), 1, largestSize)
	if !o.sound("min", "max") || s.Min <= s.Max {
		return
	}
	field, what := "min", "max"
	switch {
	case !o.has("min"):
		field = "max"
	case !o.has("max"):
		what = "the default of max"
	}
	o.fail(field, "", "min, %s, is more than %s, %s", formatSize(s.Min), what, formatSize(s.Max))
}

// normal reads a normal law, by default cut at 6 standard deviations above the
// mean.
func normal(o *object, s *Size) {
	o.require("mean", "1KiB")
	o.require("stddev", "200B")
	s.Mean = float64(o.size("mean", 1, 1, largestSize))
	s.StdDev = float64(o.size("stddev", 1, 1, largestSize))
	bounds(o, s, s.Mean+6*s.StdDev)
	if o.sound("mean", "stddev", "min", "max") {
		o.checkMass("mean", *s)
	}
}

// lognormal reads a lognormal law, by default cut at 16 times the 99th
// percentile.
func lognormal(o *object, s *Size) {
	o.require("median", "800B")
	o.require("p99", "20KiB")
	s.Median = float64(o.size("median", 1, 1, largestSize))
	s.P99 = float64(o.size("p99", 2, 1, largestSize))
	if o.sound("median", "p99") && s.P99 <= s.Median {
		o.fail("p99", "", "must be more than the median, %s, is %s", formatSize(int(s.Median)), formatSize(int(s.P99)))
	}
	bounds(o, s, 16*s.P99)
	if o.sound("median", "p99", "min", "max") {
		o.checkMass("median", *s)
	}
}

// checkMass reports bounds that leave hardly anything of a law: whoever gives
// them expects other sizes than they would get.
func (o *object) checkMass(field string, s Size) {
	const leastMass = 0.01
	mass := newBell(s).all
	if mass >= leastMass {
		return
	}
	few := "hardly any"
	if mass > leastMass/100 {
		few = fmt.Sprintf("only %.2f %%", 100*mass)
	}
	o.fail(field, "widen min and max, or move the law between them", "%s of such sizes lie between %s and %s",
		few, formatSize(s.Min), formatSize(s.Max))
}

// buckets reads sizes with shares that add up to 1.
func buckets(o *object) Size {
	const leastShare = 1e-9
	s := Size{Shape: BucketSizes, Min: largestSize}
	sum, complete := 0.0, true
	first := map[int]*yaml.Node{}
	for i, item := range o.items("buckets") {
		path := fmt.Sprintf("%s[%d]", join(o.path, "buckets"), i)
		e := o.object(item, item, path)
		if e == nil {
			o.bad["buckets"] = true
			continue
		}
		e.require("size", "1KiB")
		e.require("share", "30%")
		b := SizeBucket{e.size("size", 1, 1, largestSize), e.share("share", 1, leastShare, 1)}
		if same := first[b.Size]; same != nil && e.sound("size") {
			e.fail("size", "keep one of them, with the sum of the shares", "the bucket at %s has the size %s already", o.pos(same), formatSize(b.Size))
		}
		first[b.Size] = item
		e.done()
		complete = complete && len(e.bad) == 0
		s.add(b)
		sum += b.Share
	}
	switch {
	case !complete:
		o.bad["buckets"] = true
	case o.sound("buckets") && math.Abs(sum-1) > 1e-9:
		o.fail("buckets", "", "the shares add up to %s, not to 100%%", formatShare(math.Round(sum*1e9)/1e9))
	}
	return s
}

// sizesFile reads sizes and weights from a table.
func sizesFile(o *object) Size {
	s := Size{Shape: EmpiricalSize, Min: largestSize}
	t, f := o.table("file", "size,weight")
	s.File = f
	sum := 0.0
	for t != nil && t.next() {
		size, ok := t.number(0, 1, largestSize)
		if ok && size != math.Trunc(size) {
			t.fail(0, "", "want a whole number of bytes, got %s", quote(t.row[0]))
		}
		weight := t.weight(1)
		s.add(SizeBucket{int(size), weight})
		sum += weight
	}
	switch {
	case t == nil || t.wrong > 0:
		o.bad["file"] = true
		return Fixed(1)
	case len(s.Buckets) == 0:
		o.fail("file", "", "%s holds no size", quote(f.Name))
		return Fixed(1)
	}
	for i := range s.Buckets {
		s.Buckets[i].Share /= sum
	}
	return s
}

// add appends a bucket and widens the bounds by it.
func (s *Size) add(b SizeBucket) {
	s.Buckets = append(s.Buckets, b)
	s.Min, s.Max = min(s.Min, b.Size), max(s.Max, b.Size)
}

// headers reads the headers that every record carries.
func headers(o *object) []Header {
	if o == nil {
		return nil
	}
	var list []Header
	for _, name := range o.names() {
		list = append(list, Header{name, o.string(name, "text or a number")})
	}
	return list
}
