package scenario

import (
	"math"
	"time"
	"unicode/utf8"
)

// The range of weights in a scenario: wide enough for what is counted or guessed.
const (
	leastWeight = 1e-9
	mostWeight  = 1e15
)

// key reads how keys are drawn: numbered ones, or ones with their text and weight.
func key(o *object) Key {
	if o == nil {
		return Key{}
	}
	k := Key{}
	switch {
	case o.get("weights") != nil:
		o.alone("weights", "file", "keys", "zipf", "hot", "order", "size")
		k.Weighted = weights(o)
	case o.get("file") != nil:
		o.alone("file", "keys", "zipf", "hot", "order", "size")
		k.Weighted, k.File = weightsFile(o)
	default:
		k = numbered(o)
	}
	if k.Weighted != nil {
		k.Keys = len(k.Weighted)
	}
	o.done()
	return k
}

// alone reports fields that contradict what is there.
func (o *object) alone(what string, others ...string) {
	for _, name := range others {
		if o.get(name) != nil {
			o.fail(name, "keep one of them", "contradicts %s", what)
		}
	}
}

func numbered(o *object) Key {
	const (
		leastZipf, mostZipf = 0.001, 10
		largestKey          = 1 << 20
	)
	o.require("keys", "10000")
	k := Key{
		Keys:   o.integer("keys", 1, 1, mostKeys),
		Zipf:   o.number("zipf", 0, leastZipf, mostZipf),
		InTurn: o.word("order", "random", "random", "in-turn") == "in-turn",
		Size:   o.size("size", 0, 1, largestKey),
	}
	if h := o.child("hot"); h != nil {
		hot(&k, o, h)
	}
	if o.has("hot") && o.has("zipf") {
		o.fail("zipf", "keep one of them", "a key set is either hot or zipf, not both")
	}
	if k.InTurn {
		for _, name := range []string{"zipf", "hot"} {
			if o.has(name) {
				o.fail(name, "keep one of them", "with order: in-turn every key comes equally often")
			}
		}
	}
	if longest := digits(k.Keys - 1); o.has("size") && o.sound("size", "keys") && k.Size < longest {
		o.fail("size", "", "%s keys need %d digits, more than %s", grouped(float64(k.Keys)), longest, formatSize(k.Size))
	}
	return k
}

func hot(k *Key, o, hot *object) {
	const (
		leastShare   = 1e-6
		shortestMove = time.Millisecond
		longestMove  = 30 * 24 * time.Hour
	)
	hot.require("keys", "1")
	hot.require("share", "30%")
	k.HotKeys = hot.integer("keys", 1, 1, mostKeys)
	k.HotShare = hot.share("share", 1, leastShare, 1)
	k.HotMoves = hot.duration("moves", 0, shortestMove, longestMove)
	if hot.sound("keys") && o.sound("keys") && k.HotKeys >= k.Keys {
		hot.fail("keys", "the hot keys count among keys, and the others share the rest",
			"%s of %s keys are hot, which leaves none for the rest", grouped(float64(k.HotKeys)), grouped(float64(k.Keys)))
	}
	hot.done()
}

// weights reads keys from the scenario: their text and weight.
func weights(o *object) []WeightedKey {
	all := o.child("weights")
	if all == nil {
		return nil
	}
	if len(all.keys) == 0 {
		o.fail("weights", "such as {customer-1: 30, other: 70}", "there is no key")
	}
	var list []WeightedKey
	for _, key := range all.names() {
		if key == "" {
			all.report(all.key(key), "", "%s: a key is empty", all.path)
		}
		list = append(list, WeightedKey{key, all.number(key, 1, leastWeight, mostWeight)})
	}
	return list
}

// weightsFile reads keys and weights from a table.
func weightsFile(o *object) ([]WeightedKey, File) {
	t, f := o.table("file", "key,weight")
	if t == nil {
		return nil, f
	}
	// A row is hardly shorter than this, and most are not much longer.
	const shortRow = 8
	list := make([]WeightedKey, 0, len(t.data)/shortRow)
	seen := make(map[string]struct{}, len(t.data)/(2*shortRow))
	for t.next() {
		key := t.row[0]
		weight := t.weight(1)
		before := len(seen)
		seen[key] = struct{}{}
		switch {
		case key == "":
			t.fail(0, "", "the key is empty")
		case !utf8.ValidString(key):
			t.fail(0, "save the file as UTF-8", "the key is not UTF-8 text")
		case len(seen) == before:
			t.fail(0, "keep one of them, with the sum of the weights", "the key %s is there twice", quote(key))
		}
		list = append(list, WeightedKey{key, weight})
	}
	switch {
	case t.wrong > 0:
		return nil, f
	case len(list) == 0:
		o.fail("file", "", "%s holds no key", quote(f.Name))
	case len(list) > mostKeys:
		o.fail("file", "", "%s holds %s keys, at most %s are allowed", quote(f.Name), grouped(float64(len(list))), grouped(mostKeys))
	}
	return list, f
}

// partition reads how records find their partition.
func partition(o *object, topics []Topic, topic string) Partition {
	const want = "the number of a partition, or round-robin"
	p := read(o, "partition", want, Partition{}, func(text string) (Partition, *fault) {
		if text == "round-robin" {
			return Partition{RoundRobin: true}, nil
		}
		n, ok := parseNumber(text)
		if !ok || !n.IsInt() || n.Sign() < 0 || !n.Num().IsInt64() || n.Num().Int64() > math.MaxInt32 {
			return Partition{}, wrong(want, text, didYouMean(text, []string{"round-robin"}))
		}
		return Partition{Fixed: true, Number: int32(n.Num().Int64())}, nil
	})
	for _, t := range topics {
		if p.Fixed && t.Name == topic && t.Partitions > 0 && p.Number >= t.Partitions {
			o.fail("partition", "they are counted from 0", "topic %s has %s partitions, there is no %d", topic, grouped(float64(t.Partitions)), p.Number)
		}
	}
	return p
}
