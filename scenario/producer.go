package scenario

import "time"

// Producer is a fleet of identical producing clients.
type Producer struct {
	Name      string
	Topic     string // a topic or a topic template, whose topics take the records in turn
	Partition Partition
	Clients   int  // separate Kafka clients, at least 1
	Rate      Rate // of the whole fleet at load 1
	Poisson   bool // whether records leave at random times of that rate; else evenly
	Key       Key
	Value     Value
	Headers   []Header
	Settings  ProducerSettings
	Pos       Pos
}

// Partition says how records find their partition. The zero value is Kafka's
// default: by the key's hash, and without a key sticky.
type Partition struct {
	Fixed      bool  // every record goes to Number
	Number     int32 // from 0
	RoundRobin bool  // in turn, whatever the key, as the Java client's RoundRobinPartitioner
}

// Rate is a fleet's rate at load 1: Max, or one of Records and Bytes, which is
// the highest rate of the Curve.
type Rate struct {
	Records float64 // per second
	Bytes   float64 // of keys and values, per second
	Max     bool    // as fast as the clients accept; there is no schedule then
	// Curve is how the rate changes, in the unit of Records or Bytes. With the
	// shape Constant, the zero value, the rate is Records or Bytes all the time.
	Curve Curve
}

// Key says how keys are drawn. The zero value means records without a key.
type Key struct {
	Keys     int           // number of keys, hot ones included; 0: no key
	HotKeys  int           // this many keys are hot, from key 0 on; 0: none
	HotShare float64       // share of the records that go to the hot keys, 0 to 1
	HotMoves time.Duration // after each such time the next HotKeys keys are the hot ones, key 0 following the last; 0: never
	Zipf     float64       // exponent, above 0; 0: not zipf
	InTurn   bool          // slot i of the fleet's schedule gets key i modulo Keys instead of a drawn one
	Size     int           // bytes that numbered keys are padded to with leading zeros; 0: not padded
	// Weighted are keys with their text and weight, which replace numbered ones;
	// Keys is how many.
	Weighted []WeightedKey
	File     File // where Weighted comes from, if not from the scenario
}

// WeightedKey is a key and its weight: its share of the records is its part of
// the sum of all weights.
type WeightedKey struct {
	Key    string
	Weight float64 // above 0
}

// File is a file that the scenario names. Its hash is part of the resolved
// scenario, so that a run can only be repeated with the same contents.
type File struct {
	Name   string // as in the scenario; "" for none
	SHA256 string // of the contents, 64 hex digits
}

// Value says what values are.
type Value struct {
	Size Size
	// Entropy is the share of the bytes that are random, 0 to 1; the rest is
	// constant. Values of 16 bytes and more begin with a stamp of 16 bytes
	// whatever it says.
	Entropy    float64
	Tombstones float64  // share of the records without a value, 0 to 1
	Samples    [][]byte // messages to send, drawn evenly; Size and Entropy do not apply then
	File       File     // where Samples come from
}

// Size is a distribution of sizes in bytes.
type Size struct {
	Shape SizeShape
	// Min and Max bound every size, which is a whole number of bytes: Normal and
	// Lognormal are rounded to the nearest one, and what falls outside is drawn
	// again. Fixed: both are the size. Buckets and Empirical: the smallest and
	// the largest one.
	Min, Max int
	Mean     float64 // Normal: mean and standard deviation before the bounds
	StdDev   float64
	Median   float64 // Lognormal: median and 99th percentile before the bounds
	P99      float64
	Buckets  []SizeBucket // Buckets and Empirical
	File     File         // Empirical
}

// SizeShape is the law of a size.
type SizeShape string

const (
	FixedSize     SizeShape = "" // so that the zero value is a fixed size of 0
	UniformSize   SizeShape = "uniform"
	NormalSize    SizeShape = "normal"
	LognormalSize SizeShape = "lognormal"
	BucketSizes   SizeShape = "buckets"
	EmpiricalSize SizeShape = "file"
)

// SizeBucket is a size and its share of the records; shares add up to 1.
type SizeBucket struct {
	Size  int
	Share float64
}

// Fixed is the distribution of one size.
func Fixed(bytes int) Size { return Size{Min: bytes, Max: bytes} }

// Header is a record header that all records of a fleet carry.
type Header struct{ Name, Value string }

// ProducerSettings are the settings of a producing client, by default those of
// Kafka's Java client.
type ProducerSettings struct {
	Acks        string // "all", "1" or "0"
	Idempotent  bool   // only with acks all
	Compression string // "none", "gzip", "snappy", "lz4", "zstd"
	// CompressionLevel is the codec's own, from 1, the fastest: gzip and lz4 to 9,
	// zstd to 22; DefaultLevel for its default.
	CompressionLevel int
	Linger           time.Duration
	BatchBytes       int
	InFlight         int    // produce requests in flight for each broker, 1 to 5; 5 when Idempotent
	BufferBytes      int    // of one client, at least BatchBytes
	ClientID         string // of all clients of the fleet; "": one per client, made up
	Transactions     Transactions
	// ConnectRate is how many connections the clients of the fleet try to open per
	// second, before the traffic and after a break; each has one to a bootstrap
	// address and one to each broker. 0: all at once, when traffic starts.
	ConnectRate float64
}

// DefaultLevel is the compression level that stands for the codec's default.
const DefaultLevel = -1000

// Transactions makes a producing client commit its records in groups, one after
// the other, each when it is full. Those that are aborted are drawn from the seed,
// and aborted when their records are in the log.
type Transactions struct {
	Records int     // of one client in one transaction; 0: no transactions
	Aborted float64 // share of the transactions that are aborted, 0 to 1
}

// Idle is a fleet of connections that carry nothing: what dashboards, leaked
// clients and idle services hold open.
type Idle struct {
	Name        string
	Connections int
	ConnectRate float64 // attempts per second, again after a break; 0: all at once
	Pos         Pos
}

// RecordsPerSecond is the fleet's rate at load 1, at the highest point of its
// curve, in records: a rate in bytes is divided by [Producer.MeanBytes]. It is 0
// for a Max rate, which has no schedule.
func (p Producer) RecordsPerSecond() float64 {
	switch {
	case p.Rate.Max:
		return 0
	case p.Rate.Records > 0:
		return p.Rate.Records
	}
	return p.Rate.Bytes / p.MeanBytes()
}

// MeanBytes is the expected size of key and value, key lengths weighted by their
// shares in the long run.
func (p Producer) MeanBytes() float64 { return p.Key.meanLength() + p.Value.MeanBytes() }

// HeaderBytes is the size of names and values of the headers of every record.
func (p Producer) HeaderBytes() (bytes int) {
	for _, h := range p.Headers {
		bytes += len(h.Name) + len(h.Value)
	}
	return bytes
}

// MaxBytes is the size of the largest record's key, value and headers, without
// the framing of Kafka's format.
func (p Producer) MaxBytes() int { return p.Key.maxLength() + p.Value.MaxBytes() + p.HeaderBytes() }
