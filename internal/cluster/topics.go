package cluster

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/limits"
	"msklt/scenario"
)

// leaderTimeout is how long a new topic may take until every partition has a
// leader.
const leaderTimeout = 30 * time.Second

// Topic is a scenario's topic on the cluster.
type Topic struct {
	Name    string // in the scenario
	Actual  string // on the cluster
	Created bool   // by this run, which therefore deletes it
	ID      [16]byte
	Leaders []int32 // of each partition
	asked   int     // partitions that the cluster was asked for; they may not all have come yet
	// Start and End are the log-end offsets before and after the traffic;
	// First is the log-start offset afterwards.
	Start, End, First []int64
}

// mostAtOnce is of how many topics one request reads the partitions.
const mostAtOnce = 1000

// CreateTopics makes the scenario's topics, each under the prefix and templates
// written out, or finds those that exist. What it created is in the list even when
// it fails, so that the caller can remove it. It keeps to the limits of [Cluster.KeepTo]
// and waits out refusals that hold for now only. More than the cluster may have are not
// begun with. Where they do not all go at once, begun is called when the first is there,
// and no other is made if it fails; nil for nothing.
func (c *Cluster) CreateTopics(ctx context.Context, prefix string, wanted []scenario.Topic, tell func(Progress), begun func(ctx context.Context, first *Topic) error) ([]*Topic, error) {
	q := &changes{tell: tell, begun: begun}
	var topics, existing []*Topic
	declared := map[*Topic]scenario.Topic{}
	for _, w := range wanted {
		if err := c.takes(w); err != nil {
			return nil, err
		}
		for _, instance := range w.Instances() {
			t := &Topic{Name: instance.Name, Actual: prefix + instance.Name}
			topics, declared[t] = append(topics, t), w
			if w.Existing {
				t.Actual = w.Name
				existing = append(existing, t)
				continue
			}
			upTo := 0
			for _, n := range c.pace.Pieces(int(w.Partitions)) {
				upTo += n
				q.todo = append(q.todo, step{t, n, upTo})
			}
		}
	}
	if sum := sumOf(q.todo); c.most > 0 && sum > c.most {
		return nil, Errorf("the scenario creates %d partitions, but %s is %d: use fewer, or declare what this cluster allows (limits.%[2]s)",
			sum, limits.ClusterPartitions, c.most)
	}
	for some := range slices.Chunk(existing, mostAtOnce) {
		if err := c.await(ctx, some, nil); err != nil {
			return nil, err
		}
	}
	q.send = func(ctx context.Context, some []step) (again []step, pause time.Duration, err error) {
		if some[0].grows() {
			again, pause, err = c.grow(ctx, some)
		} else {
			again, pause, err = c.create(ctx, some, declared)
		}
		if err == nil {
			err = c.awaitSteps(ctx, some, again)
		}
		return again, pause, err
	}
	if err := c.carryOut(ctx, q); err != nil {
		return created(topics), err
	}
	return topics, nil
}

// firstDefaultReplicas is the version of CreateTopics from which on a topic may have
// the cluster's own replication factor (KIP-464, Apache Kafka 2.4).
const firstDefaultReplicas = 4

// takes tells of a topic that the cluster's API cannot express.
func (c *Cluster) takes(t scenario.Topic) error {
	if v, known := c.versions[kmsg.CreateTopics]; known && v < firstDefaultReplicas && !t.Existing && t.ReplicationFactor < 1 {
		return Errorf("creating topic %s: the cluster offers CreateTopics up to version %d and a default replication factor takes %d (Apache Kafka 2.4): set topics.%s.replication_factor",
			t.Name, v, firstDefaultReplicas, t.Name)
	}
	return nil
}

// create asks for some topics. Configs are those of the scenario and no others: MSK
// Serverless refuses a topic for one that it does not let be set.
func (c *Cluster) create(ctx context.Context, some []step, declared map[*Topic]scenario.Topic) (again []step, pause time.Duration, err error) {
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis = int32(changeTimeout.Milliseconds())
	for _, s := range some {
		t := kmsg.NewCreateTopicsRequestTopic()
		t.Topic, t.NumPartitions, t.ReplicationFactor = s.topic.Actual, int32(s.upTo), declared[s.topic].ReplicationFactor
		for _, k := range slices.Sorted(maps.Keys(declared[s.topic].Config)) {
			config, value := kmsg.NewCreateTopicsRequestTopicConfig(), declared[s.topic].Config[k]
			config.Name, config.Value = k, &value
			t.Configs = append(t.Configs, config)
		}
		req.Topics = append(req.Topics, t)
	}
	ctx, cancel := c.meeting.Within(context.WithoutCancel(ctx), answerTimeout)
	defer cancel()
	resp, err := req.RequestWith(ctx, c.client)
	if err != nil {
		for _, s := range some {
			s.topic.Created, s.topic.asked = c.meeting.created(), s.upTo // the cluster may have made it all the same
		}
		return nil, 0, c.refused("creating topic "+some[0].topic.Actual, createTopic, err)
	}
	answers := map[string]outcome{}
	for _, t := range resp.Topics {
		answers[t.Topic] = outcome{t.ErrorCode, t.ErrorMessage}
	}
	again, err = c.settle(some, answers, "creating topic ", createTopic)
	return again, time.Duration(resp.ThrottleMillis) * time.Millisecond, err
}

// grow asks for more partitions of topics that one request could not make whole.
func (c *Cluster) grow(ctx context.Context, some []step) (again []step, pause time.Duration, err error) {
	req := kmsg.NewPtrCreatePartitionsRequest()
	req.TimeoutMillis = int32(changeTimeout.Milliseconds())
	for _, s := range some {
		t := kmsg.NewCreatePartitionsRequestTopic()
		t.Topic, t.Count = s.topic.Actual, int32(s.upTo)
		req.Topics = append(req.Topics, t)
	}
	ctx, cancel := c.meeting.Within(context.WithoutCancel(ctx), answerTimeout)
	defer cancel()
	resp, err := req.RequestWith(ctx, c.client)
	if err != nil {
		return nil, 0, c.refused("adding partitions to topic "+some[0].topic.Actual, alterTopic, err)
	}
	answers := map[string]outcome{}
	for _, t := range resp.Topics {
		answers[t.Topic] = outcome{t.ErrorCode, t.ErrorMessage}
	}
	again, err = c.settle(some, answers, "adding partitions to topic ", alterTopic)
	return again, time.Duration(resp.ThrottleMillis) * time.Millisecond, err
}

// settle notes the answers about some steps: which topics there are, which steps to
// ask for again, and the first refusal that stands.
func (c *Cluster) settle(some []step, answers map[string]outcome, doing string, takes needed) (again []step, first error) {
	for _, s := range some {
		o, told := answers[s.topic.Actual]
		err := o.err()
		switch {
		case !told:
			err = errNoAnswer
		case deferred(err):
			again = append(again, s)
			continue
		case errors.Is(err, kerr.RequestTimedOut), errors.Is(err, kerr.TopicAlreadyExists) && mine(s.topic.Actual):
			err = nil // it is being made, or was by a request whose answer was lost
		}
		if err == nil || !told {
			s.topic.Created, s.topic.asked = true, s.upTo
		}
		if err != nil && first == nil {
			first = c.refused(doing+s.topic.Actual, takes, err)
		}
	}
	return again, first
}

// mine tells a name that nobody but this run has: its id was drawn at random.
func mine(name string) bool {
	_, _, ok := RunOf(name, time.Now())
	return ok
}

// awaitSteps waits for the partitions of the steps that were taken.
func (c *Cluster) awaitSteps(ctx context.Context, some, again []step) error {
	var topics []*Topic
	partitions := map[*Topic]int{}
	for _, s := range some {
		if !slices.Contains(again, s) {
			topics = append(topics, s.topic)
			partitions[s.topic] = s.upTo
		}
	}
	if len(topics) == 0 {
		return nil
	}
	return c.await(ctx, topics, partitions)
}

// actual are the names of topics on the cluster.
func actual(topics []*Topic) []string {
	names := make([]string, len(topics))
	for i, t := range topics {
		names[i] = t.Actual
	}
	return names
}

// await reads topics' partitions until all have leaders: as many as there are to be,
// or of topics that existed, as there are.
func (c *Cluster) await(whole context.Context, topics []*Topic, partitions map[*Topic]int) error {
	ctx, cancel := context.WithTimeout(whole, leaderTimeout)
	defer cancel()
	for waiting := topics; ; {
		found, err := c.admin.ListTopics(ctx, actual(waiting)...)
		if err != nil {
			return c.refused("reading topic "+waiting[0].Actual, describeTopic, err)
		}
		var next []*Topic
		for _, t := range waiting {
			d := found[t.Actual]
			if d.Err != nil && !t.Created {
				return c.refused("reading topic "+t.Actual, describeTopic, d.Err)
			}
			if !t.led(d, partitions[t]) {
				next = append(next, t)
			}
		}
		if waiting = next; len(waiting) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			if whole.Err() != nil {
				return whole.Err()
			}
			return Errorf("topic %s has no leader for every partition after %s", waiting[0].Actual, leaderTimeout)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// led takes a topic's partitions over and tells whether all are there with a
// leader.
func (t *Topic) led(d kadm.TopicDetail, partitions int) bool {
	t.ID, t.Leaders = d.ID, nil
	for _, p := range d.Partitions.Sorted() {
		t.Leaders = append(t.Leaders, p.Leader)
	}
	return len(t.Leaders) > 0 && (!t.Created || len(t.Leaders) == partitions) && !slices.Contains(t.Leaders, -1)
}

// goneAfter is for how long a topic must be missing before it is called gone: a broker
// whose metadata is behind says so, too, and 13 answers in a row are not taken for that.
const goneAfter = 3 * time.Second

// Gone returns those of the topics that the cluster does not have any more, or has
// another one under their name. Where there are some it takes three seconds.
func (c *Cluster) Gone(ctx context.Context, topics []*Topic) (map[*Topic]bool, error) {
	missing, err := c.unknown(ctx, topics)
	for began := time.Now(); err == nil && len(missing) > 0 && time.Since(began) < goneAfter; {
		select {
		case <-ctx.Done():
		case <-time.After(250 * time.Millisecond):
		}
		missing, err = c.unknown(ctx, missing)
	}
	gone := map[*Topic]bool{}
	for _, t := range missing {
		gone[t] = true
	}
	return gone, err
}

// unknown are those of the topics that a broker does not know at the moment.
func (c *Cluster) unknown(ctx context.Context, topics []*Topic) (missing []*Topic, err error) {
	for some := range slices.Chunk(topics, mostAtOnce) {
		var found kadm.TopicDetails
		err := patiently(ctx, func(ctx context.Context) (err error) {
			found, err = c.admin.ListTopics(ctx, actual(some)...)
			return err
		})
		if err != nil {
			return nil, c.refused("reading topic "+some[0].Actual, describeTopic, err)
		}
		for _, t := range some {
			d := found[t.Actual]
			if errors.Is(d.Err, kerr.UnknownTopicOrPartition) || d.Err == nil && d.ID != t.ID {
				missing = append(missing, t)
			}
		}
	}
	return missing, nil
}

// LogEnds reads the log-end offset of each partition of each topic.
func (c *Cluster) LogEnds(ctx context.Context, topics []*Topic) ([][]int64, error) {
	return c.offsets(ctx, topics, c.admin.ListEndOffsets)
}

// LogStarts reads the log-start offset of each partition of each topic.
func (c *Cluster) LogStarts(ctx context.Context, topics []*Topic) ([][]int64, error) {
	return c.offsets(ctx, topics, c.admin.ListStartOffsets)
}

func (c *Cluster) offsets(ctx context.Context, topics []*Topic, list func(context.Context, ...string) (kadm.ListedOffsets, error)) ([][]int64, error) {
	var out [][]int64
	for some := range slices.Chunk(topics, mostAtOnce) {
		var listed kadm.ListedOffsets
		err := patiently(ctx, func(ctx context.Context) (err error) {
			if listed, err = list(ctx, actual(some)...); err == nil {
				err = listed.Error()
			}
			return err
		})
		if err != nil {
			return nil, c.refused("reading offsets of "+some[0].Actual, describeTopic, err)
		}
		for _, t := range some {
			at := make([]int64, len(t.Leaders))
			for p := range at {
				o, ok := listed.Lookup(t.Actual, int32(p))
				if !ok {
					return nil, Errorf("no offset for %s/%d", t.Actual, p)
				}
				at[p] = o.Offset
			}
			out = append(out, at)
		}
	}
	return out, nil
}

// patiently asks the cluster something, again for as long as it may get over what
// keeps it from answering: leaders move, connections break.
func patiently(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, retryTimeout)
	defer cancel()
	for {
		err := ask(ctx)
		var told *kerr.Error
		if err == nil || errors.As(err, &told) && !told.Retriable {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(retryPause):
		}
	}
}
