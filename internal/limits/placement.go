package limits

import (
	"cmp"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/scenario"
)

// place is one partition.
type place struct {
	topic     string
	partition int32
}

// flow is what one fleet sends to one partition; with a topic template, to the
// partitions of that number of all its topics.
type flow struct {
	share float64 // of the fleet's records, the mean over the measured phases
	body  float64 // expected bytes of a record, without its part of the batch header
	keys  []keyShare
	// With a hot set that moves: the share of the keys that are not hot, and what
	// comes on top while keys of this partition are.
	still float64
	hot   []hotSpell
}

// keyShare is a key, by number, and its share of its fleet's records.
type keyShare struct {
	key   int
	share float64
}

// hotSpell is a time in which hot keys of a partition bring it a share.
type hotSpell struct {
	from, to time.Duration
	share    float64
}

const (
	// allHashes is a number of partitions at which each hash has its own.
	allHashes = 1 << 31
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

// flows says where a fleet's records go: to the partition that the scenario says,
// else those with a key by its hash and those without in equal parts.
func (d *demand) flows(f *fleetDemand, partitions int, sizes *recordSizes) []flow {
	out := make([]flow, partitions)
	keys := scenario.NewKeys(f.Key, d.scenario.Seed, f.Name)
	usual := keys.Shares() // in the long run
	if usual == nil {
		usual = []float64{1} // of no key
	}
	shares := usual
	hashed := f.Key.Keys > 0 && !f.Partition.Fixed && !f.Partition.RoundRobin
	if hashed && f.Key.HotMoves > 0 {
		shares = notHot(f.Key)
	}
	hashOf := Partitioner(f.Topic, allHashes)
	mean := 0.0 // size of any record
	var buf []byte
	var where []int32
	for k, share := range shares {
		if f.Key.Keys > 0 {
			buf = keys.Append(buf[:0], k)
		}
		size := sizes.of(len(buf))
		mean += usual[k] * size
		if !hashed {
			continue
		}
		hash := hashOf(buf)
		f.hashes = append(f.hashes, uint32(hash))
		p := hash % partitions
		out[p].share += share
		out[p].body += share * size
		out[p].keep(keyShare{k, share})
		if f.Key.HotMoves > 0 {
			where = append(where, int32(p))
		}
	}
	if hashed {
		f.shares = keys.SharesAt(0)
	}
	for p := range out {
		switch {
		case f.Partition.Fixed && p == int(f.Partition.Number):
			out[p] = flow{share: 1, body: mean}
		case f.Partition.Fixed:
			out[p] = flow{body: mean}
		case !hashed:
			out[p] = flow{share: 1 / float64(partitions), body: mean}
		case out[p].share > 0:
			out[p].body /= out[p].share
		default:
			out[p].body = mean
		}
	}
	if where != nil {
		d.move(out, f.Key, where)
	}
	return out
}

// notHot are the shares of keys while they are not hot.
func notHot(k scenario.Key) []float64 {
	shares := make([]float64, k.Keys)
	for i := range shares {
		shares[i] = (1 - k.HotShare) / float64(k.Keys-k.HotKeys)
	}
	return shares
}

// move lays a moving hot set over flows that hold every key as one that is not hot;
// where is each key's partition.
func (d *demand) move(flows []flow, key scenario.Key, where []int32) {
	for p := range flows {
		flows[p].still, flows[p].keys = flows[p].share, nil
	}
	extra := key.HotShare/float64(key.HotKeys) - (1-key.HotShare)/float64(key.Keys-key.HotKeys)
	measured := d.measured()
	for from := time.Duration(0); from < d.end; from += key.HotMoves {
		to := min(from+key.HotMoves, d.end)
		first := int(from/key.HotMoves) * key.HotKeys
		for k := range key.HotKeys {
			f := &flows[where[(first+k)%key.Keys]]
			if n := len(f.hot); n > 0 && f.hot[n-1].from == from {
				f.hot[n-1].share += extra
			} else {
				f.hot = append(f.hot, hotSpell{from, to, extra})
			}
			f.share += extra * overlap(d.spans, from, to).Seconds() / measured.Seconds()
		}
	}
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
