package cluster

import (
	"context"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

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

// CreateTopics makes the scenario's topics, each under the prefix, or finds
// those that exist. What it created is in the list even when it fails, so that
// the caller can remove it.
func (c *Cluster) CreateTopics(ctx context.Context, prefix string, wanted []scenario.Topic) ([]*Topic, error) {
	var topics []*Topic
	for _, w := range wanted {
		t := &Topic{Name: w.Name, Actual: prefix + w.Name}
		if w.Existing {
			t.Actual = w.Name
		} else {
			configs := map[string]*string{}
			for k, v := range w.Config {
				configs[k] = &v
			}
			if _, err := c.admin.CreateTopic(ctx, w.Partitions, w.ReplicationFactor, configs, t.Actual); err != nil {
				return topics, refused("creating topic "+t.Actual, err)
			}
			t.Created = true
		}
		topics = append(topics, t)
		if err := c.await(ctx, t, int(w.Partitions)); err != nil {
			return topics, err
		}
	}
	return topics, nil
}

// await reads a topic's partitions until all have leaders.
func (c *Cluster) await(ctx context.Context, t *Topic, partitions int) error {
	ctx, cancel := context.WithTimeout(ctx, leaderTimeout)
	defer cancel()
	for {
		found, err := c.admin.ListTopics(ctx, t.Actual)
		if err != nil {
			return refused("reading topic "+t.Actual, err)
		}
		d := found[t.Actual]
		if d.Err != nil && !t.Created {
			return refused("reading topic "+t.Actual, d.Err)
		}
		t.ID, t.Leaders = d.ID, nil
		for _, p := range d.Partitions.Sorted() {
			t.Leaders = append(t.Leaders, p.Leader)
		}
		if len(t.Leaders) > 0 && (!t.Created || len(t.Leaders) == partitions) && !slices.Contains(t.Leaders, -1) {
			return nil
		}
		select {
		case <-ctx.Done():
			return Errorf("topic %s has no leader for every partition after %s", t.Actual, leaderTimeout)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// LogEnds reads the log-end offset of each partition.
func (c *Cluster) LogEnds(ctx context.Context, t *Topic) ([]int64, error) {
	listed, err := c.admin.ListEndOffsets(ctx, t.Actual)
	return offsets(t, listed, err)
}

// LogStarts reads the log-start offset of each partition.
func (c *Cluster) LogStarts(ctx context.Context, t *Topic) ([]int64, error) {
	listed, err := c.admin.ListStartOffsets(ctx, t.Actual)
	return offsets(t, listed, err)
}

func offsets(t *Topic, listed kadm.ListedOffsets, err error) ([]int64, error) {
	if err == nil {
		err = listed.Error()
	}
	if err != nil {
		return nil, refused("reading offsets of "+t.Actual, err)
	}
	out := make([]int64, len(t.Leaders))
	for p := range out {
		o, ok := listed.Lookup(t.Actual, int32(p))
		if !ok {
			return nil, Errorf("no offset for %s/%d", t.Actual, p)
		}
		out[p] = o.Offset
	}
	return out, nil
}

// StartGroup commits where a group begins: at each topic's log end before the
// traffic.
func (c *Cluster) StartGroup(ctx context.Context, group string, topics []*Topic) error {
	at := kadm.Offsets{}
	for _, t := range topics {
		for p, o := range t.Start {
			at.AddOffset(t.Actual, int32(p), o, -1)
		}
	}
	answer, err := c.admin.CommitOffsets(ctx, group, at)
	if err == nil {
		err = answer.Error()
	}
	if err != nil {
		return refused("committing the start of group "+group, err)
	}
	return nil
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
	for _, t := range topics {
		if t.Created {
			if _, e := c.admin.DeleteTopic(ctx, t.Actual); e != nil {
				keep(refused("deleting topic "+t.Actual, e))
			}
		}
	}
	return err
}
