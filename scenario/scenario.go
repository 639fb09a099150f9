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
// Producers, Idle, Consumers, Phases and Thresholds are in file order.
type Scenario struct {
	Version     int
	Name        string // letters, digits, ".", "_", "-"
	Description string
	Seed        uint64 // of everything random; 1 when the file has none
	Limits      Limits
	Topics      []Topic
	Producers   []Producer
	Idle        []Idle
	Consumers   []Consumer
	Phases      []Phase
	Thresholds  []Threshold
}

// Limits declares what the cluster allows. What is not declared is unlimited.
type Limits struct {
	// Extends names the profile, with its parameters, or the limits file that
	// Values are laid over; "" for none. After [Load] it is never a file: Load
	// reads limits files.
	Extends string
	// Values maps "partition.ingress", "cluster.requests" and so on (see
	// [LimitNames]) to bytes per second for ingress and egress; bytes for message
	// and fetch; a rate per second for requests, connection attempts, partition
	// changes and topic requests; a count for connections, partitions and groups.
	// It is nil when nothing is declared.
	Values map[string]float64
	Pos    Pos
}

// Topic is a topic that the scenario creates, or with Existing one that is
// already there and is never altered.
type Topic struct {
	Name string
	// Count makes the topic a template: Count topics called NAME-0 to
	// NAME-(Count-1), see [Topic.Instances]. 0 is one topic called NAME.
	Count             int
	Partitions        int32             // at least 1; 0 when Existing
	ReplicationFactor int16             // -1: the cluster's default
	Config            map[string]string // topic configs; nil when there are none
	Existing          bool
}

// Phase is a stretch of time under one load.
type Phase struct {
	Name     string
	Duration time.Duration
	Load     Curve // multiplies every fleet's rate; 1 is 100 %
	Measure  bool  // whether rates and latencies count it
}

// Options are what comes from outside the scenario file. The zero value is a
// scenario as it stands in its file, with no environment.
type Options struct {
	// Profiles are the names of the built-in limit profiles. When it is empty,
	// any profile name is accepted.
	Profiles []string
	// CheckProfile says what is wrong with a built-in profile's parameters, such
	// as those of "msk-express-m7g.large:3"; nil accepts any.
	CheckProfile func(profile string) error
	// Set are edits of the form path=value, applied in order before decoding:
	// "topics.orders.partitions=24", "phases.steady.duration=10s". Those that begin
	// with "target." are of the target, see [LoadTarget], and of nothing else.
	Set []string
	// Over are limits that a target declares in place of the scenario's; nil where it
	// declares none. The scenario keeps its own, and is checked against these.
	Over *Limits
	// Seed replaces the scenario's seed.
	Seed *uint64
	// Duration scales the measured phases so that they last this in all; 0
	// leaves them.
	Duration time.Duration
	// ReadFile reads a file that the scenario names, by the name in the
	// scenario; nil is a scenario that may name none. Unless it is set, Load
	// reads regular files of at most 64 MiB, relative to the folder of the
	// scenario.
	ReadFile func(name string) ([]byte, error)
	// Limits returns what a built-in profile declares, by the names of
	// [LimitNames]; nil when it is not known.
	Limits func(profile string) map[string]float64
	// Getenv looks up ${VAR}; nil is an environment without variables.
	Getenv func(name string) (value string, ok bool)
}
