package preflight_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"msklt/internal/access"
	"msklt/internal/limits"
	"msklt/internal/preflight"
	"msklt/scenario"
)

// answering starts a cluster that answers some requests by itself, and looks at it.
func answering(t *testing.T, answers map[kmsg.Key]func(kmsg.Request) kmsg.Response, opts ...kfake.Opt) *preflight.Report {
	t.Helper()
	c, err := kfake.NewCluster(append(opts, kfake.NumBrokers(1), kfake.SeedTopics(2, "theirs"))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	for key, answer := range answers {
		c.ControlKey(int16(key), func(req kmsg.Request) (kmsg.Response, error, bool) {
			c.KeepControl()
			response := answer(req)
			return response, nil, response != nil
		})
	}
	s, err := scenario.Parse("all.yaml", []byte(all), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	target := &scenario.Target{Name: "fake", Bootstrap: c.ListenAddrs(), Auth: scenario.Auth{Mechanism: scenario.NoAuth}}
	way, err := access.Open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	return preflight.Look(t.Context(), preflight.Config{
		Access: way, Target: target, Scenarios: []*scenario.Scenario{s}, Limits: make([]limits.Limits, 1), Prefix: "msklt-abc-"})
}

// rowOf is the row of a check; the zero row where there is none.
func rowOf(r *preflight.Report, check string) preflight.Row {
	for _, row := range r.Checks {
		if row.Check == check {
			return row
		}
	}
	return preflight.Row{}
}

// refusing answers requests for topics with a refusal while it is told to.
func refusing(throttle int32, while func() bool) func(kmsg.Request) kmsg.Response {
	return func(req kmsg.Request) kmsg.Response {
		if !while() {
			return nil
		}
		create := req.(*kmsg.CreateTopicsRequest)
		answer := create.ResponseKind().(*kmsg.CreateTopicsResponse)
		answer.Version, answer.ThrottleMillis = create.Version, throttle
		for _, asked := range create.Topics {
			one := kmsg.NewCreateTopicsResponseTopic()
			one.Topic, one.ErrorCode = asked.Topic, kerr.ThrottlingQuotaExceeded.Code
			answer.Topics = append(answer.Topics, one)
		}
		return answer
	}
}

// TestBusy: a cluster whose allowance of changes is used up is waited for, and where
// that would take too long, it is no reason that a run could not work.
func TestBusy(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	r := answering(t, map[kmsg.Key]func(kmsg.Request) kmsg.Response{kmsg.CreateTopics: refusing(0, func() bool { return asked.Add(1) == 1 })})
	if row := rowOf(r, "create topic"); row.State != preflight.OK || asked.Load() < 2 || !r.Ready {
		t.Errorf("asked %d times: %+v, %q", asked.Load(), row, failures(r))
	}
	r = answering(t, map[kmsg.Key]func(kmsg.Request) kmsg.Response{kmsg.CreateTopics: refusing(60_000, func() bool { return true })})
	want := "msklt-*: busy: the cluster's allowance of changes is used up for 1m0s; a run waits"
	if row := rowOf(r, "create topic"); row.State != preflight.Warning || row.Found != want || !r.Ready {
		t.Errorf("%+v, %q", row, failures(r))
	}
}

// denyWrite answers requests to write with a refusal.
func denyWrite(req kmsg.Request) kmsg.Response {
	produce := req.(*kmsg.ProduceRequest)
	answer := produce.ResponseKind().(*kmsg.ProduceResponse)
	answer.Version = produce.Version
	for _, asked := range produce.Topics {
		one := kmsg.NewProduceResponseTopic()
		one.Topic, one.TopicID = asked.Topic, asked.TopicID
		for _, p := range asked.Partitions {
			partition := kmsg.NewProduceResponseTopicPartition()
			partition.Partition, partition.ErrorCode = p.Partition, kerr.TopicAuthorizationFailed.Code
			one.Partitions = append(one.Partitions, partition)
		}
		answer.Topics = append(answer.Topics, one)
	}
	return answer
}

// TestRemains: what a topic that cannot be deleted holds is said as it is.
func TestRemains(t *testing.T) {
	t.Parallel()
	deny := func(req kmsg.Request) kmsg.Response {
		remove := req.(*kmsg.DeleteTopicsRequest)
		answer := remove.ResponseKind().(*kmsg.DeleteTopicsResponse)
		answer.Version = remove.Version
		for _, asked := range remove.Topics {
			one := kmsg.NewDeleteTopicsResponseTopic()
			one.Topic, one.TopicID, one.ErrorCode = asked.Topic, asked.TopicID, kerr.TopicAuthorizationFailed.Code
			answer.Topics = append(answer.Topics, one)
		}
		return answer
	}
	for what, answers := range map[string]map[kmsg.Key]func(kmsg.Request) kmsg.Response{
		"remains, with 3 small records": {kmsg.DeleteTopics: deny},
		"remains, empty":                {kmsg.DeleteTopics: deny, kmsg.Produce: denyWrite},
	} {
		if row := rowOf(answering(t, answers), "delete topic"); row.State != preflight.Failed || !strings.HasSuffix(row.Found, what) {
			t.Errorf("want %q in %+v", what, row)
		}
	}
}

// TestNotTold: what a client may do with a topic is fine only where it was tried, or
// the cluster tells.
func TestNotTold(t *testing.T) {
	t.Parallel()
	silent := kversion.Stable()
	silent.SetMaxKeyVersion(int16(kmsg.Metadata), 7) // the versions after it tell
	refused := map[kmsg.Key]func(kmsg.Request) kmsg.Response{kmsg.Produce: denyWrite}
	for name, c := range map[string]struct {
		answers     map[kmsg.Key]func(kmsg.Request) kmsg.Response
		opts        []kfake.Opt
		write, read preflight.State
	}{
		"told":            {nil, nil, preflight.OK, preflight.OK},
		"told, refused":   {refused, nil, preflight.Failed, preflight.OK},
		"silent":          {nil, []kfake.Opt{kfake.MaxVersions(silent)}, preflight.OK, preflight.OK},
		"silent, refused": {refused, []kfake.Opt{kfake.MaxVersions(silent)}, preflight.Failed, preflight.Unknown},
	} {
		r := answering(t, c.answers, c.opts...)
		if w, r := rowOf(r, "write topic"), rowOf(r, "read topic"); w.State != c.write || r.State != c.read {
			t.Errorf("%s: %+v, %+v", name, w, r)
		}
	}
}
