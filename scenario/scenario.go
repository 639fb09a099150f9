// Package scenario holds what to run: the scenario format, its strict decoding,
// the schedule of every record and the stream of keys. It is pure: no clock, no
// network, and no file access except in [Load].
//
// A scenario says what load; where it runs is not its business. The same
// scenario, seed and shard always give the same keys, sizes and intended times.
package scenario

import "time"

// Version is the version of the scenario format that this package reads.
const Version = 1

// Scenario is a decoded scenario file with every default filled in. Topics,
// Producers, Consumers and Phases are in file order.
type Scenario struct {
	Version     int
	Name        string // letters, digits, ".", "_", "-"
	Description string
	Seed        uint64 // of everything random; 1 when the file has none
	Limits      Limits
	Topics      []Topic
	Producers   []Producer
	Consumers   []Consumer
	Phases      []Phase
}

// Limits declares what the cluster allows. What is not declared is unlimited.
type Limits struct {
	// Extends names the profile or limits file that Values are laid over; ""
	// for none. After [Load] it is never a file: Load reads limits files.
	Extends string
	// Values maps "partition.ingress", "cluster.requests" and so on (see
	// [LimitNames]) to bytes per second for ingress and egress, a rate per
	// second for requests and connection attempts, a count for connections.
	// It is nil when nothing is declared.
	Values map[string]float64
	Pos    Pos
}

// Topic is a topic that the scenario creates, or with Existing one that is
// already there and is never altered.
type Topic struct {
	Name              string
	Partitions        int32             // at least 1; 0 when Existing
	ReplicationFactor int16             // -1: the cluster's default
	Config            map[string]string // topic configs; nil when there are none
	Existing          bool
}

// Producer is a fleet of identical producing clients.
type Producer struct {
	Name     string
	Topic    string
	Clients  int  // separate Kafka clients, at least 1
	Rate     Rate // of the whole fleet at load 1
	Key      Key
	Value    Value
	Settings ProducerSettings
	Pos      Pos
}

// Rate is a fleet's rate at load 1; exactly one field is set.
type Rate struct {
	Records float64 // per second
	Bytes   float64 // of keys and values, per second
	Max     bool    // as fast as the clients accept; there is no schedule then
}

// Key says how keys are drawn. The zero value means records without a key.
type Key struct {
	Keys     int     // number of keys, hot ones included; 0: no key
	HotKeys  int     // keys 0 to HotKeys-1 are hot; 0: none
	HotShare float64 // share of the records that go to the hot keys, 0 to 1
	Zipf     float64 // exponent, above 0; 0: not zipf
}

// Value says what values are. Their bytes are incompressible.
type Value struct {
	Size int // bytes, at least 1
}

// ProducerSettings are the settings of a producing client, by default those of
// Kafka's Java client.
type ProducerSettings struct {
	Acks        string // "all", "1" or "0"
	Idempotent  bool   // only with acks all
	Compression string // "none", "gzip", "snappy", "lz4", "zstd"
	Linger      time.Duration
	BatchBytes  int
	BufferBytes int    // of one client, at least BatchBytes
	ClientID    string // of all clients of the fleet; "": one per client, made up
}

// Consumer is a consumer group.
type Consumer struct {
	Name     string
	Topics   []string
	Clients  int // members of the group, at least 1
	Settings ConsumerSettings
	Pos      Pos
}

// ConsumerSettings are the settings of a consuming client, by default those of
// Kafka's Java client.
type ConsumerSettings struct {
	ClientID               string // of all members; "": one per member, made up
	FetchMaxWait           time.Duration
	FetchMinBytes          int
	FetchMaxBytes          int
	FetchMaxPartitionBytes int
}

// Phase is a stretch of time under one load.
type Phase struct {
	Name     string
	Duration time.Duration
	Load     float64 // multiplies every fleet's rate; 1 is 100 %
	Measure  bool    // whether rates and latencies count it
}

// Options are what comes from outside the scenario file. The zero value is a
// scenario as it stands in its file, with no environment.
type Options struct {
	// Profiles are the names of the built-in limit profiles. When it is empty,
	// any profile name is accepted.
	Profiles []string
	// Set are edits of the form path=value, applied in order before decoding:
	// "topics.orders.partitions=24", "phases.steady.duration=10s".
	Set []string
	// Seed replaces the scenario's seed.
	Seed *uint64
	// Duration scales the measured phases so that they last this in all; 0
	// leaves them.
	Duration time.Duration
	// Getenv looks up ${VAR}; nil is an environment without variables.
	Getenv func(name string) (value string, ok bool)
}

// RecordsPerSecond is the fleet's rate at load 1 in records: a rate in bytes is
// divided by the expected size of key and value, key lengths weighted by their
// shares. It is 0 for a Max rate, which has no schedule.
func (p Producer) RecordsPerSecond() float64 {
	switch {
	case p.Rate.Max:
		return 0
	case p.Rate.Records > 0:
		return p.Rate.Records
	}
	return p.Rate.Bytes / (p.Key.meanLength() + float64(p.Value.Size))
}
