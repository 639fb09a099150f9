package limits

import (
	"cmp"
	"math"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/scenario"
)

// The parts of Kafka's record format, version 2, that a record's size on the wire
// follows from (Apache Kafka documentation, "Message format").
const batchHeader = 61

// Load is what a scenario asks of one partition at 100 % load, nothing binding.
type Load struct {
	Topic     string
	Partition int32
	Ingress   float64 // bytes per second of record batches, headers included
	Egress    float64 // the same, over all groups
	TopKeys   []KeyLoad
}

// KeyLoad is one key's part of its partition's load.
type KeyLoad struct {
	Key     string
	Share   float64 // of its topic's records
	Ingress float64
}

const (
	// topKeys is how many keys a Load names.
	topKeys = 3
	// topShare is the least part of its partition's load that makes a key worth
	// naming.
	topShare = 0.05
)

// Predict hashes each fleet's real key set with Kafka's murmur2 partitioner and
// returns what each partition gets. Records without a key spread evenly. A fleet
// whose rate is max adds nothing, and an existing topic whose partitions are not
// counted yet has no load: what they bring is not known beforehand.
func Predict(s *scenario.Scenario) []Load {
	groups := map[string]int{}
	for _, c := range s.Consumers {
		for _, t := range c.Topics {
			groups[t]++
		}
	}
	var out []Load
	for _, t := range s.Topics {
		instances := t.Instances()
		loads := make([]Load, t.Partitions)
		total := 0.0
		for _, f := range s.Producers {
			rate := f.RecordsPerSecond() / float64(len(instances))
			if f.Topic == t.Name && len(loads) > 0 && rate > 0 {
				total += rate
				addFleet(loads, f, rate, s.Seed)
			}
		}
		for p := range loads {
			l := &loads[p]
			l.Egress = l.Ingress * float64(groups[t.Name])
			slices.SortFunc(l.TopKeys, func(a, b KeyLoad) int { return cmp.Compare(b.Ingress, a.Ingress) })
			l.TopKeys = slices.DeleteFunc(l.TopKeys, func(k KeyLoad) bool { return k.Ingress < topShare*l.Ingress })
			l.TopKeys = l.TopKeys[:min(topKeys, len(l.TopKeys))]
			for i := range l.TopKeys {
				l.TopKeys[i].Share /= total
			}
		}
		for _, instance := range instances {
			for p, l := range loads {
				l.Topic, l.Partition = instance.Name, int32(p)
				out = append(out, l)
			}
		}
	}
	return out
}

func addFleet(loads []Load, f scenario.Producer, rate float64, seed uint64) {
	n := len(loads)
	value := int(math.Round(f.Value.MeanBytes()))
	if f.Key.Keys == 0 {
		for p := range loads {
			perPartition := rate / float64(n)
			loads[p].Ingress += perPartition * recordBytes(f, 0, value, perPartition)
		}
		return
	}
	keys := scenario.NewKeys(f.Key, seed, f.Name)
	shares := keys.Shares()
	partitionOf := Partitioner(f.Topic, n)
	where := make([]int, len(shares))
	records := make([]float64, n)
	var buf []byte
	for k, share := range shares {
		buf = keys.Append(buf[:0], k)
		where[k] = partitionOf(buf)
		records[where[k]] += rate * share
	}
	for k, share := range shares {
		buf = keys.Append(buf[:0], k)
		p := where[k]
		bytes := rate * share * recordBytes(f, len(buf), value, records[p])
		loads[p].Ingress += bytes
		loads[p].keep(KeyLoad{Key: string(buf), Share: rate * share, Ingress: bytes})
	}
}

// keep remembers a key while it is among the partition's largest.
func (l *Load) keep(k KeyLoad) {
	if len(l.TopKeys) < 2*topKeys {
		l.TopKeys = append(l.TopKeys, k)
		return
	}
	least := 0
	for i := range l.TopKeys {
		if l.TopKeys[i].Ingress < l.TopKeys[least].Ingress {
			least = i
		}
	}
	if l.TopKeys[least].Ingress < k.Ingress {
		l.TopKeys[least] = k
	}
}

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

// recordBytes is a record's expected size on the wire: key and value, the
// record's own fields, and its part of the batch header. Batches fill for the
// linger time at the partition's rate of one client, up to the batch size.
func recordBytes(f scenario.Producer, key, value int, partitionRecordsPerSecond float64) float64 {
	body := 1 + 1 + 1 + varint(key) + key + varint(value) + value + 1 // attributes, two deltas, key, value, headers
	record := float64(varint(body) + body)
	perLinger := 1 + partitionRecordsPerSecond/float64(f.Clients)*f.Settings.Linger.Seconds()
	perBatch := math.Max(1, math.Min(math.Floor((float64(f.Settings.BatchBytes)-batchHeader)/record), perLinger))
	if perBatch > 64 { // deltas beyond 63 take a second byte
		record++
	}
	return record + batchHeader/perBatch
}

// varint is the length of a zigzag varint.
func varint(n int) int {
	length := 1
	for z := 2 * n; z >= 128; z >>= 7 {
		length++
	}
	return length
}
