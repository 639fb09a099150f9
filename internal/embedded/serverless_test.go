package embedded

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/limits"
)

// passing is a cluster that passes for Amazon MSK Serverless, with a topic t.
func passing(values map[limits.Name]float64) Config {
	return Config{As: MSKServerless, IAM: NewIAM(), Topics: map[string]int32{"t": 3}, Limits: declared(values)}
}

// refusals sums the truth's refusals by API, error and reason.
func refusals(c *Cluster) map[string]int64 {
	got := map[string]int64{}
	for _, r := range only(c.Truth().Rows(), "refusal", nil) {
		got[r.API+" "+r.Error+" "+r.Reason] += r.Count
	}
	return got
}

func logins(r Row) int64 { return r.Logins }

// admin is a client for requests about topics: it tries nothing twice.
func admin(t *testing.T, c *Cluster, iam *IAM, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	return client(t, c, append([]kgo.Opt{kgo.SASL(iam.Mechanism())}, opts...)...)
}

// TestServerlessAsConfigured says what is missing.
func TestServerlessAsConfigured(t *testing.T) {
	for says, cfg := range map[string]Config{
		`as "msk": want "msk-serverless"`: {As: "msk"},
		"needs an access key":             {As: MSKServerless},
	} {
		if _, err := Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v; want %s", err, says)
		}
	}
}

// TestServerlessOffers is what was seen of Amazon MSK Serverless in 2022, but for
// OffsetForLeaderEpoch, which begins at 2 there.
func TestServerlessOffers(t *testing.T) {
	cfg := passing(nil)
	c := start(t, cfg)
	found, err := kadm.NewClient(admin(t, c, cfg.IAM)).ApiVersions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	broker := found[0]
	var got []string
	broker.EachKeySorted(func(key, low, high int16) {
		if key < int16(kmsg.EndTxn) {
			got = append(got, fmt.Sprintf("%s %d-%d", kmsg.NameForKey(key), low, high))
		}
	})
	want := strings.Split("Produce 7-9, Fetch 10-12, ListOffsets 5-6, Metadata 7-11, OffsetCommit 6-8, OffsetFetch 5-7, "+
		"FindCoordinator 2-3, JoinGroup 4-7, Heartbeat 2-4, LeaveGroup 2-4, SyncGroup 2-5, DescribeGroups 2-5, ListGroups 2-4, "+
		"SASLHandshake 1-1, ApiVersions 2-3, CreateTopics 3-7, DeleteTopics 3-6, InitProducerID 1-4, OffsetForLeaderEpoch 3-4, "+
		"AddPartitionsToTxn 1-3, AddOffsetsToTxn 1-3", ", ")
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant %s", got, want)
	}
	for _, key := range []kmsg.Key{kmsg.DescribeLogDirs, kmsg.AlterPartitionAssignments, kmsg.ConsumerGroupHeartbeat, kmsg.AlterClientQuotas} {
		if _, _, offered := broker.KeyVersions(int16(key)); offered {
			t.Errorf("%s is offered", kmsg.NameForKey(int16(key)))
		}
	}
}

// TestServerlessIsOld: what is not offered closes the connection.
func TestServerlessIsOld(t *testing.T) {
	cfg := passing(nil)
	c := start(t, cfg)
	for name, req := range map[string]kmsg.Request{
		"too new": versioned(kmsg.NewPtrMetadataRequest(), 12), "too old": versioned(kmsg.NewPtrMetadataRequest(), 6),
		"not there": versioned(kmsg.NewPtrDeleteRecordsRequest(), 1),
	} {
		r := dialRaw(t, c.Bootstrap()[0], "old")
		r.login(cfg.IAM)
		r.send(req)
		if _, err := r.frame(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v, want a closed connection", name, err)
		}
	}
	r := dialRaw(t, c.Bootstrap()[0], "new")
	asked := versioned(kmsg.NewPtrApiVersionsRequest(), 4).(*kmsg.ApiVersionsRequest)
	asked.ClientSoftwareName, asked.ClientSoftwareVersion = "a", "1"
	r.send(asked)
	frame, err := r.frame()
	answer := kmsg.NewPtrApiVersionsResponse() // of version 0
	if err == nil {
		err = answer.ReadFrom(frame[4:])
	}
	if err != nil || answer.ErrorCode != kerr.UnsupportedVersion.Code || len(answer.ApiKeys) != 1 || answer.ApiKeys[0].MaxVersion != 3 {
		t.Errorf("%+v, %v; want that version 3 is the highest", answer, err)
	}
	want := map[string]int64{"metadata closed version": 2, "deleterecords closed version": 1}
	if got := refusals(c); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
