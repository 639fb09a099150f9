package cluster

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

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
	// Start and End are the log-end offsets before and after the traffic;
	// First is the log-start offset afterwards.
	Start, End, First []int64
}

// mostAtOnce is how many partitions one request creates, reads or deletes: Apache
// Kafka takes 10,000 changes in one request, and a topic of one partition is a
// handful of them.
const mostAtOnce = 1000

// CreateTopics makes the scenario's topics, each under the prefix and templates
// written out, or finds those that exist. What it created is in the list even when
// it fails, so that the caller can remove it. Progress is told how many topics are
// there after each request.
//
// Requests follow each other as fast as the cluster answers; a limit on them
// (cluster.topic_requests, cluster.partition_changes) is not paced for yet.
func (c *Cluster) CreateTopics(ctx context.Context, prefix string, wanted []scenario.Topic, progress func(topics int)) ([]*Topic, error) {
	var topics []*Topic
	for _, w := range wanted {
		for some := range slices.Chunk(w.Instances(), perRequest(int(w.Partitions))) {
			batch := make([]*Topic, len(some))
			for i, instance := range some {
				batch[i] = &Topic{Name: instance.Name, Actual: prefix + instance.Name}
			}
			if w.Existing {
				batch[0].Actual = w.Name
			} else if err := c.create(ctx, w, batch); err != nil {
				return append(topics, created(batch)...), err
			}
			topics = append(topics, batch...)
			if err := c.await(ctx, batch, int(w.Partitions)); err != nil {
				return topics, err
			}
			progress(len(topics))
		}
	}
	return topics, nil
}

// perRequest is how many topics of so many partitions go into one request.
func perRequest(partitions int) int { return max(1, mostAtOnce/max(1, partitions)) }

// create asks for some topics of one declaration.
func (c *Cluster) create(ctx context.Context, as scenario.Topic, batch []*Topic) error {
	configs := map[string]*string{}
	for k, v := range as.Config {
		configs[k] = &v
	}
	answers, err := c.admin.CreateTopics(ctx, as.Partitions, as.ReplicationFactor, configs, actual(batch)...)
	var first error
	for _, t := range batch {
		refusal := err
		if err == nil {
			refusal = answers[t.Actual].Err
		}
		// Without an answer the cluster may have created it all the same.
		t.Created = refusal == nil || err != nil
		if refusal != nil && first == nil {
			first = refused("creating topic "+t.Actual, refusal)
		}
	}
	return first
}

func created(batch []*Topic) []*Topic {
	return slices.DeleteFunc(slices.Clone(batch), func(t *Topic) bool { return !t.Created })
}

// actual are the names of topics on the cluster.
func actual(topics []*Topic) []string {
	names := make([]string, len(topics))
	for i, t := range topics {
		names[i] = t.Actual
	}
	return names
}

// await reads topics' partitions until all have leaders.
func (c *Cluster) await(ctx context.Context, topics []*Topic, partitions int) error {
	ctx, cancel := context.WithTimeout(ctx, leaderTimeout)
	defer cancel()
	for waiting := topics; ; {
		found, err := c.admin.ListTopics(ctx, actual(waiting)...)
		if err != nil {
			return refused("reading topic "+waiting[0].Actual, err)
		}
		var next []*Topic
		for _, t := range waiting {
			d := found[t.Actual]
			if d.Err != nil && !t.Created {
				return refused("reading topic "+t.Actual, d.Err)
			}
			if !t.led(d, partitions) {
				next = append(next, t)
			}
		}
		if waiting = next; len(waiting) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
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

// Gone returns those of the topics that the cluster does not have any more, or has
// another one under their name.
func (c *Cluster) Gone(ctx context.Context, topics []*Topic) (map[*Topic]bool, error) {
	gone := map[*Topic]bool{}
	for some := range slices.Chunk(topics, mostAtOnce) {
		found, err := c.admin.ListTopics(ctx, actual(some)...)
		if err != nil {
			return nil, refused("reading topic "+some[0].Actual, err)
		}
		for _, t := range some {
			d := found[t.Actual]
			if errors.Is(d.Err, kerr.UnknownTopicOrPartition) || d.Err == nil && d.ID != t.ID {
				gone[t] = true
			}
		}
	}
	return gone, nil
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
		listed, err := listAll(ctx, actual(some), list)
		if err != nil {
			return nil, refused("reading offsets of "+some[0].Actual, err)
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

// listAll lists offsets of topics that are there, as soon as every broker knows
// them and leads what it is to lead: one may lag behind another that has told so.
func listAll(ctx context.Context, topics []string, list func(context.Context, ...string) (kadm.ListedOffsets, error)) (kadm.ListedOffsets, error) {
	for deadline := time.Now().Add(retryTimeout); ; {
		listed, err := list(ctx, topics...)
		if err == nil {
			err = listed.Error()
		}
		if !kerr.IsRetriable(err) || time.Now().After(deadline) {
			return listed, err
		}
		select {
		case <-ctx.Done():
			return listed, err
		case <-time.After(retryPause):
		}
	}
}

// Remove deletes what the run created: the topics marked so, and the groups.
// It goes on after an error and returns the first.
func (c *Cluster) Remove(ctx context.Context, topics []*Topic, groups []string) (err error) {
	keep := func(e error) {
		if err == nil && e != nil {
			err = e
		}
	}
	for _, g := range groups {
		if _, e := c.admin.DeleteGroup(ctx, g); e != nil {
			keep(refused("deleting group "+g, e))
		}
	}
	mine := created(topics)
	for len(mine) > 0 {
		n, partitions := 1, len(mine[0].Leaders)
		for ; n < len(mine) && partitions+len(mine[n].Leaders) <= mostAtOnce; n++ {
			partitions += len(mine[n].Leaders)
		}
		some := mine[:n]
		mine = mine[n:]
		answers, e := c.admin.DeleteTopics(ctx, actual(some)...)
		if e != nil {
			keep(refused("deleting topic "+some[0].Actual, e))
		}
		for _, t := range some {
			if e := answers[t.Actual].Err; e != nil && !errors.Is(e, kerr.UnknownTopicOrPartition) {
				keep(refused("deleting topic "+t.Actual, e))
			}
		}
	}
	return err
}
