package limits

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// simulation is a cluster with Apache Kafka's quotas and clients that overload
// it, in virtual time: one connection for each client and broker, one request at
// a time on each, an answer at once, and then the pause that the throttle asks
// for.
type simulation struct {
	clients    int
	partitions int
	brokers    int
	batch      int       // bytes of a batch, at most
	offered    float64   // bytes per second over all clients
	weights    []float64 // share of each partition; even when nil
	sharedID   bool      // all clients have one client id
	limits     Limits
	kind       ClusterKind
	seconds    int
	seed       uint64
	// delay is how much later than the cluster a client notes an answer, at most:
	// answers of different clients change places within it.
	delay time.Duration
	// overhead is the part of a request that belongs to no partition.
	overhead int64
	// actual are the limits that the cluster enforces; those declared when nil.
	actual map[Name]float64
}

type simulated struct {
	at      time.Duration
	charges []Charge
	pause   time.Duration
	from    Source
}

// run plays the simulation and returns what the clients noted.
func (s simulation) run() *Replay {
	r := NewReplay()
	random := rand.New(rand.NewPCG(s.seed, 7))
	truth := map[*Scope]*Window{}
	actual := s.actual
	if actual == nil {
		actual = s.limits.Values
	}
	type connection struct {
		client, broker int
		free           time.Duration
		pending        []float64
		last           time.Duration
	}
	var all []*connection
	for c := range s.clients {
		for b := range s.brokers {
			all = append(all, &connection{client: c, broker: b, pending: make([]float64, s.partitions), free: time.Duration(random.Int64N(int64(time.Millisecond)))})
		}
	}
	var notes []simulated
	for {
		k := slices.MinFunc(all, func(a, b *connection) int { return cmp.Compare(a.free, b.free) })
		now := k.free
		if now >= time.Duration(s.seconds)*time.Second {
			break
		}
		var charges []Charge
		total := s.overhead
		for p := k.broker; p < s.partitions; p += s.brokers {
			w := 1 / float64(s.partitions)
			if s.weights != nil {
				w = s.weights[p]
			}
			k.pending[p] += s.offered / float64(s.clients) * w * (now - k.last).Seconds()
			k.pending[p] = min(k.pending[p], 64*float64(s.batch)) // the client's buffer
			if n := min(int64(k.pending[p]), int64(s.batch)); n >= 1000 {
				k.pending[p] -= float64(n)
				charges = append(charges, Charge{r.Scope(Instance{Limit: PartitionIngress, Topic: "t", Partition: int32(p)}), n})
				total += n
			}
		}
		k.last = now
		if len(charges) == 0 {
			k.free += time.Millisecond
			continue
		}
		id := "shared"
		if !s.sharedID {
			id = string(rune('a' + k.client))
		}
		charges = append(charges,
			Charge{r.Scope(Instance{Limit: ClientIngress, Client: id, Broker: int32(k.broker)}), total},
			Charge{r.Scope(Instance{Limit: BrokerIngress, Broker: int32(k.broker)}), total},
			Charge{r.Scope(Instance{Limit: ClusterIngress}), total},
			Charge{r.Scope(Instance{Limit: ClusterRequests}), 1})
		var pause time.Duration
		for _, c := range charges {
			w := truth[c.Scope]
			if w == nil {
				w = &Window{}
				truth[c.Scope] = w
			}
			w.Record(now, c.N)
			if limit := actual[c.Scope.Limit]; limit > 0 {
				x := w.Throttle(now, limit)
				if c.Scope.Limit == ClusterRequests {
					x = min(x, requestCap)
				}
				pause = max(pause, x.Truncate(time.Millisecond))
			}
		}
		late := time.Duration(random.Int64N(int64(s.delay) + 1))
		notes = append(notes, simulated{now + late, charges, pause, Source{API: "produce", Client: k.client, Broker: int32(k.broker)}})
		k.free = now + pause + time.Millisecond/2
	}
	slices.SortStableFunc(notes, func(a, b simulated) int { return cmp.Compare(a.at, b.at) })
	for _, n := range notes {
		r.Add(n.at, n.charges, n.pause, n.from)
	}
	return r
}

// attribute reaches the verdict on a simulation.
func (s simulation) attribute(r *Replay) ([]Binding, bool) {
	kind := s.kind
	if kind == "" {
		kind = EmbeddedCluster
	}
	return Attribute(Evidence{
		Replay: r, Limits: s.limits, Kind: kind,
		End: time.Duration(s.seconds) * time.Second, Share: func(*Scope) float64 { return 0.5 },
	})
}
