package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"msklt/internal/cluster"
	"msklt/internal/limits"
	"msklt/scenario"
)

// strict is a cluster that allows 250 partitions to change in any 5 minutes, and says
// THROTTLING_QUOTA_EXCEEDED, with the time to wait, to a whole request beyond.
type strict struct {
	kafka    *kfake.Cluster
	made     map[time.Time]int
	sizes    map[string]int
	requests []time.Time
	refused  int
	created  []string // each topic as it was asked for
	never    bool     // nothing is allowed any more
}

// admit is 0, or how long so many changes have to wait.
func (s *strict) admit(partitions int) (wait time.Duration) {
	const allowed, window = 250, 5 * time.Minute
	now := time.Now()
	s.requests = append(s.requests, now)
	if s.never {
		s.refused++
		return time.Minute
	}
	sum := 0
	for at, n := range s.made {
		if now.Sub(at) < window {
			sum += n
			wait = max(wait, at.Add(window).Sub(now))
		}
	}
	if sum == 0 || sum+partitions <= allowed {
		s.made[now] += partitions
		return 0
	}
	s.refused++
	return wait
}

func (s *strict) create(kreq kmsg.Request) (kmsg.Response, error, bool) {
	req := kreq.(*kmsg.CreateTopicsRequest)
	sum := 0
	for _, t := range req.Topics {
		sum += int(t.NumPartitions)
	}
	wait := s.admit(sum)
	if wait == 0 {
		for _, t := range req.Topics {
			s.sizes[t.Topic] = int(t.NumPartitions)
			asked := fmt.Sprint(t.Topic, " ", t.NumPartitions, " x ", t.ReplicationFactor)
			for _, config := range t.Configs {
				asked += " " + config.Name + "=" + *config.Value
			}
			s.created = append(s.created, asked)
		}
		return nil, nil, false
	}
	resp := req.ResponseKind().(*kmsg.CreateTopicsResponse)
	resp.ThrottleMillis = int32(wait.Milliseconds())
	for _, t := range req.Topics {
		a := kmsg.NewCreateTopicsResponseTopic()
		a.Topic, a.ErrorCode = t.Topic, kerr.ThrottlingQuotaExceeded.Code
		resp.Topics = append(resp.Topics, a)
	}
	return resp, nil, true
}

func (s *strict) grow(kreq kmsg.Request) (kmsg.Response, error, bool) {
	req := kreq.(*kmsg.CreatePartitionsRequest)
	for _, t := range req.Topics {
		if wait := s.admit(int(t.Count) - s.sizes[t.Topic]); wait > 0 {
			panic("growth refused") // the pace alone must see to it
		}
		s.sizes[t.Topic] = int(t.Count)
	}
	return nil, nil, false
}

func (s *strict) remove(kreq kmsg.Request) (kmsg.Response, error, bool) {
	req := kreq.(*kmsg.DeleteTopicsRequest)
	sum := 0
	for _, t := range req.Topics {
		sum += s.sizes[*t.Topic]
	}
	wait := s.admit(sum)
	if wait == 0 {
		return nil, nil, false
	}
	resp := req.ResponseKind().(*kmsg.DeleteTopicsResponse)
	resp.ThrottleMillis = int32(wait.Milliseconds())
	for _, t := range req.Topics {
		a := kmsg.NewDeleteTopicsResponseTopic()
		a.Topic, a.ErrorCode = t.Topic, kerr.ThrottlingQuotaExceeded.Code
		resp.Topics = append(resp.Topics, a)
	}
	return resp, nil, true
}

// onStrict runs a test in virtual time, with a connection to a strict cluster.
func onStrict(t *testing.T, l limits.Limits, test func(*testing.T, *strict, *cluster.Cluster)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := new(kfake.VirtualNetwork)
		kafka, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.ListenFn(network.Listen))
		if err != nil {
			t.Fatal(err)
		}
		defer kafka.Close()
		s := &strict{kafka: kafka, made: map[time.Time]int{}, sizes: map[string]int{}}
		for key, f := range map[kmsg.Key]func(kmsg.Request) (kmsg.Response, error, bool){
			kmsg.CreateTopics: s.create, kmsg.CreatePartitions: s.grow, kmsg.DeleteTopics: s.remove,
		} {
			kafka.ControlKey(int16(key), func(r kmsg.Request) (kmsg.Response, error, bool) { kafka.KeepControl(); return f(r) })
		}
		c, err := cluster.Open(t.Context(), kafka.ListenAddrs(), kgo.Dialer(network.DialContext))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.KeepTo(l)
		test(t, s, c)
	})
}

func allowance() limits.Limits {
	return limits.Limits{Values: map[limits.Name]float64{limits.ClusterPartitionChanges: 250.0 / 300, limits.ClusterTopicRequests: 2}}
}

func many(topics, partitions int) []scenario.Topic {
	return []scenario.Topic{{Name: "t", Partitions: int32(partitions), ReplicationFactor: -1, Count: topics}}
}

// runName is a prefix that only a run has.
const runName = "msklt-1l0aaaabcdef-"

// TestVirtualChanges creates and removes 480 partitions where 250 may change in five
// minutes: it takes as long as a plan says, nothing is refused, and each second tells
// how far it is.
func TestVirtualChanges(t *testing.T) {
	t.Parallel()
	onStrict(t, allowance(), func(t *testing.T, s *strict, c *cluster.Cluster) {
		plan := limits.NewChangePace(allowance())
		sizes := slices.Repeat([]int{5}, 96)
		var told []cluster.Progress
		tell := func(p cluster.Progress) { told = append(told, p) }
		begin := time.Now()
		topics, err := c.CreateTopics(t.Context(), runName, many(96, 5), tell, nil)
		if err != nil || len(topics) != 96 {
			t.Fatalf("%d topics, %v", len(topics), err)
		}
		if took, want := time.Since(begin), plan.Left(0, sizes); want != 301*time.Second || took < want || took > want+time.Second {
			t.Errorf("creation took %v, planned %v", took, want)
		}
		if first := told[0]; first.Of != 480 || first.Done != 0 || first.Left != 301*time.Second {
			t.Errorf("first told %+v", first)
		}
		half := slices.IndexFunc(told, func(p cluster.Progress) bool { return p.Done == 250 && p.Left <= 100*time.Second })
		if last := told[len(told)-1]; half < 0 || last != (cluster.Progress{Done: 480, Of: 480}) {
			t.Errorf("never told of 250 partitions with 100 s left; last %+v", last)
		}
		time.Sleep(30 * time.Second)
		gone := c.Remove(t.Context(), topics, nil, ignore)
		// 250 of them may go 301 s after the first 250 came, which is 20 more than now
		// may, and the others 301 s after the others came.
		if err := gone.Err(); err != nil || len(gone.Topics) != 96 {
			t.Errorf("%d removed, %v", len(gone.Topics), err)
		}
		if s.refused > 0 {
			t.Errorf("%d requests of %d were refused", s.refused, len(s.requests))
		}
		for i, at := range s.requests[1:] {
			if gap := at.Sub(s.requests[i]); gap < 500*time.Millisecond {
				t.Errorf("request %d came %v after the one before", i+1, gap)
			}
		}
	})
}

// TestVirtualAskFirst: what is asked once the first topic is there is asked before any
// other is made, and only where not all are made at once.
func TestVirtualAskFirst(t *testing.T) {
	t.Parallel()
	onStrict(t, allowance(), func(t *testing.T, s *strict, c *cluster.Cluster) {
		lacking := errors.New("the client lacks a permission")
		var asked []string
		begun := func(_ context.Context, first *cluster.Topic) error {
			asked = append(asked, first.Name)
			return lacking
		}
		topics, err := c.CreateTopics(t.Context(), runName, many(96, 5), ignore, begun)
		if !errors.Is(err, lacking) || len(topics) != 1 || len(s.requests) != 1 || len(asked) != 1 || asked[0] != topics[0].Name {
			t.Fatalf("%d topics by %d requests, asked for %q: %v", len(topics), len(s.requests), asked, err)
		}
		time.Sleep(10 * time.Minute)
		if topics, err = c.CreateTopics(t.Context(), "msklt-1l0aaaabcdeg-", many(20, 5), ignore, begun); err != nil || len(topics) != 20 || len(asked) != 1 {
			t.Errorf("%d topics at once, asked for %q: %v", len(topics), asked, err)
		}
	})
	onStrict(t, allowance(), func(t *testing.T, _ *strict, c *cluster.Cluster) {
		asked, begin := 0, time.Now()
		begun := func(context.Context, *cluster.Topic) error { asked++; return nil }
		topics, err := c.CreateTopics(t.Context(), runName, many(96, 5), ignore, begun)
		if took := time.Since(begin); err != nil || len(topics) != 96 || asked != 1 || took < 301*time.Second || took > 303*time.Second {
			t.Errorf("%d topics after %v, asked %d times: %v", len(topics), took, asked, err)
		}
	})
}

// TestVirtualRefusedChanges: others have used the allowance up, and nothing is
// declared: what the cluster asks for is waited.
func TestVirtualRefusedChanges(t *testing.T) {
	t.Parallel()
	onStrict(t, limits.Limits{}, func(t *testing.T, s *strict, c *cluster.Cluster) {
		s.made[time.Now()] = 240
		begin, refused := time.Now(), false
		topics, err := c.CreateTopics(t.Context(), runName, many(20, 1), func(p cluster.Progress) { refused = refused || p.Refused }, nil)
		if took := time.Since(begin); err != nil || took < 299*time.Second || took > 302*time.Second || !refused || s.refused != 1 {
			t.Errorf("%d topics after %v, %d refusals, told %v, %v", len(topics), took, s.refused, refused, err)
		}
		// An interrupt ends the wait for the removal; what is left is told.
		s.made[time.Now()] = 250
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		begin = time.Now()
		gone := c.Remove(ctx, topics, nil, ignore)
		if took := time.Since(begin); took != 10*time.Second || len(gone.Left) != 20 || len(gone.Topics) != 0 {
			t.Errorf("after %v: %+v", took, gone)
		}
		if err := gone.Err(); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "20 topic(s) and 0 group(s)") {
			t.Error(err)
		}
	})
}

// TestVirtualRefusedForEver: a cluster that never allows a change is given up.
func TestVirtualRefusedForEver(t *testing.T) {
	t.Parallel()
	onStrict(t, limits.Limits{}, func(t *testing.T, s *strict, c *cluster.Cluster) {
		s.never = true
		begin := time.Now()
		topics, err := c.CreateTopics(t.Context(), runName, many(2, 1), ignore, nil)
		if took := time.Since(begin); !errors.Is(err, cluster.ErrEnvironment) || !errors.Is(err, kerr.ThrottlingQuotaExceeded) || len(topics) != 0 || took < 10*time.Minute || took > 12*time.Minute {
			t.Errorf("%v topics after %v: %v", topics, took, err)
		}
	})
}

// TestVirtualLargeTopic: a topic with more partitions than may be created at once
// grows.
func TestVirtualLargeTopic(t *testing.T) {
	t.Parallel()
	onStrict(t, allowance(), func(t *testing.T, s *strict, c *cluster.Cluster) {
		begin := time.Now()
		wanted := []scenario.Topic{{Name: "large", Partitions: 600, ReplicationFactor: -1, Config: map[string]string{"retention.ms": "60000"}}}
		topics, err := c.CreateTopics(t.Context(), runName, wanted, ignore, nil)
		if err != nil || len(topics) != 1 || len(topics[0].Leaders) != 600 {
			t.Fatalf("%+v, %v", topics, err)
		}
		if took := time.Since(begin); took < 602*time.Second || took > 604*time.Second {
			t.Errorf("it took %v", took)
		}
		if want := []string{runName + "large 250 x -1 retention.ms=60000"}; !slices.Equal(s.created, want) {
			t.Errorf("asked for %q, want %q", s.created, want)
		}
		if gone := c.Remove(t.Context(), topics, nil, ignore); gone.Err() != nil {
			t.Error(gone.Err())
		}
	})
}

// TestOldAPI: before version 4 of CreateTopics there is no default number of replicas.
func TestOldAPI(t *testing.T) {
	versions := kversion.V2_3_0()
	kafka, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.MaxVersions(versions))
	if err != nil {
		t.Fatal(err)
	}
	defer kafka.Close()
	c, err := cluster.Open(t.Context(), kafka.ListenAddrs())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.CreateTopics(t.Context(), runName, many(1, 1), ignore, nil)
	if want := "set topics.t.replication_factor"; !errors.Is(err, cluster.ErrEnvironment) || !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("%v, want %q", err, want)
	}
	one := many(1, 1)
	one[0].ReplicationFactor = 1
	topics, err := c.CreateTopics(t.Context(), runName, one, ignore, nil)
	if err != nil {
		t.Fatal(err)
	}
	if gone := c.Remove(t.Context(), topics, nil, ignore); gone.Err() != nil || len(gone.Topics) != 1 {
		t.Errorf("%+v", gone)
	}
}

// TestRunNames: only what has a run's whole prefix is a run's.
func TestRunNames(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	prefix := cluster.NewPrefix(now)
	if other := cluster.NewPrefix(now.Add(time.Second)); other <= prefix {
		t.Errorf("%s does not sort after %s", other, prefix)
	}
	got, begun, ok := cluster.RunOf(prefix+"orders-7", now)
	if got != prefix || !begun.Equal(now) || !ok {
		t.Errorf("%s: %s, %s, %v", prefix, got, begun, ok)
	}
	for _, name := range []string{
		prefix, prefix[:len(prefix)-1], "msklt-", "msklt-payments-orders", "msklt-paymentsdata-x", "msklt-settlements2-x",
		"x" + prefix + "t", strings.ToUpper(prefix) + "t", cluster.NewPrefix(now.AddDate(-2, 0, 0)) + "t", cluster.NewPrefix(now.AddDate(0, 0, 2)) + "t",
		strings.Replace(prefix, "-", "_", 2) + "t", "msklt-000000000000-t", prefix[:len(prefix)-2] + "w-t",
	} {
		if _, _, ok := cluster.RunOf(name, now); ok {
			t.Errorf("%s is taken for a run's", name)
		}
	}
}
