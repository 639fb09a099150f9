package limits

import (
	"fmt"
	"math"
	"testing"
	"time"
)

func declared(values map[Name]float64) Limits { return Limits{Profile: "test", Values: values} }

// hot gives partition 0 a share and the others the rest.
func hot(partitions int, share float64) []float64 {
	w := make([]float64, partitions)
	for i := range w {
		w[i] = (1 - share) / float64(partitions-1)
	}
	w[0] = share
	return w
}

// TestAttributeNamesTheLimit plays overloads of many shapes. The value of the
// limit must come out within 3 %: one request more or less in the window is the
// granularity, and the shapes keep a request under a thirtieth of it.
func TestAttributeNamesTheLimit(t *testing.T) {
	serverless := map[Name]float64{PartitionIngress: 5e6, ClusterIngress: 200e6, ClusterRequests: 15000}
	cases := []struct {
		name  string
		s     simulation
		limit Name
		scope string
	}{
		{"hot key", simulation{clients: 4, partitions: 12, brokers: 3, batch: 16 << 10, offered: 20e6, weights: hot(12, 0.36), limits: declared(serverless)}, PartitionIngress, "t/0"},
		{"one partition, one client", simulation{clients: 1, partitions: 1, brokers: 1, batch: 16 << 10, offered: 7.5e6, limits: declared(serverless)}, PartitionIngress, "t/0"},
		{"one partition, many clients", simulation{clients: 20, partitions: 1, brokers: 1, batch: 16 << 10, offered: 8e6, limits: declared(serverless)}, PartitionIngress, "t/0"},
		{"big batches", simulation{clients: 4, partitions: 12, brokers: 1, batch: 1 << 20, offered: 30e6, weights: hot(12, 0.4), limits: declared(serverless)}, PartitionIngress, "t/0"},
		{"small limit", simulation{clients: 2, partitions: 6, brokers: 2, batch: 16 << 10, offered: 4e6, weights: hot(6, 0.6), limits: declared(map[Name]float64{PartitionIngress: 1e6})}, PartitionIngress, "t/0"},
		{"24 partitions of a cluster", simulation{clients: 6, partitions: 24, brokers: 3, batch: 16 << 10, offered: 60e6, limits: declared(map[Name]float64{PartitionIngress: 5e6, ClusterIngress: 40e6})}, ClusterIngress, "cluster"},
		{"cluster, many clients, big batches", simulation{clients: 16, partitions: 12, brokers: 3, batch: 256 << 10, offered: 50e6, limits: declared(map[Name]float64{ClusterIngress: 30e6})}, ClusterIngress, "cluster"},
		{"broker", simulation{clients: 4, partitions: 6, brokers: 3, batch: 16 << 10, offered: 30e6, weights: hot(6, 0.4), limits: declared(map[Name]float64{BrokerIngress: 8e6, ClusterIngress: 60e6})}, BrokerIngress, "broker 0"},
		{"client id", simulation{clients: 4, partitions: 4, brokers: 1, batch: 16 << 10, offered: 7.5e6, sharedID: true, limits: declared(map[Name]float64{ClientIngress: 5e6})}, ClientIngress, "client shared on broker 0"},
		{"requests", simulation{clients: 8, partitions: 4, brokers: 1, batch: 2 << 10, offered: 20e6, limits: declared(map[Name]float64{ClusterRequests: 1000, ClusterIngress: 200e6})}, ClusterRequests, "cluster"},
	}
	for _, c := range cases {
		for seed := range uint64(2) {
			for _, delay := range []time.Duration{0, 2 * time.Millisecond} {
				t.Run(fmt.Sprintf("%s/%d/%s", c.name, seed, delay), func(t *testing.T) {
					s := c.s
					s.seconds, s.seed, s.delay, s.overhead = 45, seed, delay, 150
					binding, unexplained := s.attribute(s.run())
					if unexplained || len(binding) == 0 {
						t.Fatalf("unexplained %v, binding %+v", unexplained, binding)
					}
					b := binding[0]
					if b.Limit != c.limit || b.Scope != c.scope {
						t.Fatalf("named %s of %s, want %s of %s\nall: %+v", b.Limit, b.Scope, c.limit, c.scope, binding)
					}
					want := s.limits.Of(c.limit)
					if math.Abs(b.Observed/want-1) > 0.03 || b.ObservedBy != "inversion" {
						t.Errorf("observed %.0f by %s (%+v), want %.0f within 3 %%", b.Observed, b.ObservedBy, b.Inverted, want)
					}
					for _, other := range binding[1:] {
						if other.Limit != c.limit {
							t.Errorf("also named %s of %s (%+v), which never bound", other.Limit, other.Scope, other.Inverted)
						}
					}
				})
			}
		}
	}
}

// TestAttributeInfersUndeclared enforces a quota that nobody declared.
func TestAttributeInfersUndeclared(t *testing.T) {
	cases := []struct {
		name  string
		s     simulation
		limit Name
		scope string
		value float64
	}{
		{"client id on Kafka", simulation{clients: 1, partitions: 4, brokers: 1, batch: 16 << 10, offered: 7.5e6, kind: ApacheKafka, actual: map[Name]float64{ClientIngress: 5e6}}, ClientIngress, "client a on broker 0", 5e6},
		{"shared client id on Kafka", simulation{clients: 4, partitions: 4, brokers: 1, batch: 16 << 10, offered: 7.5e6, sharedID: true, kind: ApacheKafka, actual: map[Name]float64{ClientIngress: 5e6}}, ClientIngress, "client shared on broker 0", 5e6},
		{"partition on Serverless", simulation{clients: 4, partitions: 12, brokers: 3, batch: 16 << 10, offered: 20e6, weights: hot(12, 0.36), kind: MSKServerless, actual: map[Name]float64{PartitionIngress: 5e6}}, PartitionIngress, "t/0", 5e6},
		{"declared too low", simulation{clients: 2, partitions: 4, brokers: 1, batch: 16 << 10, offered: 20e6, sharedID: true, kind: ApacheKafka, limits: declared(map[Name]float64{ClientIngress: 5e6}), actual: map[Name]float64{ClientIngress: 8e6}}, ClientIngress, "client shared on broker 0", 8e6},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := c.s
			s.seconds, s.seed, s.delay, s.overhead = 30, 1, time.Millisecond, 150
			binding, unexplained := s.attribute(s.run())
			if !unexplained || len(binding) == 0 {
				t.Fatalf("unexplained %v, binding %+v", unexplained, binding)
			}
			b := binding[0]
			if b.Limit != c.limit || b.Scope != c.scope || b.Declared != nil {
				t.Fatalf("named %s of %s (declared %v), want %s of %s", b.Limit, b.Scope, b.Declared, c.limit, c.scope)
			}
			if math.Abs(b.Observed/c.value-1) > 0.03 {
				t.Errorf("observed %.0f, want %.0f within 3 %%", b.Observed, c.value)
			}
		})
	}
}

// TestAttributeWithoutThrottles names nothing.
func TestAttributeWithoutThrottles(t *testing.T) {
	s := simulation{clients: 2, partitions: 4, brokers: 1, batch: 16 << 10, offered: 3e6, seconds: 30, seed: 1,
		limits: declared(map[Name]float64{PartitionIngress: 5e6, ClusterIngress: 20e6})}
	if binding, unexplained := s.attribute(s.run()); len(binding) != 0 || unexplained {
		t.Errorf("binding %+v, unexplained %v", binding, unexplained)
	}
}
