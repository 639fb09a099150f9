package generator_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/generator"
	"msklt/internal/embedded"

	"msklt/internal/faulttable"
	"msklt/internal/kafkatest/need"
	"msklt/report"
	"msklt/scenario"
)

const (
	methodPage   = "../docs/method.md"
	faultsPrefix = "msklt-faultsaa-"
	faultBrokers = 3
)

// amidFaults are a fleet and a group; 15 s of 300 records a second. In virtual time
// the group commits only when it gives partitions up: while it joins anew, franz-go
// holds a lock that a commit of each interval waits for, and virtual time stands
// still while somebody waits for a lock.
const amidFaults = `
version: 1
name: faults
topics:
  t: {partitions: 4}
producers:
  p: {topic: t, clients: 2, rate: 300/s, key: {keys: 50}, value: {size: 100B}, settings: {%s}}
consumers:
  g: {topics: [t], clients: 2, settings: {isolation: %s}}
phases:
  - {name: steady, duration: 15s}
`

const amidFaultsRecords = 15 * 300

// inLog is what a plain client finds in a topic after a run.
type inLog struct {
	records  int64
	markers  int64 // of transactions
	distinct int64 // of different intended times, which no two records of a fleet share
}

// underFaults runs a scenario in virtual time while what inject sets up goes wrong,
// and reads its logs afterwards. It fails when the run does not end in 5 minutes:
// drain, abort, offsets, readers and removal wait half a minute each at most, and
// the clients' last requests as long again.
func underFaults(t *testing.T, s *scenario.Scenario, inject func(*embedded.Cluster), check func(*testing.T, *report.Result, inLog)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := new(kfake.VirtualNetwork)
		c, err := embedded.Start(t.Context(), embedded.Config{Brokers: faultBrokers, Listen: "127.0.0.1:9092", OnNetwork: network.Listen})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		inject(c)
		begin := time.Now()
		out, err := generator.Run(t.Context(), generator.Config{
			Scenario: s, Dial: network.DialContext, Prefix: faultsPrefix, Keep: true, Target: report.Target{Bootstrap: c.Bootstrap()},
		})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took > 5*time.Minute {
			t.Errorf("the run took %s", took)
		}
		check(t, out.Result, readLog(t, c, network))
	})
}

// readLog reads all of the run's topic; without a network, over real sockets.
func readLog(t *testing.T, c *embedded.Cluster, network *kfake.VirtualNetwork) (in inLog) {
	t.Helper()
	const topic = faultsPrefix + "t"
	opts := []kgo.Opt{kgo.SeedBrokers(c.Bootstrap()...), kgo.KeepControlRecords(),
		kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())}
	if network != nil {
		opts = append(opts, kgo.Dialer(network.DialContext))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	for ; err != nil || ends.Error() != nil; ends, err = kadm.NewClient(client).ListEndOffsets(ctx, topic) {
		if ctx.Err() != nil {
			t.Fatal(err, ends.Error())
		}
		time.Sleep(100 * time.Millisecond) // some faults outlast the run
	}
	left := int64(0)
	ends.Each(func(o kadm.ListedOffset) { left += o.Offset })
	seen := map[uint64]bool{}
	for left > 0 && ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			left--
			if r.Attrs.IsControl() {
				in.markers++
				return
			}
			in.records++
			seen[binary.BigEndian.Uint64(r.Value[8:])] = true
		})
	}
	if left > 0 {
		t.Errorf("%d records of the log could not be read", left)
	}
	in.distinct = int64(len(seen))
	return in
}

// checkFates holds that every scheduled record has one fate, that what was
// acknowledged is in the log, that what is there twice is explained, and that each
// group accounts for the whole log, partition by partition.
func checkFates(t *testing.T, r *report.Result, in inLog, idempotent bool) {
	t.Helper()
	n := r.Totals
	if n.Scheduled != amidFaultsRecords || n.Scheduled != n.Sent+n.Unsent || n.Sent != n.Acked+n.Failed {
		t.Errorf("%d records are scheduled, have %+v", amidFaultsRecords, n)
	}
	if !n.LogEndKnown || in.records+in.markers != n.LogEndDelta || in.markers < n.Markers {
		t.Errorf("the log holds %d records and %d markers; its ends moved by %d, markers are %d at least", in.records, in.markers, n.LogEndDelta, n.Markers)
	}
	if in.distinct < n.Acked || in.distinct > n.Acked+n.Failed {
		t.Errorf("the log holds %d different records, %d were acknowledged and %d failed", in.distinct, n.Acked, n.Failed)
	}
	if twice := in.records - in.distinct; idempotent && twice != 0 {
		t.Errorf("%d records are there twice, though the producer is idempotent", twice)
	}
	for _, p := range r.Partitions {
		if p.AckedRecords+p.Markers > p.LogEndDelta {
			t.Errorf("partition %d: %d acked and %d markers, but the log grew by %d", p.Partition, p.AckedRecords, p.Markers, p.LogEndDelta)
		}
	}
	for _, g := range r.Groups {
		for _, p := range g.Partitions {
			if p.Consumed+p.Expired+p.Skipped+p.Unread != p.LogEndDelta || p.LogEndDelta != r.Partitions[p.Partition].LogEndDelta {
				t.Errorf("group %s, partition %d: %+v", g.Name, p.Partition, p)
			}
		}
	}
	for _, reason := range r.Validity.Reasons {
		switch reason.Check {
		case "acked_in_log", "consumed", "log_end_known", "log_explained":
			t.Errorf("%s: %s", reason.Check, reason.Message)
		}
	}
}

// fault is one thing that goes wrong.
type fault struct {
	name string
	do   func(c *embedded.Cluster)
}

// drawFault draws a fault that a client is to get over, or that costs it records but
// not their count. Outages are left out of transactions: while their coordinator is
// down franz-go dials it again and again in no time, so that virtual time stands
// still; TestRealTimeCoordinatorDown has them.
func drawFault(rng *rand.Rand, outages bool) fault {
	broker, n := int32(rng.IntN(faultBrokers)), 1+rng.IntN(5)
	span := time.Duration(200+rng.IntN(3000)) * time.Millisecond
	fails := []struct {
		api    kmsg.Key
		errors []*kerr.Error
	}{
		{kmsg.Produce, []*kerr.Error{kerr.NotLeaderForPartition, kerr.RequestTimedOut, kerr.NotEnoughReplicas, kerr.KafkaStorageError}},
		{kmsg.Produce, []*kerr.Error{kerr.TopicAuthorizationFailed, kerr.MessageTooLarge, kerr.InvalidRecord}},
		{kmsg.Fetch, []*kerr.Error{kerr.NotLeaderForPartition, kerr.KafkaStorageError, kerr.TopicAuthorizationFailed}},
		{kmsg.Metadata, []*kerr.Error{kerr.LeaderNotAvailable, kerr.UnknownTopicOrPartition}},
		{kmsg.Heartbeat, []*kerr.Error{kerr.RebalanceInProgress, kerr.UnknownMemberID, kerr.NotCoordinator}},
		{kmsg.OffsetCommit, []*kerr.Error{kerr.NotCoordinator, kerr.RebalanceInProgress}},
		{kmsg.EndTxn, []*kerr.Error{kerr.ConcurrentTransactions, kerr.CoordinatorNotAvailable}},
	}
	lost := []kmsg.Key{kmsg.Produce, kmsg.Produce, kmsg.Fetch, kmsg.Metadata, kmsg.OffsetCommit, kmsg.Heartbeat, kmsg.EndTxn, kmsg.InitProducerID, kmsg.AddPartitionsToTxn}
	switch rng.IntN(8) {
	case 0, 1:
		f := fails[rng.IntN(len(fails))]
		e := f.errors[rng.IntN(len(f.errors))]
		return fault{fmt.Sprintf("%d × %s: %s", n, f.api.Name(), e.Message), func(c *embedded.Cluster) { c.Fail(int16(f.api), e.Code, n) }}
	case 2, 3:
		api := lost[rng.IntN(len(lost))]
		return fault{fmt.Sprintf("%d answers to %s lost", n, api.Name()), func(c *embedded.Cluster) { c.LoseAnswers(int16(api), n) }}
	case 4:
		if !outages {
			return drawFault(rng, false)
		}
		return fault{fmt.Sprintf("broker %d down for %s", broker, span), func(c *embedded.Cluster) {
			c.Down(broker)
			time.AfterFunc(span, func() { _ = c.Up(broker) }) // the cluster may be closed by then
		}}
	case 5:
		return fault{fmt.Sprintf("metadata wrong for %s", span), func(c *embedded.Cluster) { c.Misdirect(span) }}
	case 6:
		return fault{fmt.Sprintf("no answer for %s", span), func(c *embedded.Cluster) { c.Stall(span) }}
	}
	partition := int32(rng.IntN(4))
	return fault{fmt.Sprintf("broker %d hangs up and leads partition %d", broker, partition), func(c *embedded.Cluster) {
		c.HangUp(broker)
		_ = c.MoveLeader(faultsPrefix+"t", partition, broker) // before the topic is there, there is nothing to move
	}}
}

// TestVirtualFaults runs under faults drawn at random, several at a time, and holds
// that every record's fate is known and every count adds up.
func TestVirtualFaults(t *testing.T) {
	t.Parallel()
	amidRandomFaults(t, 0, 3)
	faulttable.Check(t, "../docs/method.md", faulttable.Row{
		Fault: "errors, lost answers, hang-ups, outages, stalls, moved leaders and wrong metadata, drawn at random", Target: "embedded, 3 brokers",
		Shown: "errors, the response times", Records: "each acknowledged, failed or unsent; acknowledged ones in the log, twice only without idempotence; the log read or accounted for, partition by partition", Exit: "0 or 4",
	})
}

// TestVirtualFaultsRealTime draws more of them, which takes 20 s.
func TestVirtualFaultsRealTime(t *testing.T) {
	t.Parallel()
	need.Require(t, need.RealTime())
	amidRandomFaults(t, 3, 7)
}

// TestVirtualFaultsLong draws many more.
func TestVirtualFaultsLong(t *testing.T) {
	t.Parallel()
	need.Require(t, need.Long())
	amidRandomFaults(t, 7, 60)
}

func amidRandomFaults(t *testing.T, from, to uint64) {
	for name, c := range map[string]struct {
		settings, isolation string
		idempotent, outages bool
	}{
		"idempotent":     {"acks: all", "read_uncommitted", true, true},
		"not idempotent": {"idempotent: false, acks: all", "read_uncommitted", false, true},
		"transactions":   {"transactions: {records: 20, aborted: 20%}", "read_committed", true, false},
	} {
		s := parse(t, fmt.Sprintf(amidFaults, c.settings, c.isolation+", commit_interval: 10m"))
		for seed := from; seed < to; seed++ {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 5))
				var said []string
				inject := func(cluster *embedded.Cluster) {
					for range 2 + rng.IntN(7) {
						f, at := drawFault(rng, c.outages), time.Duration(1500+rng.IntN(14_000))*time.Millisecond
						said = append(said, fmt.Sprintf("%s: %s", at, f.name))
						time.AfterFunc(at, func() { f.do(cluster) })
					}
				}
				underFaults(t, s, inject, func(t *testing.T, r *report.Result, in inLog) {
					checkFates(t, r, in, c.idempotent)
					if t.Failed() {
						t.Logf("%s\n%+v, log %+v\nerrors %+v", strings.Join(said, "\n"), r.Totals, in, r.Errors)
					}
				})
			})
		}
	}
}

// TestVirtualMisdirected has metadata name wrong leaders while all clients ask for it
// first. The answers of those brokers name the right ones, and clients follow: no
// record is lost, nor late.
func TestVirtualMisdirected(t *testing.T) {
	t.Parallel()
	s := parse(t, fmt.Sprintf(amidFaults, "acks: all", "read_uncommitted, commit_interval: 10m"))
	inject := func(c *embedded.Cluster) { c.Misdirect(8 * time.Second) }
	underFaults(t, s, inject, func(t *testing.T, r *report.Result, in inLog) {
		checkFates(t, r, in, true)
		if r.Totals.Acked != amidFaultsRecords || in.records != amidFaultsRecords || r.Groups[0].Duplicates != 0 || !r.Validity.Valid {
			t.Errorf("%+v, %+v", r.Totals, r.Validity.Reasons)
		}
		for _, p := range r.Partitions {
			if right := p.Partition % faultBrokers; p.Leader != (right+1)%faultBrokers {
				t.Errorf("metadata named broker %d as the leader of partition %d, so it was not wrong", p.Leader, p.Partition)
			}
		}
		// A request that failed would be repeated after 100 ms.
		if r.Latency.Response.Max > 100 || len(r.Errors) > 0 {
			t.Errorf("the longest response time is %.0f ms, errors %+v", r.Latency.Response.Max, r.Errors)
		}
	})
	faulttable.Check(t, "../docs/method.md", faulttable.Row{
		Fault: "metadata names wrong leaders", Target: "embedded, 3 brokers",
		Shown: "nowhere: the brokers that are asked name the right ones", Records: "all acknowledged", Exit: "0",
	})
}

// TestRealTimeCoordinatorDown takes the brokers off the network, one after the other,
// that coordinate the transactions of two clients: every record is acknowledged.
func TestRealTimeCoordinatorDown(t *testing.T) {
	need.Require(t, need.RealTime())
	t.Parallel()
	const outage = 2 * time.Second
	c, err := embedded.Start(t.Context(), embedded.Config{Brokers: faultBrokers})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for broker := range int32(faultBrokers) {
		at := time.Duration(2500+3000*broker) * time.Millisecond
		time.AfterFunc(at, func() { c.Down(broker) })
		time.AfterFunc(at+outage, func() {
			if err := c.Up(broker); err != nil {
				t.Error(err)
			}
		})
	}
	s := parse(t, fmt.Sprintf(amidFaults, "transactions: {records: 20, aborted: 20%}", "read_committed"))
	out, err := generator.Run(t.Context(), generator.Config{Scenario: s, Prefix: faultsPrefix, Keep: true, Target: report.Target{Bootstrap: c.Bootstrap()}})
	if err != nil {
		t.Fatal(err)
	}
	checkFates(t, out.Result, readLog(t, c, nil), true)
	if n := out.Result.Totals; n.Acked != amidFaultsRecords {
		t.Errorf("%+v", n)
	}
}
