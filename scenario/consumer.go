package scenario

import "time"

// Consumer is a consumer group.
type Consumer struct {
	Name    string
	Topics  []string // topics or topic templates
	Clients int      // members of the group when traffic starts, at least 1
	From    Position
	// CommittedBy is the group whose committed offsets From Committed means.
	// They are only read.
	CommittedBy string
	Processing  Processing
	Batches     Batches
	Pauses      []Pause        // in order, not overlapping
	Members     []MemberChange // in order of time
	Settings    ConsumerSettings
	Pos         Pos
}

// Position is where a group begins in logs that were there before the run.
type Position string

const (
	FromEnd       Position = "end" // of the log before the traffic: the run's records only
	FromStart     Position = "start"
	FromCommitted Position = "committed"
)

// Processing is how long a member takes before it polls again.
type Processing struct {
	PerRecord time.Duration
	PerBatch  time.Duration // for each poll, or each batch of [Batches]
}

// Of is how long so many records take that come at once.
func (p Processing) Of(records int) time.Duration {
	return time.Duration(records)*p.PerRecord + p.PerBatch
}

// Batches makes members collect records before they process them, as AWS
// Lambda's event source mapping for Kafka does: until there are Records of them,
// or the first one is Window old, or they have Bytes. The zero value processes
// each poll as it comes.
type Batches struct {
	Records int // at least 1
	Window  time.Duration
	Bytes   int // of keys and values
}

// Pause is a time in which no member of the group reads.
type Pause struct {
	At  time.Duration // since the start of traffic
	For time.Duration
}

// MemberChange is a time at which members join or leave the group; one of Join
// and Leave is 0.
type MemberChange struct {
	At          time.Duration // since the start of traffic
	Join, Leave int
}

// ConsumerSettings are the settings of a consuming client, by default those of
// Kafka's Java client.
type ConsumerSettings struct {
	ClientID               string // of all members; "": one per member, made up
	FetchMaxWait           time.Duration
	FetchMinBytes          int
	FetchMaxBytes          int
	FetchMaxPartitionBytes int
	MaxPollRecords         int
	CommitInterval         time.Duration
	ReadCommitted          bool // skip aborted transactions, wait for open ones
}
