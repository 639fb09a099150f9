package embedded

import (
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"msklt/internal/limits"
	"msklt/internal/wire"
)

// MSKServerless is what a cluster passes for with [Config].As.
const MSKServerless = string(limits.MSKServerless)

// serverless is what makes the cluster pass for Amazon MSK Serverless: its API
// versions, its login, its rules for topics. Its limits are declared, as any cluster's
// may be, and enforced by quotas and caps.
type serverless struct {
	iam     IAM
	offered map[int16]kmsg.ApiVersionsResponseApiKey
}

// newServerless is nil where the cluster passes for Apache Kafka.
func newServerless(cfg Config) (*serverless, error) {
	switch {
	case cfg.As == "":
		return nil, nil
	case cfg.As != MSKServerless:
		return nil, fmt.Errorf("as %q: want %q, or nothing for Apache Kafka", cfg.As, MSKServerless)
	case cfg.IAM == nil || cfg.IAM.AccessKey == "" || cfg.IAM.SecretKey == "" || cfg.IAM.Region == "":
		return nil, fmt.Errorf("as %s: needs an access key, a secret key and a region", cfg.As)
	}
	return &serverless{iam: *cfg.IAM, offered: offered()}, nil
}

// offered are the APIs with their versions. What was seen of Amazon MSK Serverless
// (tchiotludo/akhq pull request 1113, 2022: the APIs up to AddOffsetsToTxn) goes from
// the highest version of Apache Kafka 2.2 to that of 2.8; the others are taken to
// do so, too.
func offered() map[int16]kmsg.ApiVersionsResponseApiKey {
	oldest, newest := kversion.V2_2_0(), kversion.V2_8_0()
	out := make(map[int16]kmsg.ApiVersionsResponseApiKey)
	for _, key := range []kmsg.Key{
		kmsg.Produce, kmsg.Fetch, kmsg.ListOffsets, kmsg.Metadata, kmsg.OffsetCommit, kmsg.OffsetFetch, kmsg.FindCoordinator,
		kmsg.JoinGroup, kmsg.Heartbeat, kmsg.LeaveGroup, kmsg.SyncGroup, kmsg.DescribeGroups, kmsg.ListGroups,
		kmsg.SASLHandshake, kmsg.ApiVersions, kmsg.CreateTopics, kmsg.DeleteTopics, kmsg.InitProducerID,
		kmsg.OffsetForLeaderEpoch, kmsg.AddPartitionsToTxn, kmsg.AddOffsetsToTxn, kmsg.EndTxn, kmsg.TxnOffsetCommit,
		kmsg.DescribeConfigs, kmsg.AlterConfigs, kmsg.SASLAuthenticate, kmsg.CreatePartitions, kmsg.DeleteGroups,
		kmsg.IncrementalAlterConfigs, kmsg.ListPartitionReassignments, kmsg.OffsetDelete, kmsg.DescribeCluster,
	} {
		k := kmsg.NewApiVersionsResponseApiKey()
		k.ApiKey = int16(key)
		k.MinVersion, _ = oldest.LookupMaxKeyVersion(k.ApiKey) // 0 where it is younger
		k.MaxVersion, _ = newest.LookupMaxKeyVersion(k.ApiKey)
		if key == kmsg.OffsetForLeaderEpoch {
			k.MinVersion = 3 // kfake lacks version 2
		}
		out[k.ApiKey] = k
	}
	return out
}

// offers reports whether a request may be made. Every broker takes ApiVersions of any
// version: clients do not know better yet.
func (s *serverless) offers(key, version int16) bool {
	k, ok := s.offered[key]
	return ok && version >= k.MinVersion && version <= k.MaxVersion || key == wire.ApiVersions
}

// apiVersions tells a client what is offered; one that asks in a version that is too
// high learns only that.
func (s *serverless) apiVersions(version int16) kmsg.Response {
	resp := kmsg.NewPtrApiVersionsResponse()
	own := s.offered[wire.ApiVersions]
	if version > own.MaxVersion {
		resp.ErrorCode = kerr.UnsupportedVersion.Code
		resp.ApiKeys = append(resp.ApiKeys, own)
		return resp
	}
	resp.Version = version
	for key := range int16(kmsg.MaxKey) {
		if k, ok := s.offered[key]; ok {
			resp.ApiKeys = append(resp.ApiKeys, k)
		}
	}
	return resp
}

var (
	errNotOffered = errors.New("not offered")
	errNoLogin    = errors.New("no login")
)

// guard is what Amazon MSK Serverless does to a request of any kind before a broker
// sees it. An error closes the connection, as Apache Kafka does with a request that it
// does not know or that comes before a login. What is answered here is in
// c.request.own.
func (c *conn) guard(body []byte) error {
	s, r := c.listener.cluster.serverless, &c.request
	if !s.offers(r.key, r.version) {
		c.refuse(refusal{reason: "version"})
		return fmt.Errorf("%s v%d: %w", kmsg.NameForKey(r.key), r.version, errNotOffered)
	}
	if !c.session.admits(r.key, time.Now()) {
		c.refuse(refusal{reason: "login"})
		return fmt.Errorf("%s: %w", kmsg.NameForKey(r.key), errNoLogin)
	}
	switch kmsg.Key(r.key) {
	case kmsg.ApiVersions:
		r.own = s.apiVersions(r.version)
		return nil
	case kmsg.SASLHandshake, kmsg.SASLAuthenticate:
		return c.enter(body)
	}
	return nil
}
