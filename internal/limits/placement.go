package limits

import (
	"cmp"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/scenario"
)

// place is one partition.
type place struct {
	topic     string
	partition int32
}

// flow is what one fleet sends to one partition.
type flow struct {
	place int     // index into the demand's places
	share float64 // of the fleet's records
	body  float64 // expected bytes of a record, without its part of the batch header
	key   float64 // expected bytes of a record's key
	keys  []keyShare
}

// keyShare is a key, by number, and its share of its fleet's records.
type keyShare struct {
	key   int
	share float64
}

const (
	// topKeys is how many keys a partition names.
	topKeys = 3
	// topShare is the least part of its partition's load that makes a key worth
	// naming.
	topShare = 0.05
)

// Partitioner returns the function that Kafka's clients map a key to a partition
// with: murmur2 of the key, modulo the number of partitions.
func Partitioner(topic string, partitions int) func(key []byte) int {
	p := kgo.StickyKeyPartitioner(nil).ForTopic(topic)
	r := new(kgo.Record)
	return func(key []byte) int {
		r.Key = key
		return p.Partition(r, partitions)
	}
}

// flows says where a fleet's records go: those with a key by its hash, those
// without in equal parts.
func flows(f scenario.Producer, t scenario.Topic, first int, seed uint64) []flow {
	out := make([]flow, t.Partitions)
	sizes := newRecordSizes(f)
	for p := range out {
		out[p].place = first + p
	}
	if f.Key.Keys == 0 {
		for p := range out {
			out[p].share, out[p].body = 1/float64(len(out)), sizes.of(0)
		}
		return out
	}
	keys := scenario.NewKeys(f.Key, seed, f.Name)
	partitionOf := Partitioner(t.Name, len(out))
	byLength := map[int]float64{} // record sizes by key length
	var buf []byte
	for k, share := range keys.Shares() {
		buf = keys.Append(buf[:0], k)
		size, known := byLength[len(buf)]
		if !known {
			size = sizes.of(len(buf))
			byLength[len(buf)] = size
		}
		to := &out[partitionOf(buf)]
		to.share += share
		to.body += share * size
		to.key += share * float64(len(buf))
		to.keep(keyShare{k, share})
	}
	for p := range out {
		if out[p].share > 0 {
			out[p].body /= out[p].share
			out[p].key /= out[p].share
		}
	}
	return out
}

// keep remembers a key while it is among the flow's largest.
func (f *flow) keep(k keyShare) {
	at := len(f.keys)
	for at > 0 && f.keys[at-1].share < k.share {
		at--
	}
	if at == topKeys {
		return
	}
	f.keys = slices.Insert(f.keys, at, k)
	f.keys = f.keys[:min(topKeys, len(f.keys))]
}

// hottest sorts keys by what they bring, and drops those not worth naming.
func hottest(keys []KeyLoad, total float64) []KeyLoad {
	slices.SortStableFunc(keys, func(a, b KeyLoad) int { return cmp.Compare(b.Ingress, a.Ingress) })
	keys = slices.DeleteFunc(keys, func(k KeyLoad) bool { return k.Ingress < topShare*total })
	return keys[:min(topKeys, len(keys))]
}
