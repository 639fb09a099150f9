package limits

import "msklt/scenario"

// Load is what a scenario asks of one partition at the highest load of its measured
// phases, nothing binding.
type Load struct {
	Topic     string
	Partition int32
	Ingress   float64 // bytes per second of record batches, headers included
	Egress    float64 // the same, over all groups
	// MeanIngress and MeanEgress are the means over the measured phases.
	MeanIngress, MeanEgress float64
	TopKeys                 []KeyLoad
}

// KeyLoad is one key's part of its partition's load.
type KeyLoad struct {
	Key     string
	Share   float64 // of its topic's records
	Ingress float64
	// MeanIngress is the mean over the measured phases.
	MeanIngress float64
}

// Predict hashes each fleet's real key set with Kafka's murmur2 partitioner and
// returns what each partition gets. Records without a key spread evenly. A fleet
// whose rate is max adds nothing, and an existing topic whose partitions are not
// counted yet is left out: what its partitions get is not known beforehand.
//
// How many records share a batch, and so its header, depends little on the number
// of brokers; brokers 0 stands for one.
func Predict(s *scenario.Scenario, brokers int) []Load { return newDemand(s, brokers).partitionLoads() }

func (d *demand) partitionLoads() []Load {
	loads := make([]Load, len(d.places))
	records := make([]float64, len(d.places)) // of the place's topic
	for i, p := range d.places {
		loads[i] = Load{Topic: p.topic, Partition: p.partition}
	}
	for _, f := range d.fleets {
		for p := range f.topics * len(f.flows) {
			records[f.first+p] += f.peak / float64(f.topics)
		}
		keys := scenario.NewKeys(f.Key, d.scenario.Seed, f.Name)
		f.each(func(place, flow int, share float64) {
			l := &loads[place]
			bytes := f.recordBytes(flow)
			l.Ingress += f.peak * share * bytes
			l.MeanIngress += f.mean * share * bytes
			for _, k := range f.flows[flow].keys {
				share := k.share / float64(f.topics)
				l.TopKeys = append(l.TopKeys, KeyLoad{
					Key: string(keys.Append(nil, k.key)), Share: f.peak * share, Ingress: f.peak * share * bytes, MeanIngress: f.mean * share * bytes,
				})
			}
		})
	}
	read := d.readByPlace()
	for i := range loads {
		l := &loads[i]
		l.Egress, l.MeanEgress = read[i]*l.Ingress, read[i]*l.MeanIngress
		l.TopKeys = hottest(l.TopKeys, l.Ingress)
		for k := range l.TopKeys {
			l.TopKeys[k].Share /= records[i]
		}
	}
	return loads[:d.counted]
}
