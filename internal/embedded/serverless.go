package embedded

import (
	"errors"
	"fmt"
	"math"
	"net"
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
// versions, its login, its rules for topics and groups. Limits that it has in common
// with others are the quotas'.
type serverless struct {
	cluster *Cluster
	iam     IAM
	offered map[int16]kmsg.ApiVersionsResponseApiKey
	changes changes
	groups  groups

	mostMessage int64 // bytes of a batch; 0: any
	mostFetched int32 // bytes that a fetch asks for; 0: any
}

// newServerless is nil where the cluster passes for Apache Kafka.
func newServerless(c *Cluster, cfg Config) (*serverless, error) {
	switch {
	case cfg.As == "":
		return nil, nil
	case cfg.As != MSKServerless:
		return nil, fmt.Errorf("as %q: want %q, or nothing for Apache Kafka", cfg.As, MSKServerless)
	case cfg.IAM == nil || cfg.IAM.AccessKey == "" || cfg.IAM.SecretKey == "" || cfg.IAM.Region == "":
		return nil, fmt.Errorf("as %s: needs an access key, a secret key and a region", cfg.As)
	}
	return &serverless{
		cluster: c, iam: *cfg.IAM, offered: offered(),
		changes: newChanges(cfg.Limits.Of(limits.ClusterPartitionChanges)),
		groups:  groups{most: int(cfg.Limits.Of(limits.ClusterGroups)), seen: make(map[string]struct{})},

		mostMessage: int64(cfg.Limits.Of(limits.ClusterMessage)),
		mostFetched: int32(min(cfg.Limits.Of(limits.ClusterFetch), math.MaxInt32)),
	}, nil
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

// refusal is what is not done of a request, and why.
type refusal struct {
	name   string // of the topic or resource
	id     [16]byte
	kind   kmsg.ConfigResourceType
	code   *kerr.Error // nil: the connection is closed
	says   string      // to the client
	reason string      // to the truth: a limit, or a word
}

// refuse notes what is not done, and counts it in the truth.
func (c *conn) refuse(r refusal) {
	c.request.refused = append(c.request.refused, r)
	key := refusalKey{api: apiName(c.request.key), code: "closed", reason: r.reason, client: c.request.client, broker: c.listener.node}
	if r.code != nil {
		key.code = r.code.Message
	}
	c.listener.cluster.quotas.refused(key)
}

// guard is what Amazon MSK Serverless does to a request before a broker sees it. An
// error closes the connection, as Apache Kafka does with a request that it does not
// know or that comes before a login. What is answered here is in c.request.own.
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
	case kmsg.Produce, kmsg.Fetch:
		return nil // what is too large is found where they are read
	}
	return c.consider(body)
}

// consider reads a request that is neither produce nor fetch.
func (c *conn) consider(body []byte) error {
	r := &c.request
	req := kmsg.RequestForKey(r.key)
	req.SetVersion(r.version)
	if err := req.ReadFrom(body); err != nil {
		return fmt.Errorf("read %s: %w", kmsg.NameForKey(r.key), err)
	}
	switch req := req.(type) {
	case *kmsg.SASLHandshakeRequest:
		r.own = c.handshake(req)
		return nil
	case *kmsg.SASLAuthenticateRequest:
		r.own = c.authenticate(req)
		return nil
	case *kmsg.JoinGroupRequest:
		r.own = c.join(req)
		return nil
	}
	if !c.judge(req) {
		return nil
	}
	// What is left of the request is shorter, and kfake does not mind what follows.
	left := req.AppendTo(nil)
	if len(left) > len(body) {
		return fmt.Errorf("rewrite %s: %w", kmsg.NameForKey(r.key), errFrameSize)
	}
	copy(body, left)
	return nil
}

// answerOwn writes the answer that the guard has made, in place of kfake's.
func (c *conn) answerOwn(b []byte) answer {
	r := &c.request
	v, muted := c.listener.cluster.quotas.other(r, c.listener.node)
	if throttled, ok := r.own.(kmsg.SetThrottleResponse); ok && v.throttle > 0 {
		throttled.SetThrottle(v.millis())
	}
	c.out = append(c.out[:0], b[:8]...) // length and correlation id
	if r.own.IsFlexible() && r.key != wire.ApiVersions {
		c.out = append(c.out, 0) // no tags
	}
	c.out = r.own.AppendTo(c.out)
	setLength(c.out)
	return answer{mutedUntil: muted, instead: net.Buffers{c.out}, last: r.last}
}
